#!/usr/bin/env bash
# Every manual page, the command's and the library's, is clean by mandoc.
#   man_pages.sh DIR DIR
set -euo pipefail
command -v mandoc >/dev/null || { echo "skipped: mandoc is not installed"; exit 77; }
n=0
for page in "$1"/*.[15] "$2"/*.3; do
    [ -f "$page" ] || { echo "$page: expected manual pages, got none"; exit 1; }
    mandoc -T lint -W warning "$page"
    n=$((n + 1))
done
echo "$n pages"
