# Sources of src/cache.
target_sources(nxc_objects PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/cache_key.c
  ${CMAKE_CURRENT_LIST_DIR}/memory_cache.c
)
file(GLOB schemas CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/schema/*.sql)
nxc_sql_strings(${PROJECT_BINARY_DIR}/generated/store_schema.inc ${schemas})
target_include_directories(nxc_objects PRIVATE ${PROJECT_BINARY_DIR}/generated)
target_sources(nxc_objects PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/learned_rows.c
  ${CMAKE_CURRENT_LIST_DIR}/migrate.c
  ${CMAKE_CURRENT_LIST_DIR}/store.c
  ${CMAKE_CURRENT_LIST_DIR}/store_db.c
  ${CMAKE_CURRENT_LIST_DIR}/store_files.c
  ${CMAKE_CURRENT_LIST_DIR}/store_reader.c
  ${CMAKE_CURRENT_LIST_DIR}/store_row.c
  ${CMAKE_CURRENT_LIST_DIR}/store_schema.c
  ${CMAKE_CURRENT_LIST_DIR}/store_stats.c
  ${CMAKE_CURRENT_LIST_DIR}/store_writer.c
  ${CMAKE_CURRENT_LIST_DIR}/embedding_file.c
  ${CMAKE_CURRENT_LIST_DIR}/embedding_image.c
  ${CMAKE_CURRENT_LIST_DIR}/embedding_rewrite.c
  ${CMAKE_CURRENT_LIST_DIR}/embedding_row.c
)
