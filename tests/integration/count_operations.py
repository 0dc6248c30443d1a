#!/usr/bin/env python3
"""Operations of OpenAPI documents, counted without the importer.

Prints "<operations> <webhooks> <file>" for each file named on standard input.
"""
import json
import sys
from urllib.parse import unquote

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def resolve(document, item):
    while isinstance(item, dict) and "$ref" in item:
        value = document
        for step in unquote(item["$ref"]).split("/")[1:]:
            value = value[step.replace("~1", "/").replace("~0", "~")]
        item = {**value, **{k: v for k, v in item.items() if k != "$ref"}}
    return item


def count(document, key):
    items = document.get(key) or {}
    return sum(len(METHODS & resolve(document, item).keys())
               for name, item in items.items() if not name.startswith("x-"))


for path in sys.stdin.read().splitlines():
    with open(path, encoding="utf-8") as file:
        root = json.load(file)
    print(count(root, "paths"), count(root, "webhooks"), path)
