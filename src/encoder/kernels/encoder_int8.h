/* The scalar step of quantising a row, one text for every ISA. */
#ifndef NXC_ENCODER_INT8_H
#define NXC_ENCODER_INT8_H

#include <math.h>

#include "encoder/kernels/encoder_kernel.h"

typedef struct nxc__int8_range {
    nxc__int8_row row;
    float inverse; /* 1 / scale, or 0 */
} nxc__int8_range;

/* low <= 0 <= high, or NaN: then all is 0. */
static inline nxc__int8_range nxc__int8_range_of(float low, float high) {
    nxc__int8_range r = {{0, 0}, 0};
    float range = high - low;
    if (!(range >= NXC_INT8_MIN_RANGE) || !(range <= 3e38f)) return r;
    r.row.scale = range / 255.0f;
    r.inverse = 255.0f / range;
    r.row.zero = (int32_t)rintf(-low * r.inverse); /* <= 255 (1 + 2^-23) */
    return r;
}

#endif
