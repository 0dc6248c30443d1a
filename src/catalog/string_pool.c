#include "catalog/string_pool.h"

#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"

/* Offsets are 32 bits wide in the image. */
#define MAX_BYTES ((size_t)UINT32_MAX - 1)
#define SEED UINT64_C(0x6e7863706f6f6c31)

static uint64_t *slots_of(const nxc__string_pool *p) {
    return (uint64_t *)(void *)p->slots.data;
}
static uint32_t hash_of(nxc_str s) {
    return (uint32_t)(nxc__hash64(s.ptr, s.len, SEED) >> 32);
}

void nxc__pool_init(nxc__string_pool *p, const nxc_allocator *alloc) {
    memset(p, 0, sizeof *p);
    nxc__buffer_init(&p->bytes, alloc, MAX_BYTES);
    nxc__buffer_init(&p->offsets, alloc, MAX_BYTES);
    nxc__buffer_init(&p->slots, alloc, SIZE_MAX / 2);
    nxc__buffer_extend(&p->offsets, sizeof(uint32_t));
    nxc__buffer_extend(&p->slots, 64 * sizeof(uint64_t));
    nxc__pool_add(p, NXC_STR(""));
}

void nxc__pool_release(nxc__string_pool *p) {
    nxc__buffer_release(&p->bytes);
    nxc__buffer_release(&p->offsets);
    nxc__buffer_release(&p->slots);
}

static bool has_failed(const nxc__string_pool *p) {
    return p->bytes.status || p->offsets.status || p->slots.status;
}

nxc_str nxc__pool_get(const nxc__string_pool *p, uint32_t i) {
    const uint32_t *offsets = (const uint32_t *)(const void *)p->offsets.data;
    return (nxc_str){p->bytes.data ? p->bytes.data + offsets[i] : "",
                     offsets[i + 1] - offsets[i]};
}

/* The slot of s: its own, or the free one where it belongs. */
static size_t probe(const nxc__string_pool *p, nxc_str s, uint32_t hash) {
    const uint64_t *slots = slots_of(p);
    size_t mask = p->slots.len / sizeof *slots - 1, i = hash & mask;
    for (; slots[i]; i = (i + 1) & mask)
        if (slots[i] >> 32 == hash &&
            nxc__str_eq(nxc__pool_get(p, (uint32_t)slots[i] - 1), s))
            break;
    return i;
}

/* Double the table; the hashes are in the slots. */
static void grow(nxc__string_pool *p) {
    nxc__buffer old = p->slots;
    nxc__buffer_init(&p->slots, old.alloc, old.max);
    uint64_t *to = nxc__buffer_extend(&p->slots, old.len * 2);
    if (!to) {
        p->slots.data = old.data;
        p->slots.cap = old.cap;
        p->slots.len = old.len;
        return;
    }
    const uint64_t *from = (const uint64_t *)(const void *)old.data;
    size_t n = old.len / sizeof *from, mask = n * 2 - 1;
    for (size_t k = 0; k < n; k++) {
        if (!from[k]) continue;
        size_t i = (size_t)(from[k] >> 32) & mask;
        while (to[i])
            i = (i + 1) & mask;
        to[i] = from[k];
    }
    nxc__buffer_release(&old);
}

uint32_t nxc__pool_add(nxc__string_pool *p, nxc_str s) {
    if (has_failed(p)) return 0;
    if (((size_t)p->n + 1) * 2 * sizeof(uint64_t) > p->slots.len) {
        grow(p);
        if (has_failed(p)) return 0;
    }
    uint32_t hash = hash_of(s);
    size_t i = probe(p, s, hash);
    if (slots_of(p)[i]) return (uint32_t)slots_of(p)[i] - 1;
    size_t before = p->bytes.len;
    /* s may lie in the bytes, which growing moves */
    bool inside =
        before && s.ptr >= p->bytes.data && s.ptr < p->bytes.data + before;
    size_t at = inside ? (size_t)(s.ptr - p->bytes.data) : 0;
    char *to = nxc__buffer_extend(&p->bytes, s.len);
    uint32_t end = (uint32_t)p->bytes.len;
    nxc__buffer_append(&p->offsets, &end, sizeof end);
    if (has_failed(p)) return 0;
    if (s.len) memcpy(to, inside ? p->bytes.data + at : s.ptr, s.len);
    slots_of(p)[i] = (uint64_t)hash << 32 | (p->n + 1);
    return p->n++;
}

nxc_status nxc__pool_status(const nxc__string_pool *p, nxc_error *err) {
    NXC_TRY(nxc__buffer_status(&p->bytes, "catalog strings", err));
    NXC_TRY(nxc__buffer_status(&p->offsets, "catalog strings", err));
    return nxc__buffer_status(&p->slots, "catalog strings", err);
}
