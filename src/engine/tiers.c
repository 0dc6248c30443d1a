/*
 * Composition of the cache tiers: which are there, in which order they are
 * asked, what each one keeps, and what happens when one fails.
 *
 *     open -> set_model? -> (find_* | put_*)* -> close
 *
 * Here: embeddings, and what opens and fails; one row a tier in the table
 * below. Vectors: tiers_vectors.c. A tier counts its own hits and misses. What
 * a later tier finds is put into memory. Nothing can fail but for memory at
 * opening: a tier that does is switched off and the caller computes.
 *
 * Threading: any, after set_model; tiers lock for themselves, a store reader
 * belongs to its context. Warming and single flight: tiers_warm.c, flight.c.
 */
#include "engine/tiers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"

/* Failed operations after which the store is no longer asked. */
enum { MAX_STORE_ERRORS = 8 };

static void switch_off(nxc__tiers *t, nxc__tier_id id, const nxc_error *why) {
    pthread_mutex_lock(&t->lock);
    if (!nxc__atomic_is_published(&t->is_off[id])) {
        nxc__atomic_publish(&t->is_off[id]);
        nxc__metrics_add(t->metrics, NXC_METRIC_tier_disabled, 1);
        t->warning = *why;
        nxc__error_prefix(&t->warning, why->code, "cache tier \"%s\" is off",
                          nxc__tier_name(id));
    }
    pthread_mutex_unlock(&t->lock);
}

void nxc__tiers_warn(nxc__tiers *t, const nxc_error *why) {
    pthread_mutex_lock(&t->lock);
    t->warning = *why;
    pthread_mutex_unlock(&t->lock);
}

bool nxc__tiers_warning(nxc__tiers *t, nxc_error *out) {
    pthread_mutex_lock(&t->lock);
    bool is_off = t->warning.code != NXC_OK;
    if (is_off) *out = t->warning;
    pthread_mutex_unlock(&t->lock);
    return is_off;
}

/* ---- the tiers, one by one */

static bool memory_embedding(nxc__tiers *t, nxc__store_reader *reader,
                             const nxc__embedding_key *key, float *row) {
    (void)reader;
    bool is_found = nxc__memory_cache_get(t->embeddings,
                                          nxc__embedding_key_digest(key), row);
    nxc__metrics_add(t->metrics,
                     is_found ? NXC_METRIC_embedding_memory_hits
                              : NXC_METRIC_embedding_memory_misses,
                     1);
    return is_found;
}
static bool file_embedding(nxc__tiers *t, nxc__store_reader *reader,
                           const nxc__embedding_key *key, float *row) {
    (void)reader;
    return nxc__embedding_file_find(t->file, key->text, row);
}
static bool store_embedding(nxc__tiers *t, nxc__store_reader *reader,
                            const nxc__embedding_key *key, float *row) {
    return nxc__store_find_embedding(reader, key, row, t->dim);
}

typedef struct tier_row {
    const char *name;
    bool (*find_embedding)(nxc__tiers *, nxc__store_reader *,
                           const nxc__embedding_key *, float *);
} tier_row;
static const tier_row tiers[NXC_N_TIERS] = {
    [NXC_TIER_NONE] = {.name = "none"},
    [NXC_TIER_MEMORY] = {"memory", memory_embedding},
    [NXC_TIER_FILE] = {"file", file_embedding},
    [NXC_TIER_STORE] = {"store", store_embedding},
};

const char *nxc__tier_name(nxc__tier_id id) { return tiers[id].name; }

bool nxc__tiers_is_on(const nxc__tiers *t, nxc__tier_id id) {
    return !nxc__atomic_is_published(&t->is_off[id]);
}
static bool has_embeddings(const nxc__tiers *t, nxc__tier_id id,
                           const nxc__store_reader *reader,
                           nxc__text_kind kind) {
    if (id == NXC_TIER_MEMORY) return t->embeddings && kind == NXC_TEXT_PROMPT;
    if (id == NXC_TIER_FILE) return t->file && nxc__tiers_is_on(t, id);
    return reader && nxc__tiers_is_on(t, id) && t->keeps_embeddings;
}

/* ---- finding and keeping */

void nxc__tiers_check_store(nxc__tiers *t) {
    nxc_error why;
    if (nxc__metrics_get(t->metrics, NXC_METRIC_store_errors) <
            MAX_STORE_ERRORS ||
        !nxc__tiers_is_on(t, NXC_TIER_STORE))
        return;
    nxc__error(&why, NXC_ERR_IO,
               "%.128s/store.db: expected to read and write, got %d failures",
               t->folder, MAX_STORE_ERRORS);
    switch_off(t, NXC_TIER_STORE, &why);
}

