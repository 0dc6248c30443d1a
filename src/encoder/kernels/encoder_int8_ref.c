/* The int8 kernels in plain loops: the definition of truth. Contracts stand in
 * encoder_kernel.h. */
#include <math.h>

#include "encoder/kernels/encoder_int8.h"
#include "encoder/kernels/encoder_kernel.h"

static void quantize_rows_ref(const float *x, const float *factors, size_t m,
                              size_t k, uint8_t *q, nxc__int8_row *rows) {
    for (size_t i = 0; i < m; i++, x += k, q += k) {
        float low = 0, high = 0;
        for (size_t j = 0; j < k; j++) {
            float t = x[j] * factors[j];
            low = t < low ? t : low;
            high = t > high ? t : high;
        }
        nxc__int8_range r = nxc__int8_range_of(low, high);
        rows[i] = r.row;
        for (size_t j = 0; j < k; j++) {
            float v = rintf(x[j] * factors[j] * r.inverse) + (float)r.row.zero;
            v = v > 0 ? v : 0;
            q[j] = (uint8_t)(v < 255 ? v : 255);
        }
    }
}

static float gelu_short(float x) {
    static const float c[] = NXC_GELU_SHORT_P;
    float t = x > -NXC_GELU_SHORT_MAX ? x : -NXC_GELU_SHORT_MAX, p = c[0];
    t = t < NXC_GELU_SHORT_MAX ? t : NXC_GELU_SHORT_MAX;
    for (size_t i = 1; i < NXC_GELU_SHORT_N_P; i++)
        p = fmaf(p, t * t, c[i]);
    return x * fmaf(t, p, 0.5f);
}

static void linear_int8_ref(const nxc__linear_int8 *w, const uint8_t *q,
                            const nxc__int8_row *rows, size_t m, float *y,
                            nxc__epilogue epilogue) {
    for (size_t i = 0; i < m; i++, q += w->k, y += w->ldy) {
        for (size_t j = 0; j < w->n; j++) {
            const int8_t *column = w->panels +
                                   j / NXC_PANEL * NXC_PANEL * w->k +
                                   j % NXC_PANEL * 4;
            int32_t sum = -rows[i].zero * w->sums[j];
            for (size_t k = 0; k < w->k; k++)
                sum += q[k] * column[k / 4 * 4 * NXC_PANEL + k % 4];
            y[j] = fmaf((float)sum, rows[i].scale * w->scales[j], w->bias[j]);
            if (epilogue == NXC_EPILOGUE_GELU) y[j] = gelu_short(y[j]);
        }
    }
}

/* The largest |x[t * ld]|. */
static float top_of(const float *x, size_t ld, size_t n) {
    float top = 0;
    for (size_t t = 0; t < n; t++)
        top = fabsf(x[t * ld]) > top ? fabsf(x[t * ld]) : top;
    return top;
}
static float inverse_of(float top) {
    return 127.0f / (top > NXC_INT8_MIN_RANGE ? top : NXC_INT8_MIN_RANGE);
}

/* A query's scores, less the largest; returns what one means in powers of 2. */
static float scores_ref(const nxc__attention *a, const float *q, float *score) {
    const float *k = a->qkv + NXC_HEAD_DIM;
    float scaled[NXC_HEAD_DIM], inverses[NXC_HEAD_DIM], max = -INFINITY;
    for (size_t d = 0; d < NXC_HEAD_DIM; d++) {
        float top = top_of(k + d, a->qkv_stride, a->n_tokens);
        inverses[d] = inverse_of(top);
        scaled[d] = q[d] * top;
    }
    float top = top_of(scaled, 1, NXC_HEAD_DIM), inverse = inverse_of(top);
    for (size_t t = 0; t < a->n_tokens; t++) {
        score[t] = 0; /* its sums are integers below 2^24 */
        for (size_t d = 0; d < NXC_HEAD_DIM; d++)
            score[t] += rintf(scaled[d] * inverse) *
                        rintf(k[t * a->qkv_stride + d] * inverses[d]);
        max = score[t] > max ? score[t] : max;
    }
    for (size_t t = 0; t < a->n_tokens; t++)
        score[t] -= max;
    return top * (a->scale * NXC_ATTENTION_STEP);
}

static float weight_ref(float y) {
    static const float c[NXC_EXP2_N_COEFFS] = NXC_EXP2_COEFFS;
    y = y > NXC_EXP2_MIN ? y : NXC_EXP2_MIN;
    float n = rintf(y), p = c[0];
    for (size_t i = 1; i < NXC_EXP2_N_COEFFS; i++)
        p = fmaf(p, y - n, c[i]);
    return rintf(ldexpf(p, (int)n));
}

static void attention_int8_ref(const nxc__attention *a) {
    const float *v = a->qkv + 2 * NXC_HEAD_DIM;
    float *weight = a->scratch;
    for (size_t i = 0; i < a->n_tokens; i++) {
        float step = scores_ref(a, a->qkv + i * a->qkv_stride, weight);
        int32_t sum = 0;
        for (size_t t = 0; t < a->n_tokens; t++) {
            weight[t] = weight_ref(weight[t] * step);
            sum += (int32_t)weight[t];
        }
        for (size_t d = 0; d < NXC_HEAD_DIM; d++) {
            float top = top_of(v + d, a->qkv_stride, a->n_tokens);
            int32_t acc = 0;
            for (size_t t = 0; t < a->n_tokens; t++)
                acc +=
                    (int32_t)weight[t] *
                    (int32_t)rintf(v[t * a->qkv_stride + d] * inverse_of(top));
            a->out[i * a->out_stride + d] =
                (float)acc * (1.0f / (float)sum) * (top * (1 / 127.0f));
        }
    }
}

static void dequantize_ref(const int8_t *q, float scale, size_t n, float *x) {
    for (size_t i = 0; i < n; i++)
        x[i] = scale * (float)q[i];
}

void nxc__encoder_kernels_int8_ref(nxc__encoder_kernels *k) {
    k->int8 = "ref";
    k->quantize_rows = quantize_rows_ref;
    k->linear_int8 = linear_int8_ref;
    k->attention_int8 = attention_int8_ref;
    k->dequantize = dequantize_ref;
}
