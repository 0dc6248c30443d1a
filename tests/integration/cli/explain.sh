# The asked operation beside the best other one, as text and as JSON.
pair() { "$nextcall" explain --no-model --ranker v1 --catalog "$data/library.json" --prompt 'lend a book' \
    --call 'GET /members/1' "$@"; }
pair --operation createLoan
entries() { grep -o '"operation":"[^"]*","score":[^,]*,"rank":[0-9]*'; }
pair --operation createLoan --json | entries
pair --json | entries
pair --candidate createLoan --json | entries
pair --operation nothing 2>&1
echo "code $?"
