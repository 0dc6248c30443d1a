/*
 * AVX-512 (F, BW, DQ, VL): a vector of 16 lanes is one zmm.
 *
 * linear: 8 rows x 48 columns in 24 accumulators. Each step k loads the three
 * vectors of a panel once and broadcasts one element of each row. Rows are
 * spread evenly over the blocks (17 rows: 6 + 6 + 5), so no row count is slow.
 * The weight stream is prefetched 12 KiB ahead into L2 (into L1, or 2 KiB
 * ahead, was slower by 6 to 20 %): at few rows a pass is bound by
 * reading 42 MB of weights. The last prefetches run past the panel into the
 * next matrix, which the packed file stores behind it on purpose; a prefetch
 * beyond the mapping has no effect.
 */
#include "encoder/kernels/encoder_lanes.h"
#include "encoder/kernels/encoder_tile.h"

#define ROWS 8
#define VECTORS (NXC_PANEL / NXC_LANES)
#define PREFETCH_FLOATS 3072 /* 12 KiB */

typedef struct block {
    const float *x, *panel, *bias;
    float *y;
    size_t k, n;
} block;

ALWAYS_INLINE void tile(const block *b, size_t rows) {
    v16 acc[ROWS][VECTORS] V16_UNINITIALIZED;
    const float *w = b->panel, *x = b->x;
#pragma GCC unroll 8
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 3
        for (size_t j = 0; j < VECTORS; j++)
            acc[i][j] = v16_set1(0.0f);
    for (size_t k = 0; k < b->k; k++, w += NXC_PANEL) {
        v16 v[VECTORS] V16_UNINITIALIZED;
#pragma GCC unroll 3
        for (size_t j = 0; j < VECTORS; j++) {
            v[j] = v16_load(w + j * NXC_LANES);
            _mm_prefetch((const char *)(w + PREFETCH_FLOATS + j * NXC_LANES),
                         _MM_HINT_T1);
        }
#pragma GCC unroll 8
        for (size_t i = 0; i < rows; i++) {
            v16 a = v16_set1(x[i * b->k + k]);
#pragma GCC unroll 3
            for (size_t j = 0; j < VECTORS; j++)
                v16_accumulate(&acc[i][j], a, v[j]);
        }
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 3
        for (size_t j = 0; j < VECTORS; j++)
            v16_store(b->y + i * b->n + j * NXC_LANES,
                      v16_add(acc[i][j], v16_load(b->bias + j * NXC_LANES)));
}

NXC_TILE_ROWS_8(tile_rows, block, tile)

static void linear_avx512(const nxc__linear *w, const float *x, size_t m,
                          float *y, nxc__epilogue epilogue) {
    size_t n_blocks = (m + ROWS - 1) / ROWS;
    for (size_t column = 0; column < w->n; column += NXC_PANEL) {
        block b = {
            x,   w->panels + column * w->k, w->bias + column, y + column, w->k,
            w->n};
        size_t row = 0;
        for (size_t left = n_blocks; left; left--) {
            size_t rows = (m - row + left - 1) / left;
            tile_rows(&b, rows);
            if (epilogue == NXC_EPILOGUE_GELU)
                lanes_gelu_block(b.y, b.n, rows, NXC_PANEL);
            row += rows;
            b.x += rows * w->k;
            b.y += rows * w->n;
        }
    }
}

void nxc__encoder_kernels_avx512(nxc__encoder_kernels *k) {
    k->name = "avx512";
    k->linear = linear_avx512;
    lanes_init(k);
}
