/*
 * A tree ensemble in memory: validated once by who builds it, then immutable,
 * so that the kernels walk it unchecked.
 *
 *     forest_new -> (add_tree -> fill nodes, leaves, add_words -> check_tree)*
 *                -> seal -> kernels ... -> free
 *
 *     trees        | tree 0          | tree 1          | ...
 *     nodes        | 0 1 2 .. n0 - 1 | 0 1 .. n1 - 1   | ...  root is node 0
 *     leaf_values  | 0 1 .. n0       | 0 1 .. n1       | ...
 *     cat_words    | set, set, ...   (bit i of a set: category i goes left)
 *     linear       | a leaf of the first linear tree, ...
 *     terms        | terms of a linear leaf, in the order of their sum | ...
 *
 * Invariants, established by check_tree and by the reader:
 *  1. n_leaves = n_nodes + 1 >= 1; a tree of one leaf has no node.
 *  2. A child >= 0 is a node, a negative one is leaf ~child; each node but the
 *     root and each leaf is the child of exactly one node; all are reached from
 *     the root in at most max_depth steps.
 *  3. feature < n_features; a numerical threshold is no NaN; a set of words
 *     lies within cat_words.
 *  4. Leaf values, constants and coefficients are finite; terms of a linear
 *     leaf lie within terms and have a feature < n_features.
 */
#ifndef NXC_RANKER_FOREST_H
#define NXC_RANKER_FOREST_H

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/error.h"

/* Bits of a node's decision, as LightGBM writes them in decision_type. */
enum {
    NXC_DECISION_CATEGORICAL = 1,
    NXC_DECISION_DEFAULT_LEFT = 2,
    NXC_DECISION_MISSING = 12, /* mask: one of the three below */
    NXC_MISSING_NONE = 0,
    NXC_MISSING_ZERO = 4,
    NXC_MISSING_NAN = 8
};

typedef struct nxc__forest_node {
    union {
        double threshold; /* numerical: left if x <= threshold */
        struct {          /* categorical: left if bit x of the words is set */
            uint32_t first_word, n_words;
        } set;
    } split;
    int32_t left, right; /* >= 0: node of the tree; negative: leaf ~child */
    uint16_t feature;
    uint8_t decision;
} nxc__forest_node;

typedef struct nxc__forest_tree {
    uint32_t first_node, first_leaf;
    uint32_t n_nodes, n_leaves;
    uint32_t first_linear; /* of its leaves, or NXC_NOT_LINEAR */
} nxc__forest_tree;
#define NXC_NOT_LINEAR UINT32_MAX

/* constant + sum of coefficient * x; the leaf's value if an x is NaN. */
typedef struct nxc__linear_leaf {
    double constant;
    uint32_t first_term, n_terms;
} nxc__linear_leaf;
typedef struct nxc__linear_term {
    double coefficient;
    uint32_t feature;
} nxc__linear_term;

/* All of a forest, over its trees. */
typedef struct nxc__forest_limits {
    size_t max_trees, max_leaves, max_features, max_depth;
} nxc__forest_limits;
/* 10,000 trees, 2^20 leaves, 4,096 features, depth 512. */
extern const nxc__forest_limits nxc__forest_limits_default;

typedef struct nxc__forest {
    const nxc__forest_tree *trees; /* (n_trees) in the order of the sum */
    const nxc__forest_node *nodes;
    const double *leaf_values;
    const uint32_t *cat_words;
    const nxc__linear_leaf *linear; /* NULL: no tree is linear */
    const nxc__linear_term *terms;
    /* Of the training data, NULL unless all trees of several leaves have them:
     * rows that came to a leaf (as leaf_values) and to a node (as nodes), and a
     * node's gain. Scores do not need them. */
    const uint32_t *leaf_counts, *node_counts;
    const float *gains;
    size_t n_trees, n_features;
    bool is_average;            /* random forest: the sum over n_trees */
    const char **feature_names; /* (n_features) */
    bool has_own_names;         /* false: all are Column_0, Column_1, ... */
    /* storage */
    const nxc_allocator *alloc;
    nxc__forest_limits limits;
    nxc__buffer tree_buf, node_buf, leaf_buf, word_buf, scratch;
    nxc__buffer linear_buf, term_buf;
    nxc__buffer leaf_count_buf, node_count_buf, gain_buf;
    bool lacks_counts, lacks_gains;
    nxc__arena names;
} nxc__forest;

nxc_status nxc__forest_new(const nxc_allocator *alloc,
                           const nxc__forest_limits *limits, nxc__forest **out,
                           nxc_error *err);
/* NULL is legal. */
void nxc__forest_free(nxc__forest *forest);

/* Room for a tree of n_leaves >= 1, zeroed; nodes and leaves are valid until
 * the next add. NXC_ERR_LIMIT: too many trees or leaves. */
nxc_status nxc__forest_add_tree(nxc__forest *forest, size_t n_leaves,
                                nxc__forest_node **nodes, double **leaves,
                                nxc_error *err);
/* Room for what is known of the newest tree's training: counts of its leaves
 * and nodes, gains of its nodes; zeroed. */
nxc_status nxc__forest_add_training(nxc__forest *forest, uint32_t **leaf_counts,
                                    uint32_t **node_counts, float **gains,
                                    nxc_error *err);
/* Makes the newest tree linear: room for its leaves, zeroed. */
nxc_status nxc__forest_add_linear(nxc__forest *forest,
                                  nxc__linear_leaf **leaves, nxc_error *err);
/* Room for n terms of it; *first is the index of the first. */
nxc_status nxc__forest_add_terms(nxc__forest *forest, size_t n, uint32_t *first,
                                 nxc__linear_term **terms, nxc_error *err);
/* Room for n words of category sets; *first is the index of the first. */
nxc_status nxc__forest_add_words(nxc__forest *forest, size_t n, uint32_t *first,
                                 uint32_t **words, nxc_error *err);
/* Invariant 2 of the newest tree, which has nodes. NXC_ERR_PARSE "expected
 * left_child[3] in
 * [-31, 29], got 99", without where; NXC_ERR_LIMIT: too deep. */
nxc_status nxc__forest_check_tree(nxc__forest *forest, nxc_error *err);
/* After the last tree: gives the arrays their place. */
void nxc__forest_seal(nxc__forest *forest);

#endif
