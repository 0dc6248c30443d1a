# Options: where each value comes from, and what is said of a wrong file.
mkdir -p home/nextcall
printf 'batch_size = 5\nmax_history = 6\nstore = "here"\n' >home/nextcall/nextcall.conf
printf 'batch_size = 50\n' >given.conf
printf '# wrong\nbatch_size = 5\ncahe_ttl_hours = 1\n' >wrong.conf
only() { grep -E '^(batch_size|parallel_workers|max_history|store) '; }
"$nextcall" config show | only
unset NEXTCALL_CONFIG
export XDG_CONFIG_HOME=$PWD/home
"$nextcall" config show | only | sed "s,$PWD,.,"
NEXTCALL_BATCH_SIZE=7 NEXTCALL_MAX_HISTORY=8 "$nextcall" config show --batch-size 9 | only | sed "s,$PWD,.,"
NEXTCALL_CONFIG=given.conf "$nextcall" config show | only
NEXTCALL_CONFIG=wrong.conf "$nextcall" config show --json --config given.conf | grep -E 'batch_size|max_history|embedding_cache"'
"$nextcall" config explain batch_size --config given.conf
"$nextcall" config explain bach_size 2>&1; echo "code $?"
"$nextcall" config check given.conf; echo "code $?"
"$nextcall" config check wrong.conf 2>&1; echo "code $?"
"$nextcall" config check missing.conf 2>&1; echo "code $?"
"$nextcall" config show --config missing.conf 2>&1; echo "code $?"
"$nextcall" config show --config - 2>&1; echo "code $?"
"$nextcall" rank --no-model --catalog x --config wrong.conf 2>&1; echo "code $?"
"$nextcall" rank --no-model --catalog x --workflow-patterns browse_save 2>&1; echo "code $?"
# Recognition keeps to the patterns that are listed.
for patterns in cold_start_browse browse_edit_save ''; do
    "$nextcall" rank --no-model --catalog "$data/library.json" --prompt 'show the members' --json --top 1 \
        --workflow-patterns "$patterns" | grep -o '"workflow_pattern[^}]*pattern_confidence":[0-9.]*'
done
