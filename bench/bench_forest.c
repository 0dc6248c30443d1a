/* Tree scoring beside LightGBM's C library in one process, one thread:
 *     bench_forest LIGHTGBM.so DIR NAME... [--cpu LEVEL]
 * DIR/NAME.txt is the model, DIR/NAME.f64 the rows (train_forests.py). For each
 * number of rows a call both walk all rows (4,000, or so many as the call has),
 * in turns, so that drift hits both and no branch predictor learns them.
 * Doubles in, doubles out. Where there is a DIR/NAME.so (compile_forests.py),
 * TL2cgen's code takes its turn, row by row. One JSON line a figure, the median
 * over the turns:
 * {"what", "unit": "ns", "median", "min"}, "peer" for LightGBM's, the better of
 * its two functions. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "ranker/forest_score.h"
#include "ranker/lightgbm_read.h"

#define TURNS 7
#define MOST_ROWS ((size_t)10000)
#define MAX_BYTES ((size_t)1 << 30)

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void die(const char *what) {
    fprintf(stderr, "bench_forest: %s\n", what);
    exit(1);
}

/* LightGBM's functions, as its c_api.h declares them. */
typedef struct lightgbm {
    int (*load)(const char *, int *, void **);
    int (*predict)(void *, const void *, int, int32_t, int32_t, int, int, int,
                   int, const char *, int64_t *, double *);
    int (*fast_init)(void *, int, int, int, int, int32_t, const char *,
                     void **);
    int (*fast)(void *, const void *, int64_t *, double *);
} lightgbm;

static void symbol(void *library, const char *name, void *to) {
    void *p = dlsym(library, name);
    if (!p) die(name);
    memcpy(to, &p, sizeof p);
}

static lightgbm open_lightgbm(const char *path) {
    void *library = dlopen(path, RTLD_NOW);
    lightgbm l;
    if (!library) die(dlerror());
    symbol(library, "LGBM_BoosterCreateFromModelfile", &l.load);
    symbol(library, "LGBM_BoosterPredictForMat", &l.predict);
    symbol(library, "LGBM_BoosterPredictForMatSingleRowFastInit", &l.fast_init);
    symbol(library, "LGBM_BoosterPredictForMatSingleRowFast", &l.fast);
    return l;
}

/* A value of a row, and the function, as TL2cgen's header.h declares them. */
typedef union entry {
    int missing; /* -1 */
    double value;
} entry;
typedef void (*compiled_predict)(entry *, int, double *);

typedef struct bench {
    lightgbm lgb;
    compiled_predict compiled; /* or NULL */
    entry *entries;            /* (n_features) */
    void *booster, *fast;
    nxc__forest_scorer *scorer;
    const double *rows;
    size_t n, n_features;
    size_t n_rows; /* to take of the file: fewer of a large forest */
    double *out;
    const char *name;
} bench;

/* LightGBM's constants: float64, raw score. */
enum { F64 = 1, RAW = 1 };

static double run_nextcall(bench *b, size_t step) {
    double start = now_ns();
    for (size_t i = 0; i + step <= b->n; i += step)
        nxc__forest_score_f64(b->scorer, b->rows + i * b->n_features, step,
                              b->out + i);
    return (now_ns() - start) / (double)(b->n / step * step);
}
static double run_batch(bench *b, size_t step) {
    int64_t n;
    double start = now_ns();
    for (size_t i = 0; i + step <= b->n; i += step)
        if (b->lgb.predict(b->booster, b->rows + i * b->n_features, F64,
                           (int32_t)step, (int32_t)b->n_features, 1, RAW, 0, 0,
                           "num_threads=1", &n, b->out + i))
            die("LGBM_BoosterPredictForMat failed");
    return (now_ns() - start) / (double)(b->n / step * step);
}
static double run_single(bench *b, size_t step) {
    int64_t n;
    double start = now_ns();
    (void)step;
    for (size_t i = 0; i < b->n; i++)
        if (b->lgb.fast(b->fast, b->rows + i * b->n_features, &n, b->out + i))
            die("LGBM_BoosterPredictForMatSingleRowFast failed");
    return (now_ns() - start) / (double)b->n;
}

