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
 *     snapshot.c           all of it in a file
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
#include "encoder/kernels/encoder_kernel.h"
#include "statistics/statistics.h"

#define NXC_N_NEAR 20       /* sessions that vote */
#define NXC_N_NEAR_ROWS 128 /* prompts whose points vote */
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

typedef struct nxc__prompt_index nxc__prompt_index;

/* Distinct prompts, or distinct new parts of them. */
typedef struct nxc__prompt_rows {
    size_t n;
    uint32_t *texts;          /* (n) rows of the learned texts */
    nxc__lists calls;         /* row -> the calls that came with it */
    uint32_t *row_of;         /* (n_calls) row of a call, or NXC_NONE */
    int8_t *bytes;            /* (n, NXC_DIM), or NULL without embeddings */
    float *scales;            /* (n): value = scale * byte */
    nxc__prompt_index *index; /* NULL: all rows are looked at */
} nxc__prompt_rows;

/* A prompt in 8 bits: value = scale * byte. */
typedef struct nxc__prompt_bytes {
    float scale;
    int8_t bytes[NXC_DIM];
} nxc__prompt_bytes;

/* Prompts with the largest cosines, largest first, equal ones by number. */
typedef struct nxc__near_row {
    float cosine;
    uint32_t row;
} nxc__near_row;
typedef struct nxc__near_rows {
    nxc__near_row of[NXC_N_NEAR_ROWS];
    size_t n;
} nxc__near_rows;

typedef struct nxc__prompt_words {
    nxc__strmap terms;      /* term -> number */
    nxc__lists terms_of;    /* prompt -> its distinct terms, first ones first */
    uint32_t *times;        /* of terms_of: how often */
    nxc__lists prompts;     /* term -> prompts with it */
    uint32_t *prompt_times; /* of prompts */
} nxc__prompt_words;

typedef struct nxc__sample_ranks {
    uint32_t session, step;
    float text, transitions, neighbours; /* reciprocal ranks, or NaN */
} nxc__sample_ranks;

/* Vectors of the learned texts, by row: float32, or in 8 bits with embeddings
 * NULL, or none. */
typedef struct nxc__vector_source {
    const float *embeddings; /* (n_texts, NXC_DIM) */
    const int8_t *bytes;     /* (n_texts, NXC_DIM) */
    const float *scales;     /* (n_texts) */
} nxc__vector_source;

struct nxc__statistics {
    const nxc_allocator *alloc;
    nxc__arena arena; /* of everything below */
    nxc__encoder_kernels kernels;
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
    double *out, *self;     /* (n_operations) calls right after it, and those
                               of itself */
    double total, total_after, total_again, n_same, n_later, n_repeated;
    nxc__prompt_rows prompts, deltas;
    nxc__prompt_words words;
    nxc__sample_ranks *samples;
    size_t n_samples;
    double now, half_life;
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

/* nxc__statistics_new with any vectors; those of options are not looked at. */
nxc_status nxc__statistics_make(const nxc__learned *learned,
                                const nxc__statistics_options *options,
                                const nxc__vector_source *vectors,
                                const nxc_allocator *alloc,
                                nxc__statistics **out, nxc_error *err);

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
                                  const nxc__vector_source *vectors,
                                  nxc__arena *scratch, nxc_error *err);
nxc__prompt_bytes nxc__prompt_quantize(const float *x);
/* Exact up to one rounding: the products are integers. */
float nxc__prompt_cosine(const nxc__prompt_rows *rows,
                         const nxc__prompt_bytes *query, size_t row);
/* Whether a call outside of the group came with the prompt. */
bool nxc__prompt_is_used(const nxc__statistics *s, const nxc__prompt_rows *rows,
                         size_t row, uint32_t group);
/* Put a row into the list if it belongs there and is used. */
void nxc__near_rows_add(const nxc__statistics *s, const nxc__prompt_rows *rows,
                        uint32_t group, nxc__near_row x, nxc__near_rows *list);
/* An index over the rows if there are enough of them. */
nxc_status nxc__prompt_index_build(nxc__prompt_rows *rows, nxc__arena *arena,
                                   nxc__arena *scratch, nxc_error *err);
/* The nearest rows with a call outside of the group. */
nxc_status nxc__prompt_rows_nearest(const nxc__statistics *s,
                                    const nxc__prompt_rows *rows,
                                    const nxc__prompt_bytes *query,
                                    uint32_t group, nxc__arena *arena,
                                    nxc__near_rows *out, nxc_error *err);
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
/* One kernel alone, for the reliability; NULL without a point. */
nxc_status nxc__neighbours_kernel_last(const nxc__statistics *s,
                                       const nxc__prompt_bytes *query,
                                       const nxc__statistics_query *q,
                                       nxc__arena *arena, const float **out,
                                       nxc_error *err);
#endif
