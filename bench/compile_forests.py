#!/usr/bin/env python3
"""Compiles the models of train_forests.py to C with TL2cgen and gcc, once.

    compile_forests.py DIR NAME...

DIR/NAME.txt to DIR/NAME.so, whose function predict bench_forest calls. Exit
code 77 without tl2cgen or treelite.
"""
import os
import sys

try:
    import tl2cgen
    import treelite
except ImportError as e:
    print(f"skipped: the Python package {e.name} is not installed", file=sys.stderr)
    sys.exit(77)

for name in sys.argv[2:]:
    path = os.path.join(sys.argv[1], name)
    if os.path.exists(path + ".so"):
        continue
    model = treelite.frontend.load_lightgbm_model(path + ".txt")
    tl2cgen.export_lib(model, toolchain="gcc", libpath=path + ".new.so", params={"parallel_comp": 8})
    os.replace(path + ".new.so", path + ".so")
