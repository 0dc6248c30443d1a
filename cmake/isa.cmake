# The only place with instruction-set flags: nxc_isa_source(FILE LEVEL).
set(NXC_ISA_FLAGS_avx2 -mavx2 -mfma -mf16c)
set(NXC_ISA_FLAGS_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2
    -mfma -mf16c -mprefer-vector-width=512)
set(NXC_ISA_FLAGS_avx512vnni ${NXC_ISA_FLAGS_avx512} -mavx512vnni)
set(NXC_ISA_FLAGS_forest_avx2 ${NXC_ISA_FLAGS_avx2} -mpopcnt -mbmi)
set(NXC_ISA_FLAGS_forest_avx512 ${NXC_ISA_FLAGS_avx512} -mavx512vbmi -mpopcnt
    -mbmi)
set(NXC_ISA_FLAGS_avxvnni ${NXC_ISA_FLAGS_avx2} -mavxvnni)
set(NXC_ISA_FLAGS_avxvnni_evex ${NXC_ISA_FLAGS_avx2} -mavx512vl -mavx512vnni)
set(NXC_ISA_FLAGS_amx ${NXC_ISA_FLAGS_avx512} -mamx-tile -mamx-int8)
set(NXC_ISA_FLAGS_neon "")
set(NXC_ISA_FLAGS_neon_dotprod -march=armv8.2-a+dotprod)
set(NXC_ISA_FLAGS_neon_i8mm -march=armv8.2-a+i8mm)
function(nxc_isa_source file level)
  set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS
                              "${NXC_ISA_FLAGS_${level}}")
endfunction()
