/*
 * Feature vectors through the tiers: memory, then SQLite.
 *
 *     add_vectors -> (find -> recall? -> put*)*
 *
 * A room holds vectors of one width. A vector that is a matter of its own
 * candidate is found by it; those that depend on each other are found all or
 * not at all, by the hash of the candidates and their place:
 *
 *     memory   digest(digest(prompt, context, fingerprint), candidate)
 *     whole    digest(that of all candidates, place), a row each
 *     SQLite   a row for each vector; whole: one for the request
 *
 * Threading: any; see tiers.c.
 * Cost: in memory one digest and one probe a vector; in SQLite some
 * microseconds a row, so that it is asked until it has no more.
 */
#include <string.h>

#include "base/error.h"
#include "cache/store_row.h"
#include "engine/tiers.h"

nxc_status nxc__tiers_add_vectors(nxc__tiers *t, const nxc_config *cfg,
                                  size_t width, bool is_whole, nxc_error *err) {
    size_t capacity = nxc__config_int(cfg, NXC_OPT_feature_cache_size);
    size_t k = (size_t)nxc__atomic_word_get(&t->n_rooms);
    for (size_t i = 0; i < k; i++)
        if (t->rooms[i].width == width) return NXC_OK;
    NXC_ASSERT(k < NXC_MAX_VECTOR_ROOMS);
    nxc__vector_room room = {width, is_whole, NULL};
    if (capacity)
        NXC_TRY(nxc__memory_cache_new(capacity, width * sizeof(float),
                                      NXC_TIER_SHARDS, t->alloc, &room.cache,
                                      err));
    t->rooms[k] = room;
    (void)nxc__atomic_word_raise(&t->n_rooms, k + 1);
    return NXC_OK;
}

/* Where the vectors of l are in memory. Of a request that would fill half of
 * the room and more, rows would drive each other out. */
static nxc__memory_cache *memory_of(const nxc__tiers *t,
                                    const nxc__vector_lookup *l) {
    size_t n_rooms = (size_t)nxc__atomic_word_get(&t->n_rooms);
    for (size_t k = 0; k < n_rooms; k++) {
        nxc__memory_cache *c = t->rooms[k].cache;
        if (t->rooms[k].width != l->width || !c) continue;
        return l->is_whole && l->n > nxc__memory_cache_capacity(c) / 2 ? NULL
                                                                       : c;
    }
    return NULL;
}
static bool fits_store(const nxc__vector_lookup *l) {
    return l->is_whole ? l->n * l->width <= NXC_STORE_MAX_FLOATS
                       : l->n <= NXC_STORE_MAX_CANDIDATES;
}

nxc__hash128 nxc__tiers_row_digest(nxc__hash128 shared, nxc__hash128 candidates,
                                   size_t i) {
    return nxc__vector_key_digest(nxc__vector_key_digest(shared, candidates),
                                  (nxc__hash128){.low = i});
}

static void make_digests(nxc__vector_lookup *l) {
    nxc__hash128 shared = nxc__vector_key_shared(&l->key);
    if (l->is_whole) shared = nxc__vector_key_digest(shared, l->key.candidate);
    for (size_t i = 0; i < l->n; i++)
        l->digests[i] = nxc__vector_key_digest(
            shared, l->is_whole ? (nxc__hash128){.low = i} : l->candidates[i]);
}

/* ---- memory */

static void find_in_memory(nxc__tiers *t, nxc__vector_lookup *l) {
    size_t before = l->n_found;
    l->n_found = nxc__memory_cache_get_many(l->memory, l->digests, l->n,
                                            l->rows, l->tier);
    if (l->n_found > before)
        nxc__metrics_add(t->metrics, NXC_METRIC_vector_memory_hits,
                         l->n_found - before);
}
static void put_in_memory(nxc__tiers *t, const nxc__vector_lookup *l, size_t i,
                          const float *row) {
    if (!l->memory) return;
    nxc__metrics_add(t->metrics, NXC_METRIC_vector_evictions,
                     nxc__memory_cache_put(l->memory, l->digests[i], row));
}

/* ---- SQLite */

/* The vectors of a request were put together: where one is missing, the rest
 * is not looked for. */
