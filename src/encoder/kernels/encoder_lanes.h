/*
 * Every slot but the matrix products, written once over vectors of 16 float32
 * lanes.
 *
 * Included by exactly one file per ISA, which is compiled for it. The vectors
 * are those of encoder_v16.h. The reference's orders of summation hold by
 * construction, and what remains per ISA is that vocabulary and the tiles of
 * the products.
 */
#include <math.h>
#include <string.h>

#include "encoder/kernels/encoder_attention_int8.h"
#include "encoder/kernels/encoder_gelu.h"
#include "encoder/kernels/encoder_int8.h"
#include "encoder/kernels/encoder_kernel.h"

#define NORM_ROWS (V16_ROWS / 2)

ALWAYS_INLINE v16 lanes_exp(v16 x) {
    static const float coeffs[] = NXC_EXP_COEFFS;
    x = v16_max(x, v16_set1(NXC_EXP_MIN));
    v16 n = v16_round(v16_mul(x, v16_set1(NXC_EXP_LOG2E)));
    v16 r = v16_fma(n, v16_set1(-NXC_EXP_LN2_HI), x);
    r = v16_fma(n, v16_set1(-NXC_EXP_LN2_LO), r);
    v16 p = lanes_polynomial(r, coeffs, NXC_EXP_N_COEFFS);
    p = v16_fma(p, v16_mul(r, r), v16_add(r, v16_set1(1.0f)));
    return v16_scale(p, n);
}

static void lanes_gelu_slot(float *x, size_t n) {
    size_t i = 0;
    for (; i + NXC_LANES <= n; i += NXC_LANES)
        v16_store(x + i, lanes_gelu(v16_load(x + i)));
    if (i < n) {
        float tail[NXC_LANES] = {0};
        memcpy(tail, x + i, (n - i) * sizeof *x);
        v16_store(tail, lanes_gelu(v16_load(tail)));
        memcpy(x + i, tail, (n - i) * sizeof *x);
    }
}

/* c[i][0..n) = sum over k of a[i][k] b[k][0..n); n a multiple of 16. */
typedef struct lanes_product {
    const float *a, *b;
    size_t lda, ldb, k;
    float *c;
    size_t ldc;
} lanes_product;

