/*
 * The first tier: fixed-size values by 128-bit key, in memory, sharded, O(1),
 * scan-resistant (docs/adr/0009-memory-cache.md).
 *
 *     new -> (get | get_many | put)* -> free
 *
 * A key is a digest (cache_key.h); two keys with one digest are taken for the
 * same.
 */
#ifndef NXC_CACHE_MEMORY_CACHE_H
#define NXC_CACHE_MEMORY_CACHE_H

#include "base/hash.h"

typedef struct nxc__memory_cache nxc__memory_cache;

/* capacity: values; 0 is legal and keeps nothing. All memory is taken here.
 * Errors: NXC_ERR_NOMEM, NXC_ERR_LIMIT (over 2^30 values). */
nxc_status nxc__memory_cache_new(size_t capacity, size_t value_bytes,
                                 size_t n_shards, const nxc_allocator *alloc,
                                 nxc__memory_cache **out, nxc_error *err);
void nxc__memory_cache_free(nxc__memory_cache *cache);
/* Copies the value and returns true, or returns false. Thread-safety: any. */
bool nxc__memory_cache_get(nxc__memory_cache *cache, nxc__hash128 key,
                           void *value);
/* The same for n keys, which takes each lock once for some hundred of them.
 * values (n) of value_bytes; is_found (n): those that are not found are left
 * alone. Returns how many are found. Thread-safety: any. */
size_t nxc__memory_cache_get_many(nxc__memory_cache *cache,
                                  const nxc__hash128 *keys, size_t n,
                                  void *values, uint8_t *is_found);
/* Keeps a copy; true if another value had to go. Thread-safety: any. */
bool nxc__memory_cache_put(nxc__memory_cache *cache, nxc__hash128 key,
                           const void *value);
size_t nxc__memory_cache_capacity(const nxc__memory_cache *cache);
/* Values kept now. Thread-safety: any. */
size_t nxc__memory_cache_n(nxc__memory_cache *cache);
/* Whether its invariants hold, for tests. */
bool nxc__memory_cache_check(nxc__memory_cache *cache);

#endif
