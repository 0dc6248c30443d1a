# Good, bad and too strange lines: each is answered in its place.
cat >requests.jsonl <<'J'
{"id":"1","prompt":"lend a book","top":1}
{"id":"2","prompt":
{"id":"3","candidates":["nothing"]}

{"id":"4","prompt":"x","candidates":["getMember"],"history":["GET /v2/elsewhere"]}
J
"$nextcall" rank --no-model --catalog "$data/library.json" --requests requests.jsonl |
    sed -E 's/"(score|pattern_confidence|workflow_probability|confidence_score)":[-0-9.e]+/"\1":N/g'
