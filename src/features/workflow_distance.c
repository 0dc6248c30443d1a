/* 1 - the workflow probability of the candidate. */
#include "features/extractor.h"

NXC_EXTRACTOR(workflow_distance) {
    for (size_t i = 0; i < dp->n; i++) {
        double p =
            nxc__workflow_probability(dp->workflow, dp->catalog,
                                      (nxc__state)dp->states[dp->candidates[i]],
                                      nxc__candidate_resource(dp, i));
        column[i * stride] = (float)(1 - p);
    }
    return NXC_FEATURE_OK;
}
