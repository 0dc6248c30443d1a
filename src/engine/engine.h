/*
 * The engine's inside: what it owns, and the stages of a request.
 *
 * A request goes straight through: resolve (catalog, candidates, session,
 * workflow) -> find (vectors in the cache tiers) -> encode (what is missing:
 * prompt, candidates) -> features -> score -> order.
 */
#ifndef NXC_ENGINE_ENGINE_H
#define NXC_ENGINE_ENGINE_H

#include <pthread.h>

#include "base/atomic.h"
#include "base/buffer.h"
#include "base/hash.h"
#include "encoder/encoder.h"
#include "engine/live.h"
#include "engine/tiers.h"
#include "features/feature.h"
#include "features/op_index.h"
#include "metrics/metrics.h"
#include "ranker/ranker.h"

/* Embeddings of one text of each operation. */
typedef struct nxc__text_rows {
    const float *embeddings;   /* (n, NXC_DIM): the catalog's own, or rows */
    float *rows;               /* owned, or NULL */
    nxc__atomic_flag *encoded; /* (n) whether a row is there; NULL: all are */
} nxc__text_rows;

/* A catalog with what the engine derives from it. */
typedef struct nxc__entry {
    nxc_str name; /* owned */
    nxc_catalog *catalog;
    size_t n;                             /* operations, webhooks included */
    uint8_t *states;                      /* (n) nxc__state */
    nxc__op_index *index;                 /* of set v2, or NULL */
    nxc__text_rows texts[NXC_N_OP_TEXTS]; /* the first alone without index */
    nxc__hash128 *ids;                  /* (n) hashes of the operations' ids */
    nxc__hash128 fingerprints[2];       /* of its vectors: of set v1, of v2 */
    struct nxc__statistics *statistics; /* of learned sessions, or NULL */
} nxc__entry;

#define NXC_MAX_CATALOGS 1024

struct nxc_engine {
    const nxc_allocator *alloc;
    nxc_config *cfg;
    nxc_encoder *encoder; /* or NULL */
    /* Guards live, the users of every live, and n_contexts; live_number, from 1
     * on, tells a context whether live has changed since it looked. */
    pthread_mutex_t live_lock;
    nxc__live *live;
    nxc__atomic_word live_number;
    size_t n_contexts;
    size_t n_prepared; /* features of the largest set that catalogs are ready
                          for */
    pthread_mutex_t reload_lock;   /* guards registry; live_lock inside it */
    char *registry;                /* folder, or NULL */
    uint64_t registry_number;      /* of what is loaded from it */
    const nxc__feature_set *asked; /* by nxc_engine_set_features, or NULL */
    nxc__entry entries[NXC_MAX_CATALOGS];
    size_t n_entries;
    /* Encoding of candidates: lock guards pool and workers, which are there
     * from the first batch on and grow with what a batch can keep busy; a row
     * is written once under the lock and published through its flag. */
    pthread_mutex_t lock;
    nxc__pool *pool;
    nxc_encoder_ctx *
        *workers; /* (parallel_workers), the first n_workers open */
    size_t n_workers;
    char fingerprint[65]; /* of the encoder, or "" */
    nxc__metrics metrics; /* of everything that the engine owns */
    nxc__tiers tiers;
    nxc__store_reader *reader;  /* of the store, under lock; or NULL */
    nxc__atomic_counter n_hits; /* vectors found, for the self-check */
};

struct nxc_ctx {
    nxc_engine *engine;
    nxc_encoder_ctx *encoder; /* or NULL */
    nxc__live *live;          /* of its last request, or NULL */
    uint64_t live_number;
    nxc__arena parse_arena; /* until the next parse */
    nxc__arena arena;       /* until the next request */
    nxc__buffer out;        /* until the next format */
    /* (NXC_QUERY_TEXTS, NXC_DIM) of the prompt, of its new part and of its
     * clauses (set v1: of the prompt alone) */
    float *query_embeddings;
    nxc__store_reader *reader;                /* or NULL */
    const struct nxc__statistics *statistics; /* in place of the catalog's, or
                                                 NULL */
    /* What the last ranking was made of, in the arena; or NULL. Its prompt is
     * the request's. */
    const nxc__decision_point *point;
};

#define NXC_QUERY_TEXTS (2 + NXC_MAX_CLAUSES)

/* Where the parts of an engine count; lives as long as the engine. */
static inline nxc__metrics *nxc__engine_metrics(nxc_engine *engine) {
    return &engine->metrics;
}
/* Make what the catalogs need for a set to be extracted; what a failure leaves
 * is used by the next try. While no request runs. */
nxc_status nxc__engine_prepare(nxc_engine *engine, const nxc__feature_set *set,
                               nxc_error *err);
/* NULL if unknown. */
nxc__entry *nxc__engine_find(nxc_engine *engine, nxc_str name);
/* Fill the rows of ops (all texts that the feature set wants) that are missing,
 * from the tiers or by encoding;
 * *n_encoded counts the latter. ops NULL: all operations of the entry. */
nxc_status nxc__engine_encode(nxc_engine *engine, nxc__entry *entry,
                              const uint32_t *ops, size_t n,
                              nxc_progress progress, void *user,
                              size_t *n_encoded, nxc_error *err);
/* Encode n texts, which no tier has, into rows (n, NXC_DIM) and keep them as
 * texts of their kind are kept. With the engine's lock and an encoder. */
nxc_status nxc__engine_encode_batch(nxc_engine *engine, nxc__text_kind kind,
                                    const nxc_str *texts, size_t n, float *rows,
                                    nxc_error *err);
/* Operations of entry that are no webhooks, into out (n); how many. */
size_t nxc__engine_candidates(const nxc__entry *entry, uint32_t *out);
/* The embedding of a prompt into ctx, from the tiers or by encoding; *tier says
 * which. Threads that ask for the same one at once encode it once. */
nxc_status nxc__engine_encode_prompt(nxc_ctx *ctx, nxc_str prompt,
                                     nxc__hash128 hash, nxc__tier_id *tier,
                                     size_t *n_encoded, nxc_error *err);

/* The embeddings of n <= NXC_QUERY_TEXTS texts of a prompt into ctx, likewise
 * (threads that ask for the same list); those that no tier has are encoded in
 * one batch. *tier: of the first. */
nxc_status nxc__engine_encode_query(nxc_ctx *ctx, const nxc_str *texts,
                                    size_t n, nxc__tier_id *tier,
                                    size_t *n_encoded, nxc_error *err);

#endif
