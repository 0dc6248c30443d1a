#!/usr/bin/env python3
"""JSON lines of bench_forest to a picture: nanoseconds a row,

    plot_rows.py NAME... <LINES >PICTURE.svg            against rows a call
    plot_rows.py --growth ROWS... <LINES >PICTURE.svg   against leaves of the
                        model (of 11 features), for calls of so many rows
"""
import json
import math
import re
import sys

WIDTH, HEIGHT, LEFT, TOP = 720, 420, 70, 44
COLOURS = ["#0b6", "#06c", "#c60", "#808"]
is_growth = sys.argv[1] == "--growth"
wanted = sys.argv[2:] if is_growth else sys.argv[1:]
series = {}
machine = ""
for line in sys.stdin:
    row = json.loads(line)
    if "processor" in row:
        machine = ", ".join(str(row[k]) for k in ("processor", "instructions", "date") if k in row)
    m = re.fullmatch(r"score (\d+) rows a call, ((\d+)x(\d+)x(\d+))", row.get("what", ""))
    if not m or (is_growth and m[5] != "11") or m[1 if is_growth else 2] not in wanted:
        continue
    who = "LightGBM" if "LightGBM" in row.get("peer", "") else row.get("peer", "Nextcall").split()[0]
    if is_growth and who not in ("Nextcall", "LightGBM"):
        continue
    key, x = ((m[1] + " rows"), int(m[3]) * int(m[4])) if is_growth else (m[2], int(m[1]))
    series.setdefault((who, key), []).append((x, row["median"]))
points = [p for s in series.values() for p in s]
x0, x1 = (math.log10(f(p[0] for p in points)) for f in (min, max))
y0, y1 = (math.floor(math.log10(min(p[1] for p in points))), math.ceil(math.log10(max(p[1] for p in points))))


def at(x, y):
    return (LEFT + (math.log10(x) - x0) / (x1 - x0) * (WIDTH - LEFT - 150),
            TOP + (y1 - math.log10(y)) / (y1 - y0) * (HEIGHT - TOP - 50))


out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
       f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>']
for e in range(y0, y1 + 1):
    (x, y), (right, _) = at(10 ** x0, 10.0 ** e), at(10 ** x1, 10.0 ** e)
    out.append(f'<path d="M{x:.0f} {y:.0f}H{right:.0f}" stroke="#ddd"/>'
               f'<text x="{x - 6:.0f}" y="{y + 4:.0f}" text-anchor="end">{10 ** e:,} ns</text>')
for e in range(math.ceil(x0), math.floor(x1) + 1):
    x, y = at(10 ** e, 10.0 ** y0)
    out.append(f'<text x="{x:.0f}" y="{y + 18:.0f}" text-anchor="middle">{10 ** e:,}</text>')
what = "leaves of the model" if is_growth else "rows a call"
out.append(f'<text x="{LEFT}" y="{HEIGHT - 8}">{what}; nanoseconds a row, one thread</text>'
           f'<text x="{LEFT}" y="18" fill="#555">{machine}</text>')
for i, (who, name) in enumerate(series):
    line = sorted(series[who, name])
    colour = COLOURS[wanted.index(name.split()[0]) % len(COLOURS)]
    dash = {"Nextcall": "", "LightGBM": ' stroke-dasharray="6 3"'}.get(who, ' stroke-dasharray="2 3"')
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in (at(*p) for p in line))
    x, y = at(*line[-1])
    out.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
               f'<text x="{x + 6:.0f}" y="{y + 4:.0f}" fill="{colour}">{who} {name}</text>')
print("\n".join(out) + "\n</svg>")
