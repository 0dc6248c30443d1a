/* The JSON form of a ranking: the same for command, server and bindings
 * (docs/formats/request.md). */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "engine/engine.h"

static void member(nxc__buffer *b, const char *name) {
    if (b->len && b->data[b->len - 1] != '{' && b->data[b->len - 1] != '[')
        nxc__buffer_append_char(b, ',');
    nxc__buffer_append_json(b, nxc__str(name));
    nxc__buffer_append_char(b, ':');
}
static void text_member(nxc__buffer *b, const char *name, nxc_str value) {
    member(b, name);
    nxc__buffer_append_json(b, value);
}
static void number_member(nxc__buffer *b, const char *name, double value) {
    member(b, name);
    nxc__buffer_append_double(b, value);
}

static const char *feature_name(const nxc_ranking *r, size_t i) {
    nxc_feature_info info = {"", "", "", ""};
    if (!nxc_feature_describe(r->feature_set, i, &info))
        NXC_UNREACHABLE("a ranking has the features of its set");
    return info.name;
}

/* A category by its label, anything else as a number; null if not computed. */
static void feature_value(nxc__buffer *b, const nxc_ranking *r, size_t i,
                          float value) {
    nxc_str label = nxc_feature_label(r->catalog, r->feature_set, i, value);
    if (label.len && value == value)
        nxc__buffer_append_json(b, label);
    else
        nxc__buffer_append_double(b, (double)value);
}

static void feature_members(nxc__buffer *b, const nxc_ranking *r,
                            const nxc_ranked *item) {
    member(b, "features");
    nxc__buffer_append_char(b, '{');
    for (size_t i = 0; i < r->n_features; i++) {
        member(b, feature_name(r, i));
        feature_value(b, r, i, item->features[i]);
    }
    nxc__buffer_append_char(b, '}');
    if (!item->contributions) return;
    member(b, "contributions");
    nxc__buffer_append_char(b, '{');
    for (size_t i = 0; i < r->n_features; i++)
        number_member(b, feature_name(r, i), item->contributions[i]);
    nxc__buffer_append_char(b, '}');
}

static const char *const status_texts[] = {
    "ok", "no_encoder", "no_now", "no_prompt", "no_model", "no_evidence"};

static void missing_member(nxc__buffer *b, const nxc_ranking *r) {
    member(b, "missing_features");
    nxc__buffer_append_char(b, '{');
    for (size_t i = 0; i < r->n_features; i++)
        if (r->feature_status[i] != NXC_FEATURE_OK)
            text_member(b, feature_name(r, i),
                        nxc__str(status_texts[r->feature_status[i]]));
    nxc__buffer_append_char(b, '}');
}

static void ranking_member(nxc__buffer *b, const nxc_ranking *r,
                           bool with_features) {
    member(b, "ranking");
    nxc__buffer_append_char(b, '[');
    for (size_t i = 0; i < r->n; i++) {
        nxc_operation op;
        if (!nxc_catalog_get_operation(r->catalog, r->items[i].operation, &op))
            NXC_UNREACHABLE("a ranked operation is in its catalog");
        nxc__buffer_append_z(b, i ? ",{" : "{");
        text_member(b, "operation", op.id);
        number_member(b, "score", r->items[i].score);
        number_member(b, "rank", r->items[i].rank);
        number_member(b, "probability", r->items[i].probability);
        text_member(b, "risk", nxc__str(nxc_risk_name(op.risk)));
        if (with_features) feature_members(b, r, &r->items[i]);
        nxc__buffer_append_char(b, '}');
    }
    nxc__buffer_append_char(b, ']');
}

/* Why the first stands before the second. */
static nxc_status because_member(nxc__buffer *b, nxc_ctx *ctx, nxc_ranking *r,
                                 nxc_error *err) {
    nxc_because why = {.n = 0};
    if (r->n < 2) return NXC_OK;
    nxc_status st = nxc_ranking_because(ctx, r, 0, 1, &why, err);
    if (st == NXC_ERR_UNSUPPORTED) return NXC_OK;
    NXC_TRY(st);
    member(b, "because");
    nxc__buffer_append_char(b, '[');
    for (size_t i = 0; i < why.n; i++) {
        nxc__buffer_append_z(b, i ? ",{" : "{");
        text_member(b, "text", why.reasons[i].text);
        number_member(b, "share", why.reasons[i].share);
        text_member(b, "feature",
                    nxc__str(feature_name(r, why.reasons[i].feature)));
        nxc__buffer_append_char(b, '}');
    }
    nxc__buffer_append_char(b, ']');
    return NXC_OK;
}

