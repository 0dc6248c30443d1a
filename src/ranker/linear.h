/* The built-in default ranker: a weighted sum of the features of set "v1". */
#ifndef NXC_RANKER_LINEAR_H
#define NXC_RANKER_LINEAR_H

#include <nextcall/nextcall.h>

#define NXC_LINEAR_NAME "linear-default-v1"
#define NXC_LINEAR_N_GROUPS 5 /* workflow patterns, 0 = none */

extern const char *const nxc__linear_feature_names[NXC_V1_N_FEATURES];

/* score = sum of weight * value in feature order, in double; a feature that is
 * NaN or whose weight is 0 contributes 0. group < NXC_LINEAR_N_GROUPS.
 * contributions (n, NXC_V1_N_FEATURES) or NULL: the products. */
void nxc__linear_score_f32(uint32_t group, const float *rows, size_t n,
                           double *scores, double *contributions);
void nxc__linear_score_f64(uint32_t group, const double *rows, size_t n,
                           double *scores, double *contributions);

#endif
