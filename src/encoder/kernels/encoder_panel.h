/*
 * linear and linear_bf16 around an ISA's tile: the columns of a tile one after
 * the other, and for each the rows, spread evenly over blocks of at most
 * max_rows (17 rows of 8: 6 + 6 + 5), so that no row count is slow. Included
 * after encoder_lanes.h.
 *
 * A panel holds float32 or bf16; the latter is widened when it is loaded, which
 * is exact, so one tile serves both. width, the bytes of an element, is a
 * constant wherever a tile is specialised.
 */
#ifndef NXC_ENCODER_PANEL_H
#define NXC_ENCODER_PANEL_H

#include "encoder/kernels/encoder_gelu.h"

/* What a tile works on: y[i * ldy] from x[i * k], for the columns of panel. */
typedef struct panel_block {
    const float *x;
    const char *panel; /* weights of the first column */
    const float *bias; /* of the first column */
    float *y;
    size_t k, n, ldy;
} panel_block;

typedef void (*panel_tile_rows)(const panel_block *b, size_t rows);

ALWAYS_INLINE v16 panel_load(const char *p, size_t width) {
    return width == sizeof(uint16_t)
               ? v16_load_bf16((const uint16_t *)(const void *)p)
               : v16_load((const float *)(const void *)p);
}

/* first: the block at row 0 and column 0. columns: of a tile, a divisor of
 * NXC_PANEL. */
ALWAYS_INLINE void panel_blocks(const panel_block *first, size_t m,
                                nxc__epilogue epilogue,
                                panel_tile_rows tile_rows, size_t max_rows,
                                size_t columns, size_t width) {
    size_t n_blocks = (m + max_rows - 1) / max_rows;
    for (size_t column = 0; column < first->n; column += columns) {
        panel_block b = *first;
        size_t row = 0;
        b.panel +=
            (column / NXC_PANEL * NXC_PANEL * b.k + column % NXC_PANEL) * width;
        b.bias += column;
        b.y += column;
        for (size_t left = n_blocks; left; left--) {
            size_t n = (m - row + left - 1) / left;
            tile_rows(&b, n);
            if (epilogue == NXC_EPILOGUE_GELU)
                lanes_gelu_block(b.y, b.ldy, n, columns);
            row += n;
            b.x += n * b.k;
            b.y += n * b.ldy;
        }
    }
}

#endif
