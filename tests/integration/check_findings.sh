#!/usr/bin/env bash
# The quick checkers find what they are for: each planted defect, in a tree of
# its own, makes the named checker fail and say so; the tree without it passes.
#   check_findings.sh SOURCE_DIR
# shellcheck disable=SC2016 # backquotes are what is planted
set -euo pipefail
source=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

fresh() {
    rm -rf "$work/tree"
    mkdir -p "$work/tree"/{src/base,src/text,src/ranker,docs,examples}
    cp -r "$source/tools" "$source/.clang-format" "$work/tree"
    rm -f "$work/tree/tools"/*.md "$work/tree/tools/demo"
    cd "$work/tree"
    printf 'int nxc_one(void) { return 1; }\n' >src/base/one.c
    printf '# A page\n\n[here](#a-page), `src/base/one.c`\n' >docs/page.md
}

expect() { # CHECKER PATTERN: what was planted is found
    local output
    if output=$(tools/check "$1" 2>&1) || ! grep -q -e "$2" <<<"$output"; then
        printf 'check-%s: expected a finding like "%s", got\n%s\n' "$1" "$2" "$output"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
    fresh
}

fresh
for name in layers banned names docs; do
    if output=$(tools/check "$name" 2>&1); then
        passed=$((passed + 1))
    else
        printf 'check-%s: expected a clean tree to pass, got\n%s\n' "$name" "$output"
        failed=$((failed + 1))
    fi
done
if command -v clang-format-14 >/dev/null; then
    printf 'int  nxc_two(void) { return 2; }\n' >src/base/two.c && expect format 'two.c:1'
fi
printf '#include "text/words.h"\n' >src/base/up.c && expect layers 'up.c:1.*text/words.h'
printf '#include "base/../base/one.h"\n' >src/text/dots.c && expect layers 'dots.c:1'
printf '#include "base/str.h"\n' >examples/inside.c && expect layers 'inside.c:1'
printf 'void f(char *p) { strcpy(p, "x"); }\n' >src/text/copy.c && expect banned 'copy.c:1: strcpy'
printf 'void f(void *p) { free(p); }\n' >src/text/heap.c && expect banned 'heap.c:1: free'
printf '#include <yyjson.h>\n' >src/text/parse.c && expect banned 'parse.c:1: yyjson.h'
mkdir docs/x && printf 'x\n' >docs/x/page.md && expect names 'page.md: expected a unique'
printf 'int helper(void) {\n    return 1;\n}\n' >src/text/helper.c && expect names 'helper: expected static'
printf '/* TO%s: more */\n' DO >src/text/later.c && expect names 'later.c:1: unfinished'
printf 'see /ro%s/x\n' ot >docs/path.md && expect names "path.md:1: a machine's path"
yes '' | head -n 1001 >src/text/long.c && expect names 'long.c: expected at most 1000'
{
    printf 'void nxc_long(void) {\n'
    yes '    ;' | head -n 80
    printf '}\n'
} >src/text/tall.c && expect names 'nxc_long: expected at most 80'
printf '[x](nowhere.md)\n' >docs/link.md && expect docs 'link.md:1: expected a file'
printf '[x](page.md#b)\n' >docs/link.md && expect docs 'link.md:1: expected a heading'
printf '\n`src/base/none.c`\n' >docs/file.md && expect docs 'file.md:2: expected a file of the project'
printf '<!-- check: same-as src/base/one.c -->\n```c\nint two;\n```\n' >docs/same.md && expect docs 'same.md:1'
printf '<!-- check: compile -->\n```c\nint two\n```\n' >docs/broken.md && expect docs 'broken.md:1'
cd "$source"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
