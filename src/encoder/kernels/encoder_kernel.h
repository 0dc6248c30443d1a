/*
 * The encoder's kernels: a table of function pointers, one set per ISA.
 *
 *     select -> (linear | linear_bf16 | attention | layer_norm | gelu | dot
 *                | pool | quantize_rows | linear_int8 | attention_int8
 *                | dequantize)*
 *
 * encoder_ref.c defines every slot in plain loops. The other files only do the
 * same thing faster, and "the same" is meant bit for bit: for finite inputs
 * each slot gives the same bits on every ISA, because
 *   a) every product is accumulated by a fused multiply-add into a float32,
 *   b) each sum has one order, stated at its slot,
 *   c) exp and erf are the polynomials below, not the C library's,
 *   d) what is left (+ - * / sqrt max) is correctly rounded by IEEE 754.
 * The order of the sums of a row never depends on the other rows, so a row's
 * result does not depend on where in a batch the row stands.
 *
 * Sums of 16 lanes: element i goes to lane i % 16, in ascending order; then
 * lanes are folded in halves: i += i + 8, i += i + 4, i += i + 2, i += i + 1.
 *
 * For all slots: no alignment is required of any pointer; sizes may be 0 (then
 * nothing is read or written, unless the slot says otherwise); inputs and
 * outputs must not overlap unless the slot says so; the floating-point
 * environment is C's default (round to nearest, subnormals kept). NaN and
 * infinities are not trapped: they make the results that depend on them NaN or
 * unspecified and touch nothing else.
 *
 * u = 2^-24, gamma_n = n u / (1 - n u).
 */
#ifndef NXC_ENCODER_KERNEL_H
#define NXC_ENCODER_KERNEL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <nextcall/nextcall.h>

#define NXC_PANEL ((size_t)48)    /* columns of a weight panel */
#define NXC_LANES ((size_t)16)    /* of a sum */
#define NXC_HEAD_DIM ((size_t)32) /* of an attention head */

/* Weights of y = x W + b in panels of 48 columns (docs/formats):
 * panels[p][k][c] = W[k][48 p + c]. A step k of a panel is three cache lines:
 * three 16-lane vectors for AVX-512, or one line at a time for AVX2 and NEON.
 */
typedef struct nxc__linear {
    const float *panels; /* (n / 48, k, 48) */
    const float *bias;   /* (n) */
    size_t k;            /* inputs */
    size_t n;            /* outputs, a multiple of 48 */
    size_t ldy;          /* floats from a row of y to the next: n, or more where
                            these columns are a part of a wider y */
} nxc__linear;

