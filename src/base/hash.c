#include "base/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/error.h"

uint64_t nxc__hash64(const void *bytes, size_t n, uint64_t seed) {
    return XXH3_64bits_withSeed(bytes, n, seed);
}
nxc__hash128 nxc__hash_128(const void *bytes, size_t n) {
    XXH128_hash_t h = XXH3_128bits(bytes, n);
    return (nxc__hash128){h.low64, h.high64};
}

static void hex(const uint8_t *bytes, size_t n, char *out) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * n] = 0;
}
void nxc__hash128_format(nxc__hash128 h, char out[33]) {
    uint8_t b[16];
    for (int i = 0; i < 8; i++) {
        b[i] = (uint8_t)(h.high >> (56 - 8 * i));
        b[8 + i] = (uint8_t)(h.low >> (56 - 8 * i));
    }
    hex(b, sizeof b, out);
}

/* nxc__sha256 is libcrypto's context under another name. */
static EVP_MD_CTX *ctx_of(nxc__sha256 *s) { return (EVP_MD_CTX *)s; }

nxc_status nxc__sha256_new(nxc__sha256 **out, nxc_error *err) {
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    if (!c || EVP_DigestInit_ex(c, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(c);
        return nxc__error(err, NXC_ERR_NOMEM,
                          "libcrypto: expected a SHA-256 context, got none");
    }
    *out = (nxc__sha256 *)c;
    return NXC_OK;
}
void nxc__sha256_update(nxc__sha256 *s, const void *bytes, size_t n) {
    EVP_DigestUpdate(ctx_of(s), bytes, n); /* cannot fail after init */
}
nxc_status nxc__sha256_finish(nxc__sha256 *s, uint8_t out[NXC_SHA256_BYTES],
                              nxc_error *err) {
    unsigned len = 0;
    int ok = EVP_DigestFinal_ex(ctx_of(s), out, &len);
    EVP_MD_CTX_free(ctx_of(s));
    return ok == 1 && len == NXC_SHA256_BYTES
               ? NXC_OK
               : nxc__error(err, NXC_ERR_INTERNAL,
                            "libcrypto: expected a digest, got none");
}
nxc_status nxc__sha256_bytes(const void *bytes, size_t n,
                             uint8_t out[NXC_SHA256_BYTES], nxc_error *err) {
    nxc__sha256 *s;
    NXC_TRY(nxc__sha256_new(&s, err));
    nxc__sha256_update(s, bytes, n);
    return nxc__sha256_finish(s, out, err);
}
void nxc__sha256_format(const uint8_t digest[NXC_SHA256_BYTES], char out[65]) {
    hex(digest, NXC_SHA256_BYTES, out);
}

nxc_status nxc__hmac_sha256(const void *key, size_t n_key, const void *bytes,
                            size_t n, uint8_t out[NXC_SHA256_BYTES],
                            nxc_error *err) {
    unsigned len = 0;
    if (n_key <= INT32_MAX &&
        HMAC(EVP_sha256(), key, (int)n_key, bytes, n, out, &len) &&
        len == NXC_SHA256_BYTES)
        return NXC_OK;
    return nxc__error(err, NXC_ERR_INTERNAL,
                      "libcrypto: expected an HMAC, got none");
}

nxc_status nxc__random_secret(void *out, size_t n, nxc_error *err) {
    if (n <= INT32_MAX && RAND_bytes(out, (int)n) == 1) return NXC_OK;
    return nxc__error(err, NXC_ERR_IO,
                      "libcrypto: expected random bytes, got none");
}
