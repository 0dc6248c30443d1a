/* 1 if the candidate's resource is a known resource of one of the last five
 * calls. */
#include "features/extractor.h"

enum { WINDOW = 5 };

NXC_EXTRACTOR(resource_match) {
    uint32_t recent[WINDOW];
    const nxc__session *s = dp->session;
    size_t n = 0;
    for (size_t i = s->n > WINDOW ? s->n - WINDOW : 0; i < s->n; i++) {
        uint32_t id = s->calls[i].resource;
        if (id != NXC_RESOURCE_NONE && id != NXC_RESOURCE_UNKNOWN)
            recent[n++] = id;
    }
    for (size_t i = 0; i < dp->n; i++) {
        uint32_t id = nxc__candidate_resource(dp, i);
        bool is_match = false;
        for (size_t k = 0; k < n; k++)
            is_match |= recent[k] == id;
        column[i * stride] = is_match;
    }
    return NXC_FEATURE_OK;
}