static double run_compiled(bench *b, size_t step) {
    double start = now_ns();
    (void)step;
    for (size_t i = 0; i < b->n; i++) {
        const double *row = b->rows + i * b->n_features;
        for (size_t f = 0; f < b->n_features; f++)
            if (row[f] != row[f])
                b->entries[f].missing = -1;
            else
                b->entries[f].value = row[f];
        b->out[i] = 0.0;
        b->compiled(b->entries, 1, &b->out[i]);
    }
    return (now_ns() - start) / (double)b->n;
}

/* 100 rows explained: predict_contrib beside us. */
enum { CONTRIB = 3, N_EXPLAINED = 100 };

static void bench_explain(bench *b) {
    double ours[TURNS], theirs[TURNS], expected;
    size_t width = b->n_features + 1;
    double *out = calloc(N_EXPLAINED * width, sizeof *out);
    nxc_error err;
    int64_t n;
    if (!out) die("no memory");
    for (size_t t = 0; t < TURNS; t++) {
        double start = now_ns();
        if (nxc__forest_scorer_explain(b->scorer, b->rows, NULL, N_EXPLAINED,
                                       out, &expected, &err))
            die(err.message);
        ours[t] = (now_ns() - start) / N_EXPLAINED;
        start = now_ns();
        if (b->lgb.predict(b->booster, b->rows, F64, N_EXPLAINED,
                           (int32_t)b->n_features, 1, CONTRIB, 0, 0,
                           "num_threads=1", &n, out))
            die("LGBM_BoosterPredictForMat failed");
        theirs[t] = (now_ns() - start) / N_EXPLAINED;
    }
    qsort(ours, TURNS, sizeof *ours, by_value);
    qsort(theirs, TURNS, sizeof *theirs, by_value);
    printf("{\"what\":\"explain a row, %s\",\"unit\":\"ns\",\"median\":%.4g,"
           "\"min\":%.4g}\n{\"what\":\"explain a row, %s\",\"peer\":"
           "\"LightGBM\",\"unit\":\"ns\",\"median\":%.4g,\"min\":%.4g}\n",
           b->name, ours[TURNS / 2], ours[0], b->name, theirs[TURNS / 2],
           theirs[0]);
    free(out);
}

static void print(const bench *b, size_t step, const char *peer,
                  double runs[TURNS]) {
    qsort(runs, TURNS, sizeof *runs, by_value);
    printf("{\"what\":\"score %zu rows a call, %s\",", step, b->name);
    if (peer) printf("\"peer\":\"%s\",", peer);
    printf("\"unit\":\"ns\",\"median\":%.4g,\"min\":%.4g,\"n\":%d}\n",
           runs[TURNS / 2], runs[0], TURNS);
}

static void bench_step(bench *b, size_t step) {
    double ours[TURNS], batch[TURNS], single[TURNS], compiled[TURNS];
    size_t n = b->n;
    if (step > n) b->n = step;
    for (size_t t = 0; t < TURNS; t++) {
        ours[t] = run_nextcall(b, step);
        batch[t] = run_batch(b, step);
        single[t] = run_single(b, step);
        if (b->compiled) compiled[t] = run_compiled(b, step);
    }
    print(b, step, NULL, ours);
    qsort(batch, TURNS, sizeof *batch, by_value);
    qsort(single, TURNS, sizeof *single, by_value);
    bool is_single = single[TURNS / 2] < batch[TURNS / 2];
    print(b, step, is_single ? "LightGBM SingleRowFast" : "LightGBM batch",
          is_single ? single : batch);
    if (b->compiled) print(b, step, "TL2cgen", compiled);
    fflush(stdout);
    b->n = n;
}

/* The n rows of a file, again and again up to the most. */
static void tile(bench *b, const double *from, size_t n) {
    size_t row = b->n_features * sizeof(double);
    double *rows = malloc(MOST_ROWS * row);
    if (!rows || n == 0) die("no rows, or no memory");
    for (size_t i = 0; i < MOST_ROWS; i++)
        memcpy(rows + i * b->n_features, from + i % n * b->n_features, row);
    b->rows = rows;
    b->n = n < b->n_rows ? n : b->n_rows;
}

