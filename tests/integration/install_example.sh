#!/usr/bin/env bash
# Install into a folder of its own, move it, build the examples against it by
# pkg-config and by CMake, shared and static, and run all of them (embed where
# there is a packed model).
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
read -ra static <<<"$(pkg-config --static --cflags --libs nextcall)"
others=()
for flag in "${static[@]}"; do [ "$flag" = -lnextcall ] || others+=("$flag"); done
for example in rank embed score; do
    "$cc" "${flags[@]}" "$source/examples/$example.c" "${shared[@]}" \
        -o "$work/pc_shared_$example"
    "$cc" "${flags[@]}" "$source/examples/$example.c" "$libdir/libnextcall.a" \
        "${others[@]}" -o "$work/pc_static_$example"
done

"$cmake" -S "$source/tests/integration/consumer" -B "$work/consumer" \
    -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$prefix" \
    -DNXC_EXAMPLES="$source/examples" >"$work/log"
"$cmake" --build "$work/consumer" >>"$work/log" || { cat "$work/log"; exit 1; }

run() { # PROGRAM EXAMPLE: its output, the shared library found by path
    case $2 in
    rank) set -- "$1" "$source/examples/library.json" "renew the loan" \
        "GET /v1/members/7" "GET /v1/members/7/loans" ;;
    embed) set -- "$1" "$model" "refund a charge" "give the money back" ;;
    score) set -- "$1" "$forest" "$work/rows" ;;
    esac
    LD_LIBRARY_PATH=$libdir "$@"
}
model=${NXC_MODEL_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/nextcall/model}/minilm-int8.nxm
examples=(rank embed score)
[ -f "$model" ] || examples=(rank score)
forest=$source/fuzz/corpus/lightgbm/rank.txt
width=$(($(sed -n 's/^max_feature_idx=//p' "$forest") + 1))
head -c $((2 * 8 * width)) /dev/zero >"$work/rows"
for example in "${examples[@]}"; do
    expected=$(run "$work/pc_shared_$example" "$example")
    echo "$expected"
    case $example in
    rank) grep -q '^ 1 .* /' <<<"$expected" && grep -q '^20 candidates' <<<"$expected" ;;
    embed) grep -qE '^0\.[2-9][0-9]{3}  \(6 and 6 tokens\)$' <<<"$expected" ;;
    score) grep -q '^[-0-9.]* *expected .* most by ' <<<"$expected" ;;
    esac || { echo "$example: expected another output, got the above"; exit 1; }
    for program in "pc_static_$example" "consumer/${example}_shared" "consumer/${example}_static"; do
        case $program in
        *static*) if ldd "$work/$program" | grep -q libnextcall; then
            echo "$program: expected no libnextcall.so, got one"
            exit 1
        fi ;;
        esac
        got=$(run "$work/$program" "$example")
        [ "$got" = "$expected" ] || {
            printf '%s: expected the same output, got\n%s\n' "$program" "$got"
            exit 1
        }
    done
done
echo "pkg-config and CMake, shared and static: same output of ${examples[*]}"
