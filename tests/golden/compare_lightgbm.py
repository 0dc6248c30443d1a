#!/usr/bin/env python3
"""Trains seeded LightGBM models and compares our scores with LightGBM's.

    compare_lightgbm.py SCORE_ROWS [--rounds N] [--rows N] [--only NAME]
                        [--keep DIR]

Scores must agree in every bit (linear trees too), from double rows and from float rows, in calls
of 1 to 130 rows, at each level that the machine has (one after the other, a
model each; --all-levels: every model at every level). Contributions of 20 rows
must agree within 1e-12 of the largest of their row. LightGBM
reads the same file as we do; every third model is rewritten as a v3 file and
every third as a v2 file without the fields that came later. Each round trains every variant below with another seed. Of the rows a
third looks like the training data; in the rest each value is drawn from those
that decide: every threshold of the model and its two neighbours, zeros, values
around 1e-35, denormals, infinities, NaN, categories that are negative,
fractional, unseen or beyond 2^31. Exit code 77 without lightgbm or numpy.
"""
import argparse
import os
import subprocess
import sys
import tempfile

try:
    import lightgbm as lgb
    import numpy as np
except ImportError as e:
    print(f"skipped: {e}", file=sys.stderr)
    sys.exit(77)

CATEGORICAL = [1, 4]
N_FEATURES = 11

# name, parameters, trees, data options
VARIANTS = [
    ("lambdarank", dict(objective="lambdarank"), 30, {}),
    ("lambdarank_nan", dict(objective="lambdarank"), 40, dict(nan=0.2)),
    ("lambdarank_categories", dict(objective="lambdarank"), 30,
     dict(nan=0.1, categories=True)),
    ("lambdarank_wide_categories", dict(objective="lambdarank", num_leaves=63,
                                        cat_smooth=1, min_data_per_group=5), 20,
     dict(nan=0.05, categories=True, n_categories=700)),
    ("xendcg_zero_as_missing", dict(objective="rank_xendcg",
                                    zero_as_missing=True), 30,
     dict(nan=0.1, zero=0.3, categories=True)),
    ("xendcg_no_missing", dict(objective="rank_xendcg", use_missing=False), 30,
     dict(nan=0.2, zero=0.2)),
    ("regression_max_bin_15", dict(objective="regression", max_bin=15), 40,
     dict(nan=0.1, zero=0.1)),
    ("regression_max_bin_1023", dict(objective="regression", max_bin=1023,
                                     num_leaves=127), 20, dict(nan=0.1)),
    ("regression_tiny", dict(objective="regression"), 30,
     dict(scale=3e-35, zero=0.2)),
    ("binary_dart", dict(objective="binary", boosting="dart"), 30,
     dict(nan=0.1, categories=True)),
    ("random_forest", dict(objective="regression", boosting="rf",
                           bagging_freq=1, bagging_fraction=0.7), 21,
     dict(nan=0.1, categories=True)),
    ("random_forest_binary", dict(objective="binary", boosting="rf",
                                  bagging_freq=1, bagging_fraction=0.6,
                                  zero_as_missing=True), 13,
     dict(zero=0.3, nan=0.1)),
    ("stumps", dict(objective="regression", num_leaves=2), 50, dict(nan=0.3)),
    ("one_leaf", dict(objective="regression", min_data_in_leaf=100000), 3, {}),
    ("custom", dict(objective="custom"), 20, dict(nan=0.1)),
] + [(f"linear_{i}", dict(p, linear_tree=True, linear_lambda=lam), 15, dict(d))
     for i, (p, lam, d) in enumerate((
         (dict(objective="regression"), 0.0, dict(nan=0.1)),
         (dict(objective="regression", num_leaves=7), 1.0,
          dict(zero=0.3, categories=True)),
         (dict(objective="binary", boosting="dart"), 0.1, dict(nan=0.05)),
         (dict(objective="regression", boosting="rf", bagging_freq=1,
               bagging_fraction=0.7), 0.0, dict(nan=0.1)),
         (dict(objective="regression", num_leaves=300, min_data_in_leaf=2),
          0.01, dict(nan=0.02))))] + [
    # beyond what the plan of the kernels holds, or at its edges
    ("leaves_256", dict(objective="regression", num_leaves=256,
                        min_data_in_leaf=2), 5, dict(nan=0.1)),
    ("leaves_700", dict(objective="regression", num_leaves=700,
                        min_data_in_leaf=1), 4,
     dict(nan=0.1, categories=True)),
    ("features_4096", dict(objective="regression", feature_fraction=0.3), 20,
     dict(nan=0.1, n_features=4096)),
    ("trees_10000", dict(objective="regression", num_leaves=3,
                         learning_rate=0.01), 10000, dict(nan=0.1)),
]


