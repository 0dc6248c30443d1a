# Sources of src/catalog.
target_sources(nxc_objects PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/path_index.c
  ${CMAKE_CURRENT_LIST_DIR}/path_index_write.c
)
