/*
 * AArch64 with the dot product instructions: linear_int8. sdot wants two signed
 * bytes, so activations are taken as q - 128 (one xor) and the accumulators
 * start at (128 - zero) * sums: the same integer.
 *
 * Tile: 4 rows x 16 columns, a third of a panel, in 16 accumulators; four
 * vectors of weights and a broadcast make 21 of the 32 registers.
 */
#include <string.h>

#include "encoder/kernels/encoder_attention_int8.h"
#include "encoder/kernels/encoder_int8_blocks.h"
#include "encoder/kernels/encoder_tile.h"

#define ROWS 4
#define VECTORS 4
#define STEP (4 * NXC_PANEL)

ALWAYS_INLINE void tile(const int8_block *b, size_t rows) {
    int32x4_t acc[ROWS][VECTORS] V16_UNINITIALIZED;
    const nxc__linear_int8 *w = b->w;
    const int8_t *p = b->panel;
#pragma GCC unroll 4
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (size_t j = 0; j < VECTORS; j++)
            acc[i][j] = vmulq_n_s32(vld1q_s32(w->sums + b->column + 4 * j),
                                    128 - b->rows[i].zero);
    for (size_t k = 0; k < w->k; k += 4, p += STEP) {
        int8x16_t v[VECTORS] V16_UNINITIALIZED;
        __builtin_prefetch(p + STEP * 24, 0, 3);
#pragma GCC unroll 4
        for (size_t j = 0; j < VECTORS; j++)
            v[j] = vld1q_s8(p + 16 * j);
#pragma GCC unroll 4
        for (size_t i = 0; i < rows; i++) {
            uint32_t quad;
            memcpy(&quad, b->q + i * w->k + k, sizeof quad);
            int8x16_t a =
                vreinterpretq_s8_u32(vdupq_n_u32(quad ^ UINT32_C(0x80808080)));
#pragma GCC unroll 4
            for (size_t j = 0; j < VECTORS; j++)
                acc[i][j] = vdotq_s32(acc[i][j], v[j], a);
        }
    }
    v16 scales = v16_load(w->scales + b->column);
    v16 bias = v16_load(w->bias + b->column);
#pragma GCC unroll 4
    for (size_t i = 0; i < rows; i++) {
        v16 sums = {{vcvtq_f32_s32(acc[i][0]), vcvtq_f32_s32(acc[i][1]),
                     vcvtq_f32_s32(acc[i][2]), vcvtq_f32_s32(acc[i][3])}};
        v16 scale = v16_mul(v16_set1(b->rows[i].scale), scales);
        v16_store(b->y + i * w->ldy, v16_fma(sums, scale, bias));
    }
}

NXC_TILE_ROWS_4(tile_rows, int8_block, tile)

static void linear_int8_dotprod(const nxc__linear_int8 *w, const uint8_t *q,
                                const nxc__int8_row *rows, size_t m, float *y,
                                nxc__epilogue epilogue) {
    int8_block first = {.q = q, .rows = rows, .w = w, .y = y};
    linear_int8_blocks(&first, m, epilogue, tile_rows, ROWS, NXC_LANES);
}

void nxc__encoder_kernels_dotprod(nxc__encoder_kernels *k) {
    k->int8 = "dotprod";
    k->linear_int8 = linear_int8_dotprod;
    k->attention_int8 = lanes_attention_int8;
}
