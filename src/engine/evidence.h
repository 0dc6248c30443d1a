/* What an explanation can name: words, clauses, calls. Each kind looks at the
 * decision point again, so what it names is there. */
#ifndef NXC_ENGINE_EVIDENCE_H
#define NXC_ENGINE_EVIDENCE_H

#include "base/buffer.h"
#include "features/feature.h"

typedef enum nxc__evidence_kind {
    NXC_EVIDENCE_NONE,
    NXC_EVIDENCE_NAME_WORDS, /* words of the prompt in a field */
    NXC_EVIDENCE_TEXT_WORDS,
    NXC_EVIDENCE_MAIN_WORDS,
    NXC_EVIDENCE_PATH_WORDS,
    NXC_EVIDENCE_REST_WORDS, /* those that no call's name has */
    NXC_EVIDENCE_BEST_CLAUSE,
    NXC_EVIDENCE_NEXT_CLAUSE,
    NXC_EVIDENCE_OPEN_CLAUSE,
    NXC_EVIDENCE_LAST_CLAUSE,
    NXC_EVIDENCE_RESOURCE_WORDS,
    NXC_EVIDENCE_PARENT_WORDS,
    NXC_EVIDENCE_VERB_WORDS,
    NXC_EVIDENCE_RELATION,
    NXC_EVIDENCE_PATH_IDS,
    NXC_EVIDENCE_REPEATS,
    NXC_EVIDENCE_UNLOCKS,
    NXC_EVIDENCE_TRANSITIONS
} nxc__evidence_kind;

/* Why it rather than other. */
typedef struct nxc__pair {
    const nxc__decision_point *point;
    const nxc_ranking *ranking;
    const nxc_ranked *it, *other;
} nxc__pair;

/* Append what speaks for it and not for the other; false, and nothing is
 * appended, if there is nothing to name. */
bool nxc__evidence(nxc__evidence_kind kind, const nxc__pair *pair,
                   nxc__buffer *out);

#endif
