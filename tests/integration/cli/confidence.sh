# Probabilities, and answers that abstain: a model with a calibration in its
# notes, and one without.
cat >model.txt <<'J'
tree
version=v4
num_class=1
num_tree_per_iteration=1
max_feature_idx=10
objective=lambdarank
feature_names=Column_0 Column_1 Column_2 Column_3 Column_4 Column_5 Column_6 Column_7 Column_8 Column_9 Column_10

Tree=0
num_leaves=2
num_cat=0
split_feature=4
threshold=3.5
decision_type=2
left_child=-1
right_child=-2
leaf_value=0 2

end of trees
J
cp model.txt plain.txt
cat >>model.txt <<'J'
nextcall notes
calibration.cold.temperature=1
calibration.cold.shares=0 0.5
calibration.cold.probabilities=0 0.75
end of nextcall notes
J
rank() { "$nextcall" rank --no-model --catalog "$data/library.json" --prompt 'lend a book' "$@" 2>&1; echo "code $?"; }
rank --ranker model.txt --top 3 | sed 's/resolve.*us/T/'
short() { grep -o '"ranking":.*}],"work\|"ranking":\[\]\|"probability":[^,]*\|"best_probability":[^,]*,"abstained":[a-z]*\|code .*\|^nextcall.*'; }
rank --ranker model.txt --top 2 --json | short
rank --ranker model.txt --json --min-confidence 0.9 | short
rank --ranker model.txt --min-confidence 0.9 | sed 's/resolve.*us/T/'
rank --ranker plain.txt --top 1 --json | short
rank --ranker plain.txt --min-confidence 0.9 | short
rank --ranker model.txt --min-confidence 2 | short
printf '%s\n' '{"prompt":"lend a book"}' '{"prompt":"lend a book","min_confidence":0.1,"top":1}' '{"min_confidence":"high"}' |
    "$nextcall" rank --no-model --catalog "$data/library.json" --ranker model.txt --requests - --min-confidence 0.9 |
    grep -o '"best_probability":[^,]*,"abstained":[a-z]*\|"error".*'
