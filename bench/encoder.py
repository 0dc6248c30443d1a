#!/usr/bin/env python3
"""The encoder beside its peers, on one core, in one run.

    encoder.py --bench DIR --model DIR [--python P] [--torch-python P] [--out F]
               [--rounds N] [--seconds S] [--brief]

DIR of --bench holds bench_encoder and bench_floor, that of --model the packed
files and what the peers read. Every engine is a process of its own that waits
for texts (bench_encoder --serve, peer_encoder.py). A row of the table goes round
the engines several times, each time a slice of S seconds for each, so that a
machine that slows down slows all of them; a figure is the median over the
rounds of the slices' medians. All get the same texts. An engine whose packages
are missing is named and left out.

The floor of a figure is the larger of two times, both measured in the same run:
  stream         the bytes of the layers' weights / the speed at which this core
                 reads so many bytes again and again (evicted: from memory)
  multiply-adds  those of the linear layers and of attention / the peak of the
                 instruction that the kernels use for the linear layers
and its share is floor / time.

--brief prints JSON lines of few engines for bench/table.py; otherwise tables in
Markdown go to standard output and JSON lines to F. Standard library alone.
"""
import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
WORDS = ("time person year way day thing man world life hand part child eye woman place "
         "work week case point company number group problem fact list create order issue "
         "user file update search").split()
ROWS = [(1, 8), (1, 16), (1, 32), (1, 64), (1, 128), (1, 256), (100, 16)]
PEERS = ["onnxruntime-int8", "onnxruntime-f32", "openvino-int8", "openvino-bf16",
         "sentence-transformers"]
DTYPES = {"int8": 1, "bf16": 2, "f32": 4}  # bytes of a weight
HIDDEN, FFN = 384, 1536
LAYER_WEIGHTS = HIDDEN * 3 * HIDDEN + HIDDEN * HIDDEN + 2 * HIDDEN * FFN
# what the kernels of a name multiply with, by bench_floor's names
INSTRUCTIONS = {"int8": {"amx": "amx", "avx512vnni": "vpdpbusd zmm", "avxvnni": "vpdpbusd ymm",
                         "avx2": "vpmaddwd ymm"},
                "bf16": {"avx512bf16": "vdpbf16ps zmm", "avx512": "fma zmm", "avx2": "fma ymm"},
                "f32": {"avx512": "fma zmm", "avx2": "fma ymm"}}


def texts_of(n_tokens, count, r):
    """Words of one piece each; [CLS] and [SEP] are two of the tokens."""
    return [" ".join(r.choice(WORDS) for _ in range(n_tokens - 2)) for _ in range(count)]


class Engine:
    """A worker process; name is None if it could not start."""

    def __init__(self, label, command, threads=1):
        cpus = os.cpu_count() or 1
        pin = ["taskset", "-c", str(cpus - 1)] if threads == 1 and cpus > 1 else []
        self.label, self.name, self.why = label, None, ""
        self.said = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(pin + command, stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.PIPE, stderr=self.said)
        line = self.process.stdout.readline()
        if not line.startswith("{"):
            self.process.communicate()
            self.why = self.last_words()
            return
        self.about = json.loads(line)
        self.name = self.about.get("name") or f"Nextcall {self.about['dtype']}"

    def run(self, seconds, evicts, n, texts):
        request = f"{seconds} {int(evicts)} {n} {len(texts)}\n" + "".join(t + "\n" for t in texts)
        self.process.stdin.write(request)
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"{self.name}: stopped: {self.last_words()}")
        return json.loads(answer)

    def last_words(self):
        self.said.seek(0)
        lines = self.said.read().strip().splitlines()
        return lines[-1] if lines else "nothing was said"

    def close(self):
        if self.name:
            self.process.communicate()


