/*
 * The encoder: text -> token ids -> forward pass -> embedding.
 *
 *     nxc_encoder_open -> nxc_encoder_ctx_new -> (encode | encode_tokens)*
 *
 * A context holds one forward pass (encoder_forward.c), which takes whole texts
 * up to a number of tokens. Equal texts among some hundred (distinct_texts.h)
 * are encoded once. The result of a text is the same bits alone, in a
 * batch, and on any number of threads.
 *
 * Threading: nxc_encoder is immutable; a context belongs to one thread at a
 * time. A context may have a team of threads, which start with the first pass
 * that is long enough for them and sleep between passes. Cost: 21.2 MFLOP a
 * token, attention apart; no allocation after ctx_new.
 */
#include "encoder/encoder.h"

#include <string.h>

#include "base/alloc.h"
#include "base/config.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/str.h"
#include "encoder/encoder_forward.h"
#include "encoder/packed_model.h"

_Static_assert(NXC_DIM == NXC_HIDDEN, "one hidden size");

_Static_assert(NXC_PASS_TOKENS >= NXC_MAX_TOKENS, "a text is one pass");

/* Tokens of a pass from which on two threads take less time than one: a pass
 * has some 50 meetings, and a sleeper is woken in microseconds (make
 * bench-encoder prints what the thresholds let through). */
#define SLEEPING_TOKENS ((size_t)64)
#define SPINNING_TOKENS ((size_t)2)

#define MAX_FILE_BYTES ((size_t)8 << 30)

struct nxc_encoder {
    const nxc_allocator *alloc;
    nxc__mapping map;
    nxc__packed_model model;
    nxc__encoder_kernels kernels;
    char fingerprint[65];
    bool spins; /* option encoder_spin */
};

struct nxc_encoder_ctx {
    const nxc_encoder *encoder;
    size_t n_tokens;  /* that passes have taken */
    size_t n_members; /* of team, which is used where pool is there */
    nxc__team team;
    nxc__pool *pool;
    nxc__distinct distinct;
    size_t rows[NXC_PASS_TEXTS]; /* of out, for the texts of a pass */
    nxc__forward forward;
};

/* ---------------------------------------------------------------- encoder */

static nxc_status select_kernels(nxc_encoder *e, const nxc_config *cfg,
                                 nxc_error *err) {
    uint32_t cpu;
    NXC_TRY(nxc__cpu_cap(nxc__config_text(cfg, NXC_OPT_cpu), nxc__cpu_detect(),
                         &cpu, err));
    nxc__encoder_kernels_select(&e->kernels, cpu);
    e->spins = nxc__config_bool(cfg, NXC_OPT_encoder_spin);
    return NXC_OK;
}

/* Goes up with every change that gives other bits from the same file, so that
 * no stored embedding is taken for one of today's: by dtype. */
static const uint32_t arithmetic[] = {
    [NXC_F32] = 1, [NXC_BF16] = 1, [NXC_INT8] = 2, /* 2: attention in bytes, the
                                                      short GELU */
};

static nxc_status name_embeddings(nxc_encoder *e, nxc_error *err) {
    uint8_t input[NXC_SHA256_BYTES + sizeof *arithmetic];
    uint8_t digest[NXC_SHA256_BYTES];
    const nxc__packed_header *h = e->model.header;
    memcpy(input, h->fingerprint, NXC_SHA256_BYTES);
    memcpy(input + NXC_SHA256_BYTES, &arithmetic[h->dtype], sizeof *arithmetic);
    NXC_TRY(nxc__sha256_bytes(input, sizeof input, digest, err));
    nxc__sha256_format(digest, e->fingerprint);
    return NXC_OK;
}

nxc_status nxc_encoder_open(const char *path, const nxc_config *cfg,
                            const nxc_allocator *alloc, nxc_encoder **out,
                            nxc_error *err) {
    if (!path || !out)
        return nxc__error(err, NXC_ERR_INVALID,
                          "nxc_encoder_open: expected path and out, got NULL");
    alloc = nxc__allocator_or_default(alloc);
    nxc_encoder *e = nxc__alloc_zero(alloc, sizeof *e);
    if (!e) return nxc__error_nomem(err, sizeof *e);
    e->alloc = alloc;
    nxc_status st;
    NXC_TRY_OR(fail, st, select_kernels(e, cfg, err));
    NXC_TRY_OR(fail, st, nxc__file_map(path, MAX_FILE_BYTES, &e->map, err));
    NXC_TRY_OR(fail, st,
               nxc__packed_model_open(&e->model, path, e->map.data, e->map.size,
                                      alloc, err));
    NXC_TRY_OR(fail, st, name_embeddings(e, err));
    *out = e;
    return NXC_OK;
fail:
    if (e->model.layers) nxc__packed_model_release(&e->model);
    nxc__file_unmap(&e->map);
    nxc__free(alloc, e, sizeof *e);
    return st;
}

