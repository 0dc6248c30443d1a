/*
 * The composition root: owns encoder, catalogs and ranker, and their lifetimes.
 *
 *     open -> set_encoder? -> set_ranker? -> add_catalog+ -> precompute? ->
 *     nxc_ctx_new* -> ... -> nxc_ctx_free* -> close
 *
 * Threading: after the last add_catalog the engine is shared by contexts. What
 * still changes is the embedding matrix of a catalog, filled row by row under
 * the lock (encode.c), the cache tiers, which lock for themselves, and the
 * ranker (live.c); everything else is immutable.
 */
#include "engine/engine.h"

#include <string.h>

#include "base/alloc.h"
#include "base/config.h"
#include "base/error.h"
#include "base/str.h"
#include "engine/learning.h"
#include "engine/vectors.h"

static nxc_status start_ranker(nxc_engine *e, nxc_error *err) {
    nxc_ranker *ranker;
    NXC_TRY(nxc_ranker_default(e->alloc, &ranker, err));
    nxc_status st = nxc__live_switch(e, ranker, NULL, err);
    if (st != NXC_OK) nxc_ranker_free(ranker);
    return st;
}

nxc_status nxc_engine_open(const nxc_config *cfg, const nxc_allocator *alloc,
                           nxc_engine **out, nxc_error *err) {
    alloc = nxc__allocator_or_default(alloc);
    nxc_engine *e = nxc__alloc_zero(alloc, sizeof *e);
    if (!e) return nxc__error_nomem(err, sizeof *e);
    e->alloc = alloc;
    pthread_mutex_init(&e->lock, NULL);
    pthread_mutex_init(&e->live_lock, NULL);
    pthread_mutex_init(&e->reload_lock, NULL);
    nxc_status st = nxc__config_copy(cfg, alloc, &e->cfg, err);
    if (st == NXC_OK) st = start_ranker(e, err);
    if (st == NXC_OK)
        st = nxc__tiers_open(&e->tiers, e->cfg, &e->metrics, alloc, err);
    if (st == NXC_OK)
        st = nxc__tiers_add_vectors(&e->tiers, e->cfg, NXC_V1_N_FEATURES, false,
                                    err);
    if (st == NXC_OK) st = nxc__tiers_reader(&e->tiers, &e->reader, err);
    if (st != NXC_OK) {
        nxc_engine_close(e);
        return st;
    }
    *out = e;
    return NXC_OK;
}

static void close_entry(nxc_engine *e, nxc__entry *entry) {
    nxc__free_str(e->alloc, entry->name);
    nxc__free(e->alloc, entry->states, entry->n);
    nxc__op_index_free(entry->index);
    for (size_t k = 0; k < NXC_N_OP_TEXTS; k++) {
        nxc__text_rows *t = &entry->texts[k];
        nxc__free(e->alloc, t->rows, entry->n * NXC_DIM * sizeof(float));
        nxc__free(e->alloc, t->encoded, entry->n * sizeof *t->encoded);
    }
    nxc__free(e->alloc, entry->ids, entry->n * sizeof *entry->ids);
    nxc__statistics_free(entry->statistics);
}

static void close_workers(nxc_engine *e) {
    for (size_t i = 0; i < e->n_workers; i++)
        nxc_encoder_ctx_free(e->workers[i]);
    if (e->workers)
        nxc__free(e->alloc, e->workers,
                  nxc__config_int(e->cfg, NXC_OPT_parallel_workers) *
                      sizeof(nxc_encoder_ctx *));
    nxc__pool_free(e->pool);
}

