/*
 * The kernels of tree scoring: a struct of function pointers, filled from
 * forest_ref.c, then improved by what the processor has.
 *
 * Contract of both slots (the rows differ in type only, a float is widened):
 * - A value x with |x| <= 1e-35f counts as 0.0 (LightGBM's dense row intake);
 *   NaN stays NaN.
 * - Numerical node: x NaN and missing type not NaN: x = 0.0. Then, if x is
 *   missing (type ZERO: x = 0.0; type NAN: x NaN), left iff default left.
 *   Otherwise left iff x <= threshold, as IEEE 754 compares.
 * - Categorical node: x is cut to an integer toward zero; left iff it is not
 *   negative and its bit is set; NaN and what is past the set goes right.
 * - Score: leaf values added in double, in tree order, from 0.0; a random
 *   forest divides once by the number of trees. Every kernel gives the same
 *   bits as forest_ref.c.
 * - rows (n, n_features) row-major, scores (n), no alignment; n = 0 writes
 *   nothing. No allocation. The forest holds its invariants (forest.h).
 */
#ifndef NXC_RANKER_FOREST_KERNEL_H
#define NXC_RANKER_FOREST_KERNEL_H

#include "ranker/forest.h"

typedef struct nxc__forest_kernels {
    const char *name; /* "ref" */
    void (*score_f64)(const nxc__forest *forest, const double *rows, size_t n,
                      double *scores);
    void (*score_f32)(const nxc__forest *forest, const float *rows, size_t n,
                      double *scores);
} nxc__forest_kernels;

/* The definition of truth. */
void nxc__forest_init_ref(nxc__forest_kernels *k);
/* The best for the processor flags (base/cpu.h). */
void nxc__forest_kernels_select(nxc__forest_kernels *k, uint32_t cpu);

#endif
