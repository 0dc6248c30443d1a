/*
 * One request, straight through:
 *
 *     resolve   catalog, candidates -> indexes; history -> session; workflow
 *     find      vectors that a cache tier has
 *     encode    for those that are missing: the prompt; candidate rows that are
 *               not there yet
 *     features  (n_candidates, n_features) float32: missing rows, time columns
 *     score     one double a candidate, contributions for the linear ranker
 *     order     the best `top`, ties by operation index
 *     keep      what was computed, in the cache tiers
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
#include "engine/learning.h"
#include "engine/vectors.h"
#include "text/words.h"

typedef struct job {
    nxc_ctx *ctx;
    const nxc_request *request;
    nxc__entry *entry;
    nxc__session session;
    nxc__workflow workflow;
    nxc__decision_point dp;
    uint32_t *candidates;
    size_t n, n_not_allowed;
    nxc__hash128 prompt_hash;
    nxc__vector_inputs inputs;
    nxc__vectors vectors;
    nxc__tier_id prompt_tier; /* where its embedding was found */
    const nxc__feature_set *set;
    nxc__query query;      /* set v2 */
    uint8_t *status;       /* (set->n) */
    float *features;       /* (n, set->n) */
    double *scores;        /* (n) */
    double *probabilities; /* (n) */
    double *contributions; /* (n, set->n) */
    bool has_contributions;
} job;

static bool is_v1(const job *j) { return j->set->n == NXC_V1_N_FEATURES; }

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}
/* Microseconds since *last, which moves on; observed as those of stage. */
static double lap(const nxc_ctx *ctx, nxc__histogram stage, double *last) {
    double t = now_us(), d = t - *last;
    *last = t;
    nxc__metrics_observe(nxc__engine_metrics(ctx->engine), stage,
                         (uint64_t)(d * 1e3));
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
    if (r->min_confidence < 0 || r->min_confidence > 1)
        return nxc__error(err, NXC_ERR_INVALID,
                          "min_confidence: expected 0 to 1, got %g",
                          r->min_confidence);
    if (r->allow >> (NXC_RISK_MONEY + 1))
        return nxc__error(err, NXC_ERR_INVALID,
                          "allow: expected a set of risks, got 0x%x",
                          (unsigned)r->allow);
    if (r->n_candidates > max_candidates)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "candidates: expected at most %zu, got %zu",
                          max_candidates, r->n_candidates);
    return NXC_OK;
}

