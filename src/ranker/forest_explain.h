/*
 * Contributions of features to a forest's scores: exact Shapley values of the
 * path-dependent game (Lundberg, Erion, Lee 2018: TreeSHAP), as LightGBM's
 * predict_contrib has them. A feature that is not known follows both children,
 * weighted by the training rows that went there.
 *
 *     expected value + sum of a row's contributions = its score
 */
#ifndef NXC_RANKER_FOREST_EXPLAIN_H
#define NXC_RANKER_FOREST_EXPLAIN_H

#include "ranker/kernels/forest_kernel.h"

typedef struct nxc__forest_explainer nxc__forest_explainer;

/* The forest must outlive it. NXC_ERR_UNSUPPORTED: a tree is linear, or the
 * model lacks leaf_count or internal_count. Immutable afterwards. */
nxc_status nxc__forest_explainer_new(const nxc__forest *forest,
                                     nxc__forest_explainer **out,
                                     nxc_error *err);
/* NULL is legal. */
void nxc__forest_explainer_free(nxc__forest_explainer *explainer);
double nxc__forest_explainer_expected(const nxc__forest_explainer *explainer);
/* Bytes of the scratch that a call needs, aligned to 64. */
size_t nxc__forest_explainer_scratch(const nxc__forest_explainer *explainer);
/* row and out (n_features); level NULL: the portable one, the bits are the
 * same. Thread-safety: any, with a scratch each. */
void nxc__forest_explain(const nxc__forest_explainer *explainer,
                         const double *row, const nxc__forest_level *level,
                         void *scratch, double *out);

#endif
