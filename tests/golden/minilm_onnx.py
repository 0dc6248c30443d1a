"""all-MiniLM-L6-v2 from its safetensors as an ONNX graph, and in float64.

    load(model_dir)            tensors by name
    build(tensors, fused)      an onnx.ModelProto: ids (b, n) -> states (b, n, 384)
    forward64(tensors, ids)    last hidden state in double precision, NumPy only
    embed(states)              mean over the tokens, L2-normalised

    int8_session(tensors)      ONNX Runtime's dynamic int8 of the fused graph

fused=False uses standard operators alone (the oracle of compare_encoder.py);
fused=True the fused ones of ONNX Runtime (the opponent of bench/peer_encoder.py).
"""
import json
import math
import os
import struct

import numpy as np

HEADS = 12


def load(model_dir):
    with open(os.path.join(model_dir, "model.safetensors"), "rb") as f:
        raw = f.read()
    (n,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + n])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        a, b = entry["data_offsets"]
        data = np.frombuffer(raw[8 + n + a : 8 + n + b], dtype="<f4")
        tensors[name.removeprefix("bert.")] = data.reshape(entry["shape"])
    return tensors


def n_layers(tensors):
    return sum(n.endswith("attention.self.query.weight") for n in tensors)


def embed(states):
    mean = states.mean(axis=0, dtype=np.float64)
    return mean / max(np.linalg.norm(mean), 1e-12)


def _norm64(x, t, name):
    d = x - x.mean(-1, keepdims=True)
    sd = np.sqrt((d * d).mean(-1, keepdims=True) + 1e-12)
    return d / sd * t[name + ".weight"] + t[name + ".bias"]


def forward64(tensors, ids):
    t = {k: v.astype(np.float64) for k, v in tensors.items()
         if k.startswith("encoder.") or "LayerNorm" in k}
    erf = np.vectorize(math.erf)
    e = "embeddings."
    x = tensors[e + "word_embeddings.weight"][ids].astype(np.float64)
    x += tensors[e + "token_type_embeddings.weight"][0].astype(np.float64)
    x += tensors[e + "position_embeddings.weight"][: len(ids)].astype(np.float64)
    x = _norm64(x, t, e + "LayerNorm")
    for i in range(n_layers(tensors)):
        p = f"encoder.layer.{i}."

        def lin(name, v):
            return v @ t[p + name + ".weight"].T + t[p + name + ".bias"]

        q, k, v = (lin("attention.self." + s, x).reshape(len(ids), HEADS, -1)
                   .transpose(1, 0, 2) for s in ("query", "key", "value"))
        s = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1])
        s = np.exp(s - s.max(-1, keepdims=True))
        s /= s.sum(-1, keepdims=True)
        c = (s @ v).transpose(1, 0, 2).reshape(len(ids), -1)
        x = _norm64(x + lin("attention.output.dense", c), t,
                    p + "attention.output.LayerNorm")
        h = lin("intermediate.dense", x)
        h = h / 2 * (1 + erf(h / math.sqrt(2)))
        x = _norm64(x + lin("output.dense", h), t, p + "output.LayerNorm")
    return x


class _Graph:
    def __init__(self):
        self.nodes, self.weights, self.n = [], {}, 0

    def const(self, array):
        from onnx import numpy_helper
        name = f"w{len(self.weights)}"
        self.weights[name] = numpy_helper.from_array(
            np.ascontiguousarray(array), name)
        return name

    def op(self, kind, *inputs, domain="", **attributes):
        from onnx import helper
        self.n += 1
        out = f"t{self.n}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out],
                                           domain=domain, **attributes))
        return out


