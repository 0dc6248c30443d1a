/*
 * Embeddings of candidates and prompts, when they are first needed.
 *
 * A row of a catalog's matrix is written once, under the engine's lock, and
 * then published through its flag; readers look at the flag and never take the
 * lock when all their rows are there. A row comes from a cache tier or from the
 * encoder, to which texts go in batches of batch_size, so that progress is
 * reported and a stop is heard. A prompt is asked for in memory, then by one
 * thread of those that want it in the other tiers, then encoded (flight.c).
 */
#include <string.h>

#include "base/alloc.h"
#include "base/config.h"
#include "base/error.h"
#include "engine/engine.h"

typedef struct batch {
    nxc_engine *engine;
    nxc__entry *entry;
    size_t kind; /* which text of an operation */
    nxc_str *texts;
    uint32_t *ops;
    float *rows; /* (cap, NXC_DIM) */
    size_t n, cap;
} batch;

/* Workers for a batch of n_runs tasks, those that are there among them; with
 * the lock. A pool of one starts no thread. */
static nxc_status want_workers(nxc_engine *e, size_t n_runs, nxc_error *err) {
    size_t max = nxc__config_int(e->cfg, NXC_OPT_parallel_workers);
    size_t want = n_runs < max ? n_runs : max;
    nxc__pool *pool;
    if (!e->workers) {
        e->workers = nxc__alloc_zero(e->alloc, max * sizeof(nxc_encoder_ctx *));
        if (!e->workers)
            return nxc__error_nomem(err, max * sizeof(nxc_encoder_ctx *));
    }
    for (; e->n_workers < want; e->n_workers++)
        NXC_TRY(
            nxc_encoder_ctx_new(e->encoder, &e->workers[e->n_workers], err));
    if (e->pool && nxc__pool_n_workers(e->pool) >= want) return NXC_OK;
    if (nxc__pool_new(want, e->alloc, &pool, NULL) != NXC_OK) {
        if (e->pool) return NXC_OK; /* fewer threads cost time, no more */
        NXC_TRY(nxc__pool_new(1, e->alloc, &pool, err));
    }
    nxc__pool_free(e->pool);
    e->pool = pool;
    return NXC_OK;
}

nxc_status nxc__engine_encode_batch(nxc_engine *e, nxc__text_kind kind,
                                    const nxc_str *texts, size_t n, float *rows,
                                    nxc_error *err) {
    NXC_TRY(want_workers(e, nxc__encoder_count_runs(texts, n), err));
    NXC_TRY(nxc__encoder_encode_parallel(e->workers, e->pool, texts, n, rows,
                                         NULL, NULL, NULL, err));
    nxc__metrics_add(&e->metrics, NXC_METRIC_texts_encoded, n);
    for (size_t i = 0; i < n; i++)
        nxc__tiers_put_embedding(&e->tiers, kind,
                                 nxc__hash_128(texts[i].ptr, texts[i].len),
                                 rows + i * NXC_DIM);
    return NXC_OK;
}

static nxc_status flush(batch *b, nxc_error *err) {
    if (b->n == 0) return NXC_OK;
    NXC_TRY(nxc__engine_encode_batch(b->engine, NXC_TEXT_OPERATION, b->texts,
                                     b->n, b->rows, err));
    for (size_t i = 0; i < b->n; i++) {
        nxc__text_rows *t = &b->entry->texts[b->kind];
        float *row = t->rows + (size_t)b->ops[i] * NXC_DIM;
        memcpy(row, b->rows + i * NXC_DIM, NXC_DIM * sizeof(float));
        nxc__atomic_publish(&t->encoded[b->ops[i]]);
    }
    b->n = 0;
    return NXC_OK;
}

static bool is_missing(const nxc__text_rows *t, uint32_t op) {
    return !nxc__atomic_is_published(&t->encoded[op]);
}

