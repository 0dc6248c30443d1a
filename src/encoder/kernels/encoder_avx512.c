/*
 * AVX-512 (F, BW, DQ, VL): a vector of 16 lanes is one zmm.
 *
 * linear, linear_bf16: 8 rows x 48 columns in 24 accumulators. Each step k
 * loads the three vectors of a panel once and broadcasts one element of each
 * row. The weight stream is prefetched 12 KiB ahead into L2 (into L1, or 2 KiB
 * ahead, was slower by 6 to 20 %): at few rows a pass is bound by
 * reading the weights, 42 MB of float32. The last prefetches run past the panel
 * into the next matrix, which the packed file stores behind it on purpose; a
 * prefetch beyond the mapping has no effect.
 */
#include "encoder/kernels/encoder_lanes.h"
#include "encoder/kernels/encoder_panel.h"
#include "encoder/kernels/encoder_tile.h"

#define ROWS 8
#define VECTORS (NXC_PANEL / NXC_LANES)
#define PREFETCH_BYTES 12288

ALWAYS_INLINE void tile(const panel_block *b, size_t rows, size_t width) {
    v16 acc[ROWS][VECTORS] V16_UNINITIALIZED;
    const size_t step = NXC_LANES * width; /* bytes of a vector */
    const char *w = b->panel;
    const float *x = b->x;
#pragma GCC unroll 8
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 3
        for (size_t j = 0; j < VECTORS; j++)
            acc[i][j] = v16_set1(0.0f);
    for (size_t k = 0; k < b->k; k++, w += VECTORS * step) {
        v16 v[VECTORS] V16_UNINITIALIZED;
#pragma GCC unroll 3
        for (size_t j = 0; j < VECTORS; j++) {
            v[j] = panel_load(w + j * step, width);
            _mm_prefetch(w + PREFETCH_BYTES + j * step, _MM_HINT_T1);
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
            v16_store(b->y + i * b->ldy + j * NXC_LANES,
                      v16_add(acc[i][j], v16_load(b->bias + j * NXC_LANES)));
}

ALWAYS_INLINE void tile_f32(const panel_block *b, size_t rows) {
    tile(b, rows, sizeof(float));
}
ALWAYS_INLINE void tile_bf16(const panel_block *b, size_t rows) {
    tile(b, rows, sizeof(uint16_t));
}
NXC_TILE_ROWS_8(tile_rows_f32, panel_block, tile_f32)
NXC_TILE_ROWS_8(tile_rows_bf16, panel_block, tile_bf16)

static void linear_avx512(const nxc__linear *w, const float *x, size_t m,
                          float *y, nxc__epilogue epilogue) {
    panel_block first = {x,     (const char *)w->panels, w->bias, y, w->k, w->n,
                         w->ldy};
    panel_blocks(&first, m, epilogue, tile_rows_f32, ROWS, NXC_PANEL,
                 sizeof(float));
}

static void linear_bf16_avx512(const nxc__linear_bf16 *w, const float *x,
                               size_t m, float *y, nxc__epilogue epilogue) {
    panel_block first = {x,     (const char *)w->panels, w->bias, y, w->k, w->n,
                         w->ldy};
    panel_blocks(&first, m, epilogue, tile_rows_bf16, ROWS, NXC_PANEL,
                 sizeof(uint16_t));
}

void nxc__encoder_kernels_avx512(nxc__encoder_kernels *k) {
    k->name = "avx512";
    k->linear = linear_avx512;
    k->linear_bf16 = linear_bf16_avx512;
    lanes_init(k);
}
