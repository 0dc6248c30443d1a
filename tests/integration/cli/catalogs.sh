# Several catalogs: of several files, of one JSONL file, by name and by filter.
cat >two.jsonl <<'J'
{"catalog":"a","method":"GET","path":"/x","summary":"Show x"}
{"catalog":"b","method":"POST","path":"/y","summary":"Make y"}
{"catalog":"a","method":"PUT","path":"/x/{id}","summary":"Change x"}
J
top() { "$nextcall" rank --no-model --ranker v1 --top 9 --json "$@" 2>&1 | grep -o '"operation":"[^"]*"\|^nextcall:.*'; }
top --catalog two.jsonl
top --catalog two.jsonl --on a
top --catalog two.jsonl --on c
top --catalog two.jsonl --filter b
top --catalog all=two.jsonl
top --catalog - <two.jsonl
top --catalog two.jsonl --catalog a="$data/library.json"
top --catalog "$data/library.json" --catalog lib="$data/library.json" --on lib --candidate getMember
echo '{"catalog":"b"}' | "$nextcall" rank --no-model --ranker v1 --catalog two.jsonl --requests - | cut -c 1-37
echo '{"catalog":"a","method":"GET","path":7}' >>two.jsonl
top --catalog two.jsonl --on b
cat >model.txt <<'J'
tree
J
"$nextcall" model info --model model.txt --json 2>&1; echo "code $?"
: >empty.nxm
"$nextcall" doctor --model empty.nxm | grep '^model\|^health'
