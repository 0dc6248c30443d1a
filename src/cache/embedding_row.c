#include "cache/embedding_row.h"

#include <math.h>
#include <string.h>

static float float_of(uint32_t bits) {
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}
static uint32_t bits_of(float f) {
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

/* The exponent is moved by an integer addition; that of a subnormal is wrong by
 * a leading one, which a subtraction takes away exactly. Source: F. Giesen,
 * half_to_float_fast4. Selects, no branches: the loop over a row vectorises. */
float nxc__f16_decode(uint16_t h) {
    const uint32_t exponents = UINT32_C(0x7c00) << 13;
    uint32_t o = (uint32_t)(h & 0x7fff) << 13, exponent = o & exponents;
    o += UINT32_C(112) << 23;
    uint32_t special = o + (UINT32_C(112) << 23); /* infinities, NaN */
    float tiny = float_of(o + (UINT32_C(1) << 23)) -
                 float_of(UINT32_C(113) << 23); /* zero, subnormals */
    o = exponent == exponents ? special : o;
    o = exponent == 0 ? bits_of(tiny) : o;
    return float_of(o | (uint32_t)(h & 0x8000) << 16);
}

/* Source: F. Giesen, float_to_half_fast3_rtne. */
uint16_t nxc__f16_encode(float f) {
    uint32_t u = bits_of(f), sign = u >> 16 & 0x8000;
    u &= UINT32_C(0x7fffffff);
    if (u > UINT32_C(0x7f800000)) return (uint16_t)(sign | 0x7e00);
    if (u >= UINT32_C(143) << 23) return (uint16_t)(sign | 0x7c00);
    if (u < UINT32_C(113) << 23) { /* an addition rounds at the last bit */
        const uint32_t half = UINT32_C(126) << 23;
        return (uint16_t)(sign |
                          (bits_of(float_of(u) + float_of(half)) - half));
    }
    uint32_t is_odd = u >> 13 & 1;
    return (uint16_t)(sign |
                      (u - (UINT32_C(112) << 23) + 0xfff + is_odd) >> 13);
}

static size_t value_bytes(nxc__row_type type) {
    return type == NXC_ROW_F32 ? 4 : type == NXC_ROW_F16 ? 2 : 1;
}

size_t nxc__row_stride(const nxc__row_shape *shape) {
    size_t payload = shape->dim * value_bytes(shape->type);
    return sizeof(nxc__row_head) + ((payload + 7) & ~(size_t)7);
}

static uint64_t checksum(const nxc__row_shape *shape, const uint8_t *row) {
    const size_t from = sizeof(uint64_t);
    return nxc__hash64(row + from, nxc__row_stride(shape) - from, shape->seed);
}

/* q = round(v / step), step = max |v| / 127; the scale that is stored is
 * |v| / |q|, so that the decoded vector has the norm of v and dot products stay
 * cosines. Returns it. */
static float quantize(const float *v, size_t dim, int8_t *q) {
    float max = 0;
    double vv = 0, qq = 0;
    for (size_t i = 0; i < dim; i++)
        max = fmaxf(max, fabsf(v[i]));
    float inverse = max > 0 ? 127.0f / max : 0;
    if (!isfinite(inverse)) inverse = 0; /* all subnormal: zero */
    for (size_t i = 0; i < dim; i++) {
        q[i] = (int8_t)lrintf(v[i] * inverse);
        vv += (double)v[i] * (double)v[i];
        qq += (double)q[i] * (double)q[i];
    }
    return qq > 0 ? (float)sqrt(vv / qq) : 0;
}

void nxc__row_encode(const nxc__row_shape *shape, nxc__hash128 text,
                     const float *vector, uint8_t *out) {
    nxc__row_head head = {.text = text};
    uint8_t *payload = out + sizeof head;
    memset(out, 0, nxc__row_stride(shape));
    if (shape->type == NXC_ROW_F32)
        memcpy(payload, vector, shape->dim * sizeof(float));
    for (size_t i = 0; shape->type == NXC_ROW_F16 && i < shape->dim; i++) {
        uint16_t h = nxc__f16_encode(vector[i]);
        memcpy(payload + i * sizeof h, &h, sizeof h);
    }
    if (shape->type == NXC_ROW_INT8)
        head.scale = quantize(vector, shape->dim, (int8_t *)payload);
    memcpy(out, &head, sizeof head);
    head.checksum = checksum(shape, out);
    memcpy(out, &head.checksum, sizeof head.checksum);
}

bool nxc__row_is_sound(const nxc__row_shape *shape, const uint8_t *row) {
    uint64_t stored;
    memcpy(&stored, row, sizeof stored);
    return stored == checksum(shape, row);
}

void nxc__row_decode(const nxc__row_shape *shape, const uint8_t *row,
                     float *vector) {
    nxc__row_head head;
    const uint8_t *payload = row + sizeof head;
    memcpy(&head, row, sizeof head);
    switch (shape->type) {
    case NXC_ROW_F32:
        memcpy(vector, payload, shape->dim * sizeof(float));
        break;
    case NXC_ROW_F16:
        for (size_t i = 0; i < shape->dim; i++) {
            uint16_t h;
            memcpy(&h, payload + i * sizeof h, sizeof h);
            vector[i] = nxc__f16_decode(h);
        }
        break;
    case NXC_ROW_INT8:
        for (size_t i = 0; i < shape->dim; i++)
            vector[i] = head.scale * (float)(int8_t)payload[i];
        break;
    }
}
