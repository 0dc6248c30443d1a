/*
 * The inside of statistics, for the files of this folder.
 *
 *     statistics_build.c   sessions in their order, groups; calls the others
 *     transition_rows.c    counts of order one and two in sorted rows
 *     transitions.c        queries of these
 *     session_votes.c      sessions with the same calls
 *     prompt_rows.c        distinct prompts: who used them, vectors
 *     prompt_words.c       ... and words
 *     neighbours.c         queries of these
 *     reliability.c        samples of past decision points
 *
 * Order. Sessions stand newest first, those without a time last, equal times
 * by key; calls stand in the order of sessions. Prompts stand by the hash of
 * their text. So every sum has one order, and leaving sessions out leaves the
 * order of the others.
 *
 * Weights are multiples of 2^-20, so that sums of them are exact up to 2^33
 * calls and taking a group away gives the sum without it.
 */
#ifndef NXC_STATISTICS_STATISTICS_HANDLE_H
#define NXC_STATISTICS_STATISTICS_HANDLE_H

#include <math.h>

#include "base/error.h"
#include "statistics/statistics.h"

#define NXC_N_NEAR 20 /* sessions that vote */
#define NXC_MAX_SAMPLES 120

/* Lists by number: list i is items[starts[i]] to items[starts[i + 1] - 1]. */
typedef struct nxc__lists {
    uint32_t *starts; /* (n + 1) */
    uint32_t *items;
    size_t n;
} nxc__lists;

/* Rows of weighted counts: row i lists operations and their counts. */
typedef struct nxc__count_rows {
    size_t n_rows;
    uint64_t *keys;       /* (n_rows) ascending, or NULL: the row's number */
    uint32_t *starts;     /* (n_rows + 1) */
    uint32_t *operations; /* ascending in a row */
    double *counts;
} nxc__count_rows;

/* Distinct prompts, or distinct new parts of them. */
typedef struct nxc__prompt_rows {
    size_t n;
    uint32_t *texts;  /* (n) rows of the learned texts */
    nxc__lists calls; /* row -> the calls that came with it */
    uint32_t *row_of; /* (n_calls) row of a call, or NXC_NONE */
    int8_t *bytes;    /* (n, NXC_DIM), or NULL without embeddings */
    float *scales;    /* (n): value = scale * byte */
} nxc__prompt_rows;

typedef struct nxc__prompt_words {
    nxc__strmap terms;      /* term -> number */
    nxc__lists terms_of;    /* prompt -> its distinct terms, first ones first */
    uint32_t *times;        /* of terms_of: how often */
    nxc__lists prompts;     /* term -> prompts with it */
    uint32_t *prompt_times; /* of prompts */
} nxc__prompt_words;

typedef struct nxc__sample_ranks {
    uint32_t session, step;
    float transitions, neighbours; /* reciprocal ranks, or NaN */
} nxc__sample_ranks;

struct nxc__statistics {
    const nxc_allocator *alloc;
    nxc__arena arena; /* of everything below */
    size_t n_operations, n_sessions, n_calls;
    nxc__learned_session *sessions;
    nxc__learned_call *calls;
    double *weights;      /* (n_sessions) */
    uint32_t *session_of; /* (n_calls) */
    uint32_t *group_of;   /* (n_sessions) */
    uint32_t *n_distinct; /* (n_sessions) operations */
    size_t n_groups;
    nxc__hash128 *groups;   /* (n_groups) ascending */
    nxc__lists group_lists; /* group -> sessions */
    nxc__lists having;      /* operation -> sessions that call it */
    nxc__count_rows order1; /* row n_operations: first calls */
    nxc__count_rows order2; /* by nxc__pair_key */
    double *popularity;     /* (n_operations) */
    double *after, *again;  /* (n_operations) later points, and those of them
                               that call it again */
    double total, total_after, total_again, n_same, n_later, n_repeated;
    nxc__prompt_rows prompts, deltas;
    nxc__prompt_words words;
    nxc__sample_ranks *samples;
    size_t n_samples;
    nxc__statistics_info info;
};

