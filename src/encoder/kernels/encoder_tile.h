/* From a tile that is written for any number of rows to one copy for each
 * number, so that its accumulators stay in registers: NXC_TILE_ROWS_8(name,
 * block, tile) defines name(const block *b, size_t rows) for 1 to 8 rows, which
 * calls tile(b, 1) ... tile(b, 8) with a constant. */
#ifndef NXC_ENCODER_TILE_H
#define NXC_ENCODER_TILE_H

#define NXC_TILE_CASE(tile, b, n) \
    case n:                       \
        tile(b, n);               \
        break;
#define NXC_TILE_CASES_4(tile, b) \
    NXC_TILE_CASE(tile, b, 1)     \
    NXC_TILE_CASE(tile, b, 2)     \
    NXC_TILE_CASE(tile, b, 3)     \
    NXC_TILE_CASE(tile, b, 4)
#define NXC_TILE_CASES_6(tile, b) \
    NXC_TILE_CASES_4(tile, b)     \
    NXC_TILE_CASE(tile, b, 5)     \
    NXC_TILE_CASE(tile, b, 6)
#define NXC_TILE_CASES_8(tile, b) \
    NXC_TILE_CASES_6(tile, b)     \
    NXC_TILE_CASE(tile, b, 7)     \
    NXC_TILE_CASE(tile, b, 8)
#define NXC_TILE_FUNCTION(name, block, tile, cases) \
    static void name(const block *b, size_t rows) { \
        switch (rows) { cases(tile, b) }            \
    }
#define NXC_TILE_ROWS_4(name, block, tile) \
    NXC_TILE_FUNCTION(name, block, tile, NXC_TILE_CASES_4)
#define NXC_TILE_ROWS_6(name, block, tile) \
    NXC_TILE_FUNCTION(name, block, tile, NXC_TILE_CASES_6)
#define NXC_TILE_ROWS_8(name, block, tile) \
    NXC_TILE_FUNCTION(name, block, tile, NXC_TILE_CASES_8)

#endif
