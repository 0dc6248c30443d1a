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
    nxc__width_of width_of;
    void *user;
    size_t max_vectors, max_embeddings;
    size_t n_vectors; /* put so far */
} warming;

/* A stored row is one vector, or those of a whole request. */
static void put_rows(warming *w, const nxc__vector_room *room,
                     const nxc__vector_key *key, const float *rows, size_t n) {
    nxc__hash128 shared = nxc__vector_key_shared(key);
    for (size_t i = 0; i < n; i++)
        (void)nxc__memory_cache_put(
            room->cache,
            room->is_whole ? nxc__tiers_row_digest(shared, key->candidate, i)
                           : nxc__vector_key_digest(shared, key->candidate),
            rows + i * room->width);
    w->n_vectors += n;
}
static bool keep_vector(void *user, const nxc__vector_key *key,
                        const float *vector, size_t n_features) {
    warming *w = user;
    nxc__tiers *t = w->tiers;
    size_t width = w->width_of(w->user, key->fingerprint);
    size_t n_rooms = (size_t)nxc__atomic_word_get(&t->n_rooms);
    for (size_t k = 0; width && k < n_rooms; k++) {
        const nxc__vector_room *room = &t->rooms[k];
        if (room->width != width || !room->cache || n_features % width != 0)
            continue;
        if (room->is_whole || n_features == width)
            put_rows(w, room, key, vector, n_features / width);
    }
    return w->n_vectors < w->max_vectors &&
           !nxc__atomic_is_published(&t->stop_warming);
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
    if (t->rooms[0].cache) { /* all rooms are for as many */
        w->max_vectors = at_most(w->max_vectors, t->rooms[0].cache);
        (void)nxc__store_recent_vectors(w->reader, w->max_vectors, keep_vector,
                                        w, NULL);
    }
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
                     nxc__width_of width_of, void *user) {
    if (!reader || nxc__atomic_is_published(&t->is_warm)) return;
    warming w = {.tiers = t,
                 .reader = reader,
                 .width_of = width_of,
                 .user = user,
                 .max_vectors = MAX_VECTORS,
                 .max_embeddings = MAX_EMBEDDINGS};
    pthread_mutex_lock(&t->lock);
    bool is_first = !nxc__atomic_is_published(&t->is_warm);
    nxc__atomic_publish(&t->is_warm);
    if (is_first && may_thread && start_thread(&w)) is_first = false;
    pthread_mutex_unlock(&t->lock);
    if (is_first) warm(&w);
}
