"""Texts for comparisons of encoders, and our embeddings of them.

    of_folder(folder, n)    n distinct strings of the JSON lines of a folder
    generated(n)            sentences from a seed
    run(program, packed, cpu, texts)    rows of n (tokens) and v (embedding)
"""
import json
import os
import random
import struct
import subprocess

import numpy as np


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for v in value.values():
            yield from strings(v)
    elif isinstance(value, list):
        for v in value:
            yield from strings(v)


def of_folder(folder, n):
    found = set()
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".jsonl"):
            continue
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            for line in f:
                found.update(s for s in strings(json.loads(line))
                             if 3 <= len(s) <= 4000)
    return random.Random(1).sample(sorted(found), min(n, len(found)))


def generated(n):
    r = random.Random(1)
    verbs = "list create update delete refund cancel void search retry".split()
    nouns = "invoice customer charge payment issue repository order note".split()
    tails = ["", " for Zoë Ångström", " since 2024-01-31T00:00Z", " — été 你好",
             " with id cus_9s6XKzkNRiz8i3", " where unexplainably=TRUE"]
    texts = ["", " ", "a", "[SEP] literal", "x" * 400, "many words " * 300]
    while len(texts) < n:
        words = [r.choice(verbs), r.choice(nouns)] * r.randint(1, 12)
        texts.append(" ".join(words) + r.choice(tails))
    return texts[:n]


def run(program, packed, cpu, texts):
    raw = b"".join(struct.pack("<I", len(b)) + b
                   for b in (t.encode("utf-8", "surrogatepass") for t in texts))
    out = subprocess.run([program, packed, cpu], input=raw, check=True,
                         stdout=subprocess.PIPE).stdout
    rows = np.frombuffer(out, dtype=[("n", "<u4"), ("v", "<f4", 384)])
    assert len(rows) == len(texts), "a row for each text"
    return rows
