# The matrix as text; prompt_similarity is missing without an encoder.
"$nextcall" features --no-model --ranker v1 --catalog "$data/library.json" --prompt 'lend a book' \
    --candidate createLoan --candidate getMember --now 2026-11-24T10:00:00Z |
    cut -f 1,2,3,4,5,6,8,9,12
# Rows are those of --candidate, or of catalog show, not of the ranking.
names() { grep -o '"\(operation\|id\)":"[^"]*"' | cut -d '"' -f 4; }
"$nextcall" features --no-model --ranker v1 --catalog "$data/library.json" --prompt 'lend a book' \
    --candidate createLoan --candidate getMember --json | names
"$nextcall" features --no-model --ranker v1 --catalog "$data/library.json" --prompt 'delete the loan' \
    --call getMember --json | names >given
"$nextcall" catalog show "$data/library.json" --json | names | cmp - given && wc -l <given
echo old >rows.npy
"$nextcall" features --no-model --ranker v1 --catalog "$data/library.json" --candidate nothing -o rows.npy 2>&1
cat rows.npy
"$nextcall" features --no-model --ranker v1 --catalog "$data/library.json" -o rows.npy && head -c 80 rows.npy | tail -c 20; echo
ls
