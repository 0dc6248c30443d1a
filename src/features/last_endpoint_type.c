/* Method of the newest call; NONE without history. */
#include "features/extractor.h"

NXC_EXTRACTOR(last_endpoint_type) {
    const nxc__session *s = dp->session;
    double code = s->n ? (double)nxc__method_category(s->calls[s->n - 1].method)
                       : NXC_CATEGORY_NONE;
    return nxc__column_fill(dp, column, stride, code);
}
