# Flags of the OpenSSF compiler hardening guide that gcc 12 and clang 14 know.
# Float contraction is off everywhere: kernels say fma where they mean it.
set(NXC_HARDENING -O2 -ffp-contract=off -fstack-protector-strong
    -fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing
    -ftrivial-auto-var-init=zero)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(APPEND NXC_HARDENING -fcf-protection=full)
endif()
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  # gcc 12.2 loses the rounding of two neighbouring (double)(float)x when it
  # makes a vector of them at -O2; kernels say what they vectorise.
  list(APPEND NXC_HARDENING -fstack-clash-protection -fno-tree-slp-vectorize)
elseif(CMAKE_C_COMPILER_ID MATCHES "Clang")
  list(REMOVE_ITEM NXC_HARDENING -ftrivial-auto-var-init=zero)
endif()
if(NOT NXC_SANITIZE AND NOT NXC_COVERAGE)
  list(APPEND NXC_HARDENING -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
if(NXC_COVERAGE)
  list(REMOVE_ITEM NXC_HARDENING -O2)
endif()
set(NXC_LINK_HARDENING -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed)
function(nxc_harden target)
  target_compile_options(${target} PRIVATE ${NXC_HARDENING})
  target_link_options(${target} PRIVATE ${NXC_LINK_HARDENING})
endfunction()
