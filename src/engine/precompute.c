/* Texts into the store before anybody asks for them: those that no tier has go
 * through the encoder in batches, and each batch is kept before the next. */
#include "base/alloc.h"
#include "base/config.h"
#include "base/error.h"
#include "base/strmap.h"
#include "engine/engine.h"

typedef struct work {
    nxc_engine *engine;
    nxc__arena scratch;
    nxc__strmap seen;
    nxc_str *missing; /* (n_missing) */
    float *rows;      /* (batch, NXC_DIM) */
    size_t n_missing, batch;
    nxc_progress progress;
    void *user;
} work;

static nxc_status reserve(work *w, size_t n, nxc_error *err) {
    size_t batch = nxc__config_int(w->engine->cfg, NXC_OPT_batch_size);
    w->batch = batch < n || n == 0 ? batch : n;
    w->missing =
        nxc__arena_alloc_array(&w->scratch, n ? n : 1, sizeof *w->missing);
    w->rows =
        nxc__arena_alloc_array(&w->scratch, w->batch, NXC_DIM * sizeof(float));
    return w->missing && w->rows
               ? NXC_OK
               : nxc__error_nomem(err, w->batch * NXC_DIM * sizeof(float));
}

/* Each text once; those that are not in a tier become missing. */
static nxc_status look_up(work *w, const nxc_str *texts, size_t n,
                          nxc_precompute_info *info, nxc_error *err) {
    nxc__tiers *t = &w->engine->tiers;
    for (size_t i = 0; i < n; i++) {
        uint32_t first;
        NXC_TRY(nxc__strmap_add(&w->seen, texts[i], (uint32_t)info->n_texts,
                                &first, err));
        if (first != info->n_texts) continue;
        info->n_texts++;
        nxc__hash128 hash = nxc__hash_128(texts[i].ptr, texts[i].len);
        if (nxc__tiers_find_embedding(t, w->engine->reader, NXC_TEXT_OPERATION,
                                      hash, w->rows) != NXC_TIER_NONE)
            info->n_known++;
        else
            w->missing[w->n_missing++] = texts[i];
    }
    return NXC_OK;
}

static nxc_status encode(work *w, nxc_precompute_info *info, nxc_error *err) {
    for (size_t from = 0; from < w->n_missing; from += w->batch) {
        size_t left = w->n_missing - from,
               n = left < w->batch ? left : w->batch;
        NXC_TRY(nxc__engine_encode_batch(w->engine, NXC_TEXT_OPERATION,
                                         w->missing + from, n, w->rows, err));
        info->n_encoded += n;
        if (w->progress && !w->progress(w->user, from + n, w->n_missing))
            return nxc__error(
                err, NXC_ERR_CANCELLED,
                "precompute: expected %zu texts, got a stop after %zu",
                w->n_missing, from + n);
    }
    return NXC_OK;
}

static nxc_status precompute(work *w, const nxc_str *texts, size_t n,
                             nxc_precompute_info *info, nxc_error *err) {
    NXC_TRY(reserve(w, n, err));
    if (w->engine->reader) nxc__store_begin(w->engine->reader);
    nxc_status st = look_up(w, texts, n, info, err);
    if (w->engine->reader) nxc__store_end(w->engine->reader);
    if (st == NXC_OK) st = encode(w, info, err);
    nxc__tiers_sync(&w->engine->tiers);
    return st;
}

nxc_status nxc_engine_precompute_texts(nxc_engine *e, const nxc_str *texts,
                                       size_t n, nxc_progress progress,
                                       void *user, nxc_precompute_info *info,
                                       nxc_error *err) {
    if (!e || (n && !texts) || n >= UINT32_MAX)
        return nxc__error(err, NXC_ERR_INVALID,
                          "precompute: expected an engine and texts, got %zu",
                          n);
    if (!e->encoder || !nxc__tiers_persist(&e->tiers))
        return nxc__error(err, NXC_ERR_STATE,
                          "precompute: expected an encoder and a store, got no "
                          "%s",
                          e->encoder ? "store" : "encoder");
    work w = {.engine = e, .progress = progress, .user = user};
    nxc_precompute_info found = {0, 0, 0};
    nxc__arena_init(&w.scratch, e->alloc, SIZE_MAX);
    nxc__strmap_init(&w.seen, e->alloc);
    pthread_mutex_lock(&e->lock);
    nxc_status st = precompute(&w, texts, n, &found, err);
    pthread_mutex_unlock(&e->lock);
    nxc__strmap_release(&w.seen);
    nxc__arena_release(&w.scratch);
    if (st == NXC_OK && info) *info = found;
    return st;
}