static size_t count_missing(const nxc__text_rows *t, const uint32_t *ops,
                            size_t n) {
    size_t missing = 0;
    for (size_t i = 0; t->encoded && i < n; i++)
        missing += is_missing(t, ops ? ops[i] : (uint32_t)i);
    return missing;
}
static size_t count_all(const nxc__entry *entry, const uint32_t *ops,
                        size_t n) {
    size_t missing = 0;
    for (size_t k = 0; k < NXC_N_OP_TEXTS; k++)
        missing += count_missing(&entry->texts[k], ops, n);
    return missing;
}

static nxc_str text_of(const nxc__entry *entry, size_t kind, uint32_t op) {
    return kind ? nxc__op_text(entry->index, kind, op)
                : nxc__catalog_text(entry->catalog, op);
}

/* Rows that a tier has. */
static void find_rows(nxc_engine *e, const nxc__entry *entry, size_t kind,
                      const uint32_t *ops, size_t n) {
    const nxc__text_rows *rows = &entry->texts[kind];
    for (size_t i = 0; rows->encoded && i < n; i++) {
        uint32_t op = ops ? ops[i] : (uint32_t)i;
        if (!is_missing(rows, op)) continue;
        nxc_str text = text_of(entry, kind, op);
        if (nxc__tiers_find_embedding(&e->tiers, e->reader, NXC_TEXT_OPERATION,
                                      nxc__hash_128(text.ptr, text.len),
                                      rows->rows + (size_t)op * NXC_DIM))
            nxc__atomic_publish(&rows->encoded[op]);
    }
}
static void find_missing(nxc_engine *e, const nxc__entry *entry,
                         const uint32_t *ops, size_t n) {
    if (!nxc__tiers_persist(&e->tiers)) return;
    if (e->reader) nxc__store_begin(e->reader);
    for (size_t k = 0; k < NXC_N_OP_TEXTS; k++)
        find_rows(e, entry, k, ops, n);
    if (e->reader) nxc__store_end(e->reader);
}

/* What progress is told: over all texts. */
typedef struct tally {
    nxc_progress progress;
    void *user;
    size_t done, total;
} tally;

static nxc_status encode_missing(batch *b, const uint32_t *ops, size_t n,
                                 tally *t, nxc_error *err) {
    const nxc__text_rows *rows = &b->entry->texts[b->kind];
    size_t left = count_missing(rows, ops, n);
    for (size_t i = 0; i < n && left > 0; i++) {
        uint32_t op = ops ? ops[i] : (uint32_t)i;
        if (!is_missing(rows, op)) continue;
        b->texts[b->n] = text_of(b->entry, b->kind, op);
        b->ops[b->n++] = op;
        left--;
        t->done++;
        if (b->n < b->cap && left > 0) continue;
        NXC_TRY(flush(b, err));
        if (t->progress && !t->progress(t->user, t->done, t->total))
            return nxc__error(
                err, NXC_ERR_CANCELLED,
                "encode: expected %zu texts, got a stop after %zu", t->total,
                t->done);
    }
    return NXC_OK;
}

static nxc_status encode_texts(batch *b, const uint32_t *ops, size_t n,
                               tally *t, nxc_error *err) {
    t->total = count_all(b->entry, ops, n);
    for (b->kind = 0; b->kind < NXC_N_OP_TEXTS; b->kind++)
        NXC_TRY(encode_missing(b, ops, n, t, err));
    return NXC_OK;
}

nxc_status nxc__engine_encode(nxc_engine *e, nxc__entry *entry,
                              const uint32_t *ops, size_t n,
                              nxc_progress progress, void *user,
                              size_t *n_encoded, nxc_error *err) {
    if (!e->encoder) return NXC_OK;
    if (!ops) n = entry->n;
    if (count_all(entry, ops, n) == 0) return NXC_OK;
    size_t cap = nxc__config_int(e->cfg, NXC_OPT_batch_size);
    if (cap > n) cap = n;
    nxc__arena scratch;
    nxc__arena_init(&scratch, e->alloc, SIZE_MAX);
    batch b = {.engine = e, .entry = entry, .cap = cap};
    tally t = {.progress = progress, .user = user};
    b.texts = nxc__arena_alloc_array(&scratch, cap, sizeof *b.texts);
    b.ops = nxc__arena_alloc_array(&scratch, cap, sizeof *b.ops);
    b.rows = nxc__arena_alloc_array(&scratch, cap, NXC_DIM * sizeof(float));
    nxc_status st;
    if (!b.texts || !b.ops || !b.rows) {
        st = nxc__error_nomem(err, cap * NXC_DIM * sizeof(float));
    } else {
        pthread_mutex_lock(&e->lock);
        find_missing(e, entry, ops, n);
        st = encode_texts(&b, ops, n, &t, err);
        nxc__tiers_sync(&e->tiers);
        pthread_mutex_unlock(&e->lock);
    }
    if (st == NXC_OK && n_encoded) *n_encoded += t.done;
    nxc__arena_release(&scratch);
    return st;
}

