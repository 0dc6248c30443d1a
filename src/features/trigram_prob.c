/* Mean probability of the prompt's words, each after the two words before it.
 */
#include "features/extractor.h"

NXC_EXTRACTOR(trigram_prob) {
    double bigram, trigram;
    if (!nxc__has_prompt(dp))
        return nxc__column_missing(dp, column, stride, NXC_FEATURE_NO_PROMPT);
    if (!nxc__has_ngram(dp))
        return nxc__column_missing(dp, column, stride, NXC_FEATURE_NO_MODEL);
    nxc__ngram_prob(dp->ngram, dp->prompt, &bigram, &trigram);
    return nxc__column_fill(dp, column, stride, trigram);
}
