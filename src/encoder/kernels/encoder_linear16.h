/*
 * linear and linear_bf16 for ISAs whose registers hold 16 columns of a panel: 6
 * rows x 16 columns, the three thirds of a panel one after the other. Included
 * by the AVX2 and NEON files after encoder_lanes.h, with prefetch_far() (to L2)
 * and prefetch_near() (to L1) defined.
 *
 *     step k of a panel      | 16 columns | 16 columns | 16 columns |
 *     one pass over k reads  |  ^^^^^^^^  |  one cache line in three
 *
 * Hardware prefetchers do not follow this stride. Each pass fetches its third
 * of the next panel into L2 and its own lines of 16 steps ahead into L1; with
 * one prefetch 6 KiB ahead in place of both, 8 tokens took more than twice as
 * long. Prefetches past the last panel reach the next matrix, or have no
 * effect.
 */
#define ROWS 6

ALWAYS_INLINE void tile(const panel_block *b, size_t rows, size_t width) {
    v16 acc[ROWS] V16_UNINITIALIZED;
    const char *w = b->panel;
    const float *x = b->x;
#pragma GCC unroll 6
    for (size_t i = 0; i < rows; i++)
        acc[i] = v16_set1(0.0f);
    for (size_t k = 0; k < b->k; k++, w += NXC_PANEL * width) {
        v16 v = panel_load(w, width);
        prefetch_far(w + NXC_PANEL * b->k * width);
        prefetch_near(w + NXC_PANEL * 16 * width);
#pragma GCC unroll 6
        for (size_t i = 0; i < rows; i++)
            v16_accumulate(&acc[i], v16_set1(x[i * b->k + k]), v);
    }
#pragma GCC unroll 6
    for (size_t i = 0; i < rows; i++)
        v16_store(b->y + i * b->ldy, v16_add(acc[i], v16_load(b->bias)));
}

ALWAYS_INLINE void tile_f32(const panel_block *b, size_t rows) {
    tile(b, rows, sizeof(float));
}
ALWAYS_INLINE void tile_bf16(const panel_block *b, size_t rows) {
    tile(b, rows, sizeof(uint16_t));
}
NXC_TILE_ROWS_6(tile_rows_f32, panel_block, tile_f32)
NXC_TILE_ROWS_6(tile_rows_bf16, panel_block, tile_bf16)

static void linear16(const nxc__linear *w, const float *x, size_t m, float *y,
                     nxc__epilogue epilogue) {
    panel_block first = {x,     (const char *)w->panels, w->bias, y, w->k, w->n,
                         w->ldy};
    panel_blocks(&first, m, epilogue, tile_rows_f32, ROWS, NXC_LANES,
                 sizeof(float));
}

static void linear_bf16_16(const nxc__linear_bf16 *w, const float *x, size_t m,
                           float *y, nxc__epilogue epilogue) {
    panel_block first = {x,     (const char *)w->panels, w->bias, y, w->k, w->n,
                         w->ldy};
    panel_blocks(&first, m, epilogue, tile_rows_bf16, ROWS, NXC_LANES,
                 sizeof(uint16_t));
}