nxc_status nxc__engine_encode_prompt(nxc_ctx *ctx, nxc_str prompt,
                                     nxc__hash128 hash, nxc__tier_id *tier,
                                     size_t *n_encoded, nxc_error *err) {
    nxc__tiers *t = &ctx->engine->tiers;
    nxc__flight flight;
    float *row = ctx->query_embeddings;
    *tier = NXC_TIER_MEMORY;
    if (nxc__tiers_recall(t, hash, row) ||
        !nxc__flight_begin(t, &flight, hash, row, NXC_DIM * sizeof *row))
        return NXC_OK;
    nxc_status st = NXC_OK;
    *tier =
        nxc__tiers_find_embedding(t, ctx->reader, NXC_TEXT_PROMPT, hash, row);
    if (*tier == NXC_TIER_NONE) {
        st = nxc_encoder_encode(ctx->encoder, &prompt, 1, row, NULL, err);
        if (st == NXC_OK) {
            nxc__tiers_put_embedding(t, NXC_TEXT_PROMPT, hash, row);
            nxc__metrics_add(&ctx->engine->metrics, NXC_METRIC_texts_encoded,
                             1);
            ++*n_encoded;
        }
    }
    nxc__flight_end(t, &flight, st == NXC_OK);
    return st;
}

/* Texts of a query, and where their rows came from. */
typedef struct query_rows {
    const nxc_str *texts; /* (n) */
    size_t n;
    nxc__hash128 hashes[NXC_QUERY_TEXTS];
    nxc__tier_id tiers[NXC_QUERY_TEXTS];
} query_rows;

/* Whether memory has them all. */
static bool recall_query(nxc_ctx *ctx, query_rows *q) {
    bool has_all = true;
    for (size_t i = 0; i < q->n; i++) {
        q->hashes[i] = nxc__hash_128(q->texts[i].ptr, q->texts[i].len);
        bool has = nxc__tiers_recall(&ctx->engine->tiers, q->hashes[i],
                                     ctx->query_embeddings + i * NXC_DIM);
        q->tiers[i] = has ? NXC_TIER_MEMORY : NXC_TIER_NONE;
        has_all &= has;
    }
    return has_all;
}

/* Those that memory had not: from another tier, or encoded in one batch. */
static nxc_status complete_query(nxc_ctx *ctx, query_rows *q, size_t *n_encoded,
                                 nxc_error *err) {
    nxc__tiers *t = &ctx->engine->tiers;
    nxc_str missing[NXC_QUERY_TEXTS];
    size_t of[NXC_QUERY_TEXTS], m = 0; /* missing text k is text of[k] */
    float *rows = ctx->query_embeddings;
    for (size_t i = 0; i < q->n; i++) {
        if (q->tiers[i] != NXC_TIER_NONE) continue;
        q->tiers[i] = nxc__tiers_find_embedding(
            t, ctx->reader, NXC_TEXT_PROMPT, q->hashes[i], rows + i * NXC_DIM);
        if (q->tiers[i] != NXC_TIER_NONE) continue;
        of[m] = i;
        missing[m++] = q->texts[i];
    }
    if (m == 0) return NXC_OK;
    float *encoded =
        nxc__arena_alloc_array(&ctx->arena, m, NXC_DIM * sizeof *encoded);
    if (!encoded) return nxc__error_nomem(err, m * NXC_DIM * sizeof *encoded);
    NXC_TRY(nxc_encoder_encode(ctx->encoder, missing, m, encoded, NULL, err));
    for (size_t k = 0; k < m; k++) {
        const float *row = encoded + k * NXC_DIM;
        memcpy(rows + of[k] * NXC_DIM, row, NXC_DIM * sizeof *row);
        nxc__tiers_put_embedding(t, NXC_TEXT_PROMPT, q->hashes[of[k]], row);
    }
    nxc__metrics_add(&ctx->engine->metrics, NXC_METRIC_texts_encoded, m);
    *n_encoded += m;
    return NXC_OK;
}

