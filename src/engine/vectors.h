/*
 * The feature vectors of one request, through the cache tiers:
 *
 *     find -> (compute what is missing) -> settle -> (now columns) -> keep
 *
 * A vector has all columns of the feature set; those that depend on now are
 * NaN in a cache and computed for every request. The status of a column that
 * has no value is kept in its NaN (docs/formats/cache-key.md).
 */
#ifndef NXC_ENGINE_VECTORS_H
#define NXC_ENGINE_VECTORS_H

#include "engine/engine.h"

/* What the features of an entry depend on beside prompt, history, candidate
 * and now. */
nxc_status nxc__vectors_fingerprint(const nxc_engine *engine,
                                    const nxc__entry *entry, nxc__hash128 *out,
                                    nxc_error *err);
/* out (n): hashes of the ids of the catalog's operations. */
void nxc__vectors_candidates(const nxc_catalog *catalog, nxc__hash128 *out,
                             size_t n);
/* What the history contributes. */
nxc_status nxc__vectors_context(const nxc__session *session,
                                const uint8_t *states, nxc__arena *arena,
                                nxc__hash128 *out, nxc_error *err);

typedef struct nxc__vectors {
    nxc_ctx *ctx;
    nxc__vector_lookup lookup;
    uint32_t *missing;    /* (n_missing) rows to compute, ascending */
    uint32_t *operations; /* (n_missing) their candidates */
    size_t n_missing;
    size_t n_checked; /* of them: found, and computed to compare */
    float *computed;  /* (n_missing, NXC_V1_N_FEATURES) to be filled */
    uint8_t *status;  /* (NXC_V1_N_FEATURES) of the cached columns */
} nxc__vectors;

/* Rows of the n candidates out of the tiers. Memory from the context's arena,
 * until the next request. */
nxc_status nxc__vectors_find(nxc__vectors *v, nxc_ctx *ctx,
                             const nxc__entry *entry,
                             const nxc__session *session, nxc__hash128 prompt,
                             const uint32_t *candidates, size_t n,
                             nxc_error *err);
/* After computed and status are filled: put its rows in their places. A row
 * that was found and differs is counted and replaced. */
void nxc__vectors_settle(nxc__vectors *v);
/* Put what was computed into the tiers. */
void nxc__vectors_keep(nxc__vectors *v, const nxc__vector_info *info);
/* The tier that answered: the slowest one asked, "none" if a row was computed.
 */
nxc__tier_id nxc__vectors_tier(const nxc__vectors *v);

#endif
