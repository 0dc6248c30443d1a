/*
 * What past sessions of a catalog say about the next call: transitions of order
 * one and two with back-off, first calls, popularity, sessions like this one,
 * prompts like this one, and how well each of these signals has done here.
 * Definitions: docs/statistics.md.
 *
 *     learned sessions -> new -> (transitions | neighbours)* by any number of
 *                                threads -> free
 *
 * Immutable after new. Where there is no evidence a value is NaN, never 0.
 * Every value is a pure function of the set of sessions, whatever their order.
 */
#ifndef NXC_STATISTICS_STATISTICS_H
#define NXC_STATISTICS_STATISTICS_H

#include "encoder/encoder.h"
#include "statistics/learned.h"

/* How well one signal, and a user's habits, have done on sampled past decision
 * points, each judged without its own group. NaN: nothing to judge by. */
typedef struct nxc__reliability {
    float text;        /* mean reciprocal rank by the feature hyb; set by
                          whoever can compute features, else NaN */
    float transitions; /* by m1 */
    float neighbours;  /* by kt */
    float fusion;      /* the three reciprocal ranks of a point added, at
                          most 1 */
} nxc__reliability;

typedef struct nxc__statistics nxc__statistics;

typedef struct nxc__statistics_options {
    size_t n_operations;
    const float *embeddings; /* (n_texts, NXC_DIM) of learned->texts by row, or
                                NULL: prompts are not compared by meaning */
    const nxc_encoder *encoder;  /* whose kernels search the prompts; NULL: the
                                    reference's, slower, same results */
    double now, half_life;       /* a session's weight is 2^-(age / half_life);
                                      half_life 0 or now NaN: 1 */
    const nxc__hash128 *exclude; /* (n_exclude) groups that are left out */
    size_t n_exclude;
    size_t max_sessions; /* 0: all; else, of those not excluded, the ones with
                            the smallest hash64(key, seed), so that a smaller
                            number is a subset of a larger one */
    uint64_t seed;
} nxc__statistics_options;

/* Sessions without calls count for nothing. Errors: NXC_ERR_INVALID (an
 * operation or a text that is not there), NXC_ERR_NOMEM. Thread-safety: any. */
nxc_status nxc__statistics_new(const nxc__learned *learned,
                               const nxc__statistics_options *options,
                               const nxc_allocator *alloc,
                               nxc__statistics **out, nxc_error *err);
/* NULL is legal. */
void nxc__statistics_free(nxc__statistics *s);

/* Of the whole. [0] first calls of a session, [1] later ones. */
typedef struct nxc__statistics_info {
    size_t n_sessions, n_calls, n_prompts; /* distinct prompts */
    float mean_length;                     /* calls a session */
    float repeat_rate; /* later calls whose operation was called before */
    float same_rate;   /* later calls equal to the one before */
    nxc__reliability reliability[2];
} nxc__statistics_info;
void nxc__statistics_get_info(const nxc__statistics *s,
                              nxc__statistics_info *out);

/* A past decision point that reliability is measured on: at most 120, spread
 * over sessions by hash. The caller ranks its text signal and reports the
 * reciprocal rank of the call that was made. */
typedef struct nxc__sample {
    const nxc__learned_session *session;
    const nxc__learned_call
        *calls; /* (step + 1): history, then the next call */
    size_t step;
} nxc__sample;
size_t nxc__statistics_n_samples(const nxc__statistics *s);
/* Valid as long as the statistics, which keep copies. */
void nxc__statistics_sample(const nxc__statistics *s, size_t i,
                            nxc__sample *out);
/* text_ranks (n_samples): reciprocal rank by hyb, or NaN. Sets text and
 * fusion of the reliability. Not thread-safe: before the statistics are
 * shared. */
void nxc__statistics_set_text_ranks(nxc__statistics *s,
                                    const float *text_ranks);

/* What a query looks at. */
typedef struct nxc__statistics_query {
    const uint32_t *calls; /* (n_calls) operations, oldest first */
    size_t n_calls;
    const float *prompt, *delta; /* (NXC_DIM) unit, or NULL */
    nxc_str prompt_text;         /* for words in common */
    const float *op_rows;        /* (n_operations, NXC_DIM), or NULL: soft */
    nxc__hash128 exclude; /* a group left out as if never learnt; zeros: none */
} nxc__statistics_query;

/* Arrays are (n_operations) in the arena; all are NULL where nothing was
 * learnt. */
typedef struct nxc__transitions {
    const float *popularity, *first; /* shares of all calls, of first calls */
    const float *order1, *count1; /* P with back-off to popularity; raw count */
    const float *order2, *count2; /* with back-off to order1 */
    const float *sessions; /* vote of past sessions with the same calls, by
                              position (V-SkNN, Ludewig and Jannach 2018) */
    const float *repeats, *repeat_n; /* P called again after a first call */
    const float *self;               /* P of itself right after itself */
    float n_popularity, n1, n2; /* weight of evidence: all calls, those after
                                   the last call, after the last two */
} nxc__transitions;
nxc_status nxc__statistics_transitions(const nxc__statistics *s,
                                       const nxc__statistics_query *q,
                                       nxc__arena *arena, nxc__transitions *out,
                                       nxc_error *err);

/* An array without a point to count is NULL: without embeddings or a prompt,
 * without a past prompt that is near, without a past call like the last one. */
typedef struct nxc__neighbours {
    /* votes of the points of the 20 nearest sessions: of points after the same
     * last call, the same last two, and one for each session and operation */
    const float *after1, *after2, *any;
    /* P by kernel exp(12 (cosine - 1)) over the points of the 128 nearest
     * prompts: after the same last call, and all; by prompts, and by their new
     * parts */
    const float *kernel_last, *kernel_all, *delta_last, *delta_all;
    const float *soft; /* points after a call like the last one */
    float mass_last, mass_all, mass_delta_last, mass_delta_all; /* ln of mass */
    float top, mean5, n_near; /* cosines of the nearest; how many over .7 */
    /* the same by words in common (TF-IDF) */
    const float *words_after1, *words_after2, *words_any;
    float words_top, words_mean5;
} nxc__neighbours;
nxc_status nxc__statistics_neighbours(const nxc__statistics *s,
                                      const nxc__statistics_query *q,
                                      nxc__arena *arena, nxc__neighbours *out,
                                      nxc_error *err);

/* How a signal came about, for explanations: of the past decision points after
 * the same last call (at the start: first calls), how many went on with
 * operation. */
typedef struct nxc__transition_evidence {
    size_t n_went, n_points; /* points that went on so; all */
    size_t n_sessions;       /* that have a point that went on so */
} nxc__transition_evidence;
void nxc__statistics_evidence(const nxc__statistics *s,
                              const nxc__statistics_query *q,
                              uint32_t operation,
                              nxc__transition_evidence *out);

#endif
