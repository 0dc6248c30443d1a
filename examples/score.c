/* Score rows of numbers with any LightGBM model, and say why: the ranker alone,
 * without an engine, a catalog or a feature set.
 *
 *     score MODEL VALUE...
 *
 * Each n values are a row, n being the model's number of features; what is
 * no number is a missing value. */
#include <stdio.h>
#include <stdlib.h>

#include <nextcall/nextcall.h>

static nxc_status score(nxc_ranker *ranker, const double *rows, size_t n,
                        nxc_error *err) {
    size_t width = nxc_ranker_n_features(ranker);
    double *scores = calloc(n, sizeof *scores);
    double *contributions = calloc(n * width, sizeof *contributions);
    double expected = 0;
    nxc_status st = scores && contributions ? NXC_OK : NXC_ERR_NOMEM;

    if (!st) st = nxc_ranker_score(ranker, rows, n, scores, err);
    if (!st)
        st = nxc_ranker_explain(ranker, rows, n, contributions, &expected, err);
    for (size_t i = 0; !st && i < n; i++) {
        size_t best = 0;
        const double *row = contributions + i * width;
        for (size_t k = 1; k < width; k++)
            if (row[k] * row[k] > row[best] * row[best]) best = k;
        printf("%.6f  expected %.6f, most by %s: %+.6f\n", scores[i], expected,
               nxc_ranker_feature_name(ranker, best), row[best]);
    }
    free(scores);
    free(contributions);
    return st;
}

int main(int argc, char **argv) {
    nxc_error err = {NXC_OK, "out of memory"};
    nxc_ranker *ranker = NULL;
    if (argc < 3) {
        fprintf(stderr, "usage: score MODEL VALUE...\n");
        return 2;
    }
    nxc_status st = nxc_ranker_load(argv[1], NULL, &ranker, &err);
    size_t n_values = (size_t)argc - 2;
    size_t width = st ? 1 : nxc_ranker_n_features(ranker);
    if (n_values % width) {
        fprintf(stderr, "score: expected rows of %zu values, got %zu values\n",
                width, n_values);
        nxc_ranker_free(ranker);
        return 2;
    }
    double *rows = calloc(n_values, sizeof *rows);
    if (!st && !rows) st = NXC_ERR_NOMEM;
    for (size_t i = 0; !st && i < n_values; i++)
        if (sscanf(argv[i + 2], "%lf", &rows[i]) != 1) rows[i] = NXC_NAN;
    if (!st) st = score(ranker, rows, n_values / width, &err);
    if (st) fprintf(stderr, "score: %s\n", err.message);
    free(rows);
    nxc_ranker_free(ranker);
    return nxc_status_exit_code(st);
}
