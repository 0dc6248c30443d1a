"""The benchmark scenarios are real, whole, repeatable, and requests that are
answered.
    scenarios_test.py NEXTCALL"""
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import openapi_directory

nextcall = sys.argv[1]
SETS = {"stripe-billing": 500, "github-pr": 600, "saas-crm": 400, "ecommerce": 450}
PATTERNS = {"browse_edit_save", "browse_confirm_save", "cold_start_create", "cold_start_browse", "none"}
files = openapi_directory.documents()
directory = re.sub(r"/package/api/.*", "/package/api", files[0])
source = (pathlib.Path(__file__).resolve().parents[2] / "cli/scenario_sets.c").read_text()
documents = dict(re.findall(r'\{"([a-z0-9-]+)", "(.*\.json)"\},', source))
environment = dict(os.environ, NEXTCALL_CONFIG="/dev/null", NEXTCALL_DOCUMENTS=directory)
failed = 0


def expect(what, got, want):
    global failed
    if got != want:
        failed += 1
        print(f"{what}: expected {want}, got {got}")


def run(*args, **kwargs):
    return subprocess.run([nextcall, *args], text=True, capture_output=True, env=environment, check=True,
                          **kwargs).stdout


def ids(row):
    return set(re.findall(r"\b(?:[a-z]+_[A-Za-z0-9]{14,}|[0-9]{7,}|[0-9a-f]{24,}|[A-Z2-9]{20})\b",
                          " ".join(c["call"] for c in row["history"])))


for name, n in SETS.items():
    text = run("scenarios", "--set", name, "--seed", "7")
    expect(f"{name} again", run("scenarios", "--set", name, "--seed", "7") == text, True)
    expect(f"{name} first lines", text.startswith(run("scenarios", "--set", name, "--seed", "7", "--n", "9")), True)
    expect(f"{name} another seed", run("scenarios", "--set", name, "--seed", "8") == text, False)
    rows = [json.loads(line) for line in text.splitlines()]
    expect(f"{name} count", len(rows), n)
    expect(f"{name} ids", len({r["id"] for r in rows}), n)
    expect(f"{name} next among candidates", [r["id"] for r in rows if r["next"] not in r["candidates"]], [])
    expect(f"{name} candidates once", [r["id"] for r in rows if len(set(r["candidates"])) != len(r["candidates"])], [])
    expect(f"{name} patterns", {r["pattern"] for r in rows} - PATTERNS, set())
    expect(f"{name} unfilled", [r["id"] for r in rows if re.search(r"[{}]", r["prompt"] + json.dumps(
        [c["call"] for c in r["history"]]))], [])
    times = [[r["session_start"]] + [c["timestamp"] for c in r["history"]] + [r["now"]] for r in rows]
    expect(f"{name} times ascend", [t for t in times if t != sorted(t) or len(set(t)) != len(t)], [])
    prompts = collections.Counter(r["prompt"] for r in rows)
    expect(f"{name} half of the prompts differ", len(prompts) > n / 2, True)
    lengths = {len(r["prompt"].split()) for r in rows}
    expect(f"{name} lengths", min(lengths) <= 4 and max(lengths) >= 15, True)
    shared = sum(1 for r in rows if len(r["history"]) > 2 and len(ids(r)) < len(r["history"]))
    expect(f"{name} ids flow", shared > n / 20, True)
    catalogs = []
    for document in sorted({r["catalog"] for r in rows}):
        catalogs += ["--catalog", f"{document}={directory}/{documents[document]}"]
    answers = [json.loads(line) for line in run("rank", "--no-model", *catalogs, "--requests", "-",
                                                input=text).splitlines()]
    expect(f"{name} answers", [a["id"] for a in answers if "error" not in a], [r["id"] for r in rows])
    expect(f"{name} unknown calls", sum(a["unknown_calls"] for a in answers if "error" not in a), 0)
    first = sum(a["ranking"][0]["operation"] == r["next"] for a, r in zip(answers, rows) if "error" not in a)
    print(f"{name}: {n} scenarios, {len(prompts)} prompts, {len({r['next'] for r in rows})} operations, "
          f"{first} first without a model")

with tempfile.TemporaryDirectory() as empty:
    done = subprocess.run([nextcall, "scenarios", "--set", "github-pr", "--documents", empty], text=True,
                          capture_output=True, env=environment)
    expect("no documents", (done.returncode, "tools/documents" in done.stderr), (9, True))
    # a document without one of the operations
    path = pathlib.Path(empty) / "stripe.com.json"
    path.write_text((pathlib.Path(directory) / "stripe.com.json").read_text().replace('"/v1/refunds"', '"/v1/refnds"'))
    done = subprocess.run([nextcall, "scenarios", "--set", "stripe-billing", "--documents", empty], text=True,
                          capture_output=True, env=environment)
    expect("unknown operation", (done.returncode, done.stderr),
           (9, "nextcall: flow refund_charge: expected an operation of stripe, got POST /v1/refunds\n"))
print(f"{failed} failed")
sys.exit(bool(failed))