def measure(engines, n, tokens, rounds, seconds, evicts=False):
    """Label -> {median, min} in us over the rounds, each engine a slice a round."""
    r = random.Random(tokens)
    texts = texts_of(tokens, 16 if n == 1 else 4 * n, r)
    slices = {e.label: [] for e in engines}
    for turn in range(rounds):
        first = turn % len(engines)
        for e in engines[first:] + engines[:first]:
            slices[e.label].append(e.run(seconds, evicts, n, texts))
    return {label: {"median": round(statistics.median(s["median"] for s in got), 1),
                    "min": min(s["min"] for s in got), "n": sum(s["n"] for s in got)}
            for label, got in slices.items()}


# ------------------------------------------------------------------ floors


def floors(bench, n_layers):
    sizes = [str(n_layers * LAYER_WEIGHTS * b) for b in DTYPES.values()]
    pin = ["taskset", "-c", str((os.cpu_count() or 1) - 1)] if (os.cpu_count() or 1) > 1 else []
    out = subprocess.run(pin + [os.path.join(bench, "bench_floor")] + sizes, check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    return json.loads(out)


def best_floors(runs):
    """The fastest that was seen: a floor is a best case."""
    return {part: {k: max(run[part][k] for run in runs) for k in runs[0][part]}
            for part in ("peak", "read")}


def floor_us(limits, about, n, tokens, evicts=False):
    """(stream, multiply-adds) in us; None where a peak is not known."""
    n_layers, dtype = about["layers"], about["dtype"]
    n_bytes = n_layers * LAYER_WEIGHTS * DTYPES[dtype]
    stream = n_bytes / limits["read"]["memory" if evicts else str(n_bytes)] * 1e-3
    peak = limits["peak"].get(INSTRUCTIONS[dtype].get(about["kernels"]))
    adds = n_layers * (LAYER_WEIGHTS * tokens + 2 * HIDDEN * tokens**2)
    return stream, n * adds / peak * 1e-3 if peak else None


# ------------------------------------------------------------------ output


def ms(us):
    return f"{us / 1e3:.3g}" if us < 1e6 else f"{us / 1e3:.0f}"


def row_name(n, tokens):
    return f"{tokens}" if n == 1 else f"{n} x {tokens}"


def print_table(head, rows):
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)
    print(flush=True)


def peer_table(engines, results):
    """results: row name -> label -> figures. Ours first; the ratio is of the best."""
    ours = [e for e in engines if "dtype" in e.about]
    peers = [e for e in engines if "dtype" not in e.about]
    head = ["tokens"] + [e.name for e in ours + peers]
    if peers and ours:
        head += ["best peer / " + ours[0].name.removeprefix("Nextcall "), "by minima"]
    rows = []
    for name, got in results.items():
        row = [name] + [ms(got[e.label]["median"]) for e in ours + peers]
        if peers and ours:
            row += [f"{min(got[e.label][k] for e in peers) / got[ours[0].label][k]:.2f}"
                    for k in ("median", "min")]
        rows.append(row)
    print_table(head, rows)


def floor_table(engines, results, limits, shapes, evicts=False):
    rows = []
    for e in engines:
        if "dtype" not in e.about:
            continue
        for name, got in results.items():
            n, tokens = shapes[name]
            stream, adds = floor_us(limits, e.about, n, tokens, evicts)
            floor = max(stream, adds or 0)
            us = got[e.label]
            rows.append([f"{e.about['dtype']}, {e.about['kernels']}", name, ms(us["median"]),
                         ms(us["min"]), ms(stream), ms(adds) if adds else "not known"] +
                        [f"{100 * floor / us[k]:.0f} %" for k in ("median", "min")])
    print_table(["Nextcall", "tokens", "median", "min", "stream", "multiply-adds",
                 "share of the floor", "by minima"], rows)


def fresh(bench, path, cpu="auto", times=15):
    runs = [json.loads(subprocess.run([os.path.join(bench, "bench_encoder"), "--fresh", path, cpu],
                                      check=True, stdout=subprocess.PIPE).stdout)
            for _ in range(times)]
    return {k: statistics.median(run[k] for run in runs) for k in runs[0]}


# ------------------------------------------------------------------ the run


