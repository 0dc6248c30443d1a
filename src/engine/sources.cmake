# Sources of src/engine.
target_sources(nxc_objects PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/because.c
  ${CMAKE_CURRENT_LIST_DIR}/context.c
  ${CMAKE_CURRENT_LIST_DIR}/encode.c
  ${CMAKE_CURRENT_LIST_DIR}/engine.c
  ${CMAKE_CURRENT_LIST_DIR}/evidence.c
  ${CMAKE_CURRENT_LIST_DIR}/learn.c
  ${CMAKE_CURRENT_LIST_DIR}/learned_serve.c
  ${CMAKE_CURRENT_LIST_DIR}/flight.c
  ${CMAKE_CURRENT_LIST_DIR}/live.c
  ${CMAKE_CURRENT_LIST_DIR}/learning.c
  ${CMAKE_CURRENT_LIST_DIR}/precompute.c
  ${CMAKE_CURRENT_LIST_DIR}/ranking.c
  ${CMAKE_CURRENT_LIST_DIR}/response.c
  ${CMAKE_CURRENT_LIST_DIR}/tiers.c
  ${CMAKE_CURRENT_LIST_DIR}/tiers_vectors.c
  ${CMAKE_CURRENT_LIST_DIR}/tiers_warm.c
  ${CMAKE_CURRENT_LIST_DIR}/vector_key.c
  ${CMAKE_CURRENT_LIST_DIR}/vectors.c
)
