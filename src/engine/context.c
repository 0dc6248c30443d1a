/* A thread's request memory, and the readers that fill it. */
#include <string.h>

#include "base/alloc.h"
#include "base/config.h"
#include "base/error.h"
#include "base/str.h"
#include "engine/engine.h"
#include "session/timestamp.h"

#define QUERY_BYTES ((size_t)NXC_QUERY_TEXTS * NXC_DIM * sizeof(float))

nxc_status nxc_ctx_new(nxc_engine *engine, nxc_ctx **out, nxc_error *err) {
    if (!engine || !out)
        return nxc__error(err, NXC_ERR_INVALID,
                          "ctx: expected an engine, got NULL");
    const nxc_allocator *alloc = engine->alloc;
    nxc_ctx *ctx = nxc__alloc_zero(alloc, sizeof *ctx);
    if (!ctx) return nxc__error_nomem(err, sizeof *ctx);
    ctx->engine = engine;
    pthread_mutex_lock(&engine->live_lock);
    engine->n_contexts++;
    pthread_mutex_unlock(&engine->live_lock);
    nxc__arena_init(&ctx->parse_arena, alloc, SIZE_MAX);
    nxc__arena_init(&ctx->arena, alloc, SIZE_MAX);
    nxc__buffer_init(&ctx->out, alloc, (size_t)1 << 30);
    nxc_status st = nxc__tiers_reader(&engine->tiers, &ctx->reader, err);
    if (st == NXC_OK && engine->encoder) {
        size_t max = nxc__config_int(engine->cfg, NXC_OPT_parallel_workers);
        size_t n = nxc__config_int(engine->cfg, NXC_OPT_prompt_workers);
        ctx->query_embeddings = nxc__alloc(alloc, QUERY_BYTES);
        st = ctx->query_embeddings
                 ? nxc__encoder_ctx_new_team(engine->encoder, n < max ? n : max,
                                             &ctx->encoder, err)
                 : nxc__error_nomem(err, QUERY_BYTES);
    }
    if (st != NXC_OK) {
        nxc_ctx_free(ctx);
        return st;
    }
    *out = ctx;
    return NXC_OK;
}

void nxc_ctx_free(nxc_ctx *ctx) {
    if (!ctx) return;
    const nxc_allocator *alloc = ctx->engine->alloc;
    pthread_mutex_lock(&ctx->engine->live_lock);
    ctx->engine->n_contexts--;
    pthread_mutex_unlock(&ctx->engine->live_lock);
    nxc__live_release(ctx->engine, ctx->live);
    nxc_encoder_ctx_free(ctx->encoder);
    nxc__store_reader_free(ctx->reader);
    nxc__free(alloc, ctx->query_embeddings, QUERY_BYTES);
    nxc__buffer_release(&ctx->out);
    nxc__arena_release(&ctx->arena);
    nxc__arena_release(&ctx->parse_arena);
    nxc__free(alloc, ctx, sizeof *ctx);
}

nxc_status nxc_request_parse(nxc_ctx *ctx, nxc_str json, nxc_request *out,
                             nxc_error *err) {
    if (!ctx || !out)
        return nxc__error(
            err, NXC_ERR_INVALID,
            "request: expected a context and an output, got NULL");
    nxc__arena_reset(&ctx->parse_arena);
    nxc_request r = NXC_REQUEST_INIT;
    nxc_status st =
        nxc__request_read(NXC_STR("request"), json, ctx->engine->cfg,
                          &ctx->parse_arena, ctx->engine->alloc, &r, err);
    if (st == NXC_OK)
        *out = r;
    else
        nxc__metrics_add(nxc__engine_metrics(ctx->engine),
                         NXC_METRIC_requests_failed, 1);
    return st;
}

nxc_status nxc_session_parse(nxc_ctx *ctx, nxc_str name, nxc_str bytes,
                             nxc_request *out, nxc_error *err) {
    if (!ctx || !out)
        return nxc__error(
            err, NXC_ERR_INVALID,
            "session: expected a context and an output, got NULL");
    nxc__arena_reset(&ctx->parse_arena);
    nxc_request r = *out;
    NXC_TRY(nxc__session_read(name, bytes, ctx->engine->cfg, &ctx->parse_arena,
                              ctx->engine->alloc, &r, err));
    *out = r;
    return NXC_OK;
}

nxc_status nxc_time_parse(nxc_str text, double *out, nxc_error *err) {
    return nxc__timestamp_parse(text, out, err);
}
