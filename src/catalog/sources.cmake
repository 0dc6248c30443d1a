# Sources of src/catalog.
target_sources(nxc_objects PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/catalog_build.c
  ${CMAKE_CURRENT_LIST_DIR}/catalog_derive.c
  ${CMAKE_CURRENT_LIST_DIR}/catalog_image.c
  ${CMAKE_CURRENT_LIST_DIR}/string_pool.c
)
