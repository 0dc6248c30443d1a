# What only a terminal shows: widths, colours, progress; and what it must not.
script -qec true /dev/null >/dev/null 2>&1 </dev/null || { echo "no script command" >&2; exit 77; }
cat >tools.json <<'J'
[{"type":"function","function":{"name":"send_mail","description":"Send \u001b[31mred\u0007 \u009b5m mail\nnow"}}]
J
on() { # columns, arguments of nextcall
    script -qec "stty cols $1; $nextcall rank --no-model --ranker v1 --catalog $data/library.json --top 2 \
        --prompt 'show the loans' --call 'GET /members/1' --call 'GET /members/1/loans' $2" /dev/null \
        </dev/null | tr -d '\r' | sed 's/\x1b/ESC/g; /^pattern/d; s/ *$//'
}
unset NO_COLOR
export TERM=xterm
for columns in 40 60 80 120; do on $columns --color=never; done
on 80
NO_COLOR=1 on 80
TERM=dumb on 80
"$nextcall" catalog show tools.json --operation send_mail
"$nextcall" catalog show tools.json | cut -c 87-
printf 'openapi: "3.0.0"\npaths: {"/\\e]0;x": {get: 7}}\n' | "$nextcall" catalog import - 2>&1
echo "code $?"
for i in 1 2; do echo "{\"id\":\"$i\"}"; done >requests.jsonl
TERM=xterm script -qec "$nextcall rank --no-model --ranker v1 --catalog $data/library.json \
    --requests requests.jsonl >answers.jsonl" /dev/null </dev/null | tr -d '\r' | sed 's/\x1b/ESC/g'
wc -l <answers.jsonl
