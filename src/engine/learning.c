/*
 * Learned sessions to statistics that rankings use.
 *
 *     texts -> embeddings (cache tiers, else the encoder) -> statistics
 *     samples of those -> rank by text alone -> reliability of the text signal
 *
 * Only the engine can rank by text, so the statistics leave that figure to it.
 * One prompt is scored once for the calls in a row that share it.
 *
 * Cost: a sample scores all operations by text, 1 ms at a thousand; at most 120
 * samples. Encoding dominates where the prompts are new.
 */
#include "engine/learning.h"

#include <math.h>

#include "base/alloc.h"
#include "base/config.h"
#include "base/error.h"

/* ------------------------------------------------------------------- texts */

/* Texts by row; they live as long as learned. */
static nxc_str *text_rows(const nxc__learned *l, nxc__arena *arena) {
    nxc_str *rows = nxc__arena_alloc_array(arena, l->texts.n + 1, sizeof *rows);
    for (size_t i = 0; rows && i < l->texts.cap; i++)
        if (l->texts.slots[i].hash)
            rows[l->texts.slots[i].value] = l->texts.slots[i].key;
    return rows;
}

static nxc_status encode_rows(nxc_engine *e, const uint32_t *at,
                              const nxc_str *texts, size_t n, float *out,
                              nxc__arena *arena, nxc_error *err) {
    float *rows = nxc__arena_alloc_array(arena, n, NXC_DIM * sizeof *rows);
    if (!rows) return nxc__error_nomem(err, n * NXC_DIM * sizeof *rows);
    NXC_TRY(nxc__engine_encode_batch(e, NXC_TEXT_PROMPT, texts, n, rows, err));
    for (size_t i = 0; i < n; i++)
        memcpy(out + (size_t)at[i] * NXC_DIM, rows + i * NXC_DIM,
               NXC_DIM * sizeof *rows);
    return NXC_OK;
}

/* With the lock. */
static nxc_status fill_rows(nxc_engine *e, const nxc_str *texts, size_t n,
                            float *out, nxc__arena *arena, nxc_error *err) {
    size_t cap = nxc__config_int(e->cfg, NXC_OPT_batch_size), m = 0;
    uint32_t *at = nxc__arena_alloc_array(arena, cap, sizeof *at);
    nxc_str *missing = nxc__arena_alloc_array(arena, cap, sizeof *missing);
    if (!at || !missing) return nxc__error_nomem(err, cap * sizeof *missing);
    for (uint32_t i = 0; i < n; i++) {
        nxc__hash128 hash = nxc__hash_128(texts[i].ptr, texts[i].len);
        if (nxc__tiers_find_embedding(&e->tiers, e->reader, NXC_TEXT_PROMPT,
                                      hash, out + (size_t)i * NXC_DIM) !=
            NXC_TIER_NONE)
            continue;
        at[m] = i;
        missing[m++] = texts[i];
        if (m < cap) continue;
        NXC_TRY(encode_rows(e, at, missing, m, out, arena, err));
        m = 0;
    }
    return m ? encode_rows(e, at, missing, m, out, arena, err) : NXC_OK;
}

nxc_status nxc__engine_encode_learned(nxc_engine *e, const nxc__learned *l,
                                      float *rows, nxc_error *err) {
    nxc__arena arena;
    if (!e->encoder)
        return nxc__error(err, NXC_ERR_STATE,
                          "learn: expected an encoder, got none");
    nxc__arena_init(&arena, e->alloc, SIZE_MAX);
    nxc_str *texts = text_rows(l, &arena);
    nxc_status st = texts ? NXC_OK : nxc__error_nomem(err, l->texts.n);
    if (st == NXC_OK) {
        pthread_mutex_lock(&e->lock);
        st = fill_rows(e, texts, l->texts.n, rows, &arena, err);
        nxc__tiers_sync(&e->tiers);
        pthread_mutex_unlock(&e->lock);
    }
    nxc__arena_release(&arena);
    return st;
}

/* ------------------------------------------------------------ text by itself
 */

typedef struct text_judge {
    nxc_engine *engine;
    const nxc__entry *entry;
    const float *embeddings; /* (n_texts, NXC_DIM), or NULL */
    nxc__arena arena;        /* texts and candidates */
    nxc__arena scratch;      /* of one prompt */
    const nxc_str *texts;    /* (n_texts) */
    uint32_t *candidates;    /* (n) */
    size_t n;
    float *scores;   /* (n) of the prompt */
    uint32_t prompt; /* row of texts that was scored, or NXC_NONE */
} text_judge;

