/*
 * The encoder: text -> token ids -> forward pass -> embedding.
 *
 *     nxc_encoder_open -> nxc_encoder_ctx_new -> (encode | encode_tokens)*
 *
 * Scheme. The tokens of several texts stand one after another in one matrix,
 * without padding (a ragged batch); linear layers and normalisations run over
 * all rows at once, attention over each text and head. A pass takes whole texts
 * up to 256 tokens, so activations stay in a core's L2 while the weights stream
 * through it once per pass.
 *
 *     ids      | [CLS] .. [SEP] | [CLS] .... [SEP] | ...       n_tokens
 *     starts   0                5                  11 ...      n_texts + 1
 *     x        (n_tokens, 384)  the residual stream
 *     wide     (n_tokens, 1152) q k v per head, then (n_tokens, 1536) FFN
 *     context  (n_tokens, 384)  attention's output
 *     delta    (n_tokens, 384)  what is added to x before a normalisation
 *
 * A row's sums are taken in one order whatever row of whatever batch it is
 * (encoder_kernel.h), and attention sees one text, so the result of a text is
 * the same bits alone, in a batch, and on any number of threads.
 *
 * Departures from the reference: the sum of the three embeddings adds the type
 * to the position first (at pack time); attention scores are scaled after the
 * maximum is taken off; no dropout, no pooler.
 *
 * Source: Vaswani et al. 2017; Devlin et al. 2019; Reimers and Gurevych 2019.
 * Threading: nxc_encoder is immutable; a context belongs to one thread at a
 * time. Cost: 21.2 MFLOP a token, attention apart; no allocation after ctx_new.
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
#include "encoder/packed_model.h"

_Static_assert(NXC_DIM == NXC_HIDDEN, "one hidden size");

#define HIDDEN ((size_t)NXC_HIDDEN)
#define PASS_TOKENS ((size_t)NXC_MAX_TOKENS)
#define PASS_TEXTS (PASS_TOKENS / 2) /* a text has at least 2 tokens */
#define MAX_FILE_BYTES ((size_t)8 << 30)
#define ALIGN 64

struct nxc_encoder {
    const nxc_allocator *alloc;
    nxc__mapping map;
    nxc__packed_model model;
    nxc__encoder_kernels kernels;
};

struct nxc_encoder_ctx {
    const nxc_encoder *encoder;
    void *block; /* of the matrices */
    size_t block_bytes;
    float *x, *wide, *context, *delta, *attention;
    size_t n_texts;
    size_t starts[PASS_TEXTS + 1];
    uint32_t ids[PASS_TOKENS + NXC_MAX_TOKENS];
};

/* ---------------------------------------------------------------- encoder */

static nxc_status select_kernels(nxc_encoder *e, const nxc_config *cfg,
                                 nxc_error *err) {
    uint32_t cpu;
    NXC_TRY(nxc__cpu_cap(nxc__config_text(cfg, NXC_OPT_cpu), nxc__cpu_detect(),
                         &cpu, err));
    nxc__encoder_kernels_select(&e->kernels, cpu);
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
    *out = e;
    return NXC_OK;
fail:
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
    *out = (nxc_encoder_info){.dim = h->hidden,
                              .n_layers = h->n_layers,
                              .max_tokens = h->max_tokens,
                              .vocab_size = h->vocab_size,
                              .dtype = (nxc_dtype)h->dtype,
                              .file_bytes = (size_t)h->file_bytes,
                              .kernels = e->kernels.name};
    nxc__sha256_format(h->fingerprint, out->fingerprint);
    nxc__sha256_format(h->source_sha256, out->source_sha256);
}

const nxc__wordpiece *nxc__encoder_wordpiece(const nxc_encoder *e) {
    return &e->model.wordpiece;
}

nxc_status nxc__encoder_verify(const nxc_encoder *e, nxc_error *err) {
    return nxc__packed_model_verify(&e->model, "packed model", err);
}

float nxc__encoder_dot(const nxc_encoder *e, const float *a, const float *b) {
    return e->kernels.dot(a, b, NXC_DIM);
}

/* ---------------------------------------------------------------- context */

nxc_status nxc_encoder_ctx_new(const nxc_encoder *encoder,
                               nxc_encoder_ctx **out, nxc_error *err) {
    static const size_t floats[] = {PASS_TOKENS * HIDDEN, PASS_TOKENS * NXC_FFN,
                                    PASS_TOKENS * HIDDEN, PASS_TOKENS * HIDDEN,
                                    NXC_ATTENTION_SCRATCH(PASS_TOKENS)};
    if (!encoder || !out)
        return nxc__error(err, NXC_ERR_INVALID,
                          "nxc_encoder_ctx_new: expected encoder and out, got "
                          "NULL");
    nxc_encoder_ctx *ctx = nxc__alloc_zero(encoder->alloc, sizeof *ctx);
    if (!ctx) return nxc__error_nomem(err, sizeof *ctx);
    float **parts[] = {&ctx->x, &ctx->wide, &ctx->context, &ctx->delta,
                       &ctx->attention};
    ctx->encoder = encoder;
    ctx->block_bytes = ALIGN;
    for (size_t i = 0; i < 5; i++)
        ctx->block_bytes += floats[i] * sizeof(float);
    ctx->block = nxc__alloc(encoder->alloc, ctx->block_bytes);
    if (!ctx->block) {
        size_t size = ctx->block_bytes;
        nxc__free(encoder->alloc, ctx, sizeof *ctx);
        return nxc__error_nomem(err, size);
    }
    size_t skip = (ALIGN - (uintptr_t)ctx->block % ALIGN) % ALIGN;
    float *next = (float *)(void *)((char *)ctx->block + skip);
    for (size_t i = 0; i < 5; i++) {
        *parts[i] = next;
        next += floats[i];
    }
    *out = ctx;
    return NXC_OK;
}

