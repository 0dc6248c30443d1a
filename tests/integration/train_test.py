#!/usr/bin/env python3
"""nextcall train and importance --permutation with the pinned LightGBM: the
same file twice, equal scores in LightGBM, notes, splits, refusals, interrupts.

usage: train_test.py PATH-OF-NEXTCALL CATALOG
"""
import json
import os
import random
import signal
import subprocess
import sys
import tempfile

import lightgbm
import numpy as np

RESOURCES = ["customer", "order", "invoice", "product", "refund", "coupon"]
VERBS = [("GET", "list", ""), ("POST", "create", ""), ("GET", "get", "/{id}"), ("DELETE", "delete", "/{id}")]
ENVIRONMENT = dict(os.environ, VIRTUAL_ENV=sys.prefix)
SMALL = ["--param", "min_data_in_leaf=5", "--rounds", "30", "--patience", "5"]


def write(path, rows):
    with open(path, "w", encoding="utf-8") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)


def make(folder, sessions=60, noise=0.3):
    """Three shops, vendor~shop; the prompt names the calls, at times wrongly."""
    rng, catalog, scenarios = random.Random(5), [], []
    os.makedirs(folder, exist_ok=True)
    for shop in ("acme~a", "acme~b", "zeta"):
        catalog += [{"catalog": shop, "id": f"{method} /{resource}s{tail}", "method": method,
                     "path": f"/{resource}s{tail}", "operationId": f"{verb}_{resource}",
                     "summary": f"{verb} the {resource}", "returns": ["id"]}
                    for resource in RESOURCES for method, verb, tail in VERBS]
    for i in range(sessions):
        shop = ("acme~a", "acme~b", "zeta")[i % 3]
        mine = [c for c in catalog if c["catalog"] == shop]
        calls = rng.choices(mine, k=rng.randint(1, 4))
        said = [rng.choice(mine) if rng.random() < noise else c for c in calls]
        scenarios.append({"scenario_id": f"s{i}", "group": f"g{i // 4}", "catalog": shop, "prompts": None,
                          "prompt": f"{' and then '.join(c['summary'] for c in said)} number {i}",
                          "calls": [c["id"] for c in calls]})
    write(f"{folder}/shop.catalog.jsonl", catalog)
    write(f"{folder}/shop.scenarios.jsonl", scenarios)


