#!/usr/bin/env python3
"""Compare the features of `nextcall rank` with those of oracle_features.py.

    compare_features.py --program nextcall [--model minilm-f32.nxm] [--quick]
        [--document FILE]... [--jsonl FILE [--each N]]... [--scenarios FILE]...
        [--points 600] [--seed 1]

Decision points are drawn, seeded, over all catalogs: documents, and N catalogs
of each JSONL file; prompts and histories also from scenarios ({catalog, prompt,
calls}) where there are some. Compared are the eleven values of each candidate,
the pattern, its confidence and the number of unknown calls. Fails on any
difference above 1e-6 (relative; of a cosine absolute). --quick compares
examples/library.json and the document of tools/demo, if it is there. Exit 77
(skipped) where something is missing.
"""
import argparse
import collections
import json
import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "nextcall"
TOLERANCE = 1e-6


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


# ------------------------------------------------------- what nextcall gives


class Nextcall:
    def __init__(self, program, model, folder):
        self.program, self.model, self.folder = program, model, folder
        self.resources = {}

    def run(self, *args, **kwargs):
        return subprocess.run([self.program, *map(str, args)], check=True,
                              stdout=subprocess.PIPE, **kwargs).stdout

    def parents(self, image):
        """operation -> parents, from the compiled catalog (docs/formats/catalog.md)."""
        data = pathlib.Path(image).read_bytes()
        sections = [struct.unpack_from("<IIQQ", data, 160 + 24 * i) for i in range(10)]
        body = {k: data[at:at + n] for k, _, at, n in sections}
        offsets = struct.unpack(f"<{len(body[1]) // 4}I", body[1])
        parents = struct.unpack(f"<{len(body[5]) // 4}I", body[5])
        names = [body[2][offsets[s]:offsets[s + 1]].decode() for (s,) in
                 struct.iter_unpack("<I", body[6])]
        found = []
        for at in range(0, len(body[3]), 72):
            first, n = struct.unpack_from("<I", body[3], at + 40)[0], body[3][at + 69]
            found.append([names[r] for r in parents[first:first + n]])
        return found

    def operations(self, file, filter_name, image):
        options = ["--filter", filter_name] if filter_name else []
        rows = self.run("catalog", "show", file, "--json", *options).decode().splitlines()
        rows = [json.loads(row) for row in rows]
        self.run("catalog", "import", file, "--output", image, *options,
                 stderr=subprocess.DEVNULL)
        for row, parents in zip(rows, self.parents(image), strict=True):
            row["parents"] = parents
        return rows

    def ask(self, path, name):
        """The resource of a path or a tool name: that of a catalog which has
        nothing else."""
        if (path, name) not in self.resources:
            row = {"method": "GET", "path": path} if path else {"operationId": name}
            file = self.folder / "ask.jsonl"
            file.write_text(json.dumps(row) + "\n")
            self.resources[path, name] = json.loads(
                self.run("catalog", "show", file, "--json"))["resource"]
        return self.resources[path, name]

    def vectors(self, texts):
        texts = sorted(set(texts))
        out = self.folder / "vectors.npy"
        lines = "".join(json.dumps({"text": t}) + "\n" for t in texts)
        self.run("embed", "--input-json", "--model", self.model, "--output", out, "-",
                 input=lines.encode())
        return dict(zip(texts, np.load(out).astype(np.float64), strict=True))

    def rank(self, catalogs, requests, model):
        options = [o for c in catalogs for o in ("--catalog", c)]
        model = ["--model", model, "--no-store"] if model else ["--no-model"]
        lines = "".join(json.dumps(r) + "\n" for r in requests)
        out = self.run("rank", "--ranker", "v1", *options, *model, "--requests", "-", "--features", "--json",
                       input=lines.encode())
        return [json.loads(line) for line in out.splitlines()]


# ---------------------------------------------------------- decision points

IDS = ["42", "cus_9s6XKzkNRiz8i3", "9f8b7c6d5e4f", "ABC-17", "7", "a%20b",
       "123e4567-e89b-12d3-a456-426614174000", "in_1MtHbELkdIwHu7ixl4OzzPMv"]
