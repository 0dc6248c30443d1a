# Sources of src/features.
target_sources(nxc_objects PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/action_verb_match.c
  ${CMAKE_CURRENT_LIST_DIR}/bigram_prob.c
  ${CMAKE_CURRENT_LIST_DIR}/endpoint_type.c
  ${CMAKE_CURRENT_LIST_DIR}/features_extract.c
  ${CMAKE_CURRENT_LIST_DIR}/last_endpoint_type.c
  ${CMAKE_CURRENT_LIST_DIR}/last_resource.c
  ${CMAKE_CURRENT_LIST_DIR}/prompt_similarity.c
  ${CMAKE_CURRENT_LIST_DIR}/registry.c
  ${CMAKE_CURRENT_LIST_DIR}/resource_match.c
  ${CMAKE_CURRENT_LIST_DIR}/session_length.c
  ${CMAKE_CURRENT_LIST_DIR}/time_since_last.c
  ${CMAKE_CURRENT_LIST_DIR}/trigram_prob.c
  ${CMAKE_CURRENT_LIST_DIR}/workflow_distance.c
)
