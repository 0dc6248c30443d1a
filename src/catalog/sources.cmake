# Sources of src/catalog.
target_sources(nxc_objects PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/catalog_build.c
  ${CMAKE_CURRENT_LIST_DIR}/catalog_derive.c
  ${CMAKE_CURRENT_LIST_DIR}/catalog_file.c
  ${CMAKE_CURRENT_LIST_DIR}/catalog_image.c
  ${CMAKE_CURRENT_LIST_DIR}/import.c
  ${CMAKE_CURRENT_LIST_DIR}/import_jsonl.c
  ${CMAKE_CURRENT_LIST_DIR}/import_openapi.c
  ${CMAKE_CURRENT_LIST_DIR}/import_tools.c
  ${CMAKE_CURRENT_LIST_DIR}/openapi_ref.c
  ${CMAKE_CURRENT_LIST_DIR}/openapi_schema.c
  ${CMAKE_CURRENT_LIST_DIR}/string_pool.c
  ${CMAKE_CURRENT_LIST_DIR}/operation_name.c
  ${CMAKE_CURRENT_LIST_DIR}/path_index.c
  ${CMAKE_CURRENT_LIST_DIR}/path_index_write.c
  ${CMAKE_CURRENT_LIST_DIR}/resource.c
  ${CMAKE_CURRENT_LIST_DIR}/risk.c
)
