#!/usr/bin/env python3
"""tools/calibrate on made scores: temperature and map are found again, the
errors that it states are those of the made truth, its notes are read by the
command, and the same input gives the same model.

usage: calibrate_test.py PATH-OF-NEXTCALL
"""
import importlib.machinery
import importlib.util
import os
import subprocess
import sys
import tempfile

import numpy as np

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
TOOL = os.path.join(ROOT, "tools", "calibrate")

MODEL = """tree
version=v4
num_class=1
num_tree_per_iteration=1
max_feature_idx=10
objective=lambdarank
feature_names=%s

Tree=0
num_leaves=1
num_cat=0
leaf_value=1

end of trees
nextcall notes
best_round=3
calibration.cold.temperature=77
end of nextcall notes
""" % " ".join(f"Column_{i}" for i in range(11))


def load():
    loader = importlib.machinery.SourceFileLoader("calibrate", TOOL)
    spec = importlib.util.spec_from_loader("calibrate", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def made(path, temperature, n_points=16000, seed=7):
    """Points whose called candidate is drawn by the softmax of the scores at a temperature; warm at another."""
    rng = np.random.default_rng(seed)
    n = rng.integers(2, 40, n_points)
    first = np.cumsum(n) - n
    is_warm = np.arange(n_points) % 2 == 1
    scores, gold = np.empty(n.sum()), np.empty(n_points, int)
    for i in range(n_points):
        s = rng.normal(0, 2, n[i])
        t = temperature * (2 if is_warm[i] else 1)
        p = np.exp((s - s.max()) / t)
        gold[i] = rng.choice(n[i], p=p / p.sum())
        scores[first[i]:first[i] + n[i]] = s
    np.savez(path, scores=scores, first=first, n=n, gold=gold, is_warm=is_warm,
             part=np.array(["a" if i % 5 else "b" for i in range(n_points)]),
             group=np.array([f"g{i // 10}" for i in range(n_points)]))


def main():
    nextcall = sys.argv[1]
    tool = load()
    assert list(tool.rising([3, 1, 2, 5], [1, 1, 2, 1])) == [2, 2, 2, 5]
    even = np.arange(1500) / 1500
    assert tool.ece(even, even, np.ones(1500)) < 1e-12
    assert abs(tool.ece(np.minimum(even + 0.1, 1), even, np.ones(1500)) - 0.1) < 0.01
    with tempfile.TemporaryDirectory() as folder:
        scores, model, docs, svg = (os.path.join(folder, f) for f in ("s.npz", "m.txt", "d.md", "f.svg"))
        made(scores, 0.8)
        texts = []
        for _ in range(2):
            with open(model, "w", encoding="utf-8") as out:
                out.write(MODEL)
            with open(docs, "w", encoding="utf-8") as out:
                out.write("head\n<!-- figures of tools/calibrate -->\nold\n<!-- end of figures -->\ntail\n")
            subprocess.run([sys.executable, TOOL, scores, "--model", model, "--docs", docs, "--svg", svg], check=True,
                           capture_output=True)
            with open(model, encoding="utf-8") as text:
                texts.append(text.read())
        assert texts[0] == texts[1]
        info = subprocess.run([nextcall, "model", "info", "--model", model], capture_output=True, text=True, check=True).stdout
        notes = dict(line.split(" ", 1) for line in info.splitlines() if line.startswith(("calibration", "best_round")))
        assert notes["best_round"].strip() == "3" and len(notes) == 7, info
        cold, warm = (float(notes[f"calibration.{k}.temperature"]) for k in ("cold", "warm"))
        assert 0.65 < cold < 1.0 and 1.3 < warm < 2.0, (cold, warm)
        with open(docs, encoding="utf-8") as text:
            page = text.read()
        assert page.startswith("head\n") and page.endswith("tail\n") and "\nold\n" not in page and "### Warm" in page
        with open(svg, encoding="utf-8") as text:
            assert text.read().startswith("<svg")
        data = dict(np.load(scores))
        points = tool.Points(data, ~data["is_warm"])
        p = tool.cross_fitted(points)
        y = points.label[points.top]
        assert tool.ece(p, y, points.weight) < 0.03, tool.ece(p, y, points.weight)
        assert tool.ece(points.shares(0.2)[points.top], y, points.weight) > 0.1
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
