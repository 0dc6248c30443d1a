#!/usr/bin/env python3
"""Compare our embeddings with those of ONNX Runtime (float32) and NumPy (float64).

    compare_encoder.py --program encode_lines --packed minilm-f32.nxm
                       [--model DIR] [--cpu LEVEL] [--data DIR | --quick] [-n 5000]

Fails unless every cosine is at least 0.99999. Token ids of the oracles come from
the package `tokenizers`, so the tokenizer is compared along. --data takes the
strings of every JSON line of a folder, --quick generates sentences. Exit 77
(skipped) where the packages or the model are missing.
"""
import argparse
import os
import sys

BAR = 0.99999
HOME = os.path.expanduser("~/.cache/nextcall/model")


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def report(name, cosines):
    print(f"{name}: {len(cosines)} texts, cosine min {min(cosines):.8f} "
          f"mean {sum(cosines) / len(cosines):.8f}")
    return min(cosines) >= BAR


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--program", required=True)
    p.add_argument("--model", default=os.environ.get("NXC_MODEL_DIR", HOME))
    p.add_argument("--packed")
    p.add_argument("--cpu", default="auto")
    p.add_argument("--data")
    p.add_argument("--quick", action="store_true")
    p.add_argument("-n", type=int, default=5000)
    p.add_argument("--n64", type=int, default=50, help="texts in float64 too")
    a = p.parse_args()
    packed = a.packed or os.path.join(a.model, "minilm-f32.nxm")
    for path in (os.path.join(a.model, "model.safetensors"), packed):
        if not os.path.exists(path):
            skip(f"no {path}")
    tokenizer = tokenizers.Tokenizer.from_file(os.path.join(a.model, "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    texts = encode_texts.of_folder(a.data, a.n) if a.data else \
        encode_texts.generated(120 if a.quick else a.n)
    rows = encode_texts.run(a.program, packed, a.cpu, texts)
    tensors = minilm_onnx.load(a.model)
    onnx = minilm_onnx.session(tensors)
    n64 = min(a.n64, 10) if a.quick else a.n64
    plain, exact, n_tokens, ok = [], [], 0, True
    for i, text in enumerate(texts):
        ids = np.array(tokenizer.encode(text).ids)
        v = rows[i]["v"].astype(np.float64)
        if len(ids) != rows[i]["n"] or abs(np.linalg.norm(v) - 1) > 1e-6:
            print(f"text {i}: expected {len(ids)} tokens and norm 1, got "
                  f"{rows[i]['n']} and {np.linalg.norm(v)}: {text[:60]!r}")
            ok = False
        n_tokens += len(ids)
        states = onnx.run(None, {"ids": ids[None]})[0][0]
        plain.append(float(v @ minilm_onnx.embed(states)))
        if i % max(1, len(texts) // n64) == 0:
            states = minilm_onnx.forward64(tensors, ids)
            exact.append(float(v @ minilm_onnx.embed(states)))
    print(f"{len(texts)} texts, {n_tokens} tokens, cpu {a.cpu}")
    ok &= report("ONNX Runtime float32", plain)
    ok &= report("NumPy float64", exact)
    print("passed" if ok else f"FAILED: expected cosines of at least {BAR}")
    return 0 if ok else 1


try:
    import numpy as np
    import onnx  # noqa: F401
    import onnxruntime  # noqa: F401
    import tokenizers

    import encode_texts
    import minilm_onnx
except ImportError as e:
    skip(f"the Python package {e.name} is not installed")
sys.exit(main())
