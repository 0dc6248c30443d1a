/* Strings of a catalog under construction: each kept once, known by number, 0
 * is "". Failures stick, as in a buffer: add as often as needed, then ask
 * nxc__pool_status once.
 *     init -> add* -> (status, offsets/bytes) -> release */
#ifndef NXC_CATALOG_STRING_POOL_H
#define NXC_CATALOG_STRING_POOL_H

#include "base/buffer.h"

typedef struct nxc__string_pool {
    nxc__buffer bytes;
    nxc__buffer offsets; /* (n + 1) uint32 */
    nxc__buffer slots;   /* (power of two) uint64: hash << 32 | number + 1 */
    uint32_t n;
} nxc__string_pool;

void nxc__pool_init(nxc__string_pool *p, const nxc_allocator *alloc);
void nxc__pool_release(nxc__string_pool *p);
/* The number of s; 0 after a failure. s may be a view of the pool itself. */
uint32_t nxc__pool_add(nxc__string_pool *p, nxc_str s);
/* Valid until the next add. */
nxc_str nxc__pool_get(const nxc__string_pool *p, uint32_t i);
nxc_status nxc__pool_status(const nxc__string_pool *p, nxc_error *err);

#endif
