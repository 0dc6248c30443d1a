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

static void linear_int8_ref(const nxc__linear_int8 *w, const uint8_t *q,
                            const nxc__int8_row *rows, size_t m, float *y,
                            nxc__epilogue epilogue) {
    nxc__encoder_kernels ref;
    nxc__encoder_kernels_ref(&ref);
    for (size_t i = 0; i < m; i++, q += w->k, y += w->n) {
        for (size_t j = 0; j < w->n; j++) {
            const int8_t *column = w->panels +
                                   j / NXC_PANEL * NXC_PANEL * w->k +
                                   j % NXC_PANEL * 4;
            int32_t sum = -rows[i].zero * w->sums[j];
            for (size_t k = 0; k < w->k; k++)
                sum += q[k] * column[k / 4 * 4 * NXC_PANEL + k % 4];
            y[j] = fmaf((float)sum, rows[i].scale * w->scales[j], w->bias[j]);
        }
        if (epilogue == NXC_EPILOGUE_GELU) ref.gelu(y, w->n);
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
    k->dequantize = dequantize_ref;
}
