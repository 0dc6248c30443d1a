# Sources of src/ranker.
target_sources(nxc_objects PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/calibration.c
  ${CMAKE_CURRENT_LIST_DIR}/check_vectors.c
  ${CMAKE_CURRENT_LIST_DIR}/forest.c
  ${CMAKE_CURRENT_LIST_DIR}/forest_explain.c
  ${CMAKE_CURRENT_LIST_DIR}/forest_plan.c
  ${CMAKE_CURRENT_LIST_DIR}/forest_score.c
  ${CMAKE_CURRENT_LIST_DIR}/forest_walk.c
  ${CMAKE_CURRENT_LIST_DIR}/lightgbm_read.c
  ${CMAKE_CURRENT_LIST_DIR}/linear.c
  ${CMAKE_CURRENT_LIST_DIR}/model_notes.c
  ${CMAKE_CURRENT_LIST_DIR}/order.c
  ${CMAKE_CURRENT_LIST_DIR}/ranker.c
  ${CMAKE_CURRENT_LIST_DIR}/model_registry.c
  ${CMAKE_CURRENT_LIST_DIR}/kernels/forest_portable.c
  ${CMAKE_CURRENT_LIST_DIR}/kernels/forest_ref.c
  ${CMAKE_CURRENT_LIST_DIR}/kernels/forest_select.c
)

# The universal ranker, embedded.
set(NXC_UNIVERSAL_MODEL ${PROJECT_SOURCE_DIR}/models/universal-v2.txt)
add_custom_command(
  OUTPUT ${PROJECT_BINARY_DIR}/generated/universal_model.c
  COMMAND ${CMAKE_COMMAND} -DIN=${NXC_UNIVERSAL_MODEL}
          -DOUT=${PROJECT_BINARY_DIR}/generated/universal_model.c
          -P ${PROJECT_SOURCE_DIR}/cmake/embed_model.cmake
  DEPENDS ${NXC_UNIVERSAL_MODEL} ${PROJECT_SOURCE_DIR}/cmake/embed_model.cmake
  VERBATIM)
target_sources(nxc_objects PRIVATE
  ${PROJECT_BINARY_DIR}/generated/universal_model.c)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  foreach(isa avx2 avx512)
    set(file ${CMAKE_CURRENT_LIST_DIR}/kernels/forest_${isa}.c)
    target_sources(nxc_objects PRIVATE ${file})
    nxc_isa_source(${file} forest_${isa})
  endforeach()
endif()
