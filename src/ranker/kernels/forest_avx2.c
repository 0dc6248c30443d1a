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
#define FEW_LEAVES 0
#define add_few(leaf, values, n_leaves, sums, n) ((void)0)
#define BLOCK_ROWS 32
#define BLOCK(name) name##32
#include "ranker/kernels/forest_block.h"

/* pshufb looks up 16 columns at a time; of the nodes whose column is not among
 * them it gives zero. */
static void row_decide(const nxc__forest_plan *plan, const uint8_t *columns,
                       uint64_t *bits) {
    size_t n_groups = (plan->n_columns + 15) / 16;
    for (size_t i = 0; i < plan->walk.n_decisions; i += 32) {
        bytes32 column = bytes_load32(plan->walk.columns + i);
        bytes32 value = _mm256_setzero_si256();
        for (size_t g = 0; g < n_groups; g++) {
            bytes32 group = _mm256_broadcastsi128_si256(_mm_loadu_si128(
                (const __m128i *)(const void *)(columns + 16 * g)));
            bytes32 at = _mm256_adds_epu8(
                _mm256_xor_si256(column, _mm256_set1_epi8((char)(16 * g))),
                _mm256_set1_epi8(0x70));
            value = _mm256_or_si256(value, _mm256_shuffle_epi8(group, at));
        }
        bytes32 threshold = bytes_load32(plan->walk.thresholds + i);
        uint32_t left =
            (uint32_t)_mm256_movemask_epi8(is_left(value, threshold));
        memcpy((char *)bits + i / 8, &left, sizeof left);
    }
}

#include "ranker/kernels/forest_row_bits.h"

static inline bytes32 below4(const double *thresholds, __m256d v) {
    return _mm256_castpd_si256(
        _mm256_cmp_pd(_mm256_loadu_pd(thresholds), v, _CMP_LT_OQ));
}
/* Which of 16 are below: two bits each. */
static inline uint32_t below16(const double *t, __m256d v) {
    bytes32 low = _mm256_packs_epi32(below4(t, v), below4(t + 4, v));
    bytes32 high = _mm256_packs_epi32(below4(t + 8, v), below4(t + 12, v));
    return (uint32_t)_mm256_movemask_epi8(_mm256_packs_epi16(low, high));
}
static inline uint32_t bucket_rank(const double *thresholds, size_t n,
                                   double x) {
    __m256d v = _mm256_set1_pd(x);
    uint32_t below = 0;
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        below += (uint32_t)__builtin_popcount(below16(thresholds + i, v)) / 2;
    for (; i < n; i += 4)
        below += (uint32_t)__builtin_popcount((unsigned)_mm256_movemask_pd(
            _mm256_cmp_pd(_mm256_loadu_pd(thresholds + i), v, _CMP_LT_OQ)));
    return below;
}
static inline void quantise_intake(quantise_values *v, size_t n) {
    __m256d zero = _mm256_set1_pd(NXC_FOREST_ZERO);
    __m256d sign = _mm256_set1_pd(-0.0);
    v->is_nan = v->is_zero = 0;
    for (size_t i = 0; i < n; i += 4) {
        __m256d x = _mm256_loadu_pd(v->x + i);
        __m256d is_other =
            _mm256_cmp_pd(_mm256_andnot_pd(sign, x), zero, _CMP_GT_OQ);
        int is_nan = _mm256_movemask_pd(_mm256_cmp_pd(x, x, _CMP_UNORD_Q));
        v->is_nan |= (uint64_t)is_nan << i;
        v->is_zero |= (uint64_t)(~_mm256_movemask_pd(is_other) & 15) << i;
        _mm256_storeu_pd(v->x + i, _mm256_and_pd(x, is_other));
    }
}
/* 0xff in the bytes whose bits are set. */
static inline bytes32 spread_bits(uint32_t bits) {
    bytes32 byte = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202,
                                      0x0303030303030303);
    bytes32 bit = _mm256_set1_epi64x((long long)0x8040201008040201);
    bytes32 v = _mm256_shuffle_epi8(_mm256_set1_epi32((int)bits), byte);
    return _mm256_cmpeq_epi8(_mm256_and_si256(v, bit), bit);
}
static inline void quantise_column(const quantise_values *v, size_t n,
                                   const nxc__plan_column *c, uint8_t *out) {
    uint64_t missing = quantise_missing(v, c);
    bytes32 base = _mm256_set1_epi16((short)c->base);
    bytes32 most = _mm256_set1_epi16(NXC_PLAN_CHUNK);
    for (size_t i = 0; i < n; i += 32) {
        bytes32 low = bytes_load32((const uint8_t *)(v->rank + i));
        bytes32 high = bytes_load32((const uint8_t *)(v->rank + i + 16));
        low = _mm256_min_epu16(_mm256_subs_epu16(low, base), most);
        high = _mm256_min_epu16(_mm256_subs_epu16(high, base), most);
        bytes32 byte = _mm256_permute4x64_epi64(_mm256_packus_epi16(low, high),
                                                _MM_SHUFFLE(3, 1, 2, 0));
        /* NOLINTNEXTLINE(clang-analyzer-core.*): n is at most 64 */
        uint32_t rows = (uint32_t)(missing >> i);
        byte = _mm256_blendv_epi8(byte, _mm256_set1_epi8((char)c->missing_byte),
                                  spread_bits(rows));
        bytes_store32(out + i, byte);
    }
}
#include "ranker/kernels/forest_explain_tree.h"
#include "ranker/kernels/forest_quantise.h"

const nxc__forest_level nxc__forest_level_avx2 = {
    "avx2",    quantise_f64, quantise_f32, {{32, 6, score32}, {0, 0, NULL}},
    row_score, explain_tree};
