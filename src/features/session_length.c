/* Minutes from the start of the session (else its oldest timestamp) to now, at
 * least 0; 0 if there is neither, which takes no now to say. */
#include "features/extractor.h"

NXC_EXTRACTOR(session_length) {
    double start = dp->session->start;
    if (isnan(start)) return nxc__column_fill(dp, column, stride, 0);
    if (isnan(dp->now))
        return nxc__column_missing(dp, column, stride, NXC_FEATURE_NO_NOW);
    return nxc__column_fill(dp, column, stride,
                            nxc__elapsed(dp->now, start) / 60);
}
