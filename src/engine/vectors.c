/*
 * One request's vectors: found, computed, compared, kept.
 *
 *     find -> (the caller fills computed and status) -> settle -> keep
 *
 * Rows that no tier has are computed; of those that one has, one in
 * cache_self_check is computed as well and compared bit by bit. The candidates
 * of a request share prompt, context and fingerprint, which are hashed once.
 *
 * A column without a value is NaN in all rows for one reason; a kept row
 * carries that reason in the low bits of the NaN, so that rows that were found
 * give the status too. In the rows of a ranking every NaN is the plain one.
 *
 * Threading: per context; the counter of hits is shared and relaxed.
 * Cost: a digest and a probe a candidate; no allocation once the arena is warm.
 */
#include "engine/vectors.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

#define WIDTH NXC_V1_N_FEATURES
#define QUIET_NAN UINT32_C(0x7FC00000)
#define STATUS_BITS UINT32_C(7)

static bool is_cached(size_t f) {
    return nxc__feature_is_cached(&nxc__features_v1[f]);
}
static float nan_of(uint32_t status) {
    uint32_t bits = QUIET_NAN | status;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}
static uint8_t status_of(float value) {
    uint32_t bits = bits_of(value) & STATUS_BITS;
    return (uint8_t)(isnan(value) && bits <= NXC_FEATURE_NO_MODEL ? bits : 0);
}

/* ---- find */

/* Statuses out of the first row that was found; plain NaN in all of them. */
static void unpack(nxc__vectors *v) {
    nxc__vector_lookup *l = &v->lookup;
    size_t first = 0;
    if (l->n_found == 0) return;
    while (l->tier[first] == NXC_TIER_NONE)
        first++;
    for (size_t f = 0; f < WIDTH; f++) {
        if (!is_cached(f)) continue;
        v->status[f] = status_of(l->rows[first * WIDTH + f]);
        for (size_t i = first; v->status[f] && i < l->n; i++)
            l->rows[i * WIDTH + f] = nan_of(0);
    }
}

/* Rows to compute: the missing ones, and every n-th hit. */
static void choose(nxc__vectors *v, const uint32_t *candidates) {
    const nxc__vector_lookup *l = &v->lookup;
    nxc_engine *e = v->ctx->engine;
    size_t every = nxc__config_int(e->cfg, NXC_OPT_cache_self_check);
    size_t hit = nxc__atomic_counter_add(&e->n_hits, l->n_found);
    for (size_t i = 0; i < l->n; i++) {
        bool is_hit = l->tier[i] != NXC_TIER_NONE;
        if (is_hit && (!every || ++hit % every)) continue;
        v->missing[v->n_missing] = (uint32_t)i;
        v->operations[v->n_missing++] = candidates[i];
        v->n_checked += is_hit;
    }
}

static nxc_status alloc_find(nxc__vectors *v, size_t n, nxc_error *err) {
    nxc__arena *arena = &v->ctx->arena;
    nxc__vector_lookup *l = &v->lookup;
    l->candidates = nxc__arena_alloc_array(arena, n, sizeof *l->candidates);
    l->digests = nxc__arena_alloc_array(arena, n, sizeof *l->digests);
    l->rows = nxc__arena_alloc_array(arena, n, WIDTH * sizeof(float));
    l->tier = nxc__arena_alloc_array(arena, n, sizeof *l->tier);
    v->missing = nxc__arena_alloc_array(arena, n, sizeof *v->missing);
    v->operations = nxc__arena_alloc_array(arena, n, sizeof *v->operations);
    v->status = nxc__arena_alloc(arena, WIDTH);
    if (!l->candidates || !l->digests || !l->rows || !l->tier || !v->missing ||
        !v->operations || !v->status)
        return nxc__error_nomem(err, n * WIDTH * sizeof(float));
    memset(v->status, NXC_FEATURE_OK, WIDTH);
    return NXC_OK;
}

nxc_status nxc__vectors_find(nxc__vectors *v, nxc_ctx *ctx,
                             const nxc__entry *entry,
                             const nxc__session *session, nxc__hash128 prompt,
                             const uint32_t *candidates, size_t n,
                             nxc_error *err) {
    *v = (nxc__vectors){.ctx = ctx};
    NXC_TRY(alloc_find(v, n, err));
    nxc__vector_lookup *l = &v->lookup;
    l->reader = ctx->reader;
    l->n = n;
    l->key.prompt = prompt;
    l->key.fingerprint = entry->fingerprint;
    NXC_TRY(nxc__vectors_context(session, entry->states, &ctx->arena,
                                 &l->key.context, err));
    for (size_t i = 0; i < n; i++)
        l->candidates[i] = entry->ids[candidates[i]];
    nxc__tiers_find_vectors(&ctx->engine->tiers, l);
    unpack(v);
    choose(v, candidates);
    v->computed = nxc__arena_alloc_array(&ctx->arena, v->n_missing,
                                         WIDTH * sizeof(float));
    if (!v->computed)
        return nxc__error_nomem(err, v->n_missing * WIDTH * sizeof(float));
    return NXC_OK;
}

/* ---- settle and keep */

static bool differs(const float *found, const float *computed) {
    for (size_t f = 0; f < WIDTH; f++)
        if (is_cached(f) && bits_of(found[f]) != bits_of(computed[f]))
            return true;
    return false;
}

void nxc__vectors_settle(nxc__vectors *v) {
    nxc__vector_lookup *l = &v->lookup;
    nxc__metrics *m = &v->ctx->engine->metrics;
    size_t n_wrong = 0;
    for (size_t k = 0; k < v->n_missing; k++) {
        size_t i = v->missing[k];
        float *row = l->rows + i * WIDTH;
        const float *computed = v->computed + k * WIDTH;
        bool was_found = l->tier[i] != NXC_TIER_NONE;
        if (was_found && !differs(row, computed)) continue;
        n_wrong += was_found;
        l->tier[i] = NXC_TIER_NONE;
        memcpy(row, computed, WIDTH * sizeof(float));
    }
    nxc__metrics_add(m, NXC_METRIC_vector_self_checks, v->n_checked);
    nxc__metrics_add(m, NXC_METRIC_vector_self_check_failures, n_wrong);
    nxc__metrics_add(m, NXC_METRIC_vectors_computed, v->n_missing);
}

void nxc__vectors_keep(nxc__vectors *v, const nxc__vector_info *info) {
    nxc__vector_lookup *l = &v->lookup;
    for (size_t k = 0; k < v->n_missing; k++) {
        float row[WIDTH];
        size_t i = v->missing[k];
        if (l->tier[i] != NXC_TIER_NONE) continue;
        memcpy(row, l->rows + i * WIDTH, sizeof row);
        for (size_t f = 0; f < WIDTH; f++)
            if (!is_cached(f) || v->status[f])
                row[f] = nan_of(is_cached(f) ? v->status[f] : 0);
        nxc__tiers_put_vector(&v->ctx->engine->tiers, l, i, row, info);
    }
    if (v->n_missing) nxc__tiers_observe(&v->ctx->engine->tiers);
}

nxc__tier_id nxc__vectors_tier(const nxc__vectors *v) {
    const nxc__vector_lookup *l = &v->lookup;
    nxc__tier_id slowest = NXC_TIER_NONE;
    for (size_t i = 0; i < l->n; i++) {
        if (l->tier[i] == NXC_TIER_NONE) return NXC_TIER_NONE;
        if (l->tier[i] > slowest) slowest = (nxc__tier_id)l->tier[i];
    }
    return slowest;
}