static size_t find_rows(nxc__tiers *t, nxc__vector_lookup *l) {
    size_t n_found = 0;
    nxc__store_begin(l->reader);
    for (size_t i = 0; i < l->n; i++) {
        float *row = l->rows + i * l->width;
        if (l->tier[i]) continue;
        l->key.candidate = l->candidates[i];
        if (!nxc__store_find_vector(l->reader, &l->key, row, l->width)) break;
        l->tier[i] = NXC_TIER_STORE;
        n_found++;
        put_in_memory(t, l, i, row);
    }
    nxc__store_end(l->reader);
    return n_found;
}
static size_t find_request(nxc__tiers *t, nxc__vector_lookup *l) {
    bool hit =
        nxc__store_find_vector(l->reader, &l->key, l->rows, l->n * l->width);
    nxc__metrics_add(t->metrics, /* it counted one */
                     hit ? NXC_METRIC_vector_store_hits
                         : NXC_METRIC_vector_store_misses,
                     l->n - 1);
    if (!hit) return 0;
    size_t n_found = l->n - l->n_found;
    for (size_t i = 0; i < l->n; i++) {
        if (!l->tier[i]) put_in_memory(t, l, i, l->rows + i * l->width);
        l->tier[i] = NXC_TIER_STORE;
    }
    return n_found;
}

/* One in 16 hits in memory is told to the store, so that it keeps what is used
 * without a lock a hit; which ones, is scattered. */
static bool is_told(size_t hit) {
    return (uint32_t)hit * UINT32_C(0x9E3779B1) >> 28 == 0;
}
static void touch_some(nxc__tiers *t, nxc__vector_lookup *l) {
    size_t n = l->is_whole ? 1 : l->n_found;
    size_t hit = nxc__atomic_counter_add(&t->n_memory_hits, n);
    if (l->is_whole) {
        if (l->n_found == l->n && is_told(hit))
            nxc__store_touch_vector(t->store, &l->key);
        return;
    }
    for (size_t i = 0; i < l->n; i++) {
        if (l->tier[i] != NXC_TIER_MEMORY || !is_told(hit++)) continue;
        l->key.candidate = l->candidates[i];
        nxc__store_touch_vector(t->store, &l->key);
    }
}

/* ---- both */

void nxc__tiers_find_vectors(nxc__tiers *t, nxc__vector_lookup *l) {
    l->n_found = 0;
    memset(l->tier, NXC_TIER_NONE, l->n);
    l->memory = memory_of(t, l);
    l->is_stored =
        t->store && fits_store(l) && nxc__tiers_is_on(t, NXC_TIER_STORE);
    if (!l->memory && !l->is_stored) return;
    make_digests(l);
    if (l->memory) {
        find_in_memory(t, l);
        nxc__metrics_add(t->metrics, NXC_METRIC_vector_memory_misses,
                         l->n - l->n_found);
        if (l->is_stored && l->n_found && l->reader) touch_some(t, l);
    }
    if (l->n_found < l->n && l->is_stored && l->reader)
        l->n_found += l->is_whole ? find_request(t, l) : find_rows(t, l);
}

void nxc__tiers_recall_vectors(nxc__tiers *t, nxc__vector_lookup *l) {
    if (l->memory) find_in_memory(t, l);
}

void nxc__tiers_put_vector(nxc__tiers *t, nxc__vector_lookup *l, size_t i,
                           const float *row, const nxc__vector_info *info) {
    put_in_memory(t, l, i, row);
    if (!l->is_stored) return;
    l->key.candidate = l->candidates[i];
    nxc__store_put_vector(t->store, &l->key, row, l->width, info);
    nxc__tiers_check_store(t);
}

void nxc__tiers_put_request(nxc__tiers *t, nxc__vector_lookup *l,
                            const float *rows, const nxc__vector_info *info) {
    for (size_t i = 0; i < l->n; i++)
        put_in_memory(t, l, i, rows + i * l->width);
    if (!l->is_stored || l->n == 0) return;
    nxc__store_put_vector(t->store, &l->key, rows, l->n * l->width, info);
    nxc__tiers_check_store(t);
}
