# Why the first beats the second, in words, and the other way around.
explain() { "$nextcall" explain --no-model --catalog "$data/library.json" "$@" | sed -n '/ranks before/,$p'; }
explain --prompt 'find the member, then lend the book to the member' --call 'GET /members'
explain --prompt 'renew the loan' --call 'GET /members/1' --call 'GET /members/1/loans'
explain --prompt 'renew the loan' --operation 'GET /books'
because() { grep -o '"because":.*' | sed -E 's/(0\.[0-9]{3})[0-9]*/\1/g'; }
"$nextcall" explain --no-model --catalog "$data/library.json" --prompt 'renew the loan' --json | because
"$nextcall" rank --no-model --catalog "$data/library.json" --prompt 'renew the loan' --json --features --top 2 | because
