/* A LightGBM model of three features and four trees, small enough to be worked
 * out by hand: numbers, categories, a missing rule of each kind, one leaf.
 *
 *   tree 0   f0 <= 0.5 (missing NaN, default left)
 *              yes: f1 <= -1.5 (missing zero, default right): 1 | 2
 *              no:  4
 *   tree 1   f2 in {1, 3, 33}: 16 | 8
 *   tree 2   32
 *   tree 3   f0 <= inf (missing none): 64 | 128
 */
#ifndef NXC_SMALL_MODEL_H
#define NXC_SMALL_MODEL_H

#define NXC_SMALL_MODEL_HEADER             \
    "tree\n"                               \
    "version=v4\n"                         \
    "num_class=1\n"                        \
    "num_tree_per_iteration=1\n"           \
    "label_index=0\n"                      \
    "max_feature_idx=2\n"                  \
    "objective=lambdarank\n"               \
    "feature_names=alpha beta gamma\n"     \
    "feature_infos=[-1:1] [-2:2] 1:3:33\n" \
    "tree_sizes=1 1 1 1\n"                 \
    "\n"
#define NXC_SMALL_MODEL_TREES \
    "Tree=0\n"                \
    "num_leaves=3\n"          \
    "num_cat=0\n"             \
    "split_feature=0 1\n"     \
    "split_gain=2.5 1.25\n"   \
    "threshold=0.5 -1.5\n"    \
    "decision_type=10 4\n"    \
    "left_child=1 -1\n"       \
    "right_child=-2 -3\n"     \
    "leaf_value=1 4 2\n"      \
    "leaf_weight=1 1 1\n"     \
    "leaf_count=1 1 1\n"      \
    "internal_value=0 0\n"    \
    "internal_weight=3 2\n"   \
    "internal_count=3 2\n"    \
    "is_linear=0\n"           \
    "shrinkage=0.1\n"         \
    "\n\n"                    \
    "Tree=1\n"                \
    "num_leaves=2\n"          \
    "num_cat=1\n"             \
    "split_feature=2\n"       \
    "threshold=0\n"           \
    "decision_type=1\n"       \
    "left_child=-1\n"         \
    "right_child=-2\n"        \
    "leaf_value=16 8\n"       \
    "cat_boundaries=0 2\n"    \
    "cat_threshold=10 2\n"    \
    "\n\n"                    \
    "Tree=2\n"                \
    "num_leaves=1\n"          \
    "num_cat=0\n"             \
    "split_feature=\n"        \
    "threshold=\n"            \
    "leaf_value=32\n"         \
    "\n\n"                    \
    "Tree=3\n"                \
    "num_leaves=2\n"          \
    "num_cat=0\n"             \
    "split_feature=0\n"       \
    "threshold=inf\n"         \
    "decision_type=2\n"       \
    "left_child=-1\n"         \
    "right_child=-2\n"        \
    "leaf_value=64 128\n"     \
    "\n\n"
#define NXC_SMALL_MODEL_END "end of trees\n"
#define NXC_SMALL_MODEL \
    NXC_SMALL_MODEL_HEADER NXC_SMALL_MODEL_TREES NXC_SMALL_MODEL_END

#endif
