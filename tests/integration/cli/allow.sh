# Risk labels, and rankings that leave operations out by them.
rank() { "$nextcall" rank --no-model --ranker v1 --catalog "$data/library.json" "$@"; }
"$nextcall" catalog show "$data/library.json" --json | sed -E 's/.*"id":"([^"]*)".*"risk":"([^"]*)".*/\2 \1/'
"$nextcall" catalog stats "$data/library.json" | tail -n 4
short() { sed -E 's/.*"ranking":\[(.*)\],"workflow_pattern".*"n_candidates":([0-9]+),"not_allowed":([0-9]+).*/\2 ranked, \3 not: \1/
    s/"(rank|score)":[-0-9.e]+,//g'; }
rank --prompt 'lend a book' --json --allow read | short
rank --prompt 'lend a book' --json --allow write,destructive --top 2 | short
rank --prompt 'lend a book' --json --allow money | short
rank --prompt 'lend a book' --json --allow read --candidate 'DELETE /members/{member_id}' --candidate getMember | short
rank --prompt 'lend a book' --allow read --top 1 | sed 's/resolve.*us/T/'
# Requests may say it themselves.
printf '%s\n' '{"allow":["destructive"]}' '{}' '{"allow":[]}' '{"allow":["read","mony"]}' '{"allow":"read"}' |
    rank --requests - --allow read | short
rank --prompt x --allow raed 2>&1; echo "code $?"
rank --prompt x --allow '' 2>&1; echo "code $?"
