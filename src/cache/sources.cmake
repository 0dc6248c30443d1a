# Sources of src/cache.
target_sources(nxc_objects PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/cache_key.c
  ${CMAKE_CURRENT_LIST_DIR}/memory_cache.c
)
