/*
 * The feature vectors of one request, through the cache tiers:
 *
 *     find -> (compute what is missing) -> settle -> (now columns) -> keep
 *          -> end, whatever happened
 *
 * A vector has all columns of the feature set; those that depend on now are
 * NaN in a cache and computed for every request. The status of a column that
 * has no value is kept in its NaN (docs/formats/cache-key.md).
 *
 * Vectors of set v1 are found one by one. Those of v2 depend on each other
 * (letter A): a request's are one value, found whole or not at all.
 */
#ifndef NXC_ENGINE_VECTORS_H
#define NXC_ENGINE_VECTORS_H

#include "engine/engine.h"

/* What the features of an entry depend on beside prompt, history, candidates
 * and now. */
nxc_status nxc__vectors_fingerprint(const nxc_engine *engine,
                                    const nxc__entry *entry,
                                    const nxc__feature_set *set,
                                    nxc__hash128 *out, nxc_error *err);
/* out (n): hashes of the ids of the catalog's operations. */
void nxc__vectors_candidates(const nxc_catalog *catalog, nxc__hash128 *out,
                             size_t n);

/* What the vectors of a request depend on; pointers are borrowed until end. */
typedef struct nxc__vector_inputs {
    const nxc__entry *entry;
    const nxc__feature_set *set;
    const nxc__session *session;
    nxc__hash128 prompt;
    nxc_str delta;              /* set v2: what is new in the prompt */
    nxc__hash128 statistics;    /* set v2: of what was learnt; 0: nothing */
    const uint32_t *candidates; /* (n) */
    size_t n;
    bool is_kept; /* false: computed, whatever the tiers have */
} nxc__vector_inputs;
/* What the history contributes and, to set v2, the prompt's new part and what
 * was learnt. */
nxc_status nxc__vectors_context(const nxc__vector_inputs *in, nxc__arena *arena,
                                nxc__hash128 *out, nxc_error *err);
/* The candidates of a whole request, in their order. */
nxc_status nxc__vectors_request(const nxc__vector_inputs *in, nxc__arena *arena,
                                nxc__hash128 *out, nxc_error *err);

typedef struct nxc__vectors {
    nxc_ctx *ctx;
    const nxc__vector_inputs *in;
    nxc__vector_lookup lookup;
    uint32_t *missing;    /* (n_missing) rows to compute, ascending */
    uint32_t *operations; /* (n_missing) their candidates */
    size_t n_missing;
    size_t n_checked; /* of them: found, and computed to compare */
    float *computed;  /* (n_missing, set->n) to be filled */
    uint8_t *status;  /* (set->n) of the cached columns; behind the rows */
    nxc__flight flight;
    bool has_flight; /* other threads may wait for these vectors */
} nxc__vectors;

/* Rows of the candidates out of the tiers, or from another thread that computes
 * them just now, which is waited for. Memory from the context's arena, until
 * the next request. */
nxc_status nxc__vectors_find(nxc__vectors *v, nxc_ctx *ctx,
                             const nxc__vector_inputs *in, nxc_error *err);
/* After computed and status are filled: put its rows in their places. A row
 * that was found and differs is counted and replaced. */
void nxc__vectors_settle(nxc__vectors *v);
/* Put what was computed into the tiers. */
nxc_status nxc__vectors_keep(nxc__vectors *v, const nxc__vector_info *info,
                             nxc_error *err);
/* Let go who waits: with the rows, or without them if there are none. Legal on
 * zeros. */
void nxc__vectors_end(nxc__vectors *v, bool is_ok);
/* The tier that answered: the slowest one asked, "none" if a row was computed.
 */
nxc__tier_id nxc__vectors_tier(const nxc__vectors *v);

#endif
