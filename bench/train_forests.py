#!/usr/bin/env python3
"""Trains the LightGBM models that bench_forest scores, once, into a folder.

    train_forests.py DIR

Writes NAME.txt (the model) and NAME.f64 (4,000 rows of doubles) for each shape
trees x leaves x features, and prints "NAME LIBRARY" lines, LIBRARY being
LightGBM's shared library. LambdaRank on seeded synthetic data; every fourth
feature has 8 integer values, one value in twenty is missing.
"""
import os
import sys

try:
    import lightgbm as lgb
    import numpy as np
except ImportError as e:
    print(f"skipped: the Python package {e.name} is not installed", file=sys.stderr)
    sys.exit(77)

SHAPES = [(100, 31, 11), (300, 63, 60)]
GROWTH = [(10, 31, 11), (1000, 31, 11), (5000, 31, 11), (100, 7, 11), (100, 127, 11), (100, 255, 11)]


def data(rng, n, n_features):
    x = rng.standard_normal((n, n_features))
    x[:, 3::4] = rng.integers(0, 8, x[:, 3::4].shape)
    x[rng.random(x.shape) < 0.05] = np.nan
    weights = rng.standard_normal(n_features)
    signal = np.nan_to_num(x) @ weights + np.sin(3 * np.nan_to_num(x[:, 0])) * 2
    signal += np.nan_to_num(x[:, 1]) * np.nan_to_num(x[:, 2]) + rng.standard_normal(n)
    return x, np.clip(np.argsort(np.argsort(signal)) * 5 // n, 0, 4)


def train(folder, trees, leaves, n_features):
    name = f"{trees}x{leaves}x{n_features}"
    path = os.path.join(folder, name)
    if not os.path.exists(path + ".txt"):
        rng = np.random.default_rng(7)
        x, y = data(rng, 20000, n_features)
        params = dict(objective="lambdarank", num_leaves=leaves, learning_rate=0.05, min_data_in_leaf=5,
                      verbosity=-1, num_threads=1, seed=1, deterministic=True, force_row_wise=True)
        booster = lgb.train(params, lgb.Dataset(x, y, group=[20] * 1000), num_boost_round=trees)
        rows, _ = data(np.random.default_rng(8), 4000, n_features)
        rows.astype("<f8").tofile(path + ".f64")
        booster.save_model(path + ".tmp")
        os.replace(path + ".tmp", path + ".txt")
    print(name)


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    print(os.path.join(os.path.dirname(lgb.__file__), "lib", "lib_lightgbm.so"))
    for shape in SHAPES + GROWTH:
        train(sys.argv[1], *shape)


main()
