/*
 * AVX2 and FMA: a vector of 16 lanes is two ymm.
 *
 * linear, linear_bf16: 6 rows x 16 columns, one third (a cache line) of each
 * step of a panel, in 12 accumulators; three vectors more for the line and a
 * broadcast make 15 of the 16 registers. Prefetching: encoder_linear16.h.
 */
#include "encoder/kernels/encoder_int8_blocks.h"
#include "encoder/kernels/encoder_lanes.h"
#include "encoder/kernels/encoder_panel.h"
#include "encoder/kernels/encoder_tile.h"

ALWAYS_INLINE void prefetch_far(const char *p) { _mm_prefetch(p, _MM_HINT_T1); }
ALWAYS_INLINE void prefetch_near(const char *p) {
    _mm_prefetch(p, _MM_HINT_T0);
}
#include "encoder/kernels/encoder_linear16.h"

/* ------------------------------------------------------------------ int8 */

/*
 * linear_int8: 4 rows x 16 columns in 8 accumulators. vpmaddubsw would add two
 * products of 8 bits in 16 and saturate (255 * 127 * 2 > 2^15), so bytes are
 * widened: a dword of weights w0 w1 w2 w3 becomes the words (w0, w2) and
 * (w1, w3) by shifts, a dword of activations likewise, and vpmaddwd sums the
 * products of a pair exactly in 32 bits.
 */
#define ROWS8 4
#define STEP (4 * NXC_PANEL) /* bytes of a panel for four k */

ALWAYS_INLINE void store_row8(const int8_block *b, size_t i,
                              const __m256i *acc) {
    v16 sums = {_mm256_cvtepi32_ps(acc[0]), _mm256_cvtepi32_ps(acc[1])};
    v16 scale =
        v16_mul(v16_set1(b->rows[i].scale), v16_load(b->w->scales + b->column));
    v16_store(b->y + i * b->w->ldy,
              v16_fma(sums, scale, v16_load(b->w->bias + b->column)));
}

ALWAYS_INLINE void tile8(const int8_block *b, size_t rows) {
    __m256i acc[ROWS8][2] V16_UNINITIALIZED;
    const int8_t *p = b->panel;
    const __m256i low_bytes = _mm256_set1_epi16(0xFF);
    const __m256i *sums =
        (const __m256i *)(const void *)(b->w->sums + b->column);
#pragma GCC unroll 4
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < 2; j++)
            acc[i][j] = _mm256_mullo_epi32(_mm256_set1_epi32(-b->rows[i].zero),
                                           _mm256_loadu_si256(sums + j));
    for (size_t k = 0; k < b->w->k; k += 4, p += STEP) {
        __m256i even[2] V16_UNINITIALIZED, odd[2] V16_UNINITIALIZED;
        _mm_prefetch((const char *)p + STEP * 24, _MM_HINT_T0);
        _mm_prefetch((const char *)p + NXC_PANEL * b->w->k, _MM_HINT_T1);
#pragma GCC unroll 2
        for (size_t j = 0; j < 2; j++) {
            __m256i v =
                _mm256_loadu_si256((const __m256i *)(const void *)p + j);
            even[j] = _mm256_srai_epi16(_mm256_slli_epi16(v, 8), 8);
            odd[j] = _mm256_srai_epi16(v, 8);
        }
#pragma GCC unroll 4
        for (size_t i = 0; i < rows; i++) {
            int32_t quad;
            memcpy(&quad, b->q + i * b->w->k + k, sizeof quad);
            __m256i a = _mm256_set1_epi32(quad);
            __m256i a_even = _mm256_and_si256(a, low_bytes);
            __m256i a_odd = _mm256_srli_epi16(a, 8);
#pragma GCC unroll 2
            for (size_t j = 0; j < 2; j++) {
                __m256i s = _mm256_madd_epi16(a_even, even[j]);
                acc[i][j] = _mm256_add_epi32(acc[i][j], s);
                s = _mm256_madd_epi16(a_odd, odd[j]);
                acc[i][j] = _mm256_add_epi32(acc[i][j], s);
            }
        }
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < rows; i++)
        store_row8(b, i, acc[i]);
}

NXC_TILE_ROWS_4(tile8_rows, int8_block, tile8)

static void linear_int8_avx2(const nxc__linear_int8 *w, const uint8_t *q,
                             const nxc__int8_row *rows, size_t m, float *y,
                             nxc__epilogue epilogue) {
    int8_block first = {.q = q, .rows = rows, .w = w, .y = y};
    linear_int8_blocks(&first, m, epilogue, tile8_rows, ROWS8, NXC_LANES);
}

void nxc__encoder_kernels_avx2(nxc__encoder_kernels *k) {
    k->name = k->int8 = "avx2";
    k->linear = linear16;
    k->linear_bf16 = linear_bf16_16;
    k->linear_int8 = linear_int8_avx2;
    lanes_init(k);
}
