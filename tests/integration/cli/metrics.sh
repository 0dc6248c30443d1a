# Metrics after the rankings: a table, a file; the values themselves are the
# business of prometheus_test.py.
printf '{"prompt":"show the members"}\n{"prompt":"add a member"}\nx\n' >points.jsonl
rank() { "$nextcall" rank --no-model --catalog "$data/library.json" "$@"; }
rank --requests points.jsonl --table --metrics - | sed -n '/^metric/,$p' | sed -E 's/ +[0-9.]+ (us|ms)/ T/g'
rank --prompt 'show the members' --metrics m.prom >/dev/null
grep requests_ m.prom
rank --requests points.jsonl --metrics m.json >/dev/null
grep -o '"requests[^}]*}' m.json
rank --metrics here 2>&1; echo "code $?"
rank --json --metrics - 2>&1; echo "code $?"
