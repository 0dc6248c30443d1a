#!/usr/bin/env python3
"""Real documents written as YAML give the same catalogs as in JSON.

    yaml_test.py PROGRAM [--sample N]    PROGRAM: catalog_counts

Exit code 77: the documents cannot be had.
"""
import argparse
import json
import os
import sys
import tempfile

from openapi_directory import documents, run, sample

MAX_BYTES = 1 << 20


def block(value, indent, out):
    """Block YAML; keys and strings double-quoted, as JSON writes them."""
    pad = "  " * indent
    if isinstance(value, dict) and value:
        for key, member in value.items():
            out.append(f"\n{pad}{json.dumps(key, ensure_ascii=False)}:")
            block(member, indent + 1, out)
    elif isinstance(value, list) and value:
        for element in value:
            out.append(f"\n{pad}-")
            block(element, indent + 1, out)
    else:
        out.append(" " + json.dumps(value, ensure_ascii=False))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--sample", type=int, default=25)
    args = parser.parse_args()
    files = [f for f in sample(documents(), args.sample)
             if os.path.getsize(f) <= MAX_BYTES]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        copies = []
        for i, path in enumerate(files):
            with open(path, encoding="utf-8") as file:
                root = json.load(file)
            out = ["# the same document in YAML"]
            block(root, 0, out)
            copies.append(os.path.join(folder, f"{i}.yaml"))
            with open(copies[-1], "w", encoding="utf-8") as file:
                file.write("".join(out) + "\n")
        for one, two, path in zip(run([args.program], files),
                                  run([args.program], copies), files):
            if one.split()[:4] != two.split()[:4]:
                failed += 1
                print(f"{path}:\n  JSON {one}\n  YAML {two}")
    print(f"{len(files)} documents, {failed} different")
    return 1 if failed or not files else 0


if __name__ == "__main__":
    sys.exit(main())