/* The same in bf16: the upper half of a float32. */
typedef struct nxc__linear_bf16 {
    const uint16_t *panels; /* (n / 48, k, 48) */
    const float *bias;      /* (n) */
    size_t k, n, ldy;
} nxc__linear_bf16;
static inline float nxc__bf16_widen(uint16_t half) {
    uint32_t bits = (uint32_t)half << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* int8 weights of y = x W + b: W[k][j] is about scales[j] times the byte
 * panels[j / 48][k / 4][j % 48][k % 4]. Four inputs of a column are one 32-bit
 * lane, as vpdpbusd and sdot take them; a step of four k is three cache lines.
 * factors[k] multiplies input k before it is quantised, and W[k] was divided by
 * it (channel equalisation). */
typedef struct nxc__linear_int8 {
    const int8_t *panels; /* (n / 48, k / 4, 48, 4) */
    const float *bias;    /* (n) */
    const float *scales;  /* (n) */
    const int32_t *sums;  /* (n) of the bytes of a column */
    const float *factors; /* (k) */
    size_t k;             /* inputs, a multiple of 4, at most NXC_INT8_MAX_K */
    size_t n;             /* outputs, a multiple of 48 */
    size_t ldy;           /* as in nxc__linear */
} nxc__linear_int8;
/* 2 * 255 * 128 k < 2^31: zero * sums and the products fit one int32. */
#define NXC_INT8_MAX_K ((size_t)32768)

/* A row of 8-bit activations: value = scale * (q - zero). */
typedef struct nxc__int8_row {
    float scale;
    int32_t zero; /* 0 to 255 */
} nxc__int8_row;
#define NXC_INT8_MIN_RANGE 1e-30f

typedef enum nxc__epilogue {
    NXC_EPILOGUE_NONE,
    NXC_EPILOGUE_GELU
} nxc__epilogue;

/* One head of one text. A row of qkv holds this head's q, k and v at columns
 * 0, 32 and 64. */
typedef struct nxc__attention {
    const float *qkv; /* (n_tokens, qkv_stride) */
    size_t qkv_stride;
    float *out; /* (n_tokens, out_stride), 32 columns are written */
    size_t out_stride;
    size_t n_tokens;
    float scale;    /* of the scores: 1 / sqrt(32) */
    float *scratch; /* NXC_ATTENTION_SCRATCH(n_tokens) floats */
} nxc__attention;
#define NXC_ATTENTION_SCRATCH(n) \
    ((NXC_HEAD_DIM + 8) * (((n) + 15) / 16 * 16) + NXC_HEAD_DIM * NXC_LANES)

/* The constants of a layer normalisation. */
typedef struct nxc__norm {
    const float *gamma, *beta; /* (dim) */
    size_t dim;                /* a multiple of 16, > 0 */
    float eps;
} nxc__norm;

typedef struct nxc__encoder_kernels {
    const char *name; /* "ref", "avx2", "avx512", "neon" */
    const char *int8; /* of linear_int8: the name of a level too */

    /* y (m, w->n), rows w->ldy apart, = x (m, w->k) W + b, then GELU if
     * asked for.
     * Order       acc = fma(x[k], W[k][j], acc) from acc = 0 for k ascending,
     *             then + b[j]
     * k = 0       y = b
     * Error       |y - exact| <= gamma_(k+1) (sum |x W| + |b|) before the GELU
     */
    void (*linear)(const nxc__linear *w, const float *x, size_t m, float *y,
                   nxc__epilogue epilogue);

    /* The same with bf16 weights: widened, exactly, then as linear, in the same
     * order and within the same bound. */
    void (*linear_bf16)(const nxc__linear_bf16 *w, const float *x, size_t m,
                        float *y, nxc__epilogue epilogue);

    /* softmax(scale q k^T) v for one head of one text.
     * Order       score = fma chain over the 32 dimensions; weight =
     *             exp((score - max) * scale); the sum of the weights in 16
     *             lanes; out = fma chain over the tokens, then / that sum
     * Error       <= (gamma_(2 n + 32) + 80 u S) max|v|, where S is the largest
     *             scale * sum |q k| of the row */
    void (*attention)(const nxc__attention *a);

    /* x = norm(x + residual), row by row; residual may be NULL, x is updated
     * in place.  x, residual (m, dim)
     * Order       t = x + residual; mean = 16 lanes / dim; d = t - mean;
     *             variance = 16 lanes of fma(d, d, .) / dim;
     *             y = fma(d * (1 / sqrt(variance + eps)), gamma, beta)
     * Error       <= gamma_(dim / 16 + 16) (1 + max|t| / sd) (1 + |d| / sd)
     *             |gamma| + 2 u |y|, where sd = sqrt(variance + eps) */
    void (*layer_norm)(const nxc__norm *norm, float *x, const float *residual,
                       size_t m);

    /* x[i] = x[i] / 2 * (1 + erf(x[i] / sqrt(2))), in place; the exact form
     * with erf as the quotient of polynomials below, argument cut to [-4, 4].
     * Error       <= 1.1e-6 + 2^-22 |x| */
    void (*gelu)(float *x, size_t n);

    /* sum a[i] b[i]; 0 for n = 0.
     * Order       element i goes to lane i % 64 by fma, ascending; the last
     *             lanes are filled up with fma(0, 0, .); then lanes are folded
     *             in halves: i += i + 32, + 16, + 8, + 4, + 2, + 1
     * Error       <= gamma_(n / 64 + 7) sum |a b| */
    float (*dot)(const float *a, const float *b, size_t n);

    /* out (dim) = mean of the rows of x (n_rows, dim), divided by its L2 norm
     * (by 1e-12 if that is less). dim is a multiple of 16; n_rows = 0 gives 0.
     * Order       rows ascending, / n_rows; squares in 16 lanes by fma
     * Error       <= gamma_(n_rows + dim / 16 + 16) (A[i] + |out[i]| |A|) /
     * norm, where A[i] is the mean of |x| in column i, |A| its L2 norm */
    void (*pool)(const float *x, size_t n_rows, size_t dim, float *out);

    /* q (m, k) and rows (m) from x (m, k) and factors (k): row by row
     * t = x * factors; low = min(0, min t); high = max(0, max t);
     * scale = (high - low) / 255, zero = rint(-low * (255 / (high - low))),
     * q = rint(t * (255 / (high - low))) + zero, cut to [0, 255];
     * all 0 if high - low < NXC_INT8_MIN_RANGE. Then t is about
     * scale * (q - zero). Any k; |t| <= 1e38.
     * Order       none: minimum and maximum have none
     * Error       |t - scale (q - zero)| <= scale (1 + 2^-14), and half of it
     *             where q was not cut */
    void (*quantize_rows)(const float *x, const float *factors, size_t m,
                          size_t k, uint8_t *q, nxc__int8_row *rows);

    /* y (m, w->n), rows w->ldy apart, from q (m, w->k) and rows (m), then GELU
     * if asked for, in the short form below (y is quantised again, in steps of
     * 0.01 and more): sum = sum over k of (q - zero) W[k][j], an int32; y =
     * fma((float)sum, rows->scale * w->scales[j], w->bias[j]) Order       none:
     * the sum is exact for k <= NXC_INT8_MAX_K, whatever the bytes. Where
     * w->sums is not the sum of the bytes but within 128 k of 0, it is
     * unspecified and does not overflow Error       |y - exact| <= 3 u (|sum
     * scale scales[j]| + |y|) before the GELU, exact from the quantised values;
     * the GELU adds at most 1.2e-4 + 5e-5 |y| */
    void (*linear_int8)(const nxc__linear_int8 *w, const uint8_t *q,
                        const nxc__int8_row *rows, size_t m, float *y,
                        nxc__epilogue epilogue);

    /* The same as attention in bytes; a scale comes from the text and head
     * alone. With inverse(m) = 127 / max(m, NXC_INT8_MIN_RANGE):
     *   ks[d] = max |k[.][d]|       k8 = rint(k * inverse(ks[d]))
     *   vs[d] = max |v[.][d]|       v8 = rint(v * inverse(vs[d]))
     *   q' = q * ks, qs = max |q'| of a row     q8 = rint(q' * inverse(qs))
     *   s[t] = sum q8 k8[t], less the largest of the row: an exact int32
     *   y = max((float)s * (qs * (scale * NXC_ATTENTION_STEP)),
     *       NXC_EXP2_MIN), n = rint(y), w8 = rint(2^n p(y - n)), p of
     *       NXC_EXP2_COEFFS: about 255 exp(..), 0 to 255
     *   out = (float)(sum w8 v8) * (1 / (float)(sum w8)) * (vs * (1 / 127))
     * n_tokens is at most 65536; |q|, |k|, |v| <= 1e18.
     * Order       none: the sums are exact
     * Error       <= max|v| (e^(2 S) - 1 + 2 n / (255 W)) + vs[d] / 254, all
     *             times 1.01, where S = scale (sum |q| ks + 32 qs) / 254 + 2e-4
     *             and W = sum exp(scale (q k - max)) */
    void (*attention_int8)(const nxc__attention *a);

    /* x[i] = scale * q[i], rounded once. */
    void (*dequantize)(const int8_t *q, float scale, size_t n, float *x);
} nxc__encoder_kernels;

/* The best kernels for these nxc__cpu_flag bits (0: the reference) that this
 * process may use and that pass the self-check. */
void nxc__encoder_kernels_select(nxc__encoder_kernels *k, uint32_t cpu);

/* What became of a level in this process. */
typedef enum nxc__level_state {
    NXC_LEVEL_UNTRIED,
    NXC_LEVEL_WORKS,
    NXC_LEVEL_REFUSED, /* by the system */
    NXC_LEVEL_WRONG    /* its int8 product is not the reference's */
} nxc__level_state;
/* A level: what one instruction set adds. */
typedef struct nxc__encoder_level {
    const char *name; /* as in base/cpu.c */
    uint32_t flag;
    bool has_float, has_int8; /* the slots linear and linear_bf16; linear_int8
                               */
    void (*apply)(nxc__encoder_kernels *k);
    bool (*permit)(void); /* ask the system, or NULL */
} nxc__encoder_level;
/* Those of this build, worst first, and the state of the i-th of them. */
const nxc__encoder_level *nxc__encoder_levels(size_t *n);
nxc__level_state nxc__encoder_level_state(size_t i);
/* Put a level over k if it works; else k is as it was. */
nxc__level_state nxc__encoder_level_try(const nxc__encoder_level *level,
                                        nxc__encoder_kernels *k);
/* Whether linear_int8 gives the reference's bits for two small products. */
bool nxc__encoder_kernels_check(const nxc__encoder_kernels *k);

/* Each ISA's one symbol: override what it does better. */
void nxc__encoder_kernels_ref(nxc__encoder_kernels *k);
void nxc__encoder_kernels_int8_ref(nxc__encoder_kernels *k);
#if defined(__x86_64__)
void nxc__encoder_kernels_avx2(nxc__encoder_kernels *k);
void nxc__encoder_kernels_avx512(nxc__encoder_kernels *k);
void nxc__encoder_kernels_avx512vnni(nxc__encoder_kernels *k);
void nxc__encoder_kernels_avxvnni(nxc__encoder_kernels *k);
void nxc__encoder_kernels_amx(nxc__encoder_kernels *k);
#elif defined(__aarch64__)
void nxc__encoder_kernels_neon(nxc__encoder_kernels *k);
void nxc__encoder_kernels_dotprod(nxc__encoder_kernels *k);
void nxc__encoder_kernels_i8mm(nxc__encoder_kernels *k);
#endif

/* exp(x) = 2^n p(r) for x <= 0, cut at -87: n = rint(x log2 e),
 * r = x - n ln 2 with ln 2 in two parts (Cephes expf); 1e-7 relative. */
#define NXC_EXP_MIN (-87.0f)
#define NXC_EXP_LOG2E 1.44269504f
#define NXC_EXP_LN2_HI 0.693359375f
#define NXC_EXP_LN2_LO (-2.12194440e-4f)
#define NXC_EXP_N_COEFFS 6
#define NXC_EXP_COEFFS                                           \
    {                                                            \
        1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f,    \
            4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f \
    }

/* 255 * 2^r on [-1/2, 1/2], 8e-5 relative, for weights of 8 bits; below
 * NXC_EXP2_MIN they are 0. */
#define NXC_EXP2_MIN (-16.0f)
#define NXC_EXP2_N_COEFFS 4
#define NXC_EXP2_COEFFS \
    { 14.0687733f, 61.8658371f, 176.781555f, 254.981659f }
#define NXC_ATTENTION_STEP 8.94472714e-5f /* log2 e / 127^2 */

/* erf(z) = z p(z^2) / q(z^2) on [-4, 4]: the rational minimax approximation
 * used by Eigen and XLA; 5e-7 absolute. Highest power first. */
#define NXC_ERF_MAX 4.0f
#define NXC_ERF_N_P 7
#define NXC_ERF_P                                                              \
    {                                                                          \
        -2.72614225801306e-10f, 2.77068142495902e-08f, -2.10102402082508e-06f, \
            -5.69250639462346e-05f, -7.34990630326855e-04f,                    \
            -2.95459980854025e-03f, -1.60960333262415e-02f                     \
    }
#define NXC_ERF_N_Q 5
#define NXC_ERF_Q                                           \
    {                                                       \
        -1.45660718464996e-05f, -2.13374055278905e-04f,     \
            -1.68282697438203e-03f, -7.37332916720468e-03f, \
            -1.42647390514189e-02f                          \
    }
/* GELU(x) = x (1/2 + t p(t^2)), t = x cut to [-3.8, 3.8]: minimax for the
 * absolute error, for values that become bytes. */
#define NXC_GELU_SHORT_MAX 3.8f
#define NXC_GELU_SHORT_N_P 7
#define NXC_GELU_SHORT_P                                                      \
    {                                                                         \
        3.02507885e-08f, -1.95682742e-06f, 5.46199299e-05f, -0.000874407997f, \
            0.00904565491f, -0.0651325136f, 0.39825654f                       \
    }
#define NXC_SQRT_HALF 0.70710678118654752f

#endif
