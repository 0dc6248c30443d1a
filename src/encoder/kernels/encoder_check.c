/*
 * The self-check of linear_int8: two small fixed products, compared with the
 * reference bit for bit. Their sizes reach the ends of every tile: more rows
 * than a tile of 16 has and fewer; inputs that are no multiple of 64, and
 * exactly 64; bytes of both signs up to -128 and 255.
 *
 *     check_product    weights (k, 48)
 *       check_rows     activations (m, k)
 *         check_outputs    the kernel's (m, 48), the reference's row by row
 * Three frames, because each is to stay below 4 KiB.
 */
#include "encoder/kernels/encoder_kernel.h"

#define MAX_M 17
#define MAX_K 68

static bool check_outputs(const nxc__encoder_kernels *k,
                          const nxc__linear_int8 *w, const uint8_t *q,
                          const nxc__int8_row *rows, size_t m) {
    float got[MAX_M * NXC_PANEL], want[NXC_PANEL];
    nxc__encoder_kernels ref;
    nxc__encoder_kernels_int8_ref(&ref);
    memset(got, 0, sizeof got);
    k->linear_int8(w, q, rows, m, got, NXC_EPILOGUE_NONE);
    for (size_t i = 0; i < m; i++) {
        ref.linear_int8(w, q + i * w->k, rows + i, 1, want, NXC_EPILOGUE_NONE);
        const void *a = got + i * NXC_PANEL, *b = want; /* as bits */
        if (memcmp(a, b, sizeof want) != 0) return false;
    }
    return true;
}

/* Bytes without a pattern that a wrong tile could keep. */
static uint8_t next_byte(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return (uint8_t)(*seed >> 24);
}

static bool check_rows(const nxc__encoder_kernels *k, const nxc__linear_int8 *w,
                       size_t m) {
    uint8_t q[MAX_M * MAX_K];
    nxc__int8_row rows[MAX_M];
    uint32_t seed = 2;
    for (size_t i = 0; i < m * w->k; i++)
        q[i] = i % 5 ? next_byte(&seed) : 255;
    for (size_t i = 0; i < m; i++)
        rows[i] = (nxc__int8_row){1.0f / (float)(i + 3), next_byte(&seed)};
    return check_outputs(k, w, q, rows, m);
}

static bool check_product(const nxc__encoder_kernels *k, size_t m,
                          size_t n_in) {
    int8_t panels[MAX_K * NXC_PANEL];
    float bias[NXC_PANEL], scales[NXC_PANEL];
    int32_t sums[NXC_PANEL] = {0};
    uint32_t seed = 1;
    for (size_t i = 0; i < n_in * NXC_PANEL; i++) {
        panels[i] = (int8_t)(i % 7 ? next_byte(&seed) - 128 : -128);
        sums[i / 4 % NXC_PANEL] += panels[i];
    }
    for (size_t j = 0; j < NXC_PANEL; j++) {
        bias[j] = (float)j - 20.5f;
        scales[j] = 1.0f / (float)(j + 300);
    }
    nxc__linear_int8 w = {panels, bias, scales,    sums,
                          NULL,   n_in, NXC_PANEL, NXC_PANEL};
    return check_rows(k, &w, m);
}

bool nxc__encoder_kernels_check(const nxc__encoder_kernels *k) {
    return check_product(k, MAX_M, MAX_K) && check_product(k, 3, 64);
}
