#!/usr/bin/env python3
"""Put the last run of make bench-encoder into docs/benchmarks.md, between its marks."""
import os

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
BEGIN, END = "<!-- bench-encoder: begin -->\n", "<!-- bench-encoder: end -->\n"

with open(os.path.join(ROOT, "build", "bench-encoder.md"), encoding="utf-8") as f:
    tables = f.read()
path = os.path.join(ROOT, "docs", "benchmarks.md")
with open(path, encoding="utf-8") as f:
    before, _, rest = f.read().partition(BEGIN)
with open(path, "w", encoding="utf-8") as f:
    f.write(before + BEGIN + "\n" + tables.strip() + "\n\n" + END + rest.partition(END)[2])
