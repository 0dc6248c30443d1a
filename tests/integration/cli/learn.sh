# Logs of each format into a store, what is wrong with them, forgetting and
# merging, and that rankings know what was learnt.
catalog="library=$data/library.json"
learn() { # times differ
    local code=0
    "$nextcall" learn "$@" 2>&1 | sed -E 's/(milliseconds"?[ :]+)[0-9]+/\1N/; s/(bytes"?[ :]+)[0-9]+/\1N/'
    code=${PIPESTATUS[0]}
    echo "code $code"
}
cat >access.log <<'EOF'
203.0.113.7 - - [24/Nov/2026:10:00:00 +0000] "GET /v2/books?q=dune HTTP/1.1" 200 9 "-" "curl"
203.0.113.7 - - [24/Nov/2026:10:00:09 +0000] "POST /v2/members/17/loans HTTP/1.1" 201 9 "-" "curl"
203.0.113.8 - - [24/Nov/2026:10:01:00 +0000] "GET /v2/books HTTP/1.1" 500 9 "-" "curl"
203.0.113.8 - - [24/Nov/2026:10:01:00 +0000] "GET /favicon.ico HTTP/1.1" 200 9 "-" "curl"
203.0.113.7 - - [24/Nov/2026:12:00:00 +0000] "POST /loans/4/renew HTTP/1.1" 200 9 "-" "curl"
nonsense
EOF
cat >sessions.jsonl <<'EOF'
{"session": "s1", "user": "jane", "prompt": "lend a book", "calls": ["GET /books", "POST /members/{member_id}/loans"]}
{"session": "s2", "user": "jane", "prompt": "renew it", "calls": [{"call": "POST /loans/4/renew", "timestamp": "2026-11-24T10:00:00Z"}]}
EOF
cat >pages.har <<'EOF'
{"log": {"pages": [{"id": "p", "startedDateTime": "2026-11-24T10:00:00Z"}], "entries": [
 {"pageref": "p", "startedDateTime": "2026-11-24T10:00:01Z", "request": {"method": "GET", "url": "https://api.library.example/v2/books"}, "response": {"status": 200}},
 {"pageref": "p", "startedDateTime": "2026-11-24T10:00:02Z", "request": {"method": "GET", "url": "https://other.example/v2/books"}, "response": {"status": 200}}]}}
EOF
cat >flows.yaml <<'EOF'
arazzo: 1.0.0
info: {title: Library, version: 1.0.0}
workflows:
  - workflowId: lend
    description: Lend a book to a member
    steps:
      - operationId: listMembers
      - operationPath: '{$sourceDescriptions.library.url}#/paths/~1members~1{member_id}~1loans/post'
EOF
cat >lines.json <<'EOF'
{"time": "2026-11-24T10:00:00Z", "method": "GET", "uri": "/v2/books", "status": 200, "sid": "a"}
{"time": "2026-11-24T10:00:04Z", "method": "GET", "uri": "/v2/members", "status": 200, "sid": "a"}
EOF
gzip access.log
learn --store . --catalog "$catalog" access.log.gz
learn --store . --catalog "$catalog" access.log.gz --json
learn --store . --catalog "$catalog" --prompts sessions.jsonl
learn --store . --catalog "$catalog" --host api.library.example pages.har
learn --store . --catalog "$catalog" flows.yaml
learn --store . --catalog "$catalog" --session-by sid --gap 90s - <lines.json
learn --store . --stats
learn --store . --stats --json | sed -E 's/,"code.*//'
learn --store . --catalog "$catalog" --dry-run --format json access.log.gz
echo '{"previous": "jane", "candidates": ["renewLoan"]}' |
    "$nextcall" rank --store . --no-model --catalog "$catalog" --requests - --features |
    grep -oE '"(prior_op|w_first|w_sessions)":[0-9.]+'
echo '{"candidates": ["renewLoan"]}' |
    "$nextcall" rank --store . --use-learned false --no-model --catalog "$catalog" --requests - --features |
    grep -oE '"(prior_op|w_first)":[a-z0-9.]+'
"$nextcall" cache clear --store . --json | grep -o '"learned_sessions_kept":[0-9]*'
mkdir other
learn --store other --merge store.db
learn --store other --merge store.db --json
learn --store . --forget s1 --forget-user 203.0.113.7
learn --store . --stats
"$nextcall" cache verify --store . --json | grep -oE '"(learned_sessions|damaged)":[0-9]+'
learn --store .
learn --store . access.log.gz
learn --store . --catalog "$catalog" --gap soon access.log.gz
learn --store . --catalog "$catalog" --format xml access.log.gz
learn --store . --catalog "$catalog" none.log
