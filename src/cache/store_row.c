#include "cache/store_row.h"

#include <string.h>

void nxc__payload_encode(const float *numbers, size_t n, void *out) {
    nxc__payload_header h = {{'N', 'X'}, 1, 0, (uint32_t)n};
    memcpy(out, &h, sizeof h);
    memcpy((char *)out + sizeof h, numbers, n * sizeof *numbers);
}

size_t nxc__payload_n(const void *bytes, size_t n_bytes) {
    nxc__payload_header h;
    if (!bytes || n_bytes < sizeof h) return 0;
    memcpy(&h, bytes, sizeof h);
    bool ok = h.magic[0] == 'N' && h.magic[1] == 'X' && h.version == 1 &&
              h.type == 0 && h.n <= NXC_STORE_MAX_FLOATS &&
              nxc__payload_bytes(h.n) == n_bytes;
    return ok ? h.n : 0;
}

uint64_t nxc__row_checksum(nxc__row_kind kind, const void *key,
                           const void *payload, size_t n_bytes) {
    uint64_t seed = nxc__hash64(key, nxc__row_key_bytes(kind), kind);
    return nxc__hash64(payload, n_bytes, seed);
}
