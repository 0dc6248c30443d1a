/* From learned sessions to rankings that know them. */
#ifndef NXC_ENGINE_LEARNING_H
#define NXC_ENGINE_LEARNING_H

#include "engine/engine.h"
#include "statistics/statistics.h"

typedef struct nxc__learning_options {
    double now, half_life;       /* see nxc__statistics_options */
    const nxc__hash128 *exclude; /* (n_exclude) groups */
    size_t n_exclude;
    size_t max_sessions;
    uint64_t seed;
    /* For whoever makes many statistics of the same sessions, each NULL or what
     * the functions below gave. */
    const float *embeddings; /* (n_texts, NXC_DIM) */
    const float *text_ranks; /* (n_calls) */
} nxc__learning_options;

/* Embeddings of learned->texts by row, from the cache tiers or by encoding,
 * into rows (n_texts, NXC_DIM). Errors: NXC_ERR_STATE (no encoder),
 * NXC_ERR_NOMEM. Thread-safety: any. */
nxc_status nxc__engine_encode_learned(nxc_engine *engine,
                                      const nxc__learned *learned, float *rows,
                                      nxc_error *err);
/* How well text alone finds the calls [first, first + n) of learned: their
 * reciprocal ranks by the feature hyb among all operations, equal scores at
 * their expected value, NaN without a prompt. embeddings as above, or NULL.
 * Errors: NXC_ERR_NOT_FOUND (catalog), NXC_ERR_STATE (the engine does not
 * extract set v2), NXC_ERR_NOMEM. Thread-safety: any. */
nxc_status nxc__engine_text_ranks(nxc_engine *engine, nxc_str catalog,
                                  const nxc__learned *learned,
                                  const float *embeddings, size_t first,
                                  size_t n, float *out, nxc_error *err);

/* Statistics of learned for a catalog of the engine: encodes the texts (from
 * the cache tiers where they are), builds, and measures how well the text
 * signal does on the samples. The caller frees them.
 * Errors: NXC_ERR_NOT_FOUND (catalog), NXC_ERR_NOMEM.
 * Thread-safety: any. */
nxc_status nxc__engine_statistics(nxc_engine *engine, nxc_str catalog,
                                  const nxc__learned *learned,
                                  const nxc__learning_options *options,
                                  nxc__statistics **out, nxc_error *err);
/* Rankings of the catalog use these from now on (NULL: none; the engine owns
 * them and frees those before). Thread-safety: exclusive. */
nxc_status nxc__engine_set_statistics(nxc_engine *engine, nxc_str catalog,
                                      nxc__statistics *statistics,
                                      nxc_error *err);
/* The next requests of ctx alone use these (borrowed) in place of the
 * catalog's; NULL: the catalog's again. Thread-safety: per-ctx. */
void nxc__ctx_set_statistics(nxc_ctx *ctx, const nxc__statistics *statistics);

/* learned_serve.c: rank the entry by what the store has learnt of it, if the
 * option use_learned says so. A store that cannot be read is a warning. Errors:
 * NXC_ERR_NOMEM. Thread-safety: exclusive. */
nxc_status nxc__engine_use_learned(nxc_engine *engine, nxc__entry *entry,
                                   nxc_error *err);

/* learned_serve.c: the newest sessions of the user (or the session) called
 * request->previous_of, from the store, before those that session has. A store
 * that cannot be read gives none. Errors: NXC_ERR_NOMEM. Thread-safety:
 * per-ctx. */
nxc_status nxc__engine_find_earlier(nxc_ctx *ctx, const nxc__entry *entry,
                                    const nxc_request *request,
                                    nxc__session *session, nxc_error *err);

#endif
