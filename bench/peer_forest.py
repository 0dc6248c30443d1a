#!/usr/bin/env python3
"""ONNX Runtime's tree ensemble on the models of train_forests.py.

    peer_forest.py DIR NAME...

The graph is written here, node by node (thresholds are float32 there, so its
scores are near LightGBM's, not equal). One JSON line for each number of rows a
call, as bench_forest prints them.
"""
import json
import os
import sys
import time

try:
    import lightgbm as lgb
    import numpy as np
    import onnx
    import onnxruntime
except ImportError as e:
    print(f"skipped: the Python package {e.name} is not installed", file=sys.stderr)
    sys.exit(77)

STEPS = [1, 5, 20, 64, 200, 1000, 10000]


def ensemble(booster):
    a = {k: [] for k in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids",
                         "missing_value_tracks_true")}
    leaf = {k: [] for k in ("treeids", "nodeids", "ids", "weights")}

    def add(tree, node, counter):
        own = counter[0]
        counter[0] += 1
        at = len(a["nodeids"])
        is_leaf = "leaf_value" in node
        for key, value in (("treeids", tree), ("nodeids", own), ("featureids", node.get("split_feature", 0)),
                           ("values", float(node.get("threshold", 0.0))), ("modes", "LEAF" if is_leaf else "BRANCH_LEQ"),
                           ("truenodeids", 0), ("falsenodeids", 0),
                           ("missing_value_tracks_true", int(node.get("default_left", False)))):
            a[key].append(value)
        if is_leaf:
            for key, value in (("treeids", tree), ("nodeids", own), ("ids", 0), ("weights", node["leaf_value"])):
                leaf[key].append(value)
        else:
            a["truenodeids"][at] = add(tree, node["left_child"], counter)
            a["falsenodeids"][at] = add(tree, node["right_child"], counter)
        return own

    for i, tree in enumerate(booster.dump_model()["tree_info"]):
        add(i, tree["tree_structure"], [0])
    node = onnx.helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", n_targets=1,
                                 **{"nodes_" + k: v for k, v in a.items()},
                                 **{"target_" + k: v for k, v in leaf.items()})
    f32 = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph([node], "forest",
                                   [onnx.helper.make_tensor_value_info("x", f32, [None, booster.num_feature()])],
                                   [onnx.helper.make_tensor_value_info("y", f32, [None, 1])])
    return onnx.helper.make_model(graph, ir_version=8, opset_imports=[onnx.helper.make_opsetid("ai.onnx.ml", 3),
                                                                     onnx.helper.make_opsetid("", 17)])


def measure(name, peer, rows, call):
    for step in STEPS:
        part = np.ascontiguousarray(np.resize(rows, (max(step, 2000), rows.shape[1])))
        runs = []
        start = time.perf_counter()
        while len(runs) < 5 or (len(runs) < 15 and time.perf_counter() - start < 1):
            before = time.perf_counter_ns()
            for i in range(0, len(part) - step + 1, step):
                call(part[i:i + step])
            runs.append((time.perf_counter_ns() - before) / (len(part) // step * step))
        runs.sort()
        print(json.dumps({"what": f"score {step} rows a call, {name}", "peer": peer, "unit": "ns",
                          "median": round(runs[len(runs) // 2]), "min": round(runs[0]), "n": len(runs)}), flush=True)


def main():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    for name in sys.argv[2:]:
        path = os.path.join(sys.argv[1], name)
        booster = lgb.Booster(model_file=path + ".txt")
        rows = np.fromfile(path + ".f64").reshape(-1, booster.num_feature())
        session = onnxruntime.InferenceSession(ensemble(booster).SerializeToString(), options,
                                               providers=["CPUExecutionProvider"])
        narrow = rows.astype(np.float32)
        far = np.abs(session.run(None, {"x": narrow})[0][:, 0] - booster.predict(rows, raw_score=True)).max()
        print(f"{name}: ONNX Runtime's scores differ by at most {far:.2g}", file=sys.stderr)
        measure(name, f"onnxruntime {onnxruntime.__version__}", narrow, lambda x: session.run(None, {"x": x}))


main()
