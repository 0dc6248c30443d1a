/* Hashes: XXH3 (cache keys, checksums) and SHA-256 (pins, fingerprints, keys of
 * sessions). */
#ifndef NXC_BASE_HASH_H
#define NXC_BASE_HASH_H

#include <nextcall/nextcall.h>

uint64_t nxc__hash64(const void *bytes, size_t n, uint64_t seed);
typedef struct nxc__hash128 {
    uint64_t low, high;
} nxc__hash128;
nxc__hash128 nxc__hash_128(const void *bytes, size_t n);
static inline bool nxc__hash128_eq(nxc__hash128 a, nxc__hash128 b) {
    return a.low == b.low && a.high == b.high;
}
/* 32 hex digits and a NUL, most significant first. */
void nxc__hash128_format(nxc__hash128 h, char out[33]);

#define NXC_SHA256_BYTES 32
typedef struct nxc__sha256 nxc__sha256;
nxc_status nxc__sha256_new(nxc__sha256 **out, nxc_error *err);
void nxc__sha256_update(nxc__sha256 *s, const void *bytes, size_t n);
/* Frees s. */
nxc_status nxc__sha256_finish(nxc__sha256 *s, uint8_t out[NXC_SHA256_BYTES],
                              nxc_error *err);
nxc_status nxc__sha256_bytes(const void *bytes, size_t n,
                             uint8_t out[NXC_SHA256_BYTES], nxc_error *err);
/* 64 hex digits and a NUL. */
void nxc__sha256_format(const uint8_t digest[NXC_SHA256_BYTES], char out[65]);

/* HMAC-SHA-256 (RFC 2104) of bytes under a key of n_key bytes. */
nxc_status nxc__hmac_sha256(const void *key, size_t n_key, const void *bytes,
                            size_t n, uint8_t out[NXC_SHA256_BYTES],
                            nxc_error *err);
/* Bytes that nobody can guess, for keys alone: never for a result. */
nxc_status nxc__random_secret(void *out, size_t n, nxc_error *err);

#endif
