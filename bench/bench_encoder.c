/*
 * Time of encoding, tokenization included.
 *
 *     bench_encoder MODEL.nxm [CPU_LEVEL [SECONDS_PER_ROW]]
 *         one thread, texts of 8 to 256 tokens and a batch of 100 texts of 16,
 *         one JSON line a figure; for a quick look at one file
 *     bench_encoder --serve MODEL.nxm CPU_LEVEL THREADS [--spin]
 *         a worker of bench/encoder.py: answers a line "SECONDS EVICT N COUNT"
 *         and COUNT lines of text by one JSON line. Each run encodes N of the
 *         texts, the next N in the next run; with EVICT 1 it walks 96 MB before
 *         each run, outside the time.
 *         Threads live for a call, but those that encode one text together,
 *         which live as long as an engine's; --spin: they wait awake
 *     bench_encoder --fresh MODEL.nxm CPU_LEVEL
 *         what a process pays at its beginning, and its memory after 1000 texts
 *
 * min and median are wall time, cpu_min is the thread's own, for hosts that do
 * other work meanwhile.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/number.h"
#include "base/str.h"
#include "encoder/encoder.h"

#define MAX_RUNS 4000
#define MIN_RUNS 5
#define MAX_TEXTS 800
#define TEXT_BYTES 2048
#define N_BATCH 100
#define EVICT_BYTES ((size_t)96 << 20)

static const char *const words[] = {
    "time",  "person",  "year",   "way",   "day",    "thing",   "man",
    "world", "life",    "hand",   "part",  "child",  "eye",     "woman",
    "place", "work",    "week",   "case",  "point",  "company", "number",
    "group", "problem", "fact",   "list",  "create", "order",   "issue",
    "user",  "file",    "update", "search"};

static double clock_us(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}
static double now_us(void) { return clock_us(CLOCK_MONOTONIC); }
static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static uint64_t seed = 1;
/* A text of n tokens: n - 2 words of one piece each. */
static void make_text(char *buf, size_t cap, size_t n_tokens) {
    size_t used = 0;
    buf[0] = 0;
    for (size_t i = 2; i < n_tokens; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        int n = snprintf(buf + used, cap - used, "%s ", words[seed >> 33 & 31]);
        used += n > 0 ? (size_t)n : 0;
    }
}

typedef struct bench {
    nxc_encoder *encoder;
    nxc_encoder_ctx *ctx;
    nxc_encoder_info info;
    size_t n_threads;
    bool evicts, spins;
} bench;

static char text[MAX_TEXTS][TEXT_BYTES];
static nxc_str views[MAX_TEXTS];
static nxc_text_info infos[MAX_TEXTS];
static float out[N_BATCH * NXC_DIM];

static void walk(void) {
    static uint8_t *bytes;
    static volatile uint8_t sum;
    if (!bytes) {
        bytes = calloc(EVICT_BYTES, 1);
        if (bytes) memset(bytes, 1, EVICT_BYTES); /* pages of its own */
    }
    for (size_t i = 0; bytes && i < EVICT_BYTES; i += 64)
        sum = (uint8_t)(sum + bytes[i]);
}

static bool encode(const bench *b, const nxc_str *texts, size_t n) {
    nxc_error err;
    nxc_status st =
        b->n_threads > 1 && n > 1
            ? nxc_encoder_encode_batch(b->encoder, b->n_threads, texts, n, out,
                                       infos, &err)
            : nxc_encoder_encode(b->ctx, texts, n, out, infos, &err);
    if (st != NXC_OK) fprintf(stderr, "bench_encoder: %s\n", err.message);
    return st == NXC_OK;
}

/* Encode n of the n_all views a run for so long; prints the members of a JSON
 * object after the fields in head. */
