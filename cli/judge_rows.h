/* How well a ranker orders the points that a training has. */
#ifndef NXC_CLI_JUDGE_ROWS_H
#define NXC_CLI_JUDGE_ROWS_H

#include "command.h"
#include "judge.h"
#include "train/train_data.h"

/* Scores (n_rows) of all rows of assembled data. */
nxc_status cli_score_rows(const nxc_ranker *ranker, const nxc__train_data *d,
                          double *scores, nxc_error *err);
/* The mean outcome of a side's points; reciprocals (n_points of the side) or
 * NULL: each one's reciprocal rank. Zeros of a side without points. */
cli_outcome cli_judge_side(const nxc__train_data *d, nxc__side side,
                           const double *scores, double *reciprocals);

/* The paired difference b - a of reciprocal ranks over a side's points. */
typedef struct cli_paired {
    size_t n_keys; /* sessions, groups, ... */
    double difference;
    cli_interval interval; /* 95 %, resampling keys; see cli_bootstrap */
} cli_paired;
nxc_status cli_compare_side(const nxc__train_data *d, nxc__side side,
                            nxc__split_by by, const double *a, const double *b,
                            cli_paired *out, nxc_error *err);

#endif
