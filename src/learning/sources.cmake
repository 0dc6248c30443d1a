# Sources of src/learning.
target_sources(nxc_objects PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/learned_store.c
  ${CMAKE_CURRENT_LIST_DIR}/learner.c
  ${CMAKE_CURRENT_LIST_DIR}/log_format.c
  ${CMAKE_CURRENT_LIST_DIR}/log_source.c
  ${CMAKE_CURRENT_LIST_DIR}/read_access.c
  ${CMAKE_CURRENT_LIST_DIR}/read_arazzo.c
  ${CMAKE_CURRENT_LIST_DIR}/read_har.c
  ${CMAKE_CURRENT_LIST_DIR}/read_json_log.c
  ${CMAKE_CURRENT_LIST_DIR}/read_sessions.c
  ${CMAKE_CURRENT_LIST_DIR}/record.c
)