void nxc_engine_close(nxc_engine *e) {
    if (!e) return;
    close_workers(e);
    nxc__store_reader_free(e->reader);
    nxc__tiers_close(&e->tiers); /* writes what is queued */
    for (size_t i = 0; i < e->n_entries; i++) {
        nxc_catalog_free(e->entries[i].catalog);
        close_entry(e, &e->entries[i]);
    }
    nxc__live_release(e, e->live);
    nxc_encoder_close(e->encoder);
    nxc_config_free(e->cfg);
    if (e->registry) nxc__free(e->alloc, e->registry, strlen(e->registry) + 1);
    pthread_mutex_destroy(&e->reload_lock);
    pthread_mutex_destroy(&e->live_lock);
    pthread_mutex_destroy(&e->lock);
    nxc__free(e->alloc, e, sizeof *e);
}

nxc_status nxc_engine_set_encoder(nxc_engine *e, nxc_encoder *encoder,
                                  nxc_error *err) {
    if (!e || !encoder)
        return nxc__error(err, NXC_ERR_INVALID,
                          "set_encoder: expected an encoder, got NULL");
    if (e->encoder || e->n_entries)
        return nxc__error(err, NXC_ERR_STATE,
                          "set_encoder: expected a call before the first "
                          "catalog, got one after it");
    nxc_encoder_info info;
    nxc_encoder_get_info(encoder, &info);
    if (info.dim != NXC_DIM)
        return nxc__error(err, NXC_ERR_UNSUPPORTED,
                          "encoder: expected %d dimensions, got %zu", NXC_DIM,
                          info.dim);
    NXC_TRY(nxc__tiers_set_model(&e->tiers, e->cfg, info.fingerprint, NXC_DIM,
                                 err));
    memcpy(e->fingerprint, info.fingerprint, sizeof e->fingerprint);
    e->encoder = encoder;
    return NXC_OK;
}

/* Room for the embeddings of one text of each operation. */
static nxc_status make_rows(const nxc_engine *e, const nxc__entry *entry,
                            nxc__text_rows *t, nxc_error *err) {
    size_t n = entry->n, bytes = n * NXC_DIM * sizeof(float); /* n < 2^20 */
    if (!e->encoder || t->embeddings) return NXC_OK;
    float *rows = nxc__alloc(e->alloc, bytes);
    nxc__atomic_flag *encoded = nxc__alloc_zero(e->alloc, n * sizeof *encoded);
    if (!rows || !encoded) {
        nxc__free(e->alloc, rows, bytes);
        nxc__free(e->alloc, encoded, n * sizeof *encoded);
        return nxc__error_nomem(err, bytes);
    }
    *t = (nxc__text_rows){rows, rows, encoded};
    return NXC_OK;
}

/* What set v2 knows of a catalog. */
static nxc_status index_entry(const nxc_engine *e, nxc__entry *entry,
                              nxc_error *err) {
    if (!entry->index)
        NXC_TRY(
            nxc__op_index_new(entry->catalog, e->alloc, &entry->index, err));
    for (size_t k = 1; k < NXC_N_OP_TEXTS; k++)
        NXC_TRY(make_rows(e, entry, &entry->texts[k], err));
    return nxc__vectors_fingerprint(e, entry, nxc__feature_set_at(1),
                                    &entry->fingerprints[1], err);
}

nxc_status nxc__engine_prepare(nxc_engine *e, const nxc__feature_set *set,
                               nxc_error *err) {
    if (set->n > NXC_V1_N_FEATURES) {
        NXC_TRY(nxc__tiers_add_vectors(&e->tiers, e->cfg, set->n, true, err));
        for (size_t i = 0; i < e->n_entries; i++)
            NXC_TRY(index_entry(e, &e->entries[i], err));
    }
    if (set->n > e->n_prepared) e->n_prepared = set->n;
    return NXC_OK;
}

nxc_status nxc_engine_set_ranker(nxc_engine *e, nxc_ranker *ranker,
                                 nxc_error *err) {
    if (!e || !ranker)
        return nxc__error(err, NXC_ERR_INVALID,
                          "set_ranker: expected a ranker, got NULL");
    return nxc__live_switch(e, ranker, NULL, err);
}

