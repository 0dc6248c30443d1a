/*
 * Writing, making and verifying check vectors.
 *
 *     header (64 bytes) | rows, float64 (n, n_features) | scores, float64 (n)
 *
 * A file belongs to one model by the SHA-256 of its text and is whole by a
 * checksum over everything. A model is scored before its hash is compared: a
 * changed leaf is then reported as the row that it changes.
 *
 * Rows are made feature by feature: of a node drawn among those that ask for
 * it, the threshold, the doubles beside it, a category of its set or past it,
 * or a missing value.
 *
 * Threading: no state. Cost: 2 scorings of n rows, and a read of the file.
 */
#include "ranker/check_vectors.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/checked.h"
#include "base/file.h"
#include "base/hash.h"
#include "ranker/kernels/forest_kernel.h"

static const char magic[8] = {'N', 'X', 'C', 'C', 'H', 'E', 'C', 'K'};

typedef struct header {
    char magic[8];
    uint32_t version; /* 1 */
    uint32_t n_features;
    uint64_t n_rows;
    uint8_t model[NXC_SHA256_BYTES]; /* of the model's file */
    uint64_t checksum;               /* XXH3 of the other bytes */
} header;
_Static_assert(sizeof(header) == 64, "docs/formats/check-vectors.md");

/* Of a header and what follows it. */
static uint64_t checksum_of(header h, const void *values, size_t n) {
    h.checksum = 0;
    return nxc__hash64(values, n, nxc__hash64(&h, sizeof h, 0));
}

nxc_status nxc__check_write(const char *path, nxc_str model, const double *rows,
                            const double *scores, size_t n, size_t n_features,
                            nxc_error *err) {
    header h = {.version = 1, .n_features = (uint32_t)n_features, .n_rows = n};
    nxc__buffer b;
    if (n == 0 || n > NXC_CHECK_MAX_ROWS)
        return nxc__error(err, NXC_ERR_INVALID,
                          "%s: expected 1 to %zu check vectors, got %zu", path,
                          NXC_CHECK_MAX_ROWS, n);
    memcpy(h.magic, magic, sizeof magic);
    NXC_TRY(nxc__sha256_bytes(model.ptr, model.len, h.model, err));
    nxc__buffer_init(&b, &nxc__allocator_default, NXC_CHECK_MAX_BYTES);
    nxc__buffer_append(&b, &h, sizeof h);
    nxc__buffer_append(&b, rows, n * n_features * sizeof *rows);
    nxc__buffer_append(&b, scores, n * sizeof *scores);
    nxc_status st = nxc__buffer_status(&b, path, err);
    if (st == NXC_OK) {
        h.checksum = checksum_of(h, b.data + sizeof h, b.len - sizeof h);
        memcpy(b.data, &h, sizeof h);
        st = nxc__file_replace(path, b.data, b.len, err);
    }
    nxc__buffer_release(&b);
    return st;
}

/* ----------------------------------------------------------------- make */

static uint64_t next_random(uint64_t *state) { /* splitmix64 */
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* A value that the node cares about. */
static double decisive(const nxc__forest_node *node, uint64_t *random) {
    uint64_t r = next_random(random);
    switch (r & 7) {
    case 0:
        return (double)NAN;
    case 1:
        return 0.0;
    }
    if (node->decision & NXC_DECISION_CATEGORICAL)
        return (double)((r >> 3) % (32u * node->split.set.n_words + 8));
    double t = node->split.threshold;
    switch (r >> 3 & 7) {
    case 0:
        return nextafter(t, (double)INFINITY);
    case 1:
        return nextafter(t, -(double)INFINITY);
    case 2:
        return t + 1.0;
    case 3:
        return t - 1.0;
    }
    return t;
}

/* The nodes of each feature: those of f are from[f] ... from[f + 1] - 1. */
static void group_nodes(const nxc__forest *forest, size_t n_nodes,
                        uint32_t *nodes, uint32_t *from) {
    memset(from, 0, (forest->n_features + 2) * sizeof *from);
    for (size_t i = 0; i < n_nodes; i++)
        from[forest->nodes[i].feature + 2]++;
    for (size_t f = 2; f < forest->n_features + 2; f++)
        from[f] += from[f - 1];
    for (size_t i = 0; i < n_nodes; i++)
        nodes[from[forest->nodes[i].feature + 1]++] = (uint32_t)i;
}

nxc_status nxc__check_make(const nxc_ranker *ranker, size_t n, double *rows,
                           double *scores, nxc_error *err) {
    const nxc__forest *forest = nxc__ranker_forest(ranker);
    if (!forest)
        return nxc__error(err, NXC_ERR_UNSUPPORTED,
                          "%.80s: expected a LightGBM model, got the linear "
                          "default",
                          nxc_ranker_name(ranker));
    const nxc__forest_tree *last = &forest->trees[forest->n_trees - 1];
    size_t n_nodes = last->first_node + (size_t)last->n_nodes;
    size_t width = forest->n_features;
    nxc__arena scratch;
    nxc__arena_init(&scratch, forest->alloc, SIZE_MAX);
    uint32_t *nodes = nxc__arena_alloc_array(&scratch, n_nodes + 1, 4);
    uint32_t *from = nxc__arena_alloc_array(&scratch, width + 2, 4);
    nxc_status st = NXC_OK;
    if (nodes && from) {
        uint64_t random = n;
        group_nodes(forest, n_nodes, nodes, from);
        for (size_t i = 0; i < n * width; i++) {
            size_t f = i % width, n_own = from[f + 1] - from[f];
            if (n_own == 0) { /* a linear leaf may use it */
                rows[i] = (double)(next_random(&random) % 1024) / 64 - 8;
                continue;
            }
            size_t at = from[f] + next_random(&random) % n_own;
            rows[i] = decisive(&forest->nodes[nodes[at]], &random);
        }
        nxc__forest_ref_f64(forest, rows, n, scores);
    } else {
        st = nxc__error_nomem(err, n_nodes * sizeof *nodes);
    }
    nxc__arena_release(&scratch);
    return st;
}

/* --------------------------------------------------------------- verify */

static nxc_status read_header(const char *path, nxc_str file, header *h,
                              nxc_error *err) {
    size_t values, bytes;
    if (file.len < sizeof *h || memcmp(file.ptr, magic, sizeof magic) != 0)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "%s: expected check vectors, got another file", path);
    memcpy(h, file.ptr, sizeof *h);
    if (h->version != 1)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "%s: expected check vectors of version 1, got %u",
                          path, h->version);
    if (h->n_rows == 0 || h->n_rows > NXC_CHECK_MAX_ROWS ||
        !nxc__mul(h->n_rows, (size_t)h->n_features + 1, &values) ||
        !nxc__mul(values, sizeof(double), &bytes) ||
        bytes != file.len - sizeof *h)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "%s: expected %ju rows of %u features, got %zu bytes "
                          "of them",
                          path, (uintmax_t)h->n_rows, h->n_features,
                          file.len - sizeof *h);
    if (checksum_of(*h, file.ptr + sizeof *h, bytes) != h->checksum)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "%s: expected the checksum of its bytes, got another",
                          path);
    return NXC_OK;
}

