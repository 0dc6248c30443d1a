# Wrong words are answered with the nearest right one, on standard error.
"$nextcall" rnak 2>&1; echo "code $?"
"$nextcall" catalog improt 2>&1; echo "code $?"
"$nextcall" rank --promt x 2>&1; echo "code $?"
"$nextcall" rank --top many 2>&1; echo "code $?"
"$nextcall" rank --top 2>&1; echo "code $?"
"$nextcall" rank --json=1 2>&1; echo "code $?"
"$nextcall" catalog import 2>&1; echo "code $?"
"$nextcall" rank --no-model --batch-size 0 --catalog x 2>&1; echo "code $?"
"$nextcall" rank --no-model --catalog missing.json 2>&1; echo "code $?"
NEXTCALL_BATCH_SIZE=0 "$nextcall" rank --no-model --catalog x 2>&1; echo "code $?"
"$nextcall" --version
"$nextcall" tokenize file --bogus 2>&1; echo "code $?"
"$nextcall" tokenize file -x 2>&1; echo "code $?"
"$nextcall" tokenize file -o 2>&1; echo "code $?"
"$nextcall" rank --ca x 2>&1; echo "code $?"
"$nextcall" rank --color sometimes 2>&1; echo "code $?"
"$nextcall" help catalog
"$nextcall" catalog 2>&1; echo "code $?"
"$nextcall" model 2>&1; echo "code $?"
"$nextcall" rank --no-model --catalog x=- --history - </dev/null 2>&1; echo "code $?"
"$nextcall" rank --catalog x --features 2>&1; echo "code $?"
"$nextcall" rank --catalog x --table 2>&1; echo "code $?"
"$nextcall" rank --catalog x --requests y --table --json 2>&1; echo "code $?"
"$nextcall" doctor --cpu pentium 2>&1; echo "code $?"
"$nextcall" doctor --cpu ref --model none | sed -n 's/ (.*//; /^int8\|^bf16\|^f32/p'
"$nextcall" doctor --cpu ref --model none --json |
    grep -o '"[a-z0-9]*":{"kernels":"ref","not_used":{'
