# Sources of src/workflow.
target_sources(nxc_objects PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/workflow_matrix.c
  ${CMAKE_CURRENT_LIST_DIR}/workflow_pattern.c
  ${CMAKE_CURRENT_LIST_DIR}/workflow_prompt.c
  ${CMAKE_CURRENT_LIST_DIR}/workflow_state.c
)
