/* Keys of the caches: docs/formats/cache-key.md. */
#ifndef NXC_CACHE_CACHE_KEY_H
#define NXC_CACHE_CACHE_KEY_H

#include "base/hash.h"

/* What a feature vector depends on, each part an XXH3-128. */
typedef struct nxc__vector_key {
    nxc__hash128 prompt;
    nxc__hash128 candidate;
    nxc__hash128 context;     /* what the history contributes */
    nxc__hash128 fingerprint; /* of everything else */
} nxc__vector_key;

/* What an embedding depends on. */
typedef struct nxc__embedding_key {
    nxc__hash128 text;  /* of the text's bytes */
    nxc__hash128 model; /* of the encoder's fingerprint */
} nxc__embedding_key;

/* Digests, the keys of the memory tier. What the candidates of one request
 * share is digested once (candidate is not read), then each candidate. */
nxc__hash128 nxc__vector_key_shared(const nxc__vector_key *key);
nxc__hash128 nxc__vector_key_digest(nxc__hash128 shared,
                                    nxc__hash128 candidate);
nxc__hash128 nxc__embedding_key_digest(const nxc__embedding_key *key);

#endif
