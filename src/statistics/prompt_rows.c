/*
 * Distinct prompts (and distinct new parts of prompts) of the learned calls,
 * each with the calls that came with it and its vector in 8 bits.
 *
 *     row    texts[row]    row of the learned texts
 *            calls         calls with this prompt, ascending
 *            bytes scales  value = scale * byte, scale = max |x| / 127
 *
 * A cosine is scale * scale * (an exact sum of products of bytes), so it has
 * the same bits whatever computes it. Of unit vectors it differs from that of
 * the floats by about 6e-4.
 */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "statistics/statistics_handle.h"

typedef struct hashed_text {
    nxc__hash128 hash;
    uint32_t text;
} hashed_text;

static int by_hash(const void *a, const void *b) {
    return nxc__hash128_compare(((const hashed_text *)a)->hash,
                                ((const hashed_text *)b)->hash);
}

static uint32_t text_of(const nxc__learned_call *c, bool deltas) {
    return deltas ? c->delta : c->prompt;
}

/* number (n_texts): of the texts that calls came with, by hash; NXC_NONE for
 * the others. */
static nxc_status number_texts(const nxc__statistics *s,
                               const nxc__learned *learned, bool deltas,
                               uint32_t *number, nxc__prompt_rows *rows,
                               nxc__arena *scratch, nxc__arena *arena,
                               nxc_error *err) {
    void *p;
    for (size_t i = 0; i < learned->texts.n; i++)
        number[i] = NXC_NONE;
    for (size_t c = 0; c < s->n_calls; c++) {
        uint32_t text = text_of(&s->calls[c], deltas);
        if (text == NXC_NONE || number[text] != NXC_NONE) continue;
        number[text] = 0;
        rows->n++;
    }
    NXC_TRY(
        nxc__statistics_block(scratch, rows->n, sizeof(hashed_text), &p, err));
    hashed_text *used = p;
    size_t n = 0;
    for (size_t i = 0; i < learned->texts.cap; i++) {
        const nxc__strmap_slot *slot = &learned->texts.slots[i];
        if (slot->hash && number[slot->value] == 0)
            used[n++] = (hashed_text){
                nxc__hash_128(slot->key.ptr, slot->key.len), slot->value};
    }
    qsort(used, n, sizeof *used, by_hash);
    NXC_TRY(nxc__statistics_block(arena, n, sizeof *rows->texts, &p, err));
    rows->texts = p;
    for (size_t i = 0; i < n; i++) {
        rows->texts[i] = used[i].text;
        number[used[i].text] = (uint32_t)i;
    }
    return NXC_OK;
}

static float quantize(const float *x, int8_t *q) {
    float top = 0;
    for (size_t d = 0; d < NXC_DIM; d++)
        if (fabsf(x[d]) > top) top = fabsf(x[d]);
    float inverse = top > 1e-30f && isfinite(top) ? 127 / top : 0;
    for (size_t d = 0; d < NXC_DIM; d++)
        q[d] = isnan(x[d]) || inverse == 0 ? 0 : (int8_t)lrintf(x[d] * inverse);
    return inverse > 0 ? top / 127 : 0;
}

static nxc_status quantize_rows(nxc__prompt_rows *rows, const float *embeddings,
                                nxc__arena *arena, nxc_error *err) {
    void *p;
    NXC_TRY(nxc__statistics_block(arena, rows->n, NXC_DIM, &p, err));
    rows->bytes = p;
    NXC_TRY(
        nxc__statistics_block(arena, rows->n, sizeof *rows->scales, &p, err));
    rows->scales = p;
    for (size_t i = 0; i < rows->n; i++)
        rows->scales[i] =
            quantize(embeddings + rows->texts[i] * (size_t)NXC_DIM,
                     rows->bytes + i * NXC_DIM);
    return NXC_OK;
}

static nxc_status build_rows(nxc__statistics *s, const nxc__learned *learned,
                             const float *embeddings, bool deltas,
                             nxc__prompt_rows *rows, nxc__arena *scratch,
                             nxc_error *err) {
    void *p;
    NXC_TRY(nxc__statistics_block(scratch, learned->texts.n, sizeof(uint32_t),
                                  &p, err));
    uint32_t *number = p;
    NXC_TRY(number_texts(s, learned, deltas, number, rows, scratch, &s->arena,
                         err));
    NXC_TRY(nxc__statistics_block(&s->arena, s->n_calls, sizeof(uint32_t), &p,
                                  err));
    uint32_t *keys = rows->row_of = p;
    for (size_t c = 0; c < s->n_calls; c++) {
        uint32_t text = text_of(&s->calls[c], deltas);
        keys[c] = text == NXC_NONE ? NXC_NONE : number[text];
    }
    NXC_TRY(nxc__lists_build(&rows->calls, rows->n, keys, s->n_calls, &s->arena,
                             err));
    if (embeddings) NXC_TRY(quantize_rows(rows, embeddings, &s->arena, err));
    return NXC_OK;
}

nxc_status nxc__prompt_rows_build(nxc__statistics *s,
                                  const nxc__learned *learned,
                                  const nxc__statistics_options *options,
                                  nxc__arena *scratch, nxc_error *err) {
    NXC_TRY(build_rows(s, learned, options->embeddings, false, &s->prompts,
                       scratch, err));
    return build_rows(s, learned, options->embeddings, true, &s->deltas,
                      scratch, err);
}

static int32_t dot(const int8_t *a, const int8_t *b) {
    int32_t sum = 0;
    for (size_t d = 0; d < NXC_DIM; d++)
        sum += a[d] * b[d];
    return sum;
}

void nxc__prompt_rows_cosines(const nxc__prompt_rows *rows, const float *query,
                              float *out) {
    int8_t q[NXC_DIM];
    float scale = quantize(query, q);
    for (size_t i = 0; i < rows->n; i++)
        out[i] = (float)dot(q, rows->bytes + i * NXC_DIM) *
                 (scale * rows->scales[i]);
}
