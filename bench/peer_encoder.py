#!/usr/bin/env python3
"""A peer on the same model: a worker of bench/encoder.py, which see.

    peer_encoder.py ENGINE MODEL_DIR THREADS

ENGINE: onnxruntime-f32, onnxruntime-int8, openvino-bf16, openvino-int8,
sentence-transformers. It prints a line about itself, then answers requests as
bench_encoder --serve does. Exit 77 where its packages are missing.

What favours them: they get token ids, so tokenization is out of their time
(sentence-transformers alone is timed as its users run it, from text), and they
stop at the states of the tokens, without pooling. ONNX Runtime runs the graph of
its fused operators, int8 being its dynamic quantisation with weights a channel;
OpenVINO the same model of standard operators, compiled anew for the shape of
each row; its int8 is NNCF's static quantisation for transformers, calibrated
with our calibration texts. Batches are of equal length and go in parts of 20.
"""
import ast
import contextlib
import json
import os
import re
import sys
import time

if __name__ == "__main__":
    ENGINE, MODEL, THREADS = sys.argv[1], sys.argv[2], int(sys.argv[3])
else:  # bench/peer_accuracy.py
    ENGINE, MODEL, THREADS = "", sys.argv[1], 1
os.environ.pop("OPENBLAS_CORETYPE", None)
os.environ["OMP_NUM_THREADS"] = str(THREADS)
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_HUB_OFFLINE"] = "1"
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "golden"))
PART = 20
EVICT_BYTES = 96 << 20
MIN_RUNS, MAX_RUNS = 5, 4000


def calibration_texts():
    path = os.path.join(HERE, "..", "src", "encoder", "calibration_texts.def")
    with open(path, encoding="utf-8") as f:
        source = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    parts = re.findall(r'((?:"(?:[^"\\]|\\.)*"\s*)+),', source)
    return [ast.literal_eval("(" + part + ")") for part in parts]


class OnnxRuntime:
    def __init__(self, dtype):
        import minilm_onnx
        import onnxruntime
        self.name = f"ONNX Runtime {onnxruntime.__version__} {dtype}"
        make = {"f32": lambda t: minilm_onnx.session(t, fused=True, threads=THREADS),
                "int8": lambda t: minilm_onnx.int8_session(t, threads=THREADS)}[dtype]
        self.session = make(minilm_onnx.load(MODEL))

    def states(self, ids):
        return self.session.run(None, {"ids": ids})[0]


class OpenVino:
    is_fixed = True  # compiled for each shape; otherwise once for all

    def __init__(self, dtype):
        import minilm_onnx
        import openvino
        self.name = f"OpenVINO {openvino.__version__.split('-')[0]} {dtype}"
        self.core = openvino.Core()
        graph = minilm_onnx.build(minilm_onnx.load(MODEL))
        self.model = self.core.read_model(graph.SerializeToString())
        if dtype == "int8":
            self.model = self.quantized()
        self.config = {"INFERENCE_NUM_THREADS": THREADS, "NUM_STREAMS": 1,
                       "PERFORMANCE_HINT": "LATENCY",
                       "INFERENCE_PRECISION_HINT": "bf16" if dtype == "bf16" else "f32"}
        self.compiled = {}

    def quantized(self):
        """Made once, then read from the cache folder."""
        import nncf
        import openvino
        folder = os.path.join(os.path.dirname(MODEL.rstrip("/")), "bench")
        path = os.path.join(folder, f"minilm-nncf-{nncf.__version__}.xml")
        if not os.path.exists(path):
            os.makedirs(folder, exist_ok=True)
            with contextlib.redirect_stdout(sys.stderr):
                model = nncf.quantize(
                    self.model,
                    nncf.Dataset([ids_of([t]) for t in calibration_texts()],
                                 lambda ids: {"ids": ids}),
                    model_type=nncf.ModelType.TRANSFORMER,
                    preset=nncf.QuantizationPreset.MIXED)
            openvino.save_model(model, path, compress_to_fp16=False)
        return self.core.read_model(path)

    def states(self, ids):
        shape = ids.shape if self.is_fixed else None
        request = self.compiled.get(shape)
        if request is None:
            model = self.model.clone()
            if shape:
                model.reshape(list(shape))
            request = self.core.compile_model(model, "CPU", self.config).create_infer_request()
            self.compiled[shape] = request
        return next(iter(request.infer({0: ids}).values()))


