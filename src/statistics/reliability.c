/*
 * How well the simple signals have done on the learned sessions themselves:
 * at most 120 past decision points, each judged without its own group.
 *
 *     round 0   one point of each session, sessions by the hash of their key
 *     round 1   the next point of each session that has one, ...
 *
 * where a session starts at step hash mod length and goes round. The rank of
 * the call that was made counts at its expected value among equal scores, and
 * every operation of the catalog is a candidate.
 *
 * The text signal needs features, which are above this folder: whoever has them
 * ranks the samples and reports. Its figures then complete the fusion.
 */
#include <stdlib.h>
#include <string.h>

#include "statistics/statistics_handle.h"

#define SEED UINT64_C(0x6e787273616d706c)

typedef struct hashed_session {
    uint64_t hash;
    uint32_t session;
} hashed_session;

static int by_hash(const void *a, const void *b) {
    const hashed_session *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->session > y->session) - (x->session < y->session);
}

static nxc_status choose(nxc__statistics *s, nxc__arena *scratch,
                         nxc_error *err) {
    void *p;
    NXC_TRY(nxc__statistics_block(scratch, s->n_sessions,
                                  sizeof(hashed_session), &p, err));
    hashed_session *order = p;
    NXC_TRY(nxc__statistics_block(&s->arena, NXC_MAX_SAMPLES,
                                  sizeof *s->samples, &p, err));
    s->samples = p;
    for (size_t i = 0; i < s->n_sessions; i++)
        order[i] = (hashed_session){
            nxc__hash64(&s->sessions[i].key, sizeof s->sessions[i].key, SEED),
            (uint32_t)i};
    qsort(order, s->n_sessions, sizeof *order, by_hash);
    size_t n_before = SIZE_MAX;
    for (size_t round = 0; s->n_samples != n_before; round++) {
        n_before = s->n_samples;
        for (size_t i = 0; i < s->n_sessions && s->n_samples < NXC_MAX_SAMPLES;
             i++) {
            uint32_t n = s->sessions[order[i].session].n;
            if (round >= n) continue;
            s->samples[s->n_samples++] = (nxc__sample_ranks){
                order[i].session, (uint32_t)((order[i].hash + round) % n), NAN,
                NAN, NAN};
        }
    }
    return NXC_OK;
}

/* Expected reciprocal rank of gold among n scores; NULL: all are equal. */
static float reciprocal_rank(const float *scores, size_t n, uint32_t gold) {
    size_t above = 0, equal = 0;
    double sum = 0;
    for (size_t o = 0; o < n; o++) {
        above += scores && scores[o] > scores[gold];
        equal += !scores || scores[o] == scores[gold];
    }
    for (size_t r = above + 1; r <= above + equal; r++)
        sum += 1 / (double)r;
    return equal ? (float)(sum / (double)equal) : NAN;
}

static nxc_status judge(const nxc__statistics *s, nxc__sample_ranks *sample,
                        uint32_t *history, nxc__arena *arena, nxc_error *err) {
    const nxc__learned_session *x = &s->sessions[sample->session];
    const nxc__learned_call *calls = s->calls + x->first;
    for (size_t t = 0; t < sample->step; t++)
        history[t] = calls[t].operation;
    uint32_t gold = calls[sample->step].operation;
    uint32_t row = s->prompts.row_of[x->first + sample->step];
    nxc__statistics_query q = {history,   sample->step, NULL,    NULL,
                               {NULL, 0}, NULL,         x->group};
    if (s->n_groups < 2) return NXC_OK;
    nxc__transitions t;
    NXC_TRY(nxc__statistics_transitions(s, &q, arena, &t, err));
    if (t.order1)
        sample->transitions = reciprocal_rank(t.order1, s->n_operations, gold);
    if (row == NXC_NONE || !s->prompts.bytes) return NXC_OK;
    nxc__prompt_bytes prompt;
    prompt.scale = s->prompts.scales[row];
    memcpy(prompt.bytes, s->prompts.bytes + row * (size_t)NXC_DIM, NXC_DIM);
    const float *kernel;
    NXC_TRY(nxc__neighbours_kernel_last(s, &prompt, &q, arena, &kernel, err));
    sample->neighbours = reciprocal_rank(kernel, s->n_operations, gold);
    return NXC_OK;
}

static void average(nxc__statistics *s) {
    double sums[2][4] = {{0}}, n[2][4] = {{0}};
    for (size_t i = 0; i < s->n_samples; i++) {
        const nxc__sample_ranks *x = &s->samples[i];
        float ranks[4] = {x->text, x->transitions, x->neighbours, 0};
        for (size_t k = 0; k < 3; k++)
            ranks[3] += isnan(ranks[k]) ? 0 : ranks[k];
        if (ranks[3] > 1) ranks[3] = 1;
        if (isnan(ranks[0])) ranks[3] = NAN;
        for (size_t k = 0; k < 4; k++) {
            if (isnan(ranks[k])) continue;
            sums[x->step > 0][k] += (double)ranks[k];
            n[x->step > 0][k]++;
        }
    }
    for (size_t later = 0; later < 2; later++) {
        float mean[4];
        for (size_t k = 0; k < 4; k++)
            mean[k] =
                n[later][k] > 0 ? (float)(sums[later][k] / n[later][k]) : NAN;
        s->info.reliability[later] =
            (nxc__reliability){mean[0], mean[1], mean[2], mean[3]};
    }
}

nxc_status nxc__reliability_build(nxc__statistics *s, nxc__arena *scratch,
                                  nxc_error *err) {
    NXC_TRY(choose(s, scratch, err));
    void *p;
    size_t longest = 0;
    for (size_t i = 0; i < s->n_samples; i++)
        if (s->samples[i].step > longest) longest = s->samples[i].step;
    NXC_TRY(nxc__statistics_block(scratch, longest, sizeof(uint32_t), &p, err));
    nxc__arena arena;
    nxc__arena_init(&arena, s->alloc, SIZE_MAX);
    nxc_status st = NXC_OK;
    for (size_t i = 0; st == NXC_OK && i < s->n_samples; i++) {
        st = judge(s, &s->samples[i], p, &arena, err);
        nxc__arena_reset(&arena);
    }
    nxc__arena_release(&arena);
    if (st == NXC_OK) average(s);
    return st;
}

size_t nxc__statistics_n_samples(const nxc__statistics *s) {
    return s->n_samples;
}

void nxc__statistics_sample(const nxc__statistics *s, size_t i,
                            nxc__sample *out) {
    const nxc__sample_ranks *x = &s->samples[i];
    const nxc__learned_session *session = &s->sessions[x->session];
    *out = (nxc__sample){session, s->calls + session->first, x->step};
}

void nxc__statistics_set_text_ranks(nxc__statistics *s,
                                    const float *text_ranks) {
    for (size_t i = 0; i < s->n_samples; i++)
        s->samples[i].text = text_ranks[i];
    average(s);
}
