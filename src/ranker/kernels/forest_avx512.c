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
static inline void add_leaves(const uint8_t *leaf, const double *values,
                              size_t n_leaves, double *sums, size_t rows) {
    if (n_leaves <= 32) {
        add_few(leaf, values, n_leaves, sums, rows);
        return;
    }
    for (size_t i = 0; i < rows; i++)
        sums[i] += values[leaf[i]];
}
static inline void add_leaves64(const uint8_t *leaf, const double *values,
                                size_t n_leaves, double *sums) {
    add_leaves(leaf, values, n_leaves, sums, 64);
}
static inline void add_leaves32(const uint8_t *leaf, const double *values,
                                size_t n_leaves, double *sums) {
    add_leaves(leaf, values, n_leaves, sums, 32);
}

#define BLOCK_ROWS 64
#define BLOCK(name) name##64
#include "ranker/kernels/forest_block.h"
#undef BLOCK_ROWS
#undef BLOCK
#define BLOCK_ROWS 32
#define BLOCK(name) name##32
#include "ranker/kernels/forest_block.h"

static inline void decide(const nxc__forest_plan *plan, const uint8_t *columns,
                          uint64_t *bits, size_t n_tables) {
    bytes64 table[4];
    for (size_t k = 0; k < n_tables; k++)
        table[k] = bytes_load64(columns + 64 * k);
    for (size_t i = 0; i < plan->n_decisions; i += 64) {
        bytes64 at = bytes_load64(plan->decision_columns + i);
        bytes64 value;
        if (n_tables == 1)
            value = _mm512_permutexvar_epi8(at, table[0]);
        else
            value = _mm512_permutex2var_epi8(table[0], at, table[1]);
        if (n_tables == 4)
            value = _mm512_mask_blend_epi8(
                _mm512_movepi8_mask(at), value,
                _mm512_permutex2var_epi8(table[2], at, table[3]));
        bits[i / 64] = _mm512_cmple_epu8_mask(
            value, bytes_load64(plan->decision_thresholds + i));
    }
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

#include "ranker/kernels/forest_row.h"

static inline uint32_t bucket_rank(const double *thresholds, size_t n,
                                   double x) {
    __m512d v = _mm512_set1_pd(x);
    uint32_t below = 0;
    for (size_t i = 0; i < n; i += 8)
        below += (uint32_t)__builtin_popcount(
            _mm512_cmp_pd_mask(_mm512_loadu_pd(thresholds + i), v, _CMP_LT_OQ));
    return below;
}
#include "ranker/kernels/forest_quantise.h"

const nxc__forest_level nxc__forest_level_avx512 = {
    "avx512",
    quantise_f64,
    quantise_f32,
    {{64, 40, score64}, {32, 8, score32}},
    row_score};
