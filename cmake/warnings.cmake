# The one list of warnings. nxc_warnings(TARGET) puts them on a target of ours.
set(NXC_WARNINGS
    -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion
    -Wdouble-promotion -Wshadow -Wundef -Wvla -Walloca -Wcast-qual -Wcast-align
    -Wpointer-arith -Wwrite-strings -Wstrict-prototypes -Wold-style-definition
    -Wmissing-prototypes -Wformat=2 -Wimplicit-fallthrough -Wnested-externs
    -Wredundant-decls -Werror=format-security -Werror=implicit
    -Werror=incompatible-pointer-types -Werror=int-conversion)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_C_COMPILER_VERSION VERSION_GREATER_EQUAL 12)
  list(APPEND NXC_WARNINGS -Wlogical-op -Wduplicated-cond -Wduplicated-branches
       -Wjump-misses-init -Wtrampolines -Wbidi-chars=any)
elseif(CMAKE_C_COMPILER_ID MATCHES "Clang")
  list(APPEND NXC_WARNINGS -Wcomma -Wconditional-uninitialized
       -Wshorten-64-to-32 -Wunreachable-code -Wassign-enum
       -Wmissing-variable-declarations)
endif()
function(nxc_warnings target)
  target_compile_options(${target} PRIVATE ${NXC_WARNINGS})
  if(NXC_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
