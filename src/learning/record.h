/*
 * A session as it is kept: operations by the hash of their id, so that it
 * outlives a change of the catalog, times and, if they were asked for, prompts.
 * encode gives the payload of a row (docs/formats/store.md), decode checks
 * every value of one.
 */
#ifndef NXC_LEARNING_RECORD_H
#define NXC_LEARNING_RECORD_H

#include "base/alloc.h"
#include "base/buffer.h"
#include "cache/learned_rows.h"

/* A session of a log is cut after so many calls: no robot makes one without
 * end. */
#define NXC_SESSION_MAX_CALLS 1000u

typedef struct nxc__record_call {
    uint64_t operation;     /* nxc__operation_hash of its id */
    int64_t ms;             /* since 1970, or NXC_TIME_UNKNOWN */
    uint32_t prompt, delta; /* rows of texts; NXC_NONE: not kept */
} nxc__record_call;

typedef struct nxc__record {
    nxc__hash128 key, group;
    /* Calls of the group that are not further apart are one session, whatever
     * they were learnt from; 0: the key alone says which session it is. */
    uint32_t gap_ms;
    const nxc__record_call *calls; /* (n), of a gap by time */
    size_t n;
    const nxc_str *texts; /* (n_texts) distinct */
    size_t n_texts;
} nxc__record;

uint64_t nxc__operation_hash(nxc_str id);

/* Append the payload. Errors: NXC_ERR_LIMIT, NXC_ERR_NOMEM. */
nxc_status nxc__record_encode(const nxc__record *record, nxc__buffer *out,
                              nxc_error *err);
/* Of a row: calls and texts in the arena. Errors: NXC_ERR_FORMAT,
 * NXC_ERR_NOMEM. */
nxc_status nxc__record_decode(const nxc__learned_row *row, nxc__arena *arena,
                              nxc__record *out, nxc_error *err);

/* All calls of two lists by time; a call (time and operation) that both have is
 * there as often as in the one that has it more often. So adding what is there
 * already adds nothing. out (n_a + n_b); of equal times those of a come first.
 * Returns their number. */
size_t nxc__record_unite(const nxc__record_call *a, size_t n_a,
                         const nxc__record_call *b, size_t n_b,
                         nxc__record_call *out);
/* How many calls of a list by time the next session of a gap has. */
size_t nxc__record_cut(const nxc__record_call *calls, size_t n,
                       uint32_t gap_ms);
/* The key of a session that begins so. */
nxc__hash128 nxc__record_gap_key(nxc__hash128 group, int64_t first_ms);

#endif
