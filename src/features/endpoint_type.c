/* Method of the candidate. */
#include "features/extractor.h"

NXC_EXTRACTOR(endpoint_type) {
    for (size_t i = 0; i < dp->n; i++)
        column[i * stride] = nxc__method_category(
            nxc__catalog_method(dp->catalog, dp->candidates[i]));
    return NXC_FEATURE_OK;
}
