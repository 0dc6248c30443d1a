/*
 * Every slot of the encoder's kernel table, for every ISA that this machine
 * has, against (a) the reference, bit for bit, and (b) a double-precision
 * computation within the bound that the contract states.
 *
 *     test_encoder_kernels           run the checks
 *     test_encoder_kernels --bench   time the slots instead
 *
 * Outputs stand between canaries; all pointers are off a vector's alignment by
 * 1 to 3 floats. Depends on the kernels, base/cpu.c and base/error.c alone, so
 * that it can be cross-compiled and run under an emulator.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cpu.h"
#include "encoder/kernels/encoder_kernel.h"
#include "kernel/kernel_models.h"

#define U (1.0 / 16777216.0)
#define CANARY 32
#define MAX_FLOATS (512 * 1600)

static double gamma_n(double n) { return n * U / (1 - n * U); }

static uint64_t seed;
static float next_float(void) { /* about normal, in [-3, 3] */
    double sum = 0;
    for (int i = 0; i < 6; i++) {
        seed += UINT64_C(0x9E3779B97F4A7C15);
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
        sum += (double)((z ^ (z >> 31)) >> 40) / 16777216.0;
    }
    return (float)(sum - 3);
}

/* Inputs and outputs live in these; take() hands out misaligned pieces. */
static float pool_memory[4 * MAX_FLOATS];
static size_t pool_used;
static float *take(size_t n) {
    pool_used = (pool_used + 15) / 16 * 16;
    float *p = pool_memory + pool_used + 1 + n % 3;
    pool_used += n + 8;
    return p;
}
static float *take_random(size_t n, float scale) {
    float *p = take(n);
    for (size_t i = 0; i < n; i++)
        p[i] = next_float() * scale;
    return p;
}
/* An output: n floats between two canaries. */
static float *take_output(size_t n) {
    float *p = take(n + 2 * CANARY);
    for (size_t i = 0; i < n + 2 * CANARY; i++)
        p[i] = 12345.0f;
    return p + CANARY;
}
static int canary_died(const float *out, size_t n) {
    for (size_t i = 0; i < CANARY; i++)
        if (out[-1 - (ptrdiff_t)i] != 12345.0f || out[n + i] != 12345.0f)
            return 1;
    return 0;
}

static size_t n_passed, n_failed;
static char current[128];
static void check(int ok, const char *what, double got, double limit) {
    if (ok) {
        n_passed++;
        return;
    }
    if (n_failed++ < 20)
        printf("FAILED %s: %s (got %g, limit %g)\n", current, what, got, limit);
}

/* got == want bit for bit, canaries alive, |want - exact| <= bound. */
static void check_output(const float *got, const float *want, size_t n,
                         const double *exact, const double *bound) {
    check(!canary_died(got, n), "wrote outside the output", 0, 0);
    check(n == 0 || memcmp(got, want, n * sizeof *got) == 0,
          "bits differ from the reference", 0, 0);
    double worst = 0, limit = 1;
    for (size_t i = 0; i < n; i++) {
        double e = fabs((double)got[i] - exact[i]);
        if (!(e <= bound[i]) && !(e / bound[i] <= worst)) {
            worst = e / bound[i];
            limit = bound[i];
        }
    }
    check(worst == 0, "error over the bound", worst * limit, limit);
}

static double exact[MAX_FLOATS], bound[MAX_FLOATS];
static nxc__encoder_kernels ref;

static double gelu_double(double x) { return x / 2 * (1 + erf(x / sqrt(2))); }
static double gelu_bound(double x) { return 1.1e-6 + fabs(x) / 4194304; }

static void test_linear(const nxc__encoder_kernels *k, size_t m, size_t n_in,
                        size_t n_out, nxc__epilogue epilogue) {
    snprintf(current, sizeof current, "%s linear m=%zu k=%zu n=%zu gelu=%d",
             k->name, m, n_in, n_out, (int)epilogue);
    pool_used = 0;
    const float *panels = take_random(n_in * n_out, 0.2f);
    const float *bias = take_random(n_out, 1), *x = take_random(m * n_in, 1);
    float *got = take_output(m * n_out), *want = take_output(m * n_out);
    nxc__linear w = {panels, bias, n_in, n_out, n_out};
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n_out; j++) {
            double sum = 0, size = fabs((double)bias[j]);
            for (size_t d = 0; d < n_in; d++) {
                double p = (double)x[i * n_in + d] *
                           (double)panels[(j / 48 * n_in + d) * 48 + j % 48];
                sum += p;
                size += fabs(p);
            }
            sum += (double)bias[j];
            double b = gamma_n((double)n_in + 1) * size;
            if (epilogue == NXC_EPILOGUE_GELU) {
                b = 1.13 * b + gelu_bound(sum);
                sum = gelu_double(sum);
            }
            exact[i * n_out + j] = sum;
            bound[i * n_out + j] = b;
        }
    }
    k->linear(&w, x, m, got, epilogue);
    ref.linear(&w, x, m, want, epilogue);
    check_output(got, want, m * n_out, exact, bound);
}