SEGMENTS = """abc deadbeef cafe12 feed v2 my-file.txt ch_abc cus_Nffr cus_NffrFeUfNV A1 x-1 0x1f
2024-01-01 US AB-x17 user@example.com abc123 123abc a1b2c3 f00 c0ffee C0FFEE1 12-34 latest-2 tax_id_1
1.2.3 foo.json sub_sched_1Ab items7 S3 oauth2 aaaaaaa1 en_US 12345-abc :id search list-all""".split()
PROMPTS = """
|?|.|Show me the {r}|list all {r}|Create a {r}|cancelling the {r}, please|Cancelled?
CREATED {r} yesterday|set up a new {r}|Setting things up|what is my {r}?|which {r} is open
Could you make a {r}?|How do I remove a {r}|I want to update the {r} and then delete it
modify {r}, then list them|budget address newsletter|Don't stop: the customer’s {r}
he shows what she found|it was made, built, sent, got and gotten|dropped droped dropping submits
submitted submiting put putting puting|revokes erasing destroyed destroys fixes patches
searching browses looked readed read|Zoë Ångström ÉTÉ 你好 İstanbul ẞ naïve|e\u0301te\u0301 \u0301 x\u0301y
{r} {r} {r}|listCustomers get_book v2Books|open 24 {r}s 2nd|adjusting renames configured
registered opening started|replacing the {r} with another|pay the {r}|change it|unchanged
view the {r} and edit it|draft the {r}|see the {r}|compare both {r}s|spinning up a {r}|pull it up, set it up
launch it|tell me|setting {r}s up|rock 'n' roll it's 'quoted' o''clock'|delete the {r} of the user
is there a {r}|please get the {r}|add {r}s, checking each|clear clears clearing cleared clearly
"""
NOW = 1_780_000_000


def prompts_of(op, r):
    texts = [p for line in PROMPTS.strip("\n").split("\n") for p in line.split("|")]
    text = r.choice(texts).replace("\\u0301", "\u0301").replace("{r}", op["resource"])
    return r.choice([text, text, op["summary"], op["description"][:900], op["text"].upper(),
                     text + " " + op["summary"], "many words " * r.choice([1, 300])])


def written_time(t, r):
    """A time in one of the forms of docs/sessions.md."""
    import datetime
    minutes = r.choice([0, 330, -480, 765])
    local = datetime.datetime.fromtimestamp(t + minutes * 60, datetime.timezone.utc)
    text = local.strftime("%Y-%m-%d" + r.choice("Tt ") + "%H:%M:%S") + \
        r.choice(["", ".5", ".25", ".001234567"])
    sign, hours, rest = "-" if minutes < 0 else "+", abs(minutes) // 60, abs(minutes) % 60
    zone = r.choice("Zz") if minutes == 0 else f"{sign}{hours:02}{r.choice([':', ''])}{rest:02}"
    return r.choice([t, t + .125, t * 1000, str(t), str(t * 1000 + 7), text + zone, text + zone,
                     local.strftime("%Y-%m-%dT%H:%M:%S") if minutes == 0 else t])


def written_call(op, r):
    """A call of an operation, in one of the forms of docs/sessions.md."""
    if not op["path"] or op["webhook"]:
        return r.choice([op["id"], {"operation": op["id"]}, {"name": op["id"]}])
    path = re.sub(r"\{[^}]*\}", lambda _: r.choice(IDS), op["path"])
    path = r.choice([path, path, path + "?limit=3&q=/a/b", path + "/"])
    method = op["method"]
    forms = [f"{method} {path}", f"{method.lower()} {path}", f"{method} {path} HTTP/1.1",
             f"{method} https://api.example.com{path}", {"method": method, "path": path},
             {"api_call": f"{method} {path}", "method": method}, {"call": op["id"]},
             {"endpoint": path, "method": method.lower(), "status": "ok"},
             {"name": op["operationId"] or op["id"]}, op["operationId"] or op["id"]]
    return r.choice(forms)


def unknown_call(op, r):
    word = (op["resource"]).replace("_", "-")
    return r.choice([
        f"GET /qqq/{word}s/{r.choice(SEGMENTS)}", f"POST /qqq/{word}s/{r.choice(SEGMENTS)}",
        f"PUT /zzz/{r.choice(SEGMENTS)}/{word}s/{r.choice(SEGMENTS)}",
        f"find__and_cancel_{word}", f"zzz/{word}__{r.choice(['list', 'save', 'add'])}_zz",
        f"POST /zzz/{word}s/{r.choice(IDS)}/zzzz/{r.choice(IDS)}", f"DELETE /v9/nowhere/{r.choice(IDS)}",
        f"POST /qqq/{word}s/{r.choice(IDS)}/approve", f"PUT /qqq/{word}s/{r.choice(IDS)}",
        f"GET /qqq/{r.choice(IDS)}/{word}", "someThingElse", f"save_{word}_zz", f"find.{word}",
        {"method": "PATCH", "path": f"/qqq/{word}"}, {"name": "zzz", "resource": word},
        {"call": "POST /search", "resource": word}, "OPTIONS /zzz", "FROB /zzz/cancel", "POST /zzz/search",
        {"name": f"submit_{word}_zz", "method": "POST"}, {"endpoint": f"/zzz/{word}", "method": "HEAD"}])


