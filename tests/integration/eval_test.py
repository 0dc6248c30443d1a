#!/usr/bin/env python3
"""nextcall eval on a small seeded data set: figures as computed here from its
predictions (ties: in the order given), the same for any number of threads, and
the rows of features --scenarios bit for bit. Warm: transitions counted here
without the group that is judged give the same figures, and a scenario that is
there twice is refused.

usage: eval_test.py PATH-OF-NEXTCALL
"""
import json
import math
import os
import random
import struct
import subprocess
import sys
import tempfile

RESOURCES = ["customer", "order", "invoice", "product"]
VERBS = [("GET", "list", ""), ("POST", "create", ""), ("GET", "get", "/{id}"), ("DELETE", "delete", "/{id}")]


def write(path, rows):
    with open(path, "w", encoding="utf-8") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)


def make(folder):
    rng, catalog, scenarios = random.Random(5), [], []
    for resource in RESOURCES:
        for method, verb, tail in VERBS:
            catalog.append({"catalog": "shop", "id": f"{method} /{resource}s{tail}", "method": method,
                            "path": f"/{resource}s{tail}", "operationId": f"{verb}_{resource}",
                            "summary": f"{verb} the {resource}", "returns": ["id"]})
    for i in range(40):
        calls = rng.choices(catalog, k=rng.randint(1, 4))
        prompt = " and then ".join(c["summary"] for c in calls)
        prompts = [prompt + "." * (k > 1) for k in range(len(calls))] if i % 3 == 0 else None
        scenarios.append({"scenario_id": f"s{i}", "group": f"g{i % 7}", "catalog": "shop", "prompt": prompt,
                          "prompts": prompts, "calls": [c["id"] for c in calls]})
    write(f"{folder}/catalog.jsonl", catalog)
    write(f"{folder}/scenarios.jsonl", scenarios)
    return scenarios


def run(*arguments):
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


def judge(scenarios, predictions):
    ranks = [predictions[s["scenario_id"], k].index(call) + 1
             for s in scenarios for k, call in enumerate(s["calls"])]
    mean = lambda values: sum(values) / len(ranks)
    return {"top1": mean([r <= 1 for r in ranks]), "top3": mean([r <= 3 for r in ranks]),
            "top5": mean([r <= 5 for r in ranks]), "mrr": mean([1 / r for r in ranks]),
            "ndcg10": mean([1 / math.log2(1 + r) if r <= 10 else 0 for r in ranks])}


def expected(scores, gold):
    """The outcome of a ranking, the mean over all orders of equal scores."""
    above, equal = sum(s > scores[gold] for s in scores.values()), sum(s == scores[gold] for s in scores.values())
    ranks = range(above + 1, above + equal + 1)
    return [sum(f(r) for r in ranks) / equal for f in (lambda r: r <= 1, lambda r: r <= 3, lambda r: r <= 5, lambda r: 1 / r,
                                                       lambda r: 1 / math.log2(1 + r) if r <= 10 else 0)]


