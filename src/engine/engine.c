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
#include "engine/learning.h"
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
    e->ranker_set = e->set = nxc__feature_set_at(0);
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
    return NXC_OK;
}

/* Before a set is extracted; what a failure leaves is used by the next try. */
static nxc_status prepare_entries(nxc_engine *e, const nxc__feature_set *set,
                                  nxc_error *err) {
    if (set->n == NXC_V1_N_FEATURES) return NXC_OK;
    for (size_t i = 0; i < e->n_entries; i++)
        NXC_TRY(index_entry(e, &e->entries[i], err));
    return NXC_OK;
}

/* The set whose names a ranker has: the one of that many; else the first, or
 * one that begins with all of them, since a set grows at its end and a model
 * that was trained on the shorter one goes on. */
static nxc_status find_set(const nxc_ranker *ranker,
                           const nxc__feature_set **out, nxc_error *err) {
    const char *names[NXC_MAX_FEATURES];
    const nxc__feature_set *set = nxc__feature_set_at(0), *other;
    size_t own = nxc_ranker_n_features(ranker);
    bool is_shorter = false;
    for (size_t i = 1; (other = nxc__feature_set_at(i)); i++) {
        if (other->n == own ||
            (own > set->n && own < other->n && nxc__ranker_has_names(ranker)))
            set = other;
    }
    is_shorter = own < set->n && set != nxc__feature_set_at(0);
    for (size_t f = 0; f < set->n; f++)
        names[f] = set->rows[f].name;
    NXC_TRY(nxc__ranker_check_features(ranker, names, is_shorter ? own : set->n,
                                       err));
    *out = set;
    return NXC_OK;
}

nxc_status nxc_engine_set_ranker(nxc_engine *e, nxc_ranker *ranker,
                                 nxc_error *err) {
    if (!e || !ranker)
        return nxc__error(err, NXC_ERR_INVALID,
                          "set_ranker: expected a ranker, got NULL");
    const nxc__feature_set *set;
    nxc_str cpu = nxc__config_text(e->cfg, NXC_OPT_cpu);
    NXC_TRY(find_set(ranker, &set, err));
    NXC_TRY(nxc_ranker_set_cpu(ranker, cpu.ptr, err));
    const nxc__feature_set *extracted =
        e->asked && e->asked->n > set->n ? e->asked : set;
    NXC_TRY(prepare_entries(e, extracted, err));
    nxc_ranker_free(e->ranker);
    e->ranker = ranker;
    e->ranker_set = set;
    e->set = extracted;
    return NXC_OK;
}

const char *nxc_engine_ranker(const nxc_engine *engine) {
    return nxc_ranker_name(engine->ranker);
}

nxc_status nxc_engine_set_features(nxc_engine *e, const char *name,
                                   nxc_error *err) {
    if (!e)
        return nxc__error(err, NXC_ERR_INVALID,
                          "set_features: expected an engine, got NULL");
    const nxc__feature_set *set =
        name ? nxc__feature_set_find(nxc__str(name)) : e->ranker_set;
    if (!set)
        return nxc__error(err, NXC_ERR_NOT_FOUND,
                          "set_features: expected v1 or v2, got %.40s", name);
    if (set->n < e->ranker_set->n)
        return nxc__error(err, NXC_ERR_MISMATCH,
                          "set_features: expected %s, which the ranker reads, "
                          "got %s",
                          e->ranker_set->name, set->name);
    NXC_TRY(prepare_entries(e, set, err));
    e->asked = name ? set : NULL;
    e->set = set;
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
    if (e->encoder)
        entry->texts[0].embeddings =
            nxc__catalog_embeddings(entry->catalog, e->fingerprint);
    NXC_TRY(make_rows(e, entry, &entry->texts[0], err));
    return e->set->n > NXC_V1_N_FEATURES ? index_entry(e, entry, err) : NXC_OK;
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
