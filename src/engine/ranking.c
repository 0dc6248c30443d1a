/*
 * One request, straight through:
 *
 *     resolve   catalog, candidates -> indexes; history -> session; workflow
 *     encode    the prompt; candidate rows that are not there yet
 *     features  (n_candidates, n_features) float32
 *     score     one double a candidate, contributions for the linear ranker
 *     order     the best `top`, ties by operation index
 *
 * Everything lives in the context's arena until the next request; a warm
 * context allocates nothing here.
 *
 * Cost: one pass over the candidates a stage; the encoder dominates when the
 * prompt is new.
 */
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/config.h"
#include "base/error.h"
#include "base/str.h"
#include "engine/engine.h"
#include "text/words.h"

typedef struct job {
    nxc_ctx *ctx;
    const nxc_request *request;
    nxc__entry *entry;
    nxc__session session;
    nxc__workflow workflow;
    nxc__decision_point dp;
    uint32_t *candidates;
    size_t n;
    float *similarity;
    float *features;       /* (n, NXC_V1_N_FEATURES) */
    double *scores;        /* (n) */
    double *contributions; /* (n, NXC_V1_N_FEATURES) */
    bool has_contributions;
} job;

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}
/* Microseconds since *last, which moves on. */
static double lap(double *last) {
    double t = now_us(), d = t - *last;
    *last = t;
    return d;
}

static nxc_status check_request(const nxc_ctx *ctx, const nxc_request *r,
                                nxc_error *err) {
    const nxc_config *cfg = ctx->engine->cfg;
    size_t max_prompt = nxc__config_int(cfg, NXC_OPT_max_prompt_bytes);
    size_t max_candidates = nxc__config_int(cfg, NXC_OPT_max_candidates);
    if (r->size != sizeof *r)
        return nxc__error(err, NXC_ERR_INVALID,
                          "request.size: expected %zu, got %zu", sizeof *r,
                          r->size);
    if (r->prompt.len > max_prompt)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "prompt: expected at most %zu bytes, got %zu",
                          max_prompt, r->prompt.len);
    if (r->n_candidates > max_candidates)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "candidates: expected at most %zu, got %zu",
                          max_candidates, r->n_candidates);
    return NXC_OK;
}

/* All operations that are no webhooks. */
static size_t all_candidates(const nxc__entry *entry, uint32_t *out) {
    size_t n = 0;
    for (uint32_t i = 0; i < entry->n; i++)
        if (!(nxc__catalog_flags(entry->catalog, i) & NXC_OP_WEBHOOK))
            out[n++] = i;
    return n;
}

static nxc_status listed_candidates(job *j, nxc_error *err) {
    const nxc_request *r = j->request;
    size_t words = (j->entry->n + 31) / 32;
    uint32_t *seen =
        nxc__arena_alloc_array(&j->ctx->arena, words, sizeof *seen);
    if (!seen) return nxc__error_nomem(err, words * sizeof *seen);
    memset(seen, 0, words * sizeof *seen);
    for (size_t i = 0; i < r->n_candidates; i++) {
        uint32_t op = nxc_catalog_find(j->entry->catalog, r->candidates[i]);
        if (op == NXC_NONE)
            return nxc__error(err, NXC_ERR_NOT_FOUND,
                              "candidates[%zu]: expected an operation of %.*s, "
                              "got %.*s",
                              i, NXC_STR_ARG(j->entry->name),
                              NXC_STR_ARG(r->candidates[i]));
        if (seen[op / 32] >> (op % 32) & 1)
            return nxc__error(err, NXC_ERR_INVALID,
                              "candidates[%zu]: expected each operation once, "
                              "got %.*s again",
                              i, NXC_STR_ARG(r->candidates[i]));
        seen[op / 32] |= 1u << (op % 32);
        j->candidates[i] = op;
    }
    j->n = r->n_candidates;
    return NXC_OK;
}

static nxc_status resolve(job *j, nxc_error *err) {
    nxc_engine *e = j->ctx->engine;
    const nxc_request *r = j->request;
    if (e->n_entries == 0)
        return nxc__error(err, NXC_ERR_STATE,
                          "catalog: expected a loaded catalog, got none");
    if (r->catalog.len == 0 && e->n_entries > 1)
        return nxc__error(err, NXC_ERR_INVALID,
                          "catalog: expected the name of one of %zu, got none",
                          e->n_entries);
    j->entry = nxc__engine_find(e, r->catalog);
    if (!j->entry)
        return nxc__error(err, NXC_ERR_NOT_FOUND,
                          "catalog: expected a loaded one, got \"%.*s\"",
                          NXC_STR_ARG(r->catalog));
    size_t room = r->candidates ? r->n_candidates : j->entry->n;
    j->candidates =
        nxc__arena_alloc_array(&j->ctx->arena, room + 1, sizeof *j->candidates);
    if (!j->candidates) return nxc__error_nomem(err, room * sizeof(uint32_t));
    if (r->candidates)
        NXC_TRY(listed_candidates(j, err));
    else
        j->n = all_candidates(j->entry, j->candidates);
    NXC_TRY(nxc__session_resolve(j->entry->catalog, r, e->cfg, &j->ctx->arena,
                                 &j->session, err));
    j->dp.prompt_methods = nxc__prompt_methods(r->prompt);
    nxc__workflow_observe(
        &j->session, j->entry->states, nxc__workflow_prompt_methods(r->prompt),
        nxc__config_real(e->cfg, NXC_OPT_pattern_confidence_threshold),
        &j->workflow);
    return NXC_OK;
}