class Command:
    def __init__(self, nextcall):
        self.nextcall = nextcall

    def start(self, *arguments):
        return subprocess.Popen([self.nextcall, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=ENVIRONMENT)

    def run(self, *arguments):
        done = subprocess.run([self.nextcall, *arguments], capture_output=True, text=True, env=ENVIRONMENT)
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    def refused(self, words, *arguments):
        done = subprocess.run([self.nextcall, *arguments], capture_output=True, text=True, env=ENVIRONMENT)
        assert done.returncode not in (0, -11, -6), (arguments, done.returncode)
        assert words in done.stderr, (words, done.stderr)

    def train(self, output, *arguments):
        return json.loads(self.run("train", "--no-model", "--json", "--output", output, "--duplicates", "drop",
                                   *arguments))


def same_file_twice(command, folder):
    for name, threads in (("a", "1"), ("b", "1")):
        command.train(f"{folder}/{name}.txt", "--data", folder, "--threads", threads, *SMALL)
    a, b = (open(f"{folder}/{name}.txt", "rb").read() for name in "ab")
    assert a == b, "a second training gives another file"
    command.train(f"{folder}/b.txt", "--data", folder, "--seed", "2", *SMALL)
    assert a != open(f"{folder}/b.txt", "rb").read(), "another seed gives the same file"


def lightgbm_agrees(command, folder):
    command.run("features", "--no-model", "--ranker", "v1", "--set", "v2", "--catalog", f"{folder}/shop.catalog.jsonl",
                "--scenarios", f"{folder}/shop.scenarios.jsonl", "--output", f"{folder}/x/X.npy")
    command.run("score", "--ranker", f"{folder}/a.txt", "--input", f"{folder}/x/X.npy", "--output", f"{folder}/s.npy")
    rows = np.load(f"{folder}/x/X.npy").astype(np.float64)
    model = lightgbm.Booster(model_file=f"{folder}/a.txt")
    assert (model.predict(rows) == np.load(f"{folder}/s.npy")).all(), "LightGBM scores the file otherwise"


def notes_say_how(command, folder, result):
    notes = json.loads(command.run("model", "info", "--json", "--model", f"{folder}/a.txt"))["notes"]
    assert notes["feature_set"] == "v2" and len(notes["feature_fingerprint"]) == 16 and len(notes["data_sha256"]) == 64
    assert notes["split_by"] == "catalog" and notes["seed"] == "1" and "LightGBM " in notes["created_by"]
    assert "min_data_in_leaf=5" in notes["parameters"] and "min_data_in_leaf=40" not in notes["parameters"]
    for key in ("valid_mrr", "valid_ndcg10", "train_mrr"):
        assert abs(float(notes[key]) - result[key]) < 1e-11, (key, notes[key], result[key])
    command.run("registry", "add", f"{folder}/registry", f"{folder}/a.txt")  # proves a.txt.check
    assert os.path.getsize(f"{folder}/a.txt.check") > 256 * 8
    text = open(f"{folder}/a.txt", encoding="utf-8").read()
    rank = ["rank", "--no-model", "--no-store", "--catalog", f"shop={folder}/one.jsonl", "--prompt", "list the orders"]
    with open(f"{folder}/b.txt", "w", encoding="utf-8") as out:
        out.write(text)  # another path, the same model: its .check must be of it
    os.replace(f"{folder}/b.txt.check", f"{folder}/c.txt.check")
    command.run("registry", "add", f"{folder}/registry", f"{folder}/b.txt", "--name", "same")
    os.replace(f"{folder}/c.txt.check", f"{folder}/b.txt.check")  # of seed 2
    command.refused("", "registry", "add", f"{folder}/registry", f"{folder}/b.txt", "--name", "other")
    with open(f"{folder}/shop.catalog.jsonl", encoding="utf-8") as lines, open(f"{folder}/one.jsonl", "w") as out:
        out.writelines(line for line in lines if '"zeta"' in line)
    command.run(*rank, "--ranker", f"{folder}/a.txt")
    for old, new, words in ((notes["feature_fingerprint"], "0123456789abcdef", "with fingerprint"),
                            ("feature_set=v2", "feature_set=v1", "")):
        with open(f"{folder}/other.txt", "w", encoding="utf-8") as out:
            out.write(text.replace(old, new))
        command.refused(words, *rank, "--ranker", f"{folder}/other.txt")


def a_matrix_does_too(command, folder):
    """Rows as features --scenarios wrote them; the split sees the same sessions."""
    out = command.train(f"{folder}/m.txt", "--data", f"{folder}/x", *SMALL)
    again = command.train(f"{folder}/a.txt", "--data", folder, *SMALL)
    for key in ("sessions", "points", "train_rows", "valid_rows", "features"):
        assert out[key] == again[key], (key, out[key], again[key])
    index = open(f"{folder}/x/X.npy.jsonl", encoding="utf-8").read()
    for old, new, words in (('"gold":', '"gold":99', "gold < n"), ('"first":0,', '"first":1,', "in order"),
                            (index.splitlines()[-1] + "\n", "", "rows"), ('"group":', '"gruppe":', "group")):
        with open(f"{folder}/x/X.npy.jsonl", "w", encoding="utf-8") as to:
            to.write(index.replace(old, new, 1))
        command.refused(words, "train", "--data", f"{folder}/x/X.npy", "--output", f"{folder}/no.txt")
    with open(f"{folder}/x/X.npy.jsonl", "w", encoding="utf-8") as to:
        to.write(index)
    rows = np.load(f"{folder}/x/X.npy")
    rows[3, 7] = np.inf
    np.save(f"{folder}/x/X.npy", rows)
    command.refused("prompt_similarity", "train", "--data", f"{folder}/x/X.npy", "--output", f"{folder}/no.txt")
    # columns of another kind: no feature set, and NaN alone in one
    rows = np.random.default_rng(1).normal(size=(len(rows), 5)).astype(np.float64)
    rows[:, 2], rows[:, 3] = np.nan, 7
    np.save(f"{folder}/x/X.npy", rows)
    out = command.train(f"{folder}/m.txt", "--data", f"{folder}/x/X.npy", "--patience", "0", *SMALL[:4])
    assert out["missing"] == "Column_2" and out["constant"] == "Column_3" and out["rounds"] == 30, out
    notes = json.loads(command.run("model", "info", "--json", "--model", f"{folder}/m.txt"))["notes"]
    assert "feature_set" not in notes


def permutation_finds_what_counts(command, folder):
    """One column decides, one repeats the answer at half the points, one is noise, one is not asked for."""
    rng, rows, index = np.random.default_rng(4), [], []
    for i in range(300):
        n, gold = 8, int(rng.integers(8))
        block = rng.normal(size=(n, 4))
        block[gold, 0] += 3
        block[gold, 1] += 1
        block[:, 3] = 5
        rows.append(block)
        index.append({"scenario_id": f"s{i}", "group": "g", "catalog": "c", "step": 0, "first": 8 * i, "n": n, "gold": gold})
    os.makedirs(f"{folder}/p")
    np.save(f"{folder}/p/p.npy", np.concatenate(rows).astype(np.float32))
    write(f"{folder}/p/p.npy.jsonl", index)
    command.train(f"{folder}/p.txt", "--data", f"{folder}/p", *SMALL)
    arguments = ["importance", f"{folder}/p.txt", "--permutation", "--data", f"{folder}/p", "--json"]
    out = json.loads(command.run(*arguments))
    assert out == json.loads(command.run(*arguments)), "not the same twice"
    assert out != json.loads(command.run(*arguments, "--seed", "2"))
    losses = {f["feature"]: f for f in out["features"]}
    assert "Column_3" not in losses and out["points"] == 300
    assert losses["Column_0"]["loss"] > 3 * losses["Column_1"]["loss"] > 0, losses
    assert losses["Column_1"]["loss"] > losses["Column_2"]["loss"] + 2 * losses["Column_1"]["standard_error"], losses
    assert all(0 < f["standard_error"] < 0.02 for f in losses.values()), losses
    # the figure as computed here, with another generator: within what both errors allow
    model, block = lightgbm.Booster(model_file=f"{folder}/p.txt"), np.concatenate(rows).astype(np.float32)
    golds = np.array([p["gold"] for p in index])

    def mrr(matrix):
        scores = model.predict(matrix.astype(np.float64)).reshape(300, 8)
        own = scores[np.arange(300), golds][:, None]
        above, equal = (scores > own).sum(1), (scores == own).sum(1)
        return np.mean([np.mean([1 / (a + k + 1) for k in range(e)]) for a, e in zip(above, equal)])
    assert abs(mrr(block) - out["mrr"]) < 1e-11
    mine = []
    for _ in range(10):
        other = block.copy()
        other[:, 0] = rng.permutation(other[:, 0])
        mine.append(mrr(block) - mrr(other))
    error = np.hypot(np.std(mine, ddof=1) / 10 ** 0.5, losses["Column_0"]["standard_error"])
    assert abs(np.mean(mine) - losses["Column_0"]["loss"]) < 5 * error, (np.mean(mine), losses, error)
    command.refused("--data", "importance", f"{folder}/p.txt", "--permutation")
    command.refused("expected a model of", "importance", f"{folder}/a.txt", "--permutation", "--data", f"{folder}/p")


def splits_hold(command, folder):
    for by, valid in (("session", 0.3), ("group", 0.2), ("vendor", 0.5)):
        out = command.train(f"{folder}/split.txt", "--data", folder, "--split-by", by, "--valid", str(valid), *SMALL)
        assert out["split_by"] == by and out["train_points"] > 0 and out["valid_points"] > 0
    command.refused("at least two", "train", "--no-model", "--data", f"{folder}/shop.scenarios.jsonl", "--output",
                    f"{folder}/no.txt", "--split-by", "vendor", "--every", "3")
    with open(f"{folder}/shop.scenarios.jsonl", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    twins = f"{folder}/twins"
    os.makedirs(twins)
    write(f"{twins}/t.scenarios.jsonl", [dict(row, scenario_id=f"{row['scenario_id']}/{k}") for row in rows[:12]
                                         for k in range(2)])
    data = ["train", "--no-model", "--catalog", f"{folder}/shop.catalog.jsonl", "--data", twins, "--split-by", "session",
            "--output", f"{folder}/no.txt"]
    command.refused("--duplicates drop", *data)
    assert not os.path.exists(f"{folder}/no.txt")


def refusals(command, folder):
    data = ["train", "--no-model", "--data", f"{folder}/shop.scenarios.jsonl", "--output", f"{folder}/no.txt", "--duplicates",
            "drop"]
    for words, *more in (("--rounds", "--param", "num_iterations=3"), ("NDCG@10", "--param", "metric=auc"),
                         ("name=value", "--param", "num_leaves"), ("lightgbm:", "--param", "num_leaves=wide"),
                         ("0 to 0.9", "--valid", "1"), ("vendor", "--split-by", "shop"), ("v1 or v2", "--set", "v9"),
                         ("invalid ELF", "--lightgbm", f"{folder}/a.txt"), ("no-such", "--lightgbm", "/no-such.so"),
                         ("LGBM_", "--lightgbm", "libm.so.6"), ("more", *(["--param", "a=b"] * 70))):
        command.refused(words, *data, *more)
    command.refused("*.scenarios.jsonl", "train", "--data", f"{folder}/empty", "--output", f"{folder}/no.txt")
    assert not os.path.exists(f"{folder}/no.txt")
    done = subprocess.run([command.nextcall, "doctor", "--json"], capture_output=True, text=True, env=ENVIRONMENT)
    assert f"LightGBM {lightgbm.__version__}" in json.loads(done.stdout)["training"]
    nothing = dict(os.environ, PATH=f"{folder}/empty", HOME=f"{folder}/empty", VIRTUAL_ENV="")
    done = subprocess.run([command.nextcall, "doctor", "--json"], capture_output=True, text=True, env=nothing)
    assert "lightgbm" in json.loads(done.stdout)["training"].lower()


def an_interrupt_keeps_the_best(command, folder):
    process = command.start("train", "--no-model", "--data", folder, "--output", f"{folder}/stop.txt", "--json", "--rounds",
                            "10000", "--patience", "0", "--duplicates", "drop", "--param", "min_data_in_leaf=5")
    for _ in range(20):
        assert process.stderr.readline().startswith("round ")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    result = json.loads(out)
    assert process.returncode == 0 and result["stopped"] == "by an interrupt", out
    assert 20 <= result["rounds"] < 10000 and result["best_round"] <= result["rounds"]
    assert lightgbm.Booster(model_file=f"{folder}/stop.txt").num_trees() == result["best_round"]


def continues(command, folder):
    """From a model of few trees: more help. From one that saw the very sessions: they do not."""
    big = f"{folder}/big"
    make(big, sessions=240, noise=0)
    few = command.train(f"{folder}/few.txt", "--data", folder, "--rounds", "1", "--param", "num_leaves=2")
    data = ["--data", big, "--split-by", "session", "--param", "learning_rate=0.2"]
    out = command.train(f"{folder}/more.txt", *data, "--continue", f"{folder}/few.txt", *SMALL)
    assert out["verdict"].startswith("switched") and out["difference_low"] > 0, out
    model = lightgbm.Booster(model_file=f"{folder}/more.txt")
    assert model.num_trees() == few["best_round"] + out["best_round"]
    notes = json.loads(command.run("model", "info", "--json", "--model", f"{folder}/more.txt"))["notes"]
    assert notes["continues"] == "few.txt" and abs(float(notes["held_mrr"]) - out["held_mrr"]) < 1e-11
    command.run("features", "--no-model", "--ranker", "v1", "--set", "v2", "--catalog", f"{folder}/shop.catalog.jsonl",
                "--scenarios", f"{folder}/shop.scenarios.jsonl", "--output", f"{folder}/y.npy")
    command.run("score", "--ranker", f"{folder}/more.txt", "--input", f"{folder}/y.npy", "--output", f"{folder}/s.npy")
    assert (model.predict(np.load(f"{folder}/y.npy").astype(np.float64)) == np.load(f"{folder}/s.npy")).all()
    out = command.train(f"{folder}/kept.txt", *data, "--continue", f"{folder}/more.txt", "--rounds", "1", "--param",
                        "num_leaves=2", "--param", "learning_rate=1e-9")
    assert out["verdict"].startswith("kept: not") and not os.path.exists(f"{folder}/kept.txt"), out
    out = command.train(f"{folder}/kept.txt", "--data", f"{folder}/shop.scenarios.jsonl", "--split-by", "session",
                        "--continue", "universal-v2", "--held", "0.1")
    assert "too few" in out["verdict"] and not os.path.exists(f"{folder}/kept.txt"), out


def drawn_scenarios_do(command, folder, catalog):
    """Lines as nextcall scenarios draws them, over a small catalog."""
    operations = [json.loads(line)["id"] for line in
                  command.run("catalog", "show", "--json", catalog).splitlines() if line.startswith('{"id"')]
    assert len(operations) > 4, operations
    rng, drawn = random.Random(3), []
    for i in range(40):
        calls = rng.sample(operations, 2)
        drawn.append({"id": f"set-1-{i}", "set": "set", "flow": f"f{i % 5}", "catalog": "library", "prompt": f"do {calls[1]} {i}",
                     "session_start": "2026-02-02T08:00:00Z", "now": f"2026-02-02T08:{i:02}:30Z",
                     "history": [{"call": calls[0], "timestamp": "2026-02-02T08:00:01Z", "response_status": 200}],
                     "candidates": rng.sample([o for o in operations if o != calls[1]], 3) + [calls[1]], "next": calls[1],
                     "pattern": "none"})
    write(f"{folder}/drawn.jsonl", drawn)
    out = command.train(f"{folder}/drawn.txt", "--data", f"{folder}/drawn.jsonl", "--catalog", f"library={catalog}",
                        "--set", "v1", "--split-by", "group", *SMALL)
    assert out["points"] == 40 and out["train_rows"] + out["valid_rows"] == 160 and out["features"] == 11, out
    assert "time_since_last" not in out.get("missing", ""), "now is not taken from the line"
    table = command.run("eval", "--no-model", "--scenarios", f"{folder}/drawn.jsonl", "--catalog", f"library={catalog}",
                        "--ranker", f"{folder}/drawn.txt", "--compare", "v1", "--json")
    rows = [json.loads(line) for line in table.splitlines()]
    assert len(rows) == 7 and rows[0]["first_mrr"] is None and rows[0]["later_mrr"] == rows[0]["mrr"], rows[0]
    write(f"{folder}/drawn.jsonl", [dict(drawn[0], now="yesterday")])
    command.refused("$.now", "eval", "--no-model", "--scenarios", f"{folder}/drawn.jsonl", "--catalog", f"library={catalog}")


def main():
    command, catalog = Command(os.path.abspath(sys.argv[1])), os.path.abspath(sys.argv[2])
    with tempfile.TemporaryDirectory() as top:
        folder = f"{top}/data"
        make(folder)
        for name in ("x", "empty"):
            os.makedirs(f"{folder}/{name}")
        same_file_twice(command, folder)
        lightgbm_agrees(command, folder)
        notes_say_how(command, folder, command.train(f"{folder}/a.txt", "--data", folder, *SMALL))
        a_matrix_does_too(command, folder)
        permutation_finds_what_counts(command, folder)
        splits_hold(command, folder)
        refusals(command, folder)
        an_interrupt_keeps_the_best(command, folder)
        continues(command, folder)
        drawn_scenarios_do(command, folder, catalog)


main()
