/*
 * Features of a decision point: run the registry's extractors, one column each,
 * and name what the values mean.
 *
 * Thread-safety: any. Cost: linear in the candidates; what is equal for all of
 * them is computed once; no allocation.
 */
#include "base/error.h"
#include "features/extractor.h"

float nxc__method_category(nxc_method method) {
    return method >= NXC_METHOD_GET && method <= NXC_METHOD_PATCH
               ? (float)method
               : NXC_CATEGORY_UNKNOWN;
}

void nxc__features_extract(const nxc__decision_point *dp, nxc__columns columns,
                           float *out, uint8_t *status) {
    for (size_t f = 0; f < NXC_V1_N_FEATURES; f++) {
        nxc__columns kind = nxc__feature_is_cached(&nxc__features_v1[f])
                                ? NXC_COLUMNS_CACHED
                                : NXC_COLUMNS_NOW;
        if (!(columns & kind)) continue;
        nxc_feature_status st =
            nxc__features_v1[f].extract(dp, out + f, NXC_V1_N_FEATURES);
        NXC_ASSERT(dp->n == 0 || st == NXC_FEATURE_OK || isnan(out[f]));
        status[f] = (uint8_t)st;
    }
}

bool nxc_feature_describe(size_t i, nxc_feature_info *out) {
    if (i >= NXC_V1_N_FEATURES) return false;
    *out = nxc__features_v1[i].info;
    return true;
}

/* Category features of v1 by number: two of methods, one of resources. */
enum { LAST_ENDPOINT_TYPE = 0, LAST_RESOURCE = 1, ENDPOINT_TYPE = 4 };

nxc_str nxc_feature_label(const nxc_catalog *catalog, size_t feature,
                          float value) {
    static const char *const methods[NXC_N_METHOD_CATEGORIES] = {
        "NONE", "GET", "POST", "PUT", "DELETE", "PATCH", "UNKNOWN"};
    if (!(value >= 0 && value < 4294967296.0f)) return NXC_STR("");
    uint32_t code = (uint32_t)value;
    if ((float)code < value) return NXC_STR("");
    if (feature == LAST_ENDPOINT_TYPE || feature == ENDPOINT_TYPE)
        return code < NXC_N_METHOD_CATEGORIES ? nxc__str(methods[code])
                                              : NXC_STR("");
    if (feature == LAST_RESOURCE && catalog &&
        code < nxc__catalog_n_resources(catalog))
        return nxc__catalog_resource_name(catalog, code);
    return NXC_STR("");
}