nxc_status nxc__engine_encode_query(nxc_ctx *ctx, const nxc_str *texts,
                                    size_t n, nxc__tier_id *tier,
                                    size_t *n_encoded, nxc_error *err) {
    nxc__tiers *t = &ctx->engine->tiers;
    nxc__flight flight;
    query_rows q = {.texts = texts, .n = n};
    *tier = NXC_TIER_MEMORY;
    if (recall_query(ctx, &q)) return NXC_OK;
    nxc__hash128 key = nxc__hash_128(q.hashes, n * sizeof *q.hashes);
    if (!nxc__flight_begin(t, &flight, key, ctx->query_embeddings,
                           n * NXC_DIM * sizeof(float)))
        return NXC_OK;
    nxc_status st = complete_query(ctx, &q, n_encoded, err);
    *tier = q.tiers[0];
    nxc__flight_end(t, &flight, st == NXC_OK);
    return st;
}

nxc_status nxc_engine_precompute(nxc_engine *e, nxc_str catalog,
                                 nxc_progress progress, void *user,
                                 nxc_error *err) {
    nxc__entry *entry = e ? nxc__engine_find(e, catalog) : NULL;
    if (!entry)
        return nxc__error(err, NXC_ERR_NOT_FOUND,
                          "precompute: expected a loaded catalog, got \"%.*s\"",
                          NXC_STR_ARG(catalog));
    return nxc__engine_encode(e, entry, NULL, 0, progress, user, NULL, err);
}

nxc_status nxc_engine_save_catalog(nxc_engine *e, nxc_str catalog,
                                   const char *path, nxc_progress progress,
                                   void *user, nxc_error *err) {
    NXC_TRY(nxc_engine_precompute(e, catalog, progress, user, err));
    nxc__entry *entry = nxc__engine_find(e, catalog);
    if (!path)
        return nxc__error(err, NXC_ERR_INVALID,
                          "save: expected a path, got NULL");
    return nxc__catalog_save_embedded(
        entry->catalog, path, entry->texts[0].embeddings, e->fingerprint, err);
}

nxc_status nxc_encoder_encode_batch(const nxc_encoder *encoder,
                                    size_t n_threads, const nxc_str *texts,
                                    size_t n, float *out, nxc_text_info *info,
                                    nxc_error *err) {
    nxc_encoder_ctx *ctxs[256] = {NULL};
    nxc__pool *pool;
    if (!encoder || n_threads > 256)
        return nxc__error(
            err, NXC_ERR_INVALID,
            "encode: expected an encoder and at most 256 threads, "
            "got %zu",
            n_threads);
    size_t n_runs = texts ? nxc__encoder_count_runs(texts, n) : 0;
    size_t n_members = 1; /* threads to a run, where they outnumber the runs */
    if (n_runs && n_threads >= 2 * n_runs) n_members = n_threads / n_runs;
    if (n_threads > n_runs) n_threads = n_runs;
    if (n_threads == 0) n_threads = 1;
    NXC_TRY(nxc__pool_new(n_threads, NULL, &pool, err));
    nxc_status st = NXC_OK;
    for (size_t i = 0; i < n_threads && st == NXC_OK; i++)
        st = nxc__encoder_ctx_new_team(encoder, n_members, &ctxs[i], err);
    if (st == NXC_OK)
        st = nxc__encoder_encode_parallel(ctxs, pool, texts, n, out, info, NULL,
                                          NULL, err);
    for (size_t i = 0; i < n_threads; i++)
        nxc_encoder_ctx_free(ctxs[i]);
    nxc__pool_free(pool);
    return st;
}
