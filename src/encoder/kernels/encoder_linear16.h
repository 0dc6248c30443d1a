/*
 * linear for ISAs whose registers hold 16 columns of a panel: 6 rows x 16
 * columns, the three thirds of a panel one after the other. Included by the
 * AVX2 and NEON files after encoder_lanes.h, with ROWS, prefetch_far() (to L2)
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
typedef struct block {
    const float *x, *panel, *bias;
    float *y;
    size_t k, n;
} block;

ALWAYS_INLINE void tile(const block *b, size_t rows) {
    v16 acc[ROWS] V16_UNINITIALIZED;
    const float *w = b->panel, *x = b->x;
#pragma GCC unroll 6
    for (size_t i = 0; i < rows; i++)
        acc[i] = v16_set1(0.0f);
    for (size_t k = 0; k < b->k; k++, w += NXC_PANEL) {
        v16 v = v16_load(w);
        prefetch_far(w + NXC_PANEL * b->k);
        prefetch_near(w + NXC_PANEL * 16);
#pragma GCC unroll 6
        for (size_t i = 0; i < rows; i++)
            v16_accumulate(&acc[i], v16_set1(x[i * b->k + k]), v);
    }
#pragma GCC unroll 6
    for (size_t i = 0; i < rows; i++)
        v16_store(b->y + i * b->n, v16_add(acc[i], v16_load(b->bias)));
}

NXC_TILE_ROWS_6(tile_rows, block, tile)

static void linear16(const nxc__linear *w, const float *x, size_t m, float *y,
                     nxc__epilogue epilogue) {
    size_t n_blocks = (m + ROWS - 1) / ROWS;
    for (size_t column = 0; column < w->n; column += NXC_LANES) {
        const float *panel = w->panels + column / NXC_PANEL * NXC_PANEL * w->k +
                             column % NXC_PANEL;
        block b = {x, panel, w->bias + column, y + column, w->k, w->n};
        size_t row = 0;
        for (size_t left = n_blocks; left; left--) {
            size_t rows = (m - row + left - 1) / left;
            tile_rows(&b, rows);
            if (epilogue == NXC_EPILOGUE_GELU)
                lanes_gelu_block(b.y, b.n, rows, NXC_LANES);
            row += rows;
            b.x += rows * w->k;
            b.y += rows * w->n;
        }
    }
}
