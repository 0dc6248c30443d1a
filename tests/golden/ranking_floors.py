#!/usr/bin/env python3
"""The shipped ranker on a small made-up API, cold, warm and in worlds where
texts mislead: floors of ranking_floors.csv, well below what was measured.

It holds the model to what it does, and is no evidence of quality: that is
models/universal-v2.md. No encoder, so that it runs anywhere.

usage: ranking_floors.py PATH-OF-NEXTCALL [--print]
"""
import csv
import json
import os
import random
import subprocess
import sys
import tempfile

OPERATIONS = [(method, path, name, summary) for noun, plural in (
    ("customer", "customers"), ("order", "orders"), ("invoice", "invoices"), ("refund", "refunds"), ("shipment", "shipments"),
    ("product", "products"), ("coupon", "coupons"), ("subscription", "subscriptions")) for method, path, name, summary in (
        ("GET", f"/{plural}", f"list_{plural}", f"List all {plural}"),
        ("POST", f"/{plural}", f"create_{noun}", f"Create a {noun}"),
        ("GET", f"/{plural}/{{{noun}_id}}", f"get_{noun}", f"Retrieve one {noun}"),
        ("PATCH", f"/{plural}/{{{noun}_id}}", f"update_{noun}", f"Change a {noun}"),
        ("DELETE", f"/{plural}/{{{noun}_id}}", f"delete_{noun}", f"Delete a {noun}"))]
WORKFLOWS = [
    (["give the money for {} back", "refund {}", "{} was returned, pay it back"],
     ["list_customers", "list_orders", "get_order", "create_refund"]),
    (["ship {}", "send {} to the customer", "{} has to leave today"], ["get_order", "create_shipment", "update_order"]),
    (["bill {}", "create the invoice for {}", "{} needs an invoice"], ["get_order", "get_customer", "create_invoice"]),
    (["stop the subscription of {}", "{} wants to cancel", "end what {} pays monthly"],
     ["list_customers", "list_subscriptions", "delete_subscription"]),
    (["a discount for {}", "create a coupon for {}"], ["list_products", "create_coupon", "list_coupons"]),
    (["change the price of {}", "update the product {}"], ["list_products", "get_product", "update_product"]),
]


def make(folder):
    rng, ids = random.Random(11), {name: f"{method} {path}" for method, path, name, _ in OPERATIONS}
    with open(f"{folder}/catalog.jsonl", "w", encoding="utf-8") as out:
        for method, path, name, summary in OPERATIONS:
            print(json.dumps({"catalog": "shop", "id": ids[name], "method": method, "path": path, "operationId": name,
                              "summary": summary, "returns": ["id"]}), file=out)
    with open(f"{folder}/scenarios.jsonl", "w", encoding="utf-8") as out:
        for i in range(72):
            prompts, calls = WORKFLOWS[i % len(WORKFLOWS)]
            prompt = rng.choice(prompts).format(rng.choice(["number 17", "Ann Lee", "the blue chair", "yesterday's one"]))
            calls = [c for k, c in enumerate(calls) if k in (0, len(calls) - 1) or rng.random() < 0.8]
            print(json.dumps({"scenario_id": f"s{i}", "group": f"user{i % 9}", "catalog": "shop", "prompt": prompt,
                              "calls": [ids[c] for c in calls]}), file=out)


def evaluate(nextcall, folder, arguments):
    text = subprocess.run([nextcall, "eval", "--catalog", f"{folder}/catalog.jsonl", "--scenarios", f"{folder}/scenarios.jsonl",
                           "--no-model", "--json", *arguments], check=True, capture_output=True, text=True).stdout
    return {row["method"]: row for row in map(json.loads, text.splitlines())}


def main():
    nextcall, here = os.path.abspath(sys.argv[1]), os.path.dirname(os.path.abspath(__file__))
    failed = 0
    with tempfile.TemporaryDirectory() as folder, open(f"{here}/ranking_floors.csv", encoding="utf-8") as floors:
        make(folder)
        found = {}
        for row in csv.DictReader(line for line in floors if not line.startswith("#")):
            arguments = tuple(row["arguments"].split())
            if arguments not in found:
                found[arguments] = evaluate(nextcall, folder, arguments)
            rows = found[arguments]
            got = rows["universal-v2"][row["measure"]]
            best = max(r[row["measure"]] for m, r in rows.items() if m != "universal-v2")
            if "--print" in sys.argv:
                print(f"{row['arguments']} {row['measure']}: {got:.3f}, simple methods {best:.3f}")
            if got < float(row["floor"]):
                print(f"{row['arguments']}: expected {row['measure']} of at least {row['floor']}, got {got:.3f}")
                failed += 1
    sys.exit(failed > 0)


main()