void nxc_encoder_close(nxc_encoder *e) {
    if (!e) return;
    nxc__packed_model_release(&e->model);
    nxc__file_unmap(&e->map);
    nxc__free(e->alloc, e, sizeof *e);
}

void nxc_encoder_get_info(const nxc_encoder *e, nxc_encoder_info *out) {
    const nxc__packed_header *h = e->model.header;
    *out = (nxc_encoder_info){
        .dim = h->hidden,
        .n_layers = h->n_layers,
        .max_tokens = h->max_tokens,
        .vocab_size = h->vocab_size,
        .dtype = (nxc_dtype)h->dtype,
        .file_bytes = (size_t)h->file_bytes,
        .kernels = h->dtype == NXC_INT8 ? e->kernels.int8 : e->kernels.name};
    memcpy(out->fingerprint, e->fingerprint, sizeof out->fingerprint);
    nxc__sha256_format(h->source_sha256, out->source_sha256);
}

const nxc__wordpiece *nxc__encoder_wordpiece(const nxc_encoder *e) {
    return &e->model.wordpiece;
}

nxc_status nxc__encoder_verify(const nxc_encoder *e, nxc_error *err) {
    return nxc__packed_model_verify(&e->model, "packed model", err);
}

const nxc__encoder_kernels *
nxc__encoder_kernels_get(const nxc_encoder *encoder) {
    return &encoder->kernels;
}
float nxc__encoder_dot(const nxc_encoder *e, const float *a, const float *b) {
    return e->kernels.dot(a, b, NXC_DIM);
}

/* ---------------------------------------------------------------- context */

nxc_status nxc_encoder_ctx_new(const nxc_encoder *encoder,
                               nxc_encoder_ctx **out, nxc_error *err) {
    return nxc__encoder_ctx_new_team(encoder, 1, out, err);
}

nxc_status nxc__encoder_ctx_new_team(const nxc_encoder *encoder,
                                     size_t n_members, nxc_encoder_ctx **out,
                                     nxc_error *err) {
    if (!encoder || !out)
        return nxc__error(err, NXC_ERR_INVALID,
                          "nxc_encoder_ctx_new: expected encoder and out, got "
                          "NULL");
    nxc_encoder_ctx *ctx = nxc__alloc_zero(encoder->alloc, sizeof *ctx);
    if (!ctx) return nxc__error_nomem(err, sizeof *ctx);
    ctx->encoder = encoder;
    ctx->n_members = n_members < NXC_MAX_TEAM ? n_members : NXC_MAX_TEAM;
    nxc_status st =
        nxc__forward_init(&ctx->forward, &encoder->model, &encoder->kernels,
                          ctx->n_members, encoder->alloc, err);
    if (st != NXC_OK) {
        nxc__free(encoder->alloc, ctx, sizeof *ctx);
        return st;
    }
    nxc__team_init(&ctx->team, ctx->n_members, encoder->spins);
    *out = ctx;
    return NXC_OK;
}

void nxc_encoder_ctx_free(nxc_encoder_ctx *ctx) {
    if (!ctx) return;
    const nxc_allocator *alloc = ctx->encoder->alloc;
    nxc__pool_free(ctx->pool);
    nxc__team_release(&ctx->team);
    nxc__forward_release(&ctx->forward, alloc);
    nxc__free(alloc, ctx, sizeof *ctx);
}

/* ---------------------------------------------------------------- encode */

/* Token ids of a text behind those of the pass so far; their number. */
static size_t add_tokens(const nxc_encoder *e, nxc_str text, uint32_t *ids,
                         nxc_text_info *info) {
    bool truncated = false;
    size_t n = nxc__wordpiece_tokenize(&e->model.wordpiece, text, ids,
                                       e->model.header->max_tokens, &truncated);
    if (info) *info = (nxc_text_info){(uint32_t)n, truncated};
    return n;
}

/* Run the pass, with the team if that is faster. Where the system gives no
 * threads, the caller runs it alone from then on. */
static void run_pass(nxc_encoder_ctx *ctx) {
    nxc__forward *f = &ctx->forward;
    size_t n_tokens = f->starts[f->n_texts];
    size_t least = ctx->encoder->spins ? SPINNING_TOKENS : SLEEPING_TOKENS;
    bool together = ctx->n_members > 1 && n_tokens >= least;
    if (together && !ctx->pool &&
        nxc__pool_new(ctx->n_members, ctx->encoder->alloc, &ctx->pool, NULL) !=
            NXC_OK)
        ctx->n_members = 1;
    f->team = together && ctx->pool ? &ctx->team : NULL;
    f->pool = ctx->pool;
    nxc__forward_run(f);
    ctx->n_tokens += n_tokens;
}

