/*
 * Votes of past sessions with the same calls: V-SkNN (Ludewig and Jannach,
 * Evaluation of session-based recommendation algorithms, 2018), after the
 * reference implementation of the ranking data.
 *
 *     sample     the newest 1,000 sessions that have an operation of the
 *                history
 *     neighbours the 50 most similar of them: the sum over the common
 *                operations of (position of the newest such call in the
 *                history) / length, by the root of (their distinct operations
 *                times those of the history); equal ones: the newer
 *     vote       similarity / distance for each call of a neighbour behind its
 *                last common one
 *
 * The sample is merged from the lists of sessions by operation, which stand
 * newest first. Cost: 1,000 times the distinct operations of the history, of
 * which the newest 32 count.
 */
#include <string.h>

#include "statistics/statistics_handle.h"

#define N_SAMPLE 1000
#define N_VOTERS 50
#define MAX_HISTORY 32

typedef struct shared_call {
    double weight;
    size_t at, end; /* in having.items */
    uint32_t operation;
} shared_call;

typedef struct voter {
    double similarity;
    uint32_t session;
} voter;

/* Distinct operations of the history with their weights, newest first. */
static size_t history_of(const nxc__statistics *s,
                         const nxc__statistics_query *q,
                         shared_call out[MAX_HISTORY]) {
    size_t n = 0;
    for (size_t i = q->n_calls; i-- > 0 && n < MAX_HISTORY;) {
        uint32_t o = q->calls[i];
        size_t k = 0;
        while (k < n && out[k].operation != o)
            k++;
        if (k < n || o >= s->n_operations) continue;
        out[n++] =
            (shared_call){(double)(i + 1) / (double)q->n_calls,
                          s->having.starts[o], s->having.starts[o + 1], o};
    }
    return n;
}

/* The next session of the merged lists and the weight it shares; NXC_NONE at
 * the end. */
static uint32_t next_session(const nxc__statistics *s, shared_call *history,
                             size_t n, double *weight) {
    uint32_t session = NXC_NONE;
    *weight = 0;
    for (size_t k = 0; k < n; k++)
        if (history[k].at < history[k].end &&
            s->having.items[history[k].at] < session)
            session = s->having.items[history[k].at];
    for (size_t k = 0; k < n && session != NXC_NONE; k++)
        if (history[k].at < history[k].end &&
            s->having.items[history[k].at] == session) {
            *weight += history[k].weight;
            history[k].at++;
        }
    return session;
}

/* Keep the best, the first of equal ones. */
static void add_voter(voter *voters, size_t *n, voter v) {
    size_t at = *n;
    while (at > 0 && voters[at - 1].similarity < v.similarity)
        at--;
    if (at == N_VOTERS) return;
    size_t n_after = (*n < N_VOTERS ? *n : N_VOTERS - 1) - at;
    memmove(voters + at + 1, voters + at, n_after * sizeof *voters);
    voters[at] = v;
    *n += *n < N_VOTERS;
}

static bool is_in(const shared_call *history, size_t n, uint32_t operation) {
    for (size_t k = 0; k < n; k++)
        if (history[k].operation == operation) return true;
    return false;
}

static void vote(const nxc__statistics *s, const voter *v,
                 const shared_call *history, size_t n, double *votes) {
    const nxc__learned_session *x = &s->sessions[v->session];
    const nxc__learned_call *calls = s->calls + x->first;
    size_t last = x->n;
    while (last > 0 && !is_in(history, n, calls[last - 1].operation))
        last--;
    for (size_t t = last; t < x->n; t++)
        votes[calls[t].operation] +=
            s->weights[v->session] * v->similarity / (double)(t - last + 1);
}

nxc_status nxc__session_votes(const nxc__statistics *s,
                              const nxc__statistics_query *q, uint32_t group,
                              nxc__arena *arena, const float **out,
                              nxc_error *err) {
    void *p;
    NXC_TRY(
        nxc__statistics_zeros(arena, s->n_operations, sizeof(double), &p, err));
    double *votes = p;
    NXC_TRY(
        nxc__statistics_block(arena, s->n_operations, sizeof(float), &p, err));
    float *to = p;
    shared_call history[MAX_HISTORY];
    voter voters[N_VOTERS];
    size_t n_history = history_of(s, q, history), n = 0;
    for (size_t n_seen = 0; n_seen < N_SAMPLE;) {
        double weight;
        uint32_t session = next_session(s, history, n_history, &weight);
        if (session == NXC_NONE) break;
        if (s->group_of[session] == group) continue;
        n_seen++;
        double size = sqrt((double)s->n_distinct[session] * (double)n_history);
        add_voter(voters, &n, (voter){weight / size, session});
    }
    for (size_t i = 0; i < n; i++)
        vote(s, &voters[i], history, n_history, votes);
    for (size_t o = 0; o < s->n_operations; o++)
        to[o] = (float)votes[o];
    *out = to;
    return NXC_OK;
}
