/* Scores of a forest by the best means: the plan's kernels where there is a
 * plan, else the reference. */
#ifndef NXC_RANKER_FOREST_SCORE_H
#define NXC_RANKER_FOREST_SCORE_H

#include "ranker/kernels/forest_kernel.h"

typedef struct nxc__forest_scorer nxc__forest_scorer;

/* Takes forest over, on success only. cpu: flags of base/cpu.h; 0 is the
 * reference. */
nxc_status nxc__forest_scorer_new(nxc__forest *forest, uint32_t cpu,
                                  nxc__forest_scorer **out, nxc_error *err);
/* NULL is legal; frees the forest. */
void nxc__forest_scorer_free(nxc__forest_scorer *scorer);
const nxc__forest *nxc__forest_scorer_forest(const nxc__forest_scorer *scorer);
/* "ref", "portable", "avx2", "avx512". */
const char *nxc__forest_scorer_kernels(const nxc__forest_scorer *scorer);

/* rows (n, n_features) row-major, scores (n). Takes a block of scratch from the
 * scorer's pool: it is allocated when more threads score than ever before; if
 * that fails the reference answers. Thread-safety: any. */
void nxc__forest_score_f64(nxc__forest_scorer *scorer, const double *rows,
                           size_t n, double *scores);
void nxc__forest_score_f32(nxc__forest_scorer *scorer, const float *rows,
                           size_t n, double *scores);

#endif
