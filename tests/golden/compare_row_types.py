#!/usr/bin/env python3
"""What rows of the embedding file in float16 and int8 cost: memory, cosine, retrieval.

    compare_row_types.py --encode encode_lines --convert convert_rows [--model FILE.nxm]
                         [--data DIR [--part NAME ...] | --quick]

Encodes texts and puts the operations' embeddings through rows of each type. Fails unless int8
rows take at least 60 % less memory at a mean cosine of at least 0.999. --data prints top-1 and
MRR by cosine for each part of a folder: prompts as they are, operations from rows of each type.
Exit 77 (skipped) where the packages or the model are missing.
"""
import argparse
import os
import subprocess
import sys

HOME = os.path.expanduser("~/.cache/nextcall/model/minilm-int8.nxm")
TYPES = {"float32": 1568, "float16": 800, "int8": 416}  # bytes of a row


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def through(program, name, rows):
    done = subprocess.run([program, name], input=rows.astype("<f4").tobytes(),
                          stdout=subprocess.PIPE, check=True)
    return np.frombuffer(done.stdout, "<f4").reshape(rows.shape)


def cosines(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def compare_rows(a, rows):
    print("| rows | bytes | less | mean cosine | smallest cosine |\n|---|---|---|---|---|")
    ok = True
    for name, n_bytes in TYPES.items():
        c = cosines(rows, through(a.convert, name, rows))
        less = 1 - n_bytes / TYPES["float32"]
        print(f"| {name} | {n_bytes} | {less:.1%} | {c.mean():.7f} | {c.min():.7f} |")
        ok &= c.mean() >= 0.999 and (name != "int8" or less >= 0.6)
    return ok


def compare_parts(a, encode):
    everything = []
    print("| part | prompts | " + " | ".join(f"{n} top-1, MRR" for n in TYPES) +
          " |\n|---|---" + "|---" * len(TYPES) + "|")
    for name in a.part or retrieval.parts(a.data):
        part = retrieval.Part(a.data, name)
        operations, prompts = encode(part.texts), encode(part.prompts)
        everything.append(operations)
        cells = []
        for kind in TYPES:
            top1, mrr = part.measure(through(a.convert, kind, operations), prompts)
            cells.append(f"{top1:.4f}, {mrr:.4f}")
        print(f"| {name} | {len(part.scenarios)} | " + " | ".join(cells) + " |", flush=True)
    print()
    return np.concatenate(everything)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--encode", required=True)
    p.add_argument("--convert", required=True)
    p.add_argument("--model", default=HOME)
    p.add_argument("--data")
    p.add_argument("--part", action="append")
    p.add_argument("--quick", action="store_true")
    a = p.parse_args()
    if not os.path.exists(a.model):
        skip(f"no {a.model}")

    def encode(texts):
        return encode_texts.run(a.encode, a.model, "auto", texts)["v"]

    if a.data:
        rows = compare_parts(a, encode)
    else:
        rows = encode(sorted(set(encode_texts.generated(300 if a.quick else 5000))))
    ok = compare_rows(a, rows)
    print("passed" if ok else "FAILED: expected 60 % less memory at a mean cosine of 0.999")
    return 0 if ok else 1


try:
    import numpy as np

    import encode_texts
    import retrieval
except ImportError as e:
    skip(f"the Python package {e.name} is not installed")
sys.exit(main())
