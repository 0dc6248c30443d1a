/*
 * What happened at past decision points whose prompts are like this one.
 *
 *     near rows   the 128 prompts with the largest cosines     (prompt_index.c)
 *     kernels     all points of these prompts vote with exp(12 (cosine - 1))
 *     sessions    the first 20 sessions with a point among these prompts; all
 *                 points of these sessions vote
 *
 * A point is a learned call that came with its prompt. Points of the left-out
 * group are passed over; sums go by the order of the near prompts, then of
 * calls, so the bits are those of statistics without that group. Definitions:
 * docs/statistics.md.
 *
 * Cost: the index, the points of the near prompts, the calls of 20 sessions,
 * and the operations for each array.
 */
#include <string.h>

#include "statistics/statistics_handle.h"

#define KERNEL 12.0
#define NEAR_COSINE 0.7f
#define SOFT_CALL 10.0

typedef struct near_session {
    float cosine;
    uint32_t session;
} near_session;

typedef struct near_list {
    near_session of[NXC_N_NEAR];
    size_t n;
} near_list;

typedef struct points {
    const nxc__statistics *s;
    const nxc__statistics_query *q;
    nxc__arena *arena;
    uint32_t group, last, before;
} points;

/* The cosine of any prompt: by vectors, or (n_prompts) by words. */
typedef struct cosine_source {
    const nxc__prompt_bytes *query;
    const float *words;
} cosine_source;

static points points_of(const nxc__statistics *s,
                        const nxc__statistics_query *q, nxc__arena *arena) {
    return (points){s,
                    q,
                    arena,
                    nxc__statistics_group(s, q->exclude),
                    nxc__query_call(s, q, 1),
                    nxc__query_call(s, q, 2)};
}

static bool is_left_out(const points *p, size_t call) {
    return p->s->group_of[p->s->session_of[call]] == p->group;
}

/* ---------------------------------------------------------------- near */

static void find_near(const points *p, const nxc__near_rows *rows,
                      near_list *list) {
    const nxc__lists *calls = &p->s->prompts.calls;
    list->n = 0;
    for (size_t i = 0; i < rows->n && rows->of[i].cosine > 0; i++) {
        size_t row = rows->of[i].row;
        for (size_t k = calls->starts[row];
             k < calls->starts[row + 1] && list->n < NXC_N_NEAR; k++) {
            uint32_t session = p->s->session_of[calls->items[k]];
            size_t at = 0;
            while (at < list->n && list->of[at].session != session)
                at++;
            if (at == list->n && !is_left_out(p, calls->items[k]))
                list->of[list->n++] =
                    (near_session){rows->of[i].cosine, session};
        }
    }
}

typedef struct near_votes {
    double *after1, *after2, *any; /* (n_operations) */
    uint32_t *voted;               /* (n_operations) session + 1 */
} near_votes;

static float cosine_of(const points *p, const cosine_source *from,
                       uint32_t row) {
    return from->words ? from->words[row]
                       : nxc__prompt_cosine(&p->s->prompts, from->query, row);
}

static void add_votes(const points *p, const cosine_source *from,
                      near_session near, near_votes *v) {
    const nxc__statistics *s = p->s;
    const nxc__learned_session *x = &s->sessions[near.session];
    double w = s->weights[near.session];
    for (size_t c = x->first; c < x->first + x->n; c++) {
        uint32_t o = s->calls[c].operation, row = s->prompts.row_of[c];
        if (row == NXC_NONE) continue;
        float cosine = cosine_of(p, from, row);
        double vote = cosine > 0 ? w * (double)cosine : 0;
        bool same = nxc__previous(s, c) == p->last;
        if (same) v->after1[o] += vote;
        if (same && nxc__before_previous(s, c) == p->before)
            v->after2[o] += vote;
        if (v->voted[o] != near.session + 1)
            v->any[o] += w * (double)near.cosine;
        v->voted[o] = near.session + 1;
    }
}

/* Columns of floats from sums divided by whole. */
static nxc_status finish(const points *p, const double *sums, double whole,
                         const float **out, nxc_error *err) {
    void *block;
    size_t n = p->s->n_operations;
    NXC_TRY(nxc__statistics_block(p->arena, n, sizeof(float), &block, err));
    float *to = block;
    for (size_t o = 0; o < n; o++)
        to[o] = (float)(sums[o] / whole);
    *out = to;
    return NXC_OK;
}