def _layer_plain(g, t, p, x):
    def lin(name, v):
        return g.op("Add", g.op("MatMul", v, g.const(t[p + name + ".weight"].T)),
                    g.const(t[p + name + ".bias"]))

    def heads(name, perm):
        y = g.op("Reshape", lin("attention.self." + name, x),
                 g.const(np.array([0, -1, HEADS, 32])))
        return g.op("Transpose", y, perm=perm)

    def norm(name, v):
        return g.op("LayerNormalization", v, g.const(t[p + name + ".weight"]),
                    g.const(t[p + name + ".bias"]), epsilon=1e-12)

    s = g.op("MatMul", heads("query", [0, 2, 1, 3]), heads("key", [0, 2, 3, 1]))
    s = g.op("Mul", s, g.const(np.float32(1 / math.sqrt(32))))
    c = g.op("MatMul", g.op("Softmax", s, axis=-1), heads("value", [0, 2, 1, 3]))
    c = g.op("Reshape", g.op("Transpose", c, perm=[0, 2, 1, 3]),
             g.const(np.array([0, -1, 384])))
    x = norm("attention.output.LayerNorm",
             g.op("Add", x, lin("attention.output.dense", c)))
    h = lin("intermediate.dense", x)
    e = g.op("Erf", g.op("Mul", h, g.const(np.float32(math.sqrt(0.5)))))
    h = g.op("Mul", g.op("Mul", h, g.const(np.float32(0.5))),
             g.op("Add", e, g.const(np.float32(1))))
    return norm("output.LayerNorm", g.op("Add", x, lin("output.dense", h)))


def _layer_fused(g, t, p, x):
    ms = {"domain": "com.microsoft"}
    names = ["attention.self." + s for s in ("query", "key", "value")]
    w = np.concatenate([t[p + n + ".weight"].T for n in names], axis=1)
    b = np.concatenate([t[p + n + ".bias"] for n in names])
    c = g.op("Attention", x, g.const(w), g.const(b), num_heads=HEADS, **ms)

    def add_norm(residual, dense, norm, v):
        y = g.op("MatMul", v, g.const(t[p + dense + ".weight"].T))
        return g.op("SkipLayerNormalization", y, residual,
                    g.const(t[p + norm + ".weight"]),
                    g.const(t[p + norm + ".bias"]),
                    g.const(t[p + dense + ".bias"]), epsilon=1e-12, **ms)

    x = add_norm(x, "attention.output.dense", "attention.output.LayerNorm", c)
    h = g.op("MatMul", x, g.const(t[p + "intermediate.dense.weight"].T))
    h = g.op("BiasGelu", h, g.const(t[p + "intermediate.dense.bias"]), **ms)
    return add_norm(x, "output.dense", "output.LayerNorm", h)


def build(t, fused=False):
    from onnx import TensorProto, helper
    g = _Graph()
    e = "embeddings."
    words = g.op("Gather", g.const(t[e + "word_embeddings.weight"]), "ids")
    rows = t[e + "position_embeddings.weight"] + t[e + "token_type_embeddings.weight"][0]
    n = g.op("Slice", g.const(rows), g.const(np.array([0])),
             g.op("Slice", g.op("Shape", "ids"), g.const(np.array([1])),
                  g.const(np.array([2]))), g.const(np.array([0])))
    x = g.op("LayerNormalization", g.op("Add", words, n),
             g.const(t[e + "LayerNorm.weight"]), g.const(t[e + "LayerNorm.bias"]),
             epsilon=1e-12)
    layer = _layer_fused if fused else _layer_plain
    for i in range(n_layers(t)):
        x = layer(g, t, f"encoder.layer.{i}.", x)
    g.nodes.append(helper.make_node("Identity", [x], ["states"]))
    graph = helper.make_graph(
        g.nodes, "minilm",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "n"])],
        [helper.make_tensor_value_info("states", TensorProto.FLOAT, ["batch", "n", 384])],
        list(g.weights.values()))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def session(tensors, fused=False, threads=1):
    return _session(build(tensors, fused).SerializeToString(), threads)


def int8_session(tensors, threads=1):
    """ONNX Runtime's own dynamic int8 of the fused graph, weights per channel."""
    import tempfile

    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    with tempfile.TemporaryDirectory() as folder:
        plain, int8 = os.path.join(folder, "f32.onnx"), os.path.join(folder, "int8.onnx")
        onnx.save(build(tensors, fused=True), plain)
        quantize_dynamic(plain, int8, op_types_to_quantize=["MatMul", "Attention"],
                         per_channel=True, weight_type=QuantType.QInt8,
                         extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT})
        with open(int8, "rb") as f:
            return _session(f.read(), threads)


def _session(model, threads):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options,
                                        providers=["CPUExecutionProvider"])
