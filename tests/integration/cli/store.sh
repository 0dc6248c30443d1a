# The store's commands, and a database of the Python system brought up to date.
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
cache stats --store .
sql store.db <"$data/store/version_1.sql"
cache stats --store . --json
NEXTCALL_STORE=. cache verify
echo "UPDATE embedding_cache SET checksum=1" | sql store.db
cache verify --store . --json
cache verify --store .
cache clear --store . --json
XDG_CACHE_HOME=. cache clear
rm -f store.db-wal store.db-shm
echo "not a database, but text of more than a hundred bytes: $(seq -s, 100)" >store.db
cache verify --store .
echo "PRAGMA user_version=9" | sql store.db
cache stats --store .
sql app.db <"$data/store/python_system.sql"
mkdir other && cp app.db other/store.db
cache stats --store other
"$nextcall" migrate --dry-run app.db
"$nextcall" migrate --json app.db
"$nextcall" migrate app.db
"$nextcall" migrate none.db 2>&1
echo "code $?"
ls
