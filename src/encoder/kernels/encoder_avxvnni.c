/*
 * AVX-VNNI: linear_int8 with the VEX form of vpdpbusd, for processors without
 * AVX-512.
 *
 * Tile: 6 rows x 16 columns, a third of a panel, in 12 accumulators, which
 * start at -zero * sums; two vectors of weights and a broadcast make 15 of the
 * 16 registers. Prefetching as in encoder_linear16.h.
 *
 * The kernel test builds this file a second time with the EVEX form of the
 * instruction (NXC_DOT4), which other processors have.
 */
#include "encoder/kernels/encoder_int8_blocks.h"
#include "encoder/kernels/encoder_tile.h"

#define ROWS 6
#define STEP (4 * NXC_PANEL)
#ifndef NXC_DOT4
#define NXC_DOT4 "%{vex%} vpdpbusd %2, %1, %0"
#endif

/* Inline assembly because gcc 12 copies and spills the accumulators of the
 * intrinsic. */
ALWAYS_INLINE void dot4(__m256i *acc, __m256i a, __m256i b) {
    __asm__(NXC_DOT4 : "+x"(*acc) : "x"(a), "x"(b));
}

ALWAYS_INLINE void tile(const int8_block *b, size_t rows) {
    __m256i acc[ROWS][2] V16_UNINITIALIZED;
    const nxc__linear_int8 *w = b->w;
    const int8_t *p = b->panel;
    const __m256i *sums = (const __m256i *)(const void *)(w->sums + b->column);
#pragma GCC unroll 6
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (size_t j = 0; j < 2; j++)
            acc[i][j] = _mm256_mullo_epi32(_mm256_set1_epi32(-b->rows[i].zero),
                                           _mm256_loadu_si256(sums + j));
    for (size_t k = 0; k < w->k; k += 4, p += STEP) {
        const __m256i *weights = (const __m256i *)(const void *)p;
        __m256i v0 = _mm256_loadu_si256(weights);
        __m256i v1 = _mm256_loadu_si256(weights + 1);
        _mm_prefetch((const char *)p + STEP * 24, _MM_HINT_T0);
        _mm_prefetch((const char *)p + NXC_PANEL * w->k, _MM_HINT_T1);
#pragma GCC unroll 6
        for (size_t i = 0; i < rows; i++) {
            int32_t quad;
            memcpy(&quad, b->q + i * w->k + k, sizeof quad);
            __m256i a = _mm256_set1_epi32(quad);
            dot4(&acc[i][0], a, v0);
            dot4(&acc[i][1], a, v1);
        }
    }
    v16 scales = v16_load(w->scales + b->column);
    v16 bias = v16_load(w->bias + b->column);
#pragma GCC unroll 6
    for (size_t i = 0; i < rows; i++) {
        v16 sum = {_mm256_cvtepi32_ps(acc[i][0]),
                   _mm256_cvtepi32_ps(acc[i][1])};
        v16 scale = v16_mul(v16_set1(b->rows[i].scale), scales);
        v16_store(b->y + i * w->ldy, v16_fma(sum, scale, bias));
    }
}

NXC_TILE_ROWS_6(tile_rows, int8_block, tile)

static void linear_int8_avxvnni(const nxc__linear_int8 *w, const uint8_t *q,
                                const nxc__int8_row *rows, size_t m, float *y,
                                nxc__epilogue epilogue) {
    int8_block first = {.q = q, .rows = rows, .w = w, .y = y};
    linear_int8_blocks(&first, m, epilogue, tile_rows, ROWS, NXC_LANES);
}

void nxc__encoder_kernels_avxvnni(nxc__encoder_kernels *k) {
    k->int8 = "avxvnni";
    k->linear_int8 = linear_int8_avxvnni;
}
