"""The metrics of nextcall rank are text that prometheus_client reads, and agree
with those in JSON.
    prometheus_test.py NEXTCALL LIBRARY.JSON"""
import json
import math
import pathlib
import subprocess
import sys
import tempfile

from prometheus_client.parser import text_string_to_metric_families

nextcall, catalog = sys.argv[1:]
requests = "".join(json.dumps({"id": str(i), "prompt": "show the members"}) + "\n" for i in range(20))
requests += '{"prompt": 1}\n{"candidates": ["GET /nothing"]}\n'


def rank(target):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / target
        subprocess.run([nextcall, "rank", "--no-model", "--config", "/dev/null", "--catalog", catalog,
                        "--requests", "-", "--metrics", str(path)],
                       input=requests, text=True, check=True, stdout=subprocess.DEVNULL)
        return path.read_text()


families = {f.name: f for f in text_string_to_metric_families(rank("m.prom"))}
rows = json.loads(rank("m.json"))
failed = 0


def expect(what, got, want):
    global failed
    if got != want:
        failed += 1
        print(f"{what}: expected {want}, got {got}")


for name, row in rows.items():
    family = families.pop("nextcall_" + name + ("_seconds" if row["kind"] == "histogram" else ""))
    expect(f"{name} type", family.type, row["kind"])
    expect(f"{name} help", bool(family.documentation), True)
    samples = {(s.name[len("nextcall_" + name):], s.labels.get("le")): s.value for s in family.samples}
    if row["kind"] == "counter":
        expect(name, samples, {("_total", None): row["value"]})
    elif row["kind"] == "gauge":
        expect(name, samples, {("", None): row["value"]})
    else:
        bounds = [(float(le), v) for (_, le), v in samples.items() if le]
        expect(f"{name} bounds", [b for b, _ in bounds],
               [math.inf if b is None else b for b, _ in row["buckets"]])
        expect(f"{name} cumulative", [v for _, v in bounds], sorted(v for _, v in bounds))
        expect(f"{name} count", samples["_seconds_count", None], row["count"])
        expect(f"{name} +Inf", samples["_seconds_bucket", "+Inf"], row["count"])
        expect(f"{name} sum", samples["_seconds_sum", None] > 0, row["count"] > 0)
expect("families beside", sorted(families), [])
expect("requests", rows["requests"]["value"], 20)
expect("requests_failed", rows["requests_failed"]["value"], 2)
expect("request count", rows["request"]["count"], 20)
expect("resolve count", rows["resolve"]["count"], 20)
print(f"{len(rows)} metrics, {failed} failed")
sys.exit(bool(failed))
