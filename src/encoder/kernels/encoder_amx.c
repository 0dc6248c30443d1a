/*
 * AMX: linear_int8 on tiles of 16 rows x 64 bytes.
 *
 * 64 inputs of 16 columns of a panel are a tile as the file has them: row r of
 * it holds inputs 4 r to 4 r + 3, and rows are 192 bytes apart. 64 inputs of 16
 * rows of q are the other factor, rows k bytes apart. Nothing is rearranged.
 *
 *              B (7)  16 columns | 16 columns | 16 columns    of a panel
 *     A (6)    16 rows    0            1            2
 *              16 rows    3            4            5         accumulators
 *
 * With up to 16 rows the tiles have that many. With more, every tile has 16,
 * and the last begins 16 before the end: it computes a few rows a second time,
 * to the same bits. Of k that is no multiple of 64, the last step takes the
 * last 64 inputs, and those that were taken before are zero in a copy of q
 * (k < 64: the tiles are that much shorter).
 *
 * A tile of sums goes through 1 KiB of memory to the vectors that take off
 * zero * sums and give it its scale. Two rows of tiles need 7 loads for 6
 * products, one 4 for 3. All row counts take this path: a product of few rows
 * takes no longer than one of 16, and reading the weights decides there
 * (docs/adr/0011-instruction-sets.md).
 *
 * The tiles belong to the thread; they are configured at the beginning of a
 * call and released at its end. The process needs nxc__cpu_permit_amx first.
 */
#include "encoder/kernels/encoder_amx.h"

#include <string.h>

#include "encoder/kernels/encoder_gelu.h"

#define ROWS ((size_t)16)  /* of a tile */
#define DEPTH ((size_t)64) /* inputs of a tile */
#define STRIDE (4 * NXC_PANEL)
#define PREFETCH_BYTES 6144

typedef struct amx_product {
    const nxc__linear_int8 *w;
    const uint8_t *q;
    const nxc__int8_row *rows;
    float *y;
    nxc__epilogue epilogue;
    size_t tile_rows; /* at most ROWS */
    size_t column;    /* first of the panel */
} amx_product;

/* One step of a tile of rows at q: accumulators c0, c1, c2 += A B. */
#define TILE_STEP(c0, c1, c2, q, ldq, p)   \
    do {                                   \
        TILE_LOAD(6, q, ldq);              \
        TILE_LOAD(7, p, STRIDE);           \
        TILE_DOT(c0, 6, 7);                \
        TILE_LOAD(7, (p) + DEPTH, STRIDE); \
        TILE_DOT(c1, 6, 7);                \
        TILE_LOAD(7, (p) + 128, STRIDE);   \
        TILE_DOT(c2, 6, 7);                \
    } while (0)

/* Two tiles of rows: the second meets the columns in reverse, so that the
 * third tile of weights serves both. */
ALWAYS_INLINE void step(const uint8_t *q0, const uint8_t *q1, size_t ldq,
                        const int8_t *p) {
    TILE_STEP(0, 1, 2, q0, ldq, p);
    if (!q1) return;
    TILE_LOAD(6, q1, ldq);
    TILE_DOT(5, 6, 7);
    TILE_LOAD(7, p + 64, STRIDE);
    TILE_DOT(4, 6, 7);
    TILE_LOAD(7, p, STRIDE);
    TILE_DOT(3, 6, 7);
}

/* The inputs from k on of rows that have fewer than DEPTH left: a copy of the
 * last DEPTH, those before k zero. */
static void copy_tail(const amx_product *x, const uint8_t *q, size_t k,
                      uint8_t *copy) {
    size_t first = x->w->k - DEPTH;
    for (size_t i = 0; i < x->tile_rows; i++, copy += DEPTH) {
        memcpy(copy, q + i * x->w->k + first, DEPTH);
        memset(copy, 0, k - first);
    }
}

