/* GELU over vectors of 16 lanes, for the epilogue of a matrix product. */
#ifndef NXC_ENCODER_GELU_H
#define NXC_ENCODER_GELU_H

#include "encoder/kernels/encoder_kernel.h"
#include "encoder/kernels/encoder_v16.h"

ALWAYS_INLINE v16 lanes_polynomial(v16 x, const float *coeffs, size_t n) {
    v16 p = v16_set1(coeffs[0]);
    for (size_t i = 1; i < n; i++)
        p = v16_fma(p, x, v16_set1(coeffs[i]));
    return p;
}

ALWAYS_INLINE v16 lanes_gelu(v16 x) {
    static const float p[] = NXC_ERF_P, q[] = NXC_ERF_Q;
    v16 z = v16_mul(x, v16_set1(NXC_SQRT_HALF));
    z = v16_max(z, v16_set1(-NXC_ERF_MAX));
    z = v16_min(z, v16_set1(NXC_ERF_MAX));
    v16 t = v16_mul(z, z), half = v16_mul(x, v16_set1(0.5f));
    v16 top = v16_mul(z, lanes_polynomial(t, p, NXC_ERF_N_P));
    v16 erf = v16_div(top, lanes_polynomial(t, q, NXC_ERF_N_Q));
    return v16_fma(half, erf, half);
}

/* The short form, of linear_int8's epilogue. */
ALWAYS_INLINE v16 lanes_gelu_short(v16 x) {
    static const float p[] = NXC_GELU_SHORT_P;
    v16 t = v16_max(x, v16_set1(-NXC_GELU_SHORT_MAX));
    t = v16_min(t, v16_set1(NXC_GELU_SHORT_MAX));
    v16 half = lanes_polynomial(v16_mul(t, t), p, NXC_GELU_SHORT_N_P);
    return v16_mul(x, v16_fma(t, half, v16_set1(0.5f)));
}

/* GELU over a block of rows that a tile has just written (it is in L1). */
ALWAYS_INLINE void lanes_gelu_block(float *y, size_t ldy, size_t rows,
                                    size_t columns) {
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j += NXC_LANES)
            v16_store(y + i * ldy + j, lanes_gelu(v16_load(y + i * ldy + j)));
}

#endif