static bool measure(const bench *b, const char *head, size_t n, size_t n_all,
                    double seconds) {
    static double us[MAX_RUNS];
    size_t n_runs = 0;
    double start = 0, cpu_min = 1e300;
    for (int r = -2; n_runs < MAX_RUNS; r++) { /* two to warm up */
        if (r == 0) start = now_us();
        if (r >= MIN_RUNS && now_us() - start > seconds * 1e6) break;
        size_t first = (size_t)(r + 2) * n % n_all;
        if (b->evicts) walk();
        double cpu = clock_us(CLOCK_THREAD_CPUTIME_ID), t = now_us();
        if (!encode(b, views + first, n)) return false;
        t = now_us() - t;
        cpu = clock_us(CLOCK_THREAD_CPUTIME_ID) - cpu;
        if (r < 0) continue;
        us[n_runs++] = t;
        if (cpu < cpu_min) cpu_min = cpu;
    }
    qsort(us, n_runs, sizeof *us, by_value);
    printf("{%s\"tokens\":%u,\"unit\":\"us\",\"median\":%.1f,\"min\":%.1f,"
           "\"cpu_min\":%.1f,\"n\":%zu}\n",
           head, infos[0].n_tokens, us[n_runs / 2], us[0], cpu_min, n_runs);
    fflush(stdout);
    return true;
}

static const char *dtype_name(nxc_dtype dtype) {
    return dtype == NXC_INT8 ? "int8" : dtype == NXC_BF16 ? "bf16" : "f32";
}

static bool open_bench(bench *b, const char *path, const char *cpu,
                       double *opened, double *ctx_made) {
    nxc_error err = {0};
    nxc_config *cfg = NULL;
    nxc_status st = nxc_config_new(NULL, &cfg, &err);
    if (st == NXC_OK) st = nxc_config_set(cfg, "cpu", cpu, &err);
    if (st == NXC_OK)
        st = nxc_config_set(cfg, "encoder_spin", b->spins ? "true" : "false",
                            &err);
    double t = now_us();
    if (st == NXC_OK) st = nxc_encoder_open(path, cfg, NULL, &b->encoder, &err);
    *opened = now_us() - t;
    t = now_us();
    if (st == NXC_OK)
        st = nxc__encoder_ctx_new_team(b->encoder, b->n_threads, &b->ctx, &err);
    *ctx_made = now_us() - t;
    nxc_config_free(cfg);
    if (st == NXC_OK)
        nxc_encoder_get_info(b->encoder, &b->info);
    else
        fprintf(stderr, "bench_encoder: %s\n", err.message);
    return st == NXC_OK;
}

static void close_bench(bench *b) {
    nxc_encoder_ctx_free(b->ctx);
    nxc_encoder_close(b->encoder);
}

/* ---------------------------------------------------------------- modes */

static void make_texts(size_t n, size_t n_tokens) {
    for (size_t i = 0; i < n; i++) {
        make_text(text[i], sizeof text[i], n_tokens);
        views[i] = (nxc_str){text[i], strlen(text[i])};
    }
}

static int quick(const char *path, const char *cpu, double seconds) {
    static const size_t tokens[] = {8, 16, 32, 64, 128, 256, 16};
    static const size_t n[] = {1, 1, 1, 1, 1, 1, N_BATCH};
    double opened, ctx_made;
    bench b = {.n_threads = 1};
    bool ok = open_bench(&b, path, cpu, &opened, &ctx_made);
    if (ok)
        printf("{\"what\":\"open the packed model, %s, %s\",\"unit\":\"us\","
               "\"median\":%.1f,\"min\":%.1f,\"n\":1}\n",
               dtype_name(b.info.dtype), b.info.kernels, opened, opened);
    for (size_t i = 0; ok && i < sizeof tokens / sizeof *tokens; i++) {
        char head[128];
        size_t n_all = n[i] == 1 ? 16 : 4 * n[i];
        make_texts(n_all, tokens[i]);
        snprintf(head, sizeof head, "\"what\":\"encode %zu x %zu tokens, %s\",",
                 n[i], tokens[i], dtype_name(b.info.dtype));
        ok = measure(&b, head, n[i], n_all, seconds);
    }
    close_bench(&b);
    return !ok;
}

