/*
 * Permutation importance (Breiman 2001): the loss of MRR when one column's
 * values are shuffled over all rows of the data set, which keeps their
 * distribution and takes away what they say of the candidate and its point.
 *
 *     rows -> MRR; for each column that a split asks for, for each repeat:
 *     shuffle, score, MRR, put back
 *
 * The mean over the repeats and its standard error: how much the shuffling
 * itself moves the figure. A shuffle follows from seed, column and repeat.
 * Cost: columns x repeats x rows scored, on one thread.
 */
#include "permutation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "judge_rows.h"
#include "ranker/ranker.h"
#include "train_input.h"

typedef struct loss {
    size_t column;
    double mean, error;
} loss;

typedef struct job {
    const cli_args *args;
    const nxc_ranker *ranker;
    cli_training input;
    size_t seed, repeats;
    double mrr;
    double *splits; /* (n_columns) 0: the model does not ask for it */
    double *scores; /* (n_rows) */
    float *column;  /* (n_rows) as it was */
    loss *losses;   /* (n_columns) */
    size_t n;
} job;

/* splitmix64. */
static uint64_t draw(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static nxc_status measure(job *j, double *mrr, nxc_error *err) {
    NXC_TRY(cli_score_rows(j->ranker, &j->input.data, j->scores, err));
    *mrr = cli_judge_side(&j->input.data, NXC_SIDE_TRAIN, j->scores, NULL)
               .reciprocal_rank;
    return NXC_OK;
}

/* Fisher and Yates, in place, of a column that lies row by row. */
static void shuffle(float *at, size_t stride, size_t n, uint64_t seed) {
    for (size_t i = n; i > 1; i--) {
        size_t k = (size_t)(draw(&seed) % i);
        float x = at[(i - 1) * stride];
        at[(i - 1) * stride] = at[k * stride];
        at[k * stride] = x;
    }
}

static nxc_status measure_column(job *j, size_t column, loss *out,
                                 nxc_error *err) {
    const nxc__train_data *d = &j->input.data;
    float *at = d->rows + column;
    double sum = 0, squares = 0, n = (double)j->repeats;
    for (size_t i = 0; i < d->n_rows; i++)
        j->column[i] = at[i * d->n_columns];
    nxc_status st = NXC_OK;
    for (size_t r = 0; r < j->repeats && st == NXC_OK; r++) {
        double mrr = 0;
        shuffle(at, d->n_columns, d->n_rows,
                (j->seed * 65536 + column) * 65536 + r);
        st = measure(j, &mrr, err);
        sum += j->mrr - mrr;
        squares += (j->mrr - mrr) * (j->mrr - mrr);
        for (size_t i = 0; i < d->n_rows; i++)
            at[i * d->n_columns] = j->column[i];
    }
    double mean = sum / n, variance = (squares - n * mean * mean) / (n - 1);
    *out = (loss){column, mean, sqrt(variance > 0 ? variance / n : 0)};
    return st;
}

static nxc_status measure_all(job *j, nxc_error *err) {
    cli_progress progress;
    size_t width = j->input.data.n_columns;
    nxc_status st = measure(j, &j->mrr, err);
    cli_progress_start(&progress, "features");
    for (size_t c = 0; c < width && st == NXC_OK; c++) {
        if (j->splits[c] > 0) {
            st = measure_column(j, c, &j->losses[j->n], err);
            j->n++;
        }
        (void)cli_progress_step(&progress, c + 1, width);
    }
    cli_progress_end(&progress);
    return st;
}

static int by_loss(const void *a, const void *b) {
    const loss *x = a, *y = b;
    if (x->mean != y->mean) return x->mean > y->mean ? -1 : 1;
    return (x->column > y->column) - (x->column < y->column);
}

static void print_losses(const job *j) {
    printf("%zu points, MRR %.4f; %zu of %zu features are asked for, %zu "
           "shuffles each\n%-24s %9s %9s\n",
           j->input.data.n_points, j->mrr, j->n, j->input.data.n_columns,
           j->repeats, "feature", "MRR lost", "error");
    for (size_t i = 0; i < j->n; i++) {
        const loss *l = &j->losses[i];
        double share = j->losses[0].mean > 0 ? l->mean / j->losses[0].mean : 0;
        size_t width = share > 0 ? (size_t)(share * 24 + 0.5) : 0;
        cli_print_cell(stdout, nxc__str(j->input.data.names[l->column]), 24);
        printf(" %+9.5f %9.5f%s%.*s\n", l->mean, l->error, width ? "  " : "",
               (int)width, "########################");
    }
}

static void print_losses_json(const job *j) {
    printf("{\"points\":%zu,\"mrr\":%.12g,\"repeats\":%zu,\"features\":[",
           j->input.data.n_points, j->mrr, j->repeats);
    for (size_t i = 0; i < j->n; i++)
        printf("%s{\"feature\":\"%s\",\"loss\":%.12g,\"standard_error\":%.6g}",
               i ? "," : "", j->input.data.names[j->losses[i].column],
               j->losses[i].mean, j->losses[i].error);
    puts("]}");
}

static nxc_status run(job *j, nxc_error *err) {
    nxc__train_data *d = &j->input.data;
    const size_t all[NXC_N_SIDES] = {10000, 10000, 10000};
    cli_training_narrow(&j->input, j->ranker);
    NXC_TRY(cli_training_fill(&j->input, all, j->seed, err));
    NXC_TRY(nxc__ranker_check_features(j->ranker, d->names, d->n_columns, err));
    if (d->n_points == 0)
        return nxc__error(err, NXC_ERR_INVALID,
                          "--data: expected decision points, got none");
    nxc__arena *a = &j->input.arena;
    j->splits = nxc__arena_alloc_array(a, d->n_columns, sizeof *j->splits);
    j->losses = nxc__arena_alloc_array(a, d->n_columns, sizeof *j->losses);
    j->scores = nxc__arena_alloc_array(a, d->n_rows, sizeof *j->scores);
    j->column = nxc__arena_alloc_array(a, d->n_rows, sizeof *j->column);
    if (!j->splits || !j->losses || !j->scores || !j->column)
        return nxc__error_nomem(err, d->n_rows * sizeof *j->scores);
    NXC_TRY(nxc_ranker_get_importance(j->ranker, NXC_IMPORTANCE_SPLIT,
                                      j->splits, err));
    NXC_TRY(measure_all(j, err));
    qsort(j->losses, j->n, sizeof *j->losses, by_loss);
    if (cli_has(j->args, "json"))
        print_losses_json(j);
    else
        print_losses(j);
    return NXC_OK;
}

int cli_permutation(const cli_args *args, const nxc_ranker *ranker) {
    job j = {.args = args, .ranker = ranker};
    nxc_error err;
    if (!cli_has(args, "data"))
        return cli_usage(cli_command_of(args),
                         "--permutation: expected --data too, got none");
    if (!cli_get_count(args, "seed", 1, INT32_MAX, &j.seed) ||
        !cli_get_count(args, "repeats", 5, 1000, &j.repeats))
        return CLI_USAGE;
    if (j.repeats < 2)
        return cli_usage(cli_command_of(args),
                         "--repeats: expected at least 2, for the error, got "
                         "%zu",
                         j.repeats);
    nxc_status st = cli_training_open(&j.input, args, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    st = run(&j, &err);
    cli_training_close(&j.input);
    return st == NXC_OK ? CLI_OK : cli_fail(st, &err);
}
