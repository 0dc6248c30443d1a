/* Warming of the memory tier: the store's most recently used rows, once. */
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "engine/tiers.h"

/* Without a thread the first request pays: some milliseconds at most. */
enum { MAX_VECTORS = 1000, MAX_EMBEDDINGS = 200 };

typedef struct warming {
    nxc__tiers *tiers;
    nxc__store_reader *reader;
    nxc__is_current is_current;
    void *user;
    size_t max_vectors, max_embeddings;
} warming;

static bool keep_vector(void *user, const nxc__vector_key *key,
                        const float *vector, size_t n_features) {
    warming *w = user;
    nxc__tiers *t = w->tiers;
    if (n_features == t->n_features && w->is_current(w->user, key->fingerprint))
        (void)nxc__memory_cache_put(
            t->vectors,
            nxc__vector_key_digest(nxc__vector_key_shared(key), key->candidate),
            vector);
    return !nxc__atomic_is_published(&t->stop_warming);
}
static bool keep_embedding(void *user, const nxc__embedding_key *key,
                           const float *row, size_t dim) {
    warming *w = user;
    nxc__tiers *t = w->tiers;
    if (dim == t->dim && nxc__hash128_eq(key->model, t->model))
        (void)nxc__memory_cache_put(t->embeddings,
                                    nxc__embedding_key_digest(key), row);
    return !nxc__atomic_is_published(&t->stop_warming);
}

static size_t at_most(size_t bound, const nxc__memory_cache *cache) {
    size_t capacity = nxc__memory_cache_capacity(cache);
    return bound < capacity ? bound : capacity;
}
/* What cannot be read is not warm. */
static void warm(warming *w) {
    nxc__tiers *t = w->tiers;
    if (t->vectors)
        (void)nxc__store_recent_vectors(w->reader,
                                        at_most(w->max_vectors, t->vectors),
                                        keep_vector, w, NULL);
    if (t->embeddings)
        (void)nxc__store_recent_embeddings(
            w->reader, at_most(w->max_embeddings, t->embeddings),
            keep_embedding, w, NULL);
}

static void *warm_in_thread(void *user) {
    warming *w = user;
    const nxc_allocator *alloc = w->tiers->alloc;
    warm(w);
    nxc__store_reader_free(w->reader);
    nxc__free(alloc, w, sizeof *w);
    return NULL;
}

static bool start_thread(warming *w) {
    nxc__tiers *t = w->tiers;
    warming *own = nxc__alloc(t->alloc, sizeof *own);
    if (!own) return false;
    *own = *w;
    own->max_vectors = own->max_embeddings = SIZE_MAX; /* the capacity */
    if (nxc__store_reader_new(t->store, &own->reader, NULL) == NXC_OK) {
        t->has_warmer =
            pthread_create(&t->warmer, NULL, warm_in_thread, own) == 0;
        if (t->has_warmer) return true;
        nxc__store_reader_free(own->reader);
    }
    nxc__free(t->alloc, own, sizeof *own);
    return false;
}

void nxc__tiers_warm(nxc__tiers *t, nxc__store_reader *reader, bool may_thread,
                     nxc__is_current is_current, void *user) {
    if (!reader || nxc__atomic_is_published(&t->is_warm)) return;
    warming w = {t, reader, is_current, user, MAX_VECTORS, MAX_EMBEDDINGS};
    pthread_mutex_lock(&t->lock);
    bool is_first = !nxc__atomic_is_published(&t->is_warm);
    nxc__atomic_publish(&t->is_warm);
    if (is_first && may_thread && start_thread(&w)) is_first = false;
    pthread_mutex_unlock(&t->lock);
    if (is_first) warm(&w);
}
