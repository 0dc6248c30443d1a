/*
 * The cache tiers of an engine, asked in this order:
 *
 *     memory -> mapped embedding file -> SQLite -> (the caller computes)
 *
 *     init -> open -> set_model? -> (find_* | put_*)* -> close
 *
 * A tier that cannot be opened or that fails is switched off: counted
 * (tier_disabled), its reason kept for nxc_engine_warning, never an error of a
 * request. What a tier answers is bit for bit what was put.
 */
#ifndef NXC_ENGINE_TIERS_H
#define NXC_ENGINE_TIERS_H

#include <pthread.h>

#include "base/atomic.h"
#include "base/config.h"
#include "cache/embedding_file.h"
#include "cache/memory_cache.h"
#include "cache/store.h"

/* NONE is 0, MEMORY is 1: what nxc__memory_cache_get_many writes. */
typedef enum nxc__tier_id {
    NXC_TIER_NONE,
    NXC_TIER_MEMORY,
    NXC_TIER_FILE,
    NXC_TIER_STORE,
    NXC_N_TIERS
} nxc__tier_id;

/* Prompts are many and forgotten: memory and SQLite. Operations are few and
 * stay: the file, and SQLite where there is none; in memory each catalog has
 * its own rows. */
typedef enum nxc__text_kind {
    NXC_TEXT_PROMPT,
    NXC_TEXT_OPERATION
} nxc__text_kind;

/* SQLite is asked for, and given, the vectors of requests up to this size: one
 * costs microseconds there, so of more candidates computing is the quicker. */
#define NXC_STORE_MAX_CANDIDATES 128

typedef struct nxc__flight nxc__flight; /* a value that is being computed */

/* Vectors of one width in memory. */
typedef struct nxc__vector_room {
    size_t width;             /* numbers of a vector */
    bool is_whole;            /* see nxc__vector_lookup */
    nxc__memory_cache *cache; /* or NULL */
} nxc__vector_room;
enum { NXC_MAX_VECTOR_ROOMS = 2, NXC_TIER_SHARDS = 16 };

typedef struct nxc__tiers {
    nxc__metrics *metrics;
    size_t dim;
    bool keeps_embeddings;
    nxc__vector_room rooms[NXC_MAX_VECTOR_ROOMS];
    nxc__atomic_word n_rooms;      /* raised when a room is ready */
    nxc__memory_cache *embeddings; /* or NULL */
    nxc__embedding_file *file;     /* or NULL */
    nxc__store *store;             /* or NULL */
    nxc__hash128 model;
    char folder[1024];                    /* of file and store, "" for none */
    nxc__atomic_flag is_off[NXC_N_TIERS]; /* after a failure */
    nxc__atomic_counter n_memory_hits;
    pthread_mutex_t lock; /* guards warning, flights and warming */
    pthread_cond_t landed;
    nxc_error warning; /* the last tier that was switched off */
    nxc__flight *flights;
    nxc__atomic_flag is_warm, stop_warming;
    pthread_t warmer;
    bool has_warmer;
    const nxc_allocator *alloc;
} nxc__tiers;

const char *nxc__tier_name(nxc__tier_id id); /* "memory", "file", ... */

/* On failure t can be closed. Errors: NXC_ERR_NOMEM; nothing else. */
nxc_status nxc__tiers_open(nxc__tiers *t, const nxc_config *cfg,
                           nxc__metrics *metrics, const nxc_allocator *alloc,
                           nxc_error *err);
/* Room for vectors of a width, if there is none yet. While no request runs. */
nxc_status nxc__tiers_add_vectors(nxc__tiers *t, const nxc_config *cfg,
                                  size_t width, bool is_whole, nxc_error *err);
/* Open what keeps embeddings. fingerprint: of the encoder, hex; its file is
 * embeddings-<the first 16 of it>.nxe. */
nxc_status nxc__tiers_set_model(nxc__tiers *t, const nxc_config *cfg,
                                const char *fingerprint, size_t dim,
                                nxc_error *err);
void nxc__tiers_close(nxc__tiers *t);
/* Why a tier was switched off, the last of them; false if none was. */
bool nxc__tiers_warning(nxc__tiers *t, nxc_error *out);
/* Keep a reason for it though no tier is off. */
void nxc__tiers_warn(nxc__tiers *t, const nxc_error *why);
/* A reader for one thread; NULL where there is no store. */
nxc_status nxc__tiers_reader(nxc__tiers *t, nxc__store_reader **out,
                             nxc_error *err);