/* out: after1, after2, any; left alone without a near session. */
static nxc_status vote_near(const points *p, const cosine_source *from,
                            const near_list *list, const float **const out[3],
                            nxc_error *err) {
    const nxc__statistics *s = p->s;
    size_t n = s->n_operations;
    near_votes v;
    void *block;
    if (list->n == 0) return NXC_OK;
    NXC_TRY(
        nxc__statistics_zeros(p->arena, 3 * n, sizeof(double), &block, err));
    v.after1 = block;
    v.after2 = v.after1 + n;
    v.any = v.after2 + n;
    NXC_TRY(nxc__statistics_zeros(p->arena, n, sizeof *v.voted, &block, err));
    v.voted = block;
    double whole = 0;
    for (size_t i = 0; i < list->n; i++) {
        add_votes(p, from, list->of[i], &v);
        whole += s->weights[list->of[i].session] * (double)list->of[i].cosine;
    }
    NXC_TRY(finish(p, v.after1, whole, out[0], err));
    NXC_TRY(finish(p, v.after2, whole, out[1], err));
    return finish(p, v.any, whole, out[2], err);
}

static void measure_near(const near_list *list, float *top, float *mean5,
                         float *n_near) {
    double sum = 0;
    size_t n = list->n < 5 ? list->n : 5;
    if (list->n == 0) return;
    for (size_t i = 0; i < n; i++)
        sum += (double)list->of[i].cosine;
    *top = list->of[0].cosine;
    *mean5 = (float)(sum / (double)n);
    if (!n_near) return;
    *n_near = 0;
    for (size_t i = 0; i < list->n; i++)
        *n_near += list->of[i].cosine > NEAR_COSINE;
}

/* ---------------------------------------------------------------- kernels */

typedef struct kernel {
    const float *call_weights; /* (n_operations + 1) soft, or NULL */
    double *last, *all, *soft; /* (n_operations) or NULL */
    double mass_last, mass_all, mass_soft;
} kernel;

static void add_row(const points *p, const nxc__lists *calls, size_t row,
                    double e, kernel *k) {
    const nxc__statistics *s = p->s;
    double e_soft = sqrt(e);
    for (size_t i = calls->starts[row]; i < calls->starts[row + 1]; i++) {
        size_t c = calls->items[i];
        if (is_left_out(p, c)) continue;
        uint32_t o = s->calls[c].operation, previous = nxc__previous(s, c);
        double w = s->weights[s->session_of[c]], vote = w * e;
        k->all[o] += vote;
        k->mass_all += vote;
        if (previous == p->last) {
            k->last[o] += vote;
            k->mass_last += vote;
        }
        if (k->soft) {
            vote = w * e_soft * (double)k->call_weights[previous];
            k->soft[o] += vote;
            k->mass_soft += vote;
        }
    }
}

static nxc_status add_kernel(const points *p, const nxc__lists *calls,
                             const nxc__near_rows *near, kernel *k,
                             nxc_error *err) {
    size_t n = p->s->n_operations;
    void *block;
    NXC_TRY(
        nxc__statistics_zeros(p->arena, 3 * n, sizeof(double), &block, err));
    k->last = block;
    k->all = k->last + n;
    k->soft = k->call_weights ? k->all + n : NULL;
    for (size_t i = 0; i < near->n; i++)
        add_row(p, calls, near->of[i].row,
                exp(KERNEL * ((double)near->of[i].cosine - 1)), k);
    return NXC_OK;
}

/* exp(10 (cosine of an operation and the last call - 1)) by operation; the
 * start is like the start alone. */
static nxc_status weigh_calls(const points *p, const float **out,
                              nxc_error *err) {
    size_t n = p->s->n_operations;
    void *block;
    NXC_TRY(nxc__statistics_zeros(p->arena, n + 1, sizeof(float), &block, err));
    float *to = block;
    const float *rows = p->q->op_rows;
    if (p->last == n) {
        to[n] = 1;
    } else if (p->last < n) {
        const float *last = rows + p->last * (size_t)NXC_DIM;
        for (size_t o = 0; o < n; o++) {
            double sum = 0;
            for (size_t d = 0; d < NXC_DIM; d++)
                sum += (double)last[d] * (double)rows[o * NXC_DIM + d];
            to[o] = (float)exp(SOFT_CALL * (sum - 1));
        }
    }
    *out = to;
    return NXC_OK;
}

static nxc_status take(const points *p, const double *sums, double mass,
                       const float **out, float *ln_mass, nxc_error *err) {
    if (!(mass > 0)) return NXC_OK;
    if (ln_mass) *ln_mass = (float)log(mass);
    return finish(p, sums, mass, out, err);
}

