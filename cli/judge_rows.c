/* Rankers on the points of a training. */
#include "judge_rows.h"

#include <stdlib.h>
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

/* A point of a side, for sorting. */
typedef struct keyed {
    nxc_str key;
    double value;
    size_t i;
} keyed;

static int by_key(const void *a, const void *b) {
    const keyed *x = a, *y = b;
    int c = nxc__str_compare(x->key, y->key);
    return c ? c : (x->i > y->i) - (x->i < y->i);
}

/* Points of a key stand together in sorted (n); first has room for n + 1. */
static void compare_keyed(const keyed *sorted, size_t n, nxc__arena *arena,
                          cli_paired *out) {
    size_t *first = nxc__arena_alloc_array(arena, n + 1, sizeof *first);
    double *values = nxc__arena_alloc_array(arena, n + 1, sizeof *values);
    uint8_t *mask = nxc__arena_alloc(arena, n + 1);
    double *draws = nxc__arena_alloc_array(arena, CLI_N_DRAWS, sizeof *draws);
    if (!first || !values || !mask || !draws) return;
    memset(mask, 1, n + 1);
    for (size_t i = 0; i < n; i++) {
        values[i] = sorted[i].value;
        if (i == 0 || !nxc__str_eq(sorted[i].key, sorted[i - 1].key))
            first[out->n_keys++] = i;
    }
    first[out->n_keys] = n;
    out->difference = cli_mean(values, mask, n);
    out->interval = cli_bootstrap(values, mask, first, out->n_keys, draws);
}

nxc_status cli_compare_side(const nxc__train_data *d, nxc__side side,
                            nxc__split_by by, const double *a, const double *b,
                            cli_paired *out, nxc_error *err) {
    nxc__arena arena;
    size_t n = d->sides[side].n_points;
    const nxc__train_point *points = d->points + d->sides[side].first_point;
    nxc__arena_init(&arena, &nxc__allocator_default, SIZE_MAX);
    keyed *sorted = nxc__arena_alloc_array(&arena, n + 1, sizeof *sorted);
    *out = (cli_paired){0};
    for (size_t i = 0; sorted && i < n; i++)
        sorted[i] =
            (keyed){nxc__train_point_key(&points[i], by), b[i] - a[i], i};
    if (sorted) {
        qsort(sorted, n, sizeof *sorted, by_key);
        compare_keyed(sorted, n, &arena, out);
    }
    nxc__arena_release(&arena);
    return !n || out->n_keys ? NXC_OK
                             : nxc__error_nomem(err, n * sizeof *sorted);
}
