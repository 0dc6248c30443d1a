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
/* Score with another level from now on; exclusive. */
void nxc__forest_scorer_set_cpu(nxc__forest_scorer *scorer, uint32_t cpu);
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

/* Contributions (n, n_features) of rows to their scores, and the expected value
 * (forest_explain.h); one of f64 and f32 is NULL. What it needs is made by the
 * first call. Errors: NXC_ERR_UNSUPPORTED without counts, NXC_ERR_NOMEM.
 * Thread-safety: any. */
nxc_status nxc__forest_scorer_explain(nxc__forest_scorer *scorer,
                                      const double *f64, const float *f32,
                                      size_t n, double *contributions,
                                      double *expected, nxc_error *err);

#endif
