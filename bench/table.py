"""JSON lines of the benchmarks to a Markdown table: ours, its peer on the same work, the ratio of their
medians. A row of its own for each thing that was measured; progress goes to stderr."""
import json
import sys

UNITS = {"ns": ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns")), "us": ((1e6, "s"), (1e3, "ms"), (1, "µs")),
         "ms": ((1e3, "s"), (1, "ms"))}


def shown(value, unit):
    for factor, name in UNITS.get(unit, ((1, unit),)):
        if abs(value) >= factor:
            return f"{value / factor:.3g} {name}"
    return f"{value:.3g} {unit}"


def row_of(ours, peers):
    what = f"| {ours['what']} | {shown(ours['median'], ours['unit'])} | {shown(ours['min'], ours['unit'])} "
    p99 = shown(ours["p99"], ours["unit"]) if "p99" in ours else ""
    if not peers:
        return what + f"| {p99} | | |"
    best = min(peers, key=lambda p: p["median"])
    return what + f"| {p99} | {best['peer']}: {shown(best['median'], best['unit'])} | " \
                  f"{best['median'] / ours['median']:.2f} |"


rows, peers = [], {}
for line in sys.stdin:
    row = json.loads(line)
    if "processor" in row:
        print("One run: " + ", ".join(f"{k} {v}" for k, v in row.items()) + ".\n")
        print("| what | median | least | p99 | peer, median | ratio |\n|---|---|---|---|---|---|", flush=True)
    elif "peer" in row:
        peers.setdefault(row["what"], []).append(row)
    else:
        rows.append(row)
        print(row["what"], file=sys.stderr, flush=True)
for row in rows:
    print(row_of(row, peers.get(row["what"], [])))
