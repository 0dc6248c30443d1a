/*
 * What each stage of an int8 forward pass costs on one thread; one JSON line a
 * figure. bench_stages MODEL.nxm [CPU_LEVEL [SECONDS_PER_ROW]] A text of 16, 64
 * and 256 tokens. The kernel table is wrapped in clocks; a figure is the least
 * time of all calls of a stage in a pass, the clock's own time taken off.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/number.h"
#include "base/str.h"
#include "encoder/encoder_forward.h"

enum { TABLES, NORM, QUANTIZE, QKV, ATTENTION, OUT, UP, DOWN, ALL, N_STAGES };
static const char *const names[N_STAGES] = {
    "rows of the tables",     "normalise",      "quantise",
    "multiply, q k v",        "attend",         "multiply, attention's output",
    "multiply, up, and GELU", "multiply, down", "all"};

static nxc__encoder_kernels real;
static double spent[N_STAGES], least[N_STAGES], clock_ns;
static size_t n_calls[N_STAGES];

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}
static void add(int stage, double start) {
    spent[stage] += now_ns() - start;
    n_calls[stage]++;
}

static void timed_norm(const nxc__norm *norm, float *x, const float *residual,
                       size_t m) {
    double start = now_ns();
    real.layer_norm(norm, x, residual, m);
    add(NORM, start);
}
static void timed_quantize(const float *x, const float *factors, size_t m,
                           size_t k, uint8_t *q, nxc__int8_row *rows) {
    double start = now_ns();
    real.quantize_rows(x, factors, m, k, q, rows);
    add(QUANTIZE, start);
}
static void timed_linear(const nxc__linear_int8 *w, const uint8_t *q,
                         const nxc__int8_row *rows, size_t m, float *y,
                         nxc__epilogue epilogue) {
    double start = now_ns();
    real.linear_int8(w, q, rows, m, y, epilogue);
    add(w->k == NXC_FFN      ? DOWN
        : w->n == NXC_FFN    ? UP
        : w->n == NXC_HIDDEN ? OUT
                             : QKV,
        start);
}
static void timed_attention(const nxc__attention *a) {
    double start = now_ns();
    real.attention_int8(a);
    add(ATTENTION, start);
}
static void timed_dequantize(const int8_t *q, float scale, size_t n, float *x) {
    double start = now_ns();
    real.dequantize(q, scale, n, x);
    add(TABLES, start);
}

static void run(nxc__forward *f, size_t n_tokens, double seconds) {
    f->n_texts = 1;
    f->starts[1] = n_tokens;
    for (size_t i = 0; i < N_STAGES; i++)
        least[i] = 1e300;
    double end = now_ns() + seconds * 1e9;
    for (int pass = 0; pass < 10 || now_ns() < end; pass++) {
        for (size_t i = 0; i < n_tokens; i++)
            f->ids[i] = 2000 + (uint32_t)(i * 37 + (size_t)pass * 11) % 20000;
        memset(spent, 0, sizeof spent);
        memset(n_calls, 0, sizeof n_calls);
        double start = now_ns();
        nxc__forward_run(f);
        add(ALL, start);
        for (size_t i = 0; i < N_STAGES; i++) {
            size_t calls = i == ALL ? 0 : n_calls[i];
            n_calls[ALL] += calls;
            if (i == ALL) calls = 2 * n_calls[ALL];
            double t = spent[i] - (double)calls * clock_ns;
            if (t < least[i]) least[i] = t;
        }
    }
    for (size_t i = 0; i < N_STAGES; i++)
        printf("{\"what\":\"stage of %zu tokens, int8, %s: %s\","
               "\"unit\":\"us\",\"median\":%.1f,\"min\":%.1f}\n",
               n_tokens, real.int8, names[i], least[i] / 1e3, least[i] / 1e3);
}

int main(int argc, char **argv) {
    static nxc__forward f;
    nxc__mapping map = {0};
    nxc__packed_model model;
    nxc_error err = {0};
    const nxc_allocator *alloc = nxc__allocator_or_default(NULL);
    uint32_t cpu = 0;
    double seconds = 1;
    const char *level = argc > 2 ? argv[2] : "auto";
    if (argc < 2 ||
        (argc > 3 &&
         !nxc__parse_double((nxc_str){argv[3], strlen(argv[3])}, &seconds))) {
        fprintf(stderr, "usage: bench_stages MODEL.nxm [CPU [SECONDS]]\n");
        return 2;
    }
    if (nxc__cpu_cap(nxc__str(level), nxc__cpu_detect(), &cpu, &err) !=
            NXC_OK ||
        nxc__file_map(argv[1], (size_t)8 << 30, &map, &err) != NXC_OK ||
        nxc__packed_model_open(&model, argv[1], map.data, map.size, alloc,
                               &err) != NXC_OK) {
        fprintf(stderr, "bench_stages: %s\n", err.message);
        return 1;
    }
    nxc__encoder_kernels_select(&real, cpu);
    nxc__encoder_kernels timed = real;
    timed.layer_norm = timed_norm;
    timed.quantize_rows = timed_quantize;
    timed.linear_int8 = timed_linear;
    timed.attention_int8 = timed_attention;
    timed.dequantize = timed_dequantize;
    if (model.header->dtype != NXC_INT8 ||
        nxc__forward_init(&f, &model, &timed, 1, alloc, &err) != NXC_OK) {
        fprintf(stderr, "bench_stages: expected an int8 model, %s\n",
                err.message);
        return 1;
    }
    clock_ns = 1e300;
    for (int i = 0; i < 1000; i++) {
        double start = now_ns(), t = now_ns() - start;
        if (t < clock_ns) clock_ns = t;
    }
    for (size_t n = 16; n <= NXC_PASS_TOKENS; n *= 4)
        run(&f, n, seconds);
    nxc__forward_release(&f, alloc);
    nxc__packed_model_release(&model);
    nxc__file_unmap(&map);
    return 0;
}
