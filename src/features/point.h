/*
 * A decision point as the families of the set "v2" see it. A family is one file
 * of related features: it fills its columns for all candidates at once.
 *
 *     begin -> lex, emb, clause, ... (in the order of point_extract.c) -> norm
 *
 * Columns are (n) float32 each, NaN until a family writes them. A value that
 * cannot be computed stays NaN. Memory comes from the request's arena; a family
 * that gets none sets failed and returns.
 */
#ifndef NXC_FEATURES_POINT_H
#define NXC_FEATURES_POINT_H

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "features/feature.h"
#include "features/op_index.h"
#include "statistics/statistics.h"

/* Distinct called operations that count for coverage and redundancy. */
#define NXC_MAX_CALLED 32

/* Columns of the set by name: NXC_V2_bm_full, NXC_V2_bm_full_rank, ... */
enum {
#define NXC_FEATURE(name, kind, depends_on, is_per_candidate, doc) \
    NXC_V2_##name,
#include "features/features_v1.def"
#undef NXC_FEATURE
#define NXC_COLUMN(name, kind, depends_on, doc) NXC_V2_##name,
#define NXC_COPY(score, how) NXC_V2_##score##_##how,
#include "features/features_v2.def"
#undef NXC_COLUMN
#undef NXC_COPY
    NXC_V2_N_FEATURES
};

typedef struct nxc__query_term {
    uint32_t term;
    uint32_t position; /* of its first occurrence among the prompt's terms */
} nxc__query_term;

typedef struct nxc__point {
    const nxc__decision_point *dp;
    const nxc__op_index *index;
    nxc__arena *arena;
    bool failed;
    size_t n;            /* candidates */
    const uint32_t *ops; /* (n + n_called): candidates, then called ones */
    size_t n_called;     /* distinct operations called, newest first */
    const uint32_t *called;
    size_t n_calls; /* known calls, oldest first */
    const uint32_t *calls;
    uint32_t last;        /* newest call's operation, or NXC_NONE */
    const uint8_t *times; /* (n_ops) how often called, at most 255 */
    float *columns[NXC_V2_N_FEATURES]; /* (n) each */
    /* lexical, by lex */
    const nxc__query_term *terms; /* distinct terms of the prompt */
    size_t n_terms, prompt_length;
    const float *bm_name; /* (n_ops) whole catalog */
    /* embeddings, by emb: (n + n_called) of prompt, or NULL */
    const float *cos_prompt;
    /* of learned sessions, by markov; where none were learnt NULL and 0 */
    const nxc__statistics *statistics;
    nxc__statistics_info learned;
    nxc__statistics_query learned_query;
    nxc__transitions transitions;
} nxc__point;

#define NXC_COL(p, name) ((p)->columns[NXC_V2_##name])

/* NULL and failed if memory is out. n == 0 gives a pointer. */
void *nxc__point_alloc(nxc__point *p, size_t n, size_t size);
float *nxc__point_zeros(nxc__point *p, size_t n);
/* all (n_ops), or NULL: the column stays missing. */
void nxc__point_gather(const nxc__point *p, const float *all, float *column);
/* x for all candidates. */
void nxc__point_fill(const nxc__point *p, float x, float *column);

static inline const nxc__op_shape *nxc__shape(const nxc__point *p,
                                              uint32_t op) {
    return &p->index->shapes[op];
}
static inline const float *nxc__op_row(const nxc__point *p, size_t kind,
                                       uint32_t op) {
    return p->dp->rows[kind] + (size_t)op * NXC_DIM;
}
static inline float nxc__point_dot(const nxc__point *p, const float *a,
                                   const float *b) {
    return nxc__encoder_dot(p->dp->encoder, a, b);
}
/* Whether prompt, delta and clauses, and the operations, have embeddings. */
static inline bool nxc__point_is_encoded(const nxc__point *p) {
    return p->dp->query && p->dp->query->embeddings && p->dp->rows[0];
}

/* Add idf-weighted BM25 of a text's distinct terms to out (n_ops). */
void nxc__point_bm25(nxc__point *p, nxc__text_field field, nxc_str text,
                     float *out);

/* For explanations. The newest call that produces a path parameter, as the
 * family flow sees it; NXC_NONE if none does. calls: known operations. */
uint32_t nxc__flow_producer(const nxc__op_index *index, const uint32_t *calls,
                            size_t n_calls, const nxc__need *need);
/* How near an operation is to a clause of the prompt; dp has embeddings. */
float nxc__clause_cosine(const nxc__decision_point *dp, uint32_t op,
                         size_t clause);

void nxc__family_lex(nxc__point *p);
void nxc__family_emb(nxc__point *p);
void nxc__family_clause(nxc__point *p);
void nxc__family_verbres(nxc__point *p);
void nxc__family_resid(nxc__point *p);
void nxc__family_rel(nxc__point *p);
void nxc__family_flow(nxc__point *p);
void nxc__family_schema(nxc__point *p);
void nxc__family_hist(nxc__point *p);
void nxc__family_static(nxc__point *p);
/* After all text scores: */
void nxc__family_hybrid(nxc__point *p);
void nxc__family_sibling(nxc__point *p);
void nxc__family_unlock(nxc__point *p);
/* Of learned sessions, in this order: */
void nxc__family_markov(nxc__point *p);
void nxc__family_knn(nxc__point *p);
void nxc__family_relia(nxc__point *p);
void nxc__family_trust(nxc__point *p);
/* Of earlier sessions of the same user: */
void nxc__family_prior(nxc__point *p);
/* Last: copies by rule (NXC_COPY rows of features_v2.def). */
void nxc__family_norm(nxc__point *p);

/* (x - mean) / deviation over the values that are there; NaN stays, 0 where
 * all are equal. */
void nxc__standardize(const float *x, size_t n, float *out);

#endif
