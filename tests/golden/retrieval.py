"""Retrieval by cosine on the parts of a data folder (PART.catalog.jsonl, PART.scenarios.jsonl)."""
import json
import os

import numpy as np


def jsonl(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def parts(folder):
    end = ".scenarios.jsonl"
    return sorted(f[:-len(end)] for f in os.listdir(folder) if f.endswith(end))


class Part:
    """Operations by catalog, and the scenarios that have a prompt and calls."""

    def __init__(self, folder, name):
        self.catalogs = {}
        for op in jsonl(os.path.join(folder, name + ".catalog.jsonl")):
            self.catalogs.setdefault(op["catalog"], []).append(op)
        self.scenarios = [s for s in jsonl(os.path.join(folder, name + ".scenarios.jsonl"))
                          if s["prompt"] and s["calls"]]
        self.prompts = sorted({s["prompt"] for s in self.scenarios})
        self.texts = sorted({op["text"] for ops in self.catalogs.values() for op in ops})

    def measure(self, operations, prompts):
        """(top-1, MRR) of a scenario's calls among its catalog; rows of texts and of prompts."""
        rows = dict(zip(self.texts, operations))
        asked = dict(zip(self.prompts, prompts))
        matrices = {name: np.stack([rows[op["text"]] for op in ops])
                    for name, ops in self.catalogs.items()}
        top1, reciprocal = 0, 0.0
        for s in self.scenarios:
            ops = self.catalogs[s["catalog"]]
            scores = matrices[s["catalog"]] @ asked[s["prompt"]]
            order = [ops[i]["id"] for i in np.argsort(-scores, kind="stable")]
            rank = next((i for i, id in enumerate(order) if id in s["calls"]), None)
            top1 += rank == 0
            reciprocal += 1 / (rank + 1) if rank is not None else 0
        return top1 / len(self.scenarios), reciprocal / len(self.scenarios)
