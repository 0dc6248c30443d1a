/* 64 or 32 rows at a time, or one row by its decision bits, which need VBMI's
 * byte permutation. */
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "ranker/kernels/forest_kernel.h"

typedef __m512i bytes64;
typedef __m256i bytes32;

static inline bytes64 bytes_load64(const uint8_t *p) {
    return _mm512_loadu_si512(p);
}
static inline void bytes_store64(uint8_t *p, bytes64 v) {
    _mm512_storeu_si512(p, v);
}
static inline bytes64 bytes_select64(bytes64 c, uint8_t t, bytes64 l,
                                     bytes64 r) {
    return _mm512_mask_blend_epi8(
        _mm512_cmple_epu8_mask(c, _mm512_set1_epi8((char)t)), r, l);
}
static inline bytes32 bytes_load32(const uint8_t *p) {
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}
static inline void bytes_store32(uint8_t *p, bytes32 v) {
    _mm256_storeu_si256((__m256i *)(void *)p, v);
}
static inline bytes32 bytes_select32(bytes32 c, uint8_t t, bytes32 l,
                                     bytes32 r) {
    return _mm256_mask_blend_epi8(
        _mm256_cmple_epu8_mask(c, _mm256_set1_epi8((char)t)), r, l);
}

/* Eight rows at a time look their leaf up in registers: 16 values a
 * permutation of two. */
static inline void add_few(const uint8_t *leaf, const double *values,
                           size_t n_leaves, double *sums, size_t rows) {
    __m512d v[4];
    for (size_t k = 0; k < 4; k++) {
        size_t left = n_leaves > 8 * k ? n_leaves - 8 * k : 0;
        v[k] = _mm512_maskz_loadu_pd(
            (__mmask8)(left >= 8 ? 0xff : (1u << left) - 1), values + 8 * k);
    }
    for (size_t i = 0; i < rows; i += 8) {
        __m512i at = _mm512_cvtepu8_epi64(
            _mm_loadl_epi64((const __m128i *)(const void *)(leaf + i)));
        __m512d low = _mm512_permutex2var_pd(v[0], at, v[1]);
        __m512d high = _mm512_permutex2var_pd(v[2], at, v[3]);
        __mmask8 is_high = _mm512_test_epi64_mask(at, _mm512_set1_epi64(16));
        __m512d x = _mm512_mask_blend_pd(is_high, low, high);
        _mm512_storeu_pd(sums + i, _mm512_add_pd(_mm512_loadu_pd(sums + i), x));
    }
}
#define FEW_LEAVES 32

#define BLOCK_ROWS 64
#define BLOCK(name) name##64
#include "ranker/kernels/forest_block.h"
#undef BLOCK_ROWS
#undef BLOCK
#define BLOCK_ROWS 32
#define BLOCK(name) name##32
#include "ranker/kernels/forest_block.h"

/* 64 decisions, of columns in so many tables. */
static inline uint64_t decide64(bytes64 at, bytes64 threshold,
                                const bytes64 table[4], size_t n_tables) {
    bytes64 value;
    if (n_tables == 1)
        value = _mm512_permutexvar_epi8(at, table[0]);
    else
        value = _mm512_permutex2var_epi8(table[0], at, table[1]);
    if (n_tables == 4)
        value = _mm512_mask_blend_epi8(
            _mm512_movepi8_mask(at), value,
            _mm512_permutex2var_epi8(table[2], at, table[3]));
    return _mm512_cmple_epu8_mask(value, threshold);
}
static inline void decide(const nxc__forest_plan *plan, const uint8_t *columns,
                          uint64_t *bits, size_t n_tables) {
    bytes64 table[4];
    const uint8_t *at = plan->walk.columns;
    const uint8_t *thresholds = plan->walk.thresholds;
    size_t n = plan->walk.n_decisions;
    for (size_t k = 0; k < n_tables; k++)
        table[k] = bytes_load64(columns + 64 * k);
#pragma GCC unroll 4
    for (size_t i = 0; i < n; i += 64)
        bits[i / 64] = decide64(bytes_load64(at + i),
                                bytes_load64(thresholds + i), table, n_tables);
}
static void row_decide(const nxc__forest_plan *plan, const uint8_t *columns,
                       uint64_t *bits) {
    if (plan->n_columns <= 64)
        decide(plan, columns, bits, 1);
    else if (plan->n_columns <= 128)
        decide(plan, columns, bits, 2);
    else
        decide(plan, columns, bits, 4);
}

#include "ranker/kernels/forest_row_bits.h"

static inline uint32_t bucket_rank(const double *thresholds, size_t n,
                                   double x) {
    __m512d v = _mm512_set1_pd(x);
    uint32_t below = 0;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __mmask8 low =
            _mm512_cmp_pd_mask(_mm512_loadu_pd(thresholds + i), v, _CMP_LT_OQ);
        __mmask8 high = _mm512_cmp_pd_mask(_mm512_loadu_pd(thresholds + i + 8),
                                           v, _CMP_LT_OQ);
        below += (uint32_t)__builtin_popcount(_mm512_kunpackb(high, low));
    }
    if (i < n)
        below += (uint32_t)__builtin_popcount(
            _mm512_cmp_pd_mask(_mm512_loadu_pd(thresholds + i), v, _CMP_LT_OQ));
    return below;
}
static inline void quantise_intake(quantise_values *v, size_t n) {
    __m512d zero = _mm512_set1_pd(NXC_FOREST_ZERO);
    v->is_nan = v->is_zero = 0;
    for (size_t i = 0; i < n; i += 8) {
        __m512d x = _mm512_loadu_pd(v->x + i);
        __mmask8 is_nan = _mm512_cmp_pd_mask(x, x, _CMP_UNORD_Q);
        __mmask8 is_other =
            _mm512_cmp_pd_mask(_mm512_abs_pd(x), zero, _CMP_GT_OQ);
        v->is_nan |= (uint64_t)is_nan << i;
        v->is_zero |= (uint64_t)(uint8_t)~is_other << i;
        _mm512_storeu_pd(v->x + i, _mm512_maskz_mov_pd(is_other, x));
    }
}
static inline void quantise_column(const quantise_values *v, size_t n,
                                   const nxc__plan_column *c, uint8_t *out) {
    uint64_t missing = quantise_missing(v, c);
    bytes64 base = _mm512_set1_epi16((short)c->base);
    for (size_t i = 0; i < n; i += 32) {
        bytes64 rank = _mm512_subs_epu16(_mm512_loadu_si512(v->rank + i), base);
        bytes32 byte = _mm512_cvtusepi16_epi8(rank);
        /* NOLINTNEXTLINE(clang-analyzer-core.*): n is at most 64 */
        __mmask32 rows = (__mmask32)(missing >> i);
        byte = _mm256_mask_mov_epi8(byte, rows,
                                    _mm256_set1_epi8((char)c->missing_byte));
        bytes_store32(out + i, byte);
    }
}
#include "ranker/kernels/forest_explain_tree.h"
#include "ranker/kernels/forest_quantise.h"

const nxc__forest_level nxc__forest_level_avx512 = {
    "avx512",     quantise_f64,
    quantise_f32, {{64, 38, score64}, {32, 7, score32}},
    row_score,    explain_tree};
