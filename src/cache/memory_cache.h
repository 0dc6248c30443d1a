/*
 * The first tier: fixed-size values by 128-bit key, in memory, sharded, O(1),
 * scan-resistant.
 *
 *     new -> (get | put)* -> free
 *
 * A key is a digest (nxc__hash_128 of a key struct of cache_key.h); two keys
 * with one digest are taken for the same.
 */
#ifndef NXC_CACHE_MEMORY_CACHE_H
#define NXC_CACHE_MEMORY_CACHE_H

#include "base/hash.h"

typedef struct nxc__memory_cache nxc__memory_cache;

/* capacity: values; 0 is legal and keeps nothing. All memory is taken here.
 * Errors: NXC_ERR_NOMEM. */
nxc_status nxc__memory_cache_new(size_t capacity, size_t value_bytes,
                                 size_t n_shards, const nxc_allocator *alloc,
                                 nxc__memory_cache **out, nxc_error *err);
void nxc__memory_cache_free(nxc__memory_cache *cache);
/* Copies the value and returns true, or returns false. Thread-safety: any. */
bool nxc__memory_cache_get(nxc__memory_cache *cache, nxc__hash128 key,
                           void *value);
/* Keeps a copy; true if another value had to go. Thread-safety: any. */
bool nxc__memory_cache_put(nxc__memory_cache *cache, nxc__hash128 key,
                           const void *value);
size_t nxc__memory_cache_n(const nxc__memory_cache *cache);

#endif
