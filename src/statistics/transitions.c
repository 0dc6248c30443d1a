/*
 * What calls were followed by, as probabilities with back-off.
 *
 * A query lays the sorted rows of its last calls over arrays of all operations,
 * takes away the sessions of the group that it leaves out, and divides: the
 * same code with and without such a group, so that leaving one out gives the
 * bits of statistics without it. Cost: operations, plus the rows, plus the
 * calls of the group.
 */
#include <string.h>

#include "statistics/statistics_handle.h"

/* Weight of the back-off in P = (count + BACKOFF prior) / (n + BACKOFF). */
#define BACKOFF 2.0

typedef struct counts {
    double *all, *first, *order1, *order2, *after, *again, *self, *out;
    double n_all, n_first, n1, n2, n_after, n_again, n_same, n_later;
    uint32_t before, last;
} counts;

static double lay(const nxc__count_rows *rows, uint64_t key, double *over) {
    size_t begin, end;
    double sum = 0;
    if (!nxc__count_row(rows, key, &begin, &end)) return 0;
    for (size_t i = begin; i < end; i++) {
        over[rows->operations[i]] = rows->counts[i];
        sum += rows->counts[i];
    }
    return sum;
}

static void take_repeat(void *user, uint32_t operation, double after,
                        double again) {
    counts *c = user;
    c->after[operation] -= after;
    c->again[operation] -= again;
    c->n_after -= after;
    c->n_again -= again;
}

static void take_session(const nxc__statistics *s, size_t session, counts *c) {
    const nxc__learned_session *x = &s->sessions[session];
    const nxc__learned_call *calls = s->calls + x->first;
    double w = s->weights[session];
    uint32_t before = (uint32_t)s->n_operations, last = before;
    c->first[calls[0].operation] -= w;
    c->n_first -= w;
    for (size_t t = 0; t < x->n; t++) {
        uint32_t o = calls[t].operation;
        c->all[o] -= w;
        c->n_all -= w;
        if (last == c->last) {
            c->order1[o] -= w;
            c->n1 -= w;
            if (before == c->before) {
                c->order2[o] -= w;
                c->n2 -= w;
            }
        }
        if (t > 0) {
            c->out[last] -= w;
            c->n_later -= w;
            if (o == last) {
                c->self[o] -= w;
                c->n_same -= w;
            }
        }
        before = last;
        last = o;
    }
}

static nxc_status take_group(const nxc__statistics *s, uint32_t group,
                             counts *c, nxc__arena *arena, nxc_error *err) {
    void *seen;
    NXC_TRY(nxc__statistics_zeros(arena, s->n_operations, sizeof(uint32_t),
                                  &seen, err));
    for (size_t i = s->group_lists.starts[group];
         i < s->group_lists.starts[group + 1]; i++) {
        size_t session = s->group_lists.items[i];
        take_session(s, session, c);
        nxc__session_repeats(s, session, seen, take_repeat, c);
    }
    return NXC_OK;
}

static nxc_status gather(const nxc__statistics *s,
                         const nxc__statistics_query *q, uint32_t group,
                         counts *c, nxc__arena *arena, nxc_error *err) {
    size_t n = s->n_operations;
    void *p;
    NXC_TRY(nxc__statistics_zeros(arena, 8 * n, sizeof(double), &p, err));
    c->all = p;
    c->first = c->all + n;
    c->order1 = c->first + n;
    c->order2 = c->order1 + n;
    c->after = c->order2 + n;
    c->again = c->after + n;
    c->self = c->again + n;
    c->out = c->self + n;
    memcpy(c->all, s->popularity, n * sizeof *c->all);
    memcpy(c->after, s->after, n * sizeof *c->after);
    memcpy(c->again, s->again, n * sizeof *c->again);
    memcpy(c->out, s->out, n * sizeof *c->out);
    memcpy(c->self, s->self, n * sizeof *c->self);
    c->n_all = s->total;
    c->n_after = s->total_after;
    c->n_again = s->total_again;
    c->n_same = s->n_same;
    c->n_later = s->n_later;
    c->last = nxc__query_call(s, q, 1);
    c->before = nxc__query_call(s, q, 2);
    c->n_first = lay(&s->order1, n, c->first);
    c->n1 = lay(&s->order1, c->last, c->order1);
    c->n2 = lay(&s->order2, nxc__pair_key(c->before, c->last), c->order2);
    return group == NXC_NONE ? NXC_OK : take_group(s, group, c, arena, err);
}

