"""The Python package tokenizers on the texts of bench_tokenizer, one thread.

usage: peer_tokenizer.py TOKENIZER.json < texts (from bench_tokenizer --texts)
Exit code 77 if the package is missing.
"""
import json
import os
import statistics
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
try:
    import tokenizers
except ImportError:
    print("the package tokenizers is missing", file=sys.stderr)
    sys.exit(77)


def main():
    tokenizer = tokenizers.Tokenizer.from_file(sys.argv[1])
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    sets = {"short": [], "long": []}
    for line in sys.stdin:
        kind, text = line.rstrip("\n").split("\t", 1)
        sets[kind].append(text)
    names = {"short": "tokenize short texts (10 words)", "long": "tokenize long texts"}
    for kind, texts in sets.items():
        size = sum(len(t.encode()) for t in texts)
        runs = []
        for _ in range(101):
            start = time.perf_counter_ns()
            for text in texts:
                tokenizer.encode(text).ids
            runs.append((time.perf_counter_ns() - start) / size)
        median = statistics.median(runs)
        print(json.dumps({"what": names[kind], "peer": f"tokenizers {tokenizers.__version__}",
                          "unit": "ns/byte", "median": round(median, 3), "min": round(min(runs), 3),
                          "us_a_text": round(median * size / len(texts) / 1e3, 3), "n": len(runs)}))


main()
