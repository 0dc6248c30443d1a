#!/usr/bin/env python3
"""nextcall embed takes the same memory for a file three times as long.

    embed_memory.py NEXTCALL

Exit 77 (skipped) without a model.
"""
import os
import subprocess
import sys
import tempfile

MARGIN_KB = 2048


def peak_kb(nextcall, path, *options):
    child = subprocess.Popen([nextcall, "embed", path, *options], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    assert status == 0, f"expected exit 0, got status {status}"
    return usage.ru_maxrss


def main():
    nextcall = sys.argv[1]
    if subprocess.run([nextcall, "model", "info"], stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL).returncode:
        print("skipped: no model")
        return 77
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for n in (1500, 4500):
            paths.append(os.path.join(folder, f"{n}.txt"))
            with open(paths[-1], "w", encoding="utf-8") as f:
                f.writelines(f"text {i}\n" for i in range(n))
        for options in ([], ["--output-json", "--threads", "2"]):
            short, long = (peak_kb(nextcall, p, *options) for p in paths)
            print(f"embed {' '.join(options)}: peak {short} kB for 1,500 lines, "
                  f"{long} kB for 4,500")
            failed += long > short + MARGIN_KB
    return 1 if failed else 0


sys.exit(main())
