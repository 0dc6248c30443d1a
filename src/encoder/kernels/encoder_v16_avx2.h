/* The vocabulary of encoder_v16.h in AVX2 and FMA: two ymm. */
#ifndef NXC_ENCODER_V16_AVX2_H
#define NXC_ENCODER_V16_AVX2_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

typedef struct v16 {
    __m256 lo, hi;
} v16;
#define V16_ROWS 4
#define V16_COLUMNS 1

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
static inline v16 v16_abs(v16 a) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return (v16){_mm256_andnot_ps(sign, a.lo), _mm256_andnot_ps(sign, a.hi)};
}
static inline v16 v16_scale(v16 a, v16 n) { return v16_mul(a, v16_power(n)); }
/* Lanes folded in halves. */
static inline float sum_8(__m256 a) {
    __m128 x =
        _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    x = _mm_add_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
static inline float v16_sum(v16 a) { return sum_8(_mm256_add_ps(a.lo, a.hi)); }
static inline float v16_top(v16 a) {
    __m256 x = _mm256_max_ps(a.lo, a.hi);
    __m128 y =
        _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    y = _mm_max_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_max_ss(y, _mm_movehdup_ps(y)));
}
static inline void v16_store_u8(uint8_t *q, v16 a, int32_t zero) {
    __m256i z = _mm256_set1_epi32(zero);
    __m256i lo = _mm256_add_epi32(_mm256_cvtps_epi32(a.lo), z);
    __m256i hi = _mm256_add_epi32(_mm256_cvtps_epi32(a.hi), z);
    /* Words stay signed here: at most 2 * 255. */
    __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(lo, hi), 0xD8);
    __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words),
                                     _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128((__m128i *)(void *)q, bytes);
}
static inline void v16_store_u8x4(uint8_t *q, const v16 a[4], int32_t zero) {
    for (size_t i = 0; i < 4; i++)
        v16_store_u8(q + 16 * i, a[i], zero);
}
static inline v16 v16_load_s8(const int8_t *q) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)q);
    return (v16){
        _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)),
        _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(bytes, 8)))};
}
static inline __m256 widen_8(const uint16_t *p) {
    __m128i halves = _mm_loadu_si128((const __m128i *)(const void *)p);
    return _mm256_castsi256_ps(
        _mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}
static inline v16 v16_load_bf16(const uint16_t *p) {
    return (v16){widen_8(p), widen_8(p + 8)};
}
static inline void transpose_8(const float *from, size_t ldf, size_t rows,
                               float *to, size_t ldt) {
    __m256 r[8] V16_UNINITIALIZED, t[8] V16_UNINITIALIZED;
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++)
        r[i] = i < rows ? _mm256_loadu_ps(from + i * ldf) : _mm256_setzero_ps();
#pragma GCC unroll 4
    for (size_t i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
#pragma GCC unroll 2
    for (size_t i = 0; i < 8; i += 4) {
        r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
        r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xEE);
        r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xEE);
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) {
        _mm256_storeu_ps(to + i * ldt,
                         _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
        _mm256_storeu_ps(to + (i + 4) * ldt,
                         _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
    }
}
static inline void v16_transpose(const float *from, size_t ldf, size_t rows,
                                 float *to, size_t ldt) {
    for (size_t i = 0; i < 16; i += 8)
        for (size_t j = 0; j < 16; j += 8)
            transpose_8(from + i * ldf + j, ldf, rows > i ? rows - i : 0,
                        to + j * ldt + i, ldt);
}
/* Inline assembly because gcc 12 copies and spills the accumulators of the
 * intrinsic. */
static inline void v16_accumulate(v16 *c, v16 a, v16 b) {
    __asm__("vfmadd231ps %2, %1, %0" : "+x"(c->lo) : "x"(a.lo), "x"(b.lo));
    __asm__("vfmadd231ps %2, %1, %0" : "+x"(c->hi) : "x"(a.hi), "x"(b.hi));
}

typedef struct v16i {
    __m256i lo, hi;
} v16i;
#define V16_KEYS 4
static inline v16i v16i_load(const void *p) {
    const __m256i *q = (const __m256i *)p;
    return (v16i){_mm256_loadu_si256(q), _mm256_loadu_si256(q + 1)};
}
static inline void v16i_store(void *p, v16i a) {
    __m256i *q = (__m256i *)p;
    _mm256_storeu_si256(q, a.lo);
    _mm256_storeu_si256(q + 1, a.hi);
}
static inline v16i v16i_set1(int32_t a) {
    return (v16i){_mm256_set1_epi32(a), _mm256_set1_epi32(a)};
}
#define V16I_BINARY(op, intrinsic)                                   \
    static inline v16i v16i_##op(v16i a, v16i b) {                   \
        return (v16i){intrinsic(a.lo, b.lo), intrinsic(a.hi, b.hi)}; \
    }
V16I_BINARY(add, _mm256_add_epi32)
V16I_BINARY(sub, _mm256_sub_epi32)
V16I_BINARY(max, _mm256_max_epi32)
V16I_BINARY(xor, _mm256_xor_si256)
static inline v16i v16i_shl8(v16i a) {
    return (v16i){_mm256_slli_epi32(a.lo, 8), _mm256_slli_epi32(a.hi, 8)};
}
static inline v16i v16i_shl16(v16i a) {
    return (v16i){_mm256_slli_epi32(a.lo, 16), _mm256_slli_epi32(a.hi, 16)};
}
static inline v16i v16i_of(v16 a) {
    return (v16i){_mm256_cvtps_epi32(a.lo), _mm256_cvtps_epi32(a.hi)};
}
static inline v16 v16_of(v16i a) {
    return (v16){_mm256_cvtepi32_ps(a.lo), _mm256_cvtepi32_ps(a.hi)};
}
/* In words, as encoder_avx2.c does it. */
static inline __m256i dot4_half(__m256i c, __m256i u, __m256i s) {
    __m256i u_even = _mm256_and_si256(u, _mm256_set1_epi16(0xFF));
    __m256i s_even = _mm256_srai_epi16(_mm256_slli_epi16(s, 8), 8);
    __m256i u_odd = _mm256_srli_epi16(u, 8), s_odd = _mm256_srai_epi16(s, 8);
    c = _mm256_add_epi32(c, _mm256_madd_epi16(u_even, s_even));
    return _mm256_add_epi32(c, _mm256_madd_epi16(u_odd, s_odd));
}
static inline void v16i_dot4(v16i *c, v16i u, v16i s) {
    c->lo = dot4_half(c->lo, u.lo, s.lo);
    c->hi = dot4_half(c->hi, u.hi, s.hi);
}

#endif
