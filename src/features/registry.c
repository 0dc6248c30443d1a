/* The feature sets: rows of features_v1.def and features_v2.def. */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/str.h"
#include "features/extractor.h"
#include "features/point.h"

#define NXC_FEATURE(name, kind, depends_on, is_per_candidate, doc)      \
    nxc_feature_status nxc__extract_##name(const nxc__decision_point *, \
                                           float *, size_t);
#include "features/features_v1.def"
#undef NXC_FEATURE

#define NXC_FEATURE(name, kind, depends_on, is_per_candidate, doc) \
    {{#name, kind, depends_on, doc}, is_per_candidate, nxc__extract_##name},
const nxc__feature nxc__features_v1[NXC_V1_N_FEATURES] = {
#include "features/features_v1.def"
};
#undef NXC_FEATURE

#define NXC_FEATURE(name, kind, depends_on, is_per_candidate, doc) \
    {#name, kind, depends_on, doc},
#define NXC_COLUMN(name, kind, depends_on, doc) {#name, kind, depends_on, doc},
#define NXC_COPY(score, how) \
    {#score "_" #how, "number", "A", #how " of " #score},
#define NXC_LEARNED_COPY(score, how) \
    {#score "_" #how, "number", "AS", #how " of " #score},
static const nxc_feature_info rows_v2[NXC_V2_N_FEATURES] = {
#include "features/features_v1.def"
#include "features/features_v2.def"
};
#undef NXC_FEATURE
#undef NXC_COLUMN
#undef NXC_COPY

static const nxc__feature_set sets[] = {
    {"v1", NXC_V1_N_FEATURES, rows_v2, 1}, /* v2 begins with v1 */
    {"v2", NXC_V2_N_FEATURES, rows_v2, 1}};

const nxc__feature_set *nxc__feature_set_find(nxc_str name) {
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (nxc__str_eq(nxc__str(sets[i].name), name)) return &sets[i];
    return NULL;
}
const nxc__feature_set *nxc__feature_set_at(size_t i) {
    return i < sizeof sets / sizeof *sets ? &sets[i] : NULL;
}

bool nxc_feature_describe(const char *set, size_t i, nxc_feature_info *out) {
    const nxc__feature_set *s = nxc__feature_set_find(nxc__str(set));
    if (!s || i >= s->n) return false;
    *out = s->rows[i];
    return true;
}

/* A chain over the texts, each with its NUL. */
static uint64_t chain(const char *text, uint64_t seed) {
    return nxc__hash64(text, strlen(text) + 1, seed);
}

void nxc__feature_set_fingerprint(const nxc__feature_set *s, size_t n,
                                  char out[17]) {
    uint64_t h = chain(s->name, s->revision);
    for (size_t i = 0; i < n; i++) {
        h = chain(s->rows[i].name, h);
        h = chain(s->rows[i].kind, h);
        h = chain(s->rows[i].depends_on, h);
    }
    snprintf(out, 17, "%016llx", (unsigned long long)h);
}

bool nxc_feature_fingerprint(const char *set, char out[17]) {
    const nxc__feature_set *s = nxc__feature_set_find(nxc__str(set));
    if (s) nxc__feature_set_fingerprint(s, s->n, out);
    return s != NULL;
}
