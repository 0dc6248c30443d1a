/* Rows of the store as bytes: docs/formats/store.md. */
#ifndef NXC_CACHE_STORE_ROW_H
#define NXC_CACHE_STORE_ROW_H

#include "cache/cache_key.h"

typedef enum nxc__row_kind {
    NXC_ROW_VECTOR = 1,
    NXC_ROW_EMBEDDING = 2,
    NXC_ROW_LEARNED = 3 /* learned_rows.h; here only to be deleted */
} nxc__row_kind;

/* Floats of a row at most. */
#define NXC_STORE_MAX_FLOATS 16384u

/* In front of the float32 numbers of a payload. */
typedef struct nxc__payload_header {
    uint8_t magic[2]; /* "NX" */
    uint8_t version;  /* 1 */
    uint8_t type;     /* 0: float32 */
    uint32_t n;       /* numbers */
} nxc__payload_header;
_Static_assert(sizeof(nxc__payload_header) == 8, "docs/formats/store.md");
_Static_assert(sizeof(nxc__vector_key) == 64, "four hashes, no padding");
_Static_assert(sizeof(nxc__embedding_key) == 32, "two hashes, no padding");

static inline size_t nxc__payload_bytes(size_t n) {
    return sizeof(nxc__payload_header) + n * sizeof(float);
}
/* out (nxc__payload_bytes(n)). */
void nxc__payload_encode(const float *numbers, size_t n, void *out);
/* The count of numbers, or 0 if this is no payload; 0 numbers are none. */
size_t nxc__payload_n(const void *bytes, size_t n_bytes);
/* XXH3-64 of the payload, seeded by that of the key, seeded by the kind. */
uint64_t nxc__row_checksum(nxc__row_kind kind, const void *key,
                           const void *payload, size_t n_bytes);
static inline size_t nxc__row_key_bytes(nxc__row_kind kind) {
    return kind == NXC_ROW_VECTOR ? sizeof(nxc__vector_key)
                                  : sizeof(nxc__embedding_key);
}

#endif
