#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NXC_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define NXC_ASAN 1
#endif
#ifdef NXC_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

static void *default_realloc(void *ctx, void *ptr, size_t old_size,
                             size_t new_size) {
    (void)ctx;
    (void)old_size;
    return realloc(ptr, new_size ? new_size : 1);
}
static void default_free(void *ctx, void *ptr, size_t size) {
    (void)ctx;
    (void)size;
    free(ptr);
}
const nxc_allocator nxc__allocator_default = {default_realloc, default_free,
                                              NULL};

const nxc_allocator *nxc__allocator_or_default(const nxc_allocator *alloc) {
    return alloc ? alloc : &nxc__allocator_default;
}
void *nxc__alloc(const nxc_allocator *a, size_t size) {
    return a->realloc(a->ctx, NULL, 0, size);
}
void *nxc__alloc_zero(const nxc_allocator *a, size_t size) {
    void *p = nxc__alloc(a, size);
    if (p) memset(p, 0, size);
    return p;
}
void *nxc__realloc(const nxc_allocator *a, void *ptr, size_t old_size,
                   size_t new_size) {
    return a->realloc(a->ctx, ptr, old_size, new_size);
}
void nxc__free(const nxc_allocator *a, void *ptr, size_t size) {
    if (ptr) a->free(a->ctx, ptr, size);
}
void nxc__free_str(const nxc_allocator *a, nxc_str s) {
    union {
        const char *in;
        void *out;
    } p = {s.ptr};
    nxc__free(a, p.out, s.len + 1);
}

/* ---------------------------------------------------------------- arena */

#define ALIGN 16u
#define MIN_BLOCK ((size_t)16 << 10)

struct nxc__arena_block {
    nxc__arena_block *next;
    size_t cap; /* bytes after the header */
};
#define HEADER ((sizeof(nxc__arena_block) + ALIGN - 1) / ALIGN * ALIGN)

static char *block_data(nxc__arena_block *b) { return (char *)b + HEADER; }

void nxc__arena_init(nxc__arena *arena, const nxc_allocator *alloc,
                     size_t max_bytes) {
    memset(arena, 0, sizeof *arena);
    arena->alloc = alloc;
    arena->max_bytes = max_bytes;
}

/* Make a block with room for size the current one. */
static bool next_block(nxc__arena *arena, size_t size) {
    nxc__arena_block *b = arena->current;
    nxc__arena_block *next = b ? b->next : arena->first;
    while (next && next->cap < size) {
        b = next;
        next = next->next;
    }
    if (!next) {
        size_t cap = b ? b->cap * 2 : MIN_BLOCK;
        if (cap > ((size_t)8 << 20)) cap = (size_t)8 << 20;
        if (cap < size) cap = size;
        size_t bytes;
        if (!nxc__add(cap, HEADER, &bytes) || bytes > arena->max_bytes ||
            arena->total > arena->max_bytes - bytes)
            return false;
        next = nxc__alloc(arena->alloc, bytes);
        if (!next) return false;
        next->next = NULL;
        next->cap = cap;
        POISON(block_data(next), cap);
        if (b)
            b->next = next;
        else
            arena->first = next;
        arena->total += bytes;
    }
    arena->current = next;
    arena->used = 0;
    return true;
}

void *nxc__arena_alloc(nxc__arena *arena, size_t size) {
    size_t need;
    if (!nxc__add(size, ALIGN - 1, &need)) return NULL;
    need -= need % ALIGN;
    if (need == 0) need = ALIGN;
    if (!arena->current || arena->current->cap - arena->used < need)
        if (!next_block(arena, need)) return NULL;
    char *p = block_data(arena->current) + arena->used;
    arena->used += need;
    UNPOISON(p, size);
    return p;
}

void *nxc__arena_alloc_array(nxc__arena *arena, size_t n, size_t size) {
    size_t bytes;
    return nxc__mul(n, size, &bytes) ? nxc__arena_alloc(arena, bytes) : NULL;
}

nxc_str nxc__arena_copy(nxc__arena *arena, nxc_str s) {
    char *p = s.len < SIZE_MAX ? nxc__arena_alloc(arena, s.len + 1) : NULL;
    if (!p) return (nxc_str){NULL, 0};
    if (s.len) memcpy(p, s.ptr, s.len);
    p[s.len] = 0;
    return (nxc_str){p, s.len};
}

void nxc__arena_reset(nxc__arena *arena) {
    for (nxc__arena_block *b = arena->first; b; b = b->next)
        POISON(block_data(b), b->cap);
    arena->current = NULL;
    arena->used = 0;
}

void nxc__arena_release(nxc__arena *arena) {
    nxc__arena_block *b = arena->first;
    while (b) {
        nxc__arena_block *next = b->next;
        UNPOISON(block_data(b), b->cap);
        nxc__free(arena->alloc, b, b->cap + HEADER);
        b = next;
    }
    arena->first = arena->current = NULL;
    arena->used = arena->total = 0;
}
