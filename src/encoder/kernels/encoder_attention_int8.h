/*
 * attention_int8 over the vectors of encoder_v16.h, for every ISA. Included by
 * the files whose dot4 differs (encoder_lanes.h, and those that only add
 * dot-product instructions).
 *
 * Two products of bytes and a softmax between them, 16 queries at a time. In
 * the first product and in the softmax a lane is a query, so that maximum and
 * sum are taken without folding lanes; in the second a lane is a dimension:
 *
 *     keys     (n, 32) u8      a row's quads are broadcast
 *     queries  (8, 16, 4) s8   eight vectors: four dimensions of 16 queries
 *     scores   (n, 16) int32   then, in place,
 *     weights  (n / 4, 16, 4) u8   a query's quads are broadcast
 *     values   (n / 4, 32, 4) s8   two vectors: four tokens of 16 dimensions
 *
 * A key is stored as its byte + 128, which adds the same to all scores of a
 * query; only their distance to the largest is used.
 *
 * Cost at 256 tokens: 8.4 M products of bytes, 65,536 short exponentials.
 */
#ifndef NXC_ENCODER_ATTENTION_INT8_H
#define NXC_ENCODER_ATTENTION_INT8_H

#include <string.h>

#include "encoder/kernels/encoder_gelu.h"

#define QUADS (NXC_HEAD_DIM / 4) /* of a row of a head */

typedef struct head_int8 {
    const nxc__attention *a;
    uint8_t *keys;
    int8_t *values;
    float *transposed; /* (32, 16): a block's queries */
    int32_t *scores;   /* (n rounded up to 16, 16), then weights */
    float key_scales[NXC_HEAD_DIM], value_scales[NXC_HEAD_DIM];
} head_int8;

/* 127 / top by lanes, or 0 where top is too small. */
ALWAYS_INLINE v16 inverse_of(v16 top) {
    return v16_div(v16_set1(127.0f),
                   v16_max(top, v16_set1(NXC_INT8_MIN_RANGE)));
}

ALWAYS_INLINE v16i quads_of(v16i a, v16i b, v16i c, v16i d) {
    return v16i_add(v16i_add(a, v16i_shl8(b)),
                    v16i_shl16(v16i_add(c, v16i_shl8(d))));
}

/* Keys and values to bytes, with a scale for each column. */
static void head_load(head_int8 *h) {
    const nxc__attention *a = h->a;
    size_t n = a->n_tokens, ld = a->qkv_stride;
    for (size_t d = 0; d < NXC_HEAD_DIM; d += NXC_LANES) {
        const float *k = a->qkv + NXC_HEAD_DIM + d, *v = k + NXC_HEAD_DIM;
        v16 k_top = v16_set1(0.0f), v_top = k_top;
        for (size_t t = 0; t < n; t++) {
            k_top = v16_max(k_top, v16_abs(v16_load(k + t * ld)));
            v_top = v16_max(v_top, v16_abs(v16_load(v + t * ld)));
        }
        v16_store(h->key_scales + d, k_top);
        v16_store(h->value_scales + d, v16_mul(v_top, v16_set1(1 / 127.0f)));
        v16 k_inverse = inverse_of(k_top), v_inverse = inverse_of(v_top);
        for (size_t t = 0; t < n; t++)
            v16_store_u8(h->keys + t * NXC_HEAD_DIM + d,
                         v16_mul(v16_load(k + t * ld), k_inverse), 128);
        const v16i flip = v16i_set1((int32_t)0x80808080);
        for (size_t t = 0; t < n; t += 4) {
            v16i q[4] V16_UNINITIALIZED;
#pragma GCC unroll 4
            for (size_t i = 0; i < 4; i++)
                q[i] = t + i < n ? v16i_of(v16_mul(v16_load(v + (t + i) * ld),
                                                   v_inverse))
                                 : v16i_set1(0);
            v16i quads = quads_of(q[0], q[1], q[2], q[3]);
            v16i_store(h->values + t * NXC_HEAD_DIM + 4 * d,
                       v16i_xor(v16i_add(quads, flip), flip));
        }
    }
}

