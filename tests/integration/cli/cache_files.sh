# The embedding files of a store's folder: counted, verified, cleared.
sql() { python3 -c 'import sqlite3, sys
d = sqlite3.connect(sys.argv[1])
d.executescript(sys.stdin.read()); d.close()' "$1"; }
cache() { # sizes depend on SQLite
    local code=0
    "$nextcall" cache "$@" >out 2>&1 || code=$?
    sed -E 's/((bytes_[a-z_]*|[a-z]*_bytes)"?[ :]+)[0-9]+/\1N/g' out
    rm out
    echo "code $code"
}
# Two int8 rows of two values, not in the index yet; docs/formats/embedding-file.md.
make() { # NAME DAMAGED-BYTE
    python3 - "$@" <<'EOF'
import sys
head = bytes.fromhex("4e5843454d42461a010000000200000002000000280000000004000000000000"
                     "01000000000000000200000000000000b63c96a26e767f60")
rows = bytearray.fromhex("f2230af2a2d3915a909bce3b00000000070000000000000009000000000000005f7f000000000000"
                         "d1c2ac02ce6c178e909bce3b00000000080000000000000009000000000000005f7f000000000000")
if len(sys.argv) > 2:
    rows[int(sys.argv[2])] ^= 1
open(sys.argv[1], "wb").write(head + bytes(4096 + 2048 * 8 - len(head)) + rows)
EOF
}
sql store.db <"$data/store/version_1.sql"
make embeddings-00112233445566aa.nxe
make embeddings-00112233445566bb.nxe 40
make embeddings-short.nxe # has another name
cache stats --store .
cache verify --store . --json
cache verify --store . --json
printf x | dd of=embeddings-00112233445566bb.nxe bs=1 seek=40 conv=notrunc 2>log
cache verify --store .
cache clear --store . --json
cache stats --store . --json
NEXTCALL_STORE=. cache clear
ls ./*.nxe
