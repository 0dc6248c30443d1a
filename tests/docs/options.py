"""docs/configuration.md has a row for each option, with its default and doc.
    options.py CONFIG.DEF CONFIGURATION.MD"""
import re
import sys

rows = re.findall(r'NXC_OPTION\((\w+), \w+, "([^"]*)", [^,]*, [^,]*, "(.*)"(?: NXC_CPU_LEVEL_NAMES)?\)', open(sys.argv[1]).read())
page = open(sys.argv[2]).read()
missing = 0
for name, default, doc in rows:
    values = ", ".join(f"`{v}`" for v in (default or '""').split(","))
    if f"| `{name}` | {values} | {doc}" not in page:
        print(f"{sys.argv[2]}: expected the row of {name} as config.def has it")
        missing += 1
extra = set(re.findall(r"^\| `(\w+)` \|", page, re.M)) - {r[0] for r in rows}
if extra:
    print(f"{sys.argv[2]}: expected options of config.def, got {', '.join(sorted(extra))}")
print(f"{len(rows) - missing} passed, {missing + len(extra)} failed")
sys.exit(bool(missing or extra or not rows))