/* With reload_lock: what the registry has now. */
static nxc_status take_registry(nxc_engine *e, const char *dir,
                                const nxc_registry_state *s, nxc_error *err) {
    nxc_ranker *ranker = NULL, *shadow = NULL;
    if (!s->active[0])
        return nxc__error(err, NXC_ERR_STATE,
                          "%.200s: expected an active version, got none; "
                          "nextcall registry activate makes one active",
                          dir);
    nxc_status st = nxc_registry_load(dir, s->active, e->alloc, &ranker, err);
    if (st == NXC_OK && s->shadow[0])
        st = nxc_registry_load(dir, s->shadow, e->alloc, &shadow, err);
    if (st == NXC_OK) st = nxc__live_switch(e, ranker, shadow, err);
    if (st == NXC_OK) {
        e->registry_number = s->number;
        nxc__metrics_add(&e->metrics, NXC_METRIC_ranker_switches, 1);
        return NXC_OK;
    }
    nxc__metrics_add(&e->metrics, NXC_METRIC_ranker_refusals, 1);
    nxc_ranker_free(ranker);
    nxc_ranker_free(shadow);
    return st;
}

static nxc_status set_registry(nxc_engine *e, const char *dir, nxc_error *err) {
    nxc_registry_state s;
    NXC_TRY(nxc_registry_get_state(dir, &s, err));
    size_t len = strlen(dir);
    char *copy = nxc__alloc(e->alloc, len + 1);
    if (!copy) return nxc__error_nomem(err, len + 1);
    memcpy(copy, dir, len + 1);
    nxc_status st = take_registry(e, dir, &s, err);
    if (st != NXC_OK) {
        nxc__free(e->alloc, copy, len + 1);
        return st;
    }
    if (e->registry) nxc__free(e->alloc, e->registry, strlen(e->registry) + 1);
    e->registry = copy;
    return NXC_OK;
}

nxc_status nxc_engine_set_registry(nxc_engine *e, const char *dir,
                                   nxc_error *err) {
    if (!e || !dir)
        return nxc__error(err, NXC_ERR_INVALID,
                          "set_registry: expected an engine and a folder, got "
                          "NULL");
    pthread_mutex_lock(&e->reload_lock);
    nxc_status st = set_registry(e, dir, err);
    pthread_mutex_unlock(&e->reload_lock);
    return st;
}

static nxc_status reload(nxc_engine *e, bool *changed, nxc_error *err) {
    nxc_registry_state s;
    if (!e->registry)
        return nxc__error(err, NXC_ERR_STATE,
                          "reload: expected a registry, got none");
    NXC_TRY(nxc_registry_get_state(e->registry, &s, err));
    *changed = s.number != e->registry_number;
    return *changed ? take_registry(e, e->registry, &s, err) : NXC_OK;
}

nxc_status nxc_engine_reload_ranker(nxc_engine *e, bool *changed,
                                    nxc_error *err) {
    bool is_new = false;
    if (!e)
        return nxc__error(err, NXC_ERR_INVALID,
                          "reload: expected an engine, got NULL");
    pthread_mutex_lock(&e->reload_lock);
    nxc_status st = reload(e, &is_new, err);
    pthread_mutex_unlock(&e->reload_lock);
    if (changed) *changed = is_new;
    return st;
}

const char *nxc_engine_ranker(const nxc_engine *engine) {
    return nxc_ranker_name(engine->live->ranker);
}

nxc_status nxc_engine_set_features(nxc_engine *e, const char *name,
                                   nxc_error *err) {
    if (!e)
        return nxc__error(err, NXC_ERR_INVALID,
                          "set_features: expected an engine, got NULL");
    const nxc__feature_set *set =
        name ? nxc__feature_set_find(nxc__str(name)) : e->live->ranker_set;
    if (!set)
        return nxc__error(err, NXC_ERR_NOT_FOUND,
                          "set_features: expected v1 or v2, got %.40s", name);
    const nxc__feature_set *need = e->live->ranker_set;
    if (e->live->shadow && e->live->shadow_set->n > need->n)
        need = e->live->shadow_set;
    if (set->n < need->n)
        return nxc__error(err, NXC_ERR_MISMATCH,
                          "set_features: expected %s, which the ranker reads, "
                          "got %s",
                          need->name, set->name);
    NXC_TRY(nxc__engine_prepare(e, set, err));
    e->asked = name ? set : NULL;
    e->live->set = set;
    return NXC_OK;
}

