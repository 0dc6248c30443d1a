/*
 * What is kept of past sessions of one catalog: who (a key that no one can
 * turn back into a user), which operations in which order, the gaps between
 * them, and the prompts if they were to be kept. No ids, no query strings, no
 * bodies. Readers of logs fill it (engine/learn.h), the store keeps it, and
 * statistics.h is computed from it.
 *
 *     init -> (text | add)* -> read -> release
 *
 * Order of adding does not matter: statistics of A then B are those of B then
 * A.
 */
#ifndef NXC_STATISTICS_LEARNED_H
#define NXC_STATISTICS_LEARNED_H

#include "base/alloc.h"
#include "base/hash.h"
#include "base/strmap.h"

typedef struct nxc__learned_call {
    uint32_t operation; /* of the catalog */
    uint32_t prompt;    /* row of texts; NXC_NONE: not kept */
    uint32_t delta;     /* the prompt's new part, likewise */
    float gap;          /* seconds since the call before, or NaN */
} nxc__learned_call;

typedef struct nxc__learned_session {
    nxc__hash128 key;   /* of the session; equal keys are one session */
    nxc__hash128 group; /* of the user or the like; the key if there is none */
    double time;        /* of the newest call, seconds, or NaN */
    size_t first;       /* of calls */
    uint32_t n;
} nxc__learned_session;

typedef struct nxc__learned {
    const nxc_allocator *alloc;
    nxc__learned_session *sessions; /* (n_sessions) */
    nxc__learned_call *calls;       /* (n_calls) */
    size_t n_sessions, n_calls, room_sessions, room_calls;
    nxc__strmap texts; /* distinct prompts and deltas: text -> row */
    size_t n_unused;   /* calls of no session: zeros, until they are half */
    uint32_t *slots;   /* (n_slots) key -> session + 1, or 0 */
    size_t n_slots;
} nxc__learned;

void nxc__learned_init(nxc__learned *l, const nxc_allocator *alloc);
void nxc__learned_release(nxc__learned *l);
/* Row of a text, new or known; rows count from 0. A text stays until release,
 * also when the sessions that it came with are forgotten: who writes texts
 * writes those that a session refers to. Errors: NXC_ERR_NOMEM. */
nxc_status nxc__learned_text(nxc__learned *l, nxc_str text, uint32_t *row,
                             nxc_error *err);
/* Views of the texts by row: *texts (l->texts.n) in the arena. */
nxc_status nxc__learned_texts(const nxc__learned *l, nxc__arena *arena,
                              nxc_str **texts, nxc_error *err);
/* Copies session (first is ignored) and its n calls; a session whose key is
 * there already is replaced, so that learning a file twice changes nothing.
 * Errors: NXC_ERR_NOMEM, NXC_ERR_LIMIT (2^31 calls); l is then as before. */
nxc_status nxc__learned_add(nxc__learned *l,
                            const nxc__learned_session *session,
                            const nxc__learned_call *calls, nxc_error *err);
/* The session of a key; NULL if there is none. Valid until the next add or
 * forget. */
const nxc__learned_session *nxc__learned_find(const nxc__learned *l,
                                              nxc__hash128 key);
/* false if there is none. The newest session takes its place. */
bool nxc__learned_forget(nxc__learned *l, nxc__hash128 key);

#endif
