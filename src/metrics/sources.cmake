# Sources of src/metrics.
target_sources(nxc_objects PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/metrics.c
  ${CMAKE_CURRENT_LIST_DIR}/metrics_format.c
)