/* Named columns of floats. */
static nxc_status columns(size_t n, const float **const out[], size_t n_out,
                          float **block, nxc__arena *arena, nxc_error *err) {
    void *p;
    NXC_TRY(nxc__statistics_block(arena, n * n_out, sizeof **block, &p, err));
    *block = p;
    for (size_t k = 0; k < n_out; k++)
        *out[k] = *block + k * n;
    return NXC_OK;
}

static nxc_status divide(size_t n, const counts *c, nxc__arena *arena,
                         nxc__transitions *out, nxc_error *err) {
    const float **const names[] = {
        &out->popularity, &out->first,    &out->order1,
        &out->count1,     &out->order2,   &out->count2,
        &out->repeats,    &out->repeat_n, &out->self};
    float *to;
    NXC_TRY(columns(n, names, sizeof names / sizeof *names, &to, arena, err));
    double again = c->n_after > 0 ? c->n_again / c->n_after : (double)NAN;
    double same = c->n_later > 0 ? c->n_same / c->n_later : (double)NAN;
    for (size_t o = 0; o < n; o++) {
        double p0 = c->all[o] / c->n_all;
        double p1 = (c->order1[o] + BACKOFF * p0) / (c->n1 + BACKOFF);
        double p2 = (c->order2[o] + BACKOFF * p1) / (c->n2 + BACKOFF);
        to[o] = (float)p0;
        to[n + o] = (float)(c->first[o] / c->n_first);
        to[2 * n + o] = (float)p1;
        to[3 * n + o] = (float)c->order1[o];
        to[4 * n + o] = (float)p2;
        to[5 * n + o] = (float)c->order2[o];
        to[6 * n + o] =
            (float)((c->again[o] + BACKOFF * again) / (c->after[o] + BACKOFF));
        to[7 * n + o] = (float)c->after[o];
        to[8 * n + o] =
            (float)((c->self[o] + BACKOFF * same) / (c->out[o] + BACKOFF));
    }
    out->n_popularity = (float)c->n_all;
    out->n1 = (float)c->n1;
    out->n2 = (float)c->n2;
    return NXC_OK;
}

nxc_status nxc__statistics_transitions(const nxc__statistics *s,
                                       const nxc__statistics_query *q,
                                       nxc__arena *arena, nxc__transitions *out,
                                       nxc_error *err) {
    counts c;
    nxc__transitions t;
    memset(&c, 0, sizeof c);
    memset(&t, 0, sizeof t);
    t.n_popularity = t.n1 = t.n2 = NAN;
    uint32_t group = nxc__statistics_group(s, q->exclude);
    if (s->n_sessions > 0) NXC_TRY(gather(s, q, group, &c, arena, err));
    if (!c.all || c.n_all <= 0) { /* no one, or no one but the group */
        *out = t;
        return NXC_OK;
    }
    NXC_TRY(divide(s->n_operations, &c, arena, &t, err));
    t.sessions = t.count1; /* at the start: first calls */
    if (q->n_calls > 0)
        NXC_TRY(nxc__session_votes(s, q, group, arena, &t.sessions, err));
    *out = t;
    return NXC_OK;
}

/* ---------------------------------------------------------------- evidence */

/* Points of one session after the query's last call; those that went on with
 * operation are added to *went. */
static size_t count_points(const nxc__statistics *s, size_t session,
                           uint32_t last, uint32_t operation, size_t *went) {
    const nxc__learned_session *x = &s->sessions[session];
    size_t n = 0;
    for (size_t c = x->first; c < x->first + x->n; c++) {
        if (nxc__previous(s, c) != last) continue;
        n++;
        *went += s->calls[c].operation == operation;
    }
    return n;
}

void nxc__statistics_evidence(const nxc__statistics *s,
                              const nxc__statistics_query *q,
                              uint32_t operation,
                              nxc__transition_evidence *out) {
    nxc__transition_evidence e = {0, 0, 0};
    uint32_t last = nxc__query_call(s, q, 1);
    uint32_t group = nxc__statistics_group(s, q->exclude);
    bool at_start = last == s->n_operations;
    if (last == NXC_NONE) {
        *out = e;
        return;
    }
    size_t begin = at_start ? 0 : s->having.starts[last],
           end = at_start ? s->n_sessions : s->having.starts[last + 1];
    for (size_t i = begin; i < end; i++) {
        size_t session = at_start ? i : s->having.items[i];
        if (s->group_of[session] == group) continue;
        size_t went = 0;
        e.n_points += count_points(s, session, last, operation, &went);
        e.n_went += went;
        e.n_sessions += went > 0;
    }
    *out = e;
}
