/* score_rows f64|f32 MODEL ROWS SCORES: scores the rows of a binary file with a
 * LightGBM text model. ROWS holds doubles or floats, row-major, as many columns
 * as the model has features; SCORES gets one double per row. Byte order of the
 * machine. For tests/golden/compare_lightgbm.py. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "ranker/ranker.h"

static nxc_status run(const nxc_ranker *ranker, bool is_f32, const char *in,
                      const char *out, nxc_error *err) {
    const nxc_allocator *a = &nxc__allocator_default;
    size_t stride = nxc_ranker_n_features(ranker) *
                    (is_f32 ? sizeof(float) : sizeof(double));
    nxc__mapping rows;
    NXC_TRY(nxc__file_map(in, (size_t)4 << 30, &rows, err));
    size_t n = rows.size / stride, bytes = n * sizeof(double);
    double *scores = nxc__alloc(a, bytes);
    nxc_status st = NXC_OK;
    if (!scores)
        st = nxc__error_nomem(err, bytes);
    else if (n == 0 || rows.size % stride)
        st = nxc__error(err, NXC_ERR_INVALID,
                        "%s: expected rows of %zu bytes, got %zu bytes", in,
                        stride, rows.size);
    else if (is_f32)
        st = nxc__ranker_score_rows(ranker, 0,
                                    (const float *)(const void *)rows.data, n,
                                    scores, NULL, NULL, err);
    else
        st = nxc_ranker_score(ranker, (const double *)(const void *)rows.data,
                              n, scores, err);
    if (st == NXC_OK) st = nxc__file_replace(out, scores, bytes, err);
    nxc__free(a, scores, bytes);
    nxc__file_unmap(&rows);
    return st;
}

int main(int argc, char **argv) {
    nxc_error err = {NXC_OK, ""};
    nxc_ranker *ranker = NULL;
    if (argc != 5) {
        fprintf(stderr, "usage: score_rows f64|f32 MODEL ROWS SCORES\n");
        return 2;
    }
    nxc_status st = nxc_ranker_load(argv[2], NULL, &ranker, &err);
    if (st == NXC_OK)
        st = run(ranker, strcmp(argv[1], "f32") == 0, argv[3], argv[4], &err);
    nxc_ranker_free(ranker);
    if (st != NXC_OK) fprintf(stderr, "%s\n", err.message);
    return nxc_status_exit_code(st);
}
