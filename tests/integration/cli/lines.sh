# embed and tokenize: what a line is, order, files that stay as they were.
"$nextcall" model info >/dev/null 2>&1 || { echo "no model" >&2; exit 77; }
printf 'a\n\nb\r\n\xff\xfe\0b\nlast' >plain.txt
printf '\xef\xbb\xbf{"text":"a"}\n\n{"text":"b"}\n' >two.jsonl
echo "text:"; "$nextcall" tokenize plain.txt
echo "first byte {:"; "$nextcall" tokenize two.jsonl plain.txt --threads 2
echo "--json:"; "$nextcall" tokenize --json - <two.jsonl
echo "--input-text --output-json:"
echo '{a}' | "$nextcall" tokenize - --input-text --output-json
echo "nothing:"; "$nextcall" tokenize - </dev/null
echo "wrong lines:"
printf '{"text":"a"}\n\n{"text":5}\n{"text":"b"}\n' | "$nextcall" tokenize - 2>&1; echo "code $?"
printf '{"text":"a"}\n{"text":' | "$nextcall" tokenize - 2>&1; echo "code $?"
"$nextcall" tokenize --json plain.txt 2>&1; echo "code $?"
head -c 17000000 /dev/zero | tr '\0' x | "$nextcall" tokenize - 2>&1; echo "code $?"
"$nextcall" tokenize . 2>&1; echo "code $?"
"$nextcall" tokenize plain.txt --threads 0 2>&1; echo "code $?"
"$nextcall" tokenize plain.txt --json --input-text 2>&1; echo "code $?"
echo "files:"
echo old >old.jsonl && cp old.jsonl old.npy
for f in old.jsonl old.npy; do
    "$nextcall" embed plain.txt missing.txt --output $f 2>&1; echo "code $?"
    cat $f
done
"$nextcall" tokenize plain.txt -o old.npy 2>&1; echo "code $?"
"$nextcall" tokenize plain.txt -o /dev/full 2>&1; echo "code $?"
"$nextcall" embed plain.txt -o new.npy && head -c 100 new.npy | tr -cd '(0-9,)\n'; echo
"$nextcall" embed plain.txt two.jsonl -o new.jsonl && wc -l <new.jsonl
"$nextcall" embed plain.txt two.jsonl --output-json | cmp - new.jsonl
ls
# The input waits: what was read is answered.
mkfifo in out
"$nextcall" tokenize - <in >out &
exec 3>in 4<out
echo one >&3; read -r line <&4; echo "$line"
echo two >&3; read -r line <&4; echo "$line"
# A signal leaves no half of a file.
exec 3>&- 4<&-
echo old >kept.jsonl
"$nextcall" embed - --output kept.jsonl <in &
exec 3>in
echo one >&3
for _ in $(seq 100); do ls kept.jsonl.*.tmp >/dev/null 2>&1 && break; sleep 0.05; done
echo kept.* | sed "s/[0-9][0-9]*/PID/"
kill -TERM $!; wait $! 2>/dev/null; echo "code $?"
ls kept*; cat kept.jsonl
