/* What the extractors share. One file each; registry.c declares them. */
#ifndef NXC_FEATURES_EXTRACTOR_H
#define NXC_FEATURES_EXTRACTOR_H

#include <math.h>

#include "base/str.h"
#include "features/feature.h"
#include "text/words.h"

/* Declares an extractor; in its own file the body follows. */
#define NXC_EXTRACTOR(name)                                               \
    nxc_feature_status nxc__extract_##name(const nxc__decision_point *,   \
                                           float *, size_t);              \
    nxc_feature_status nxc__extract_##name(const nxc__decision_point *dp, \
                                           float *column, size_t stride)

/* One value for all candidates. */
static inline nxc_feature_status nxc__column_fill(const nxc__decision_point *dp,
                                                  float *column, size_t stride,
                                                  double value) {
    for (size_t i = 0; i < dp->n; i++)
        column[i * stride] = (float)value;
    return NXC_FEATURE_OK;
}
/* No value for any candidate, and why. */
static inline nxc_feature_status
nxc__column_missing(const nxc__decision_point *dp, float *column, size_t stride,
                    nxc_feature_status why) {
    nxc__column_fill(dp, column, stride, NXC_NAN);
    return why;
}

static inline bool nxc__has_prompt(const nxc__decision_point *dp) {
    return dp->prompt.len > 0;
}
/* Whether there is a model that has seen a word. */
static inline bool nxc__has_ngram(const nxc__decision_point *dp) {
    return dp->ngram && dp->ngram->image && dp->ngram->n_words > 0;
}
/* now - then, at least 0. */
static inline double nxc__elapsed(double now, double then) {
    return now > then ? now - then : 0;
}
/* Resource of a candidate. */
static inline uint32_t nxc__candidate_resource(const nxc__decision_point *dp,
                                               size_t i) {
    return nxc__catalog_resource(dp->catalog, dp->candidates[i]);
}

#endif
