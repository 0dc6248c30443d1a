#include "base/strmap.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"

/* Open addressing, linear probing, at most half full. The seed only has to
 * differ from what an attacker can precompute for a generic table. */
#define SEED UINT64_C(0x6e78635f6d617001)

static uint32_t hash_of(nxc_str key) {
    uint64_t h = nxc__hash64(key.ptr, key.len, SEED);
    return (uint32_t)(h ^ (h >> 32)) | 1u; /* 0 marks a free slot */
}

void nxc__strmap_init(nxc__strmap *m, const nxc_allocator *alloc) {
    memset(m, 0, sizeof *m);
    m->alloc = alloc;
}
void nxc__strmap_release(nxc__strmap *m) {
    nxc__free(m->alloc, m->slots, m->cap * sizeof *m->slots);
    m->slots = NULL;
    m->cap = m->n = 0;
}

static size_t probe(const nxc__strmap *m, nxc_str key, uint32_t hash) {
    size_t i = hash & (m->cap - 1);
    while (m->slots[i].hash &&
           (m->slots[i].hash != hash || !nxc__str_eq(m->slots[i].key, key)))
        i = (i + 1) & (m->cap - 1);
    return i;
}

uint32_t nxc__strmap_find(const nxc__strmap *m, nxc_str key) {
    if (m->cap == 0) return NXC_NONE;
    const nxc__strmap_slot *s = &m->slots[probe(m, key, hash_of(key))];
    return s->hash ? s->value : NXC_NONE;
}

static nxc_status grow(nxc__strmap *m, nxc_error *err) {
    nxc__strmap old = *m;
    size_t cap = old.cap ? old.cap * 2 : 16, bytes;
    if (!nxc__mul(cap, sizeof *m->slots, &bytes))
        return nxc__error_nomem(err, SIZE_MAX);
    nxc__strmap_slot *slots = nxc__alloc_zero(m->alloc, bytes);
    if (!slots) return nxc__error_nomem(err, bytes);
    m->slots = slots;
    m->cap = cap;
    for (size_t i = 0; i < old.cap; i++)
        if (old.slots[i].hash)
            m->slots[probe(m, old.slots[i].key, old.slots[i].hash)] =
                old.slots[i];
    nxc__free(m->alloc, old.slots, old.cap * sizeof *old.slots);
    return NXC_OK;
}

nxc_status nxc__strmap_add(nxc__strmap *m, nxc_str key, uint32_t value,
                           uint32_t *found, nxc_error *err) {
    if ((m->n + 1) * 2 > m->cap) NXC_TRY(grow(m, err));
    uint32_t hash = hash_of(key);
    nxc__strmap_slot *s = &m->slots[probe(m, key, hash)];
    if (!s->hash) {
        *s = (nxc__strmap_slot){key, hash, value};
        m->n++;
    }
    if (found) *found = s->value;
    return NXC_OK;
}
