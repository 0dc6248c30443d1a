# embed: a file is the same for any number of threads, any batches and any
# speed of the input; --dtype takes the packed file of the cache folder.
"$nextcall" model info >/dev/null 2>&1 || { echo "no model" >&2; exit 77; }
for i in $(seq 1100); do echo "text $i of a file"; done >lines.txt # two batches
yes "many words make one pass of the encoder" | head -n 60 | tr '\n' ' ' >long.txt
"$nextcall" embed lines.txt long.txt --threads 1 >one.txt; wc -l <one.txt
"$nextcall" embed lines.txt long.txt --threads 3 | cmp - one.txt && echo "threads: same"
head -n 700 lines.txt >a.txt && tail -n +701 lines.txt >b.txt
{ cat a.txt; sleep 0.3; cat b.txt long.txt; } | "$nextcall" embed --threads 2 - | cmp - one.txt &&
    echo "batches: same"
head -n 12 lines.txt | while read -r l; do echo "$l"; sleep 0.02; done |
    "$nextcall" embed - | cmp - <(head -n 12 one.txt) && echo "slow input: same"
"$nextcall" embed a.txt --threads 3 --output-json | cmp - <("$nextcall" embed a.txt --output-json) && echo "json: same"
"$nextcall" embed lines.txt --threads 3 --output x.npy && "$nextcall" embed lines.txt --output y.npy &&
    cmp x.npy y.npy && echo "npy: same"
mkdir cache
dir=$("$nextcall" model info | sed -n 's/^file  *\(.*\)\/.*/\1/p')
for dtype in int8 f32; do
    "$nextcall" embed a.txt --dtype $dtype --output d.npy &&
        "$nextcall" embed a.txt --model "$dir/minilm-$dtype.nxm" --output m.npy &&
        cmp d.npy m.npy && echo "$dtype: same"
done
export NEXTCALL_MODEL_DIR=cache
for dtype in f32 bf16 int8 int4; do
    "$nextcall" embed a.txt --dtype $dtype 2>&1; echo "code $?"
done
"$nextcall" embed a.txt --dtype int8 --model x.nxm 2>&1; echo "code $?"
