/*
 * Features of a decision point: run the registry's extractors, one column each,
 * and name what the values mean.
 *
 * Thread-safety: any. Cost: linear in the candidates; what is equal for all of
 * them is computed once; no allocation.
 */
#include "base/error.h"
#include "features/extractor.h"
#include "features/point.h"

float nxc__method_category(nxc_method method) {
    return method >= NXC_METHOD_GET && method <= NXC_METHOD_PATCH
               ? (float)method
               : NXC_CATEGORY_UNKNOWN;
}

static void extract_column(const nxc__decision_point *dp, size_t f, float *out,
                           size_t stride, uint8_t *status) {
    nxc_feature_status st = nxc__features_v1[f].extract(dp, out + f, stride);
    NXC_ASSERT(dp->n == 0 || st == NXC_FEATURE_OK || isnan(out[f]));
    status[f] = (uint8_t)st;
}

void nxc__features_extract_now(const nxc__decision_point *dp, float *out,
                               size_t stride, uint8_t *status) {
    for (size_t f = 0; f < NXC_V1_N_FEATURES; f++)
        if (!nxc__feature_is_cached(&nxc__features_v1[f]))
            extract_column(dp, f, out, stride, status);
}

nxc_status nxc__features_extract(const nxc__decision_point *dp,
                                 const nxc__feature_set *set, float *out,
                                 uint8_t *status, nxc_error *err) {
    if (set->n > NXC_V1_N_FEATURES)
        return nxc__point_extract(dp, out, status, err);
    for (size_t f = 0; f < NXC_V1_N_FEATURES; f++)
        extract_column(dp, f, out, NXC_V1_N_FEATURES, status);
    return NXC_OK;
}

static nxc_str method_label(uint32_t code) {
    static const char *const methods[NXC_N_METHOD_CATEGORIES] = {
        "NONE", "GET", "POST", "PUT", "DELETE", "PATCH", "UNKNOWN"};
    return code < NXC_N_METHOD_CATEGORIES ? nxc__str(methods[code])
                                          : NXC_STR("");
}

nxc_str nxc_feature_label(const nxc_catalog *catalog, const char *set,
                          size_t feature, float value) {
    const nxc__feature_set *s = nxc__feature_set_find(nxc__str(set));
    if (!s || feature >= s->n || !(value >= 0 && value < 4294967296.0f))
        return NXC_STR("");
    uint32_t code = (uint32_t)value;
    if ((float)code < value) return NXC_STR("");
    switch (feature) {
    case NXC_V2_last_endpoint_type:
    case NXC_V2_endpoint_type:
    case NXC_V2_verb_method:
        return method_label(code);
    case NXC_V2_state:
        return code < NXC_N_STATES ? nxc__str(nxc__state_name((nxc__state)code))
                                   : NXC_STR("");
    case NXC_V2_last_resource:
        return catalog && code < nxc__catalog_n_resources(catalog)
                   ? nxc__catalog_resource_name(catalog, code)
                   : NXC_STR("");
    default:
        return NXC_STR("");
    }
}
