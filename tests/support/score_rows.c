/* score_rows f64|f32|contrib MODEL ROWS SCORES [LEVEL]: scores the rows of a
 * binary file with a LightGBM text model. ROWS holds doubles or floats,
 * row-major, as many columns as the model has features; SCORES gets one double
 * per row; with contrib, of double rows, the contributions and the expected
 * value. LEVEL: see nxc_ranker_set_cpu; the rows are scored in calls of 1, 2, 3
 * ... 130 rows, again and again. Byte order of the machine. For
 * tests/golden/compare_lightgbm.py. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "ranker/ranker.h"

enum { F64, F32, CONTRIB };

static nxc_status score_some(const nxc_ranker *ranker, int kind,
                             const void *rows, size_t at, size_t n, double *out,
                             nxc_error *err) {
    size_t width = nxc_ranker_n_features(ranker);
    const double *f64 = rows;
    const float *f32 = rows;
    if (kind == F32)
        return nxc__ranker_score_rows(ranker, 0, f32 + at * width, n, out + at,
                                      NULL, NULL, err);
    if (kind == F64)
        return nxc_ranker_score(ranker, f64 + at * width, n, out + at, err);
    for (size_t i = at; i < at + n; i++) {
        double *to = out + i * (width + 1);
        NXC_TRY(nxc_ranker_explain(ranker, f64 + i * width, 1, to, to + width,
                                   err));
    }
    return NXC_OK;
}

static nxc_status run(const nxc_ranker *ranker, int kind, const char *in,
                      const char *out, nxc_error *err) {
    const nxc_allocator *a = &nxc__allocator_default;
    size_t width = nxc_ranker_n_features(ranker);
    size_t stride = width * (kind == F32 ? sizeof(float) : sizeof(double));
    nxc__mapping rows;
    NXC_TRY(nxc__file_map(in, (size_t)4 << 30, &rows, err));
    size_t n = rows.size / stride;
    size_t bytes = n * (kind == CONTRIB ? width + 1 : 1) * sizeof(double);
    double *scores = nxc__alloc(a, bytes);
    nxc_status st = NXC_OK;
    if (!scores)
        st = nxc__error_nomem(err, bytes);
    else if (n == 0 || rows.size % stride)
        st = nxc__error(err, NXC_ERR_INVALID,
                        "%s: expected rows of %zu bytes, got %zu bytes", in,
                        stride, rows.size);
    for (size_t at = 0, step = 1; st == NXC_OK && at < n; at += step) {
        step = step % 130 + 1 < n - at ? step % 130 + 1 : n - at;
        st = score_some(ranker, kind, rows.data, at, step, scores, err);
    }
    if (st == NXC_OK) st = nxc__file_replace(out, scores, bytes, err);
    nxc__free(a, scores, bytes);
    nxc__file_unmap(&rows);
    return st;
}

int main(int argc, char **argv) {
    nxc_error err = {NXC_OK, ""};
    nxc_ranker *ranker = NULL;
    if (argc < 5 || argc > 6) {
        fprintf(stderr, "usage: score_rows f64|f32|contrib MODEL ROWS SCORES "
                        "[LEVEL]\n");
        return 2;
    }
    int kind = strcmp(argv[1], "f32") == 0       ? F32
               : strcmp(argv[1], "contrib") == 0 ? CONTRIB
                                                 : F64;
    nxc_status st = nxc_ranker_load(argv[2], NULL, &ranker, &err);
    if (st == NXC_OK && argc == 6)
        st = nxc_ranker_set_cpu(ranker, argv[5], &err);
    if (st == NXC_OK) st = run(ranker, kind, argv[3], argv[4], &err);
    nxc_ranker_free(ranker);
    if (st != NXC_OK) fprintf(stderr, "%s\n", err.message);
    return nxc_status_exit_code(st);
}