/* bf16 weights: the reference of the same values in float32 is the truth. */
static void test_linear_bf16(const nxc__encoder_kernels *k, size_t m,
                             size_t n_in, size_t n_out,
                             nxc__epilogue epilogue) {
    snprintf(current, sizeof current,
             "%s linear_bf16 m=%zu k=%zu n=%zu gelu=%d", k->name, m, n_in,
             n_out, (int)epilogue);
    pool_used = 0;
    float *panels = take_random(n_in * n_out, 0.2f);
    uint16_t *half = (uint16_t *)(void *)take(n_in * n_out / 2 + 1);
    const float *bias = take_random(n_out, 1), *x = take_random(m * n_in, 1);
    float *got = take_output(m * n_out), *want = take_output(m * n_out);
    half += 1; /* off a float's alignment */
    for (size_t i = 0; i < n_in * n_out; i++) {
        uint32_t bits;
        memcpy(&bits, &panels[i], sizeof bits);
        half[i] = (uint16_t)(bits >> 16);
        panels[i] = nxc__bf16_widen(half[i]);
    }
    nxc__linear f32 = {panels, bias, n_in, n_out, n_out};
    nxc__linear_bf16 bf16 = {half, bias, n_in, n_out, n_out};
    k->linear_bf16(&bf16, x, m, got, epilogue);
    ref.linear(&f32, x, m, want, epilogue);
    check(!canary_died(got, m * n_out), "wrote outside the output", 0, 0);
    check(m * n_out == 0 || memcmp(got, want, m * n_out * sizeof *got) == 0,
          "bits differ from those of the float32 reference", 0, 0);
}

/* The largest |x| of a column of a head. */
static double column_top(const nxc__attention *a, size_t column) {
    double top = 0;
    for (size_t t = 0; t < a->n_tokens; t++)
        top = fmax(top, fabs((double)a->qkv[t * a->qkv_stride + column]));
    return top;
}

/* The bound of attention_int8, from the sum of a row's weights. */
static double attention_int8_bound(const nxc__attention *a, size_t i, size_t d,
                                   double sum, double vmax) {
    double all = 0, largest = 0;
    for (size_t j = 0; j < 32; j++) {
        double x =
            fabs((double)a->qkv[i * a->qkv_stride + j]) * column_top(a, 32 + j);
        all += x;
        largest = fmax(largest, x);
    }
    double s = (double)a->scale * (all + 32 * largest) / 254 + 2e-4;
    return 1.01 *
           (vmax * (exp(2 * s) - 1 + 2 * (double)a->n_tokens / (255 * sum)) +
            column_top(a, 64 + d) / 254);
}

static void attention_double(const nxc__attention *a, size_t i, int int8) {
    static double weight[512];
    size_t n = a->n_tokens, ld = a->qkv_stride;
    double max = -1e300, sum = 0, size = 0, vmax = 0;
    for (size_t t = 0; t < n; t++) {
        double score = 0, absolute = 0;
        for (size_t d = 0; d < 32; d++) {
            double p =
                (double)a->qkv[i * ld + d] * (double)a->qkv[t * ld + 32 + d];
            score += p;
            absolute += fabs(p);
            vmax = fmax(vmax, fabs((double)a->qkv[t * ld + 64 + d]));
        }
        weight[t] = score * (double)a->scale;
        max = fmax(max, weight[t]);
        size = fmax(size, absolute * (double)a->scale);
    }
    for (size_t t = 0; t < n; t++)
        sum += weight[t] = exp(weight[t] - max);
    for (size_t d = 0; d < 32; d++) {
        double acc = 0;
        for (size_t t = 0; t < n; t++)
            acc += weight[t] * (double)a->qkv[t * ld + 64 + d];
        exact[i * a->out_stride + d] = acc / sum;
        bound[i * a->out_stride + d] =
            int8 ? attention_int8_bound(a, i, d, sum, vmax)
                 : (gamma_n(2 * (double)n + 32) + 80 * U * size) * vmax;
    }
}