nxc_status nxc_ranking_format(nxc_ctx *ctx, const nxc_request *request,
                              const nxc_ranking *ranking, bool with_features,
                              nxc_str *out, nxc_error *err) {
    nxc__buffer *b = &ctx->out;
    nxc_ranking whole = *ranking;
    const nxc_ranking *r = &whole;
    if (with_features) {
        nxc_status st = nxc_ranking_explain(ctx, &whole, 0, whole.n, err);
        if (st != NXC_ERR_UNSUPPORTED) NXC_TRY(st);
    }
    b->len = 0;
    b->status = NXC_OK;
    nxc__buffer_append_char(b, '{');
    if (request->id.ptr) text_member(b, "id", request->id);
    ranking_member(b, r, with_features);
    text_member(b, "workflow_pattern", nxc__str(r->workflow_pattern));
    number_member(b, "pattern_confidence", r->pattern_confidence);
    number_member(b, "workflow_probability", r->workflow_probability);
    number_member(b, "confidence_score", r->confidence_score);
    number_member(b, "best_probability", r->best_probability);
    member(b, "abstained");
    nxc__buffer_append_z(b, r->abstained ? "true" : "false");
    text_member(b, "prompt_hash", nxc__str(r->prompt_hash));
    text_member(b, "cache_tier", nxc__str(r->cache_tier));
    text_member(b, "ranker", nxc__str(r->ranker));
    number_member(b, "n_candidates", (double)r->n_candidates);
    number_member(b, "not_allowed", (double)r->n_not_allowed);
    number_member(b, "unknown_calls", (double)r->n_unknown_calls);
    member(b, "prompt_truncated");
    nxc__buffer_append_z(b, r->prompt_truncated ? "true" : "false");
    missing_member(b, r);
    if (with_features) NXC_TRY(because_member(b, ctx, &whole, err));
    nxc__buffer_append_char(b, '}');
    NXC_TRY(nxc__buffer_status(b, "response", err));
    *out = nxc__buffer_str(b);
    return NXC_OK;
}

static void format_error(nxc_ctx *ctx, nxc_str id, const nxc_error *e,
                         nxc_str *out) {
    nxc__buffer *b = &ctx->out;
    b->len = 0;
    b->status = NXC_OK;
    nxc__buffer_append_char(b, '{');
    if (id.ptr) text_member(b, "id", id);
    member(b, "error");
    nxc__buffer_append_char(b, '{');
    text_member(b, "code", nxc__str(nxc_status_name(e->code)));
    text_member(b, "message", nxc__str(e->message));
    nxc__buffer_append_z(b, "}}");
    *out = b->status == NXC_OK ? nxc__buffer_str(b) : NXC_STR("{}");
}

/* The id of a request that could not be read as a whole, so that its answer can
 * still be matched; none if it is no object or has none. */
static nxc_str rescue_id(nxc_ctx *ctx, nxc_str json) {
    nxc__json_doc *doc;
    nxc_str id = {NULL, 0};
    if (nxc__json_parse(NXC_STR("request"), json, NULL, ctx->engine->alloc,
                        &doc, NULL) != NXC_OK)
        return id;
    const nxc__json *v = NXC_JSON_GET(nxc__json_root(doc), "id");
    uint64_t number;
    if (nxc__json_is(v, NXC_JSON_STRING))
        id = nxc__arena_copy(&ctx->parse_arena, nxc__json_str(v));
    else if (nxc__json_uint(v, UINT64_MAX, &number)) {
        char text[24];
        snprintf(text, sizeof text, "%llu", (unsigned long long)number);
        id = nxc__arena_copy(&ctx->parse_arena, nxc__str(text));
    }
    nxc__json_free(doc);
    return id;
}

nxc_status nxc_rank_json(nxc_ctx *ctx, nxc_str json, bool with_features,
                         nxc_str *out, nxc_error *err) {
    if (!ctx || !out)
        return nxc__error(err, NXC_ERR_INVALID,
                          "rank: expected a context and an output, got NULL");
    nxc_request request = NXC_REQUEST_INIT;
    nxc_ranking ranking;
    nxc_error local = {NXC_OK, ""};
    nxc_status st = nxc_request_parse(ctx, json, &request, &local);
    if (st == NXC_OK)
        st = nxc_rank(ctx, &request, &ranking, &local);
    else
        request.id = rescue_id(ctx, json);
    if (st == NXC_OK)
        st = nxc_ranking_format(ctx, &request, &ranking, with_features, out,
                                &local);
    if (st == NXC_OK) return NXC_OK;
    format_error(ctx, request.id, &local, out);
    if (err) *err = local;
    return st;
}

bool nxc_engine_metrics(const nxc_engine *engine, size_t i, nxc_metric *out) {
    return engine && out && nxc__metrics_row(&engine->metrics, i, out);
}

nxc_status nxc_engine_metrics_format(nxc_ctx *ctx, nxc_str *out,
                                     nxc_error *err) {
    if (!ctx || !out)
        return nxc__error(err, NXC_ERR_INVALID,
                          "metrics: expected a context and an output, got "
                          "NULL");
    nxc__buffer *b = &ctx->out;
    b->len = 0;
    b->status = NXC_OK;
    nxc__metrics_format(&ctx->engine->metrics, b);
    NXC_TRY(nxc__buffer_status(b, "metrics", err));
    *out = nxc__buffer_str(b);
    return NXC_OK;
}
