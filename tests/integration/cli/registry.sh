# Versions of a ranker: added, made active, watched, taken back, refused.
model() { # leaf...
    cat <<J
tree
version=v4
num_class=1
max_feature_idx=10
feature_names=last_endpoint_type last_resource time_since_last session_length endpoint_type resource_match workflow_distance prompt_similarity action_verb_match bigram_prob trigram_prob

Tree=0
num_leaves=2
num_cat=0
split_feature=4
split_gain=1
threshold=3.5
decision_type=2
left_child=-1
right_child=-2
leaf_value=$1 $2
leaf_count=1 1
internal_count=2

end of trees
J
}
model 1 2 >a.txt
model 4 3 >b.txt
registry() { "$nextcall" registry "$@" 2>&1; echo "code $?"; }
library() { "$nextcall" rank --no-model --catalog "$data/library.json" --prompt 'lend a book' --top 1 --json "$@" | grep -o '"score":[^,]*\|"ranker":"[^"]*"'; }
registry list models
registry add models a.txt --activate
registry add models b.txt --name calm --check 7
registry list models
library --ranker models
registry shadow models calm
registry list models --json
library --ranker models --metrics m.prom
grep '^nextcall_shadow.*total' m.prom
registry activate models calm --json
library --ranker models
registry rollback models
registry activate models none
registry verify models
sed -i 's/^leaf_value=.*/leaf_value=4 5/' models/versions/calm/model.txt
registry verify models
registry activate models calm
library --ranker models
printf '0,0,0,0,1,0,0,0,0,0,0\n0,0,0,0,4,0,0,0,0,0,0\n' >x.csv
"$nextcall" score --ranker models --input x.csv
"$nextcall" model info --model models