static void judge_release(text_judge *j) {
    nxc__arena_release(&j->arena);
    nxc__arena_release(&j->scratch);
}

static nxc_status judge_init(text_judge *j, nxc_engine *e, nxc__entry *entry,
                             const nxc__learned *learned,
                             const float *embeddings, nxc_error *err) {
    *j = (text_judge){.engine = e, .entry = entry, .embeddings = embeddings};
    nxc__arena_init(&j->arena, e->alloc, SIZE_MAX);
    nxc__arena_init(&j->scratch, e->alloc, SIZE_MAX);
    j->prompt = NXC_NONE;
    j->texts = text_rows(learned, &j->arena);
    j->candidates =
        nxc__arena_alloc_array(&j->arena, entry->n + 1, sizeof(uint32_t));
    j->scores = nxc__arena_alloc_array(&j->arena, entry->n + 1, sizeof(float));
    if (!j->texts || !j->candidates || !j->scores) {
        judge_release(j);
        return nxc__error_nomem(err, entry->n * sizeof(uint32_t));
    }
    j->n = nxc__engine_candidates(entry, j->candidates);
    nxc_status st = embeddings ? nxc__engine_encode(e, entry, NULL, 0, NULL,
                                                    NULL, NULL, err)
                               : NXC_OK;
    if (st != NXC_OK) judge_release(j);
    return st;
}

static nxc_status score_prompt(text_judge *j, uint32_t prompt, nxc_error *err) {
    static const nxc__session none;
    nxc__query query = {.delta = j->texts[prompt]};
    nxc__decision_point dp = {.catalog = j->entry->catalog,
                              .session = &none,
                              .prompt = j->texts[prompt],
                              .candidates = j->candidates,
                              .n = j->n,
                              .index = j->entry->index,
                              .query = &query,
                              .encoder = j->engine->encoder,
                              .arena = &j->scratch};
    if (j->embeddings)
        query.embeddings = j->embeddings + (size_t)prompt * NXC_DIM;
    for (size_t k = 0; k < NXC_N_OP_TEXTS; k++)
        dp.rows[k] = j->entry->texts[k].embeddings;
    nxc__arena_reset(&j->scratch);
    NXC_TRY(nxc__point_text_scores(&dp, j->scores, err));
    j->prompt = prompt;
    return NXC_OK;
}

/* 1 / rank of the operation, the mean over all orders of equal scores. */
static float reciprocal_rank(const text_judge *j, uint32_t operation) {
    size_t gold = 0, above = 0, equal = 0;
    double sum = 0;
    while (gold < j->n && j->candidates[gold] != operation)
        gold++;
    if (gold == j->n || isnan(j->scores[gold])) return (float)NXC_NAN;
    for (size_t i = 0; i < j->n; i++) {
        above += j->scores[i] > j->scores[gold];
        equal += j->scores[i] == j->scores[gold];
    }
    for (size_t k = 1; k <= equal; k++)
        sum += 1 / (double)(above + k);
    return (float)(sum / (double)equal);
}

static nxc_status judge_call(text_judge *j, const nxc__learned_call *call,
                             float *out, nxc_error *err) {
    *out = (float)NXC_NAN;
    if (call->prompt == NXC_NONE || j->texts[call->prompt].len == 0)
        return NXC_OK;
    if (call->prompt != j->prompt) NXC_TRY(score_prompt(j, call->prompt, err));
    *out = reciprocal_rank(j, call->operation);
    return NXC_OK;
}

static nxc_status find_entry(nxc_engine *e, nxc_str catalog, nxc__entry **out,
                             nxc_error *err) {
    *out = nxc__engine_find(e, catalog);
    if (*out) return NXC_OK;
    return nxc__error(err, NXC_ERR_NOT_FOUND,
                      "learn: expected a loaded catalog, got \"%.*s\"",
                      NXC_STR_ARG(catalog));
}

