#!/usr/bin/env python3
"""What fewer than eight bits a weight would cost in accuracy.

    tools/venv tests/golden/simulate_bits.py --program P --nextcall N --data DIR
                                             [-n TEXTS] [--model DIR]

Weights of linear layers are rounded to 6, 5 or 4 bits in groups of 32 along k,
each group with the scale that gives the least squared error, and written back as
safetensors; `nextcall model pack --dtype int8` makes a file of them, whose
embeddings are compared with those of the float32 model, and, with --data, the
retrieval of retrieval.py. The rounding to int8 that packing adds is part of
each row, as it is of the first, which has eight bits everywhere.
"""
import argparse
import collections
import json
import os
import shutil
import struct
import subprocess
import tempfile

import compare_packed
import retrieval
import encode_texts
import numpy as np

GROUP = 32
FEED_FORWARD = ("intermediate.dense.weight", "output.dense.weight")
LINEAR = FEED_FORWARD + tuple(f"attention.self.{s}.weight" for s in ("query", "key", "value"))


def is_feed_forward(name):
    return name.endswith(FEED_FORWARD) and "attention" not in name


def is_up(name):
    return name.endswith("intermediate.dense.weight")


def is_inner(name):
    return is_feed_forward(name) and any(f"layer.{i}." in name for i in (1, 2, 3, 4))


PARTS = {"all 24 matrices": lambda name: name.endswith(LINEAR),
         "feed-forward, attention at 8": is_feed_forward,
         "feed-forward up, the rest at 8": is_up,
         "feed-forward of layers 2 to 5, the rest at 8": is_inner}
VARIANTS = [(6, "all 24 matrices"), (5, "all 24 matrices"), (4, "all 24 matrices"),
            (6, "feed-forward, attention at 8"), (5, "feed-forward, attention at 8"),
            (4, "feed-forward, attention at 8"), (4, "feed-forward up, the rest at 8"),
            (6, "feed-forward of layers 2 to 5, the rest at 8"),
            (4, "feed-forward of layers 2 to 5, the rest at 8")]


def rounded(w, bits):
    """w (n, k) in groups along k, each by the best of 24 scales."""
    top = 2 ** (bits - 1) - 1
    g = w.reshape(-1, GROUP)
    most = np.abs(g).max(axis=1, keepdims=True)
    best, best_error = np.zeros_like(g), np.full(len(g), np.inf, np.float32)
    for factor in np.linspace(0.55, 1.1, 24, dtype=np.float32):
        scale = np.maximum(most * factor / top, 1e-12)
        got = np.clip(np.rint(g / scale), -top - 1, top) * scale
        error = ((got - g) ** 2).sum(axis=1)
        better = error < best_error
        best[better], best_error[better] = got[better], error[better]
    return best.reshape(w.shape).astype("<f4")


def write_model(source, folder, bits, part):
    """A copy of the source model; returns the share of its weights that changed."""
    for name in os.listdir(source):
        if name in ("vocab.txt", "tokenizer.json", "config.json"):
            shutil.copy(os.path.join(source, name), folder)
    with open(os.path.join(source, "model.safetensors"), "rb") as f:
        raw = bytearray(f.read())
    (n,) = struct.unpack("<Q", raw[:8])
    changed = total = 0
    for name, entry in json.loads(raw[8 : 8 + n]).items():
        if ".layer." not in name or not name.endswith(".weight") or len(entry["shape"]) != 2:
            continue
        a, b = (8 + n + at for at in entry["data_offsets"])
        total += b - a
        if bits < 8 and PARTS[part](name):
            w = np.frombuffer(raw[a:b], "<f4").reshape(entry["shape"])
            raw[a:b] = rounded(w, bits).tobytes()
            changed += b - a
    with open(os.path.join(folder, "model.safetensors"), "wb") as f:
        f.write(raw)
    return changed / total


def write_data(source, folder, most):
    """The Arazzo part without its large catalogs."""
    ops = retrieval.jsonl(os.path.join(source, "arazzo.catalog.jsonl"))
    scenarios = retrieval.jsonl(os.path.join(source, "arazzo.scenarios.jsonl"))
    sizes = collections.Counter(op["catalog"] for op in ops)
    for name, rows in (("catalog", ops), ("scenarios", scenarios)):
        with open(os.path.join(folder, f"arazzo.{name}.jsonl"), "w", encoding="utf-8") as f:
            f.writelines(json.dumps(r) + "\n" for r in rows if sizes[r["catalog"]] <= most)


def retrieve(encode, folder):
    part = retrieval.Part(folder, "arazzo")
    return *part.measure(encode(part.texts), encode(part.prompts)), len(part.scenarios)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--program", required=True)
    p.add_argument("--nextcall", required=True)
    p.add_argument("--model", default=os.environ.get("NXC_MODEL_DIR", compare_packed.HOME))
    p.add_argument("--data")
    p.add_argument("-n", type=int, default=3000)
    p.add_argument("--operations", type=int, default=100000,
                   help="retrieval among catalogs of at most so many")
    a = p.parse_args()
    texts = encode_texts.of_folder(a.data, a.n) if a.data else \
        sorted(set(encode_texts.generated(a.n)))

    def encoder(folder, dtype):
        path = os.path.join(folder, dtype)
        subprocess.run([a.nextcall, "model", "pack", folder, "--dtype", dtype, "--output", path],
                       check=True, stdout=subprocess.DEVNULL)
        return lambda t: encode_texts.run(a.program, path, "auto", t)["v"]

    def row(name, share, bits, encode, reference):
        size = 8 - share * (8 - bits - 16 / GROUP) if bits < 8 else 8  # a float16 a group
        c = compare_packed.cosines(reference, encode(texts))
        cells = [name, f"{size:.2f}", f"{c.mean():.5f}", f"{np.percentile(c, 1):.5f}",
                 f"{c.min():.5f}"]
        if a.data:
            top1, mrr, _ = retrieve(encode, data)
            cells += [f"{top1:.4f}", f"{mrr:.4f}"]
        print("| " + " | ".join(cells) + " |", flush=True)

    head = ["weights", "bits a weight", "mean", "1st percentile", "minimum"] + \
        (["top-1", "MRR"] if a.data else [])
    print(f"{len(texts)} texts\n\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as data:
        if a.data:
            write_data(a.data, data, a.operations)
        write_model(a.model, folder, 8, "")
        f32 = encoder(folder, "f32")
        reference = f32(texts)
        if a.data:
            top1, mrr, n = retrieve(f32, data)
            print(f"| float32, {n} prompts | 32 | 1 | 1 | 1 | {top1:.4f} | {mrr:.4f} |", flush=True)
        row("int8", 0, 8, encoder(folder, "int8"), reference)
        for bits, part in VARIANTS:
            share = write_model(a.model, folder, bits, part)
            row(f"{bits} bits: {part}", share, bits, encoder(folder, "int8"), reference)


main()
