/*
 * A forest prepared for the vector kernels. Built once, then immutable.
 *
 * Quantisation. A numerical node asks x <= t. With the thresholds of a feature
 * sorted, rank(x) = number of thresholds < x, and x <= t[j] exactly if
 * rank(x) <= j: a comparison of small integers. A *column* is one byte a row:
 *
 *     number     rank(x) - 255 c, cut to 0 ... 255, for the thresholds 255 c to
 *                255 c + 254 of a feature; a missing value is 0 where it goes
 *                left and 255 where it goes right
 *     category   0 if the category is in the node's set, else 255
 *
 * so that every node of a plan is "column byte <= threshold byte goes left".
 *
 * Programs, for many rows: the nodes of a tree, children first; each selects
 * between the leaf numbers (bytes) of its children, which stand in slots.
 *
 *     slots   | leaf 0 | ... | leaf 255 | column 0 | ... | temporary 0 | ...
 *     node    out = column <= threshold ? left : right      (offsets)
 *
 * The programs of eight trees are interleaved, so that a node rarely waits for
 * the one before it.
 *
 * For few rows there is forest_walk.h.
 *
 * Source: ranks in place of thresholds are CatBoost's binarisation.
 * Each tree is evaluated as a whole; nothing is traversed by feature.
 */
#ifndef NXC_RANKER_FOREST_PLAN_H
#define NXC_RANKER_FOREST_PLAN_H

#include "ranker/forest_walk.h"

#define NXC_PLAN_TOGETHER 8 /* trees whose programs are interleaved */
#define NXC_PLAN_LEAVES 256 /* of a tree; a larger one has no plan */
#define NXC_PLAN_CHUNK 255  /* thresholds of a column */
#define NXC_PLAN_THRESHOLDS UINT16_MAX /* of a feature */
#define NXC_PLAN_SLOT_BYTES 64         /* of a slot: the widest block */
#define NXC_PLAN_COLUMNS ((size_t)1 << 14)

/* What a value is beside its rank. */
enum { NXC_VALUE_NAN = 1, NXC_VALUE_ZERO = 2 /* or NaN, which counts as 0 */ };

typedef struct nxc__plan_column {
    uint32_t feature;
    uint32_t base;                /* number: rank of the first threshold */
    uint32_t first_word, n_words; /* category: of the forest's cat_words */
    bool is_category;
    uint8_t missing;      /* number: NXC_VALUE_* that are missing */
    uint8_t missing_byte; /* 0: they go left; 255: right */
} nxc__plan_column;

/* A feature that is asked for, with its columns and its distinct thresholds,
 * ascending, in buckets of 16, which are filled up with infinity. There is one
 * empty bucket more. Pivot b is the last threshold of bucket b; pivots are
 * filled up to a multiple of 8. rank(x) = 16 b + thresholds < x of bucket b,
 * where b is the number of pivots < x. */
typedef struct nxc__plan_feature {
    uint32_t feature;
    uint32_t n_thresholds, n_pivots; /* no pivots: one bucket */
    uint32_t first_pivot, first_bucket;
    uint32_t first_column, n_columns;
} nxc__plan_feature;
#define NXC_PLAN_BUCKET 16

typedef struct nxc__plan_node {
    uint32_t column, left, right; /* bytes from the first slot */
    uint16_t out;                 /* bytes from the first temporary */
    uint8_t threshold;
} nxc__plan_node;

/* Eight trees, the last ones fewer. */
typedef struct nxc__plan_program {
    uint32_t first_node, n_nodes;
    uint32_t first_tree, n_trees;
    uint32_t roots[NXC_PLAN_TOGETHER]; /* leaf numbers at the end */
} nxc__plan_program;

typedef struct nxc__forest_plan {
    const nxc__forest *forest;
    const double *thresholds;
    const nxc__plan_feature *features;
    const nxc__plan_column *columns;
    const nxc__plan_node *nodes;
    const nxc__plan_program *programs; /* (n_programs) */
    size_t n_features, n_columns, n_slots, n_programs;
    size_t first_temporary; /* bytes from the first slot */
    bool has_walk;
    nxc__forest_walk walk;
    nxc__arena arena;
} nxc__forest_plan;

/* *out is NULL where the forest does not fit a plan: a linear tree or one of
 * more than 256 leaves, a feature of more than 65,535 thresholds, more than
 * 16,384 columns. The forest must outlive the plan. Errors: NXC_ERR_NOMEM. */
nxc_status nxc__forest_plan_new(const nxc__forest *forest,
                                nxc__forest_plan **out, nxc_error *err);
/* NULL is legal. */
void nxc__forest_plan_free(nxc__forest_plan *plan);

#endif
