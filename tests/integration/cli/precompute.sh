# What precompute says where it cannot begin; with an encoder: test_precompute.
precompute() {
    local code=0
    "$nextcall" precompute "$@" 2>&1 || code=$?
    echo "code $code"
}
export NEXTCALL_MODEL_DIR=. XDG_CACHE_HOME=.
precompute
precompute --resource invoice --top none
precompute --resource invoice --no-such
precompute --resource invoice
export NEXTCALL_MODEL=none.nxm # is opened when the texts are read
precompute none.json
precompute --prompts none.jsonl
printf '{"prompt":"a"}\n{"calls":[]}\n\n[1]\n{"prompt":\n' >log.jsonl
precompute --prompts log.jsonl
precompute --resource invoice --store given
ls
