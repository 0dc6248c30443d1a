# The second run encodes nothing again: what is kept is found in --store, or not
# with --no-store. Without an encoder there is nothing to keep by default.
model=$(ls "${XDG_CACHE_HOME:-$HOME/.cache}"/nextcall/model/minilm-int8.nxm 2>/dev/null) ||
    { echo "no packed model" >&2; exit 77; }
export XDG_CACHE_HOME=$PWD/cache
rank() { "$nextcall" rank --catalog "$data/library.json" --prompt 'lend a book' --json "$@"; }
tier() { sed -E 's/.*"cache_tier":"([a-z]*)".*/\1/'; }
rank --model "$model" --store a/b >first
tier <first
rank --model "$model" --store a/b --feature-cache-size 0 >second
tier <second
cmp <(sed 's/"cache_tier":"[a-z]*",//' first) <(sed 's/"cache_tier":"[a-z]*",//' second) && echo same
rank --model "$model" --no-store | tier
ls cache 2>/dev/null
rank --no-model | tier
ls cache 2>/dev/null
rank --model "$model" | tier
(cd cache/nextcall/store && printf '%s\n' embeddings-????????????????.nxe store.db | sed "s/-[0-9a-f]*/-MODEL/")
rank --model "$model" --feature-cache-size 0 | tier
# A folder that cannot be made costs a warning.
rank --model "$model" --store "$data/library.json/x" 2>err | tier
sed "s|$data||" err