static void put_memory_embedding(nxc__tiers *t, const nxc__embedding_key *key,
                                 const float *row) {
    bool evicted = nxc__memory_cache_put(t->embeddings,
                                         nxc__embedding_key_digest(key), row);
    nxc__metrics_add(t->metrics, NXC_METRIC_embedding_evictions, evicted);
}

nxc__tier_id nxc__tiers_find_embedding(nxc__tiers *t, nxc__store_reader *reader,
                                       nxc__text_kind kind, nxc__hash128 text,
                                       float *row) {
    nxc__embedding_key key = {text, t->model};
    for (int id = NXC_TIER_MEMORY; id < NXC_N_TIERS; id++) {
        if (!has_embeddings(t, (nxc__tier_id)id, reader, kind)) continue;
        if (!tiers[id].find_embedding(t, reader, &key, row)) continue;
        if (id != NXC_TIER_MEMORY &&
            has_embeddings(t, NXC_TIER_MEMORY, reader, kind))
            put_memory_embedding(t, &key, row);
        return (nxc__tier_id)id;
    }
    return NXC_TIER_NONE;
}

bool nxc__tiers_recall(nxc__tiers *t, nxc__hash128 text, float *row) {
    nxc__hash128 digest =
        nxc__embedding_key_digest(&(nxc__embedding_key){text, t->model});
    if (!t->embeddings || !nxc__memory_cache_get(t->embeddings, digest, row))
        return false;
    nxc__metrics_add(t->metrics, NXC_METRIC_embedding_memory_hits, 1);
    return true;
}

/* Whether the file has taken the row. */
static bool put_file(nxc__tiers *t, nxc__hash128 text, const float *row) {
    nxc_error err;
    if (!t->file || !nxc__tiers_is_on(t, NXC_TIER_FILE)) return false;
    nxc_status st = nxc__embedding_file_append(t->file, text, row, &err);
    if (st == NXC_OK) return true;
    /* another process writes the file: it can still be read */
    if (st != NXC_ERR_STATE) switch_off(t, NXC_TIER_FILE, &err);
    return false;
}

void nxc__tiers_put_embedding(nxc__tiers *t, nxc__text_kind kind,
                              nxc__hash128 text, const float *row) {
    nxc__embedding_key key = {text, t->model};
    if (!t->keeps_embeddings) return;
    if (kind == NXC_TEXT_OPERATION) {
        if (put_file(t, text, row)) return;
    } else if (t->embeddings) {
        put_memory_embedding(t, &key, row);
    }
    if (!t->store || !nxc__tiers_is_on(t, NXC_TIER_STORE)) return;
    nxc__store_put_embedding(t->store, &key, row, t->dim);
    nxc__tiers_check_store(t);
}

void nxc__tiers_observe(nxc__tiers *t) {
    size_t n_vectors = 0;
    for (size_t k = 0; k < (size_t)nxc__atomic_word_get(&t->n_rooms); k++)
        if (t->rooms[k].cache)
            n_vectors += nxc__memory_cache_n(t->rooms[k].cache);
    nxc__metrics_set(t->metrics, NXC_METRIC_vector_memory_entries, n_vectors);
    if (t->embeddings)
        nxc__metrics_set(t->metrics, NXC_METRIC_embedding_memory_bytes,
                         nxc__memory_cache_n(t->embeddings) * t->dim *
                             sizeof(float));
}

void nxc__tiers_sync(nxc__tiers *t) {
    nxc_error err;
    if (!t->file || !nxc__tiers_is_on(t, NXC_TIER_FILE)) return;
    nxc_status st = nxc__embedding_file_sync(t->file, &err);
    if (st != NXC_OK && st != NXC_ERR_STATE) switch_off(t, NXC_TIER_FILE, &err);
}

bool nxc__tiers_persist(const nxc__tiers *t) {
    return t->keeps_embeddings && (t->file || t->store);
}

/* ---- life */

/* NXC_ERR_NOMEM goes up; any other failure costs the tier. */
static nxc_status opened(nxc__tiers *t, nxc__tier_id id, nxc_status st,
                         nxc_error *local, nxc_error *err) {
    if (st == NXC_OK) return NXC_OK;
    if (st == NXC_ERR_NOMEM) {
        if (err) *err = *local;
        return st;
    }
    switch_off(t, id, local);
    return NXC_OK;
}

