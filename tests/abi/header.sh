#!/usr/bin/env bash
# The public header alone, as C11 and as C++17, with every warning an error.
#   header.sh INCLUDE_DIR CC [CXX]
set -euo pipefail
include=$1 cc=$2 cxx=${3:-}
if [ -z "$cxx" ]; then
    for cxx in c++ g++ clang++ clang++-14 ""; do
        command -v "$cxx" >/dev/null && break
    done
fi
flags=(-fsyntax-only -pedantic-errors -Wall -Wextra -Werror -Wconversion
    -Wshadow -Wundef -I"$include")
program='
#include <nextcall/nextcall.h>
int use(void);
int use(void) {
    nxc_request request = NXC_REQUEST_INIT;
    return request.size == sizeof(nxc_request) ? (int)NXC_OK : 1;
}'
"$cc" -std=c11 -Wstrict-prototypes "${flags[@]}" -x c - <<<"$program"
echo "C11: self-contained"
if [ -z "$cxx" ]; then
    echo "skipped: no C++ compiler for the C++17 half"
    exit 77
fi
"$cxx" -std=c++17 -Wno-missing-field-initializers "${flags[@]}" -x c++ - <<<"$program"
echo "C++17: self-contained"
