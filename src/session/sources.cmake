# Sources of src/session.
target_sources(nxc_objects PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/timestamp.c
)
