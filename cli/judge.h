/* How good rankings are: ranks of the true next call, means, intervals. Numbers
 * only. */
#ifndef NXC_CLI_JUDGE_H
#define NXC_CLI_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of one decision point; the mean over all orders of equal scores. */
typedef struct cli_outcome {
    double top1, top3, top5, reciprocal_rank, ndcg10;
} cli_outcome;

/* scores (n), larger is better, NaN is worst; gold < n. */
cli_outcome cli_judge(const double *scores, size_t n, size_t gold);
void cli_outcome_add(cli_outcome *to, const cli_outcome *o, double weight);
/* The outcome of rank 1, 2, ... */
cli_outcome cli_judge_rank(size_t rank);

/* out[i] = sum of 1 / (60 + middle rank of i) over both (reciprocal rank
 * fusion, Cormack et al. 2009). scratch (n). */
void cli_fuse(const double *a, const double *b, size_t n, double *scratch,
              double *out);

typedef struct cli_interval {
    double low, high;
} cli_interval;

/* 95 % interval of a mean over points by resampling scenarios (percentile
 * bootstrap, 1,000 draws, fixed seed). values (n_points), of which those with
 * mask[i] count; scenario i has points first[i] .. first[i + 1]. NaN where
 * nothing counts. draws (1000) is scratch. */
#define CLI_N_DRAWS 1000
cli_interval cli_bootstrap(const double *values, const uint8_t *mask,
                           const size_t *first, size_t n_scenarios,
                           double *draws);
double cli_mean(const double *values, const uint8_t *mask, size_t n);

#endif
