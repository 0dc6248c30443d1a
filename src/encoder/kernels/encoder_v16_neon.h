/* The vocabulary of encoder_v16.h in AArch64 NEON: four q registers. */
#ifndef NXC_ENCODER_V16_NEON_H
#define NXC_ENCODER_V16_NEON_H

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>

typedef float32x4x4_t v16;
#define V16_ROWS 4
#define V16_COLUMNS 1

static inline v16 v16_load(const float *p) {
    return (v16){
        {vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12)}};
}
static inline void v16_store(float *p, v16 a) {
    for (size_t i = 0; i < 4; i++)
        vst1q_f32(p + 4 * i, a.val[i]);
}
static inline v16 v16_set1(float a) {
    float32x4_t v = vdupq_n_f32(a);
    return (v16){{v, v, v, v}};
}
#define V16_BINARY(op)                                    \
    static inline v16 v16_##op(v16 a, v16 b) {            \
        return (v16){{v##op##q_f32(a.val[0], b.val[0]),   \
                      v##op##q_f32(a.val[1], b.val[1]),   \
                      v##op##q_f32(a.val[2], b.val[2]),   \
                      v##op##q_f32(a.val[3], b.val[3])}}; \
    }
V16_BINARY(add)
V16_BINARY(sub)
V16_BINARY(mul)
V16_BINARY(div)
V16_BINARY(max)
V16_BINARY(min)
static inline v16 v16_fma(v16 a, v16 b, v16 c) {
    for (size_t i = 0; i < 4; i++)
        c.val[i] = vfmaq_f32(c.val[i], a.val[i], b.val[i]);
    return c;
}
static inline v16 v16_round(v16 a) {
    for (size_t i = 0; i < 4; i++)
        a.val[i] = vrndnq_f32(a.val[i]);
    return a;
}
static inline v16 v16_power(v16 n) {
    for (size_t i = 0; i < 4; i++) {
        int32x4_t e = vaddq_s32(vcvtnq_s32_f32(n.val[i]), vdupq_n_s32(127));
        n.val[i] = vreinterpretq_f32_s32(vshlq_n_s32(e, 23));
    }
    return n;
}
static inline v16 v16_abs(v16 a) {
    for (size_t i = 0; i < 4; i++)
        a.val[i] = vabsq_f32(a.val[i]);
    return a;
}
static inline v16 v16_scale(v16 a, v16 n) { return v16_mul(a, v16_power(n)); }
/* Lanes folded in halves. */
static inline float v16_sum(v16 a) {
    float32x4_t x =
        vaddq_f32(vaddq_f32(a.val[0], a.val[2]), vaddq_f32(a.val[1], a.val[3]));
    float32x2_t y = vadd_f32(vget_low_f32(x), vget_high_f32(x));
    return vget_lane_f32(y, 0) + vget_lane_f32(y, 1);
}
static inline float v16_top(v16 a) {
    return vmaxvq_f32(vmaxq_f32(vmaxq_f32(a.val[0], a.val[1]),
                                vmaxq_f32(a.val[2], a.val[3])));
}
static inline void v16_store_u8(uint8_t *q, v16 a, int32_t zero) {
    int32x4_t z = vdupq_n_s32(zero), v[4];
    for (size_t i = 0; i < 4; i++)
        v[i] = vaddq_s32(vcvtnq_s32_f32(a.val[i]), z);
    int16x8_t lo = vcombine_s16(vqmovn_s32(v[0]), vqmovn_s32(v[1]));
    int16x8_t hi = vcombine_s16(vqmovn_s32(v[2]), vqmovn_s32(v[3]));
    vst1q_u8(q, vcombine_u8(vqmovun_s16(lo), vqmovun_s16(hi)));
}
static inline void v16_store_u8x4(uint8_t *q, const v16 a[4], int32_t zero) {
    for (size_t i = 0; i < 4; i++)
        v16_store_u8(q + 16 * i, a[i], zero);
}
static inline v16 v16_load_s8(const int8_t *q) {
    int8x16_t bytes = vld1q_s8(q);
    int16x8_t lo = vmovl_s8(vget_low_s8(bytes));
    int16x8_t hi = vmovl_s8(vget_high_s8(bytes));
    return (v16){{vcvtq_f32_s32(vmovl_s16(vget_low_s16(lo))),
                  vcvtq_f32_s32(vmovl_s16(vget_high_s16(lo))),
                  vcvtq_f32_s32(vmovl_s16(vget_low_s16(hi))),
                  vcvtq_f32_s32(vmovl_s16(vget_high_s16(hi)))}};
}
static inline v16 v16_load_bf16(const uint16_t *p) {
    v16 x;
    for (size_t i = 0; i < 4; i++)
        x.val[i] = vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p + 4 * i), 16));
    return x;
}
static inline void v16_transpose(const float *from, size_t ldf, size_t rows,
                                 float *to, size_t ldt) {
    for (size_t i = 0; i < 16; i++)
        for (size_t j = 0; j < 16; j++)
            to[j * ldt + i] = i < rows ? from[i * ldf + j] : 0.0f;
}
static inline void v16_accumulate(v16 *c, v16 a, v16 b) {
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++)
        c->val[i] = vfmaq_f32(c->val[i], a.val[i], b.val[i]);
}

