# Sources of src/statistics.
target_sources(nxc_objects PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/learned.c
  ${CMAKE_CURRENT_LIST_DIR}/neighbours.c
  ${CMAKE_CURRENT_LIST_DIR}/prompt_index.c
  ${CMAKE_CURRENT_LIST_DIR}/prompt_rows.c
  ${CMAKE_CURRENT_LIST_DIR}/prompt_words.c
  ${CMAKE_CURRENT_LIST_DIR}/reliability.c
  ${CMAKE_CURRENT_LIST_DIR}/session_votes.c
  ${CMAKE_CURRENT_LIST_DIR}/snapshot.c
  ${CMAKE_CURRENT_LIST_DIR}/statistics_build.c
  ${CMAKE_CURRENT_LIST_DIR}/transition_rows.c
  ${CMAKE_CURRENT_LIST_DIR}/transitions.c
)