/* With the folders that it lies in. */
static nxc_status make_folder(const char *folder, nxc_error *err) {
    char part[sizeof((nxc__tiers *)0)->folder];
    for (size_t i = 0;; i++) {
        part[i] = folder[i];
        if (i == 0 || (folder[i] != '/' && folder[i])) continue;
        part[i] = 0;
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return nxc__file_error(err, part, "make a folder");
        if (!folder[i]) return NXC_OK;
        part[i] = '/';
    }
}

static nxc_status open_store(nxc__tiers *t, const nxc_config *cfg,
                             nxc_error *err) {
    char path[sizeof t->folder + 16];
    nxc__store_options options = {
        .max_bytes = (uint64_t)nxc__config_int(cfg, NXC_OPT_max_cache_size_mb)
                     << 20,
        .ttl_seconds = nxc__config_real(cfg, NXC_OPT_cache_ttl_hours) * 3600,
        .metrics = t->metrics};
    NXC_TRY(make_folder(t->folder, err));
    snprintf(path, sizeof path, "%s/store.db", t->folder);
    return nxc__store_open(path, &options, t->alloc, &t->store, err);
}

nxc_status nxc__tiers_open(nxc__tiers *t, const nxc_config *cfg,
                           nxc__metrics *metrics, const nxc_allocator *alloc,
                           nxc_error *err) {
    nxc_str folder = nxc__config_text(cfg, NXC_OPT_store);
    nxc_error local;
    t->metrics = metrics;
    t->alloc = alloc;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->landed, NULL);
    if (folder.len == 0) return NXC_OK;
    if (folder.len >= sizeof t->folder) folder.len = sizeof t->folder - 1;
    memcpy(t->folder, folder.ptr, folder.len);
    return opened(t, NXC_TIER_STORE, open_store(t, cfg, &local), &local, err);
}

/* Each model has its own file. A damaged one is set aside. */
static nxc_status open_file(nxc__tiers *t, const char *fingerprint,
                            nxc_error *err) {
    char path[sizeof t->folder + 48];
    nxc__embedding_file_options options = {.dim = t->dim,
                                           .type = NXC_ROW_F32,
                                           .model = t->model,
                                           .metrics = t->metrics};
    NXC_TRY(make_folder(t->folder, err));
    snprintf(path, sizeof path, "%s/embeddings-%.16s.nxe", t->folder,
             fingerprint);
    nxc_status st =
        nxc__embedding_file_open(path, &options, t->alloc, &t->file, err);
    options.set_aside = true;
    return st != NXC_ERR_FORMAT ? st
                                : nxc__embedding_file_open(
                                      path, &options, t->alloc, &t->file, err);
}

nxc_status nxc__tiers_set_model(nxc__tiers *t, const nxc_config *cfg,
                                const char *fingerprint, size_t dim,
                                nxc_error *err) {
    size_t row_bytes = dim * sizeof(float),
           capacity = (nxc__config_int(cfg, NXC_OPT_embedding_cache_mb) << 20) /
                      row_bytes;
    nxc_error local;
    t->dim = dim;
    t->keeps_embeddings = nxc__config_bool(cfg, NXC_OPT_enable_embedding_cache);
    if (!t->keeps_embeddings) return NXC_OK;
    t->model = nxc__hash_128(fingerprint, strlen(fingerprint));
    if (capacity && !t->embeddings)
        NXC_TRY(nxc__memory_cache_new(capacity, row_bytes, NXC_TIER_SHARDS,
                                      t->alloc, &t->embeddings, err));
    if (!t->folder[0] || t->file) return NXC_OK;
    return opened(t, NXC_TIER_FILE, open_file(t, fingerprint, &local), &local,
                  err);
}

nxc_status nxc__tiers_reader(nxc__tiers *t, nxc__store_reader **out,
                             nxc_error *err) {
    nxc_error local;
    *out = NULL;
    if (!t->store || !nxc__tiers_is_on(t, NXC_TIER_STORE)) return NXC_OK;
    return opened(t, NXC_TIER_STORE,
                  nxc__store_reader_new(t->store, out, &local), &local, err);
}

void nxc__tiers_close(nxc__tiers *t) {
    if (!t->alloc) return; /* never opened */
    nxc__atomic_publish(&t->stop_warming);
    if (t->has_warmer) pthread_join(t->warmer, NULL);
    nxc__store_close(t->store);
    nxc__embedding_file_close(t->file);
    nxc__memory_cache_free(t->embeddings);
    for (size_t k = 0; k < NXC_MAX_VECTOR_ROOMS; k++)
        nxc__memory_cache_free(t->rooms[k].cache);
    pthread_cond_destroy(&t->landed);
    pthread_mutex_destroy(&t->lock);
}
