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
    int missing = node->decision & NXC_DECISION_MISSING;
    bool is_missing = (missing == NXC_MISSING_ZERO && x == 0.0) ||
                      (missing == NXC_MISSING_NAN && is_nan);
    if (is_missing) return node->decision & NXC_DECISION_DEFAULT_LEFT;
    return x <= node->split.threshold;
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
    size_t min_rows; /* fewer are taken by what comes next */
    void (*score)(const nxc__forest_plan *plan, uint8_t *slots, size_t n,
                  double *sums);
} nxc__forest_block;

typedef struct nxc__forest_level {
    const char *name;
    /* columns[c * stride + i] for n rows; stride is 64, or 1 for one row. */
    void (*quantise_f64)(const nxc__forest_plan *plan, const double *rows,
                         size_t n, size_t stride, uint8_t *columns);
    void (*quantise_f32)(const nxc__forest_plan *plan, const float *rows,
                         size_t n, size_t stride, uint8_t *columns);
    nxc__forest_block blocks[2]; /* widest first; score NULL: none */
    /* One row: columns (n_columns, padded to 256) bytes; bits is scratch
     * (n_decisions / 64 + 2). */
    double (*row)(const nxc__forest_plan *plan, const uint8_t *columns,
                  uint64_t *bits);
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