static uint64_t bits_of(double v) {
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static nxc_status compare(const char *path, const double *want,
                          const double *got, size_t first, size_t n,
                          nxc_error *err) {
    for (size_t i = 0; i < n; i++)
        if (bits_of(want[i]) != bits_of(got[i]))
            return nxc__error(err, NXC_ERR_MISMATCH,
                              "%s: row %zu: expected the score %.17g, got "
                              "%.17g",
                              path, first + i, want[i], got[i]);
    return NXC_OK;
}

static nxc_status score(const char *path, const header *h, const double *values,
                        const nxc_ranker *ranker, double *scores,
                        nxc_error *err) {
    size_t n = h->n_rows, width = h->n_features;
    const double *want = values + n * width;
    NXC_TRY(nxc_ranker_score(ranker, values, n, scores, err));
    NXC_TRY(compare(path, want, scores, 0, n, err));
    for (size_t i = 0; i < n; i++) {
        NXC_TRY(nxc_ranker_score(ranker, values + i * width, 1, scores, err));
        NXC_TRY(compare(path, want + i, scores, i, 1, err));
    }
    return NXC_OK;
}

static nxc_status verify(const char *path, nxc_str file, nxc_str model,
                         const nxc_ranker *ranker, size_t *n, nxc_error *err) {
    header h;
    uint8_t hash[NXC_SHA256_BYTES];
    const nxc_allocator *alloc = &nxc__allocator_default;
    NXC_TRY(read_header(path, file, &h, err));
    if (h.n_features != nxc_ranker_n_features(ranker))
        return nxc__error(err, NXC_ERR_MISMATCH,
                          "%s: expected rows of %zu features, got %u", path,
                          nxc_ranker_n_features(ranker), h.n_features);
    size_t bytes = file.len - sizeof h, room = h.n_rows * sizeof(double);
    double *values = nxc__alloc(alloc, bytes),
           *scores = nxc__alloc(alloc, room);
    nxc_status st = NXC_OK;
    if (values && scores) {
        memcpy(values, file.ptr + sizeof h, bytes);
        st = score(path, &h, values, ranker, scores, err);
    } else {
        st = nxc__error_nomem(err, bytes);
    }
    nxc__free(alloc, values, bytes);
    nxc__free(alloc, scores, room);
    NXC_TRY(st);
    NXC_TRY(nxc__sha256_bytes(model.ptr, model.len, hash, err));
    if (memcmp(hash, h.model, sizeof hash) != 0)
        return nxc__error(err, NXC_ERR_MISMATCH,
                          "%s: expected the model that it was made for, got "
                          "one with other bytes",
                          path);
    if (n) *n = h.n_rows;
    return NXC_OK;
}

nxc_status nxc__check_verify(const char *path, nxc_str model,
                             const nxc_ranker *ranker, size_t *n,
                             nxc_error *err) {
    nxc_str file;
    NXC_TRY(nxc__file_read(path, NXC_CHECK_MAX_BYTES, &nxc__allocator_default,
                           &file, err));
    nxc_status st = verify(path, file, model, ranker, n, err);
    nxc__free_str(&nxc__allocator_default, file);
    return st;
}
