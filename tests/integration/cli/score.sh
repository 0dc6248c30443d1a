# A LightGBM model alone: scores, contributions, importances, wrong input.
cat >model.txt <<'J'
tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=1
objective=lambdarank
feature_names=a b
feature_infos=[0:9] [0:9]

Tree=0
num_leaves=3
num_cat=0
split_feature=0 1
split_gain=8 2.5
threshold=3.5 1
decision_type=2 10
left_child=1 -1
right_child=-2 -3
leaf_value=-0.25 0.5 0.125
leaf_weight=1 1 1
leaf_count=20 50 30
internal_value=0 0
internal_weight=0 0
internal_count=100 50
is_linear=0
shrinkage=1

end of trees

J
score() { "$nextcall" score --ranker model.txt "$@" 2>&1 || echo "code $?"; }
printf 'a,b\n1,1\n1,2\n4,\n"1",NA\n\n1,nan\n' >rows.csv
score --input rows.csv
score --input rows.csv --contrib
score --input rows.csv --cpu ref
score --input - <rows.csv | head -n 1
score --input rows.csv --output scores.npy
tail -c 40 scores.npy | od -An -v -t f8 -w8 | tr -d ' '
head -c 10 scores.npy | od -An -c | tr -d ' '
"$nextcall" importance model.txt
"$nextcall" importance model.txt --json
# What is refused, and where it says it is.
printf 'b,a\n1,1\n' >names.csv
score --input names.csv
printf '1,2\n3\n' >narrow.csv
score --input narrow.csv
printf '1,2\n3,x\n' >word.csv
score --input word.csv
score --input missing.csv
score --input scores.npy
head -c 60 scores.npy >cut.npy
score --input cut.npy
score --input rows.csv --cpu none
score
grep -v '^leaf_count' model.txt >bare.txt
"$nextcall" score --ranker bare.txt --input rows.csv --contrib 2>&1; echo "code $?"
grep -v '^split_gain' model.txt >bare.txt
"$nextcall" importance bare.txt 2>&1; echo "code $?"
"$nextcall" score --ranker bare.txt --input rows.csv | head -n 1
