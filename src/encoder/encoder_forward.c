/*
 * The forward pass: token ids -> last hidden states.
 *
 * Scheme. The tokens of several texts stand one after another in one matrix,
 * without padding (a ragged batch); linear layers and normalisations run over
 * all rows at once, attention over each text and head. A pass takes whole texts
 * up to 256 tokens (int8: it is full at 64), so activations stay in a core's L2
 * while the weights stream through it once per pass.
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
 * int8. Each matrix's input is quantised row by row (q, rows), with a scale and
 * a zero point of the row's own, then multiplied in integers; attention is in
 * bytes too. GELU, normalisations and the residual stream are float32 in all
 * dtypes; with bf16 weights all is float32 but what is read.
 *
 * Departures from the reference: the sum of the three embeddings adds the type
 * to the position first (at pack time); attention scores are scaled after the
 * maximum is taken off; no dropout, no pooler.
 *
 * Source: Vaswani et al. 2017; Devlin et al. 2019; Reimers and Gurevych 2019.
 * Threading: one thread at a time a pass. Cost: 21.2 MFLOP a token, attention
 * apart; run allocates nothing.
 */
#include "encoder/encoder_forward.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

#define ALIGN 64

nxc_status nxc__forward_init(nxc__forward *f, const nxc__packed_model *model,
                             const nxc__encoder_kernels *kernels,
                             const nxc_allocator *alloc, nxc_error *err) {
    static const size_t floats[] = {
        NXC_PASS_TOKENS * NXC_HIDDEN, NXC_PASS_TOKENS * NXC_FFN,
        NXC_PASS_TOKENS * NXC_HIDDEN, NXC_PASS_TOKENS * NXC_HIDDEN,
        NXC_ATTENTION_SCRATCH(NXC_PASS_TOKENS)};
    float **parts[] = {&f->x, &f->wide, &f->context, &f->delta, &f->attention};
    const size_t n = sizeof floats / sizeof *floats;
    size_t q_bytes = NXC_PASS_TOKENS * NXC_FFN;
    size_t row_bytes = NXC_PASS_TOKENS * sizeof(nxc__int8_row);
    bool is_int8 = model->header->dtype == NXC_INT8;
    *f = (nxc__forward){.model = model, .kernels = kernels};
    f->block_bytes = ALIGN + (is_int8 ? q_bytes + row_bytes : 0);
    for (size_t i = 0; i < n; i++)
        f->block_bytes += floats[i] * sizeof(float);
    f->block = nxc__alloc(alloc, f->block_bytes);
    if (!f->block) return nxc__error_nomem(err, f->block_bytes);
    char *next = f->block;
    next += (ALIGN - (uintptr_t)next % ALIGN) % ALIGN;
    for (size_t i = 0; i < n; i++) {
        *parts[i] = (float *)(void *)next;
        next += floats[i] * sizeof(float);
    }
    if (is_int8) {
        f->rows = (nxc__int8_row *)(void *)next;
        f->q = (uint8_t *)next + row_bytes;
    }
    return NXC_OK;
}

void nxc__forward_release(nxc__forward *f, const nxc_allocator *alloc) {
    nxc__free(alloc, f->block, f->block_bytes);
    f->block = NULL;
}

/* Row i of a table. */
static void row_of(const nxc__forward *f, const nxc__table *t, size_t i,
                   float out[NXC_HIDDEN]) {
    const uint16_t *half = t->bf16 ? t->bf16 + i * NXC_HIDDEN : NULL;
    if (t->scales)
        f->kernels->dequantize(t->int8 + i * NXC_HIDDEN, t->scales[i],
                               NXC_HIDDEN, out);
    else if (half)
        for (size_t j = 0; j < NXC_HIDDEN; j++)
            out[j] = nxc__bf16_widen(half[j]);
    else
        memcpy(out, t->f32 + i * NXC_HIDDEN, NXC_HIDDEN * sizeof *out);
}

