#!/usr/bin/env bash
# Install into a folder of its own, move it, build examples/rank.c against it
# by pkg-config and by CMake, shared and static, and run all four; then
# examples/score.c.
#   install_example.sh CMAKE BUILD_DIR SOURCE_DIR CC
set -euo pipefail
cmake=$1 build=$2 source=$3 cc=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$cmake" --install "$build" --prefix "$work/first" >"$work/log" || {
    cat "$work/log"
    exit 1
}
mv "$work/first" "$work/prefix" # the installed tree can be moved
prefix=$work/prefix
pc=$(find "$prefix" -name nextcall.pc)
[ -f "$pc" ] || { echo "expected a nextcall.pc, got none"; exit 1; }
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
libdir=$(pkg-config --variable=libdir nextcall)

flags=(-std=c11 -Wall -Wextra -Werror)
read -ra shared <<<"$(pkg-config --cflags --libs nextcall)"
"$cc" "${flags[@]}" "$source/examples/rank.c" "${shared[@]}" -o "$work/pc_shared"
"$cc" "${flags[@]}" "$source/examples/score.c" "${shared[@]}" -o "$work/score"
read -ra static <<<"$(pkg-config --static --cflags --libs nextcall)"
others=()
for flag in "${static[@]}"; do [ "$flag" = -lnextcall ] || others+=("$flag"); done
"$cc" "${flags[@]}" "$source/examples/rank.c" "$libdir/libnextcall.a" \
    "${others[@]}" -o "$work/pc_static"

"$cmake" -S "$source/tests/integration/consumer" -B "$work/consumer" \
    -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$prefix" \
    -DNXC_EXAMPLE="$source/examples/rank.c" >"$work/log"
"$cmake" --build "$work/consumer" >>"$work/log" || { cat "$work/log"; exit 1; }

run() { # PROGRAM: its output, with the library found by path only if shared
    LD_LIBRARY_PATH=$libdir "$1" "$source/examples/library.json" \
        "renew the loan" "GET /v1/members/7" "GET /v1/members/7/loans"
}
for program in pc_static consumer/rank_static; do
    if ldd "$work/$program" | grep -q libnextcall; then
        echo "$program: expected no libnextcall.so, got one"
        exit 1
    fi
done
expected=$(run "$work/pc_shared")
echo "$expected"
grep -q '^ 1 .* /' <<<"$expected" || { echo "expected a first rank, got the above"; exit 1; }
grep -q '^20 candidates' <<<"$expected" || { echo "expected 20 candidates, got the above"; exit 1; }
for program in pc_static consumer/rank_shared consumer/rank_static; do
    got=$(run "$work/$program")
    [ "$got" = "$expected" ] || {
        printf '%s: expected the same ranking, got\n%s\n' "$program" "$got"
        exit 1
    }
done
echo "pkg-config and CMake, shared and static: same ranking"
model=$source/fuzz/corpus/lightgbm/rank.txt
width=$(($(sed -n 's/^max_feature_idx=//p' "$model") + 1))
head -c $((2 * 8 * width)) /dev/zero >"$work/rows"
LD_LIBRARY_PATH=$libdir "$work/score" "$model" "$work/rows" | tee "$work/scored"
grep -q '^[-0-9.]* *expected .* most by ' "$work/scored" || {
    echo "expected a score, got the above"
    exit 1
}
