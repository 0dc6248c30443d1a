/* An allocator that counts, and fails one request. */
#ifndef NXC_COUNTING_ALLOC_H
#define NXC_COUNTING_ALLOC_H

#include "support/nxc_test.h"

typedef struct counting_alloc {
    size_t fail_at; /* index of the request that fails; SIZE_MAX: none */
    size_t n;       /* requests so far */
    size_t live;    /* bytes not yet freed */
} counting_alloc;

static inline void *counting_realloc(void *ctx, void *ptr, size_t old_size,
                                     size_t new_size) {
    counting_alloc *c = ctx;
    if (c->n++ == c->fail_at) return NULL;
    void *p = nxc__realloc(&nxc__allocator_default, ptr, old_size, new_size);
    if (p) c->live += new_size - old_size;
    return p;
}
static inline void counting_free(void *ctx, void *ptr, size_t size) {
    ((counting_alloc *)ctx)->live -= size;
    nxc__free(&nxc__allocator_default, ptr, size);
}
static inline nxc_allocator counting_allocator(counting_alloc *c) {
    return (nxc_allocator){counting_realloc, counting_free, c};
}

#endif
