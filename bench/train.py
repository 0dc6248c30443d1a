#!/usr/bin/env python3
"""nextcall train beside LightGBM's Python package on the same matrix.

usage: tools/venv bench/train.py NEXTCALL [--rows 1000000] [--columns 60] [--rounds 40] [--threads 1] [--repeats 1]

Draws query groups of 20 rows of float32, a fifth of them for validation, and trains both with the same parameters:
nextcall train as a process of its own, file to file, checks, hashes and final figures included; LightGBM from the
mapped matrix to the saved model, without starting Python. Prints seconds, and the peak of memory as a multiple of
the matrix (of nextcall the whole process; of Python what the process grew by, with its own copy of the rows).
"""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

GROUP = 20


def make(folder, n_rows, n_columns):
    import numpy as np
    rng = np.random.default_rng(1)
    n = n_rows // GROUP
    out = np.lib.format.open_memmap(f"{folder}/X.npy", mode="w+", dtype=np.float32, shape=(n * GROUP, n_columns))
    weights = rng.normal(size=n_columns).astype(np.float32)
    golds = []
    for at in range(0, n * GROUP, GROUP * 1000):
        block = rng.normal(size=(min(GROUP * 1000, n * GROUP - at), n_columns)).astype(np.float32)
        block[:, ::4] = np.floor(block[:, ::4] * 3)
        block[rng.random(block.shape) < 0.05] = np.nan
        out[at:at + len(block)] = block
        score = np.tanh(np.nan_to_num(block)) @ weights + rng.gumbel(size=len(block)) * 2
        golds += score.reshape(-1, GROUP).argmax(1).tolist()
    out.flush()
    with open(f"{folder}/X.npy.jsonl", "w", encoding="utf-8") as index:
        for i, gold in enumerate(golds):
            print(json.dumps({"scenario_id": f"s{i}", "group": "g", "catalog": "c", "step": 0, "first": i * GROUP,
                              "n": GROUP, "gold": gold}), file=index)


def train_lightgbm(folder, rounds, threads, parameters):
    """In a process of its own: seconds, growth of memory in bytes."""
    import lightgbm
    import numpy as np
    rows = np.load(f"{folder}/X.npy", mmap_mode="r")
    with open(f"{folder}/X.npy.jsonl", encoding="utf-8") as lines:
        golds = np.array([json.loads(line)["gold"] for line in lines])
    labels = np.zeros(len(rows), np.float32)
    labels[np.arange(len(golds)) * GROUP + golds] = 1
    cut = len(golds) // 5 * 4
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    start = time.perf_counter()
    data = lightgbm.Dataset(np.array(rows[:cut * GROUP]), labels[:cut * GROUP], group=np.full(cut, GROUP),
                            params=parameters)
    valid = data.create_valid(np.array(rows[cut * GROUP:]), labels[cut * GROUP:], group=np.full(len(golds) - cut, GROUP))
    model = lightgbm.train(parameters, data, rounds, valid_sets=[valid])
    model.save_model(f"{folder}/theirs.txt")
    print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before)


def run(command):
    """Seconds and peak bytes of a process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command[0]} ended with {process.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss * 1024, text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nextcall")
    parser.add_argument("--rows", type=int, default=1000000)
    parser.add_argument("--columns", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        with open(f"{args.child}/parameters.json", encoding="utf-8") as text:
            return train_lightgbm(args.child, args.rounds, args.threads, json.load(text))
    with tempfile.TemporaryDirectory() as folder:
        make(folder, args.rows, args.columns)
        matrix, ours, theirs = os.path.getsize(f"{folder}/X.npy"), [], []
        for _ in range(args.repeats):
            ours.append(run([args.nextcall, "train", "--data", f"{folder}/X.npy", "--output", f"{folder}/ours.txt",
                             "--rounds", str(args.rounds), "--patience", "0", "--threads", str(args.threads), "--json"]))
            info = subprocess.run([args.nextcall, "model", "info", "--json", "--model", f"{folder}/ours.txt"],
                                  capture_output=True, text=True, check=True).stdout
            notes = json.loads(info)["notes"]
            with open(f"{folder}/parameters.json", "w", encoding="utf-8") as out:
                json.dump(dict(p.split("=", 1) for p in notes["parameters"].split()), out)
            seconds, grown = run([sys.executable, __file__, args.nextcall, "--child", folder, "--rounds",
                                  str(args.rounds)])[2].split()
            theirs.append((float(seconds), float(grown)))
        t, u = min(o[0] for o in ours), min(o[0] for o in theirs)
        print(f"{args.rows} x {args.columns}, {args.rounds} rounds, {args.threads} thread(s), {matrix / 1e6:.0f} MB")
        print(f"nextcall train   {t:7.1f} s   {max(o[1] for o in ours) / matrix:5.2f} x the matrix")
        print(f"LightGBM         {u:7.1f} s   {max(o[1] for o in theirs) / matrix:5.2f} x the matrix")
        print(f"time             {t / u:7.2f} x")


main()