/* The quads of up to 16 queries from first on; returns what a step of a score
 * means as a power of two, by lanes. */
ALWAYS_INLINE v16 block_queries(const head_int8 *h, size_t first,
                                v16i quads[QUADS]) {
    const nxc__attention *a = h->a;
    const float *q = a->qkv + first * a->qkv_stride;
    float *t = h->transposed;
    const v16i flip = v16i_set1((int32_t)0x80808080);
    for (size_t d = 0; d < NXC_HEAD_DIM; d += NXC_LANES)
        v16_transpose(q + d, a->qkv_stride, a->n_tokens - first,
                      t + d * NXC_LANES, NXC_LANES);
    v16 top = v16_set1(0.0f);
    for (size_t d = 0; d < NXC_HEAD_DIM; d++) {
        v16 x =
            v16_mul(v16_load(t + d * NXC_LANES), v16_set1(h->key_scales[d]));
        top = v16_max(top, v16_abs(x));
        v16_store(t + d * NXC_LANES, x);
    }
    v16 inverse = inverse_of(top);
#pragma GCC unroll 8
    for (size_t s = 0; s < QUADS; s++) {
        v16i x[4] V16_UNINITIALIZED;
#pragma GCC unroll 4
        for (size_t i = 0; i < 4; i++)
            x[i] = v16i_of(
                v16_mul(v16_load(t + (4 * s + i) * NXC_LANES), inverse));
        v16i quad = quads_of(x[0], x[1], x[2], x[3]);
        quads[s] = v16i_xor(v16i_add(quad, flip), flip);
    }
    return v16_mul(top, v16_set1(a->scale * NXC_ATTENTION_STEP));
}

/* Scores of the block against all keys; returns the largest. */
ALWAYS_INLINE v16i block_scores(const head_int8 *h, const v16i quads[QUADS]) {
    size_t n = h->a->n_tokens;
    v16i top = v16i_set1(INT32_MIN);
    for (size_t t = 0; t < n; t += V16_KEYS) {
        const uint8_t *keys = h->keys + t * NXC_HEAD_DIM;
        v16i acc[V16_KEYS] V16_UNINITIALIZED;
#pragma GCC unroll 8
        for (size_t j = 0; j < V16_KEYS; j++)
            acc[j] = v16i_set1(0);
#pragma GCC unroll 8
        for (size_t s = 0; s < QUADS; s++)
#pragma GCC unroll 8
            for (size_t j = 0; j < V16_KEYS; j++)
                v16i_dot4(&acc[j], v16i_quad(keys + j * NXC_HEAD_DIM + 4 * s),
                          quads[s]);
#pragma GCC unroll 8
        for (size_t j = 0; j < V16_KEYS; j++) {
            v16i_store(h->scores + (t + j) * NXC_LANES, acc[j]);
            if (t + j < n) top = v16i_max(top, acc[j]);
        }
    }
    return top;
}

/* 255 * 2^(x step) for a score x <= 0, rounded. */
ALWAYS_INLINE v16i weight_of(v16i x, v16 step) {
    static const float coeffs[] = NXC_EXP2_COEFFS;
    v16 y = v16_max(v16_mul(v16_of(x), step), v16_set1(NXC_EXP2_MIN));
    v16 n = v16_round(y);
    v16 p = lanes_polynomial(v16_sub(y, n), coeffs, NXC_EXP2_N_COEFFS);
    return v16i_of(v16_scale(p, n));
}

