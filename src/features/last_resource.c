/* Resource of the newest call, as an id in the catalog's vocabulary; none
 * without history. */
#include "features/extractor.h"

NXC_EXTRACTOR(last_resource) {
    const nxc__session *s = dp->session;
    uint32_t id = s->n ? s->calls[s->n - 1].resource : NXC_RESOURCE_NONE;
    return nxc__column_fill(dp, column, stride, id);
}
