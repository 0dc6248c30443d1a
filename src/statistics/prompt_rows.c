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

nxc__prompt_bytes nxc__prompt_quantize(const float *x) {
    nxc__prompt_bytes q;
    float top = 0;
    for (size_t d = 0; d < NXC_DIM; d++)
        if (fabsf(x[d]) > top) top = fabsf(x[d]);
    float inverse = top > 1e-30f && top < 1e6f ? 127 / top : 0;
    for (size_t d = 0; d < NXC_DIM; d++)
        q.bytes[d] =
            isnan(x[d]) || inverse == 0 ? 0 : (int8_t)lrintf(x[d] * inverse);
    q.scale = inverse > 0 ? top / 127 : 0;
    return q;
}

static nxc_status take_vectors(nxc__prompt_rows *rows,
                               const nxc__vector_source *from,
                               nxc__arena *arena, nxc_error *err) {
    void *p;
    NXC_TRY(nxc__statistics_block(arena, rows->n, NXC_DIM, &p, err));
    rows->bytes = p;
    NXC_TRY(
        nxc__statistics_block(arena, rows->n, sizeof *rows->scales, &p, err));
    rows->scales = p;
    for (size_t i = 0; i < rows->n; i++) {
        size_t text = rows->texts[i];
        int8_t *to = rows->bytes + i * NXC_DIM;
        if (from->embeddings) {
            nxc__prompt_bytes q =
                nxc__prompt_quantize(from->embeddings + text * NXC_DIM);
            memcpy(to, q.bytes, NXC_DIM);
            rows->scales[i] = q.scale;
        } else {
            memcpy(to, from->bytes + text * NXC_DIM, NXC_DIM);
            rows->scales[i] = from->scales[text];
        }
    }
    return NXC_OK;
}

static nxc_status build_rows(nxc__statistics *s, const nxc__learned *learned,
                             bool deltas, nxc__prompt_rows *rows,
                             nxc__arena *scratch, nxc_error *err) {
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
    return NXC_OK;
}

static nxc_status build_vectors(nxc__statistics *s, nxc__prompt_rows *rows,
                                const nxc__vector_source *from,
                                nxc__arena *scratch, nxc_error *err) {
    NXC_TRY(take_vectors(rows, from, &s->arena, err));
    return nxc__prompt_index_build(rows, &s->arena, scratch, err);
}

nxc_status nxc__prompt_rows_build(nxc__statistics *s,
                                  const nxc__learned *learned,
                                  const nxc__vector_source *vectors,
                                  nxc__arena *scratch, nxc_error *err) {
    nxc__prompt_rows *prompts = &s->prompts, *deltas = &s->deltas;
    NXC_TRY(build_rows(s, learned, false, prompts, scratch, err));
    NXC_TRY(build_rows(s, learned, true, deltas, scratch, err));
    if (!vectors->embeddings && !vectors->bytes) return NXC_OK;
    NXC_TRY(build_vectors(s, prompts, vectors, scratch, err));
    if (deltas->n == prompts->n &&
        memcmp(deltas->texts, prompts->texts,
               prompts->n * sizeof *prompts->texts) == 0) {
        deltas->bytes = prompts->bytes; /* no prompt was carried on */
        deltas->scales = prompts->scales;
        deltas->index = prompts->index;
        return NXC_OK;
    }
    return build_vectors(s, deltas, vectors, scratch, err);
}

float nxc__prompt_cosine(const nxc__prompt_rows *rows,
                         const nxc__prompt_bytes *query, size_t row) {
    const int8_t *a = query->bytes, *b = rows->bytes + row * NXC_DIM;
    int32_t sum = 0;
    for (size_t d = 0; d < NXC_DIM; d++)
        sum += a[d] * b[d];
    return (float)sum * (query->scale * rows->scales[row]);
}

bool nxc__prompt_is_used(const nxc__statistics *s, const nxc__prompt_rows *rows,
                         size_t row, uint32_t group) {
    const nxc__lists *calls = &rows->calls;
    if (group == NXC_NONE) return true;
    for (size_t k = calls->starts[row]; k < calls->starts[row + 1]; k++)
        if (s->group_of[s->session_of[calls->items[k]]] != group) return true;
    return false;
}

static bool comes_before(nxc__near_row a, nxc__near_row b) {
    return a.cosine != b.cosine ? a.cosine > b.cosine : a.row < b.row;
}

void nxc__near_rows_add(const nxc__statistics *s, const nxc__prompt_rows *rows,
                        uint32_t group, nxc__near_row x, nxc__near_rows *list) {
    bool is_full = list->n == NXC_N_NEAR_ROWS;
    if ((is_full && !comes_before(x, list->of[list->n - 1])) ||
        !nxc__prompt_is_used(s, rows, x.row, group))
        return;
    size_t low = 0, high = is_full ? list->n - 1 : list->n, last = high;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (comes_before(list->of[mid], x))
            low = mid + 1;
        else
            high = mid;
    }
    memmove(list->of + low + 1, list->of + low,
            (last - low) * sizeof *list->of);
    list->of[low] = x;
    list->n = last + 1;
}