/* ---- vectors: of the n candidates of one request. Where a vector depends on
 * the other candidates, the rows of a request are one value: key.candidate is
 * the hash of all of them, a row is found by its place, and SQLite has one row
 * for the request. */
typedef struct nxc__vector_lookup {
    nxc__store_reader *reader;
    bool is_whole;
    nxc__vector_key key;      /* not whole: candidate is set on the way */
    nxc__hash128 *candidates; /* (n) whole: not read */
    nxc__hash128 *digests;    /* (n) written by find */
    float *rows;              /* (n, width) */
    uint8_t *tier;            /* (n) nxc__tier_id that gave row i */
    size_t n, width, n_found;
    nxc__memory_cache *memory; /* set by find; or NULL */
    bool is_stored;            /* set by find: SQLite takes part */
} nxc__vector_lookup;
/* Thread-safety: any, one lookup a thread. */
void nxc__tiers_find_vectors(nxc__tiers *t, nxc__vector_lookup *l);
/* After find: what memory has got since then; only hits are counted. */
void nxc__tiers_recall_vectors(nxc__tiers *t, nxc__vector_lookup *l);
/* After find: keep row i, in all tiers; of a whole request all n rows. */
void nxc__tiers_put_vector(nxc__tiers *t, nxc__vector_lookup *l, size_t i,
                           const float *row, const nxc__vector_info *info);
void nxc__tiers_put_request(nxc__tiers *t, nxc__vector_lookup *l,
                            const float *rows, const nxc__vector_info *info);
/* The key of row i of a whole request; shared: nxc__vector_key_shared. */
nxc__hash128 nxc__tiers_row_digest(nxc__hash128 shared, nxc__hash128 candidates,
                                   size_t i);

/* ---- embeddings: row (dim) */
nxc__tier_id nxc__tiers_find_embedding(nxc__tiers *t, nxc__store_reader *reader,
                                       nxc__text_kind kind, nxc__hash128 text,
                                       float *row);
/* Memory alone, and only hits are counted: before waiting for a flight. */
bool nxc__tiers_recall(nxc__tiers *t, nxc__hash128 text, float *row);
void nxc__tiers_put_embedding(nxc__tiers *t, nxc__text_kind kind,
                              nxc__hash128 text, const float *row);
/* Set the gauges of the memory tier. */
void nxc__tiers_observe(nxc__tiers *t);
/* Make the file's new rows durable. */
void nxc__tiers_sync(nxc__tiers *t);
/* Whether a text may be found that this process has not encoded. */
bool nxc__tiers_persist(const nxc__tiers *t);
/* For the files of the tiers: whether one takes part; after a put. */
bool nxc__tiers_is_on(const nxc__tiers *t, nxc__tier_id id);
void nxc__tiers_check_store(nxc__tiers *t);

/* ---- single flight: of the threads that want one value, one computes it.
 *     if (nxc__flight_begin(t, &flight, key, value, bytes)) {
 *         ...compute value...; nxc__flight_end(t, &flight, is_ok); }
 * begin gives false when another thread has computed it meanwhile: value is
 * then filled. Blocks while that thread computes. */
struct nxc__flight {
    nxc__hash128 key;
    const void *value;
    size_t bytes;
    size_t n_waiting;
    bool has_landed, is_ok;
    nxc__flight *next;
};
bool nxc__flight_begin(nxc__tiers *t, nxc__flight *flight, nxc__hash128 key,
                       void *value, size_t bytes);
void nxc__flight_end(nxc__tiers *t, nxc__flight *flight, bool is_ok);

/* ---- after a restart: the most recently used rows of the store into memory,
 * once. With a thread in the background and up to the capacity, without one
 * here and now, up to a bound. width_of gives the width of the vectors of a
 * fingerprint, 0 if none can be asked for. */
typedef size_t (*nxc__width_of)(void *user, nxc__hash128 fingerprint);
void nxc__tiers_warm(nxc__tiers *t, nxc__store_reader *reader, bool may_thread,
                     nxc__width_of width_of, void *user);

#endif
