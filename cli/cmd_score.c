/* nextcall score and importance: a LightGBM model on its own, without a feature
 * set. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "command.h"
#include "matrix.h"
#include "npy.h"
#include "permutation.h"

#define BLOCK_ROWS 1024

static const char *feature_name(const void *ranker, size_t i) {
    return nxc_ranker_feature_name(ranker, i);
}

static nxc_status load(const cli_args *args, const char *path, nxc_ranker **out,
                       nxc_error *err) {
    const char *cpu = cli_get(args, "cpu");
    NXC_TRY(cli_load_ranker(path, out, err));
    nxc_status st = nxc_ranker_set_cpu(*out, cpu ? cpu : "auto", err);
    if (st != NXC_OK) nxc_ranker_free(*out);
    return st;
}

/* ----------------------------------------------------------------- score */

typedef struct job {
    const cli_args *args;
    nxc_ranker *ranker;
    cli_matrix in;
    size_t width;   /* of a row of the output */
    double *rows;   /* (BLOCK_ROWS, n_features) */
    double *scores; /* (BLOCK_ROWS, width) */
    size_t n_features;
    cli_npy npy;
    bool to_npy, is_contrib;
} job;

/* Contributions of a row, then the expected value, as LightGBM has them. */
static nxc_status score_block(job *j, size_t n, nxc_error *err) {
    if (!j->is_contrib)
        return nxc_ranker_score(j->ranker, j->rows, n, j->scores, err);
    for (size_t i = 0; i < n; i++) {
        double *out = j->scores + i * j->width;
        NXC_TRY(nxc_ranker_explain(j->ranker, j->rows + i * j->n_features, 1,
                                   out, out + j->n_features, err));
    }
    return NXC_OK;
}

/* A row a line, with commas between. */
static void print_block(const job *j, size_t n, nxc__buffer *b) {
    b->len = 0;
    for (size_t i = 0; i < n * j->width; i++) {
        if (isfinite(j->scores[i]))
            nxc__buffer_append_double(b, j->scores[i]);
        else
            nxc__buffer_append_z(b, "nan");
        nxc__buffer_append_char(b, (i + 1) % j->width ? ',' : '\n');
    }
    fwrite(b->data, 1, b->len, stdout);
}

static nxc_status score_all(job *j, nxc_error *err) {
    size_t n;
    nxc__buffer text;
    cli_progress progress;
    nxc__buffer_init(&text, &nxc__allocator_default, (size_t)1 << 30);
    cli_progress_start(&progress, "scoring");
    nxc_status st;
    while ((st = cli_matrix_next(&j->in, j->rows, BLOCK_ROWS, &n, err)) ==
               NXC_OK &&
           n && (st = score_block(j, n, err)) == NXC_OK) {
        if (j->to_npy)
            cli_npy_append(&j->npy, j->scores, n);
        else
            print_block(j, n, &text);
        (void)cli_progress_step(&progress, j->in.rows_read, j->in.rows);
    }
    cli_progress_end(&progress);
    nxc__buffer_release(&text);
    return st;
}

/* The n rows in calls of so many; what does not fill a call is left out. */
static nxc_status score_steps(job *j, size_t n, size_t step, nxc_error *err) {
    double *rows = j->rows;
    nxc_status st = NXC_OK;
    for (size_t i = 0; i + step <= n && st == NXC_OK; i += step) {
        j->rows = rows + i * j->n_features;
        st = score_block(j, step, err);
    }
    j->rows = rows;
    return st;
}

/* The first rows, again and again, in calls of so many: the least time. */
static nxc_status bench(job *j, nxc_error *err) {
    static const size_t steps[] = {1, 5, 20, 64, 200, BLOCK_ROWS};
    size_t n;
    NXC_TRY(cli_matrix_next(&j->in, j->rows, BLOCK_ROWS, &n, err));
    printf("rows a call    ns a row%s\n", j->is_contrib ? ", explained" : "");
    for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
        double best = INFINITY, start = cli_seconds();
        size_t n_scored = n - n % steps[k];
        if (n_scored == 0) break;
        while (cli_seconds() - start < 0.2) {
            double before = cli_seconds();
            NXC_TRY(score_steps(j, n, steps[k], err));
            double took = cli_seconds() - before;
            if (took < best) best = took;
        }
        printf("%11zu %11.0f\n", steps[k], best * 1e9 / (double)n_scored);
    }
    return NXC_OK;
}

static nxc_status run(job *j, nxc_error *err) {
    const nxc_allocator *a = &nxc__allocator_default;
    const char *output = cli_get(j->args, "output");
    j->rows = nxc__alloc(a, BLOCK_ROWS * j->n_features * sizeof(double));
    j->scores = nxc__alloc(a, BLOCK_ROWS * j->width * sizeof(double));
    if (!j->rows || !j->scores)
        return nxc__error_nomem(err, BLOCK_ROWS * j->width * sizeof(double));
    if (cli_has(j->args, "bench")) return bench(j, err);
    if (output) {
        NXC_TRY(cli_npy_open_f64(&j->npy, output, j->is_contrib ? j->width : 0,
                                 err));
        j->to_npy = true;
    }
    nxc_status st = score_all(j, err);
    return j->to_npy ? cli_npy_close(&j->npy, st, err) : st;
}

