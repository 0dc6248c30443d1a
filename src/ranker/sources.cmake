# Sources of src/ranker.
target_sources(nxc_objects PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/forest.c
  ${CMAKE_CURRENT_LIST_DIR}/lightgbm_read.c
  ${CMAKE_CURRENT_LIST_DIR}/linear.c
  ${CMAKE_CURRENT_LIST_DIR}/order.c
  ${CMAKE_CURRENT_LIST_DIR}/ranker.c
  ${CMAKE_CURRENT_LIST_DIR}/kernels/forest_ref.c
  ${CMAKE_CURRENT_LIST_DIR}/kernels/forest_select.c
)