def history_of(pool, r):
    n = r.choice([0, 0, 1, 1, 2, 3, 4, 6, 9, 12])
    calls, t = [], NOW - r.choice([60, 3000, 90000])
    timed = r.choice(["all", "all", "shuffled", "some", "none"])
    for op in (r.choice(pool) for _ in range(n)):
        call = unknown_call(op, r) if r.random() < .12 else written_call(op, r)
        t += r.choice([0, 1, 30]) if timed == "all" else r.choice([-40, 0, 5, 40])
        if timed in ("all", "shuffled") or timed == "some" and r.random() < .5:
            call = {"call": call} if isinstance(call, str) else dict(call)
            call[r.choice(["timestamp", "time", "ts"])] = written_time(t, r)
        calls.append(call)
    return calls


def points(name, operations, scenarios, n, n_texts, r):
    """n requests for a catalog, with candidates among n_texts of its operations."""
    known = {o["id"]: o for o in operations}
    callable_ = [o for o in operations if not o["webhook"]]
    pool = r.sample(callable_, min(len(callable_), n_texts))
    for i in range(n):
        focus = r.choice(pool)
        near = [o for o in callable_ if o["resource"] == focus["resource"]
                or focus["resource"] in o["parents"]]
        request = {"id": f"{name} {i}", "catalog": name,
                   "prompt": prompts_of(focus, r),
                   "history": history_of(near if r.random() < .7 else callable_, r)}
        if scenarios and i % 2:
            s = r.choice(scenarios)
            calls = [known[c] for c in s["calls"] if c in known]
            calls = calls[:r.randint(0, len(calls))]
            request["prompt"] = s["prompt"]
            request["history"] = [written_call(o, r) for o in calls]
        if r.random() < .85:
            request["now"] = written_time(NOW + r.choice([0, 0, 5000, -80000]), r)
        if r.random() < .3:
            request["session_start"] = written_time(NOW - r.choice([100000, 10, -10]), r)
        if r.random() < .1:
            del request["prompt"]
        some = r.sample(pool, min(len(pool), 24)) + [o for o in near if o in pool][:8]
        request["candidates"] = list(dict.fromkeys(o["id"] for o in some))
        yield request


# ------------------------------------------------------------------ compare


def differs(name, ours, theirs):
    if ours is None or theirs is None or isinstance(ours, str):
        return ours != theirs
    scale = 1 if name == "prompt_similarity" else max(abs(ours), 1e-30)
    return abs(ours - theirs) > TOLERANCE * scale


def compare(catalogs, requests, answers, vectors):
    """(values compared, differences by name with an example)."""
    n, found = 0, collections.defaultdict(list)
    for request, answer in zip(requests, answers, strict=True):
        catalog = catalogs[request["catalog"]]
        if "error" in answer:
            found["error"].append((answer["error"], request))
            continue
        candidates = [catalog.by_name[c] for c in request["candidates"]]
        pattern, confidence, unknown, rows = oracle.features(catalog, request, candidates, vectors)
        pairs = [("workflow_pattern", pattern, answer["workflow_pattern"], ""),
                 ("pattern_confidence", confidence, answer["pattern_confidence"], ""),
                 ("unknown_calls", unknown, answer["unknown_calls"], "")]
        got = {e["operation"]: e["features"] for e in answer["ranking"]}
        assert len(got) == len(candidates), "an entry for each candidate"
        for op, row in zip(candidates, rows):
            assert row.keys() == got[op["id"]].keys()
            pairs += [(k, v, got[op["id"]][k], op["id"]) for k, v in row.items()]
        n += len(pairs)
        for name, ours, theirs, where in pairs:
            if differs(name, ours, theirs):
                found[name].append((ours, theirs, where, request))
    return n, found


LONG = "wörter über Wörter, " * 60  # a byte of the 1,024 is half of an ö
TINY = {  # catalogs whose counts leave Kneser-Ney without a discount, and odd texts
    "one": [{"method": "GET", "path": "/things"}],
    "twins": [{"method": "GET", "path": f"/v{i}/orders", "summary": "List all orders"} for i in (1, 2)],
    "thrice": [{"method": "POST", "path": f"/v{i}/orders", "summary": "a b c a b"} for i in (1, 2, 3)],
    "long": [{"method": "PATCH", "path": "/x/{id}", "summary": "a" * n + LONG, "description": " \t "}
             for n in (0, 1, 2)],
    "tools": [{"operationId": "shop__find_and_cancel", "description": "It's two"},
              {"operationId": "save"}, {"operationId": "Orders#add_items"},
              {"method": "HEAD", "path": "/orders/{id}"}, {"method": "POST", "path": "/orders/:search"}],
}


