#!/usr/bin/env python3
"""Time of ONNX Runtime on the same model, one thread; one JSON line a figure.

    peer_encoder.py MODEL_DIR [SECONDS_PER_ROW [f32|int8]]

The graph uses ONNX Runtime's fused operators (Attention, SkipLayerNormalization,
BiasGelu), which is the fastest form it has. Tokenization and pooling are left
out of its time, which favours it. Batches are of equal length, so it pads nothing.
int8 is its dynamic quantisation of that graph: weights a channel, every MatMul and
Attention. Without a dtype both are timed.
"""
import json
import os
import sys
import time

os.environ.pop("OPENBLAS_CORETYPE", None)
os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tests", "golden"))
try:
    import numpy as np
    import onnxruntime

    import minilm_onnx
except ImportError as e:
    print(f"skipped: the Python package {e.name} is not installed", file=sys.stderr)
    sys.exit(77)


def session_of(tensors, dtype):
    if dtype == "f32":
        return minilm_onnx.session(tensors, fused=True)
    return minilm_onnx.int8_session(tensors)


def bench(session, dtype, seconds):
    r = np.random.default_rng(1)
    for n, tokens in [(1, 8), (1, 16), (1, 32), (1, 64), (1, 128), (1, 256), (100, 16)]:
        us, cpu_us = [], []
        start = None
        for run in range(-3, 4000):
            if run == 0:
                start = time.perf_counter()
            if run >= 15 and time.perf_counter() - start > seconds:
                break
            ids = r.integers(1996, 29000, (n, tokens))
            t, cpu = time.perf_counter(), time.thread_time()
            for first in range(0, n, 20):  # as fast as larger batches or faster
                session.run(None, {"ids": ids[first : first + 20]})
            t, cpu = time.perf_counter() - t, time.thread_time() - cpu
            if run >= 0:
                us.append(t * 1e6)
                cpu_us.append(cpu * 1e6)
        us.sort()
        print(json.dumps({"what": f"encode {n} x {tokens} tokens, {dtype}",
                          "peer": f"onnxruntime {onnxruntime.__version__} {dtype}",
                          "unit": "us", "median": round(us[len(us) // 2], 1), "min": round(us[0], 1),
                          "cpu_min": round(min(cpu_us), 1), "n": len(us)}), flush=True)


def main():
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    tensors = minilm_onnx.load(sys.argv[1])
    for dtype in sys.argv[3:4] or ["f32", "int8"]:
        bench(session_of(tensors, dtype), dtype, seconds)


main()
