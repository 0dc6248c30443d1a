/* Cosine of the embeddings of the prompt and of the candidate's text, clamped
 * to [0, 1]. */
#include "features/extractor.h"

NXC_EXTRACTOR(prompt_similarity) {
    if (!nxc__has_prompt(dp))
        return nxc__column_missing(dp, column, stride, NXC_FEATURE_NO_PROMPT);
    if (!dp->similarity)
        return nxc__column_missing(dp, column, stride, NXC_FEATURE_NO_ENCODER);
    for (size_t i = 0; i < dp->n; i++) {
        float s = dp->similarity[i];
        column[i * stride] = s < 0 ? 0 : s > 1 ? 1 : s;
    }
    return NXC_FEATURE_OK;
}