static void test_attention(const nxc__encoder_kernels *k, size_t n, float size,
                           int int8) {
    snprintf(current, sizeof current, "%s attention n=%zu size=%g int8=%d",
             k->name, n, (double)size, int8);
    pool_used = 0;
    size_t n_scratch = NXC_ATTENTION_SCRATCH(n), stride = 32 + 5;
    nxc__attention a = {0};
    a.qkv_stride = 96 + 7;
    a.qkv = take_random(n * a.qkv_stride, size);
    a.out_stride = stride;
    a.n_tokens = n;
    a.scale = 0.17677669f;
    a.scratch = take_output(n_scratch);
    float *got = take_output(n * stride), *want = take_output(n * stride);
    for (size_t i = 0; i < n; i++) { /* the gap between rows is not touched */
        for (size_t d = 32; d < stride; d++) {
            exact[i * stride + d] = 12345.0;
            bound[i * stride + d] = 0;
        }
        attention_double(&a, i, int8);
    }
    a.out = want;
    (int8 ? ref.attention_int8 : ref.attention)(&a);
    a.out = got;
    (int8 ? k->attention_int8 : k->attention)(&a);
    check(!canary_died(a.scratch, n_scratch), "wrote outside scratch", 0, 0);
    check_output(got, want, n * stride, exact, bound);
}

static void layer_norm_double(const nxc__norm *norm, const float *x,
                              const float *r, size_t row) {
    static double t[2048];
    double mean = 0, var = 0, tmax = 0;
    size_t dim = norm->dim;
    for (size_t i = 0; i < dim; i++) {
        t[i] = (double)x[row * dim + i] + (r ? (double)r[row * dim + i] : 0);
        mean += t[i] / (double)dim;
        tmax = fmax(tmax, fabs(t[i]));
    }
    for (size_t i = 0; i < dim; i++)
        var += (t[i] - mean) * (t[i] - mean) / (double)dim;
    double sd = sqrt(var + (double)norm->eps);
    double g = gamma_n((double)dim / 16 + 16) * (1 + tmax / sd);
    for (size_t i = 0; i < dim; i++) {
        double d = (t[i] - mean) / sd, w = (double)norm->gamma[i];
        double y = d * w + (double)norm->beta[i];
        exact[row * dim + i] = y;
        bound[row * dim + i] = g * (1 + fabs(d)) * fabs(w) + 2 * U * fabs(y);
    }
}

static void test_layer_norm(const nxc__encoder_kernels *k, size_t m, size_t dim,
                            int with_residual) {
    snprintf(current, sizeof current, "%s layer_norm m=%zu dim=%zu residual=%d",
             k->name, m, dim, with_residual);
    pool_used = 0;
    nxc__norm norm = {take_random(dim, 1), take_random(dim, 1), dim, 1e-12f};
    const float *r = with_residual ? take_random(m * dim, 1) : NULL;
    float *got = take_output(m * dim), *want = take_output(m * dim);
    for (size_t i = 0; i < m * dim; i++)
        got[i] = want[i] = next_float();
    for (size_t row = 0; row < m; row++)
        layer_norm_double(&norm, got, r, row);
    k->layer_norm(&norm, got, r, m);
    ref.layer_norm(&norm, want, r, m);
    check_output(got, want, m * dim, exact, bound);
}

static void test_gelu(const nxc__encoder_kernels *k, size_t n, float size) {
    snprintf(current, sizeof current, "%s gelu n=%zu size=%g", k->name, n,
             (double)size);
    pool_used = 0;
    float *got = take_output(n), *want = take_output(n);
    for (size_t i = 0; i < n; i++) {
        got[i] = want[i] = next_float() * size;
        exact[i] = gelu_double((double)got[i]);
        bound[i] = gelu_bound((double)got[i]);
    }
    k->gelu(got, n);
    ref.gelu(want, n);
    check_output(got, want, n, exact, bound);
}

static void test_dot(const nxc__encoder_kernels *k, size_t n) {
    snprintf(current, sizeof current, "%s dot n=%zu", k->name, n);
    pool_used = 0;
    const float *a = take_random(n, 1), *b = take_random(n, 1);
    float *got = take_output(1), *want = take_output(1);
    double sum = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)a[i] * (double)b[i];
        size += fabs((double)a[i] * (double)b[i]);
    }
    exact[0] = sum;
    bound[0] = gamma_n((double)n / 64 + 7) * size;
    *got = k->dot(a, b, n);
    *want = ref.dot(a, b, n);
    check_output(got, want, 1, exact, bound);
}

