/* A packed float32 model file in memory to one of another dtype. */
#ifndef NXC_ENCODER_MODEL_QUANTIZE_H
#define NXC_ENCODER_MODEL_QUANTIZE_H

#include "encoder/packed_model.h"

/* dtype: NXC_BF16 or NXC_INT8. *file is for nxc__free with its file_bytes, also
 * on failure unless NULL. Errors: NXC_ERR_NOMEM, NXC_ERR_FORMAT (weights that
 * overflow). */
nxc_status nxc__model_quantize(const nxc__packed_header *f32, nxc_dtype dtype,
                               const nxc_allocator *alloc,
                               nxc__packed_header **file, nxc_error *err);

#endif
