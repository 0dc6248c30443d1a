/* Seconds from the newest call that has a timestamp to now, at least 0; -1 if
 * no call has one, which takes no now to say. */
#include "features/extractor.h"

NXC_EXTRACTOR(time_since_last) {
    double last = dp->session->last;
    if (isnan(last)) return nxc__column_fill(dp, column, stride, -1);
    if (isnan(dp->now))
        return nxc__column_missing(dp, column, stride, NXC_FEATURE_NO_NOW);
    return nxc__column_fill(dp, column, stride, nxc__elapsed(dp->now, last));
}
