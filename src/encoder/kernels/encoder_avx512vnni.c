/*
 * AVX-512 VNNI: linear_int8. vpdpbusd adds four products of an unsigned and a
 * signed byte to each 32-bit lane, exactly.
 *
 * Tile: 8 rows x 48 columns in 24 accumulators, which start at -zero * sums.
 * Each step of four k loads the three vectors of a panel once and broadcasts
 * four bytes of each row; three vectors and a broadcast make 28 of the 32
 * registers. Rows are spread evenly over the blocks, as in encoder_avx512.c,
 * and the weights are prefetched PREFETCH_BYTES ahead.
 */
#include <string.h>

#include "encoder/kernels/encoder_attention_int8.h"
#include "encoder/kernels/encoder_int8_blocks.h"
#include "encoder/kernels/encoder_tile.h"

#define ROWS 8
#define VECTORS (NXC_PANEL / NXC_LANES)
#define STEP (4 * NXC_PANEL)
#define PREFETCH_BYTES 6144

/* Inline assembly because gcc 12 copies and spills the accumulators of the
 * intrinsic, which halves the speed. */
ALWAYS_INLINE void dot4(__m512i *acc, __m512i a, __m512i b) {
    __asm__("vpdpbusd %2, %1, %0" : "+v"(*acc) : "v"(a), "v"(b));
}

ALWAYS_INLINE void tile(const int8_block *b, size_t rows) {
    __m512i acc[ROWS][VECTORS] V16_UNINITIALIZED;
    const nxc__linear_int8 *w = b->w;
    const int8_t *p = b->panel;
    const uint8_t *q = b->q;
#pragma GCC unroll 8
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 3
        for (size_t j = 0; j < VECTORS; j++)
            acc[i][j] = _mm512_mullo_epi32(
                _mm512_set1_epi32(-b->rows[i].zero),
                _mm512_loadu_si512(w->sums + b->column + j * NXC_LANES));
    for (size_t k = 0; k < w->k; k += 4, p += STEP) {
        __m512i v[VECTORS] V16_UNINITIALIZED;
#pragma GCC unroll 3
        for (size_t j = 0; j < VECTORS; j++) {
            v[j] = _mm512_loadu_si512(p + 64 * j);
            _mm_prefetch((const char *)p + PREFETCH_BYTES + 64 * j,
                         _MM_HINT_T0);
        }
#pragma GCC unroll 8
        for (size_t i = 0; i < rows; i++) {
            int32_t quad;
            memcpy(&quad, q + i * w->k + k, sizeof quad);
            __m512i a = _mm512_set1_epi32(quad);
#pragma GCC unroll 3
            for (size_t j = 0; j < VECTORS; j++)
                dot4(&acc[i][j], a, v[j]);
        }
    }
#pragma GCC unroll 3
    for (size_t j = 0; j < VECTORS; j++) {
        v16 scale = v16_load(w->scales + b->column + j * NXC_LANES);
        v16 bias = v16_load(w->bias + b->column + j * NXC_LANES);
#pragma GCC unroll 8
        for (size_t i = 0; i < rows; i++) {
            v16 y = v16_fma(_mm512_cvtepi32_ps(acc[i][j]),
                            v16_mul(v16_set1(b->rows[i].scale), scale), bias);
            if (b->gelu) y = lanes_gelu_short(y);
            v16_store(b->y + i * w->ldy + j * NXC_LANES, y);
        }
    }
}

NXC_TILE_ROWS_8(tile_rows, int8_block, tile)

static void linear_int8_avx512vnni(const nxc__linear_int8 *w, const uint8_t *q,
                                   const nxc__int8_row *rows, size_t m,
                                   float *y, nxc__epilogue epilogue) {
    int8_block first = {.q = q,
                        .rows = rows,
                        .w = w,
                        .y = y,
                        .gelu = epilogue == NXC_EPILOGUE_GELU};
    linear_int8_blocks(&first, m, NXC_EPILOGUE_NONE, tile_rows, ROWS,
                       NXC_PANEL);
}

void nxc__encoder_kernels_avx512vnni(nxc__encoder_kernels *k) {
    k->int8 = "avx512vnni";
    k->linear_int8 = linear_int8_avx512vnni;
    k->attention_int8 = lanes_attention_int8;
}