/* Run the pass and write the embeddings of its texts. */
static void finish_pass(nxc_encoder_ctx *ctx, float *out) {
    nxc__forward *f = &ctx->forward;
    run_pass(ctx);
    for (size_t i = 0; i < f->n_texts; i++)
        f->kernels->pool(f->x + f->starts[i] * NXC_HIDDEN,
                         f->starts[i + 1] - f->starts[i], NXC_HIDDEN,
                         out + ctx->rows[i] * NXC_DIM);
    f->n_texts = 0;
}

nxc_status nxc__encoder_check_texts(const nxc_str *texts, size_t n,
                                    const float *out, nxc_error *err) {
    if (n && (!texts || !out))
        return nxc__error(err, NXC_ERR_INVALID,
                          "encode: expected texts and out, got NULL");
    for (size_t i = 0; i < n; i++)
        if (!texts[i].ptr && texts[i].len)
            return nxc__error(err, NXC_ERR_INVALID,
                              "texts[%zu]: expected %zu bytes, got NULL", i,
                              texts[i].len);
    return NXC_OK;
}

void nxc__encoder_encode_rows(nxc_encoder_ctx *ctx, const nxc_str *texts,
                              const uint16_t *at, size_t n, float *out,
                              nxc_text_info *info) {
    nxc__forward *f = &ctx->forward;
    f->n_texts = 0;
    f->starts[0] = 0;
    for (size_t i = 0; i < n; i++) {
        size_t used = f->starts[f->n_texts];
        size_t add = add_tokens(ctx->encoder, texts[at[i]], f->ids + used,
                                info ? info + at[i] : NULL);
        if (used && used + add > nxc__forward_fill(f)) {
            finish_pass(ctx, out);
            memmove(f->ids, f->ids + used, add * sizeof *f->ids);
            used = 0;
        }
        ctx->rows[f->n_texts] = at[i];
        f->starts[++f->n_texts] = used + add;
    }
    if (f->n_texts) finish_pass(ctx, out);
}

nxc__distinct *nxc__encoder_distinct(nxc_encoder_ctx *ctx) {
    return &ctx->distinct;
}

size_t nxc__encoder_n_tokens(const nxc_encoder_ctx *ctx) {
    return ctx->n_tokens;
}

void nxc__encoder_copy_same(const nxc__distinct *d, size_t n, float *out,
                            nxc_text_info *info) {
    for (size_t i = 0; i < n; i++) {
        size_t same = d->same[i];
        if (same == i) continue;
        memcpy(out + i * NXC_DIM, out + same * NXC_DIM, NXC_DIM * sizeof *out);
        if (info) info[i] = info[same];
    }
}

nxc_status nxc_encoder_encode(nxc_encoder_ctx *ctx, const nxc_str *texts,
                              size_t n, float *out, nxc_text_info *info,
                              nxc_error *err) {
    if (!ctx)
        return nxc__error(err, NXC_ERR_INVALID,
                          "encode: expected a context, got NULL");
    NXC_TRY(nxc__encoder_check_texts(texts, n, out, err));
    nxc__distinct *d = &ctx->distinct;
    for (size_t first = 0; first < n; first += NXC_DISTINCT_MAX) {
        size_t some =
            n - first < NXC_DISTINCT_MAX ? n - first : NXC_DISTINCT_MAX;
        float *rows = out + first * NXC_DIM;
        nxc_text_info *infos = info ? info + first : NULL;
        nxc__distinct_find(d, texts + first, some);
        nxc__encoder_encode_rows(ctx, texts + first, d->at, d->n, rows, infos);
        nxc__encoder_copy_same(d, some, rows, infos);
    }
    return NXC_OK;
}

nxc_status nxc_encoder_encode_tokens(nxc_encoder_ctx *ctx, nxc_str text,
                                     float *out, uint32_t *ids,
                                     nxc_text_info *info, nxc_error *err) {
    if (!ctx)
        return nxc__error(err, NXC_ERR_INVALID,
                          "encode: expected a context, got NULL");
    NXC_TRY(nxc__encoder_check_texts(&text, 1, out, err));
    nxc__forward *f = &ctx->forward;
    size_t n = add_tokens(ctx->encoder, text, f->ids, info);
    f->n_texts = 1;
    f->starts[0] = 0;
    f->starts[1] = n;
    run_pass(ctx);
    memcpy(out, f->x, n * NXC_DIM * sizeof *out);
    if (ids) memcpy(ids, f->ids, n * sizeof *ids);
    return NXC_OK;
}

nxc_status nxc_encoder_tokenize(const nxc_encoder *encoder, nxc_str text,
                                uint32_t *ids, nxc_text_info *info,
                                nxc_error *err) {
    if (!encoder || !ids || (!text.ptr && text.len))
        return nxc__error(err, NXC_ERR_INVALID,
                          "tokenize: expected encoder, text and ids, got NULL");
    add_tokens(encoder, text, ids, info);
    return NXC_OK;
}
