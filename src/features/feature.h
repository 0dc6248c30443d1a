/*
 * The feature registry. Set "v1": one row of features_v1.def and one extractor
 * file a feature. Set "v2": the eleven of v1, then the rows of features_v2.def,
 * one file for each family of related ones (point.h). An extractor fills
 * columns for all candidates of a decision point; it is a pure function of its
 * input: no clock, no locale, no I/O, and no memory but the request's arena.
 *
 * A new feature = its code in an extractor or family file + one row + tests +
 * one line in docs/features.md.
 */
#ifndef NXC_FEATURES_FEATURE_H
#define NXC_FEATURES_FEATURE_H

#include <string.h>

#include "encoder/encoder.h"
#include "features/clauses.h"
#include "workflow/workflow.h"

struct nxc__op_index;
struct nxc__statistics;

/* The parts of a prompt, for set v2. */
typedef struct nxc__query {
    nxc_str delta; /* what is new against the previous prompt */
    nxc_str clauses[NXC_MAX_CLAUSES];
    size_t n_clauses;
    const float *embeddings; /* (2 + n_clauses, NXC_DIM) of prompt, delta and
                                clauses, or NULL */
} nxc__query;

/* Everything a decision point offers. Pointers are borrowed for the call. */
typedef struct nxc__decision_point {
    const nxc_catalog *catalog;
    const nxc__session *session;
    const nxc__workflow *workflow;
    const uint8_t *states;   /* (n_operations) nxc__state */
    const nxc__ngram *ngram; /* NULL or without image: no model */
    nxc_str prompt;
    uint32_t prompt_methods;    /* nxc__prompt_methods(prompt) */
    double now;                 /* seconds, or NaN */
    const uint32_t *candidates; /* (n) operation indexes */
    size_t n;
    const float *similarity; /* (n) raw cosine of prompt and candidate, or NULL
                                without an encoder */
    /* For set v2. */
    const struct nxc__op_index *index;
    const nxc__query *query;
    const nxc_encoder *encoder; /* or NULL */
    const float *rows[3]; /* (n_operations, NXC_DIM) by text kind, or NULL */
    const struct nxc__statistics *statistics; /* NULL: nothing was learnt */
    nxc__arena *arena;
} nxc__decision_point;

/* column[i * stride] for i < n. Returns the status of the whole column; unless
 * it is NXC_FEATURE_OK every value is NaN. */
typedef nxc_feature_status (*nxc__extract)(const nxc__decision_point *dp,
                                           float *column, size_t stride);

typedef struct nxc__feature {
    nxc_feature_info info;
    bool is_per_candidate; /* false: equal for all candidates of a request */
    nxc__extract extract;
} nxc__feature;

/* The set "v1": NXC_V1_N_FEATURES rows, order frozen. */
extern const nxc__feature nxc__features_v1[NXC_V1_N_FEATURES];

/* No set has more. */
#define NXC_MAX_FEATURES 256
/* A named, versioned list of features. */
typedef struct nxc__feature_set {
    const char *name;
    size_t n;
    const nxc_feature_info *rows; /* (n) */
    uint32_t revision; /* grows when a row of the same name means another
                          number: models trained before are then refused */
} nxc__feature_set;
/* Whether vectors depend on the other candidates of the request (letter A), so
 * that they are found in a cache all or not at all. */
static inline bool nxc__feature_set_is_whole(const nxc__feature_set *set) {
    return set->n > NXC_V1_N_FEATURES;
}
/* NULL if unknown; past the end. */
const nxc__feature_set *nxc__feature_set_find(nxc_str name);
const nxc__feature_set *nxc__feature_set_at(size_t i);
/* nxc_feature_fingerprint of the first n features: what it was, or would be, if
 * the set had no more. */
void nxc__feature_set_fingerprint(const nxc__feature_set *set, size_t n,
                                  char out[17]);

/* What depends on now is never cached: another request has another now. */
static inline bool nxc__feature_is_cached(const nxc__feature *f) {
    return !strchr(f->info.depends_on, 'N');
}

/* Any set: the columns that depend on now alone, in rows of stride numbers; all
 * of them are columns of set v1. */
void nxc__features_extract_now(const nxc__decision_point *dp, float *out,
                               size_t stride, uint8_t *status);
/* Any set: out (n, set->n) row-major; status (set->n). Errors: NXC_ERR_NOMEM,
 * of set v2 alone. */
nxc_status nxc__features_extract(const nxc__decision_point *dp,
                                 const nxc__feature_set *set, float *out,
                                 uint8_t *status, nxc_error *err);
/* point_extract.c: the columns of set v2. */
nxc_status nxc__point_extract(const nxc__decision_point *dp, float *out,
                              uint8_t *status, nxc_error *err);

/* The column hyb of set v2 alone, (n): how well text does by itself. */
nxc_status nxc__point_text_scores(const nxc__decision_point *dp, float *out,
                                  nxc_error *err);

/* Codes of the method categories: NONE 0, GET 1, POST 2, PUT 3, DELETE 4,
 * PATCH 5, UNKNOWN 6. */
enum {
    NXC_CATEGORY_NONE = 0,
    NXC_CATEGORY_UNKNOWN = 6,
    NXC_N_METHOD_CATEGORIES = 7
};
/* Of a call or candidate: anything but the five methods is UNKNOWN; NONE is an
 * empty history. */
float nxc__method_category(nxc_method method);

#endif