class SentenceTransformers:
    def __init__(self):
        import sentence_transformers
        import torch
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.sentence_transformer import modules
        torch.set_num_threads(THREADS)
        self.name = (f"sentence-transformers {sentence_transformers.__version__} f32 "
                     f"(torch {torch.__version__.split('+')[0]})")
        body = modules.Transformer(MODEL, max_seq_length=256)
        self.model = SentenceTransformer(
            modules=[body, modules.Pooling(384), modules.Normalize()], device="cpu")

    def encode(self, texts):
        self.model.encode(texts, batch_size=32, show_progress_bar=False)


def ids_of(texts):
    global tokenizer
    if "tokenizer" not in globals():
        tokenizer = tokenizers.Tokenizer.from_file(os.path.join(MODEL, "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(256)
    return np.array([tokenizer.encode(t).ids for t in texts])


def runs_of(engine, texts, n):
    """One function a run, each over n of the texts."""
    groups = [texts[i : i + n] for i in range(0, len(texts), n)]
    if isinstance(engine, SentenceTransformers):
        return [lambda g=g: engine.encode(g) for g in groups]

    def run(ids):
        for first in range(0, n, PART):
            engine.states(ids[first : first + PART])

    return [lambda ids=ids_of(g): run(ids) for g in groups]


def measure(runs, seconds, evicts):
    us, cpu_us, start = [], [], None
    for r in range(-2, MAX_RUNS):
        if r == 0:
            start = time.perf_counter()
        if r >= MIN_RUNS and time.perf_counter() - start > seconds:
            break
        if evicts:
            walked.sum()
        t, cpu = time.perf_counter(), time.thread_time()
        runs[(r + 2) % len(runs)]()
        t, cpu = time.perf_counter() - t, time.thread_time() - cpu
        if r >= 0:
            us.append(t * 1e6)
            cpu_us.append(cpu * 1e6)
    us.sort()
    return {"unit": "us", "median": round(us[len(us) // 2], 1), "min": round(us[0], 1),
            "cpu_min": round(min(cpu_us), 1), "n": len(us)}


def peak_mb():
    try:
        with open("/proc/self/status") as f:
            return next(int(l.split()[1]) for l in f if l.startswith("VmHWM")) / 1024
    except (OSError, StopIteration):
        return None


def open_engine(name):
    kind, _, dtype = name.rpartition("-")
    with contextlib.redirect_stdout(sys.stderr):
        return {"onnxruntime": lambda: OnnxRuntime(dtype), "openvino": lambda: OpenVino(dtype),
                "sentence": SentenceTransformers}[kind]()


def main():
    t = time.perf_counter()
    engine = open_engine(ENGINE)
    with contextlib.redirect_stdout(sys.stderr):
        opened = time.perf_counter() - t
        first = runs_of(engine, ["refund the last charge in full"], 1)[0]
        t = time.perf_counter()
        first()
    print(json.dumps({"name": engine.name, "open_ms": round(opened * 1e3, 1),
                      "first_ms": round((time.perf_counter() - t) * 1e3, 1),
                      "peak_mb": round(peak_mb() or 0, 1)}), flush=True)
    while request := sys.stdin.readline().split():
        seconds, evicts = float(request[0]), request[1] == "1"
        n, n_all = int(request[2]), int(request[3])
        texts = [sys.stdin.readline().rstrip("\n") for _ in range(n_all)]
        with contextlib.redirect_stdout(sys.stderr):
            runs = runs_of(engine, texts, n)
            for run in runs[:1] * 2:
                run()  # shapes are compiled, memory is there
            answer = measure(runs, seconds, evicts)
        print(json.dumps(answer), flush=True)


try:
    import numpy as np
    import tokenizers

    if __name__ == "__main__":
        walked = np.ones(EVICT_BYTES // 8, dtype=np.int64)
        main()
except ImportError as e:
    print(f"{ENGINE or 'peers'}: the Python package {e.name} is not installed", file=sys.stderr)
    sys.exit(77)
