/*
 * One request's vectors: found, computed, compared, kept.
 *
 *     find -> (the caller fills computed and status) -> settle -> keep -> end
 *
 * Rows that no tier has are computed; of those that one has, one in
 * cache_self_check is computed as well and compared bit by bit (of whole
 * requests, one request in so many). The candidates of a request share prompt,
 * context and fingerprint, which are hashed once.
 *
 * A column without a value is NaN in all rows for one reason; a kept row
 * carries that reason in the low bits of the NaN, so that rows that were found
 * give the status too. In the rows of a ranking every NaN is the plain one.
 *
 * Of threads that miss the same vectors at once, one computes them and the
 * others copy its rows and statuses, which lie in one block:
 *
 *     rows (n, set->n) float32 | status (set->n) bytes
 *
 * Threading: per context; the counter of hits is shared and relaxed.
 * Cost: a digest and a probe a candidate; no allocation once the arena is warm.
 */
#include "engine/vectors.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

#define QUIET_NAN UINT32_C(0x7FC00000)
#define STATUS_BITS UINT32_C(7)

/* What set v2 adds never depends on now. */
static bool is_cached(size_t f) {
    return f >= NXC_V1_N_FEATURES ||
           nxc__feature_is_cached(&nxc__features_v1[f]);
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
    return (uint8_t)(isnan(value) && bits <= NXC_FEATURE_NO_EVIDENCE ? bits
                                                                     : 0);
}

/* ---- find */

/* Statuses out of the first row that was found; plain NaN in all of them. */
static void unpack(nxc__vectors *v) {
    nxc__vector_lookup *l = &v->lookup;
    size_t first = 0;
    if (l->n_found == 0) return;
    while (l->tier[first] == NXC_TIER_NONE)
        first++;
    for (size_t f = 0; f < l->width; f++) {
        if (!is_cached(f)) continue;
        v->status[f] = status_of(l->rows[first * l->width + f]);
        for (size_t i = first; v->status[f] && i < l->n; i++)
            l->rows[i * l->width + f] = nan_of(0);
    }
}

static void compute(nxc__vectors *v, size_t i) {
    v->missing[v->n_missing] = (uint32_t)i;
    v->operations[v->n_missing++] = v->in->candidates[i];
}
/* Rows to compute: the missing ones, and every n-th hit. */
static void choose_rows(nxc__vectors *v, size_t every) {
    const nxc__vector_lookup *l = &v->lookup;
    size_t hit = nxc__atomic_counter_add(&v->ctx->engine->n_hits, l->n_found);
    for (size_t i = 0; i < l->n; i++) {
        bool is_hit = l->tier[i] != NXC_TIER_NONE;
        if (is_hit && (!every || ++hit % every)) continue;
        compute(v, i);
        v->n_checked += is_hit;
    }
}
/* All rows, if one is missing or the request is the n-th that was found. */
static void choose_request(nxc__vectors *v, size_t every) {
    nxc__vector_lookup *l = &v->lookup;
    bool is_hit = l->n_found == l->n;
    size_t hit = nxc__atomic_counter_add(&v->ctx->engine->n_hits, is_hit);
    if (is_hit && (!every || (hit + 1) % every)) return;
    for (size_t i = 0; i < l->n; i++)
        compute(v, i);
    if (is_hit)
        v->n_checked = l->n;
    else
        memset(l->tier, NXC_TIER_NONE, l->n);
}
static void choose(nxc__vectors *v) {
    size_t every =
        nxc__config_int(v->ctx->engine->cfg, NXC_OPT_cache_self_check);
    unpack(v);
    v->n_missing = v->n_checked = 0;
    if (v->lookup.is_whole)
        choose_request(v, every);
    else
        choose_rows(v, every);
}

/* Of the threads that miss these vectors now, one goes on. */
static void share(nxc__vectors *v) {
    nxc__vector_lookup *l = &v->lookup;
    nxc__tiers *t = &v->ctx->engine->tiers;
    size_t bytes = l->n * l->width * sizeof(float) + l->width;
    nxc__hash128 key = nxc__hash_128(l->digests, l->n * sizeof *l->digests);
    v->has_flight = nxc__flight_begin(t, &v->flight, key, l->rows, bytes);
    if (!v->has_flight) {
        memset(l->tier, NXC_TIER_MEMORY, l->n);
        v->n_missing = v->n_checked = 0;
        nxc__metrics_add(t->metrics, NXC_METRIC_vectors_shared, l->n);
        return;
    }
    nxc__tiers_recall_vectors(t, l); /* who was first may have left by now */
    choose(v);
}

static nxc_status alloc_find(nxc__vectors *v, nxc_error *err) {
    nxc__arena *arena = &v->ctx->arena;
    nxc__vector_lookup *l = &v->lookup;
    size_t n = l->n, row = l->width * sizeof(float);
    l->candidates = nxc__arena_alloc_array(arena, n, sizeof *l->candidates);
    l->digests = nxc__arena_alloc_array(arena, n, sizeof *l->digests);
    /* one row more, for the statuses */
    l->rows = nxc__arena_alloc_array(arena, n + 1, row);
    l->tier = nxc__arena_alloc_array(arena, n, sizeof *l->tier);
    v->missing = nxc__arena_alloc_array(arena, n, sizeof *v->missing);
    v->operations = nxc__arena_alloc_array(arena, n, sizeof *v->operations);
    if (!l->candidates || !l->digests || !l->rows || !l->tier || !v->missing ||
        !v->operations)
        return nxc__error_nomem(err, n * row);
    v->status = (uint8_t *)(l->rows + n * l->width);
    memset(v->status, NXC_FEATURE_OK, l->width);
    return NXC_OK;
}

