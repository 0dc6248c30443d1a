#!/usr/bin/env python3
"""Compare a packed dtype's embeddings with our float32 ones (which compare_encoder.py holds
against ONNX Runtime).

    compare_packed.py --program encode_lines --nextcall nextcall [--dtype int8|bf16] [--model DIR]
                      [--cpu LEVEL] [--data DIR | --quick] [-n 20000] [--peer 500]

Packs the model both ways, encodes the same distinct texts whole, and fails unless mean, 1st
percentile and smallest cosine reach the bars of the dtype (BARS). --data takes
the strings of every JSON line of a folder and, where it holds arazzo.catalog.jsonl and
arazzo.scenarios.jsonl, compares retrieval by cosine too (top-1 and MRR within 0.003);
--quick generates sentences. --peer measures ONNX Runtime's dynamic int8 on that many
texts besides. Exit 77 (skipped) where the packages or the model are missing.
"""
import argparse
import os
import subprocess
import sys
import tempfile

BARS = {"int8": {"mean": 0.999, "p1": 0.997, "min": 0.99},
        "bf16": {"mean": 0.9999, "p1": 0.9998, "min": 0.9995}}
MAX_BYTES = {"int8": 24_000_000, "bf16": 46_000_000}
HOME = os.path.expanduser("~/.cache/nextcall/model")


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def cosines(a, b):
    return (a.astype(np.float64) * b.astype(np.float64)).sum(axis=1)


def report(name, c, bars):
    got = {"mean": c.mean(), "p1": np.percentile(c, 1), "min": c.min()}
    print(f"{name}: {len(c)} texts, cosine " +
          " ".join(f"{k} {v:.5f}" for k, v in got.items()), flush=True)
    return all(got[k] >= bar for k, bar in bars.items())


def compare_retrieval(dtype, encoders, folder):
    """Of a scenario's calls among its catalog."""
    part = retrieval.Part(folder, "arazzo")
    (t32, m32), (t8, m8) = (part.measure(e(part.texts), e(part.prompts)) for e in encoders)
    print(f"retrieval, {len(part.scenarios)} prompts: float32 top-1 {t32:.4f} MRR {m32:.4f}, "
          f"{dtype} top-1 {t8:.4f} MRR {m8:.4f}")
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
    report("ONNX Runtime int8, no bar", cosines(np.array(rows), f32), {})


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--program", required=True)
    p.add_argument("--nextcall", required=True)
    p.add_argument("--dtype", choices=sorted(BARS), default="int8")
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
        packed = {d: os.path.join(folder, d) for d in ("f32", a.dtype)}
        for dtype, path in packed.items():
            subprocess.run([a.nextcall, "model", "pack", a.model, "--dtype", dtype,
                            "--output", path], check=True, stdout=subprocess.DEVNULL)
        n_bytes = os.path.getsize(packed[a.dtype])
        print(f"{a.dtype} file: {n_bytes} bytes, cpu {a.cpu}")
        encoders = [lambda t, d=d: encode_texts.run(a.program, packed[d], a.cpu, t)["v"]
                    for d in ("f32", a.dtype)]
        f32, rows = (e(texts) for e in encoders)
        ok = report(a.dtype, cosines(f32, rows), BARS[a.dtype])
        ok &= n_bytes <= MAX_BYTES[a.dtype]
        if a.data and os.path.exists(os.path.join(a.data, "arazzo.catalog.jsonl")):
            ok &= compare_retrieval(a.dtype, encoders, a.data)
    if a.peer:
        peer(a.model, texts[:a.peer], f32[:a.peer])
    print("passed" if ok else f"FAILED: expected at least {BARS[a.dtype]}, retrieval within 0.003 "
          f"and at most {MAX_BYTES[a.dtype]} bytes")
    return 0 if ok else 1


try:
    import numpy as np

    import encode_texts
    import retrieval
except ImportError as e:
    skip(f"the Python package {e.name} is not installed")
if __name__ == "__main__":
    sys.exit(main())
