/*
 * The feature registry: one row per feature, one file per extractor. An
 * extractor fills one column for all candidates of a decision point; it is a
 * pure function of its input: no clock, no locale, no allocation, no I/O.
 *
 * A new feature = one extractor file + one row in registry.c + tests + one line
 * in docs/features.md.
 */
#ifndef NXC_FEATURES_FEATURE_H
#define NXC_FEATURES_FEATURE_H

#include <string.h>

#include "workflow/workflow.h"

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

/* What depends on now is never cached: another request has another now. */
static inline bool nxc__feature_is_cached(const nxc__feature *f) {
    return !strchr(f->info.depends_on, 'N');
}
typedef enum nxc__columns {
    NXC_COLUMNS_CACHED = 1,
    NXC_COLUMNS_NOW = 2, /* the others */
    NXC_COLUMNS_ALL = 3
} nxc__columns;

/* out (n, NXC_V1_N_FEATURES) row-major, status (NXC_V1_N_FEATURES); columns
 * that were not asked for are left alone. */
void nxc__features_extract(const nxc__decision_point *dp, nxc__columns columns,
                           float *out, uint8_t *status);

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