/* Scores to weights, in place; returns their sums by lanes. */
ALWAYS_INLINE v16i block_weights(const head_int8 *h, v16i top, v16 step) {
    size_t n = h->a->n_tokens;
    v16i sum = v16i_set1(0);
    const v16i ones = v16i_set1(0x01010101);
    for (size_t t = 0; t < n; t += 4) {
        int32_t *s = h->scores + t * NXC_LANES;
        v16i w[4] V16_UNINITIALIZED;
#pragma GCC unroll 4
        for (size_t i = 0; i < 4; i++) {
            w[i] = v16i_set1(0);
            if (t + i < n)
                w[i] = weight_of(v16i_sub(v16i_load(s + i * NXC_LANES), top),
                                 step);
        }
        v16i quads = quads_of(w[0], w[1], w[2], w[3]);
        v16i_dot4(&sum, quads, ones);
        v16i_store(h->scores + t / 4 * NXC_LANES, quads);
    }
    return sum;
}

/* The weighted values of queries first to first + rows of the block. */
ALWAYS_INLINE void block_values(const head_int8 *h, const float *inverse,
                                size_t first, size_t rows, float *out) {
    size_t n = h->a->n_tokens;
    for (size_t d = 0; d < NXC_HEAD_DIM; d += NXC_LANES * V16_COLUMNS) {
        v16i acc[V16_ROWS][V16_COLUMNS] V16_UNINITIALIZED;
#pragma GCC unroll 8
        for (size_t i = 0; i < V16_ROWS; i++)
#pragma GCC unroll 2
            for (size_t j = 0; j < V16_COLUMNS; j++)
                acc[i][j] = v16i_set1(0);
        for (size_t t = 0; t < n; t += 4) {
            const int8_t *v = h->values + t * NXC_HEAD_DIM + 4 * d;
            const int32_t *w = h->scores + t / 4 * NXC_LANES + first;
            v16i b[V16_COLUMNS] V16_UNINITIALIZED;
#pragma GCC unroll 2
            for (size_t j = 0; j < V16_COLUMNS; j++)
                b[j] = v16i_load(v + 4 * NXC_LANES * j);
#pragma GCC unroll 8
            for (size_t i = 0; i < V16_ROWS; i++) {
                v16i quad = v16i_quad(w + i);
#pragma GCC unroll 2
                for (size_t j = 0; j < V16_COLUMNS; j++)
                    v16i_dot4(&acc[i][j], quad, b[j]);
            }
        }
#pragma GCC unroll 8
        for (size_t i = 0; i < V16_ROWS; i++) {
            if (i >= rows) break;
#pragma GCC unroll 2
            for (size_t j = 0; j < V16_COLUMNS; j++) {
                size_t column = d + j * NXC_LANES;
                v16 y = v16_mul(v16_of(acc[i][j]), v16_set1(inverse[i]));
                y = v16_mul(y, v16_load(h->value_scales + column));
                v16_store(out + i * h->a->out_stride + column, y);
            }
        }
    }
}

static void lanes_attention_int8(const nxc__attention *a) {
    size_t n = a->n_tokens, padded = (n + 15) / 16 * 16;
    head_int8 h V16_UNINITIALIZED;
    h.a = a;
    h.transposed = a->scratch;
    h.scores = (int32_t *)(void *)(h.transposed + NXC_HEAD_DIM * NXC_LANES);
    h.keys = (uint8_t *)(h.scores + NXC_LANES * padded);
    h.values = (int8_t *)h.keys + NXC_HEAD_DIM * padded;
    if (!n) return;
    head_load(&h);
    for (size_t first = 0; first < n; first += NXC_LANES) {
        v16i quads[QUADS] V16_UNINITIALIZED;
        v16 step = block_queries(&h, first, quads);
        v16i top = block_scores(&h, quads);
        float inverse[NXC_LANES];
        v16_store(inverse, v16_div(v16_set1(1.0f),
                                   v16_of(block_weights(&h, top, step))));
        size_t left = n - first < NXC_LANES ? n - first : NXC_LANES;
        for (size_t i = 0; i < left; i += V16_ROWS)
            block_values(&h, inverse + i, i, left - i,
                         a->out + (first + i) * a->out_stride);
    }
}

#endif