static void test_pool(const nxc__encoder_kernels *k, size_t n, size_t dim) {
    snprintf(current, sizeof current, "%s pool n=%zu dim=%zu", k->name, n, dim);
    pool_used = 0;
    const float *x = take_random(n * dim, 1);
    float *got = take_output(dim), *want = take_output(dim);
    double norm = 0, size = 0;
    for (size_t i = 0; i < dim; i++) {
        double sum = 0, absolute = 0;
        for (size_t row = 0; row < n; row++) {
            sum += (double)x[row * dim + i];
            absolute += fabs((double)x[row * dim + i]);
        }
        exact[i] = n ? sum / (double)n : 0;
        bound[i] = n ? absolute / (double)n : 0;
        norm += exact[i] * exact[i];
        size += bound[i] * bound[i];
    }
    norm = fmax(sqrt(norm), 1e-12);
    for (size_t i = 0; i < dim; i++) {
        exact[i] /= norm;
        bound[i] = gamma_n((double)n + (double)dim / 16 + 16) *
                   (bound[i] + fabs(exact[i]) * sqrt(size)) / norm;
    }
    k->pool(x, n, dim, got);
    ref.pool(x, n, dim, want);
    check_output(got, want, dim, exact, bound);
}

/* A row's result must not depend on the rows around it. */
static void test_row_alone(const nxc__encoder_kernels *k, size_t m) {
    snprintf(current, sizeof current, "%s linear rows alone m=%zu", k->name, m);
    pool_used = 0;
    const float *panels = take_random(96 * 96, 1), *bias = take_random(96, 1);
    const float *x = take_random(m * 96, 1);
    float *all = take_output(m * 96), *one = take_output(96);
    nxc__linear w = {panels, bias, 96, 96, 96};
    k->linear(&w, x, m, all, NXC_EPILOGUE_GELU);
    for (size_t i = 0; i < m; i++) {
        k->linear(&w, x + i * 96, 1, one, NXC_EPILOGUE_GELU);
        check(memcmp(all + i * 96, one, 96 * sizeof *one) == 0,
              "row depends on its company", (double)i, 0);
    }
}

/* ------------------------------------------------------------------ int8 */

#define BYTE_CANARY 0xA5
static uint8_t *take_bytes(size_t n) { /* odd address, canaries around */
    uint8_t *p = (uint8_t *)take(n / sizeof(float) + 2 * CANARY);
    memset(p, BYTE_CANARY, n + 2 * CANARY);
    return p + CANARY + 1;
}
static int byte_canary_died(const uint8_t *out, size_t n) {
    for (size_t i = 0; i < CANARY - 1; i++)
        if (out[-1 - (ptrdiff_t)i] != BYTE_CANARY || out[n + i] != BYTE_CANARY)
            return 1;
    return 0;
}
static uint8_t next_byte(void) {
    next_float();
    return (uint8_t)(seed >> 37 ^ seed >> 11);
}

/* shift moves the values: 0 about symmetric, 4 all positive, -4 negative. */
static void test_quantize(const nxc__encoder_kernels *k, size_t m, size_t n,
                          float scale, float shift) {
    snprintf(current, sizeof current, "%s quantize m=%zu k=%zu %g + %g",
             k->name, m, n, (double)scale, (double)shift);
    pool_used = 0;
    float *x = take_random(m * n, scale), *factors = take(n);
    uint8_t *got = take_bytes(m * n), *want = take_bytes(m * n);
    nxc__int8_row got_rows[4], want_rows[4];
    memset(got_rows, 1, sizeof got_rows);
    memset(want_rows, 1, sizeof want_rows);
    for (size_t i = 0; i < n; i++)
        factors[i] = 1.5f + next_float() / 3;
    for (size_t i = 0; i < m * n; i++)
        x[i] += shift * scale;
    k->quantize_rows(x, factors, m, n, got, got_rows);
    ref.quantize_rows(x, factors, m, n, want, want_rows);
    check(!byte_canary_died(got, m * n), "wrote outside the output", 0, 0);
    check(memcmp(got, want, m * n) == 0, "bytes differ from the reference", 0,
          0);
    check(memcmp(got_rows, want_rows, sizeof got_rows) == 0,
          "rows differ from the reference, or one more was written", 0, 0);
    for (size_t i = 0; i < m * n; i++) {
        double s = (double)want_rows[i / n].scale;
        double zero = want_rows[i / n].zero, q = want[i];
        double e = fabs((double)(x[i] * factors[i % n]) - s * (q - zero));
        double limit = s * (q > 0 && q < 255 ? 0.5 : 1) * (1 + 1.0 / 16384);
        check(e <= limit, "error over the bound", e, limit);
    }
}