def dictionary(catalog):
    """A request for each word that might be a form of a verb, and its candidates:
    one operation of each method."""
    one_each = {o["method"]: o["id"] for o in catalog.operations if not o["webhook"]}
    for verb in sorted({v for line in oracle.VERBS.values() for v in line.split()}):
        stems = verb, verb[:-1], verb + verb[-1], verb[:-1] + "i"
        endings = ["", "s", "es", "ed", "d", "t", "n", "en", "ing", "er", "or", "ion", "ment", "'s"]
        tried = {stem + e for stem in stems for e in endings} | set(oracle.IRREGULAR.get(verb, "").split())
        for word in sorted(tried | {"un" + verb, verb.upper(), verb.title() + "ING"}):
            yield {"prompt": "the " + word, "candidates": list(one_each.values())}


def jsonl_catalogs(file, each):
    """Names of catalogs of a JSONL file, spread over it, of 8 operations and more."""
    with open(file, encoding="utf-8") as f:
        sizes = collections.Counter(json.loads(line)["catalog"] for line in f)
    names = sorted(n for n, size in sizes.items() if size >= 8)
    return names[::max(1, len(names) // each)][:each]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--program", required=True)
    p.add_argument("--model", default=CACHE / "model" / "minilm-f32.nxm")
    p.add_argument("--document", action="append", default=[])
    p.add_argument("--jsonl", action="append", default=[])
    p.add_argument("--each", type=int, default=12)
    p.add_argument("--scenarios", action="append", default=[])
    p.add_argument("--points", type=int, default=600)
    p.add_argument("--texts", type=int, default=1000, help="candidates of a catalog")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--examples", type=int, default=2, help="shown of a difference")
    p.add_argument("--quick", action="store_true")
    a = p.parse_args()
    if not os.path.exists(a.model):
        skip(f"no {a.model} (tools/model makes it)")
    if a.quick:
        stripe = CACHE / "demo" / "stripe.json"
        a.document = [ROOT / "examples" / "library.json"] + [stripe] * stripe.exists()
        a.points, a.texts = 100, 40
    with tempfile.TemporaryDirectory() as folder:
        return run(a, pathlib.Path(folder))


def run(a, folder):
    nextcall = Nextcall(a.program, a.model, folder)
    rules = oracle.state_rules((ROOT / "src/workflow/state_rules.def").read_text())
    sources = [(pathlib.Path(d).stem, d, None) for d in a.document] + \
        [(name, f, name) for f in a.jsonl for name in jsonl_catalogs(f, a.each)]
    scenarios = collections.defaultdict(list)
    for file in a.scenarios:
        for line in open(file, encoding="utf-8"):
            s = json.loads(line)
            scenarios[s["catalog"]].append(s)
    for name, rows in TINY.items():
        file = folder / f"{name}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        sources.append((name, file, None))
    catalogs, files, requests = {}, [], []
    r = random.Random(a.seed)
    for i, (name, file, filter_name) in enumerate(sources):
        image = folder / f"{i}.nxc"
        catalogs[name] = oracle.Catalog(nextcall.operations(file, filter_name, image), rules,
                                        nextcall.ask)
        files.append(f"{name}={image}")
        share = 8 if name in TINY else -(-a.points // (len(sources) - len(TINY)))
        requests += points(name, catalogs[name].operations, scenarios[name], share, a.texts, r)
    texts = [c.by_name[i]["text"] for q in requests for c in [catalogs[q["catalog"]]]
             for i in q["candidates"]]
    vectors = nextcall.vectors(texts + [q["prompt"] for q in requests if "prompt" in q])
    n, found = compare(catalogs, requests, nextcall.rank(files, requests, a.model), vectors)
    words = [{**q, "catalog": sources[0][0]} for q in dictionary(catalogs[sources[0][0]])]
    n_words, found_too = compare(catalogs, words, nextcall.rank(files, words, None), None)
    for name, examples in found_too.items():
        found[name] += examples
    requests, n = requests + words, n + n_words
    for name, examples in found.items():
        print(f"{name}: {len(examples)} differences, such as (oracle, nextcall, candidate, request)")
        for example in examples[:a.examples]:
            request = {k: v for k, v in example[-1].items() if k != "candidates"}
            print("   ", json.dumps((*example[:-1], request), ensure_ascii=False)[:1500])
    print(f"{len(catalogs)} catalogs, {len(requests)} decision points, {n} values, "
          f"{sum(map(len, found.values()))} differences")
    return 1 if found else 0


try:
    import numpy as np
except ImportError as e:
    skip(f"the Python package {e.name} is not installed")
import oracle_features as oracle  # noqa: E402

sys.exit(main())