class Run:
    def __init__(self, a):
        self.a = a
        self.missing = []
        self.log = open(a.out, "w", encoding="utf-8") if a.out else None

    def ours(self, dtype, cpu="auto", threads=1, spins=False):
        path = os.path.join(self.a.model, f"minilm-{dtype}.nxm")
        label = f"nextcall-{dtype}-{cpu}{'-spin' * spins}-{threads}"
        if not os.path.exists(path):
            return self.known(None, f"Nextcall {dtype}", f"no {os.path.basename(path)}: "
                              f"nextcall model pack --dtype {dtype}")
        e = Engine(label, [os.path.join(self.a.bench, "bench_encoder"), "--serve", path, cpu,
                           str(threads)] + ["--spin"] * spins, threads)
        if e.name and cpu != "auto":
            e.name += f", {cpu}"
        return self.known(e, label, e.why)

    def peer(self, engine, threads=1):
        python = self.a.torch_python if engine == "sentence-transformers" else self.a.python
        if not python:
            return self.known(None, engine, "not installed (tools/venv says how)")
        e = Engine(engine, [python, os.path.join(HERE, "peer_encoder.py"), engine, self.a.model,
                            str(threads)], threads)
        return self.known(e, engine, e.why)

    def known(self, e, label, why):
        if e and e.name:
            return e
        if (label, why) not in self.missing:
            self.missing.append((label, why))
        return None

    def rows(self, engines, shapes, what, evicts=False):
        results = {}
        for n, tokens in shapes:
            got = measure(engines, n, tokens, self.a.rounds, self.a.seconds, evicts)
            results[row_name(n, tokens)] = got
            for e in engines:
                self.note({"what": f"{what} {n} x {tokens} tokens", "engine": e.name, "unit": "us",
                           **got[e.label]})
        return results

    def note(self, row):
        if self.log:
            self.log.write(json.dumps(row) + "\n")
            self.log.flush()


def started(engines):
    engines = [e for e in engines if e]
    if not any("dtype" in e.about for e in engines):
        sys.exit("bench/encoder.py: no packed file: nextcall model fetch makes them")
    return engines


def brief(run):
    """JSON lines: each dtype beside ONNX Runtime's of the same."""
    for dtype in ("f32", "int8"):
        path = os.path.join(run.a.model, f"minilm-{dtype}.nxm")
        engines = started([run.ours(dtype), run.peer(f"onnxruntime-{dtype}")])
        first = fresh(run.a.bench, path, times=9)
        print(json.dumps({"what": f"open the packed model, {dtype}, {engines[0].about['kernels']}",
                          "unit": "us", "median": first["open_us"], "min": first["open_us"]}))
        for n, tokens in ROWS:
            got = measure(engines, n, tokens, run.a.rounds, run.a.seconds)
            for e in engines:
                row = {"what": f"encode {n} x {tokens} tokens, {dtype}", "unit": "us"}
                if "dtype" not in e.about:
                    row["peer"] = e.name
                print(json.dumps({**row, **got[e.label]}), flush=True)
        for e in engines:
            e.close()
    for label, why in run.missing:
        print(f"{label}: left out: {why}", file=sys.stderr)


