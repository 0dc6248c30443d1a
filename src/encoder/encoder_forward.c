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
 * Members. A pass is walked by one thread, or by a team (base/executor.h) whose
 * members all walk the same page: each takes its part of the rows, of the heads
 * or of a matrix's columns, and meets the others before it reads what they
 * wrote. An element is computed by one member, from the same values in the same
 * order, so the bits are those of one thread. Each streams its part of the
 * weights only. Parts of columns are whole panels; a head's q, k and v are two
 * panels, so a member attends to what it has multiplied itself.
 *
 *     rows     quantise | meet | columns and heads | meet | rows | meet | ...
 *
 * Departures from the reference: the sum of the three embeddings adds the type
 * to the position first (at pack time); attention scores are scaled after the
 * maximum is taken off; no dropout, no pooler.
 *
 * Source: Vaswani et al. 2017; Devlin et al. 2019; Reimers and Gurevych 2019.
 * Threading: one run at a time a pass. Cost: 21.2 MFLOP a token, attention
 * apart; run allocates nothing.
 */
#include "encoder/encoder_forward.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

#define ALIGN 64

nxc_status nxc__forward_init(nxc__forward *f, const nxc__packed_model *model,
                             const nxc__encoder_kernels *kernels,
                             size_t n_members, const nxc_allocator *alloc,
                             nxc_error *err) {
    const size_t floats[] = {
        NXC_PASS_TOKENS * NXC_HIDDEN, NXC_PASS_TOKENS * NXC_FFN,
        NXC_PASS_TOKENS * NXC_HIDDEN, NXC_PASS_TOKENS * NXC_HIDDEN,
        n_members * NXC_ATTENTION_SCRATCH(NXC_PASS_TOKENS)};
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

/* ---------------------------------------------------------------- stages */

typedef struct part {
    size_t from, to;
} part;

/* Who walks: one of n. */
typedef struct member {
    const nxc__forward *f;
    size_t i, n;
    part rows; /* of all tokens, this member's */
} member;

/* Its part of things that come in groups. */
static part part_of(const member *me, size_t n_groups, size_t group) {
    return (part){n_groups * me->i / me->n * group,
                  n_groups * (me->i + 1) / me->n * group};
}

static void meet(const member *me) {
    if (me->f->team) nxc__team_meet(me->f->team);
}

static void embed(const member *me) {
    const nxc__forward *f = me->f;
    const nxc__packed_model *m = f->model;
    size_t text = 0;
    for (size_t t = me->rows.from; t < me->rows.to; t++) {
        while (t >= f->starts[text + 1])
            text++;
        row_of(f, &m->embeddings, nxc__packed_row(m, f->ids[t]),
               f->x + t * NXC_HIDDEN);
        row_of(f, &m->positions, t - f->starts[text],
               f->delta + t * NXC_HIDDEN);
    }
}

/* x = norm(x + delta) */
static void normalize(const member *me, const nxc__norm *norm) {
    size_t from = me->rows.from * NXC_HIDDEN;
    me->f->kernels->layer_norm(norm, me->f->x + from, me->f->delta + from,
                               me->rows.to - me->rows.from);
}

/* Its rows of x become the input of a product by w, which all may then read. */
static void prepare(const member *me, const nxc__matrix *w, const float *x) {
    const nxc__forward *f = me->f;
    size_t row = me->rows.from, m = me->rows.to - row;
    if (f->model->header->dtype == NXC_INT8) {
        size_t k = w->int8.k;
        f->kernels->quantize_rows(x + row * k, w->int8.factors, m, k,
                                  f->q + row * k, f->rows + row);
    }
    meet(me);
}

/* The columns of y = x W + b for all rows, in the arithmetic of the model's
 * dtype. */
static void multiply(const member *me, const nxc__matrix *w, part columns,
                     const float *x, float *y, nxc__epilogue epilogue) {
    const nxc__forward *f = me->f;
    size_t n = f->starts[f->n_texts], from = columns.from;
    if (f->model->header->dtype == NXC_F32) {
        nxc__linear p = w->f32;
        p.panels += from * p.k;
        p.bias += from;
        p.n = columns.to - from;
        f->kernels->linear(&p, x, n, y + from, epilogue);
    } else if (f->model->header->dtype == NXC_BF16) {
        nxc__linear_bf16 p = w->bf16;
        p.panels += from * p.k;
        p.bias += from;
        p.n = columns.to - from;
        f->kernels->linear_bf16(&p, x, n, y + from, epilogue);
    } else {
        nxc__linear_int8 p = w->int8;
        p.panels += from * p.k;
        p.bias += from;
        p.scales += from;
        p.sums += from;
        p.n = columns.to - from;
        f->kernels->linear_int8(&p, f->q, f->rows, n, y + from, epilogue);
    }
}

static void attend(const member *me, part heads) {
    const nxc__forward *f = me->f;
    void (*attention)(const nxc__attention *a) =
        f->model->header->dtype == NXC_INT8 ? f->kernels->attention_int8
                                            : f->kernels->attention;
    const size_t width = (size_t)3 * NXC_HIDDEN;
    nxc__attention a = {.qkv_stride = width,
                        .out_stride = NXC_HIDDEN,
                        .scale = 0.17677669529663687f, /* 1 / sqrt(32) */
                        .scratch = f->attention + me->i * NXC_ATTENTION_SCRATCH(
                                                              NXC_PASS_TOKENS)};
    for (size_t i = 0; i < f->n_texts; i++) {
        a.n_tokens = f->starts[i + 1] - f->starts[i];
        for (size_t head = heads.from; head < heads.to; head++) {
            a.qkv = f->wide + f->starts[i] * width + head * 3 * NXC_HEAD_DIM;
            a.out =
                f->context + f->starts[i] * NXC_HIDDEN + head * NXC_HEAD_DIM;
            attention(&a);
        }
    }
}

static void tap(const nxc__forward *f, size_t layer, nxc__matrix_id id,
                const float *x, size_t k) {
    if (f->tap) f->tap(f->user, layer, id, x, f->starts[f->n_texts], k);
}

/* ---------------------------------------------------------------- the pass */

static void run_layer(const member *me, size_t l) {
    const nxc__forward *f = me->f;
    const nxc__layer *layer = &f->model->layers[l];
    const part heads = part_of(me, NXC_HEADS, 1);
    const part qkv = part_of(me, NXC_HEADS, 3 * NXC_HEAD_DIM);
    const part hidden = part_of(me, NXC_HIDDEN / NXC_PANEL, NXC_PANEL);
    const part ffn = part_of(me, NXC_FFN / NXC_PANEL, NXC_PANEL);

    tap(f, l, NXC_MATRIX_QKV, f->x, NXC_HIDDEN);
    prepare(me, &layer->qkv, f->x);
    multiply(me, &layer->qkv, qkv, f->x, f->wide, NXC_EPILOGUE_NONE);
    attend(me, heads);
    meet(me);
    tap(f, l, NXC_MATRIX_OUT, f->context, NXC_HIDDEN);
    prepare(me, &layer->out, f->context);
    multiply(me, &layer->out, hidden, f->context, f->delta, NXC_EPILOGUE_NONE);
    meet(me);
    normalize(me, &layer->attention_norm);

    tap(f, l, NXC_MATRIX_UP, f->x, NXC_HIDDEN);
    prepare(me, &layer->up, f->x);
    multiply(me, &layer->up, ffn, f->x, f->wide, NXC_EPILOGUE_GELU);
    meet(me);
    tap(f, l, NXC_MATRIX_DOWN, f->wide, NXC_FFN);
    prepare(me, &layer->down, f->wide);
    multiply(me, &layer->down, hidden, f->wide, f->delta, NXC_EPILOGUE_NONE);
    meet(me);
    normalize(me, &layer->output_norm);
}

static void walk(void *user, size_t i, size_t worker) {
    const nxc__forward *f = user;
    member me = {.f = f, .i = i, .n = f->team ? f->team->n_members : 1};
    (void)worker;
    me.rows = part_of(&me, f->starts[f->n_texts], 1);
    embed(&me);
    normalize(&me, &f->model->embedding_norm);
    for (size_t l = 0; l < f->model->header->n_layers; l++)
        run_layer(&me, l);
}

void nxc__forward_run(nxc__forward *f) {
    if (f->team)
        nxc__team_run(f->team, f->pool, walk, f);
    else
        walk(f, 0, 0);
}
