#!/usr/bin/env python3
"""The peers' embeddings beside ours: cosine with our float32.

    NXC_VENV=peers tools/venv bench/peer_accuracy.py MODEL_DIR ENCODE_LINES [DATA_DIR [TEXTS]]

ENCODE_LINES is the program of the tests. The texts are whole, those of
tests/golden/compare_packed.py: strings of the JSON lines of DATA_DIR, or generated
ones. OpenVINO runs one model for all lengths here.
"""
import os
import sys

import numpy as np
import peer_encoder  # brings tests/golden into the path

import encode_texts
import minilm_onnx

ENGINES = ["onnxruntime-int8", "openvino-int8", "openvino-bf16"]


def row(name, f32, rows):
    c = (f32.astype(np.float64) * rows.astype(np.float64)).sum(axis=1)
    print(f"| {name} | {len(c)} | {c.mean():.5f} | {np.percentile(c, 1):.5f} | {c.min():.5f} |",
          flush=True)


def main():
    model, program = sys.argv[1:3]
    n = int(sys.argv[4]) if len(sys.argv) > 4 else 1000
    texts = encode_texts.of_folder(sys.argv[3], n) if len(sys.argv) > 3 else \
        sorted(set(encode_texts.generated(n)))

    def ours(dtype):
        return encode_texts.run(program, os.path.join(model, f"minilm-{dtype}.nxm"), "auto",
                                texts)["v"]

    f32 = ours("f32")
    print("| | texts | mean | 1st percentile | minimum |\n|---|---|---|---|---|")
    for dtype in ("int8", "bf16"):
        if os.path.exists(os.path.join(model, f"minilm-{dtype}.nxm")):
            row(f"Nextcall {dtype}", f32, ours(dtype))
    peer_encoder.OpenVino.is_fixed = False
    for name in ENGINES:
        try:
            engine = peer_encoder.open_engine(name)
        except ImportError as e:
            print(f"{name}: the Python package {e.name} is not installed", file=sys.stderr)
            continue
        row(engine.name, f32, np.array([minilm_onnx.embed(engine.states(peer_encoder.ids_of([t]))[0])
                                        for t in texts]))


main()