void nxc_encoder_ctx_free(nxc_encoder_ctx *ctx) {
    if (!ctx) return;
    const nxc_allocator *alloc = ctx->encoder->alloc;
    nxc__free(alloc, ctx->block, ctx->block_bytes);
    nxc__free(alloc, ctx, sizeof *ctx);
}

/* ------------------------------------------------------------ forward pass */

static void embed(nxc_encoder_ctx *ctx) {
    const nxc_encoder *e = ctx->encoder;
    for (size_t i = 0; i < ctx->n_texts; i++) {
        for (size_t t = ctx->starts[i]; t < ctx->starts[i + 1]; t++) {
            const float *position =
                e->model.positions + (t - ctx->starts[i]) * HIDDEN;
            float *x = ctx->x + t * HIDDEN;
            memcpy(x, e->model.embeddings + (size_t)ctx->ids[t] * HIDDEN,
                   HIDDEN * sizeof *x);
            e->kernels.layer_norm(&e->model.embedding_norm, x, position, 1);
        }
    }
}

static void attend(nxc_encoder_ctx *ctx) {
    const size_t width = 3 * HIDDEN;
    nxc__attention a = {.qkv_stride = width,
                        .out_stride = HIDDEN,
                        .scale = 0.17677669529663687f, /* 1 / sqrt(32) */
                        .scratch = ctx->attention};
    for (size_t i = 0; i < ctx->n_texts; i++) {
        a.n_tokens = ctx->starts[i + 1] - ctx->starts[i];
        for (size_t head = 0; head < NXC_HEADS; head++) {
            a.qkv =
                ctx->wide + ctx->starts[i] * width + head * 3 * NXC_HEAD_DIM;
            a.out =
                ctx->context + ctx->starts[i] * HIDDEN + head * NXC_HEAD_DIM;
            ctx->encoder->kernels.attention(&a);
        }
    }
}

/* The last hidden state of the texts in ids and starts, into ctx->x. */
static void forward(nxc_encoder_ctx *ctx) {
    const nxc__encoder_kernels *k = &ctx->encoder->kernels;
    const nxc__packed_model *model = &ctx->encoder->model;
    size_t n = ctx->starts[ctx->n_texts];
    embed(ctx);
    for (size_t l = 0; l < model->header->n_layers; l++) {
        const nxc__layer *layer = &model->layers[l];
        k->linear(&layer->qkv, ctx->x, n, ctx->wide, NXC_EPILOGUE_NONE);
        attend(ctx);
        k->linear(&layer->out, ctx->context, n, ctx->delta, NXC_EPILOGUE_NONE);
        k->layer_norm(&layer->attention_norm, ctx->x, ctx->delta, n);
        k->linear(&layer->up, ctx->x, n, ctx->wide, NXC_EPILOGUE_GELU);
        k->linear(&layer->down, ctx->wide, n, ctx->delta, NXC_EPILOGUE_NONE);
        k->layer_norm(&layer->output_norm, ctx->x, ctx->delta, n);
    }
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

/* Run the pass and write the embeddings of its texts. */
static void finish_pass(nxc_encoder_ctx *ctx, float *out) {
    forward(ctx);
    for (size_t i = 0; i < ctx->n_texts; i++)
        ctx->encoder->kernels.pool(ctx->x + ctx->starts[i] * HIDDEN,
                                   ctx->starts[i + 1] - ctx->starts[i], HIDDEN,
                                   out + i * NXC_DIM);
    ctx->n_texts = 0;
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

nxc_status nxc_encoder_encode(nxc_encoder_ctx *ctx, const nxc_str *texts,
                              size_t n, float *out, nxc_text_info *info,
                              nxc_error *err) {
    if (!ctx)
        return nxc__error(err, NXC_ERR_INVALID,
                          "encode: expected a context, got NULL");
    NXC_TRY(nxc__encoder_check_texts(texts, n, out, err));
    ctx->n_texts = 0;
    ctx->starts[0] = 0;
    size_t first = 0; /* text of the pass */
    for (size_t i = 0; i < n; i++) {
        size_t used = ctx->starts[ctx->n_texts];
        size_t add = add_tokens(ctx->encoder, texts[i], ctx->ids + used,
                                info ? info + i : NULL);
        if (used + add > PASS_TOKENS) {
            finish_pass(ctx, out + first * NXC_DIM);
            memmove(ctx->ids, ctx->ids + used, add * sizeof *ctx->ids);
            first = i;
            used = 0;
        }
        ctx->starts[++ctx->n_texts] = used + add;
    }
    if (ctx->n_texts) finish_pass(ctx, out + first * NXC_DIM);
    return NXC_OK;
}

nxc_status nxc_encoder_encode_tokens(nxc_encoder_ctx *ctx, nxc_str text,
                                     float *out, uint32_t *ids,
                                     nxc_text_info *info, nxc_error *err) {
    if (!ctx)
        return nxc__error(err, NXC_ERR_INVALID,
                          "encode: expected a context, got NULL");
    NXC_TRY(nxc__encoder_check_texts(&text, 1, out, err));
    size_t n = add_tokens(ctx->encoder, text, ctx->ids, info);
    ctx->n_texts = 1;
    ctx->starts[1] = n;
    forward(ctx);
    memcpy(out, ctx->x, n * NXC_DIM * sizeof *out);
    if (ids) memcpy(ids, ctx->ids, n * sizeof *ids);
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