/* Rows without a range, the ends of the range, and what is cut. */
static void test_quantize_edges(const nxc__encoder_kernels *k) {
    static const struct {
        float x[5];
        uint8_t q[5];
        int32_t zero;
    } rows[] = {{{0, -0.0f, 0, 0, 0}, {0, 0, 0, 0, 0}, 0},
                {{1e-31f, -1e-31f, 0, 0, 0}, {0, 0, 0, 0, 0}, 0},
                {{0, 255, 254, 1, 0.5f}, {0, 255, 254, 1, 0}, 0},
                {{0, -255, -254, -1, 0}, {255, 0, 1, 254, 255}, 255},
                {{-153.5f, 101.5f, 0, 1, -1}, {0, 255, 154, 155, 153}, 154},
                {{1e38f, -1e38f, 0, 0, 0}, {255, 0, 128, 128, 128}, 128}};
    static const float ones[5] = {1, 1, 1, 1, 1};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(current, sizeof current, "%s quantize edge %zu", k->name, i);
        uint8_t q[5];
        nxc__int8_row row;
        k->quantize_rows(rows[i].x, ones, 1, 5, q, &row);
        check(row.zero == rows[i].zero, "zero point", row.zero, rows[i].zero);
        for (size_t j = 0; j < 5; j++)
            check(q[j] == rows[i].q[j], "byte", q[j], rows[i].q[j]);
    }
}

typedef enum int8_case { RANDOM, LARGEST, WRONG_SUMS } int8_case;

static void test_linear_int8(const nxc__encoder_kernels *k, size_t m,
                             size_t n_in, size_t n_out, nxc__epilogue epilogue,
                             int8_case kind) {
    snprintf(current, sizeof current,
             "%s/%s linear_int8 m=%zu k=%zu n=%zu "
             "gelu=%d case %d",
             k->name, k->int8, m, n_in, n_out, (int)epilogue, (int)kind);
    pool_used = 0;
    static int32_t sums[1536];
    static nxc__int8_row rows[80];
    int8_t *panels = (int8_t *)take_bytes(n_in * n_out);
    uint8_t *q = take_bytes(m * n_in);
    nxc__linear_int8 w = {panels,
                          take_random(n_out, 1),
                          take_random(n_out, 0.001f),
                          sums,
                          NULL,
                          n_in,
                          n_out,
                          n_out};
    float *got = take_output(m * n_out), *want = take_output(m * n_out);
    memset(sums, 0, sizeof sums);
    for (size_t i = 0; i < n_in * n_out; i++) {
        size_t c = i / (48 * n_in) * 48 + i % 192 / 4;
        panels[i] = kind == LARGEST ? (int8_t)(c % 2 ? -128 : 127)
                                    : (int8_t)next_byte();
        sums[c] += kind == WRONG_SUMS ? 128 : panels[i];
    }
    for (size_t i = 0; i < m * n_in; i++)
        q[i] = kind == LARGEST ? 255 : next_byte();
    for (size_t i = 0; i < m; i++)
        rows[i] = (nxc__int8_row){0.01f + (float)i / 100,
                                  kind == LARGEST ? (int32_t)(i % 2) * 255
                                                  : next_byte()};
    for (size_t i = 0; i < m * n_out; i++) {
        size_t j = i % n_out;
        const int8_t *column = panels + j / 48 * 48 * n_in + j % 48 * 4;
        int64_t sum = -(int64_t)rows[i / n_out].zero * sums[j];
        for (size_t d = 0; d < n_in; d++)
            sum += q[i / n_out * n_in + d] * column[d / 4 * 192 + d % 4];
        double t =
            (double)sum * (double)rows[i / n_out].scale * (double)w.scales[j];
        exact[i] = t + (double)w.bias[j];
        bound[i] = 3 * U * (fabs(t) + fabs(exact[i]));
        if (epilogue == NXC_EPILOGUE_GELU) {
            bound[i] = 1.13 * bound[i] + 1.2e-4 + 5e-5 * fabs(exact[i]);
            exact[i] = gelu_double(exact[i]);
        }
    }
    k->linear_int8(&w, q, rows, m, got, epilogue);
    if (kind == WRONG_SUMS) { /* a damaged file: any result, nothing else */
        check(!canary_died(got, m * n_out), "wrote outside the output", 0, 0);
        return;
    }
    ref.linear_int8(&w, q, rows, m, want, epilogue);
    check_output(got, want, m * n_out, exact, bound);
}

static void test_dequantize(const nxc__encoder_kernels *k, size_t n) {
    snprintf(current, sizeof current, "%s dequantize n=%zu", k->name, n);
    pool_used = 0;
    int8_t *q = (int8_t *)take_bytes(n);
    float *got = take_output(n), *want = take_output(n);
    for (size_t i = 0; i < n; i++) {
        q[i] = (int8_t)next_byte();
        exact[i] = q[i] * (double)0.37f;
        bound[i] = U * fabs(exact[i]);
    }
    k->dequantize(q, 0.37f, n, got);
    ref.dequantize(q, 0.37f, n, want);
    check_output(got, want, n, exact, bound);
}