/* y of a tile of rows that begins at row, 16 columns from j on. */
static void finish(const amx_product *x, size_t row, size_t j,
                   const int32_t *sums) {
    const nxc__linear_int8 *w = x->w;
    v16 scales = v16_load(w->scales + j), bias = v16_load(w->bias + j);
    __m512i columns = _mm512_loadu_si512(w->sums + j);
    for (size_t i = 0; i < x->tile_rows; i++, sums += NXC_LANES) {
        nxc__int8_row r = x->rows[row + i];
        __m512i zero = _mm512_mullo_epi32(_mm512_set1_epi32(r.zero), columns);
        __m512i sum = _mm512_sub_epi32(_mm512_loadu_si512(sums), zero);
        v16 y = v16_fma(_mm512_cvtepi32_ps(sum),
                        v16_mul(v16_set1(r.scale), scales), bias);
        if (x->epilogue == NXC_EPILOGUE_GELU) y = lanes_gelu_short(y);
        v16_store(x->y + (row + i) * w->ldy + j, y);
    }
}

#define TILE_FINISH(t, row, j, sums)           \
    do {                                       \
        TILE_STORE(t, sums, 4 * NXC_LANES);    \
        finish(x, row, x->column + (j), sums); \
    } while (0)

/* A panel times the tiles of rows at row0 and, unless that is SIZE_MAX, row1.
 */
static void product(const amx_product *x, size_t row0, size_t row1,
                    bool is_first) {
    const nxc__linear_int8 *w = x->w;
    const int8_t *panel = w->panels + x->column * w->k, *p = panel;
    const uint8_t *q0 = x->q + row0 * w->k;
    const uint8_t *q1 = row1 == SIZE_MAX ? NULL : x->q + row1 * w->k;
    size_t k = 0;
    TILE_ZERO(0);
    TILE_ZERO(1);
    TILE_ZERO(2);
    TILE_ZERO(3);
    TILE_ZERO(4);
    TILE_ZERO(5);
    for (; k + DEPTH <= w->k; k += DEPTH, p += DEPTH * NXC_PANEL) {
        for (size_t i = 0; is_first && i < DEPTH * NXC_PANEL; i += 64)
            _mm_prefetch((const char *)p + PREFETCH_BYTES + i, _MM_HINT_T0);
        step(q0 + k, q1 ? q1 + k : NULL, w->k, p);
    }
    if (k < w->k && w->k < DEPTH) {
        step(q0, q1, w->k, p);
    } else if (k < w->k) {
        uint8_t tail[2][ROWS * DEPTH];
        copy_tail(x, q0, k, tail[0]);
        if (q1) copy_tail(x, q1, k, tail[1]);
        step(tail[0], q1 ? tail[1] : NULL, DEPTH,
             panel + (w->k - DEPTH) * NXC_PANEL);
    }
    int32_t sums[ROWS * NXC_LANES];
    TILE_FINISH(0, row0, 0, sums);
    TILE_FINISH(1, row0, 16, sums);
    TILE_FINISH(2, row0, 32, sums);
    if (!q1) return;
    TILE_FINISH(3, row1, 0, sums);
    TILE_FINISH(4, row1, 16, sums);
    TILE_FINISH(5, row1, 32, sums);
}

/* Accumulators and A have as many rows as the product, A and B reach over as
 * many inputs. */
static void configure(size_t rows, size_t depth) {
    tile_config c = {.palette = 1};
    for (size_t t = 0; t < 8; t++) {
        c.rows[t] = (uint8_t)(t == 7 ? depth / 4 : rows);
        c.row_bytes[t] = (uint16_t)(t == 6 ? depth : 64);
    }
    tiles_config(&c);
}

static void linear_int8_amx(const nxc__linear_int8 *w, const uint8_t *q,
                            const nxc__int8_row *rows, size_t m, float *y,
                            nxc__epilogue epilogue) {
    amx_product x = {w, q, rows, y, epilogue, m < ROWS ? m : ROWS, 0};
    if (m == 0) return;
    configure(x.tile_rows, w->k && w->k < DEPTH ? w->k : DEPTH);
    for (; x.column < w->n; x.column += NXC_PANEL)
        for (size_t row = 0; row < m; row += 2 * ROWS) {
            size_t last = m - x.tile_rows, next = row + ROWS;
            product(&x, row < last ? row : last,
                    next >= m     ? SIZE_MAX
                    : next < last ? next
                                  : last,
                    row == 0);
        }
    tiles_release();
}

void nxc__encoder_kernels_amx(nxc__encoder_kernels *k) {
    k->int8 = "amx";
    k->linear_int8 = linear_int8_amx;
}