size_t nxc__engine_candidates(const nxc__entry *entry, uint32_t *out) {
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

/* What the request does not allow is no candidate at all: features that
 * compare candidates do not see it. */
static void drop_not_allowed(job *j) {
    size_t kept = 0;
    uint32_t allow = j->request->allow;
    for (size_t i = 0; allow && i < j->n; i++) {
        nxc_risk risk = nxc__catalog_risk(j->entry->catalog, j->candidates[i]);
        if (allow & NXC_RISK_BIT(risk))
            j->candidates[kept++] = j->candidates[i];
    }
    if (!allow) kept = j->n;
    j->n_not_allowed = j->n - kept;
    j->n = kept;
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
        j->n = nxc__engine_candidates(j->entry, j->candidates);
    drop_not_allowed(j);
    NXC_TRY(nxc__session_resolve(j->entry->catalog, r, e->cfg, &j->ctx->arena,
                                 &j->session, err));
    NXC_TRY(nxc__session_resolve_earlier(j->entry->catalog, r, e->cfg,
                                         &j->ctx->arena, &j->session, err));
    if (r->previous_of.len)
        NXC_TRY(
            nxc__engine_find_earlier(j->ctx, j->entry, r, &j->session, err));
    j->dp.statistics =
        j->ctx->statistics ? j->ctx->statistics : j->entry->statistics;
    j->dp.prompt_methods = nxc__prompt_methods(r->prompt);
    nxc__workflow_observe(
        &j->session, j->entry->states, nxc__workflow_prompt_methods(r->prompt),
        nxc__config_real(e->cfg, NXC_OPT_pattern_confidence_threshold),
        nxc__config_list(e->cfg, NXC_OPT_workflow_patterns), &j->workflow);
    return NXC_OK;
}

/* Statistics of learned sessions have no identity that could be part of a key
 * yet: what they contribute to is computed each time. */
static nxc_status find(job *j, nxc_error *err) {
    j->inputs = (nxc__vector_inputs){
        .entry = j->entry,
        .set = j->set,
        .session = &j->session,
        .prompt = j->prompt_hash,
        .delta =
            nxc__prompt_delta(j->request->prompt, j->request->previous_prompt),
        .candidates = j->candidates,
        .n = j->n,
        .is_kept = is_v1(j) || (!j->dp.statistics && !j->session.n_earlier)};
    NXC_TRY(nxc__vectors_find(&j->vectors, j->ctx, &j->inputs, err));
    j->status = j->vectors.status;
    j->features = j->vectors.lookup.rows;
    return NXC_OK;
}

/* Whether the encoder drops the end of the prompt; a byte gives at most one
 * token. */
static nxc_status check_truncated(const job *j, bool *out, nxc_error *err) {
    nxc_text_info info;
    if (j->request->prompt.len <= NXC_MAX_TOKENS - 2) return NXC_OK;
    uint32_t *ids =
        nxc__arena_alloc_array(&j->ctx->arena, NXC_MAX_TOKENS, sizeof *ids);
    if (!ids) return nxc__error_nomem(err, NXC_MAX_TOKENS * sizeof *ids);
    NXC_TRY(nxc_encoder_tokenize(j->ctx->engine->encoder, j->request->prompt,
                                 ids, &info, err));
    *out = info.truncated;
    return NXC_OK;
}

/* What of the prompt is embedded for set v2: itself, its new part and its
 * clauses. */
static size_t query_texts(job *j, nxc_str texts[NXC_QUERY_TEXTS]) {
    nxc__query *q = &j->query;
    texts[0] = j->request->prompt;
    q->delta = j->inputs.delta;
    q->n_clauses = nxc__clauses(texts[0], q->clauses);
    texts[1] = q->delta;
    memcpy(texts + 2, q->clauses, q->n_clauses * sizeof *texts);
    return 2 + q->n_clauses;
}

/* Called operations have embeddings too: they need not be candidates; and where
 * sessions were learnt, all operations, which past sessions called. */
static nxc_status encode_called(job *j, nxc_ranking *out, nxc_error *err) {
    size_t n = 0;
    if (j->dp.statistics)
        return nxc__engine_encode(j->ctx->engine, j->entry, NULL, 0, NULL, NULL,
                                  &out->n_encoded, err);
    uint32_t *ops =
        nxc__arena_alloc_array(&j->ctx->arena, j->session.n + 1, sizeof *ops);
    if (!ops) return nxc__error_nomem(err, j->session.n * sizeof *ops);
    for (size_t i = 0; i < j->session.n; i++)
        if (j->session.calls[i].operation != NXC_NONE)
            ops[n++] = j->session.calls[i].operation;
    return nxc__engine_encode(j->ctx->engine, j->entry, ops, n, NULL, NULL,
                              &out->n_encoded, err);
}

static nxc_status encode_query(job *j, nxc_ranking *out, nxc_error *err) {
    nxc_str texts[NXC_QUERY_TEXTS];
    nxc_ctx *ctx = j->ctx;
    if (is_v1(j))
        return ctx->encoder
                   ? nxc__engine_encode_prompt(ctx, j->request->prompt,
                                               j->prompt_hash, &j->prompt_tier,
                                               &out->n_encoded, err)
                   : NXC_OK;
    size_t n = query_texts(j, texts);
    if (!ctx->encoder) return NXC_OK;
    NXC_TRY(nxc__engine_encode_query(ctx, texts, n, &j->prompt_tier,
                                     &out->n_encoded, err));
    j->query.embeddings = ctx->query_embeddings;
    return encode_called(j, out, err);
}

static nxc_status encode(job *j, nxc_ranking *out, nxc_error *err) {
    nxc_engine *e = j->ctx->engine;
    const nxc__vectors *v = &j->vectors;
    if (j->request->prompt.len == 0) return NXC_OK;
    if (e->encoder) NXC_TRY(check_truncated(j, &out->prompt_truncated, err));
    if (v->n_missing == 0) return NXC_OK;
    NXC_TRY(encode_query(j, out, err));
    if (!j->ctx->encoder) return NXC_OK;
    NXC_TRY(nxc__engine_encode(e, j->entry, v->operations, v->n_missing, NULL,
                               NULL, &out->n_encoded, err));
    float *similarity = nxc__arena_alloc_array(&j->ctx->arena, v->n_missing,
                                               sizeof *similarity);
    if (!similarity) return nxc__error_nomem(err, v->n_missing * sizeof(float));
    for (size_t i = 0; i < v->n_missing; i++)
        similarity[i] = nxc__encoder_dot(
            e->encoder, j->ctx->query_embeddings,
            j->entry->texts[0].embeddings + (size_t)v->operations[i] * NXC_DIM);
    j->dp.similarity = similarity;
    return NXC_OK;
}

/* The rows that were not found, then of all rows what depends on now. */
static nxc_status features(job *j, nxc_error *err) {
    nxc__vectors *v = &j->vectors;
    j->dp.catalog = j->entry->catalog;
    j->dp.session = &j->session;
    j->dp.workflow = &j->workflow;
    j->dp.states = j->entry->states;
    j->dp.ngram = nxc__catalog_ngram(j->entry->catalog);
    j->dp.prompt = j->request->prompt;
    j->dp.now = j->request->now;
    j->dp.index = j->entry->index;
    j->dp.query = &j->query;
    j->dp.encoder = j->ctx->engine->encoder;
    for (size_t k = 0; k < NXC_N_OP_TEXTS; k++)
        j->dp.rows[k] = j->entry->texts[k].embeddings;
    j->dp.arena = &j->ctx->arena;
    j->dp.candidates = v->operations;
    j->dp.n = v->n_missing;
    if (v->n_missing || j->n == 0)
        NXC_TRY(
            nxc__features_extract(&j->dp, j->set, v->computed, v->status, err));
    nxc__vectors_settle(v);
    j->dp.candidates = j->candidates;
    j->dp.n = j->n;
    nxc__features_extract_now(&j->dp, j->features, j->set->n, v->status);
    return NXC_OK;
}

static nxc_status keep(job *j, nxc_ranking *out, nxc_error *err) {
    nxc__vector_info info = {out->confidence_score, j->workflow.confidence,
                             nxc__pattern_name(j->workflow.pattern)};
    nxc__tier_id tier = nxc__vectors_tier(&j->vectors);
    out->cache_tier = nxc__tier_name(tier ? tier : j->prompt_tier);
    return nxc__vectors_keep(&j->vectors, &info, err);
}

/* Rows of the set that a ranker reads, which the extracted set begins with. */
static const float *first_columns(job *j, size_t own) {
    if (own == j->set->n) return j->features;
    float *rows =
        nxc__arena_alloc_array(&j->ctx->arena, j->n, own * sizeof *rows);
    for (size_t i = 0; rows && i < j->n; i++)
        memcpy(rows + i * own, j->features + i * j->set->n, own * sizeof *rows);
    return rows;
}

/* Contributions from rows of the ranker's set to rows of the extracted one, in
 * place, the last row first. */
static void widen_contributions(job *j, size_t own) {
    for (size_t i = j->n; own < j->set->n && i-- > 0;) {
        double *to = j->contributions + i * j->set->n;
        memmove(to, j->contributions + i * own, own * sizeof *to);
        for (size_t f = own; f < j->set->n; f++)
            to[f] = 0;
    }
}

/* The position of the best by scores, as order has it. */
static nxc_status best_of(job *j, const double *scores, uint32_t *best,
                          nxc_error *err) {
    uint32_t *scratch =
        nxc__arena_alloc_array(&j->ctx->arena, j->n, sizeof *scratch);
    if (!scratch) return nxc__error_nomem(err, j->n * sizeof *scratch);
    nxc__order(scores, j->candidates, j->n, 1, scratch, best);
    return NXC_OK;
}

/* The shadow's scores are compared, counted and forgotten. */
static nxc_status score_shadow(job *j, const nxc__live *live, nxc_error *err) {
    nxc__metrics *metrics = nxc__engine_metrics(j->ctx->engine);
    double clock = now_us();
    uint32_t best, own;
    if (j->n == 0) return NXC_OK;
    const float *rows = first_columns(j, nxc_ranker_n_features(live->shadow));
    double *scores =
        nxc__arena_alloc_array(&j->ctx->arena, j->n, sizeof *scores);
    if (!rows || !scores) return nxc__error_nomem(err, j->n * sizeof *scores);
    NXC_TRY(nxc__ranker_score_rows(live->shadow, (uint32_t)j->workflow.pattern,
                                   rows, j->n, scores, NULL, NULL, err));
    NXC_TRY(best_of(j, scores, &best, err));
    NXC_TRY(best_of(j, j->scores, &own, err));
    nxc__metrics_add(metrics, NXC_METRIC_shadow_requests, 1);
    if (best != own)
        nxc__metrics_add(metrics, NXC_METRIC_shadow_first_differs, 1);
    (void)lap(j->ctx, NXC_HISTOGRAM_shadow, &clock);
    return NXC_OK;
}

static nxc_status score(job *j, nxc_error *err) {
    nxc__arena *arena = &j->ctx->arena;
    const nxc__live *live = j->ctx->live;
    const nxc_ranker *ranker = live->ranker;
    size_t own = nxc_ranker_n_features(ranker);
    const float *rows = first_columns(j, own);
    j->scores = nxc__arena_alloc_array(arena, j->n, sizeof(double));
    if (nxc__ranker_is_linear(ranker))
        j->contributions =
            nxc__arena_alloc_array(arena, j->n, j->set->n * sizeof(double));
    if (!rows || !j->scores ||
        (nxc__ranker_is_linear(ranker) && !j->contributions))
        return nxc__error_nomem(err, j->n * sizeof(double));
    NXC_TRY(nxc__ranker_score_rows(ranker, (uint32_t)j->workflow.pattern, rows,
                                   j->n, j->scores, j->contributions,
                                   &j->has_contributions, err));
    if (j->has_contributions) widen_contributions(j, own);
    return live->shadow ? score_shadow(j, live, err) : NXC_OK;
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

/* Probabilities are for requests like those that they were fitted on: with a
 * prompt and, in set v2, its embeddings. */
static bool is_calibrated(const job *j) {
    return j->request->prompt.len && (is_v1(j) || j->ctx->encoder);
}

static nxc_status calibrate(job *j, nxc_error *err) {
    const nxc_ranker *ranker = j->ctx->live->ranker;
    const nxc__calibration *c =
        nxc__ranker_calibration(ranker, j->dp.statistics != NULL);
    if (c->n == 0 && !isnan(j->request->min_confidence))
        return nxc__error(err, NXC_ERR_UNSUPPORTED,
                          "min_confidence: expected a ranker with calibrated "
                          "probabilities, got %s",
                          nxc_ranker_name(ranker));
    j->probabilities =
        nxc__arena_alloc_array(&j->ctx->arena, j->n, sizeof(double));
    if (!j->probabilities) return nxc__error_nomem(err, j->n * sizeof(double));
    static const nxc__calibration none = {.n = 0};
    nxc__calibrate(is_calibrated(j) ? c : &none, j->scores, j->n,
                   j->probabilities);
    return NXC_OK;
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
        items[i] = (nxc_ranked){.operation = j->candidates[at],
                                .rank = (uint32_t)i + 1,
                                .score = j->scores[at],
                                .probability = j->probabilities[at],
                                .features = j->features + at * j->set->n,
                                .contributions =
                                    j->has_contributions
                                        ? j->contributions + at * j->set->n
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
    out->best_probability = items[0].probability;
    double least = j->request->min_confidence;
    out->abstained = !isnan(least) && !(out->best_probability >= least);
    if (out->abstained) out->n = 0;
    return NXC_OK;
}

nxc_status nxc_ranking_explain(nxc_ctx *ctx, nxc_ranking *r, size_t first,
                               size_t n, nxc_error *err) {
    if (!ctx || !r || first > r->n || n > r->n - first)
        return nxc__error(err, NXC_ERR_INVALID,
                          "ranking explain: expected a context and items of "
                          "its ranking, got others");
    const nxc_ranker *ranker = ctx->live->ranker;
    if (nxc__ranker_is_linear(ranker) || n == 0) return NXC_OK;
    size_t width = r->n_features;
    nxc_ranked *items =
        nxc__arena_alloc_array(&ctx->arena, r->n, sizeof *items);
    double *rows = nxc__arena_alloc_array(&ctx->arena, n * width, sizeof *rows);
    if (!items || !rows) return nxc__error_nomem(err, n * width);
    memset(rows, 0, n * width * sizeof *rows); /* behind the ranker's own */
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

/* Finding vectors counts as part of the stage features. */
static nxc_status run_stages(job *j, nxc_ranking *r, nxc_error *err) {
    double clock = now_us(), start = clock;
    NXC_TRY(resolve(j, err));
    r->timing.resolve_us = lap(j->ctx, NXC_HISTOGRAM_resolve, &clock);
    NXC_TRY(find(j, err));
    double find_us = now_us() - clock;
    clock += find_us;
    NXC_TRY(encode(j, r, err));
    r->timing.encode_us = lap(j->ctx, NXC_HISTOGRAM_encode, &clock);
    clock -= find_us;
    NXC_TRY(features(j, err));
    r->timing.features_us = lap(j->ctx, NXC_HISTOGRAM_features, &clock);
    NXC_TRY(score(j, err));
    NXC_TRY(calibrate(j, err));
    r->timing.score_us = lap(j->ctx, NXC_HISTOGRAM_score, &clock);
    NXC_TRY(order(j, r, err));
    r->timing.order_us = lap(j->ctx, NXC_HISTOGRAM_order, &clock);
    NXC_TRY(keep(j, r, err));
    nxc__metrics_observe(nxc__engine_metrics(j->ctx->engine),
                         NXC_HISTOGRAM_request,
                         (uint64_t)((now_us() - start) * 1e3));
    return NXC_OK;
}

/* What nxc_ranking_because looks at, moved from the stack to the arena. */
static nxc_status remember(const job *j, nxc_error *err) {
    struct {
        nxc__decision_point dp;
        nxc__session session;
        nxc__query query;
    } *kept = nxc__arena_alloc(&j->ctx->arena, sizeof *kept);
    if (!kept) return nxc__error_nomem(err, sizeof *kept);
    kept->dp = j->dp;
    kept->session = j->session;
    kept->query = j->query;
    kept->dp.session = &kept->session;
    kept->dp.query = &kept->query;
    kept->dp.workflow = NULL;
    kept->dp.index = j->entry->index;
    j->ctx->point = &kept->dp;
    return NXC_OK;
}

/* Entries without an index have no second fingerprint: zeros, of none. */
static size_t width_of(void *user, nxc__hash128 fingerprint) {
    const nxc_engine *e = user;
    for (size_t i = 0; i < e->n_entries; i++)
        for (size_t set = 0; set < 2; set++)
            if (nxc__hash128_eq(e->entries[i].fingerprints[set], fingerprint))
                return nxc__feature_set_at(set)->n;
    return 0;
}

static nxc_status rank(nxc_ctx *ctx, const nxc_request *request,
                       nxc_ranking *out, nxc_error *err) {
    NXC_TRY(check_request(ctx, request, err));
    nxc__arena_reset(&ctx->arena);
    ctx->point = NULL;
    nxc_engine *e = ctx->engine;
    nxc__tiers_warm(&e->tiers, ctx->reader,
                    nxc__config_int(e->cfg, NXC_OPT_parallel_workers) > 1,
                    width_of, e);
    nxc__live_take(ctx);
    job j = {.ctx = ctx, .request = request, .set = ctx->live->set};
    nxc_ranking r;
    memset(&r, 0, sizeof r);
    r.best_probability = (double)NAN;
    j.prompt_hash = nxc__hash_128(request->prompt.ptr, request->prompt.len);
    nxc__hash128_format(j.prompt_hash, r.prompt_hash);
    nxc_status st = run_stages(&j, &r, err);
    nxc__vectors_end(&j.vectors, st == NXC_OK);
    if (st != NXC_OK) return st;
    NXC_TRY(remember(&j, err));
    r.n_candidates = j.n;
    r.n_not_allowed = j.n_not_allowed;
    r.n_features = j.set->n;
    r.feature_set = j.set->name;
    r.feature_status = j.status;
    r.catalog = j.entry->catalog;
    r.ranker = nxc_ranker_name(ctx->live->ranker);
    r.workflow_pattern = nxc__pattern_name(j.workflow.pattern);
    r.pattern_confidence = j.workflow.confidence;
    r.n_unknown_calls = j.session.n_unknown;
    *out = r;
    return NXC_OK;
}

nxc_status nxc_rank(nxc_ctx *ctx, const nxc_request *request, nxc_ranking *out,
                    nxc_error *err) {
    if (!ctx || !request || !out)
        return nxc__error(err, NXC_ERR_INVALID,
                          "rank: expected a context, a request and an output, "
                          "got NULL");
    nxc_status st = rank(ctx, request, out, err);
    nxc__metrics_add(
        nxc__engine_metrics(ctx->engine),
        st == NXC_OK ? NXC_METRIC_requests : NXC_METRIC_requests_failed, 1);
    return st;
}
