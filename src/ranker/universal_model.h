/* models/universal-v2.txt as bytes: cmake/embed_model.cmake generates the
 * definition. */
#ifndef NXC_RANKER_UNIVERSAL_MODEL_H
#define NXC_RANKER_UNIVERSAL_MODEL_H

#include <stddef.h>

extern const unsigned char nxc__universal_model[];
extern const size_t nxc__universal_model_size;

#endif
