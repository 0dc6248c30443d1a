#!/usr/bin/env bash
# The exported symbols are those of symbols.txt, and so are the functions that
# the headers declare. A change of the list is a change of the ABI: reviewed.
#   symbols.sh LIBRARY HEADER_FOLDER
set -euo pipefail
export LC_ALL=C
list=$(dirname "$0")/symbols.txt
diff_or_fail() {
    diff -u --label "tests/abi/symbols.txt" --label "$2" "$list" <(sort -u <<<"$1") || {
        echo "$2: expected the symbols of tests/abi/symbols.txt, got those above"
        exit 1
    }
}
exported=$(nm -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }')
diff_or_fail "$exported" "$(basename "$1")"
# every declaration is "NXC_API ... name(" up to a semicolon
declared=$(cat "$2"/*.h | tr "\n" " " | sed 's,/\*,\n/*,g; s,\*/,*/\n,g' | grep -v '^/\*' |
    tr -d '\n' | grep -o 'NXC_API[^;]*;' | grep -o '\bnxc_[a-z0-9_]*(' | tr -d '(')
diff_or_fail "$declared" "the headers"
readelf -d "$1" | grep -q 'SONAME.*\[libnextcall\.so\.[0-9]*\]' || {
    echo "$1: expected a SONAME libnextcall.so.N, got $(readelf -d "$1" | grep SONAME)"
    exit 1
}
echo "$(wc -l <"$list") symbols"