static void test_all_int8(const nxc__encoder_kernels *k) {
    for (size_t m = 0; m <= 3; m++)
        for (size_t n = 0; n <= 35; n++)
            for (int shift = -4; shift <= 4; shift += 4)
                test_quantize(k, m, n, 1, (float)shift);
    test_quantize(k, 4, 384, 10, 0);
    test_quantize(k, 2, 1536, 1e-6f, 3);
    test_quantize_edges(k);
    for (size_t m = 0; m <= 17; m++)
        for (int e = 0; e < 2; e++) {
            test_linear_int8(k, m, 0, 48, (nxc__epilogue)e, RANDOM);
            test_linear_int8(k, m, 4, 48, (nxc__epilogue)e, RANDOM);
            test_linear_int8(k, m, 32 + 4 * m, 144, (nxc__epilogue)e, RANDOM);
        }
    for (int kind = RANDOM; kind <= WRONG_SUMS; kind++) {
        test_linear_int8(k, 19, 384, 384, NXC_EPILOGUE_NONE, (int8_case)kind);
        test_linear_int8(k, 6, 1536, 48, NXC_EPILOGUE_NONE, (int8_case)kind);
    }
    test_linear_int8(k, 3, 384, 1536, NXC_EPILOGUE_GELU, RANDOM);
    test_linear_int8(k, 2, NXC_INT8_MAX_K, 48, NXC_EPILOGUE_NONE, LARGEST);
    for (size_t n = 0; n <= 35; n++) {
        test_attention(k, n, 0, 1);
        test_attention(k, n, 0.5f, 1);
        test_attention(k, n, 6, 1);
    }
    test_attention(k, 256, 1, 1);
    for (size_t n = 0; n <= 35; n++)
        test_dequantize(k, n);
    test_dequantize(k, 384);
}

static void test_all(const nxc__encoder_kernels *k) {
    seed = 1;
    for (size_t m = 0; m <= 17; m++)
        for (int e = 0; e < 2; e++) {
            test_linear(k, m, 0, 48, (nxc__epilogue)e);
            test_linear(k, m, 1, 48, (nxc__epilogue)e);
            test_linear(k, m, 31 + m, 144, (nxc__epilogue)e);
            test_linear_bf16(k, m, 0, 48, (nxc__epilogue)e);
            test_linear_bf16(k, m, 1, 48, (nxc__epilogue)e);
            test_linear_bf16(k, m, 31 + m, 144, (nxc__epilogue)e);
        }
    test_linear_bf16(k, 19, 384, 384, NXC_EPILOGUE_NONE);
    test_linear_bf16(k, 3, 1536, 48, NXC_EPILOGUE_GELU);
    test_linear(k, 19, 384, 384, NXC_EPILOGUE_NONE);
    test_linear(k, 5, 1536, 48, NXC_EPILOGUE_NONE);
    test_linear(k, 3, 384, 1536, NXC_EPILOGUE_GELU);
    for (size_t m = 0; m <= 17; m++)
        test_row_alone(k, m);
    for (size_t n = 0; n <= 33; n++) {
        test_attention(k, n, 1, 0);
        test_attention(k, n, 6, 0);
    }
    test_attention(k, 256, 2, 0);
    for (size_t m = 0; m <= 3; m++)
        for (int residual = 0; residual < 2; residual++) {
            for (size_t dim = 16; dim <= 80; dim += 16)
                test_layer_norm(k, m, dim, residual);
            test_layer_norm(k, m, 384, residual);
        }
    for (size_t n = 0; n <= 33; n++)
        test_gelu(k, n, 2);
    test_gelu(k, 100000, 1);
    test_gelu(k, 100000, 4);
    for (size_t n = 0; n <= 130; n++)
        test_dot(k, n);
    test_dot(k, 384);
    test_dot(k, 10007);
    for (size_t n = 0; n <= 9; n++)
        for (size_t dim = 16; dim <= 64; dim += 16)
            test_pool(k, n, dim);
    test_pool(k, 256, 384);
    test_all_int8(k);
}

