/* Digests of keys: XXH3-128 over the parts one after the other, each as its
 * low and its high word, little-endian. */
#include "cache/cache_key.h"

#include <assert.h>

static nxc__hash128 digest(const nxc__hash128 *parts, size_t n) {
    static_assert(sizeof(nxc__hash128) == 16, "no padding is hashed");
    return nxc__hash_128(parts, n * sizeof *parts);
}

nxc__hash128 nxc__vector_key_shared(const nxc__vector_key *key) {
    nxc__hash128 parts[] = {key->prompt, key->context, key->fingerprint};
    return digest(parts, 3);
}
nxc__hash128 nxc__vector_key_digest(nxc__hash128 shared,
                                    nxc__hash128 candidate) {
    nxc__hash128 parts[] = {shared, candidate};
    return digest(parts, 2);
}
nxc__hash128 nxc__embedding_key_digest(const nxc__embedding_key *key) {
    nxc__hash128 parts[] = {key->text, key->model};
    return digest(parts, 2);
}
