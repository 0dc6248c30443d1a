/* 1 if a word of the prompt is a verb of the candidate's method. */
#include "features/extractor.h"

NXC_EXTRACTOR(action_verb_match) {
    if (!nxc__has_prompt(dp))
        return nxc__column_missing(dp, column, stride, NXC_FEATURE_NO_PROMPT);
    for (size_t i = 0; i < dp->n; i++) {
        nxc_method m = nxc__catalog_method(dp->catalog, dp->candidates[i]);
        column[i * stride] = (float)(dp->prompt_methods >> m & 1);
    }
    return NXC_FEATURE_OK;
}
