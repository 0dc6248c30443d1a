/* linear_int8 around an ISA's tile: the columns of a tile one after the other,
 * and for each the rows, spread evenly over blocks of at most max_rows.
 * Included by the files that have such a tile, after encoder_gelu.h. */
#ifndef NXC_ENCODER_INT8_BLOCKS_H
#define NXC_ENCODER_INT8_BLOCKS_H

#include <stdbool.h>

#include "encoder/kernels/encoder_gelu.h"

/* What a tile works on: y[i * w->ldy] from q[i * w->k] and rows[i], for the
 * columns from column on. */
typedef struct int8_block {
    const uint8_t *q;
    const nxc__int8_row *rows;
    const nxc__linear_int8 *w;
    const int8_t *panel; /* weights of the first column */
    size_t column;
    float *y;
    bool gelu; /* for a tile that applies it before it stores */
} int8_block;

/* GELU over a block that a tile has just written (it is in L1). */
ALWAYS_INLINE void gelu_short_block(const int8_block *b, size_t rows,
                                    size_t columns) {
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j += NXC_LANES) {
            float *y = b->y + i * b->w->ldy + j;
            v16_store(y, lanes_gelu_short(v16_load(y)));
        }
}

typedef void (*int8_tile_rows)(const int8_block *b, size_t rows);

/* first: the block at row 0 and column 0, panel left out. columns: of a tile, a
 * divisor of NXC_PANEL. */
ALWAYS_INLINE void linear_int8_blocks(const int8_block *first, size_t m,
                                      nxc__epilogue epilogue,
                                      int8_tile_rows tile_rows, size_t max_rows,
                                      size_t columns) {
    const nxc__linear_int8 *w = first->w;
    size_t n_blocks = (m + max_rows - 1) / max_rows;
    for (size_t column = 0; column < w->n; column += columns) {
        int8_block b = *first;
        size_t row = 0;
        b.panel = w->panels + column / NXC_PANEL * NXC_PANEL * w->k +
                  column % NXC_PANEL * 4;
        b.column = column;
        b.y += column;
        for (size_t left = n_blocks; left; left--) {
            size_t n = (m - row + left - 1) / left;
            tile_rows(&b, n);
            if (epilogue == NXC_EPILOGUE_GELU) gelu_short_block(&b, n, columns);
            row += n;
            b.q += n * w->k;
            b.rows += n;
            b.y += n * w->ldy;
        }
    }
}

#endif