def single(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def transitions(scenarios, ids):
    """Popularity, and transitions of order one and two with back-off, from all other groups: means over the points."""
    found = {"popularity": [], "markov-1": [], "markov-2": []}
    for s in scenarios:
        others = [[None, None] + o["calls"] for o in scenarios if o["group"] != s["group"]]
        grams = [(a, b, c) for calls in others for a, b, c in zip(calls, calls[1:], calls[2:])]
        history = [None, None] + s["calls"]
        for k, gold in enumerate(s["calls"]):
            last = [c for a, b, c in grams if b == history[k + 1]]
            both = [c for a, b, c in grams if (a, b) == (history[k], history[k + 1])]
            pop = {i: sum(c == i for _, _, c in grams) / len(grams) for i in ids}
            one = {i: (last.count(i) + 2 * pop[i]) / (len(last) + 2) for i in ids}
            two = {i: (both.count(i) + 2 * one[i]) / (len(both) + 2) for i in ids}
            for name, scores in zip(found, (pop, one, two)):
                found[name].append(expected({i: single(x) for i, x in scores.items()}, gold))
    return {name: [sum(column) / len(column) for column in zip(*rows)] for name, rows in found.items()}


def warm(nextcall, folder, data, scenarios):
    answers = []
    for threads in ("1", "4"):
        out = f"{folder}/w{threads}.npy"
        text = run(nextcall, "eval", *data, "--protocol", "warm", "--json", "--threads", threads)
        run(nextcall, "features", *data, "--protocol", "warm", "--learned", "random", "--world", "rep", "--threads", threads,
            "--every", "2", "--output", out)
        answers.append([text] + [open(out + end, "rb").read() for end in ("", ".jsonl")])
    assert answers[0] == answers[1], "4 threads differ from 1"
    rows = {row["method"]: row for row in map(json.loads, answers[0][0].splitlines())}
    ids = [json.loads(line)["id"] for line in open(f"{folder}/catalog.jsonl", encoding="utf-8")]
    for name, want in transitions(scenarios, ids).items():
        for key, value in zip(("top1", "top3", "top5", "mrr", "ndcg10"), want):
            assert abs(rows[name][key] - value) < 1e-9, (name, key, rows[name][key], value)
    learned = [json.loads(line) for line in answers[0][2].splitlines()]
    groups = {g: sum(s["group"] == g for s in scenarios) for g in {s["group"] for s in scenarios}}
    assert all(1 <= p["learned"] <= 40 - groups[p["group"]] for p in learned)
    assert len({p["learned"] for p in learned}) > 5
    errors = run(nextcall, "eval", *data, "--protocol", "warm", "--errors", "2")
    assert errors.count("prompt   ") == 2 and " 1. " not in errors and "sessions known" in errors, errors
    twice = scenarios + [{**scenarios[0], "group": "another"}]
    write(f"{folder}/twice.jsonl", twice)
    failed = subprocess.run([nextcall, "eval", *data[:2], "--scenarios", f"{folder}/twice.jsonl", "--no-model", "--protocol",
                             "warm"], capture_output=True, text=True)
    assert failed.returncode != 0 and "each scenario_id once" in failed.stderr, failed


def main():
    nextcall = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        scenarios = make(folder)
        data = ["--catalog", f"{folder}/catalog.jsonl", "--scenarios", f"{folder}/scenarios.jsonl", "--no-model"]
        for ranker in (["--ranker", "v1"], []):
            answers = []
            for threads in ("1", "4"):
                out = f"{folder}/p{threads}.jsonl"
                figures = run(nextcall, "eval", *data, *ranker, "--json", "--threads", threads, "--predictions", out)
                with open(out, encoding="utf-8") as lines:
                    answers.append((figures, lines.read()))
            assert answers[0] == answers[1], "4 threads differ from 1"
            rows = {row["method"]: row for row in map(json.loads, answers[0][0].splitlines())}
            points = [json.loads(line) for line in answers[0][1].splitlines()]
            want = judge(scenarios, {(p["scenario_id"], p["step"]): p["ranking"] for p in points})
            for key, value in want.items():
                assert abs(rows["in order"][key] - value) < 1e-9, (ranker, key, rows["in order"][key], value)
            assert rows["bm25 unseen"]["mrr"] > 0.3 and len(rows) == 7, rows
        files = []
        for threads in ("1", "4"):
            out = f"{folder}/x{threads}.npy"
            run(nextcall, "features", *data, "--ranker", "v1", "--set", "v2", "--threads", threads, "--output", out)
            files.append([open(out + end, "rb").read() for end in ("", ".jsonl")])
        assert files[0] == files[1], "extraction with 4 threads differs from 1"
        index = [json.loads(line) for line in files[0][1].splitlines()]
        assert len(index) == sum(len(s["calls"]) for s in scenarios)
        assert all(p["n"] == 16 and p["gold"] is not None for p in index)
        warm(nextcall, folder, data, scenarios)


main()