/* ---------------------------------------------------------------- bench */

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}
static void bench_linear(const nxc__encoder_kernels *k, size_t m, size_t n_in,
                         size_t n_out) {
    pool_used = 0;
    const float *panels = take_random(n_in * n_out, 0.2f);
    const float *bias = take_random(n_out, 1), *x = take_random(m * n_in, 1);
    float *y = take_output(m * n_out);
    nxc__linear w = {panels, bias, n_in, n_out, n_out};
    double best = 1e300, start = now_us();
    for (int i = 0; i < 200 && (i < 3 || now_us() - start < 1e6); i++) {
        double t = now_us();
        k->linear(&w, x, m, y, NXC_EPILOGUE_NONE);
        t = now_us() - t;
        best = t < best ? t : best;
    }
    printf("%-7s linear m=%-3zu k=%-4zu n=%-4zu %9.1f us %7.1f GFLOP/s\n",
           k->name, m, n_in, n_out, best,
           2e-3 * (double)(m * n_in * n_out) / best);
}
static void bench_int8(const nxc__encoder_kernels *k, size_t m, size_t n_in,
                       size_t n_out) {
    pool_used = 0;
    static int32_t sums[1536];
    static nxc__int8_row rows[256];
    nxc__linear_int8 w = {(int8_t *)take_bytes(n_in * n_out),
                          take_random(n_out, 1),
                          take_random(n_out, 1),
                          sums,
                          take_random(n_in, 1),
                          n_in,
                          n_out,
                          n_out};
    const float *x = take_random(m * n_in, 1);
    uint8_t *q = take_bytes(m * n_in);
    float *y = take_output(m * n_out);
    double best = 1e300, best_q = 1e300, start = now_us();
    for (int i = 0; i < 200 && (i < 3 || now_us() - start < 1e6); i++) {
        double t0 = now_us();
        k->quantize_rows(x, w.factors, m, n_in, q, rows);
        double t1 = now_us();
        k->linear_int8(&w, q, rows, m, y, NXC_EPILOGUE_NONE);
        double t2 = now_us();
        best_q = fmin(best_q, t1 - t0);
        best = fmin(best, t2 - t1);
    }
    printf("%-7s linear_int8 (%s) m=%-3zu k=%-4zu n=%-4zu %7.1f us %7.1f "
           "GMAC/s, quantize %.2f us\n",
           k->name, k->int8, m, n_in, n_out, best,
           1e-3 * (double)(m * n_in * n_out) / best, best_q);
}
static void bench_attention(const nxc__encoder_kernels *k, size_t n) {
    pool_used = 0;
    nxc__attention a = {take_random(n * 96, 1),
                        96,
                        take_output(n * 32),
                        32,
                        n,
                        0.17677669f,
                        take_output(NXC_ATTENTION_SCRATCH(n))};
    double best = 1e300, best8 = 1e300;
    for (int i = 0; i < 50; i++) {
        double t0 = now_us();
        k->attention(&a);
        double t1 = now_us();
        k->attention_int8(&a);
        double t2 = now_us();
        best = fmin(best, t1 - t0);
        best8 = fmin(best8, t2 - t1);
    }
    printf("%-7s attention n=%-3zu %9.2f us, int8 (%s) %9.2f us\n", k->name, n,
           best, k->int8, best8);
}
static void bench_rows(const nxc__encoder_kernels *k) {
    pool_used = 0;
    nxc__norm norm = {take_random(384, 1), take_random(384, 1), 384, 1e-12f};
    float *x = take_random(16 * 1536, 1);
    double norm_us = 1e300, gelu_us = 1e300, dot_us = 1e300, sink = 0;
    for (int i = 0; i < 50; i++) {
        double t0 = now_us();
        k->layer_norm(&norm, x, x + 16 * 384, 16);
        double t1 = now_us();
        k->gelu(x, (size_t)16 * 1536);
        double t2 = now_us();
        for (size_t j = 0; j < 32; j++)
            sink += (double)k->dot(x + 384 * j, x + 384 * j, 384);
        double t3 = now_us();
        norm_us = fmin(norm_us, t1 - t0);
        gelu_us = fmin(gelu_us, t2 - t1);
        dot_us = fmin(dot_us, t3 - t2);
    }
    printf("%-7s layer_norm (16, 384) %.2f us, gelu (16, 1536) %.2f us, "
           "dot 384 %.1f ns%s\n",
           k->name, norm_us, gelu_us, dot_us * 1000 / 32, sink < 0 ? "!" : "");
}
static void bench_all(const nxc__encoder_kernels *k) {
    static const size_t rows[] = {1, 2, 8, 16, 32, 128};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bench_linear(k, rows[i], 384, 1152);
        bench_linear(k, rows[i], 384, 1536);
        bench_linear(k, rows[i], 1536, 384);
        bench_int8(k, rows[i], 384, 1152);
        bench_int8(k, rows[i], 384, 1536);
        bench_int8(k, rows[i], 1536, 384);
    }
    for (size_t n = 8; n <= 256; n *= 2)
        bench_attention(k, n);
    bench_rows(k);
}

/* ------------------------------------------------------------- selection */

