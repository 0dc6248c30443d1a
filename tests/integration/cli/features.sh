# The matrix as text; prompt_similarity is missing without an encoder.
"$nextcall" features --no-model --catalog "$data/library.json" --prompt 'lend a book' \
    --candidate createLoan --candidate getMember --now 2026-11-24T10:00:00Z |
    cut -f 1,2,3,4,5,6,8,9,12