def make_data(rng, n, nan=0.0, zero=0.0, categories=False, n_categories=24,
              scale=1.0, n_features=N_FEATURES):
    x = rng.standard_normal((n, n_features))
    x[:, 2] = np.exp(rng.standard_normal(n) * 20)  # many magnitudes
    x[:, 3] = rng.integers(0, 5, n)
    x[:, 5] = np.round(x[:, 5], 1)
    x[:, 6] = -x[:, 2] * rng.random(n)
    x *= scale
    for c in CATEGORICAL:
        x[:, c] = rng.integers(0, n_categories, n)
    signal = (np.nan_to_num(x[:, 0] / scale) + np.sin(x[:, 3] / scale)
              + (x[:, 1] % 7) - (x[:, 4] % 3) * 0.7
              + np.log(np.abs(x[:, 2] / scale) + 1e-9) * 0.1)
    if zero:
        x[rng.random(x.shape) < zero] = 0.0
    if nan:
        gone = rng.random(x.shape) < nan
        gone[:, 7] = False
        x[gone] = np.nan
    y = signal + rng.standard_normal(n) * 0.3
    return x, y, (CATEGORICAL if categories else [])


def train(rng, seed, params, trees, data):
    n = 400 if data.get("n_features", 0) > 1000 else 3000
    x, y, categorical = make_data(rng, n, **data)
    params = dict(params, verbosity=-1, num_threads=1, seed=seed,
                  deterministic=True, force_row_wise=True)
    objective = params["objective"]
    group = None
    if objective in ("lambdarank", "rank_xendcg"):
        y = np.clip(np.argsort(np.argsort(y)) * 5 // n, 0, 4)
        group = [20] * (n // 20)
    elif objective == "binary":
        y = (y > np.median(y)).astype(float)
    elif objective == "custom":
        params["objective"] = lambda p, d: (p - d.get_label(),
                                            np.ones_like(p))
    keep = {k: params[k] for k in ("max_bin", "zero_as_missing", "use_missing",
                               "linear_tree") if k in params}
    dataset = lgb.Dataset(x, y, group=group, params=dict(keep, verbosity=-1),
                          categorical_feature=categorical,
                          free_raw_data=False)
    return lgb.train(params, dataset, num_boost_round=trees), x


def decisive_values(model_text, n_features):
    """Per feature the thresholds of its numerical nodes."""
    values = [set() for _ in range(n_features)]
    for block in model_text.split("\nTree=")[1:]:
        fields = dict(line.split("=", 1) for line in block.split("\n\n")[0]
                      .splitlines()[1:] if "=" in line)
        if int(fields["num_leaves"]) < 2:
            continue
        for f, t, d in zip(fields["split_feature"].split(),
                           fields["threshold"].split(),
                           fields["decision_type"].split()):
            if not int(d) & 1:
                values[int(f)].add(float(t))
    return [sorted(v) for v in values]


ZERO = float(np.float32(1e-35))
ODD = np.array([0.0, -0.0, 1.0, -1.0, ZERO, -ZERO, np.nextafter(ZERO, 1),
                np.nextafter(ZERO, 0), -np.nextafter(ZERO, 1),
                -np.nextafter(ZERO, 0), 1e-35, 5e-324, -5e-324, 1e-310, 1e300,
                -1e300, 1.7976931348623157e308, np.inf, -np.inf, np.nan,
                np.nan, 0.5, -0.5, -0.999999, 3.9, 31.0, 32.0, 63.5, 255.0,
                256.0, 699.0, 700.0, 2.0**31 - 1, 2.0**31, 2.0**32 + 3,
                -2.0**31, -2.0**31 - 1, 2.0**63, 1e19, -1e19])


def make_rows(rng, x, thresholds, n):
    rows = x[rng.integers(0, len(x), n)].copy()
    adverse = np.arange(n) % 3 != 0
    for f in range(x.shape[1]):
        pool = [ODD, x[:50, f], np.arange(0.0, 40.0)]
        if thresholds[f]:
            t = np.array(thresholds[f])
            near = np.concatenate([t, np.nextafter(t, np.inf),
                                   np.nextafter(t, -np.inf), -t])
            pool += [near] * 3
        pick = rng.integers(0, len(pool), n)
        for k, values in enumerate(pool):
            at = adverse & (pick == k)
            rows[at, f] = values[rng.integers(0, len(values), at.sum())]
    return rows


def as_version(text, version):
    """A model text of this release as an older release wrote it."""
    if version == 4:
        return text
    # LightGBM takes tree_sizes for byte offsets, so they must go
    later = ("tree_sizes=",)
    if "is_linear=1" not in text:
        later += ("is_linear=",)
    if version == 2:
        later += ("leaf_weight=", "internal_weight=")
    text = text.replace("version=v4\n", f"version=v{version}\n", 1)
    return "".join(line for line in text.splitlines(True)
                   if not line.startswith(later))


def reference(booster, name, rows):
    """LightGBM's score before the objective's transform. Of a random forest
    that is the average, which raw_score=True leaves as a sum."""
    sums = booster.predict(rows, raw_score=True, num_iteration=-1,
                           num_threads=1)
    if "random_forest" not in name and "linear_3" not in name:
        return sums
    means = sums / np.float64(booster.num_trees())
    if not name.startswith("random_forest_binary"):  # no transform
        whole = booster.predict(rows, num_iteration=-1, num_threads=1)
        assert means.tobytes() == whole.tobytes()
    return means


def run(score_rows, folder, kind, model, rows, level="auto"):
    """What score_rows makes of the rows, as doubles; None if it refuses."""
    path_in = os.path.join(folder, "rows.bin")
    path_out = os.path.join(folder, "scores.bin")
    np.ascontiguousarray(rows).tofile(path_in)
    done = subprocess.run([score_rows, kind, model, path_in, path_out, level],
                          capture_output=True, text=True)
    if done.returncode:
        return None
    return np.fromfile(path_out, dtype=np.float64)


def find_levels(score_rows, folder, model):
    rows = np.zeros((1, N_FEATURES))
    return [level for level in ("ref", "avx2", "avx512", "neon")
            if run(score_rows, folder, "f64", model, rows, level) is not None]


def compare(score_rows, folder, name, model, booster, rows, levels):
    """Number of rows whose bits differ, over both row types."""
    with np.errstate(over="ignore"):
        rows32 = rows.astype(np.float32)
    bad = 0
    for kind, r in (("f64", rows), ("f32", rows32)):
        expected = reference(booster, name, r)
        for level in levels:
            got = run(score_rows, folder, kind, model, r, level)
            assert len(got) == len(expected)
            differ = np.flatnonzero(got.view(np.uint64)
                                    != expected.view(np.uint64))
            bad += len(differ)
            for i in differ[:3]:
                print(f"{name} {kind} {level} row {i}: expected "
                      f"{expected[i]!r}, got {got[i]!r}: {r[i].tolist()}",
                      file=sys.stderr)
    return bad


def compare_contributions(score_rows, folder, name, model, booster, rows):
    """Largest difference of a contribution, as a part of the row's largest."""
    got = run(score_rows, folder, "contrib", model, rows)
    want = booster.predict(rows, pred_contrib=True, num_threads=1)
    if name.startswith("random_forest"):  # left as a sum, like raw scores
        want = want / booster.num_trees()
    got = got.reshape(want.shape)
    scale = np.abs(want).max(axis=1, keepdims=True) + 1e-300
    worst = (np.abs(got - want) / scale).max()
    sums = np.abs(got.sum(axis=1) - reference(booster, name, rows)) / scale[:, 0]
    if worst > 1e-12 or sums.max() > 1e-12:
        print(f"{name}: contributions differ by {worst:.3g}, their sum from "
              f"the score by {sums.max():.3g}", file=sys.stderr)
    return max(worst, sums.max())


def check_refused(score_rows, folder, rng):
    """Models that would be scored wrongly are refused, with the reason."""
    x, y, _ = make_data(rng, 500)
    for params, label, expected in (
            (dict(objective="multiclass", num_class=3),
             np.argsort(np.argsort(y)) % 3, "several outputs"),):
        params = dict(params, verbosity=-1, num_threads=1)
        data = lgb.Dataset(x, label, params=params)
        path = os.path.join(folder, "refused.txt")
        lgb.train(params, data, num_boost_round=3).save_model(path)
        run = subprocess.run([score_rows, "f64", path, path, path + ".out"],
                             capture_output=True, text=True)
        if run.returncode == 0 or expected not in run.stderr:
            print(f"refusal: expected \"{expected}\", got exit code "
                  f"{run.returncode}: {run.stderr}", file=sys.stderr)
            return False
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("score_rows")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--only", default="", help="begin of variants' names")
    parser.add_argument("--all-levels", action="store_true")
    parser.add_argument("--keep", help="folder for the models")
    args = parser.parse_args()
    n_models = n_rows = n_bad = n_trees = 0
    worst = 0.0
    kinds = {}
    levels = []
    with tempfile.TemporaryDirectory() as folder:
        folder = args.keep or folder
        os.makedirs(folder, exist_ok=True)
        for round_ in range(args.rounds):
            for i, (name, params, trees, data) in enumerate(VARIANTS):
                if not name.startswith(args.only):
                    continue
                seed = 1000 * round_ + i
                rng = np.random.default_rng(seed)
                booster, x = train(rng, seed, params, trees, data)
                text = booster.model_to_string(num_iteration=-1)
                rows = make_rows(rng, x, decisive_values(text, x.shape[1]), args.rows)
                full = f"{name}_{round_}"
                model = os.path.join(folder, full + ".txt")
                with open(model, "w") as f:
                    f.write(as_version(text, 2 + (seed + round_) % 3))
                again = lgb.Booster(model_file=model)
                levels = levels or find_levels(args.score_rows, folder, model)
                use = levels if args.all_levels else \
                    [levels[n_models % len(levels)], "auto"]
                n_bad += compare(args.score_rows, folder, full, model, again,
                                 rows, use)
                if "linear" not in name:  # LightGBM has none of these
                    worst = max(worst, compare_contributions(
                        args.score_rows, folder, full, model, again,
                        rows[:20 if again.num_feature() < 100 else 2]))
                for line in text.splitlines():
                    if line.startswith("decision_type="):
                        for d in line[14:].split():
                            kinds[int(d)] = kinds.get(int(d), 0) + 1
                n_models += 1
                n_rows += 2 * len(use) * args.rows
                n_trees += booster.num_trees()
        refused = check_refused(args.score_rows, folder,
                                np.random.default_rng(7))
    print(f"lightgbm {lgb.__version__}: {n_models} models, {n_trees} trees, "
          f"{n_rows} rows at {' '.join(levels)}, {n_bad} differ; "
          f"contributions differ by at most {worst:.2g}; decision types "
          f"{dict(sorted(kinds.items()))}")
    return 0 if n_bad == 0 and worst <= 1e-12 and refused else 1


if __name__ == "__main__":
    sys.exit(main())
