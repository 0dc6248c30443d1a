/*
 * Time of encoding on one thread, tokenization included; one JSON line a
 * figure. bench_encoder MODEL.nxm [CPU_LEVEL [SECONDS_PER_ROW]] Single texts of
 * 8 to 256 tokens, and a batch of 100 texts of 16; words change between
 * repetitions. The model may be of any dtype. min and median are wall time,
 * cpu_min is the thread's own, for hosts that do other work meanwhile.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/number.h"
#include "encoder/encoder.h"

#define MAX_RUNS 4000
#define N_BATCH 100

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

/* Prints one result; n texts of n_tokens each a run. */
static int run(nxc_encoder_ctx *ctx, const char *dtype, size_t n,
               size_t n_tokens, double seconds) {
    static char text[N_BATCH][2048];
    static double us[MAX_RUNS];
    static float out[N_BATCH * NXC_DIM];
    nxc_str views[N_BATCH];
    nxc_text_info info[N_BATCH];
    nxc_error err;
    size_t n_runs = 0;
    double start = 0, cpu_min = 1e300;
    for (int r = -3; n_runs < MAX_RUNS; r++) { /* three to warm up */
        if (r == 0) start = now_us();
        if (r >= 15 && now_us() - start > seconds * 1e6) break;
        for (size_t i = 0; i < n; i++) {
            make_text(text[i], sizeof text[i], n_tokens);
            views[i] = (nxc_str){text[i], strlen(text[i])};
        }
        double cpu = clock_us(CLOCK_THREAD_CPUTIME_ID), t = now_us();
        if (nxc_encoder_encode(ctx, views, n, out, info, &err) != NXC_OK) {
            fprintf(stderr, "bench_encoder: %s\n", err.message);
            return 1;
        }
        t = now_us() - t;
        cpu = clock_us(CLOCK_THREAD_CPUTIME_ID) - cpu;
        if (info[0].n_tokens != n_tokens) {
            fprintf(stderr, "bench_encoder: expected %zu tokens, got %u\n",
                    n_tokens, info[0].n_tokens);
            return 1;
        }
        if (r < 0) continue;
        us[n_runs++] = t;
        if (cpu < cpu_min) cpu_min = cpu;
    }
    qsort(us, n_runs, sizeof *us, by_value);
    printf("{\"what\":\"encode %zu x %zu tokens, %s\",\"unit\":\"us\","
           "\"median\":%.1f,\"min\":%.1f,\"cpu_min\":%.1f,\"n\":%zu}\n",
           n, n_tokens, dtype, us[n_runs / 2], us[0], cpu_min, n_runs);
    fflush(stdout);
    return 0;
}

static double open_us(const char *path, const nxc_config *cfg) {
    double best = 1e300;
    for (int i = 0; i < 20; i++) {
        nxc_encoder *e;
        double t = now_us();
        if (nxc_encoder_open(path, cfg, NULL, &e, NULL) != NXC_OK) return -1;
        t = now_us() - t;
        nxc_encoder_close(e);
        if (t < best) best = t;
    }
    return best;
}

int main(int argc, char **argv) {
    static const size_t tokens[] = {8, 16, 32, 64, 128, 256};
    nxc_config *cfg = NULL;
    nxc_encoder *encoder = NULL;
    nxc_encoder_ctx *ctx = NULL;
    nxc_encoder_info info;
    nxc_error err = {0};
    double seconds = 1;
    if (argc > 3 &&
        !nxc__parse_double((nxc_str){argv[3], strlen(argv[3])}, &seconds)) {
        fprintf(stderr, "bench_encoder: expected seconds, got %s\n", argv[3]);
        return 2;
    }
    if (argc < 2) {
        fprintf(stderr, "usage: bench_encoder MODEL.nxm [CPU [SECONDS]]\n");
        return 2;
    }
    if (nxc_config_new(NULL, &cfg, &err) != NXC_OK ||
        nxc_config_set(cfg, "cpu", argc > 2 ? argv[2] : "auto", &err) !=
            NXC_OK ||
        nxc_encoder_open(argv[1], cfg, NULL, &encoder, &err) != NXC_OK ||
        nxc_encoder_ctx_new(encoder, &ctx, &err) != NXC_OK) {
        fprintf(stderr, "bench_encoder: %s\n", err.message);
        return 1;
    }
    nxc_encoder_get_info(encoder, &info);
    double opened = open_us(argv[1], cfg);
    static const char *const dtypes[] = {"f32", "bf16", "int8"};
    const char *dtype = dtypes[info.dtype];
    printf("{\"what\":\"open the packed model, %s, %s\",\"unit\":\"us\","
           "\"median\":%.1f,\"min\":%.1f,\"n\":20}\n",
           dtype, info.kernels, opened, opened);
    int failed = 0;
    for (size_t i = 0; !failed && i < sizeof tokens / sizeof *tokens; i++)
        failed = run(ctx, dtype, 1, tokens[i], seconds);
    if (!failed) failed = run(ctx, dtype, N_BATCH, 16, seconds);
    nxc_encoder_ctx_free(ctx);
    nxc_encoder_close(encoder);
    nxc_config_free(cfg);
    return failed;
}
