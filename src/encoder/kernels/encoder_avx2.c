/*
 * AVX2 and FMA: a vector of 16 lanes is two ymm.
 *
 * linear: 6 rows x 16 columns, one third (a cache line) of each step of a
 * panel, in 12 accumulators; three vectors more for the line and a broadcast
 * make 15 of the 16 registers. Prefetching: encoder_linear16.h.
 */
#include <immintrin.h>
#include <stddef.h>

typedef struct v16 {
    __m256 lo, hi;
} v16;
#define V16_ROWS 4

static inline v16 v16_load(const float *p) {
    return (v16){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}
static inline void v16_store(float *p, v16 a) {
    _mm256_storeu_ps(p, a.lo);
    _mm256_storeu_ps(p + 8, a.hi);
}
static inline v16 v16_set1(float a) {
    return (v16){_mm256_set1_ps(a), _mm256_set1_ps(a)};
}
#define V16_BINARY(op)                              \
    static inline v16 v16_##op(v16 a, v16 b) {      \
        return (v16){_mm256_##op##_ps(a.lo, b.lo),  \
                     _mm256_##op##_ps(a.hi, b.hi)}; \
    }
V16_BINARY(add)
V16_BINARY(sub)
V16_BINARY(mul)
V16_BINARY(div)
V16_BINARY(max)
V16_BINARY(min)
static inline v16 v16_fma(v16 a, v16 b, v16 c) {
    return (v16){_mm256_fmadd_ps(a.lo, b.lo, c.lo),
                 _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
static inline v16 v16_round(v16 a) {
    return (v16){
        _mm256_round_ps(a.lo, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC),
        _mm256_round_ps(a.hi, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
static inline __m256 power_half(__m256 n) {
    __m256i e = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(e, 23));
}
static inline v16 v16_power(v16 n) {
    return (v16){power_half(n.lo), power_half(n.hi)};
}
/* Lanes folded in halves. */
static inline float sum_8(__m256 a) {
    __m128 x =
        _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    x = _mm_add_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
static inline float v16_sum(v16 a) { return sum_8(_mm256_add_ps(a.lo, a.hi)); }
/* Inline assembly because gcc 12 copies and spills the accumulators of the
 * intrinsic. */
static inline void v16_accumulate(v16 *c, v16 a, v16 b) {
    __asm__("vfmadd231ps %2, %1, %0" : "+x"(c->lo) : "x"(a.lo), "x"(b.lo));
    __asm__("vfmadd231ps %2, %1, %0" : "+x"(c->hi) : "x"(a.hi), "x"(b.hi));
}

#include "encoder/kernels/encoder_lanes.h"

#define ROWS 6

ALWAYS_INLINE void prefetch_far(const float *p) {
    _mm_prefetch((const char *)p, _MM_HINT_T1);
}
ALWAYS_INLINE void prefetch_near(const float *p) {
    _mm_prefetch((const char *)p, _MM_HINT_T0);
}
#include "encoder/kernels/encoder_linear16.h"

void nxc__encoder_kernels_avx2(nxc__encoder_kernels *k) {
    k->name = "avx2";
    k->linear = linear16;
    lanes_init(k);
}