def full(run):
    bench, model = run.a.bench, run.a.model
    shapes = {row_name(*s): s for s in ROWS}
    engines = started([run.ours(d) for d in DTYPES] + [run.peer(p) for p in PEERS])
    n_layers = next(e.about["layers"] for e in engines if "dtype" in e.about)
    limits = [floors(bench, n_layers)]
    print(f"Times in ms, one thread, load {os.getloadavg()[0]:.1f}; "
          f"{run.a.rounds} rounds of {run.a.seconds} s an engine.\n")
    results = run.rows(engines, ROWS, "encode")
    limits.append(floors(bench, n_layers))
    limits = best_floors(limits)
    run.note({"what": "limits", **limits})
    peer_table(engines, results)
    for label, why in run.missing:
        print(f"{label}: left out: {why}\n")
    print("Peaks, 1e9 multiply-adds/s: " +
          ", ".join(f"{k} {v:.0f}" for k, v in limits["peak"].items()) +
          ". Reading, GB/s: " + ", ".join(
              f"{v:.0f} ({int(k) / 1e6:.1f} MB)" if k.isdigit() else f"{v:.0f} ({k})"
              for k, v in limits["read"].items()) + ".\n")
    floor_table(engines, results, limits, shapes)

    print("Caches evicted: 96 MB are walked before each text.\n")
    few = [(1, 8), (1, 16), (1, 32)]
    cold = run.rows(engines, few, "encode after eviction", evicts=True)
    peer_table(engines, cold)
    floor_table(engines, cold, limits, shapes, evicts=True)
    for e in engines:
        e.close()

    print("A fresh process, medians of 15 (times in ms, memory in MB):\n")
    rows = []
    for dtype in DTYPES:
        path = os.path.join(model, f"minilm-{dtype}.nxm")
        if os.path.exists(path):
            got = fresh(bench, path)
            run.note({"what": f"a fresh process, {dtype}", **got})
            rows.append([dtype] + [ms(got[k]) for k in ("open_us", "ctx_us", "first_us",
                                                        "second_us")] +
                        [f"{got[k] / 1024:.1f}" for k in ("peak_kb", "anon_kb")])
    print_table(["dtype", "open", "context", "first text, 8 tokens", "second, 16", "peak memory "
                 "after 1000 texts", "of it anonymous"], rows)

    if "x86" in os.uname().machine:
        print("Held to AVX2 (cpu=avx2). ONNX Runtime and the release builds of OpenVINO have no "
              "such switch, so there is no peer.\n")
        narrow = started([run.ours(d, cpu="avx2") for d in DTYPES])
        results = run.rows(narrow, ROWS, "encode with AVX2")
        floor_table(narrow, results, limits, shapes)
        for e in narrow:
            e.close()

    if (os.cpu_count() or 1) > 1:
        print("A batch of 100 texts of 16 tokens over threads, ms:\n")
        counts = {}
        for threads in (1, 2):
            e2 = started([run.ours(d, threads=threads) for d in DTYPES] +
                         [run.peer(p, threads) for p in PEERS])
            counts[threads] = run.rows(e2, [(100, 16)], f"{threads} threads:")["100 x 16"]
            names = [(e.name, e.label.removesuffix(f"-{threads}")) for e in e2]
            counts[threads] = {k.removesuffix(f"-{threads}"): v for k, v in counts[threads].items()}
            for e in e2:
                e.close()
        print_table(["engine", "1 thread", "2 threads", "gain", "texts/s, 2 threads"],
                    [[name] + [ms(counts[t][label]["median"]) for t in (1, 2)] +
                     [f"{counts[1][label]['median'] / counts[2][label]['median']:.2f}",
                      f"{100e6 / counts[2][label]['median']:.0f}"] for name, label in names])
        print("One text over threads, ms, median (min); waiting asleep, of fewer than 64 tokens "
              "one thread does the work:\n")
        for d in DTYPES:
            teams = [run.ours(d), run.ours(d, threads=2), run.ours(d, threads=2, spins=True)]
            if None in teams:  # no file of this dtype
                continue
            for e, how in zip(teams, ("1 thread", "2 threads asleep", "2 threads awake")):
                e.name += f", {how}"
            results = run.rows(teams, ROWS[:-1], f"one text, {d}, threads:")
            print_table([f"{d}, tokens", "1 thread", "2, asleep", "2, awake", "gain, awake",
                         "by minima"],
                        [[name] + [f"{ms(got[e.label]['median'])} ({ms(got[e.label]['min'])})"
                                   for e in teams] +
                         [f"{got[teams[0].label][k] / got[teams[-1].label][k]:.2f}"
                          for k in ("median", "min")] for name, got in results.items()])
            for e in teams:
                e.close()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--bench", required=True)
    p.add_argument("--model", required=True)
    p.add_argument("--python", default="")
    p.add_argument("--torch-python", default="")
    p.add_argument("--out")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=float, default=0.15)
    p.add_argument("--brief", action="store_true")
    a = p.parse_args()
    (brief if a.brief else full)(Run(a))


main()
