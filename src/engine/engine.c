/*
 * The composition root: owns encoder, catalogs and ranker, and their lifetimes.
 *
 *     open -> set_encoder? -> set_ranker? -> add_catalog+ -> precompute? ->
 *     nxc_ctx_new* -> ... -> nxc_ctx_free* -> close
 *
 * Threading: after the last add_catalog the engine is shared by contexts. What
 * still changes is the embedding matrix of a catalog, filled row by row under
 * the lock (encode.c), and the cache tiers, which lock for themselves;
 * everything else is immutable.
 */
#include "engine/engine.h"

#include <string.h>

#include "base/alloc.h"
#include "base/config.h"
#include "base/error.h"
#include "base/str.h"
#include "engine/vectors.h"

nxc_status nxc_engine_open(const nxc_config *cfg, const nxc_allocator *alloc,
                           nxc_engine **out, nxc_error *err) {
    alloc = nxc__allocator_or_default(alloc);
    nxc_engine *e = nxc__alloc_zero(alloc, sizeof *e);
    if (!e) return nxc__error_nomem(err, sizeof *e);
    e->alloc = alloc;
    pthread_mutex_init(&e->lock, NULL);
    nxc_status st = nxc__config_copy(cfg, alloc, &e->cfg, err);
    if (st == NXC_OK) st = nxc_ranker_default(alloc, &e->ranker, err);
    if (st == NXC_OK)
        st = nxc__tiers_open(&e->tiers, e->cfg, NXC_V1_N_FEATURES, &e->metrics,
                             alloc, err);
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
    nxc__free(e->alloc, entry->rows, entry->n * NXC_DIM * sizeof(float));
    nxc__free(e->alloc, entry->encoded, entry->n * sizeof *entry->encoded);
    nxc__free(e->alloc, entry->ids, entry->n * sizeof *entry->ids);
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
    nxc_ranker_free(e->ranker);
    nxc_encoder_close(e->encoder);
    nxc_config_free(e->cfg);
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

nxc_status nxc_engine_set_ranker(nxc_engine *e, nxc_ranker *ranker,
                                 nxc_error *err) {
    if (!e || !ranker)
        return nxc__error(err, NXC_ERR_INVALID,
                          "set_ranker: expected a ranker, got NULL");
    const char *names[NXC_V1_N_FEATURES];
    for (size_t i = 0; i < NXC_V1_N_FEATURES; i++)
        names[i] = nxc__features_v1[i].info.name;
    NXC_TRY(nxc__ranker_check_features(ranker, names, NXC_V1_N_FEATURES, err));
    nxc_str cpu = nxc__config_text(e->cfg, NXC_OPT_cpu);
    NXC_TRY(nxc_ranker_set_cpu(ranker, cpu.ptr, err));
    nxc_ranker_free(e->ranker);
    e->ranker = ranker;
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
    NXC_TRY(nxc__vectors_fingerprint(e, entry, &entry->fingerprint, err));
    if (!e->encoder) return NXC_OK;
    entry->embeddings = nxc__catalog_embeddings(entry->catalog, e->fingerprint);
    if (entry->embeddings) return NXC_OK;
    size_t bytes = n * NXC_DIM * sizeof(float); /* n is below 2^20 */
    entry->rows = nxc__alloc(e->alloc, bytes);
    entry->encoded = nxc__alloc_zero(e->alloc, n * sizeof *entry->encoded);
    if (!entry->rows || !entry->encoded) return nxc__error_nomem(err, bytes);
    entry->embeddings = entry->rows;
    return NXC_OK;
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
    return NXC_OK;
}

bool nxc_engine_warning(nxc_engine *e, nxc_error *out) {
    if (!e || !out) return false;
    return nxc__tiers_warning(&e->tiers, out);
}