static inline uint64_t nxc__pair_key(uint32_t before, uint32_t last) {
    return (uint64_t)before << 32 | last;
}
static inline int nxc__hash128_compare(nxc__hash128 a, nxc__hash128 b) {
    if (a.high != b.high) return a.high < b.high ? -1 : 1;
    return (a.low > b.low) - (a.low < b.low);
}
/* The operation before call c of its session; n_operations at the start. */
static inline uint32_t nxc__previous(const nxc__statistics *s, size_t c) {
    return c > s->sessions[s->session_of[c]].first ? s->calls[c - 1].operation
                                                   : (uint32_t)s->n_operations;
}
static inline uint32_t nxc__before_previous(const nxc__statistics *s,
                                            size_t c) {
    return c > s->sessions[s->session_of[c]].first + 1
               ? s->calls[c - 2].operation
               : (uint32_t)s->n_operations;
}
/* Of a query: the back-th call from the end; n_operations before the first one,
 * NXC_NONE for an operation that is not there. */
static inline uint32_t nxc__query_call(const nxc__statistics *s,
                                       const nxc__statistics_query *q,
                                       size_t back) {
    if (q->n_calls < back) return (uint32_t)s->n_operations;
    uint32_t o = q->calls[q->n_calls - back];
    return o < s->n_operations ? o : NXC_NONE;
}

/* A block of n elements in an arena, or NXC_ERR_NOMEM. */
nxc_status nxc__statistics_block(nxc__arena *arena, size_t n, size_t size,
                                 void **out, nxc_error *err);
nxc_status nxc__statistics_zeros(nxc__arena *arena, size_t n, size_t size,
                                 void **out, nxc_error *err);

/* Group of a query's exclude; NXC_NONE if it is not there. */
uint32_t nxc__statistics_group(const nxc__statistics *s, nxc__hash128 key);

/* Lists of the numbers 0 to n_items - 1 by keys[i] < n; those with NXC_NONE are
 * in none. Ascending in a list. */
nxc_status nxc__lists_build(nxc__lists *lists, size_t n, const uint32_t *keys,
                            size_t n_items, nxc__arena *arena, nxc_error *err);

nxc_status nxc__transition_rows_build(nxc__statistics *s, nxc__arena *scratch,
                                      nxc_error *err);
/* Row of a key, or its number; false if there is none. */
bool nxc__count_row(const nxc__count_rows *rows, uint64_t key, size_t *begin,
                    size_t *end);

/* Later points after the first call of each distinct operation of a session,
 * and those that call it again: calls visit(user, operation, after, again).
 * seen (n_operations) zeros, and zeros again. */
typedef void (*nxc__repeat_visit)(void *user, uint32_t operation, double after,
                                  double again);
void nxc__session_repeats(const nxc__statistics *s, size_t session,
                          uint32_t *seen, nxc__repeat_visit visit, void *user);

nxc_status nxc__session_votes(const nxc__statistics *s,
                              const nxc__statistics_query *q, uint32_t group,
                              nxc__arena *arena, const float **out,
                              nxc_error *err);

nxc_status nxc__prompt_rows_build(nxc__statistics *s,
                                  const nxc__learned *learned,
                                  const nxc__statistics_options *options,
                                  nxc__arena *scratch, nxc_error *err);
/* Cosines of a query with all rows: out (rows->n). */
void nxc__prompt_rows_cosines(const nxc__prompt_rows *rows, const float *query,
                              float *out);
nxc_status nxc__prompt_words_build(nxc__statistics *s,
                                   const nxc__learned *learned,
                                   nxc__arena *scratch, nxc_error *err);
/* TF-IDF cosines of a text with all prompts: *out (prompts.n), or NULL without
 * a common word. group: left out, or NXC_NONE. */
nxc_status nxc__prompt_words_cosines(const nxc__statistics *s, nxc_str text,
                                     uint32_t group, nxc__arena *arena,
                                     const float **out, nxc_error *err);

nxc_status nxc__reliability_build(nxc__statistics *s, nxc__arena *scratch,
                                  nxc_error *err);
/* One of the query's kernels alone, for the reliability. */
nxc_status nxc__neighbours_kernel_last(const nxc__statistics *s,
                                       const nxc__statistics_query *q,
                                       nxc__arena *arena, const float **out,
                                       nxc_error *err);
#endif