static nxc_status make_key(nxc__vectors *v, nxc_error *err) {
    const nxc__vector_inputs *in = v->in;
    nxc__vector_lookup *l = &v->lookup;
    l->key.prompt = in->prompt;
    l->key.fingerprint = in->entry->fingerprints[l->is_whole];
    NXC_TRY(nxc__vectors_context(in, &v->ctx->arena, &l->key.context, err));
    if (l->is_whole)
        return nxc__vectors_request(in, &v->ctx->arena, &l->key.candidate, err);
    for (size_t i = 0; i < l->n; i++)
        l->candidates[i] = in->entry->ids[in->candidates[i]];
    return NXC_OK;
}

nxc_status nxc__vectors_find(nxc__vectors *v, nxc_ctx *ctx,
                             const nxc__vector_inputs *in, nxc_error *err) {
    *v = (nxc__vectors){.ctx = ctx, .in = in};
    nxc__vector_lookup *l = &v->lookup;
    l->reader = ctx->reader;
    l->n = in->n;
    l->width = in->set->n;
    l->is_whole = nxc__feature_set_is_whole(in->set);
    NXC_TRY(alloc_find(v, err));
    memset(l->tier, NXC_TIER_NONE, l->n);
    if (in->is_kept) {
        NXC_TRY(make_key(v, err));
        nxc__tiers_find_vectors(&ctx->engine->tiers, l);
    }
    choose(v);
    if (v->n_missing > v->n_checked && (l->memory || l->is_stored)) share(v);
    /* where no row is kept, they are computed in their places */
    v->computed = v->n_missing == l->n && v->n_checked == 0
                      ? l->rows
                      : nxc__arena_alloc_array(&ctx->arena, v->n_missing,
                                               l->width * sizeof(float));
    if (!v->computed)
        return nxc__error_nomem(err, v->n_missing * l->width * sizeof(float));
    return NXC_OK;
}

/* ---- settle, keep and end */

static bool differs(const float *found, const float *computed, size_t width) {
    for (size_t f = 0; f < width; f++)
        if (is_cached(f) && bits_of(found[f]) != bits_of(computed[f]))
            return true;
    return false;
}

void nxc__vectors_settle(nxc__vectors *v) {
    nxc__vector_lookup *l = &v->lookup;
    nxc__metrics *m = &v->ctx->engine->metrics;
    size_t n_wrong = 0;
    for (size_t k = 0; k < v->n_missing && v->computed != l->rows; k++) {
        size_t i = v->missing[k];
        float *row = l->rows + i * l->width;
        const float *computed = v->computed + k * l->width;
        bool was_found = l->tier[i] != NXC_TIER_NONE;
        if (was_found && !differs(row, computed, l->width)) continue;
        n_wrong += was_found;
        l->tier[i] = NXC_TIER_NONE;
        memcpy(row, computed, l->width * sizeof(float));
    }
    nxc__metrics_add(m, NXC_METRIC_vector_self_checks, v->n_checked);
    nxc__metrics_add(m, NXC_METRIC_vector_self_check_failures, n_wrong);
    nxc__metrics_add(m, NXC_METRIC_vectors_computed, v->n_missing);
}

/* Row i as the tiers keep it. */
static void pack(const nxc__vectors *v, size_t i, float *out) {
    size_t width = v->lookup.width;
    memcpy(out, v->lookup.rows + i * width, width * sizeof *out);
    for (size_t f = 0; f < width; f++)
        if (!is_cached(f) || v->status[f])
            out[f] = nan_of(is_cached(f) ? v->status[f] : 0);
}

nxc_status nxc__vectors_keep(nxc__vectors *v, const nxc__vector_info *info,
                             nxc_error *err) {
    nxc__vector_lookup *l = &v->lookup;
    nxc__tiers *t = &v->ctx->engine->tiers;
    bool is_new = false;
    if (!l->memory && !l->is_stored) return NXC_OK;
    for (size_t k = 0; k < v->n_missing; k++)
        is_new |= l->tier[v->missing[k]] == NXC_TIER_NONE;
    if (!is_new) return NXC_OK;
    size_t n = l->is_whole ? l->n : 1;
    float *rows =
        nxc__arena_alloc_array(&v->ctx->arena, n, l->width * sizeof *rows);
    if (!rows) return nxc__error_nomem(err, n * l->width * sizeof *rows);
    for (size_t k = 0; k < v->n_missing; k++) {
        size_t i = v->missing[k];
        if (!l->is_whole && l->tier[i] != NXC_TIER_NONE) continue;
        pack(v, i, rows + (l->is_whole ? i * l->width : 0));
        if (!l->is_whole) nxc__tiers_put_vector(t, l, i, rows, info);
    }
    if (l->is_whole) nxc__tiers_put_request(t, l, rows, info);
    nxc__tiers_observe(t);
    return NXC_OK;
}

void nxc__vectors_end(nxc__vectors *v, bool is_ok) {
    if (v->has_flight)
        nxc__flight_end(&v->ctx->engine->tiers, &v->flight, is_ok);
    v->has_flight = false;
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
