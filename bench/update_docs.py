#!/usr/bin/env python3
"""Put the last runs of make bench, bench-encoder and bench-caches (build/NAME.md) into docs/benchmarks.md,
each between its marks; what was not run stays.

    update_docs.py [NAME...]        bench, bench-encoder, bench-caches; default: all that are there
"""
import os
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
PATH = os.path.join(ROOT, "docs", "benchmarks.md")
NAMES = ["bench", "bench-encoder", "bench-caches"]


def replaced(text, name):
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
    with open(os.path.join(ROOT, "build", name + ".md"), encoding="utf-8") as f:
        tables = f.read()
    before, mark, rest = text.partition(begin)
    _, closing, after = rest.partition(end)
    if not mark or not closing:
        sys.exit(f"update_docs.py: {PATH}: expected the marks of {name}, got none")
    return f"{before}{begin}\n{tables.strip()}\n\n{end}{after}"


with open(PATH, encoding="utf-8") as f:
    page = f.read()
for chosen in sys.argv[1:] or [n for n in NAMES if os.path.exists(os.path.join(ROOT, "build", n + ".md"))]:
    page = replaced(page, chosen)
with open(PATH, "w", encoding="utf-8") as f:
    f.write(page)