static void embed(nxc__forward *f) {
    const nxc__packed_model *m = f->model;
    for (size_t i = 0; i < f->n_texts; i++) {
        for (size_t t = f->starts[i]; t < f->starts[i + 1]; t++) {
            row_of(f, &m->embeddings, nxc__packed_row(m, f->ids[t]),
                   f->x + t * NXC_HIDDEN);
            row_of(f, &m->positions, t - f->starts[i],
                   f->delta + t * NXC_HIDDEN);
        }
    }
    f->kernels->layer_norm(&m->embedding_norm, f->x, f->delta,
                           f->starts[f->n_texts]);
}

static void attend(nxc__forward *f) {
    const nxc__encoder_kernels *k = f->kernels;
    void (*attention)(const nxc__attention *a) =
        f->model->header->dtype == NXC_INT8 ? k->attention_int8 : k->attention;
    const size_t width = (size_t)3 * NXC_HIDDEN;
    nxc__attention a = {.qkv_stride = width,
                        .out_stride = NXC_HIDDEN,
                        .scale = 0.17677669529663687f, /* 1 / sqrt(32) */
                        .scratch = f->attention};
    for (size_t i = 0; i < f->n_texts; i++) {
        a.n_tokens = f->starts[i + 1] - f->starts[i];
        for (size_t head = 0; head < NXC_HEADS; head++) {
            a.qkv = f->wide + f->starts[i] * width + head * 3 * NXC_HEAD_DIM;
            a.out =
                f->context + f->starts[i] * NXC_HIDDEN + head * NXC_HEAD_DIM;
            attention(&a);
        }
    }
}

/* y = x W + b for all rows, in the arithmetic of the model's dtype. */
static void multiply(nxc__forward *f, const nxc__matrix *w, const float *x,
                     float *y, nxc__epilogue epilogue) {
    const nxc__encoder_kernels *k = f->kernels;
    size_t n = f->starts[f->n_texts];
    if (f->model->header->dtype == NXC_F32) {
        k->linear(&w->f32, x, n, y, epilogue);
        return;
    }
    if (f->model->header->dtype == NXC_BF16) {
        k->linear_bf16(&w->bf16, x, n, y, epilogue);
        return;
    }
    k->quantize_rows(x, w->int8.factors, n, w->int8.k, f->q, f->rows);
    k->linear_int8(&w->int8, f->q, f->rows, n, y, epilogue);
}

static void tap(const nxc__forward *f, size_t layer, nxc__matrix_id id,
                const float *x, size_t k) {
    if (f->tap) f->tap(f->user, layer, id, x, f->starts[f->n_texts], k);
}

void nxc__forward_run(nxc__forward *f) {
    const nxc__encoder_kernels *k = f->kernels;
    const nxc__packed_model *model = f->model;
    size_t n = f->starts[f->n_texts];
    embed(f);
    for (size_t l = 0; l < model->header->n_layers; l++) {
        const nxc__layer *layer = &model->layers[l];
        tap(f, l, NXC_MATRIX_QKV, f->x, NXC_HIDDEN);
        multiply(f, &layer->qkv, f->x, f->wide, NXC_EPILOGUE_NONE);
        attend(f);
        tap(f, l, NXC_MATRIX_OUT, f->context, NXC_HIDDEN);
        multiply(f, &layer->out, f->context, f->delta, NXC_EPILOGUE_NONE);
        k->layer_norm(&layer->attention_norm, f->x, f->delta, n);
        tap(f, l, NXC_MATRIX_UP, f->x, NXC_HIDDEN);
        multiply(f, &layer->up, f->x, f->wide, NXC_EPILOGUE_GELU);
        tap(f, l, NXC_MATRIX_DOWN, f->wide, NXC_FFN);
        multiply(f, &layer->down, f->wide, f->delta, NXC_EPILOGUE_NONE);
        k->layer_norm(&layer->output_norm, f->x, f->delta, n);
    }
}
