/*
 * Which workflow pattern a session follows, and how sure that is.
 *
 *     nxc__workflow_observe        once per decision point
 *     nxc__workflow_probability    per candidate (workflow_matrix.c)
 *
 * Without history the prompt decides between the two cold starts: it reads, it
 * creates, or neither (COLD_*).
 *
 * With a history, Bayes over the three patterns that a history can follow. The
 * calls are states s1 s2 ... sn; under pattern k they have the likelihood
 *
 *     initial_k(s1) * M_k(s1, s2) * ... * M_k(s[n-1], sn)
 *
 * with the pattern's own transition matrix, where
 *   a) a state that the pattern does not have counts with FOREIGN of the entry
 *      of the state that it stands for,
 *   b) no entry counts as less than FLOOR, so that one odd call cannot rule a
 *      pattern out,
 *   c) before each call the posterior is mixed with SWITCH of the prior, since
 *      a long session changes its task: the forward algorithm of a chain over
 *      patterns (Rabiner 1989, section III A) with a uniform switch.
 * The prior is uniform but for what the prompt says (PROMPT_WEIGHT). Confidence
 * is the posterior times coverage, the share of calls whose state the pattern
 * has (a foreign one counts half).
 *
 * Source of the constants: chosen on the dev half of
 * tests/golden/workflow_scenarios.jsonl; none was fitted finer than the digits
 * shown. No logarithm is needed: the three products are scaled to sum 1 at each
 * call. Threading: pure. Cost: O(n) with about 20 multiplications a call.
 */
#include "base/str.h"
#include "workflow/workflow.h"

#define FOREIGN 0.25
#define FLOOR 0.02
#define SWITCH 0.02
#define PROMPT_WEIGHT 2.0
#define COLD_CLEAR 0.9    /* the prompt reads, or it creates */
#define COLD_NEITHER 0.25 /* nothing to go by */

enum { N_LIVE = 3 }; /* patterns that a history can follow: 1, 2, 3 */

#define METHOD_BIT(m) (1u << NXC_METHOD_##m)
#define READS METHOD_BIT(GET)
#define CREATES METHOD_BIT(POST)
#define UPDATES (METHOD_BIT(PUT) | METHOD_BIT(PATCH))

static nxc__state call_state(const nxc__call *call, const uint8_t *states) {
    if (call->operation != NXC_NONE) return (nxc__state)states[call->operation];
    return nxc__workflow_state(call->method, call->path, call->name);
}

static void observe_cold(uint32_t prompt_methods, uint32_t patterns,
                         nxc__workflow *w) {
    bool reads = prompt_methods & READS, creates = prompt_methods & CREATES;
    w->pattern =
        creates ? NXC_PATTERN_COLD_START_CREATE : NXC_PATTERN_COLD_START_BROWSE;
    w->confidence = reads || creates ? COLD_CLEAR : COLD_NEITHER;
    if (!(patterns & NXC_PATTERN_BIT(w->pattern))) w->confidence = 0;
}

/* P(the first call has this state); cold_start_create: its Start row, for a
 * call that creates. */
static double initial(nxc__pattern k, nxc__state s, bool creates) {
    static const double others[NXC_N_STATES] = {0, 0.8, 0.15, 0.15, 0.05};
    if (k != NXC_PATTERN_COLD_START_CREATE) {
        if (nxc__workflow_is_native(k, s)) return others[s];
        return others[NXC_STATE_SAVE] * FOREIGN;
    }
    double p = nxc__workflow_entry(k, NXC_STATE_START, s);
    if (s == NXC_STATE_EDIT && !creates) p *= FOREIGN;
    return p > FLOOR ? p : FLOOR;
}

static double step(nxc__pattern k, nxc__state from, nxc__state to) {
    /* looking around is what cold_start_create calls Start */
    bool is_start =
        k == NXC_PATTERN_COLD_START_CREATE && to == NXC_STATE_BROWSE;
    double p = nxc__workflow_entry(k, from, to);
    if (!nxc__workflow_is_native(k, to) && !is_start) p *= FOREIGN;
    return p > FLOOR ? p : FLOOR;
}

/* A pattern that is not recognised has no share; false: none has. */
static bool set_prior(uint32_t prompt_methods, uint32_t patterns,
                      double prior[N_LIVE]) {
    double sum = 0;
    prior[0] = prompt_methods & UPDATES ? PROMPT_WEIGHT : 1;
    prior[1] = 1;
    prior[2] = prompt_methods & CREATES ? PROMPT_WEIGHT : 1;
    for (size_t k = 0; k < N_LIVE; k++) {
        if (!(patterns & NXC_PATTERN_BIT(k + 1))) prior[k] = 0;
        sum += prior[k];
    }
    for (size_t k = 0; k < N_LIVE && sum > 0; k++)
        prior[k] /= sum;
    return sum > 0;
}

static void observe_history(const nxc__session *session, const uint8_t *states,
                            uint32_t prompt_methods, uint32_t patterns,
                            nxc__workflow *w) {
    double prior[N_LIVE], post[N_LIVE], cover[N_LIVE] = {0, 0, 0};
    nxc__state last = NXC_STATE_START;
    bool has_any = set_prior(prompt_methods, patterns, prior);
    memcpy(post, prior, sizeof post);
    for (size_t i = 0; i < session->n; i++) {
        const nxc__call *call = &session->calls[i];
        nxc__state s = call_state(call, states);
        bool creates =
            call->method != NXC_METHOD_PUT && call->method != NXC_METHOD_PATCH;
        double sum = 0;
        for (size_t k = 0; k < N_LIVE; k++) {
            nxc__pattern p = (nxc__pattern)(k + 1);
            double e = i ? step(p, last, s) : initial(p, s, creates);
            post[k] = ((1 - SWITCH) * post[k] + SWITCH * prior[k]) * e;
            sum += post[k];
            cover[k] += nxc__workflow_is_native(p, s) ? 1 : 0.5;
        }
        for (size_t k = 0; k < N_LIVE && has_any; k++)
            post[k] /= sum;
        last = s;
    }
    size_t best = 0;
    for (size_t k = 1; k < N_LIVE; k++)
        if (post[k] * cover[k] > post[best] * cover[best]) best = k;
    w->pattern = (nxc__pattern)(best + 1);
    w->confidence = post[best] * cover[best] / (double)session->n;
    w->last = last;
}

/* Known resources of the newest calls, newest first. */
static void note_recent(const nxc__session *session, nxc__workflow *w) {
    for (size_t i = 0; i < session->n && i < NXC_CONTINUITY_CALLS; i++) {
        uint32_t r = session->calls[session->n - 1 - i].resource;
        if (r != NXC_RESOURCE_NONE && r != NXC_RESOURCE_UNKNOWN)
            w->recent[w->n_recent++] = r;
    }
}

void nxc__workflow_observe(const nxc__session *session, const uint8_t *states,
                           uint32_t prompt_methods, double threshold,
                           uint32_t patterns, nxc__workflow *out) {
    nxc__workflow w = {.pattern = NXC_PATTERN_NONE, .last = NXC_STATE_START};
    if (session->n == 0)
        observe_cold(prompt_methods, patterns, &w);
    else
        observe_history(session, states, prompt_methods, patterns, &w);
    if (w.confidence < threshold || w.confidence <= 0)
        w.pattern = NXC_PATTERN_NONE;
    note_recent(session, &w);
    *out = w;
}
