/*
 * AArch64 with the matrix instructions: linear_int8. usmmla multiplies 2 rows
 * of 8 unsigned bytes with 2 columns of 8 signed bytes to 2 x 2 sums, twice the
 * products of sdot, and takes activations as they are.
 *
 * Tile: 4 rows x 16 columns, a third of a panel, in 16 accumulators of 2 rows x
 * 2 columns. A step takes eight k: the two quads of a column stand 192 bytes
 * apart in the panel and come together by zip; a last quad alone is filled up
 * with zeros. Of an odd number of rows the last is computed twice.
 *
 *     quad k     c0 c1 c2 c3   zip1    c0 c0' c1 c1'   columns 0 and 1
 *     quad k+4   c0'c1'c2'c3'  zip2    c2 c2' c3 c3'   columns 2 and 3
 */
#include <string.h>

#include "encoder/kernels/encoder_int8_blocks.h"
#include "encoder/kernels/encoder_tile.h"

#define ROWS 4
#define QUADS 4 /* of columns in a tile */
#define STEP (4 * NXC_PANEL)

typedef int32x4_t sums_2x2;

/* n_bytes (8 or 4) of two rows, zeros behind them. */
ALWAYS_INLINE uint8x16_t load_rows(const uint8_t *a, const uint8_t *b,
                                   size_t n_bytes) {
    uint64_t lo = 0, hi = 0;
    memcpy(&lo, a, n_bytes);
    memcpy(&hi, b, n_bytes);
    return vcombine_u8(vcreate_u8(lo), vcreate_u8(hi));
}

/* n_bytes inputs from k on: eight, or the last four. */
ALWAYS_INLINE void step(sums_2x2 (*acc)[2 * QUADS], const int8_block *b,
                        size_t rows, const int8_t *p, size_t k,
                        size_t n_bytes) {
    uint8x16_t a[ROWS / 2] V16_UNINITIALIZED;
#pragma GCC unroll 2
    for (size_t i = 0; i < rows; i += 2) {
        const uint8_t *q = b->q + i * b->w->k + k;
        a[i / 2] = load_rows(q, i + 1 < rows ? q + b->w->k : q, n_bytes);
    }
#pragma GCC unroll 4
    for (size_t j = 0; j < QUADS; j++) {
        int32x4_t lo = vreinterpretq_s32_s8(vld1q_s8(p + 16 * j));
        int32x4_t hi = n_bytes == 8
                           ? vreinterpretq_s32_s8(vld1q_s8(p + STEP + 16 * j))
                           : vdupq_n_s32(0);
        int8x16_t v0 = vreinterpretq_s8_s32(vzip1q_s32(lo, hi));
        int8x16_t v1 = vreinterpretq_s8_s32(vzip2q_s32(lo, hi));
#pragma GCC unroll 2
        for (size_t i = 0; i < (rows + 1) / 2; i++) {
            acc[i][2 * j] = vusmmlaq_s32(acc[i][2 * j], a[i], v0);
            acc[i][2 * j + 1] = vusmmlaq_s32(acc[i][2 * j + 1], a[i], v1);
        }
    }
}

/* Row i of the tile from the 2 x 2 sums of its pair of rows. */
ALWAYS_INLINE void store_row(const int8_block *b, size_t i,
                             const sums_2x2 *acc) {
    const nxc__linear_int8 *w = b->w;
    v16 sums V16_UNINITIALIZED;
#pragma GCC unroll 4
    for (size_t j = 0; j < QUADS; j++) {
        int64x2_t lo = vreinterpretq_s64_s32(acc[2 * j]);
        int64x2_t hi = vreinterpretq_s64_s32(acc[2 * j + 1]);
        int32x4_t sum = vreinterpretq_s32_s64(i % 2 ? vzip2q_s64(lo, hi)
                                                    : vzip1q_s64(lo, hi));
        sum = vmlsq_n_s32(sum, vld1q_s32(w->sums + b->column + 4 * j),
                          b->rows[i].zero);
        sums.val[j] = vcvtq_f32_s32(sum);
    }
    v16 scale =
        v16_mul(v16_set1(b->rows[i].scale), v16_load(w->scales + b->column));
    v16_store(b->y + i * w->ldy,
              v16_fma(sums, scale, v16_load(w->bias + b->column)));
}

ALWAYS_INLINE void tile(const int8_block *b, size_t rows) {
    sums_2x2 acc[ROWS / 2][2 * QUADS] V16_UNINITIALIZED;
    const int8_t *p = b->panel;
    size_t k = 0;
#pragma GCC unroll 2
    for (size_t i = 0; i < (rows + 1) / 2; i++)
#pragma GCC unroll 8
        for (size_t j = 0; j < 2 * QUADS; j++)
            acc[i][j] = vdupq_n_s32(0);
    for (; k + 8 <= b->w->k; k += 8, p += 2 * STEP) {
        __builtin_prefetch(p + STEP * 24, 0, 3);
        __builtin_prefetch(p + STEP * 25, 0, 3);
        step(acc, b, rows, p, k, 8);
    }
    if (k < b->w->k) step(acc, b, rows, p, k, 4);
#pragma GCC unroll 4
    for (size_t i = 0; i < rows; i++)
        store_row(b, i, acc[i / 2]);
}

NXC_TILE_ROWS_4(tile_rows, int8_block, tile)

static void linear_int8_i8mm(const nxc__linear_int8 *w, const uint8_t *q,
                             const nxc__int8_row *rows, size_t m, float *y,
                             nxc__epilogue epilogue) {
    int8_block first = {.q = q, .rows = rows, .w = w, .y = y};
    linear_int8_blocks(&first, m, epilogue, tile_rows, ROWS, NXC_LANES);
}

void nxc__encoder_kernels_i8mm(nxc__encoder_kernels *k) {
    k->int8 = "i8mm";
    k->linear_int8 = linear_int8_i8mm;
}
