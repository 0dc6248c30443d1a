# A trained ranker: its scores, its name, what it must be.
cat >tree.txt <<'J'
tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=10
objective=lambdarank
feature_names=last_endpoint_type last_resource time_since_last session_length endpoint_type resource_match workflow_distance prompt_similarity action_verb_match bigram_prob trigram_prob
feature_infos=[0.0027385001701480949:0.99894214259242309] [0.00024846868647843134:0.99910375328576506] [0.00058683537511194928:0.99950135225702685] [0.0003381350606673772:0.99618617557975153] [1:5] [0.00030069010692290732:0.99847239213256889] [0.0025835635887759834:0.99956591760538038] [0.0011504636251643552:0.99529980338786106] [0.00019000160734350402:0.99886492452872955] [0.00032938982731045563:0.99806745673301134] [0.0037347300263822492:0.99695729883449269]
tree_sizes=357

Tree=0
num_leaves=2
num_cat=0
split_feature=4
split_gain=89.9202
threshold=3.5000000000000004
decision_type=2
left_child=-1
right_child=-2
leaf_value=-0.19999999999999996 0.20000000000000001
leaf_weight=11.240020962432029 11.240020915865896
leaf_count=230 170
internal_value=-4.14289e-10
internal_weight=22.48
internal_count=400
is_linear=0
shrinkage=0.1

end of trees

J
library() { "$nextcall" "$1" --no-model --catalog "$data/library.json" --prompt 'lend a book' "${@:2}"; }
library rank --ranker tree.txt --top 3 | sed 's/resolve.*us/T/'
library rank --ranker tree.txt --json --top 1 --features | grep -o '"score":[^,]*\|"ranker":"[^"]*"\|contributions'
library explain --ranker tree.txt | tail -n 2
"$nextcall" model info --model tree.txt --json
"$nextcall" model info --model tree.txt
sed 's/ trigram_prob/ other/' tree.txt >other.txt
library rank --ranker other.txt 2>&1; echo "code $?"
head -n 12 tree.txt >cut.txt
library rank --ranker cut.txt 2>&1; echo "code $?"
library rank --ranker . 2>&1; echo "code $?"