static void open_model(bench *b, const char *dir, uint32_t cpu) {
    char path[4096];
    nxc_error err = {NXC_OK, ""};
    nxc_str text;
    nxc__mapping rows;
    nxc__forest *forest;
    int n_iterations;
    snprintf(path, sizeof path, "%s/%s.txt", dir, b->name);
    double start = now_ns();
    if (nxc__file_read(path, MAX_BYTES, &nxc__allocator_default, &text, &err) ||
        nxc__lightgbm_read(nxc__str(path), text, NULL, NULL, &forest, &err) ||
        nxc__forest_scorer_new(forest, cpu, &b->scorer, &err))
        die(err.message);
    double took = (now_ns() - start) * 1e-3;
    nxc__free_str(&nxc__allocator_default, text);
    start = now_ns();
    if (b->lgb.load(path, &n_iterations, &b->booster)) die("LightGBM: load");
    double took_lightgbm = (now_ns() - start) * 1e-3;
    printf("{\"what\":\"load a model, %s\",\"unit\":\"us\",\"median\":%.4g,"
           "\"min\":%.4g}\n"
           "{\"what\":\"load a model, %s\",\"peer\":\"LightGBM\","
           "\"unit\":\"us\",\"median\":%.4g,\"min\":%.4g}\n",
           b->name, took, took, b->name, took_lightgbm, took_lightgbm);
    snprintf(path, sizeof path, "%s/%s.f64", dir, b->name);
    if (nxc__file_map(path, MAX_BYTES, &rows, &err)) die(err.message);
    b->n_features = forest->n_features;
    b->n_rows = forest->n_trees > 500 ? 400 : 4000;
    tile(b, (const double *)(const void *)rows.data,
         rows.size / (b->n_features * sizeof(double)));
    nxc__file_unmap(&rows);
    b->out = calloc(MOST_ROWS, sizeof *b->out);
    if (!b->out ||
        b->lgb.fast_init(b->booster, RAW, 0, 0, F64, (int32_t)b->n_features,
                         "num_threads=1", &b->fast))
        die("LightGBM: fast init");
}

static void open_compiled(bench *b, const char *dir) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.so", dir, b->name);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    symbol(library, "predict", &b->compiled);
    b->entries = calloc(b->n_features, sizeof *b->entries);
    if (!b->entries) die("no memory");
}

/* The doubles are the same, or the figures mean nothing. */
static void check(bench *b) {
    double *want = calloc(b->n, sizeof *want);
    if (!want) die("no memory");
    run_batch(b, b->n);
    memcpy(want, b->out, b->n * sizeof *want);
    run_nextcall(b, 1);
    if (memcmp(want, b->out, b->n * sizeof *want) != 0)
        die("scores of one row a call differ from LightGBM's");
    run_nextcall(b, b->n);
    if (memcmp(want, b->out, b->n * sizeof *want) != 0)
        die("scores differ from LightGBM's");
    if (b->compiled) {
        run_compiled(b, 1);
        size_t n = 0;
        for (size_t i = 0; i < b->n; i++)
            n += memcmp(&want[i], &b->out[i], sizeof *want) != 0;
        fprintf(stderr, "%s: %zu of %zu scores of TL2cgen differ\n", b->name, n,
                b->n);
    }
    free(want);
}

int main(int argc, char **argv) {
    static const size_t steps[] = {1, 2, 5, 10, 20, 64, 200, 1000, MOST_ROWS};
    uint32_t cpu = nxc__cpu_detect();
    nxc_error err;
    if (argc < 4) die("usage: bench_forest LIGHTGBM.so DIR NAME...");
    lightgbm lgb = open_lightgbm(argv[1]);
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "--cpu") == 0 && i + 1 < argc) {
            if (nxc__cpu_cap(nxc__str(argv[++i]), nxc__cpu_detect(), &cpu,
                             &err))
                die(err.message);
            continue;
        }
        bench b = {.lgb = lgb, .name = argv[i]};
        open_model(&b, argv[2], cpu);
        open_compiled(&b, argv[2]);
        check(&b);
        for (size_t k = 0; k < sizeof steps / sizeof *steps; k++)
            if (steps[k] <= 10 * b.n_rows / 4) bench_step(&b, steps[k]);
        bench_explain(&b);
    }
    return 0;
}
