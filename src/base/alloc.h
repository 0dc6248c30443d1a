/* The allocator and the arena: the only sources of memory in the library.
 * malloc, realloc and free appear in alloc.c alone (tools/check-banned). */
#ifndef NXC_BASE_ALLOC_H
#define NXC_BASE_ALLOC_H

#include <nextcall/nextcall.h>

/* The C library's functions. */
extern const nxc_allocator nxc__allocator_default;
/* alloc, or the default for NULL. */
const nxc_allocator *nxc__allocator_or_default(const nxc_allocator *alloc);

/* NULL if size bytes cannot be had; size 0 gives a unique pointer. */
void *nxc__alloc(const nxc_allocator *a, size_t size);
void *nxc__alloc_zero(const nxc_allocator *a, size_t size);
/* The old block survives a failure. */
void *nxc__realloc(const nxc_allocator *a, void *ptr, size_t old_size,
                   size_t new_size);
/* NULL is legal. */
void nxc__free(const nxc_allocator *a, void *ptr, size_t size);
/* A string of ours with its NUL: len + 1 bytes. ptr NULL is legal. */
void nxc__free_str(const nxc_allocator *a, nxc_str s);

/* An arena: bump allocation in growing blocks, all freed or reset at once.
 * Blocks are kept by reset, so a warm arena allocates nothing.
 *     init -> (alloc | copy)* -> reset -> ... -> release
 * Thread-safety: one thread at a time. */
typedef struct nxc__arena_block nxc__arena_block;
typedef struct nxc__arena {
    const nxc_allocator *alloc;
    nxc__arena_block *first, *current;
    size_t used;      /* of the current block */
    size_t max_bytes; /* over all blocks; a further block is refused */
    size_t total;     /* bytes of all blocks */
} nxc__arena;

void nxc__arena_init(nxc__arena *arena, const nxc_allocator *alloc,
                     size_t max_bytes);
/* 16-byte aligned; NULL if out of memory or over max_bytes. */
void *nxc__arena_alloc(nxc__arena *arena, size_t size);
/* n * size with the product checked. */
void *nxc__arena_alloc_array(nxc__arena *arena, size_t n, size_t size);
/* A NUL-terminated copy; ptr is NULL on failure. */
nxc_str nxc__arena_copy(nxc__arena *arena, nxc_str s);
void nxc__arena_reset(nxc__arena *arena);
void nxc__arena_release(nxc__arena *arena);

#endif