nxc_status nxc__engine_text_ranks(nxc_engine *e, nxc_str catalog,
                                  const nxc__learned *learned,
                                  const float *embeddings, size_t first,
                                  size_t n, float *out, nxc_error *err) {
    text_judge j;
    nxc__entry *entry;
    NXC_TRY(find_entry(e, catalog, &entry, err));
    if (!entry->index)
        return nxc__error(err, NXC_ERR_STATE,
                          "learn: expected the feature set v2, got %s",
                          e->live->set->name);
    NXC_TRY(judge_init(&j, e, entry, learned, embeddings, err));
    nxc_status st = NXC_OK;
    for (size_t i = 0; i < n && st == NXC_OK; i++)
        st = judge_call(&j, &learned->calls[first + i], &out[i], err);
    judge_release(&j);
    return st;
}

/* -------------------------------------------------------------- statistics */

/* The rank that is there already of a sampled call. */
static float known_rank(const nxc__learned *l, const float *ranks,
                        const nxc__sample *sample) {
    for (size_t i = 0; i < l->n_sessions; i++)
        if (nxc__hash128_eq(l->sessions[i].key, sample->session->key))
            return ranks[l->sessions[i].first + sample->step];
    return (float)NXC_NAN;
}

/* Measure the text signal on the samples; without set v2 it stays unknown. */
static nxc_status measure(nxc_engine *e, nxc__entry *entry,
                          const nxc__learned *learned,
                          const nxc__learning_options *o,
                          nxc__statistics *statistics, nxc_error *err) {
    text_judge j;
    nxc__sample sample;
    size_t n = nxc__statistics_n_samples(statistics);
    if (n == 0 || !entry->index) return NXC_OK;
    NXC_TRY(judge_init(&j, e, entry, learned, o->embeddings, err));
    float *ranks = nxc__arena_alloc_array(&j.arena, n, sizeof *ranks);
    nxc_status st = ranks ? NXC_OK : nxc__error_nomem(err, n * sizeof *ranks);
    for (size_t i = 0; i < n && st == NXC_OK; i++) {
        nxc__statistics_sample(statistics, i, &sample);
        if (o->text_ranks)
            ranks[i] = known_rank(learned, o->text_ranks, &sample);
        else
            st = judge_call(&j, &sample.calls[sample.step], &ranks[i], err);
    }
    if (st == NXC_OK) nxc__statistics_set_text_ranks(statistics, ranks);
    judge_release(&j);
    return st;
}

static nxc_status make(nxc_engine *e, nxc__entry *entry,
                       const nxc__learned *learned,
                       const nxc__learning_options *o, nxc__statistics **out,
                       nxc_error *err) {
    nxc__statistics_options options = {
        .n_operations = entry->n,
        .embeddings = o->embeddings,
        .now = o->now,
        .half_life = o->half_life,
        .exclude = o->exclude,
        .n_exclude = o->n_exclude,
        .max_sessions = o->max_sessions,
        .seed = o->seed,
    };
    nxc__statistics *s;
    NXC_TRY(nxc__statistics_new(learned, &options, e->alloc, &s, err));
    nxc_status st = measure(e, entry, learned, o, s, err);
    if (st == NXC_OK)
        *out = s;
    else
        nxc__statistics_free(s);
    return st;
}

nxc_status nxc__engine_statistics(nxc_engine *e, nxc_str catalog,
                                  const nxc__learned *learned,
                                  const nxc__learning_options *options,
                                  nxc__statistics **out, nxc_error *err) {
    nxc__entry *entry;
    nxc__learning_options o = *options;
    NXC_TRY(find_entry(e, catalog, &entry, err));
    if (o.embeddings || !e->encoder || learned->texts.n == 0)
        return make(e, entry, learned, &o, out, err);
    size_t bytes = learned->texts.n * NXC_DIM * sizeof(float);
    float *rows = nxc__alloc(e->alloc, bytes);
    if (!rows) return nxc__error_nomem(err, bytes);
    o.embeddings = rows;
    nxc_status st = nxc__engine_encode_learned(e, learned, rows, err);
    if (st == NXC_OK) st = make(e, entry, learned, &o, out, err);
    nxc__free(e->alloc, rows, bytes);
    return st;
}

nxc_status nxc__engine_set_statistics(nxc_engine *e, nxc_str catalog,
                                      nxc__statistics *statistics,
                                      nxc_error *err) {
    nxc__entry *entry;
    NXC_TRY(find_entry(e, catalog, &entry, err));
    nxc__statistics_free(entry->statistics);
    entry->statistics = statistics;
    return NXC_OK;
}

void nxc__ctx_set_statistics(nxc_ctx *ctx, const nxc__statistics *statistics) {
    ctx->statistics = statistics;
}
