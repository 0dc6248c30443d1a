/* A packed float32 model file in memory to the int8 one. */
#ifndef NXC_ENCODER_MODEL_QUANTIZE_H
#define NXC_ENCODER_MODEL_QUANTIZE_H

#include "encoder/packed_model.h"

/* *file is for nxc__free with its file_bytes, also on failure unless NULL.
 * Errors: NXC_ERR_NOMEM, NXC_ERR_FORMAT (weights that overflow float32). */
nxc_status nxc__model_quantize(const nxc__packed_header *f32,
                               const nxc_allocator *alloc,
                               nxc__packed_header **file, nxc_error *err);

#endif
