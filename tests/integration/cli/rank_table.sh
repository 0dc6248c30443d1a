"$nextcall" rank --no-model --ranker v1 --catalog "$data/library.json" --top 3 \
    --prompt 'update the address of the member' \
    --call 'GET /v2/members' --call 'GET /v2/members/m_7'
