/* One row of the embedding file: a head, then the vector as float32, float16 or
 * int8. Byte table: docs/formats/embedding-file.md. */
#ifndef NXC_CACHE_EMBEDDING_ROW_H
#define NXC_CACHE_EMBEDDING_ROW_H

#include "base/hash.h"

typedef enum nxc__row_type {
    NXC_ROW_F32 = 0,
    NXC_ROW_F16 = 1,
    NXC_ROW_INT8 = 2
} nxc__row_type;

typedef struct nxc__row_head {
    uint64_t checksum; /* XXH3-64 of the row behind it; seed: the model */
    float scale;       /* of int8; else 0 */
    uint32_t reserved; /* 0 */
    nxc__hash128 text;
} nxc__row_head;
_Static_assert(sizeof(nxc__row_head) == 32, "docs/formats/embedding-file.md");

typedef struct nxc__row_shape {
    nxc__row_type type;
    size_t dim;
    uint64_t seed; /* of the checksum */
} nxc__row_shape;

/* Bytes of a row, a multiple of 8. */
size_t nxc__row_stride(const nxc__row_shape *shape);
/* vector (dim) finite -> out (stride). */
void nxc__row_encode(const nxc__row_shape *shape, nxc__hash128 text,
                     const float *vector, uint8_t *out);
/* Whether the checksum of a row (stride bytes, 8-byte aligned) is right. */
bool nxc__row_is_sound(const nxc__row_shape *shape, const uint8_t *row);
/* row -> vector (dim). float32 rows give the bits that were encoded; the other
 * types give a vector of the same L2 norm (int8) or within 2^-11 of each value
 * (float16). */
void nxc__row_decode(const nxc__row_shape *shape, const uint8_t *row,
                     float *vector);

/* IEEE 754 binary16; encode rounds to nearest even, NaN stays NaN. */
float nxc__f16_decode(uint16_t h);
uint16_t nxc__f16_encode(float f);

#endif
