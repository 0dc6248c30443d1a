/*
 * What an engine ranks with, replaced as a whole while rankings run.
 *
 *     engine ──► live 3          context a ──► live 3
 *                                context b ──► live 2 (its last request's)
 *
 * A context takes the engine's live at the start of a request and keeps it
 * until its next one, so that a request, its explanations and the names in its
 * answer come from one model. The last who lets go frees it.
 */
#ifndef NXC_ENGINE_LIVE_H
#define NXC_ENGINE_LIVE_H

#include "features/feature.h"
#include "ranker/ranker.h"

typedef struct nxc__live {
    nxc_ranker *ranker; /* owned */
    nxc_ranker *shadow; /* owned, or NULL: scored beside it, and counted */
    const nxc__feature_set *ranker_set; /* that the ranker reads */
    const nxc__feature_set *shadow_set; /* that the shadow reads, or NULL */
    const nxc__feature_set *set; /* that is extracted: that of the ranker, or
                                    one that begins with it */
    size_t n_users;              /* engine and contexts, under live_lock */
} nxc__live;

/* Rank with these from the next request on. Takes both on success; shadow NULL:
 * none. Errors: NXC_ERR_MISMATCH (no feature set has these names; the shadow
 * reads more than is extracted), NXC_ERR_STATE (a larger feature set than
 * before, and there are contexts), NXC_ERR_NOMEM: then nothing changed.
 * Thread-safety: any. */
nxc_status nxc__live_switch(nxc_engine *engine, nxc_ranker *ranker,
                            nxc_ranker *shadow, nxc_error *err);
/* The engine's live into the context. Thread-safety: per-ctx. */
void nxc__live_take(nxc_ctx *ctx);
/* Let go; NULL is legal. Thread-safety: any. */
void nxc__live_release(nxc_engine *engine, nxc__live *live);

#endif
