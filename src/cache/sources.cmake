# Sources of src/cache.
target_sources(nxc_objects PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/embedding_file.c
  ${CMAKE_CURRENT_LIST_DIR}/embedding_image.c
  ${CMAKE_CURRENT_LIST_DIR}/embedding_rewrite.c
  ${CMAKE_CURRENT_LIST_DIR}/embedding_row.c
)
