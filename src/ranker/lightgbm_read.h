/* LightGBM's text model format, v2 to v4 (docs/formats/lightgbm-model.md). */
#ifndef NXC_RANKER_LIGHTGBM_READ_H
#define NXC_RANKER_LIGHTGBM_READ_H

#include "ranker/forest.h"

/* Parse a model; name is for errors, limits NULL means the defaults.
 * Errors: NXC_ERR_PARSE "<name>:<line>: expected ...", NXC_ERR_UNSUPPORTED
 * (several trees per iteration, another version), NXC_ERR_LIMIT, NXC_ERR_NOMEM.
 */
nxc_status nxc__lightgbm_read(nxc_str name, nxc_str text,
                              const nxc__forest_limits *limits,
                              const nxc_allocator *alloc, nxc__forest **out,
                              nxc_error *err);

#endif
