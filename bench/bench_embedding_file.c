/* The mapped embedding file, 100,000 rows of 384 values:
 *     bench_embedding_file FOLDER
 * FOLDER takes 160 MB, which are removed again. Texts are looked up in an order
 * that defeats prefetching. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache/embedding_file.h"
#include "measure.h"

enum { DIM = 384, N = 100000, RUNS = 200, BATCH = 500 };
static const char *const names[] = {"float32", "float16", "int8"};
static double runs[N / BATCH];
static char path[1024];
static float vector[DIM], row[DIM];

static nxc__hash128 text_of(uint64_t i) { return nxc__hash_128(&i, sizeof i); }
static size_t at_random(size_t i) { return i * 7919 % N; }

static const float *vector_of(size_t i) {
    double norm = 0;
    for (size_t k = 0; k < DIM; k++) {
        vector[k] = (float)((i * 31 + k * 17) % 101) / 50.0f - 1;
        norm += (double)vector[k] * (double)vector[k];
    }
    for (size_t k = 0; k < DIM; k++)
        vector[k] = (float)((double)vector[k] / sqrt(norm));
    return vector;
}

static nxc__embedding_file *open_file(nxc__row_type type) {
    const nxc__embedding_file_options options = {
        .dim = DIM, .type = type, .model = {1, 2}};
    nxc__embedding_file *f;
    nxc_error err;
    must(nxc__embedding_file_open(path, &options, NULL, &f, &err), &err);
    return f;
}
static void remove_file(void) {
    char lock[sizeof path + 8];
    snprintf(lock, sizeof lock, "%s.lock", path);
    unlink(path);
    unlink(lock);
}
static void report_of(const char *what, nxc__row_type type, const char *unit,
                      size_t n) {
    char name[96];
    snprintf(name, sizeof name, "%s, %s", what, names[type]);
    report(name, unit, runs, n);
}

/* Growth included: it falls into some of the batches. */
static void bench_append(nxc__embedding_file *f, nxc__row_type type) {
    nxc_error err;
    double total = 0;
    for (size_t b = 0; b < N / BATCH; b++) {
        double us = 0;
        for (size_t i = b * BATCH; i < (b + 1) * BATCH; i++) {
            const float *v = vector_of(i);
            double start = now_us();
            must(nxc__embedding_file_append(f, text_of(i), v, &err), &err);
            us += now_us() - start;
        }
        runs[b] = us / BATCH;
        total += us;
    }
    report_of("append, mean of 500", type, "us", N / BATCH);
    runs[0] = N / total * 1e6;
    report_of("append, whole file", type, "rows/s", 1);
}

static void bench_find(nxc__embedding_file *f, nxc__row_type type,
                       uint64_t first, const char *what) {
    size_t n_found = 0;
    for (size_t r = 0; r < RUNS; r++) {
        double start = now_us();
        for (size_t i = 0; i < BATCH; i++)
            n_found += nxc__embedding_file_find(
                f, text_of(first + at_random(r * BATCH + i)), row);
        runs[r] = (now_us() - start) * 1e3 / BATCH;
    }
    if (n_found != (first ? 0 : (size_t)RUNS * BATCH)) exit(1);
    report_of(what, type, "ns", RUNS);
}
static void bench_row(nxc__embedding_file *f, nxc__row_type type) {
    nxc__hash128 text;
    for (size_t r = 0; r < RUNS; r++) {
        double start = now_us();
        for (size_t i = 0; i < BATCH; i++)
            if (!nxc__embedding_file_row(f, at_random(r * BATCH + i), &text,
                                         row))
                exit(1);
        runs[r] = (now_us() - start) * 1e3 / BATCH;
    }
    report_of("lookup by row number", type, "ns", RUNS);
}

static void bench_open(nxc__row_type type, size_t n, const char *what) {
    for (size_t r = 0; r < n; r++) {
        double start = now_us();
        nxc__embedding_file_close(open_file(type));
        runs[r] = now_us() - start;
    }
    report_of(what, type, "us", n);
}

static void bench_type(nxc__row_type type) {
    nxc__embedding_file_stats stats;
    nxc_error err;
    remove_file();
    nxc__embedding_file *f = open_file(type);
    bench_append(f, type);
    nxc__embedding_file_close(f);
    bench_open(type, 5, "open 100,000 rows, never flushed");
    f = open_file(type);
    double start = now_us();
    must(nxc__embedding_file_sync(f, &err), &err);
    runs[0] = (now_us() - start) * 1e-3;
    report_of("flush", type, "ms", 1);
    bench_find(f, type, 0, "lookup by text hash");
    bench_find(f, type, N, "lookup of a text that is not there");
    bench_row(f, type);
    nxc__embedding_file_get_stats(f, false, &stats);
    runs[0] = (double)stats.stride;
    report_of("a row", type, "bytes", 1);
    runs[0] = (double)stats.file_bytes / N;
    report_of("the file by its rows", type, "bytes", 1);
    nxc__embedding_file_close(f);
    bench_open(type, 50, "open 100,000 rows");
    remove_file();
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: bench_embedding_file FOLDER\n");
        return 2;
    }
    snprintf(path, sizeof path, "%s/bench.nxe", argv[1]);
    for (nxc__row_type type = NXC_ROW_F32; type <= NXC_ROW_INT8; type++)
        bench_type(type);
    return 0;
}
