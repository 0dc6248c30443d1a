# Sources of src/session.
target_sources(nxc_objects PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/call.c
  ${CMAKE_CURRENT_LIST_DIR}/session.c
  ${CMAKE_CURRENT_LIST_DIR}/session_earlier.c
  ${CMAKE_CURRENT_LIST_DIR}/session_json.c
  ${CMAKE_CURRENT_LIST_DIR}/timestamp.c
)
