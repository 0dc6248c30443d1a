# Sources of src/encoder.
target_sources(nxc_objects PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/distinct_texts.c
  ${CMAKE_CURRENT_LIST_DIR}/encoder.c
  ${CMAKE_CURRENT_LIST_DIR}/encoder_forward.c
  ${CMAKE_CURRENT_LIST_DIR}/encoder_parallel.c
  ${CMAKE_CURRENT_LIST_DIR}/model_pack.c
  ${CMAKE_CURRENT_LIST_DIR}/model_quantize.c
  ${CMAKE_CURRENT_LIST_DIR}/packed_model.c
  ${CMAKE_CURRENT_LIST_DIR}/packed_sections.c
  ${CMAKE_CURRENT_LIST_DIR}/safetensors.c
  ${CMAKE_CURRENT_LIST_DIR}/kernels/encoder_check.c
  ${CMAKE_CURRENT_LIST_DIR}/kernels/encoder_int8_ref.c
  ${CMAKE_CURRENT_LIST_DIR}/kernels/encoder_ref.c
  ${CMAKE_CURRENT_LIST_DIR}/kernels/encoder_select.c
)
set(NXC_ENCODER_ISAS "")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(NXC_ENCODER_ISAS avx2 avxvnni avx512 avx512vnni amx)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(NXC_ENCODER_ISAS neon neon_dotprod neon_i8mm)
endif()
foreach(isa ${NXC_ENCODER_ISAS})
  set(file ${CMAKE_CURRENT_LIST_DIR}/kernels/encoder_${isa}.c)
  target_sources(nxc_objects PRIVATE ${file})
  nxc_isa_source(${file} ${isa})
endforeach()
