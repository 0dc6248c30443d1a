/* Score rows of numbers with any LightGBM model, and say why: the ranker alone,
 * without an engine, a catalog or a feature set.
 *
 *     score MODEL ROWS
 *
 * ROWS is a file of doubles, row after row, as NumPy's tofile writes them. */
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

/* The doubles of a file, up to max of them, into a block to be freed. */
static double *read_doubles(const char *path, size_t max, size_t *n) {
    FILE *f = fopen(path, "rb");
    double *values = f ? calloc(max, sizeof *values) : NULL;
    *n = values ? fread(values, sizeof *values, max, f) : 0;
    if (f) fclose(f);
    return values;
}

int main(int argc, char **argv) {
    nxc_error err = {NXC_OK, "out of memory"};
    nxc_ranker *ranker = NULL;
    size_t n_values, width;
    if (argc != 3) {
        fprintf(stderr, "usage: score MODEL ROWS\n");
        return 2;
    }
    nxc_status st = nxc_ranker_load(argv[1], NULL, &ranker, &err);
    if (st) {
        fprintf(stderr, "score: %s\n", err.message);
        return nxc_status_exit_code(st);
    }
    width = nxc_ranker_n_features(ranker);
    double *rows = read_doubles(argv[2], 1000 * width, &n_values);
    if (!rows || n_values == 0 || n_values % width) {
        fprintf(stderr, "score: %s: expected rows of %zu doubles\n", argv[2],
                width);
        st = NXC_ERR_INVALID;
    } else {
        st = score(ranker, rows, n_values / width, &err);
        if (st) fprintf(stderr, "score: %s\n", err.message);
    }
    free(rows);
    nxc_ranker_free(ranker);
    return nxc_status_exit_code(st);
}