int cli_score(const cli_args *args) {
    nxc_error err;
    job j = {.args = args, .is_contrib = cli_has(args, "contrib")};
    const nxc_allocator *a = &nxc__allocator_default;
    const char *model = cli_get(args, "ranker"), *in = cli_get(args, "input");
    if (!model || !in)
        return cli_usage(cli_command_of(args),
                         "expected --ranker and --input, got %s",
                         model ? "no --input" : "no --ranker");
    nxc_status st = load(args, model, &j.ranker, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    j.n_features = nxc_ranker_n_features(j.ranker);
    j.width = j.is_contrib ? j.n_features + 1 : 1;
    st = cli_matrix_open(&j.in, in, j.n_features, feature_name, j.ranker, &err);
    if (st == NXC_OK) {
        st = run(&j, &err);
        cli_matrix_close(&j.in);
    }
    nxc__free(a, j.rows, BLOCK_ROWS * j.n_features * sizeof(double));
    nxc__free(a, j.scores, BLOCK_ROWS * j.width * sizeof(double));
    nxc_ranker_free(j.ranker);
    return st == NXC_OK ? CLI_OK : cli_fail(st, &err);
}

/* ------------------------------------------------------------ importance */

typedef struct feature {
    const char *name;
    double splits, gain;
} feature;

/* By gain, then by splits; the features' order decides the rest. */
static void sort_features(feature *f, size_t n) {
    for (size_t i = 1; i < n; i++) {
        feature x = f[i];
        size_t k = i;
        for (; k && (f[k - 1].gain < x.gain ||
                     (f[k - 1].gain == x.gain && f[k - 1].splits < x.splits));
             k--)
            f[k] = f[k - 1];
        f[k] = x;
    }
}

static void print_features(const feature *f, size_t n) {
    double total = 0;
    for (size_t i = 0; i < n; i++)
        total += f[i].gain;
    printf("%-24s %8s %14s %7s\n", "feature", "splits", "gain", "share");
    for (size_t i = 0; i < n; i++) {
        double share = total > 0 ? f[i].gain / total : 0;
        size_t width =
            total > 0 ? (size_t)(f[i].gain / f[0].gain * 24 + 0.5) : 0;
        cli_print_cell(stdout, nxc__str(f[i].name), 24);
        printf(" %8.0f %14.6g %6.1f%%%s%.*s\n", f[i].splits, f[i].gain,
               share * 100, width ? "  " : "", (int)width,
               "########################");
    }
}

static void print_features_json(const feature *f, size_t n) {
    nxc__buffer b;
    nxc__buffer_init(&b, &nxc__allocator_default, (size_t)1 << 28);
    nxc__buffer_append_char(&b, '[');
    for (size_t i = 0; i < n; i++) {
        nxc__buffer_append_z(&b, i ? ",{\"feature\":" : "{\"feature\":");
        nxc__buffer_append_json(&b, nxc__str(f[i].name));
        nxc__buffer_append_z(&b, ",\"splits\":");
        nxc__buffer_append_double(&b, f[i].splits);
        nxc__buffer_append_z(&b, ",\"gain\":");
        nxc__buffer_append_double(&b, f[i].gain);
        nxc__buffer_append_char(&b, '}');
    }
    nxc__buffer_append_z(&b, "]\n");
    fwrite(b.data, 1, b.len, stdout);
    nxc__buffer_release(&b);
}

static nxc_status importance(const cli_args *args, const nxc_ranker *ranker,
                             nxc_error *err) {
    const nxc_allocator *a = &nxc__allocator_default;
    size_t n = nxc_ranker_n_features(ranker);
    size_t bytes = n * (sizeof(feature) + 2 * sizeof(double));
    feature *f = nxc__alloc(a, bytes);
    if (!f) return nxc__error_nomem(err, bytes);
    double *splits = (double *)(f + n), *gain = splits + n;
    nxc_status st =
        nxc_ranker_get_importance(ranker, NXC_IMPORTANCE_SPLIT, splits, err);
    if (st == NXC_OK)
        st = nxc_ranker_get_importance(ranker, NXC_IMPORTANCE_GAIN, gain, err);
    if (st == NXC_OK) {
        for (size_t i = 0; i < n; i++)
            f[i] = (feature){nxc_ranker_feature_name(ranker, i), splits[i],
                             gain[i]};
        sort_features(f, n);
        if (cli_has(args, "json"))
            print_features_json(f, n);
        else
            print_features(f, n);
    }
    nxc__free(a, f, bytes);
    return st;
}

int cli_importance(const cli_args *args) {
    nxc_error err;
    nxc_ranker *ranker;
    nxc_status st = load(args, cli_positional(args, 0), &ranker, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    int code;
    if (cli_has(args, "permutation")) {
        code = cli_permutation(args, ranker);
    } else {
        st = importance(args, ranker, &err);
        code = st == NXC_OK ? CLI_OK : cli_fail(st, &err);
    }
    nxc_ranker_free(ranker);
    return code;
}
