# Good, bad and too strange lines: each is answered in its place.
cat >requests.jsonl <<'J'
{"id":"1","prompt":"lend a book","top":1}
{"id":"2","prompt":
{"id":"3","candidates":["nothing"]}

{"id":"4","prompt":"x","candidates":["getMember"],"history":["GET /v2/elsewhere"]}
J
"$nextcall" rank --no-model --ranker v1 --catalog "$data/library.json" --requests requests.jsonl |
    sed -E 's/"(score|pattern_confidence|workflow_probability|confidence_score)":[-0-9.e]+/"\1":N/g'
# Options stand for what requests do not say; limits are those of the options.
small() { sed -E 's/,"workflow_pattern".*"n_candidates"/ ... "n_candidates"/'; }
one='{"id":"1","candidates":["getMember","createLoan","GET /books"],"history":[{"call":"getMember","ts":1}]}'
echo "$one" | "$nextcall" rank --no-model --ranker v1 --catalog "$data/library.json" --requests - \
    --top 1 --now 2026-11-24T10:00:00Z | small
echo "$one" | "$nextcall" rank --no-model --ranker v1 --catalog a="$data/library.json" \
    --catalog b="$data/library.json" --on b --requests - --top 1 | small
printf '{"id":"b","prompt":"%02000d"}\n{"id":7,"top":-1}\n' 1 |
    "$nextcall" rank --no-model --ranker v1 --catalog "$data/library.json" --requests - --max-request-bytes 1024
echo '{"prompt":"lend","top":1}' | "$nextcall" rank --no-model --ranker v1 --catalog "$data/library.json" \
    --requests - --table --on library | sed 's/resolve.*us/T/'
"$nextcall" rank --no-model --ranker v1 --catalog "$data/library.json" --requests . 2>&1; echo "code $?"
"$nextcall" rank --no-model --ranker v1 --catalog "$data/library.json" --requests x --candidate y 2>&1; echo "code $?"
"$nextcall" rank --no-model --ranker v1 --catalog "$data/library.json" --on b 2>&1; echo "code $?"
# The input waits: what was read is answered.
mkfifo in out
"$nextcall" rank --no-model --ranker v1 --catalog "$data/library.json" --requests - --top 1 <in >out &
exec 3>in 4<out
echo '{"id":"first"}' >&3; read -r line <&4; echo "$line" | cut -c 1-13
echo '{"id":"second"}' >&3; read -r line <&4; echo "$line" | cut -c 1-14
