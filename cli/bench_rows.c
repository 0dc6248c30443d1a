/* The embeddings that a run has kept, in float32 rows, written again in int8
 * rows: what each takes, and how near the int8 rows are. */
#include <math.h>

#include "base/alloc.h"
#include "bench_features.h"
#include "cache/embedding_file.h"

typedef struct conversion {
    nxc__embedding_file *from, *to;
    float *row, *back; /* (dim) each */
    size_t dim;
    double cosines; /* their sum */
} conversion;

static double cosine(const float *a, const float *b, size_t n) {
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < n; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return ab / sqrt(aa * bb);
}

static nxc_status convert_rows(conversion *c, nxc_error *err) {
    size_t n = nxc__embedding_file_n_rows(c->from);
    for (size_t i = 0; i < n; i++) {
        nxc__hash128 text;
        if (!nxc__embedding_file_row(c->from, i, &text, c->row)) continue;
        NXC_TRY(nxc__embedding_file_append(c->to, text, c->row, err));
        if (nxc__embedding_file_find(c->to, text, c->back))
            c->cosines += cosine(c->row, c->back, c->dim);
    }
    return NXC_OK;
}

/* Rows and slots that are in use. */
static size_t bytes_in_use(nxc__embedding_file *file, size_t *n_rows) {
    nxc__embedding_file_stats s;
    nxc__embedding_file_get_stats(file, false, &s);
    *n_rows = s.n_rows;
    return s.n_rows * (s.stride + 2 * sizeof(uint64_t));
}

static void take_result(cli_bench *b, const conversion *c) {
    size_t n;
    b->f32_bytes = bytes_in_use(c->from, &b->n_rows_kept);
    b->int8_bytes = bytes_in_use(c->to, &n);
    b->mean_cosine = n ? c->cosines / (double)n : 0;
}

static nxc_status convert(cli_bench *b, const char *path, nxc_error *err) {
    nxc__embedding_file_options options;
    char to[1200];
    conversion c = {.cosines = 0};
    snprintf(to, sizeof to, "%s/int8.nxe", b->store);
    NXC_TRY(nxc__embedding_file_kind(path, &options, err));
    c.dim = options.dim;
    c.row = nxc__alloc(&nxc__allocator_default, 2 * c.dim * sizeof(float));
    if (!c.row) return nxc__error_nomem(err, 2 * c.dim * sizeof(float));
    c.back = c.row + c.dim;
    nxc_status st =
        nxc__embedding_file_open(path, &options, NULL, &c.from, err);
    options.type = NXC_ROW_INT8;
    if (st == NXC_OK)
        st = nxc__embedding_file_open(to, &options, NULL, &c.to, err);
    if (st == NXC_OK) st = convert_rows(&c, err);
    if (st == NXC_OK) take_result(b, &c);
    nxc__embedding_file_close(c.to);
    nxc__embedding_file_close(c.from);
    nxc__free(&nxc__allocator_default, c.row, 2 * c.dim * sizeof(float));
    return st;
}

nxc_status cli_bench_rows(cli_bench *b, nxc_error *err) {
    nxc_encoder *encoder;
    nxc_encoder_info info;
    char path[1200];
    NXC_TRY(nxc_encoder_open(b->model, NULL, NULL, &encoder, err));
    nxc_encoder_get_info(encoder, &info);
    snprintf(path, sizeof path, "%s/embeddings-%.16s.nxe", b->store,
             info.fingerprint);
    nxc_encoder_close(encoder);
    return convert(b, path, err);
}
