/* The vocabulary of encoder_v16.h in AVX-512: one zmm. */
#ifndef NXC_ENCODER_V16_AVX512_H
#define NXC_ENCODER_V16_AVX512_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

typedef __m512 v16;
#define V16_ROWS 8
#define V16_COLUMNS 2

static inline v16 v16_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void v16_store(float *p, v16 a) { _mm512_storeu_ps(p, a); }
static inline v16 v16_set1(float a) { return _mm512_set1_ps(a); }
static inline v16 v16_add(v16 a, v16 b) { return _mm512_add_ps(a, b); }
static inline v16 v16_sub(v16 a, v16 b) { return _mm512_sub_ps(a, b); }
static inline v16 v16_mul(v16 a, v16 b) { return _mm512_mul_ps(a, b); }
static inline v16 v16_div(v16 a, v16 b) { return _mm512_div_ps(a, b); }
static inline v16 v16_max(v16 a, v16 b) { return _mm512_max_ps(a, b); }
static inline v16 v16_min(v16 a, v16 b) { return _mm512_min_ps(a, b); }
static inline v16 v16_fma(v16 a, v16 b, v16 c) {
    return _mm512_fmadd_ps(a, b, c);
}
static inline v16 v16_round(v16 a) {
    return _mm512_roundscale_ps(a,
                                _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
static inline v16 v16_power(v16 n) {
    __m512i e = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
    return _mm512_castsi512_ps(_mm512_slli_epi32(e, 23));
}
static inline v16 v16_abs(v16 a) { return _mm512_abs_ps(a); }
static inline v16 v16_scale(v16 a, v16 n) { return _mm512_scalef_ps(a, n); }
/* Lanes folded in halves. */
static inline float sum_8(__m256 a) {
    __m128 x =
        _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    x = _mm_add_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
static inline float v16_sum(v16 a) {
    return sum_8(
        _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1)));
}
static inline float v16_top(v16 a) { return _mm512_reduce_max_ps(a); }
static inline void v16_store_u8(uint8_t *q, v16 a, int32_t zero) {
    __m512i v =
        _mm512_add_epi32(_mm512_cvtps_epi32(a), _mm512_set1_epi32(zero));
    v = _mm512_max_epi32(v, _mm512_setzero_si512());
    _mm_storeu_si128((__m128i *)(void *)q, _mm512_cvtusepi32_epi8(v));
}
static inline void v16_store_u8x4(uint8_t *q, const v16 a[4], int32_t zero) {
    __m512i z = _mm512_set1_epi16((short)zero);
    __m512i lo = _mm512_adds_epi16(
        _mm512_packs_epi32(_mm512_cvtps_epi32(a[0]), _mm512_cvtps_epi32(a[1])),
        z);
    __m512i hi = _mm512_adds_epi16(
        _mm512_packs_epi32(_mm512_cvtps_epi32(a[2]), _mm512_cvtps_epi32(a[3])),
        z);
    /* Packing goes by quarters: quarter i holds dwords i of a[0] to a[3]. */
    const __m512i order =
        _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    _mm512_storeu_si512(
        q, _mm512_permutexvar_epi32(order, _mm512_packus_epi16(lo, hi)));
}
static inline v16 v16_load_s8(const int8_t *q) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(
        _mm_loadu_si128((const __m128i *)(const void *)q)));
}
static inline v16 v16_load_bf16(const uint16_t *p) {
    __m256i halves = _mm256_loadu_si256((const __m256i *)(const void *)p);
    return _mm512_castsi512_ps(
        _mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}
static inline __m512 v16_pairs(__m512 a, __m512 b, int high) {
    __m512d x = _mm512_castps_pd(a), y = _mm512_castps_pd(b);
    return _mm512_castpd_ps(high ? _mm512_unpackhi_pd(x, y)
                                 : _mm512_unpacklo_pd(x, y));
}
/* In steps of 1, 2, 4 and 8: after the second, quarter q of r[4 g + j] holds
 * rows 4 g to 4 g + 3 of column 4 q + j. */
static inline void v16_transpose(const float *from, size_t ldf, size_t rows,
                                 float *to, size_t ldt) {
    __m512 r[16] V16_UNINITIALIZED, t[16] V16_UNINITIALIZED;
#pragma GCC unroll 16
    for (size_t i = 0; i < 16; i++)
        r[i] = i < rows ? _mm512_loadu_ps(from + i * ldf) : _mm512_setzero_ps();
#pragma GCC unroll 8
    for (size_t i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < 16; i += 4)
#pragma GCC unroll 4
        for (size_t j = 0; j < 4; j++)
            r[i + j] = v16_pairs(t[i + j / 2], t[i + 2 + j / 2], j & 1);
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) {
        t[i] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0xDD);
        t[i + 8] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0xDD);
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++) {
        _mm512_storeu_ps(to + i * ldt,
                         _mm512_shuffle_f32x4(t[i], t[i + 8], 0x88));
        _mm512_storeu_ps(to + (i + 8) * ldt,
                         _mm512_shuffle_f32x4(t[i], t[i + 8], 0xDD));
    }
}
/* Inline assembly because gcc 12 copies and spills the accumulators of the
 * intrinsic, which halves the speed. */
static inline void v16_accumulate(v16 *c, v16 a, v16 b) {
    __asm__("vfmadd231ps %2, %1, %0" : "+v"(*c) : "v"(a), "v"(b));
}

typedef __m512i v16i;
#define V16_KEYS 8
static inline v16i v16i_load(const void *p) { return _mm512_loadu_si512(p); }
static inline void v16i_store(void *p, v16i a) { _mm512_storeu_si512(p, a); }
static inline v16i v16i_set1(int32_t a) { return _mm512_set1_epi32(a); }
static inline v16i v16i_add(v16i a, v16i b) { return _mm512_add_epi32(a, b); }
static inline v16i v16i_sub(v16i a, v16i b) { return _mm512_sub_epi32(a, b); }
static inline v16i v16i_max(v16i a, v16i b) { return _mm512_max_epi32(a, b); }
static inline v16i v16i_xor(v16i a, v16i b) { return _mm512_xor_si512(a, b); }
static inline v16i v16i_shl8(v16i a) { return _mm512_slli_epi32(a, 8); }
static inline v16i v16i_shl16(v16i a) { return _mm512_slli_epi32(a, 16); }
static inline v16i v16i_of(v16 a) { return _mm512_cvtps_epi32(a); }
static inline v16 v16_of(v16i a) { return _mm512_cvtepi32_ps(a); }
static inline void v16i_dot4(v16i *c, v16i u, v16i s) {
#ifdef __AVX512VNNI__
    __asm__("vpdpbusd %2, %1, %0" : "+v"(*c) : "v"(u), "v"(s));
#else /* in words, as encoder_avx2.c does it */
    __m512i u_even = _mm512_and_si512(u, _mm512_set1_epi16(0xFF));
    __m512i s_even = _mm512_srai_epi16(_mm512_slli_epi16(s, 8), 8);
    __m512i u_odd = _mm512_srli_epi16(u, 8), s_odd = _mm512_srai_epi16(s, 8);
    *c = _mm512_add_epi32(*c, _mm512_madd_epi16(u_even, s_even));
    *c = _mm512_add_epi32(*c, _mm512_madd_epi16(u_odd, s_odd));
#endif
}

#endif
