/*
 * A vector of 16 float32 lanes in the instruction set that the file is compiled
 * for, under one vocabulary:
 *     v16                 16 lanes: one zmm, two ymm or four q registers
 *     v16_load, v16_store any alignment
 *     v16_set1, v16_add, v16_sub, v16_mul, v16_div, v16_max, v16_min
 *     v16_fma(a, b, c)    a * b + c, rounded once
 *     v16_accumulate(&c, a, b)    c = fma(a, b, c), c stays in its register
 *     v16_round           to the nearest integer, ties to even
 *     v16_sum             of the lanes, folded in halves: 16, 8, 4, 2, 1
 *     v16_power(n)        2^n for integers n in [-126, 127]
 *     v16_top             the largest of the lanes
 *     v16_store_u8(q, a, zero)    to bytes: rint(a) + zero, cut to [0, 255],
 *                         for |a| < 2^23
 *     v16_store_u8x4      the same of four vectors
 *     v16_load_s8         16 signed bytes to lanes
 *     v16_load_bf16       16 bf16 to lanes
 *     v16_transpose       16 x 16 floats; only the first rows are read, the
 *                         others count as 0
 *     v16_abs
 *     v16_scale(a, n)     a * 2^n for integers n in [-126, 127]
 *     v16i                16 int32 lanes: v16i_load, v16i_store, v16i_set1,
 *                         v16i_add, v16i_sub, v16i_max, v16i_xor, v16i_shl8,
 *                         v16i_shl16
 *     v16i_of, v16_of     to integers, ties to even, and back
 *     v16i_dot4(&c, u, s) c += the four products of a lane's unsigned bytes in
 *                         u and signed ones in s, exactly
 *     V16_KEYS            16 lanes of int32 that fit the registers beside eight
 *     V16_ROWS, V16_COLUMNS    of a tile of a small product that fits the
 *                         registers
 */
#ifndef NXC_ENCODER_V16_H
#define NXC_ENCODER_V16_H

#include <string.h>

/* NXC_V16_YMM: the AVX2 form in a file that is compiled for more. */

/* Tiles are filled in part by what follows; zeroing all of them first, as the
 * hardening flags would, made attention of 16 tokens a half slower. */
#define V16_UNINITIALIZED __attribute__((uninitialized))

#if defined(__AVX512F__) && !defined(NXC_V16_YMM)
#include "encoder/kernels/encoder_v16_avx512.h"
#elif defined(__AVX2__)
#include "encoder/kernels/encoder_v16_avx2.h"
#elif defined(__aarch64__)
#include "encoder/kernels/encoder_v16_neon.h"
#endif

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Four bytes in each lane. */
ALWAYS_INLINE v16i v16i_quad(const void *bytes) {
    int32_t quad;
    memcpy(&quad, bytes, sizeof quad);
    return v16i_set1(quad);
}

#endif
