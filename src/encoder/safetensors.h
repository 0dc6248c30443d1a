/*
 * Reading a safetensors file: 8 bytes of header length, a JSON header, data.
 *
 *     open -> (find | get_f32)* -> release
 *
 * The file is untrusted. After open every tensor lies inside the data, has
 * exactly the bytes of its shape and dtype, and the tensors cover the data
 * without gap or overlap, so a reader needs no further check.
 */
#ifndef NXC_ENCODER_SAFETENSORS_H
#define NXC_ENCODER_SAFETENSORS_H

#include "base/json.h"
#include "base/strmap.h"

#define NXC_SAFETENSORS_MAX_HEADER ((size_t)100000000)
#define NXC_SAFETENSORS_MAX_RANK 8

typedef struct nxc__tensor {
    nxc_str name;
    nxc_str dtype; /* "F32", "I64", ... */
    size_t rank;
    size_t shape[NXC_SAFETENSORS_MAX_RANK];
    size_t offset; /* in the data */
    const uint8_t *data;
    size_t bytes;
} nxc__tensor;

/* Views into the bytes given to open, which must outlive it. */
typedef struct nxc__safetensors {
    const nxc_allocator *alloc;
    nxc_str name; /* of the file, in errors; borrowed */
    nxc__json_doc *header;
    nxc__tensor *tensors; /* (n), by offset */
    size_t n;
    nxc__strmap index;
} nxc__safetensors;

/* Errors: NXC_ERR_FORMAT, NXC_ERR_PARSE (the header), NXC_ERR_LIMIT (header
 * over 100 MB, rank over 8), NXC_ERR_NOMEM. On failure nothing is held. */
nxc_status nxc__safetensors_open(nxc__safetensors *st, nxc_str name,
                                 const void *bytes, size_t size,
                                 const nxc_allocator *alloc, nxc_error *err);
void nxc__safetensors_release(nxc__safetensors *st);

/* NULL if there is none of that name. */
const nxc__tensor *nxc__safetensors_find(const nxc__safetensors *st,
                                         nxc_str name);
/* The little-endian float32 bytes of a tensor, unaligned.
 * Errors: NXC_ERR_FORMAT (absent, or another shape), NXC_ERR_UNSUPPORTED
 * (another dtype, by its name). */
nxc_status nxc__safetensors_get_f32(const nxc__safetensors *st, nxc_str name,
                                    size_t rank, const size_t *shape,
                                    const uint8_t **data, nxc_error *err);

#endif