static void never_called(nxc__encoder_kernels *k) { k->name = "applied"; }
static bool refuse(void) { return false; }
static bool permit(void) { return true; }
/* One sum of one column off by one. */
static void linear_int8_wrong(const nxc__linear_int8 *w, const uint8_t *q,
                              const nxc__int8_row *rows, size_t m, float *y,
                              nxc__epilogue epilogue) {
    ref.linear_int8(w, q, rows, m, y, epilogue);
    if (m > 2) y[2 * w->ldy + w->n - 1] += rows[2].scale * w->scales[w->n - 1];
}
static void apply_wrong(nxc__encoder_kernels *k) {
    k->int8 = "wrong";
    k->linear_int8 = linear_int8_wrong;
}
static void apply_right(nxc__encoder_kernels *k) { k->int8 = "right"; }

/* A level that is refused or computes wrongly leaves the one before in place.
 */
static void test_selection(void) {
    static const struct {
        nxc__encoder_level level;
        nxc__level_state state;
        const char *name, *int8;
    } rows[] = {{{"a", 1, true, true, never_called, refuse},
                 NXC_LEVEL_REFUSED,
                 "ref",
                 "ref"},
                {{"b", 1, false, true, apply_wrong, permit},
                 NXC_LEVEL_WRONG,
                 "ref",
                 "ref"},
                {{"c", 1, false, true, apply_wrong, NULL},
                 NXC_LEVEL_WRONG,
                 "ref",
                 "ref"},
                {{"d", 1, false, true, apply_right, permit},
                 NXC_LEVEL_WORKS,
                 "ref",
                 "right"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(current, sizeof current, "selection %zu", i);
        nxc__encoder_kernels k = ref;
        nxc__level_state got = nxc__encoder_level_try(&rows[i].level, &k);
        check(got == rows[i].state, "state", got, rows[i].state);
        check(strcmp(k.name, rows[i].name) == 0, "name", 0, 0);
        check(strcmp(k.int8, rows[i].int8) == 0, "name of int8", 0, 0);
        check((k.linear_int8 == ref.linear_int8), "kernel kept", 0, 0);
    }
}

static void run(const nxc__encoder_kernels *k, int bench) {
    size_t passed = n_passed, failed = n_failed;
    if (bench) {
        bench_all(k);
        return;
    }
    test_all(k);
    printf("%-7s int8 %-12s %zu checks passed, %zu failed\n", k->name, k->int8,
           n_passed - passed, n_failed - failed);
}

#if defined(__x86_64__)
/* Levels that this processor may not have, over instructions that it has. */
static void run_models(uint32_t cpu, int bench) {
    nxc__encoder_kernels k;
    uint32_t needs = NXC_CPU_AVX2 | NXC_CPU_AVX512 | NXC_CPU_AVX512_VNNI;
    if ((cpu & needs) != needs) return;
    nxc__encoder_kernels_select(&k, NXC_CPU_AVX2);
    test_kernels_avxvnni_evex(&k);
    k.int8 = "avxvnni-evex";
    run(&k, bench);
    if (bench) return;
    nxc__encoder_kernels_select(&k, NXC_CPU_AVX2 | NXC_CPU_AVX512);
    test_kernels_amx_model(&k);
    k.int8 = "amx-model";
    for (size_t m = 1; m <= 70; m++)
        for (size_t n_in = 60; n_in <= 68; n_in += 4)
            test_linear_int8(&k, m, n_in, 96, NXC_EPILOGUE_GELU, RANDOM);
    run(&k, bench);
    check(test_amx_model_ok(), "tiles were misused or not released", 0, 0);
    check(nxc__encoder_kernels_check(&k), "the self-check", 0, 0);
}
#endif

int main(int argc, char **argv) {
    int bench = argc > 1 && strcmp(argv[1], "--bench") == 0;
    uint32_t cpu = nxc__cpu_detect(), flags = 0;
    size_t n;
    const nxc__encoder_level *levels = nxc__encoder_levels(&n);
    nxc__encoder_kernels_select(&ref, 0);
    run(&ref, bench);
    if (!bench) test_selection();
    for (size_t i = 0; i < n; i++) {
        nxc__encoder_kernels k;
        flags |= levels[i].flag;
        if (!(cpu & levels[i].flag)) continue;
        nxc__encoder_kernels_select(&k, cpu & flags);
        snprintf(current, sizeof current, "level %s", levels[i].name);
        nxc__level_state state = nxc__encoder_level_state(i);
        if (state == NXC_LEVEL_REFUSED) continue;
        check(state == NXC_LEVEL_WORKS, "the self-check", state, 0);
        run(&k, bench);
    }
#if defined(__x86_64__)
    run_models(cpu, bench);
#endif
    if (!bench) printf("%zu passed, %zu failed\n", n_passed, n_failed);
    return n_failed != 0;
}
