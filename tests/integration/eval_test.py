#!/usr/bin/env python3
"""nextcall eval on a small seeded data set: figures as computed here from its
predictions (ties: in the order given), the same for any number of threads, and
the rows of features --scenarios bit for bit.

usage: eval_test.py PATH-OF-NEXTCALL
"""
import json
import math
import os
import random
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


main()
