/* An open-addressed table of indices (+ 1), at most half full; a hash only
 * finds the slot, the bytes decide. */
#include "encoder/distinct_texts.h"

#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"

#define N_SLOTS (2 * NXC_DISTINCT_MAX)

void nxc__distinct_find(nxc__distinct *d, const nxc_str *texts, size_t n) {
    NXC_ASSERT(n <= NXC_DISTINCT_MAX);
    d->n = 0;
    memset(d->slots, 0, sizeof d->slots);
    for (size_t i = 0; i < n; i++) {
        size_t slot = nxc__hash64(texts[i].ptr, texts[i].len, 0) % N_SLOTS;
        while (d->slots[slot] &&
               !nxc__str_eq(texts[d->slots[slot] - 1], texts[i]))
            slot = (slot + 1) % N_SLOTS;
        if (!d->slots[slot]) {
            d->slots[slot] = (uint16_t)(i + 1);
            d->at[d->n++] = (uint16_t)i;
        }
        d->same[i] = (uint16_t)(d->slots[slot] - 1);
    }
}
