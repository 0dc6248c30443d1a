/*
 * The kernels of tree scoring.
 *
 * Contract of a score, whoever computes it (forest_ref.c is the definition):
 * - A value x with |x| <= 1e-35f counts as 0.0 (LightGBM's dense row intake);
 *   NaN stays NaN.
 * - Numerical node: x NaN and missing type not NaN: x = 0.0. Then, if x is
 *   missing (type ZERO: x = 0.0; type NAN: x NaN), left iff default left.
 *   Otherwise left iff x <= threshold, as IEEE 754 compares.
 * - Categorical node: x is cut to an integer toward zero; left iff it is not
 *   negative and its bit is set; NaN and what is past the set goes right.
 * - Linear leaf: constant + coefficient * x for each term in order, product and
 *   sum rounded; the leaf's value if an x is NaN.
 * - Score: leaf values added in double, in tree order, from 0.0; a random
 *   forest divides once by the number of trees. The same bits everywhere.
 *
 * A level is what an instruction set offers for quantised rows (forest_plan.h);
 * forest_score.c quantises, divides the rows among the slots and finishes the
 * sums. No slot allocates, no pointer need be aligned.
 */
#ifndef NXC_RANKER_FOREST_KERNEL_H
#define NXC_RANKER_FOREST_KERNEL_H

#include <math.h>

#include "ranker/forest_plan.h"

/* LightGBM's kZeroThreshold: a float constant, compared in double. */
#define NXC_FOREST_ZERO ((double)1e-35f)

/* The bit of a category: x as it came, NaN allowed. */
static inline bool nxc__forest_has_category(const uint32_t *words,
                                            size_t n_words, double x) {
    if (!(x > -1.0 && x < 2147483648.0)) return false; /* NaN among them */
    uint32_t category = (uint32_t)x, word = category / 32;
    return word < n_words && (words[word] >> (category % 32) & 1);
}

/* Where a node sends a row whose feature has the value v. */
static inline bool nxc__forest_goes_left(const nxc__forest *forest,
                                         const nxc__forest_node *node,
                                         double v) {
    bool is_nan = v != v;
    double x = fabs(v) > NXC_FOREST_ZERO ? v : 0.0; /* NaN too is 0 */
    if (node->decision & NXC_DECISION_CATEGORICAL)
        return !is_nan && nxc__forest_has_category(
                              forest->cat_words + node->split.set.first_word,
                              node->split.set.n_words, x);
    unsigned missing = node->decision & NXC_DECISION_MISSING;
    unsigned is_missing = ((missing == NXC_MISSING_ZERO) & (x == 0.0)) |
                          ((missing == NXC_MISSING_NAN) & is_nan);
    unsigned left = (node->decision & NXC_DECISION_DEFAULT_LEFT) != 0;
    return (is_missing & left) |
           ((is_missing ^ 1u) & (x <= node->split.threshold));
}

/* rows (n, n_features) row-major, scores (n); double, or float widened. */
void nxc__forest_ref_f64(const nxc__forest *forest, const double *rows,
                         size_t n, double *scores);
void nxc__forest_ref_f32(const nxc__forest *forest, const float *rows, size_t n,
                         double *scores);

/* A feature of up to 64 rows on its way to column bytes. Bit i is row i. */
typedef struct quantise_values {
    double x[64];
    uint16_t rank[64];
    uint64_t is_nan, is_zero; /* zero: NaN, which counts as 0, among them */
} quantise_values;

static inline uint64_t quantise_missing(const quantise_values *v,
                                        const nxc__plan_column *c) {
    return c->missing == NXC_VALUE_NAN    ? v->is_nan
           : c->missing == NXC_VALUE_ZERO ? v->is_zero
                                          : 0;
}

/* A block of rows, n of them in use: sums (rows) += leaf values of all trees,
 * in order. slots (n_slots, 64): the first 256 hold their number 64 times, then
 * come the columns, then what is written. */
typedef struct nxc__forest_block {
    size_t rows;     /* 16, 32 or 64 */
    size_t min_rows; /* and 1 for each 16 nodes a tree; fewer: what is next */
    void (*score)(const nxc__forest_plan *plan, uint8_t *slots, size_t n,
                  double *sums);
} nxc__forest_block;

/* Explanations (forest_explain.c): four points of the integral at a time. */
#define NXC_EXPLAIN_LANES 4
typedef double nxc__explain_points
    __attribute__((vector_size(NXC_EXPLAIN_LANES * sizeof(double)), may_alias));

typedef struct nxc__explain_edge {
    double share;    /* of this feature's splits down to here */
    double value;    /* of the leaf below; 0: a node is below */
    uint32_t parent; /* edge above, of this tree */
    uint32_t up;     /* nearest edge above with the same feature */
    uint32_t node;   /* that the edge leaves, of the tree */
    uint16_t feature;
    bool is_left;
} nxc__explain_edge;

typedef struct nxc__explain_job {
    const nxc__forest *forest;
    const nxc__forest_tree *tree;
    const double *row;
    /* Of the tree; edge 0 stands for what is above the root: share 1. */
    const nxc__explain_edge *edges;
    size_t n_edges;
    const nxc__explain_points *at, *weights; /* (n_groups) of the tree's rule */
    size_t n_groups;
    /* (n_edges) 1 / f, (o - z) / f; P, then S */
    nxc__explain_points *inverse, *part, *down;
    nxc__explain_points *phi; /* (n_features), added to */
    uint8_t *passes;          /* (n_edges) o */
    uint8_t *left;            /* (n_nodes) whether the row goes */
} nxc__explain_job;

typedef struct nxc__forest_level {
    const char *name;
    /* columns[c * stride + i] for n rows; stride is 64, or 1 for one row. */
    void (*quantise_f64)(const nxc__forest_plan *plan, const double *rows,
                         size_t n, size_t stride, uint8_t *columns);
    void (*quantise_f32)(const nxc__forest_plan *plan, const float *rows,
                         size_t n, size_t stride, uint8_t *columns);
    nxc__forest_block blocks[2]; /* widest first; score NULL: none */
    /* One row: columns (n_columns, padded to 256) bytes; bits is scratch:
     * n_decisions / 8 + NXC_WALK_AFTER bytes. */
    double (*row)(const nxc__forest_plan *plan, const uint8_t *columns,
                  uint64_t *bits);
    void (*explain_tree)(const nxc__explain_job *job);
} nxc__forest_level;

/* Each instruction set's one symbol. */
extern const nxc__forest_level nxc__forest_level_portable;
#if defined(__x86_64__)
extern const nxc__forest_level nxc__forest_level_avx2;
extern const nxc__forest_level nxc__forest_level_avx512;
#endif
/* The best for the processor flags (base/cpu.h); 0: NULL, the reference. */
const nxc__forest_level *nxc__forest_level_select(uint32_t cpu);

#endif
