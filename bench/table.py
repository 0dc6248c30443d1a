"""JSON lines of the benchmarks to a table; a peer's row shows its ratio to ours."""
import json
import sys

ours = {}
for line in sys.stdin:
    row = json.loads(line)
    if "processor" in row:
        print(", ".join(f"{k} {v}" for k, v in row.items()))
        print(f"{'what':52} {'who':24} {'median':>10} {'min':>10} {'p99':>10} unit")
        continue
    who = row.get("peer", "nextcall")
    note = ""
    if who == "nextcall":
        ours[row["what"]] = row["median"]
    elif row["what"] in ours:
        note = f"  {row['median'] / ours[row['what']]:.2f} x ours"
    p99 = row.get("p99", "")
    print(f"{row['what'][:52]:52} {who[:24]:24} {row['median']:>10} {row['min']:>10} {p99:>10} {row['unit']}{note}", flush=True)