static nxc_status by_prompts(const points *p, nxc__neighbours *out,
                             nxc_error *err) {
    const nxc__prompt_rows *rows = &p->s->prompts;
    kernel k = {NULL, NULL, NULL, NULL, 0, 0, 0};
    nxc__prompt_bytes query = nxc__prompt_quantize(p->q->prompt);
    nxc__near_rows near;
    NXC_TRY(nxc__prompt_rows_nearest(p->s, rows, &query, p->group, p->arena,
                                     &near, err));
    if (p->q->op_rows) NXC_TRY(weigh_calls(p, &k.call_weights, err));
    NXC_TRY(add_kernel(p, &rows->calls, &near, &k, err));
    NXC_TRY(
        take(p, k.last, k.mass_last, &out->kernel_last, &out->mass_last, err));
    NXC_TRY(take(p, k.all, k.mass_all, &out->kernel_all, &out->mass_all, err));
    if (k.soft) NXC_TRY(take(p, k.soft, k.mass_soft, &out->soft, NULL, err));
    near_list sessions;
    const cosine_source from = {&query, NULL};
    const float **const votes[] = {&out->after1, &out->after2, &out->any};
    find_near(p, &near, &sessions);
    measure_near(&sessions, &out->top, &out->mean5, &out->n_near);
    return vote_near(p, &from, &sessions, votes, err);
}

static nxc_status by_deltas(const points *p, nxc__neighbours *out,
                            nxc_error *err) {
    const nxc__prompt_rows *rows = &p->s->deltas;
    kernel k = {NULL, NULL, NULL, NULL, 0, 0, 0};
    nxc__prompt_bytes query = nxc__prompt_quantize(p->q->delta);
    nxc__near_rows near;
    NXC_TRY(nxc__prompt_rows_nearest(p->s, rows, &query, p->group, p->arena,
                                     &near, err));
    NXC_TRY(add_kernel(p, &rows->calls, &near, &k, err));
    NXC_TRY(take(p, k.last, k.mass_last, &out->delta_last,
                 &out->mass_delta_last, err));
    return take(p, k.all, k.mass_all, &out->delta_all, &out->mass_delta_all,
                err);
}

static nxc_status by_words(const points *p, nxc__neighbours *out,
                           nxc_error *err) {
    const nxc__statistics *s = p->s;
    const float *cosines;
    nxc__near_rows near;
    NXC_TRY(nxc__prompt_words_cosines(s, p->q->prompt_text, p->group, p->arena,
                                      &cosines, err));
    near.n = 0;
    for (size_t i = 0; cosines && i < s->prompts.n; i++)
        if (cosines[i] > 0)
            nxc__near_rows_add(s, &s->prompts, p->group,
                               (nxc__near_row){cosines[i], (uint32_t)i}, &near);
    near_list sessions;
    const cosine_source from = {NULL, cosines};
    const float **const votes[] = {&out->words_after1, &out->words_after2,
                                   &out->words_any};
    find_near(p, &near, &sessions);
    measure_near(&sessions, &out->words_top, &out->words_mean5, NULL);
    return vote_near(p, &from, &sessions, votes, err);
}

nxc_status nxc__statistics_neighbours(const nxc__statistics *s,
                                      const nxc__statistics_query *q,
                                      nxc__arena *arena, nxc__neighbours *out,
                                      nxc_error *err) {
    points p = points_of(s, q, arena);
    nxc__neighbours n;
    memset(&n, 0, sizeof n);
    n.mass_last = n.mass_all = n.mass_delta_last = n.mass_delta_all = NAN;
    n.top = n.mean5 = n.n_near = n.words_top = n.words_mean5 = NAN;
    if (q->prompt && s->prompts.bytes && s->prompts.n)
        NXC_TRY(by_prompts(&p, &n, err));
    if (q->delta && s->deltas.bytes && s->deltas.n)
        NXC_TRY(by_deltas(&p, &n, err));
    if (q->prompt_text.len && s->prompts.n) NXC_TRY(by_words(&p, &n, err));
    *out = n;
    return NXC_OK;
}

nxc_status nxc__neighbours_kernel_last(const nxc__statistics *s,
                                       const nxc__prompt_bytes *query,
                                       const nxc__statistics_query *q,
                                       nxc__arena *arena, const float **out,
                                       nxc_error *err) {
    points p = points_of(s, q, arena);
    kernel k = {NULL, NULL, NULL, NULL, 0, 0, 0};
    nxc__near_rows near;
    *out = NULL;
    NXC_TRY(nxc__prompt_rows_nearest(s, &s->prompts, query, p.group, arena,
                                     &near, err));
    NXC_TRY(add_kernel(&p, &s->prompts.calls, &near, &k, err));
    return take(&p, k.last, k.mass_last, out, NULL, err);
}