/* The embedding of the prompt into the context, unless it is there already. */
static nxc_status encode_prompt(job *j, nxc_ranking *out, nxc_error *err) {
    nxc_ctx *ctx = j->ctx;
    nxc__hash128 h =
        nxc__hash_128(j->request->prompt.ptr, j->request->prompt.len);
    nxc__hash128_format(h, out->prompt_hash);
    out->cache_tier = "none";
    if (!ctx->encoder || j->request->prompt.len == 0) return NXC_OK;
    if (ctx->has_prompt && h.low == ctx->prompt_hash.low &&
        h.high == ctx->prompt_hash.high) {
        out->cache_tier = "context";
        return NXC_OK;
    }
    nxc_text_info info;
    ctx->has_prompt = false;
    NXC_TRY(nxc_encoder_encode(ctx->encoder, &j->request->prompt, 1,
                               ctx->prompt_embedding, &info, err));
    ctx->prompt_hash = h;
    ctx->has_prompt = true;
    ctx->prompt_truncated = info.truncated;
    out->n_encoded++;
    return NXC_OK;
}

static nxc_status encode(job *j, nxc_ranking *out, nxc_error *err) {
    nxc_engine *e = j->ctx->engine;
    NXC_TRY(encode_prompt(j, out, err));
    if (!j->ctx->encoder || j->request->prompt.len == 0) return NXC_OK;
    out->prompt_truncated = j->ctx->prompt_truncated;
    NXC_TRY(nxc__engine_encode(e, j->entry, j->candidates, j->n, NULL, NULL,
                               &out->n_encoded, err));
    j->similarity =
        nxc__arena_alloc_array(&j->ctx->arena, j->n, sizeof *j->similarity);
    if (!j->similarity) return nxc__error_nomem(err, j->n * sizeof(float));
    for (size_t i = 0; i < j->n; i++)
        j->similarity[i] = nxc__encoder_dot(
            e->encoder, j->ctx->prompt_embedding,
            j->entry->embeddings + (size_t)j->candidates[i] * NXC_DIM);
    return NXC_OK;
}

static nxc_status features(job *j, uint8_t *status, nxc_error *err) {
    j->features = nxc__arena_alloc_array(&j->ctx->arena, j->n,
                                         NXC_V1_N_FEATURES * sizeof(float));
    if (!j->features) return nxc__error_nomem(err, j->n * sizeof(float));
    j->dp.catalog = j->entry->catalog;
    j->dp.session = &j->session;
    j->dp.workflow = &j->workflow;
    j->dp.states = j->entry->states;
    j->dp.ngram = nxc__catalog_ngram(j->entry->catalog);
    j->dp.prompt = j->request->prompt;
    j->dp.now = j->request->now;
    j->dp.candidates = j->candidates;
    j->dp.n = j->n;
    j->dp.similarity = j->similarity;
    nxc__features_extract(&j->dp, j->features, status);
    return NXC_OK;
}

static nxc_status score(job *j, nxc_error *err) {
    nxc__arena *arena = &j->ctx->arena;
    const nxc_ranker *ranker = j->ctx->engine->ranker;
    j->scores = nxc__arena_alloc_array(arena, j->n, sizeof(double));
    j->contributions =
        nxc__arena_alloc_array(arena, j->n, NXC_V1_N_FEATURES * sizeof(double));
    if (!j->scores || !j->contributions)
        return nxc__error_nomem(err, j->n * sizeof(double));
    return nxc__ranker_score_rows(ranker, (uint32_t)j->workflow.pattern,
                                  j->features, j->n, j->scores,
                                  j->contributions, &j->has_contributions, err);
}

/* Softmax share of the best candidate over standardised scores: free of the
 * ranker's scale, not calibrated. */