/* A request: four numbers, then that many lines of text. false: no more. */
static bool read_request(double *seconds, bool *evicts, size_t *n,
                         size_t *n_all) {
    char line[256];
    double v[4];
    if (!fgets(line, sizeof line, stdin)) return false;
    nxc_str rest = nxc__str_trim(nxc__str(line));
    for (size_t i = 0; i < 4; i++) {
        size_t end = nxc__str_find(rest, ' ', 0);
        if (end > rest.len) end = rest.len;
        if (!nxc__parse_double(nxc__str_slice(rest, 0, end), &v[i]))
            return false;
        rest = nxc__str_trim(nxc__str_slice(rest, end, rest.len));
    }
    if (!(v[2] >= 1 && v[2] <= N_BATCH && v[3] >= v[2] && v[3] <= MAX_TEXTS))
        return false;
    *seconds = v[0];
    *evicts = v[1] != 0;
    *n = (size_t)v[2];
    *n_all = (size_t)v[3];
    for (size_t i = 0; i < *n_all; i++) {
        if (!fgets(text[i], sizeof text[i], stdin)) return false;
        views[i] = nxc__str_trim(nxc__str(text[i]));
    }
    return *n_all % *n == 0;
}

static int serve(const char *path, const char *cpu, const char *threads,
                 bool spins) {
    double opened, ctx_made, seconds;
    bench b = {.spins = spins};
    size_t n, n_all;
    int64_t n_threads;
    if (!nxc__parse_int(nxc__str(threads), 1, 64, &n_threads)) return 2;
    b.n_threads = (size_t)n_threads;
    bool ok = open_bench(&b, path, cpu, &opened, &ctx_made);
    if (ok)
        printf("{\"dtype\":\"%s\",\"kernels\":\"%s\",\"file_bytes\":%zu,"
               "\"layers\":%zu}\n",
               dtype_name(b.info.dtype), b.info.kernels, b.info.file_bytes,
               b.info.n_layers);
    fflush(stdout);
    while (ok && read_request(&seconds, &b.evicts, &n, &n_all))
        ok = measure(&b, "", n, n_all, seconds);
    close_bench(&b);
    return !ok;
}

/* "name:  123 kB" of /proc/self/status, in kB; 0 where there is none. */
static size_t memory_kb(const char *name) {
    char line[256];
    size_t kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f)) {
        if (!nxc__str_starts(nxc__str(line), nxc__str(name))) continue;
        for (const char *p = line; *p; p++)
            if (*p >= '0' && *p <= '9') kb = kb * 10 + (size_t)(*p - '0');
    }
    if (f) fclose(f);
    return kb;
}

static int fresh(const char *path, const char *cpu) {
    static const size_t tokens[] = {8, 16, 24, 64};
    double opened, ctx_made, us[3];
    bench b = {.n_threads = 1};
    bool ok = open_bench(&b, path, cpu, &opened, &ctx_made);
    for (size_t i = 0; ok && i < 3; i++) {
        make_texts(1, i ? 16 : 8);
        double t = now_us();
        ok = encode(&b, views, 1);
        us[i] = now_us() - t;
    }
    for (size_t i = 0; ok && i < 1000; i++) {
        make_texts(1, tokens[i % 4]);
        ok = encode(&b, views, 1);
    }
    if (ok)
        printf("{\"open_us\":%.1f,\"ctx_us\":%.1f,\"first_us\":%.1f,"
               "\"second_us\":%.1f,\"third_us\":%.1f,\"peak_kb\":%zu,"
               "\"anon_kb\":%zu,\"file_kb\":%zu}\n",
               opened, ctx_made, us[0], us[1], us[2], memory_kb("VmHWM:"),
               memory_kb("RssAnon:"), memory_kb("RssFile:"));
    close_bench(&b);
    return !ok;
}

int main(int argc, char **argv) {
    double seconds = 1;
    bool spins = argc == 6 && strcmp(argv[5], "--spin") == 0;
    if ((argc == 5 || spins) && strcmp(argv[1], "--serve") == 0)
        return serve(argv[2], argv[3], argv[4], spins);
    if (argc == 4 && strcmp(argv[1], "--fresh") == 0)
        return fresh(argv[2], argv[3]);
    if (argc < 2 || argc > 4 || argv[1][0] == '-' ||
        (argc == 4 && !nxc__parse_double(nxc__str(argv[3]), &seconds))) {
        fprintf(stderr, "usage: bench_encoder MODEL.nxm [CPU [SECONDS]]\n"
                        "       bench_encoder --serve MODEL.nxm CPU THREADS "
                        "[--spin]\n"
                        "       bench_encoder --fresh MODEL.nxm CPU\n");
        return 2;
    }
    return quick(argv[1], argc > 2 ? argv[2] : "auto", seconds);
}
