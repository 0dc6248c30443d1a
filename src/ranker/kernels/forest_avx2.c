/* 32 rows at a time, or one row by its decision bits. */
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "ranker/kernels/forest_kernel.h"

typedef __m256i bytes32;

static inline bytes32 bytes_load32(const uint8_t *p) {
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}
static inline void bytes_store32(uint8_t *p, bytes32 v) {
    _mm256_storeu_si256((__m256i *)(void *)p, v);
}
/* c <= t, unsigned: the smaller of both is c. */
static inline bytes32 is_left(bytes32 c, bytes32 t) {
    return _mm256_cmpeq_epi8(_mm256_min_epu8(c, t), c);
}
static inline bytes32 bytes_select32(bytes32 c, uint8_t t, bytes32 l,
                                     bytes32 r) {
    return _mm256_blendv_epi8(r, l, is_left(c, _mm256_set1_epi8((char)t)));
}
static inline void add_leaves32(const uint8_t *leaf, const double *values,
                                size_t n_leaves, double *sums) {
    (void)n_leaves;
    for (size_t i = 0; i < 32; i++)
        sums[i] += values[leaf[i]];
}

#define BLOCK_ROWS 32
#define BLOCK(name) name##32
#include "ranker/kernels/forest_block.h"

/* pshufb looks up 16 columns at a time; of the nodes whose column is not among
 * them it gives zero. */
static void row_decide(const nxc__forest_plan *plan, const uint8_t *columns,
                       uint64_t *bits) {
    size_t n_groups = (plan->n_columns + 15) / 16;
    for (size_t i = 0; i < plan->n_decisions; i += 32) {
        bytes32 column = bytes_load32(plan->decision_columns + i);
        bytes32 value = _mm256_setzero_si256();
        for (size_t g = 0; g < n_groups; g++) {
            bytes32 group = _mm256_broadcastsi128_si256(_mm_loadu_si128(
                (const __m128i *)(const void *)(columns + 16 * g)));
            bytes32 at = _mm256_adds_epu8(
                _mm256_xor_si256(column, _mm256_set1_epi8((char)(16 * g))),
                _mm256_set1_epi8(0x70));
            value = _mm256_or_si256(value, _mm256_shuffle_epi8(group, at));
        }
        bytes32 threshold = bytes_load32(plan->decision_thresholds + i);
        uint32_t left =
            (uint32_t)_mm256_movemask_epi8(is_left(value, threshold));
        memcpy((char *)bits + i / 8, &left, sizeof left);
    }
}

#include "ranker/kernels/forest_row.h"

static inline uint32_t bucket_rank(const double *thresholds, size_t n,
                                   double x) {
    __m256d v = _mm256_set1_pd(x);
    uint32_t below = 0;
    for (size_t i = 0; i < n; i += 8) {
        __m256d low = _mm256_loadu_pd(thresholds + i);
        __m256d high = _mm256_loadu_pd(thresholds + i + 4);
        int a = _mm256_movemask_pd(_mm256_cmp_pd(low, v, _CMP_LT_OQ));
        int b = _mm256_movemask_pd(_mm256_cmp_pd(high, v, _CMP_LT_OQ));
        below += (uint32_t)__builtin_popcount((unsigned)(a | b << 4));
    }
    return below;
}
#include "ranker/kernels/forest_quantise.h"

const nxc__forest_level nxc__forest_level_avx2 = {
    "avx2",
    quantise_f64,
    quantise_f32,
    {{32, 8, score32}, {0, 0, NULL}},
    row_score};