nxc__entry *nxc__engine_find(nxc_engine *e, nxc_str name) {
    if (name.len == 0) return e->n_entries ? &e->entries[0] : NULL;
    for (size_t i = 0; i < e->n_entries; i++)
        if (nxc__str_eq(e->entries[i].name, name)) return &e->entries[i];
    return NULL;
}

const nxc_catalog *nxc_engine_get_catalog(const nxc_engine *engine,
                                          nxc_str name) {
    if (!engine) return NULL;
    if (name.len == 0)
        return engine->n_entries ? engine->entries[0].catalog : NULL;
    for (size_t i = 0; i < engine->n_entries; i++)
        if (nxc__str_eq(engine->entries[i].name, name))
            return engine->entries[i].catalog;
    return NULL;
}

static nxc_status fill_entry(nxc_engine *e, nxc__entry *entry, nxc_error *err) {
    size_t n = entry->n;
    entry->states = nxc__alloc(e->alloc, n);
    if (!entry->states) return nxc__error_nomem(err, n);
    nxc__workflow_states(entry->catalog, entry->states);
    entry->ids = nxc__alloc(e->alloc, n * sizeof *entry->ids);
    if (!entry->ids) return nxc__error_nomem(err, n * sizeof *entry->ids);
    nxc__vectors_candidates(entry->catalog, entry->ids, n);
    NXC_TRY(nxc__vectors_fingerprint(e, entry, nxc__feature_set_at(0),
                                     &entry->fingerprints[0], err));
    if (e->encoder)
        entry->texts[0].embeddings =
            nxc__catalog_embeddings(entry->catalog, e->fingerprint);
    NXC_TRY(make_rows(e, entry, &entry->texts[0], err));
    return e->n_prepared > NXC_V1_N_FEATURES ? index_entry(e, entry, err)
                                             : NXC_OK;
}

nxc_status nxc_engine_add_catalog(nxc_engine *e, nxc_str name,
                                  nxc_catalog *catalog, nxc_error *err) {
    if (!e || !catalog || name.len == 0)
        return nxc__error(err, NXC_ERR_INVALID,
                          "add_catalog: expected a name and a catalog, got "
                          "nothing");
    if (e->n_entries == NXC_MAX_CATALOGS)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "add_catalog: expected at most %d catalogs, got more",
                          NXC_MAX_CATALOGS);
    if (nxc__engine_find(e, name))
        return nxc__error(err, NXC_ERR_INVALID,
                          "add_catalog: expected a new name, got %.*s again",
                          NXC_STR_ARG(name));
    nxc__entry entry;
    memset(&entry, 0, sizeof entry);
    entry.catalog = catalog;
    entry.n = nxc_catalog_n_operations(catalog);
    char *copy = nxc__alloc(e->alloc, name.len + 1);
    if (!copy) return nxc__error_nomem(err, name.len + 1);
    memcpy(copy, name.ptr, name.len);
    copy[name.len] = 0;
    entry.name = (nxc_str){copy, name.len};
    nxc_status st = fill_entry(e, &entry, err);
    if (st != NXC_OK) {
        close_entry(e, &entry);
        return st;
    }
    e->entries[e->n_entries++] = entry;
    st = nxc__engine_use_learned(e, &e->entries[e->n_entries - 1], err);
    if (st != NXC_OK) close_entry(e, &e->entries[--e->n_entries]);
    return st;
}

bool nxc_engine_warning(nxc_engine *e, nxc_error *out) {
    if (!e || !out) return false;
    return nxc__tiers_warning(&e->tiers, out);
}
