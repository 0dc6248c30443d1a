/* Rankers on the points of a training. */
#include "judge_rows.h"

#include <string.h>

#include "ranker/ranker.h"

nxc_status cli_score_rows(const nxc_ranker *ranker, const nxc__train_data *d,
                          double *scores, nxc_error *err) {
    bool has_contributions;
    return nxc__ranker_score_rows(ranker, 0, d->rows, d->n_rows, scores, NULL,
                                  &has_contributions, err);
}

cli_outcome cli_judge_side(const nxc__train_data *d, nxc__side side,
                           const double *scores, double *reciprocals) {
    cli_outcome sum = {0, 0, 0, 0, 0}, mean = {0, 0, 0, 0, 0};
    size_t n = d->sides[side].n_points;
    const nxc__train_point *points = d->points + d->sides[side].first_point;
    for (size_t i = 0; i < n; i++) {
        cli_outcome o =
            cli_judge(scores + points[i].first, points[i].n, points[i].gold);
        cli_outcome_add(&sum, &o, 1);
        if (reciprocals) reciprocals[i] = o.reciprocal_rank;
    }
    if (n) cli_outcome_add(&mean, &sum, 1 / (double)n);
    return mean;
}

nxc_status cli_compare_side(const nxc__train_data *d, nxc__side side,
                            const double *a, const double *b, cli_paired *out,
                            nxc_error *err) {
    nxc__arena arena;
    size_t n = d->sides[side].n_points;
    const nxc__train_point *points = d->points + d->sides[side].first_point;
    nxc__arena_init(&arena, &nxc__allocator_default, SIZE_MAX);
    size_t *first = nxc__arena_alloc_array(&arena, n + 1, sizeof *first);
    double *values = nxc__arena_alloc_array(&arena, n + 1, sizeof *values);
    uint8_t *mask = nxc__arena_alloc(&arena, n + 1);
    double *draws = nxc__arena_alloc_array(&arena, CLI_N_DRAWS, sizeof *draws);
    nxc_status st = NXC_OK;
    *out = (cli_paired){0};
    if (!first || !values || !mask || !draws) {
        st = nxc__error_nomem(err, n * sizeof *values);
    } else {
        memset(mask, 1, n + 1);
        for (size_t i = 0; i < n; i++) {
            values[i] = b[i] - a[i];
            if (i == 0 ||
                !nxc__str_eq(points[i].session, points[i - 1].session))
                first[out->n_sessions++] = i;
        }
        first[out->n_sessions] = n;
        out->difference = cli_mean(values, mask, n);
        out->interval =
            cli_bootstrap(values, mask, first, out->n_sessions, draws);
    }
    nxc__arena_release(&arena);
    return st;
}
