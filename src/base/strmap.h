/* A hash map from strings to uint32_t. Keys are borrowed: they must outlive the
 * map. The hash is seeded, and no result depends on the order of the slots. */
#ifndef NXC_BASE_STRMAP_H
#define NXC_BASE_STRMAP_H

#include <nextcall/nextcall.h>

typedef struct nxc__strmap_slot {
    nxc_str key;
    uint32_t hash, value;
} nxc__strmap_slot;

typedef struct nxc__strmap {
    const nxc_allocator *alloc;
    nxc__strmap_slot *slots;
    size_t cap, n;
} nxc__strmap;

void nxc__strmap_init(nxc__strmap *m, const nxc_allocator *alloc);
void nxc__strmap_release(nxc__strmap *m);
/* NXC_NONE if absent. */
uint32_t nxc__strmap_find(const nxc__strmap *m, nxc_str key);
/* Keeps the first value of a key: *found gets the value now in the map (equal
 * to value if the key is new). NULL is legal. */
nxc_status nxc__strmap_add(nxc__strmap *m, nxc_str key, uint32_t value,
                           uint32_t *found, nxc_error *err);

#endif
