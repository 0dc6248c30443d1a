/* The encoder's kernels in plain loops: the definition of truth. Contracts,
 * orders and error bounds stand in encoder_kernel.h. */
#include <math.h>
#include <string.h>

#include "encoder/kernels/encoder_kernel.h"

static float fold(float *lane, size_t width) {
    for (size_t half = width / 2; half; half /= 2)
        for (size_t i = 0; i < half; i++)
            lane[i] += lane[i + half];
    return lane[0];
}

static float polynomial(float x, const float *coeffs, size_t n) {
    float p = coeffs[0];
    for (size_t i = 1; i < n; i++)
        p = fmaf(p, x, coeffs[i]);
    return p;
}

static float exp_negative(float x) {
    static const float coeffs[] = NXC_EXP_COEFFS;
    x = x > NXC_EXP_MIN ? x : NXC_EXP_MIN;
    float n = rintf(x * NXC_EXP_LOG2E);
    float r = fmaf(n, -NXC_EXP_LN2_HI, x);
    r = fmaf(n, -NXC_EXP_LN2_LO, r);
    float p = polynomial(r, coeffs, NXC_EXP_N_COEFFS);
    p = fmaf(p, r * r, r + 1.0f);
    uint32_t bits = (uint32_t)((int32_t)n + 127) << 23; /* 2^n, normal */
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

static float gelu_one(float x) {
    static const float p[] = NXC_ERF_P, q[] = NXC_ERF_Q;
    float z = x * NXC_SQRT_HALF;
    z = z > -NXC_ERF_MAX ? z : -NXC_ERF_MAX;
    z = z < NXC_ERF_MAX ? z : NXC_ERF_MAX;
    float t = z * z, half = x * 0.5f;
    float erf =
        z * polynomial(t, p, NXC_ERF_N_P) / polynomial(t, q, NXC_ERF_N_Q);
    return fmaf(half, erf, half);
}

static void gelu_ref(float *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        x[i] = gelu_one(x[i]);
}

/* Both linear slots: a product of either dtype is one of float32 values. half:
 * the weights in bf16; NULL: w->panels. */
static void product_ref(const nxc__linear *w, const uint16_t *half,
                        const float *x, size_t m, float *y,
                        nxc__epilogue epilogue) {
    for (size_t i = 0; i < m; i++, x += w->k, y += w->ldy) {
        for (size_t j = 0; j < w->n; j++) {
            size_t at = j / NXC_PANEL * NXC_PANEL * w->k + j % NXC_PANEL;
            float acc = 0;
            for (size_t k = 0; k < w->k; k++, at += NXC_PANEL) {
                /* NOLINTNEXTLINE(clang-analyzer-core.*): one is there */
                float v = half ? nxc__bf16_widen(half[at]) : w->panels[at];
                acc = fmaf(x[k], v, acc);
            }
            y[j] = acc + w->bias[j];
        }
        if (epilogue == NXC_EPILOGUE_GELU) gelu_ref(y, w->n);
    }
}

static void linear_ref(const nxc__linear *w, const float *x, size_t m, float *y,
                       nxc__epilogue epilogue) {
    product_ref(w, NULL, x, m, y, epilogue);
}

static void linear_bf16_ref(const nxc__linear_bf16 *w, const float *x, size_t m,
                            float *y, nxc__epilogue epilogue) {
    nxc__linear shape = {NULL, w->bias, w->k, w->n, w->ldy};
    product_ref(&shape, w->panels, x, m, y, epilogue);
}

static void attention_ref(const nxc__attention *a) {
    const float *k = a->qkv + NXC_HEAD_DIM, *v = a->qkv + 2 * NXC_HEAD_DIM;
    float *weight = a->scratch;
    for (size_t i = 0; i < a->n_tokens; i++) {
        const float *q = a->qkv + i * a->qkv_stride;
        float *out = a->out + i * a->out_stride;
        float lane[NXC_LANES] = {0}, max = -INFINITY;
        for (size_t t = 0; t < a->n_tokens; t++) {
            float score = 0;
            for (size_t d = 0; d < NXC_HEAD_DIM; d++)
                score = fmaf(q[d], k[t * a->qkv_stride + d], score);
            weight[t] = score;
            max = score > max ? score : max;
        }
        for (size_t t = 0; t < a->n_tokens; t++) {
            weight[t] = exp_negative((weight[t] - max) * a->scale);
            lane[t % NXC_LANES] += weight[t];
        }
        float sum = fold(lane, NXC_LANES);
        for (size_t d = 0; d < NXC_HEAD_DIM; d++) {
            float acc = 0;
            for (size_t t = 0; t < a->n_tokens; t++)
                acc = fmaf(weight[t], v[t * a->qkv_stride + d], acc);
            out[d] = acc / sum;
        }
    }
}

static void layer_norm_ref(const nxc__norm *norm, float *x,
                           const float *residual, size_t m) {
    for (size_t row = 0; row < m; row++, x += norm->dim) {
        float lane[NXC_LANES] = {0}, square[NXC_LANES] = {0};
        for (size_t i = 0; i < norm->dim; i++) {
            if (residual) x[i] += residual[row * norm->dim + i];
            lane[i % NXC_LANES] += x[i];
        }
        float mean = fold(lane, NXC_LANES) / (float)norm->dim;
        for (size_t i = 0; i < norm->dim; i++) {
            x[i] -= mean;
            square[i % NXC_LANES] = fmaf(x[i], x[i], square[i % NXC_LANES]);
        }
        float variance = fold(square, NXC_LANES) / (float)norm->dim;
        float scale = 1.0f / sqrtf(variance + norm->eps);
        for (size_t i = 0; i < norm->dim; i++)
            x[i] = fmaf(x[i] * scale, norm->gamma[i], norm->beta[i]);
    }
}

static float dot_ref(const float *a, const float *b, size_t n) {
    float lane[64] = {0};
    for (size_t i = 0; i < (n + 63) / 64 * 64; i++)
        lane[i % 64] =
            fmaf(i < n ? a[i] : 0.0f, i < n ? b[i] : 0.0f, lane[i % 64]);
    return fold(lane, 64);
}

static void pool_ref(const float *x, size_t n_rows, size_t dim, float *out) {
    float lane[NXC_LANES] = {0};
    for (size_t i = 0; i < dim; i++) {
        float sum = 0;
        for (size_t row = 0; row < n_rows; row++)
            sum += x[row * dim + i];
        out[i] = n_rows ? sum / (float)n_rows : 0.0f;
        lane[i % NXC_LANES] = fmaf(out[i], out[i], lane[i % NXC_LANES]);
    }
    float norm = sqrtf(fold(lane, NXC_LANES));
    norm = norm > 1e-12f ? norm : 1e-12f;
    for (size_t i = 0; i < dim; i++)
        out[i] /= norm;
}

void nxc__encoder_kernels_ref(nxc__encoder_kernels *k) {
    k->name = "ref";
    k->linear = linear_ref;
    k->linear_bf16 = linear_bf16_ref;
    k->attention = attention_ref;
    k->layer_norm = layer_norm_ref;
    k->gelu = gelu_ref;
    k->dot = dot_ref;
    k->pool = pool_ref;
}
