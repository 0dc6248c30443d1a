# Import, compile, and the same answers from both forms.
"$nextcall" catalog import "$data/library.json" --json
"$nextcall" catalog import "$data/library.json" --output library.nxc | sed 's/(.* ms)/(T ms)/'
for f in "$data/library.json" library.nxc; do
    "$nextcall" catalog stats --json "$f"
    "$nextcall" catalog show "$f" --operation createMember
done
"$nextcall" catalog show library.nxc --json | wc -l
"$nextcall" catalog show library.nxc --operation nothing 2>&1