typedef int32x4x4_t v16i;
#define V16_KEYS 4
static inline v16i v16i_load(const void *p) {
    const int8_t *q = p;
    v16i a;
    for (size_t i = 0; i < 4; i++)
        a.val[i] = vreinterpretq_s32_s8(vld1q_s8(q + 16 * i));
    return a;
}
static inline void v16i_store(void *p, v16i a) {
    int8_t *q = p;
    for (size_t i = 0; i < 4; i++)
        vst1q_s8(q + 16 * i, vreinterpretq_s8_s32(a.val[i]));
}
static inline v16i v16i_set1(int32_t a) {
    int32x4_t v = vdupq_n_s32(a);
    return (v16i){{v, v, v, v}};
}
#define V16I_BINARY(op, intrinsic)                    \
    static inline v16i v16i_##op(v16i a, v16i b) {    \
        for (size_t i = 0; i < 4; i++)                \
            a.val[i] = intrinsic(a.val[i], b.val[i]); \
        return a;                                     \
    }
V16I_BINARY(add, vaddq_s32)
V16I_BINARY(sub, vsubq_s32)
V16I_BINARY(max, vmaxq_s32)
V16I_BINARY(xor, veorq_s32)
static inline v16i v16i_shl8(v16i a) {
    for (size_t i = 0; i < 4; i++)
        a.val[i] = vshlq_n_s32(a.val[i], 8);
    return a;
}
static inline v16i v16i_shl16(v16i a) {
    for (size_t i = 0; i < 4; i++)
        a.val[i] = vshlq_n_s32(a.val[i], 16);
    return a;
}
static inline v16i v16i_of(v16 a) {
    v16i b;
    for (size_t i = 0; i < 4; i++)
        b.val[i] = vcvtnq_s32_f32(a.val[i]);
    return b;
}
static inline v16 v16_of(v16i a) {
    v16 b;
    for (size_t i = 0; i < 4; i++)
        b.val[i] = vcvtq_f32_s32(a.val[i]);
    return b;
}
/* sdot takes u - 128: 128 times the sum of s is added by two more. */
static inline int32x4_t dot4_quarter(int32x4_t c, uint8x16_t u, int8x16_t s) {
#ifdef __ARM_FEATURE_DOTPROD
    int8x16_t signed_u = vreinterpretq_s8_u8(veorq_u8(u, vdupq_n_u8(0x80)));
    c = vdotq_s32(vdotq_s32(c, s, signed_u), s, vdupq_n_s8(64));
    return vdotq_s32(c, s, vdupq_n_s8(64));
#else
    int16x8_t u_lo = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(u)));
    int16x8_t u_hi = vreinterpretq_s16_u16(vmovl_high_u8(u));
    int16x8_t s_lo = vmovl_s8(vget_low_s8(s)), s_hi = vmovl_high_s8(s);
    int32x4_t lo = vpaddq_s32(vmull_s16(vget_low_s16(u_lo), vget_low_s16(s_lo)),
                              vmull_high_s16(u_lo, s_lo));
    int32x4_t hi = vpaddq_s32(vmull_s16(vget_low_s16(u_hi), vget_low_s16(s_hi)),
                              vmull_high_s16(u_hi, s_hi));
    return vaddq_s32(c, vpaddq_s32(lo, hi));
#endif
}
static inline void v16i_dot4(v16i *c, v16i u, v16i s) {
    for (size_t i = 0; i < 4; i++)
        c->val[i] = dot4_quarter(c->val[i], vreinterpretq_u8_s32(u.val[i]),
                                 vreinterpretq_s8_s32(s.val[i]));
}

#endif
