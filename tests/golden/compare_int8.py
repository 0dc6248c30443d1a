#!/usr/bin/env python3
"""Compare int8 embeddings with our float32 ones (which compare_encoder.py holds against ONNX Runtime).

    compare_int8.py --program encode_lines --nextcall nextcall [--model DIR] [--cpu LEVEL]
                    [--data DIR | --quick] [-n 20000] [--peer 500]

Packs the model both ways, encodes the same distinct texts whole, and fails unless the
mean cosine is at least 0.999, the 1st percentile 0.997 and the smallest 0.99. --data takes
the strings of every JSON line of a folder and, where it holds arazzo.catalog.jsonl and
arazzo.scenarios.jsonl, compares retrieval by cosine too (top-1 and MRR within 0.003);
--quick generates sentences. --peer measures ONNX Runtime's dynamic int8 on that many
texts besides. Exit 77 (skipped) where the packages or the model are missing.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

BARS = {"mean": 0.999, "p1": 0.997, "min": 0.99}
HOME = os.path.expanduser("~/.cache/nextcall/model")


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def cosines(a, b):
    return (a.astype(np.float64) * b.astype(np.float64)).sum(axis=1)


def report(name, c):
    got = {"mean": c.mean(), "p1": np.percentile(c, 1), "min": c.min()}
    print(f"{name}: {len(c)} texts, cosine " +
          " ".join(f"{k} {v:.5f}" for k, v in got.items()), flush=True)
    return all(got[k] >= bar for k, bar in BARS.items())


def jsonl(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def retrieval(encode, folder):
    """Top-1 and MRR of a scenario's calls among its catalog, by cosine."""
    catalogs = {}
    for op in jsonl(os.path.join(folder, "arazzo.catalog.jsonl")):
        catalogs.setdefault(op["catalog"], []).append(op)
    scenarios = [s for s in jsonl(os.path.join(folder, "arazzo.scenarios.jsonl"))
                 if s["prompt"] and s["calls"]]
    texts = sorted({op["text"] for ops in catalogs.values() for op in ops} |
                   {s["prompt"] for s in scenarios})
    rows = dict(zip(texts, encode(texts)))
    top1, reciprocal = 0, 0.0
    for s in scenarios:
        ops = catalogs[s["catalog"]]
        scores = np.stack([rows[op["text"]] for op in ops]) @ rows[s["prompt"]]
        order = [ops[i]["id"] for i in np.argsort(-scores, kind="stable")]
        rank = next((i for i, id in enumerate(order) if id in s["calls"]), None)
        top1 += rank == 0
        reciprocal += 1 / (rank + 1) if rank is not None else 0
    return top1 / len(scenarios), reciprocal / len(scenarios), len(scenarios)


def compare_retrieval(encoders, folder):
    (t32, m32, n), (t8, m8, _) = (retrieval(e, folder) for e in encoders)
    print(f"retrieval, {n} prompts: float32 top-1 {t32:.4f} MRR {m32:.4f}, "
          f"int8 top-1 {t8:.4f} MRR {m8:.4f}")
    return abs(t8 - t32) <= 0.003 and abs(m8 - m32) <= 0.003


def peer(model, texts, f32):
    import tokenizers

    import minilm_onnx
    tokenizer = tokenizers.Tokenizer.from_file(os.path.join(model, "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    onnx = minilm_onnx.int8_session(minilm_onnx.load(model))
    rows = [minilm_onnx.embed(onnx.run(None, {"ids": np.array([tokenizer.encode(t).ids])})[0][0])
            for t in texts]
    report("ONNX Runtime int8, no bar", cosines(np.array(rows), f32))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--program", required=True)
    p.add_argument("--nextcall", required=True)
    p.add_argument("--model", default=os.environ.get("NXC_MODEL_DIR", HOME))
    p.add_argument("--cpu", default="auto")
    p.add_argument("--data")
    p.add_argument("--quick", action="store_true")
    p.add_argument("--peer", type=int, default=0)
    p.add_argument("-n", type=int, default=20000)
    a = p.parse_args()
    if not os.path.exists(os.path.join(a.model, "model.safetensors")):
        skip(f"no {a.model}/model.safetensors")
    texts = encode_texts.of_folder(a.data, a.n) if a.data else \
        sorted(set(encode_texts.generated(400 if a.quick else a.n)))
    with tempfile.TemporaryDirectory() as folder:
        packed = {d: os.path.join(folder, d) for d in ("f32", "int8")}
        for dtype, path in packed.items():
            subprocess.run([a.nextcall, "model", "pack", a.model, "--dtype", dtype,
                            "--output", path], check=True, stdout=subprocess.DEVNULL)
        print(f"int8 file: {os.path.getsize(packed['int8'])} bytes, cpu {a.cpu}")
        encoders = [lambda t, d=d: encode_texts.run(a.program, packed[d], a.cpu, t)["v"]
                    for d in ("f32", "int8")]
        f32, int8 = (e(texts) for e in encoders)
        ok = report("int8", cosines(f32, int8))
        if a.data and os.path.exists(os.path.join(a.data, "arazzo.catalog.jsonl")):
            ok &= compare_retrieval(encoders, a.data)
    if a.peer:
        peer(a.model, texts[:a.peer], f32[:a.peer])
    print("passed" if ok else f"FAILED: expected at least {BARS}, retrieval within 0.003")
    return 0 if ok else 1


try:
    import numpy as np

    import encode_texts
except ImportError as e:
    skip(f"the Python package {e.name} is not installed")
if __name__ == "__main__":
    sys.exit(main())