/* A tile of rows x columns vectors. */
ALWAYS_INLINE void product_tile(const lanes_product *p, size_t rows,
                                size_t columns) {
    v16 acc[V16_ROWS][V16_COLUMNS] V16_UNINITIALIZED;
#pragma GCC unroll 8
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 3
        for (size_t j = 0; j < columns; j++)
            acc[i][j] = v16_set1(0.0f);
    for (size_t k = 0; k < p->k; k++) {
        v16 b[V16_COLUMNS] V16_UNINITIALIZED;
#pragma GCC unroll 3
        for (size_t j = 0; j < columns; j++)
            b[j] = v16_load(p->b + k * p->ldb + NXC_LANES * j);
#pragma GCC unroll 8
        for (size_t i = 0; i < rows; i++) {
            v16 a = v16_set1(p->a[i * p->lda + k]);
#pragma GCC unroll 3
            for (size_t j = 0; j < columns; j++)
                v16_accumulate(&acc[i][j], a, b[j]);
        }
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 3
        for (size_t j = 0; j < columns; j++)
            v16_store(p->c + i * p->ldc + NXC_LANES * j, acc[i][j]);
}

ALWAYS_INLINE void product_rows(const lanes_product *p, size_t rows, size_t n) {
    lanes_product tile = *p;
    for (; n >= NXC_LANES * V16_COLUMNS; n -= NXC_LANES * V16_COLUMNS) {
        product_tile(&tile, rows, V16_COLUMNS);
        tile.b += NXC_LANES * V16_COLUMNS;
        tile.c += NXC_LANES * V16_COLUMNS;
    }
    for (; n; n -= NXC_LANES) {
        product_tile(&tile, rows, 1);
        tile.b += NXC_LANES;
        tile.c += NXC_LANES;
    }
}

static void product(const lanes_product *product, size_t rows, size_t n) {
    lanes_product p = *product;
    while (rows) {
        size_t step = rows >= V16_ROWS       ? V16_ROWS
                      : rows >= V16_ROWS / 2 ? V16_ROWS / 2
                                             : 1;
        if (step == V16_ROWS)
            product_rows(&p, V16_ROWS, n);
        else if (step == V16_ROWS / 2)
            product_rows(&p, V16_ROWS / 2, n);
        else
            product_rows(&p, 1, n);
        p.a += step * p.lda;
        p.c += step * p.ldc;
        rows -= step;
    }
}

/* Scores of a row -> weights, which are zero from n to the padded width;
 * returns their sum. */
static float softmax_row(float *s, size_t n, size_t padded, float scale) {
    for (size_t t = n; t < padded; t++)
        s[t] = s[0]; /* changes no maximum */
    v16 m = v16_load(s);
    for (size_t t = NXC_LANES; t < padded; t += NXC_LANES)
        m = v16_max(m, v16_load(s + t));
    v16 vmax = v16_set1(v16_top(m)), vscale = v16_set1(scale);
    for (size_t t = 0; t < padded; t += NXC_LANES) {
        v16 x = v16_mul(v16_sub(v16_load(s + t), vmax), vscale);
        v16_store(s + t, lanes_exp(x));
    }
    for (size_t t = n; t < padded; t++)
        s[t] = 0.0f;
    v16 sum = v16_set1(0.0f);
    for (size_t t = 0; t < padded; t += NXC_LANES)
        sum = v16_add(sum, v16_load(s + t));
    return v16_sum(sum);
}

/* Eight query rows at a time: scores against all keys, softmax, values.
 * scratch: keys transposed (32, padded), then scores (8, padded). */
static void lanes_attention(const nxc__attention *a) {
    size_t n = a->n_tokens, padded = (n + 15) / 16 * 16, ld = a->qkv_stride;
    float *keys = a->scratch, *scores = keys + NXC_HEAD_DIM * padded;
    for (size_t t = 0; t < n; t += NXC_LANES)
        for (size_t d = 0; d < NXC_HEAD_DIM; d += NXC_LANES)
            v16_transpose(a->qkv + NXC_HEAD_DIM + t * ld + d, ld, n - t,
                          keys + d * padded + t, padded);
    for (size_t first = 0; first < n; first += 8) {
        size_t rows = n - first < 8 ? n - first : 8;
        float sums[8];
        lanes_product qk = {a->qkv + first * ld, keys,   ld,    padded,
                            NXC_HEAD_DIM,        scores, padded};
        product(&qk, rows, padded);
        for (size_t i = 0; i < rows; i++)
            sums[i] = softmax_row(scores + i * padded, n, padded, a->scale);
        float *out = a->out + first * a->out_stride;
        lanes_product pv = {
            scores,       a->qkv + 2 * NXC_HEAD_DIM, padded, ld, n, out,
            a->out_stride};
        product(&pv, rows, NXC_HEAD_DIM);
        for (size_t i = 0; i < rows; i++, out += a->out_stride)
            for (size_t d = 0; d < NXC_HEAD_DIM; d += NXC_LANES)
                v16_store(out + d,
                          v16_div(v16_load(out + d), v16_set1(sums[i])));
    }
}

/* A few rows at a time, so that their sums do not wait for each other. */
ALWAYS_INLINE void norm_rows(const nxc__norm *norm, float *x,
                             const float *residual, size_t rows) {
    size_t dim = norm->dim;
    v16 sum[NORM_ROWS] V16_UNINITIALIZED, mean[NORM_ROWS] V16_UNINITIALIZED;
#pragma GCC unroll 4
    for (size_t r = 0; r < rows; r++)
        sum[r] = v16_set1(0.0f);
    for (size_t i = 0; i < dim; i += NXC_LANES) {
#pragma GCC unroll 4
        for (size_t r = 0; r < rows; r++) {
            v16 t = v16_load(x + r * dim + i);
            if (residual) {
                t = v16_add(t, v16_load(residual + r * dim + i));
                v16_store(x + r * dim + i, t);
            }
            sum[r] = v16_add(sum[r], t);
        }
    }
#pragma GCC unroll 4
    for (size_t r = 0; r < rows; r++) {
        mean[r] = v16_set1(v16_sum(sum[r]) / (float)dim);
        sum[r] = v16_set1(0.0f); /* of squares from here */
    }
    for (size_t i = 0; i < dim; i += NXC_LANES) {
#pragma GCC unroll 4
        for (size_t r = 0; r < rows; r++) {
            v16 d = v16_sub(v16_load(x + r * dim + i), mean[r]);
            sum[r] = v16_fma(d, d, sum[r]);
        }
    }
#pragma GCC unroll 4
    for (size_t r = 0; r < rows; r++) {
        float variance = v16_sum(sum[r]) / (float)dim;
        sum[r] = v16_set1(1.0f / sqrtf(variance + norm->eps));
    }
    for (size_t i = 0; i < dim; i += NXC_LANES) {
        v16 gamma = v16_load(norm->gamma + i), beta = v16_load(norm->beta + i);
#pragma GCC unroll 4
        for (size_t r = 0; r < rows; r++) {
            v16 d = v16_sub(v16_load(x + r * dim + i), mean[r]);
            v16_store(x + r * dim + i,
                      v16_fma(v16_mul(d, sum[r]), gamma, beta));
        }
    }
}

static void lanes_layer_norm(const nxc__norm *norm, float *x,
                             const float *residual, size_t m) {
    size_t row = 0, dim = norm->dim;
    for (; row + NORM_ROWS <= m; row += NORM_ROWS)
        norm_rows(norm, x + row * dim, residual ? residual + row * dim : NULL,
                  NORM_ROWS);
    for (; row < m; row++)
        norm_rows(norm, x + row * dim, residual ? residual + row * dim : NULL,
                  1);
}

static float lanes_dot(const float *a, const float *b, size_t n) {
    v16 acc[4];
#pragma GCC unroll 4
    for (size_t j = 0; j < 4; j++)
        acc[j] = v16_set1(0.0f);
    size_t i = 0;
    for (; i + 64 <= n; i += 64)
#pragma GCC unroll 4
        for (size_t j = 0; j < 4; j++)
            acc[j] = v16_fma(v16_load(a + i + 16 * j), v16_load(b + i + 16 * j),
                             acc[j]);
    if (i < n) {
        float ta[64] = {0}, tb[64] = {0};
        memcpy(ta, a + i, (n - i) * sizeof *a);
        memcpy(tb, b + i, (n - i) * sizeof *b);
#pragma GCC unroll 4
        for (size_t j = 0; j < 4; j++)
            acc[j] =
                v16_fma(v16_load(ta + 16 * j), v16_load(tb + 16 * j), acc[j]);
    }
    return v16_sum(v16_add(v16_add(acc[0], acc[2]), v16_add(acc[1], acc[3])));
}

static void lanes_pool(const float *x, size_t n_rows, size_t dim, float *out) {
    v16 square = v16_set1(0.0f), count = v16_set1((float)n_rows);
    for (size_t i = 0; i < dim; i += NXC_LANES) {
        v16 sum = v16_set1(0.0f);
        for (size_t row = 0; row < n_rows; row++)
            sum = v16_add(sum, v16_load(x + row * dim + i));
        if (n_rows) sum = v16_div(sum, count);
        v16_store(out + i, sum);
        square = v16_fma(sum, sum, square);
    }
    float norm = sqrtf(v16_sum(square));
    v16 divisor = v16_set1(norm > 1e-12f ? norm : 1e-12f);
    for (size_t i = 0; i < dim; i += NXC_LANES)
        v16_store(out + i, v16_div(v16_load(out + i), divisor));
}

/* ------------------------------------------------------------------ int8 */

ALWAYS_INLINE void lanes_tail(float to[NXC_LANES], const float *from,
                              size_t n) {
    memset(to, 0, NXC_LANES * sizeof *to);
    memcpy(to, from, n * sizeof *to);
}

ALWAYS_INLINE v16 lanes_tail_product(const float *x, const float *factors,
                                     size_t n) {
    float tx[NXC_LANES], tf[NXC_LANES];
    lanes_tail(tx, x, n);
    lanes_tail(tf, factors, n);
    return v16_mul(v16_load(tx), v16_load(tf));
}

static nxc__int8_range lanes_row_range(const float *x, const float *factors,
                                       size_t k) {
    v16 low = v16_set1(0.0f), high = low;
    size_t i = 0;
    for (; i + NXC_LANES <= k; i += NXC_LANES) {
        v16 t = v16_mul(v16_load(x + i), v16_load(factors + i));
        low = v16_min(low, t);
        high = v16_max(high, t);
    }
    if (i < k) {
        v16 t = lanes_tail_product(x + i, factors + i, k - i);
        low = v16_min(low, t);
        high = v16_max(high, t);
    }
    return nxc__int8_range_of(-v16_top(v16_sub(v16_set1(0.0f), low)),
                              v16_top(high));
}

static void lanes_row_bytes(const float *x, const float *factors, size_t k,
                            nxc__int8_range r, uint8_t *q) {
    v16 inverse = v16_set1(r.inverse);
    size_t i = 0;
    for (; i + 4 * NXC_LANES <= k; i += 4 * NXC_LANES) {
        v16 t[4] V16_UNINITIALIZED;
#pragma GCC unroll 4
        for (size_t j = 0; j < 4; j++) {
            const size_t at = i + j * NXC_LANES;
            t[j] = v16_mul(v16_load(x + at), v16_load(factors + at));
            t[j] = v16_mul(t[j], inverse);
        }
        v16_store_u8x4(q + i, t, r.row.zero);
    }
    for (; i + NXC_LANES <= k; i += NXC_LANES) {
        v16 t = v16_mul(v16_load(x + i), v16_load(factors + i));
        v16_store_u8(q + i, v16_mul(t, inverse), r.row.zero);
    }
    if (i < k) {
        uint8_t tail[NXC_LANES];
        v16 t = lanes_tail_product(x + i, factors + i, k - i);
        v16_store_u8(tail, v16_mul(t, inverse), r.row.zero);
        memcpy(q + i, tail, k - i);
    }
}

/* A few rows at a time: the folding of one overlaps with the next one's load.
 */
static void lanes_quantize_rows(const float *x, const float *factors, size_t m,
                                size_t k, uint8_t *q, nxc__int8_row *rows) {
    nxc__int8_range ranges[4];
    for (size_t first = 0; first < m; first += 4) {
        size_t n = m - first < 4 ? m - first : 4;
        for (size_t i = 0; i < n; i++)
            ranges[i] = lanes_row_range(x + (first + i) * k, factors, k);
        for (size_t i = 0; i < n; i++) {
            rows[first + i] = ranges[i].row;
            lanes_row_bytes(x + (first + i) * k, factors, k, ranges[i],
                            q + (first + i) * k);
        }
    }
}

static void lanes_dequantize(const int8_t *q, float scale, size_t n, float *x) {
    size_t i = 0;
    for (; i + NXC_LANES <= n; i += NXC_LANES)
        v16_store(x + i, v16_mul(v16_load_s8(q + i), v16_set1(scale)));
    for (; i < n; i++)
        x[i] = scale * (float)q[i];
}

static void lanes_init(nxc__encoder_kernels *k) {
    k->attention = lanes_attention;
    k->attention_int8 = lanes_attention_int8;
    k->layer_norm = lanes_layer_norm;
    k->gelu = lanes_gelu_slot;
    k->dot = lanes_dot;
    k->pool = lanes_pool;
    k->quantize_rows = lanes_quantize_rows;
    k->dequantize = lanes_dequantize;
}