static double confidence(const double *scores, size_t n, double best) {
    double mean = 0, variance = 0, sum = 0;
    for (size_t i = 0; i < n; i++)
        mean += scores[i];
    mean /= (double)n;
    for (size_t i = 0; i < n; i++)
        variance += (scores[i] - mean) * (scores[i] - mean);
    double deviation = sqrt(variance / (double)n);
    if (!(deviation > 0)) return 1.0 / (double)n;
    for (size_t i = 0; i < n; i++)
        sum += exp((scores[i] - best) / deviation);
    return 1.0 / sum;
}

static nxc_status order(job *j, nxc_ranking *out, nxc_error *err) {
    nxc__arena *arena = &j->ctx->arena;
    size_t k =
        j->request->top && j->request->top < j->n ? j->request->top : j->n;
    uint32_t *scratch = nxc__arena_alloc_array(arena, j->n, sizeof *scratch);
    uint32_t *best = nxc__arena_alloc_array(arena, k, sizeof *best);
    nxc_ranked *items = nxc__arena_alloc_array(arena, k, sizeof *items);
    if (!scratch || !best || !items)
        return nxc__error_nomem(err, j->n * sizeof *items);
    nxc__order(j->scores, j->candidates, j->n, k, scratch, best);
    for (size_t i = 0; i < k; i++) {
        size_t at = best[i];
        items[i] = (nxc_ranked){
            .operation = j->candidates[at],
            .rank = (uint32_t)i + 1,
            .score = j->scores[at],
            .features = j->features + at * NXC_V1_N_FEATURES,
            .contributions = j->has_contributions
                                 ? j->contributions + at * NXC_V1_N_FEATURES
                                 : NULL};
    }
    out->items = items;
    out->n = k;
    if (k == 0) return NXC_OK;
    uint32_t first = items[0].operation;
    out->workflow_probability = nxc__workflow_probability(
        &j->workflow, j->entry->catalog, (nxc__state)j->entry->states[first],
        nxc__catalog_resource(j->entry->catalog, first));
    out->confidence_score = confidence(j->scores, j->n, items[0].score);
    return NXC_OK;
}

nxc_status nxc_ranking_explain(nxc_ctx *ctx, nxc_ranking *r, size_t first,
                               size_t n, nxc_error *err) {
    if (!ctx || !r || first > r->n || n > r->n - first)
        return nxc__error(err, NXC_ERR_INVALID,
                          "ranking explain: expected a context and items of "
                          "its ranking, got others");
    const nxc_ranker *ranker = ctx->engine->ranker;
    if (nxc__ranker_is_linear(ranker) || n == 0) return NXC_OK;
    size_t width = r->n_features;
    nxc_ranked *items =
        nxc__arena_alloc_array(&ctx->arena, r->n, sizeof *items);
    double *rows = nxc__arena_alloc_array(&ctx->arena, n * width, sizeof *rows);
    if (!items || !rows) return nxc__error_nomem(err, n * width);
    memcpy(items, r->items, r->n * sizeof *items);
    for (size_t i = 0; i < n; i++) {
        nxc_ranked *item = &items[first + i];
        if (item->contributions) continue;
        NXC_TRY(nxc__ranker_explain_rows(ranker, item->features, 1,
                                         rows + i * width, err));
        item->contributions = rows + i * width;
    }
    r->items = items;
    return NXC_OK;
}

nxc_status nxc_rank(nxc_ctx *ctx, const nxc_request *request, nxc_ranking *out,
                    nxc_error *err) {
    if (!ctx || !request || !out)
        return nxc__error(err, NXC_ERR_INVALID,
                          "rank: expected a context, a request and an output, "
                          "got NULL");
    NXC_TRY(check_request(ctx, request, err));
    nxc__arena_reset(&ctx->arena);
    job j = {.ctx = ctx, .request = request};
    nxc_ranking r;
    memset(&r, 0, sizeof r);
    uint8_t *status = nxc__arena_alloc(&ctx->arena, NXC_V1_N_FEATURES);
    if (!status) return nxc__error_nomem(err, NXC_V1_N_FEATURES);
    double clock = now_us();
    NXC_TRY(resolve(&j, err));
    r.timing.resolve_us = lap(&clock);
    NXC_TRY(encode(&j, &r, err));
    r.timing.encode_us = lap(&clock);
    NXC_TRY(features(&j, status, err));
    r.timing.features_us = lap(&clock);
    NXC_TRY(score(&j, err));
    r.timing.score_us = lap(&clock);
    NXC_TRY(order(&j, &r, err));
    r.timing.order_us = lap(&clock);
    r.n_candidates = j.n;
    r.n_features = NXC_V1_N_FEATURES;
    r.feature_status = status;
    r.catalog = j.entry->catalog;
    r.ranker = nxc_ranker_name(ctx->engine->ranker);
    r.workflow_pattern = nxc__pattern_name(j.workflow.pattern);
    r.pattern_confidence = j.workflow.confidence;
    r.n_unknown_calls = j.session.n_unknown;
    *out = r;
    return NXC_OK;
}
