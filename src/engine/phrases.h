/* How an explanation speaks of a feature (phrases.def). */
#ifndef NXC_ENGINE_PHRASES_H
#define NXC_ENGINE_PHRASES_H

#include "engine/evidence.h"

typedef struct nxc__phrase {
    const char *column;
    int reason;
    nxc__evidence_kind evidence;
    const char *text;
} nxc__phrase;

/* Row i; NULL past the end. */
const nxc__phrase *nxc__phrase_at(size_t i);
/* Of a column or a copy of one (*is_rank: of its place among the candidates);
 * NULL if there is none. */
const nxc__phrase *nxc__phrase_find(nxc_str column, bool *is_rank);

#endif
