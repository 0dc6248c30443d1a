# Metrics after the rankings: a table, a file; the values themselves are the
# business of prometheus_test.py.
printf '{"prompt":"show the members"}\n{"prompt":"add a member"}\nx\n' >points.jsonl
rank() { "$nextcall" rank --no-model --catalog "$data/library.json" "$@"; }
rank --ranker v1 --requests points.jsonl --table --metrics - | sed -n '/^metric/,$p' | sed -E 's/ +[0-9.]+ (us|ms)/ T/g'
rank --ranker v1 --prompt 'show the members' --metrics m.prom >/dev/null
grep requests_ m.prom
rank --ranker v1 --requests points.jsonl --metrics m.json >/dev/null
grep -o '"requests[^}]*}' m.json
rank --ranker v1 --metrics here 2>&1; echo "code $?"
rank --ranker v1 --json --metrics - 2>&1; echo "code $?"
