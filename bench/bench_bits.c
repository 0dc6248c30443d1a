/*
 * Would weights of four bits be faster? The int8 tile against one whose panels
 * are half as long and unpacked in registers (docs/adr/0006-fewer-bits.md).
 *
 *     bench_bits
 *
 * One column block of 48 outputs after another, `rows` rows of 384 inputs, as
 * the tile of encoder_avx512vnni.c does it: per four k three vectors of weights
 * and a broadcast of four input bytes. With four bits one load of 64 bytes
 * holds what two of eight bits hold; AND and a shift give unsigned nibbles,
 * which one vpsubb makes signed. A group of 32 along k has a scale of its own,
 * so its integer sum is converted and added to a float sum: that is part of the
 * price.
 *
 * Weights: 10.6 MB in int8, read over and over (they stay in a cache of that
 * size), or 340 MB (they come from memory). One JSON line a figure,
 * microseconds for all weights of one model, the best of several passes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cpu.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vnni")))
#define K 384
#define COLUMNS 48
#define VECTORS 3
#define STEP (4 * COLUMNS) /* bytes of int8 weights for four k */
#define GROUP 32
#define PANEL_INT8 (K / 4 * STEP)
#define PANEL_INT4 (PANEL_INT8 / 2)
#define MODEL_PANELS 576 /* 10.6 M weights of 384 x 48 */
#define MOST_ROWS 16
#define COPIES 32

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Inline assembly for the reason given in encoder_avx512vnni.c. */
#define DOT4(acc, a, b) \
    __asm__("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(a), "v"(b))

typedef struct tile_job {
    const uint8_t *q;    /* (rows, K) */
    const float *scales; /* (K / GROUP, COLUMNS) */
    float *y;            /* (rows, COLUMNS) */
} tile_job;

static inline TARGET __attribute__((always_inline)) __m512i
quad(const tile_job *j, size_t row, size_t k) {
    int32_t four;
    memcpy(&four, j->q + row * K + k, sizeof four);
    return _mm512_set1_epi32(four);
}

static inline TARGET __attribute__((always_inline)) void
tile8(const tile_job *j, const uint8_t *p, size_t rows) {
    __m512i acc[8][VECTORS];
#pragma GCC unroll 8
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 3
        for (size_t v = 0; v < VECTORS; v++)
            acc[i][v] = _mm512_setzero_si512();
    for (size_t k = 0; k < K; k += 4, p += STEP) {
        __m512i w[VECTORS];
#pragma GCC unroll 3
        for (size_t v = 0; v < VECTORS; v++) {
            w[v] = _mm512_loadu_si512(p + 64 * v);
            _mm_prefetch((const char *)p + 6144 + 64 * v, _MM_HINT_T0);
        }
#pragma GCC unroll 8
        for (size_t i = 0; i < rows; i++) {
            __m512i a = quad(j, i, k);
#pragma GCC unroll 3
            for (size_t v = 0; v < VECTORS; v++)
                DOT4(acc[i][v], a, w[v]);
        }
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 3
        for (size_t v = 0; v < VECTORS; v++)
            _mm512_storeu_ps(
                j->y + i * COLUMNS + 16 * v,
                _mm512_mul_ps(_mm512_cvtepi32_ps(acc[i][v]),
                              _mm512_loadu_ps(j->scales + 16 * v)));
}

/* Eight k of three vectors: 192 bytes, low nibbles the first four k. */
static inline TARGET __attribute__((always_inline)) void
tile4(const tile_job *j, const uint8_t *p, size_t rows) {
    const __m512i low = _mm512_set1_epi8(15), eight = _mm512_set1_epi8(8);
    __m512 sum[4][VECTORS];
#pragma GCC unroll 4
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 3
        for (size_t v = 0; v < VECTORS; v++)
            sum[i][v] = _mm512_setzero_ps();
    for (size_t g = 0; g < K; g += GROUP) {
        __m512i acc[4][VECTORS];
#pragma GCC unroll 4
        for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 3
            for (size_t v = 0; v < VECTORS; v++)
                acc[i][v] = _mm512_setzero_si512();
        for (size_t k = g; k < g + GROUP; k += 8, p += STEP) {
            __m512i w[2][VECTORS];
#pragma GCC unroll 3
            for (size_t v = 0; v < VECTORS; v++) {
                __m512i both = _mm512_loadu_si512(p + 64 * v);
                _mm_prefetch((const char *)p + 3072 + 64 * v, _MM_HINT_T0);
                w[0][v] = _mm512_sub_epi8(_mm512_and_si512(both, low), eight);
                w[1][v] = _mm512_sub_epi8(
                    _mm512_and_si512(_mm512_srli_epi16(both, 4), low), eight);
            }
#pragma GCC unroll 2
            for (size_t h = 0; h < 2; h++)
#pragma GCC unroll 4
                for (size_t i = 0; i < rows; i++) {
                    __m512i a = quad(j, i, k + 4 * h);
#pragma GCC unroll 3
                    for (size_t v = 0; v < VECTORS; v++)
                        DOT4(acc[i][v], a, w[h][v]);
                }
        }
#pragma GCC unroll 4
        for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 3
            for (size_t v = 0; v < VECTORS; v++)
                sum[i][v] = _mm512_fmadd_ps(
                    _mm512_cvtepi32_ps(acc[i][v]),
                    _mm512_loadu_ps(j->scales + g / GROUP * COLUMNS + 16 * v),
                    sum[i][v]);
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 3
        for (size_t v = 0; v < VECTORS; v++)
            _mm512_storeu_ps(j->y + i * COLUMNS + 16 * v, sum[i][v]);
}

/* The first rows of a panel bring its weights near, the next find them there.
 */
static TARGET void panel8(tile_job j, const uint8_t *p, size_t rows) {
    for (; rows; rows -= rows < 8 ? rows : 8, j.q += 8 * K, j.y += 8 * COLUMNS)
        switch (rows) {
        case 1:
            tile8(&j, p, 1);
            break;
        case 4:
            tile8(&j, p, 4);
            break;
        default:
            tile8(&j, p, 8);
        }
}
static TARGET void panel4(tile_job j, const uint8_t *p, size_t rows) {
    for (; rows; rows -= rows < 4 ? rows : 4, j.q += 4 * K, j.y += 4 * COLUMNS)
        switch (rows) {
        case 1:
            tile4(&j, p, 1);
            break;
        default:
            tile4(&j, p, 4);
        }
}

static void run(bool is_int4, const uint8_t *weights, size_t copies,
                size_t rows) {
    static uint8_t q[MOST_ROWS * K];
    static float y[MOST_ROWS * COLUMNS], scales[K / GROUP * COLUMNS];
    tile_job j = {q, scales, y};
    size_t panel = is_int4 ? PANEL_INT4 : PANEL_INT8;
    double best = 1e300;
    memset(q, 3, sizeof q);
    for (int r = 0; r < 40; r++) {
        const uint8_t *p =
            weights + (size_t)r % copies * MODEL_PANELS * PANEL_INT8;
        double t = now_ns();
        for (size_t i = 0; i < MODEL_PANELS; i++, p += panel)
            (is_int4 ? panel4 : panel8)(j, p, rows);
        t = now_ns() - t;
        if (r >= 2 && t < best) best = t;
    }
    printf("{\"what\":\"all linear layers, %s, %zu rows, %s\",\"unit\":\"us\","
           "\"min\":%.1f}\n",
           is_int4 ? "4 bits" : "8 bits", rows,
           copies > 1 ? "weights from memory" : "weights from the cache",
           best / 1e3);
}

int main(void) {
    static const size_t rows[] = {1, 4, 8, 16};
    size_t model = (size_t)MODEL_PANELS * PANEL_INT8;
    uint8_t *weights = malloc(COPIES * model + 8192);
    if (!(nxc__cpu_detect() & NXC_CPU_AVX512_VNNI)) {
        fprintf(stderr, "bench_bits: expected AVX-512 VNNI, got none\n");
        free(weights);
        return 77;
    }
    if (!weights) return 1;
    memset(weights, 0x35, COPIES * model + 8192);
    for (size_t copies = 1; copies <= COPIES; copies += COPIES - 1)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            for (int is_int4 = 0; is_int4 < 2; is_int4++)
                run(is_int4, weights, copies, rows[i]);
    free(weights);
    return 0;
}

#else

int main(void) {
    fprintf(stderr, "bench_bits: expected AVX-512 VNNI, got none\n");
    return 77;
}

#endif
