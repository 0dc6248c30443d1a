/*
 * The persistent tier: one SQLite database (docs/formats/store.md), one
 * connection and thread that writes, a reader per context.
 *
 *     open -> reader_new* -> (find_* | put_* | touch_*)* -> reader_free* ->
 *     close (writes what is queued)
 *
 * Opening starts the writer's thread: to open a store is to ask for it. put and
 * touch hand a copy to the writer's bounded queue and return at once; a full
 * queue drops the row and counts it. A damaged row is a miss, is deleted and
 * counted. A damaged database is set aside with its -wal and -shm (PATH becomes
 * PATH.damaged-N) and a new one is begun, at open and later (later not if it
 * holds others' tables: then finds are misses from there on); one of a later
 * version (NXC_ERR_UNSUPPORTED) or of somebody else (NXC_ERR_MISMATCH) is
 * refused with a sentence that says what to do.
 *
 * A lock beside the database (PATH.lock) makes the first process that opens it
 * the writer. In any other, and where the file cannot be written, finds work
 * and put, touch and clear do nothing; what is put counts as dropped.
 */
#ifndef NXC_CACHE_STORE_H
#define NXC_CACHE_STORE_H

#include "cache/cache_key.h"
#include "metrics/metrics.h"

typedef struct nxc__store nxc__store;
typedef struct nxc__store_reader nxc__store_reader;

typedef struct nxc__store_options {
    uint64_t max_bytes;    /* of pages in use; 0: no limit */
    double ttl_seconds;    /* of a row since it was created; 0: none */
    size_t queue_rows;     /* 0: a default */
    nxc__metrics *metrics; /* the store counts its hits and misses too */
    /* Seconds since 1970, for ages, from any thread; NULL: the machine's clock.
     */
    int64_t (*now)(void *user);
    void *now_user;
} nxc__store_options;

/* What is kept beside a vector, columns of the seed's table. */
typedef struct nxc__vector_info {
    double confidence_score;
    double pattern_confidence;
    const char *workflow_pattern; /* static */
} nxc__vector_info;

/* path: of a database in a folder that exists. Errors: as above, NXC_ERR_IO,
 * NXC_ERR_NOMEM, NXC_ERR_STATE (another process has an earlier version open).
 */
nxc_status nxc__store_open(const char *path, const nxc__store_options *options,
                           const nxc_allocator *alloc, nxc__store **out,
                           nxc_error *err);
/* Waits until the queue is written; the readers are freed before. */
void nxc__store_close(nxc__store *store);
/* Waits until everything put and touched so far is committed; an error tells of
 * rows that could not be written since the last flush. Thread-safety: any. */
nxc_status nxc__store_flush(nxc__store *store, nxc_error *err);
/* Whether this process writes. */
bool nxc__store_is_writer(const nxc__store *store);
/* Where a damaged database was set aside, by open or before the last flush;
 * NULL: there was none. */
const char *nxc__store_set_aside_as(const nxc__store *store);

/* Thread-safety: one thread at a time a reader. */
nxc_status nxc__store_reader_new(nxc__store *store, nxc__store_reader **out,
                                 nxc_error *err);
void nxc__store_reader_free(nxc__store_reader *reader);
/* Many finds between begin and end share one read transaction. */
void nxc__store_begin(nxc__store_reader *reader);
void nxc__store_end(nxc__store_reader *reader);

/* vector (n_features) float32, bit for bit what was put. A hit is an access, as
 * by touch. */
bool nxc__store_find_vector(nxc__store_reader *reader,
                            const nxc__vector_key *key, float *vector,
                            size_t n_features);
bool nxc__store_find_embedding(nxc__store_reader *reader,
                               const nxc__embedding_key *key, float *row,
                               size_t dim);

/* Thread-safety: any; never wait for the disk. */
void nxc__store_put_vector(nxc__store *store, const nxc__vector_key *key,
                           const float *vector, size_t n_features,
                           const nxc__vector_info *info);
void nxc__store_put_embedding(nxc__store *store, const nxc__embedding_key *key,
                              const float *row, size_t dim);
/* access_count and last_accessed, added up in memory and written in batches:
 * for a hit in a tier above. */
void nxc__store_touch_vector(nxc__store *store, const nxc__vector_key *key);

/* The most recently used rows, newest first, at most max; visit returns false
 * to stop. For warming the first tier. */
typedef bool (*nxc__visit_vector)(void *user, const nxc__vector_key *key,
                                  const float *vector, size_t n_features);
typedef bool (*nxc__visit_embedding)(void *user, const nxc__embedding_key *key,
                                     const float *row, size_t dim);
nxc_status nxc__store_recent_vectors(nxc__store_reader *reader, size_t max,
                                     nxc__visit_vector visit, void *user,
                                     nxc_error *err);
nxc_status nxc__store_recent_embeddings(nxc__store_reader *reader, size_t max,
                                        nxc__visit_embedding visit, void *user,
                                        nxc_error *err);

typedef struct nxc__store_stats {
    uint64_t n_vectors, n_embeddings;
    uint64_t n_learned;    /* sessions */
    uint64_t bytes_in_use; /* of pages */
    uint64_t file_bytes;   /* of the database and its log */
    uint64_t n_damaged; /* by verify: rows, and sentences of SQLite's check */
    int user_version;
} nxc__store_stats;
/* verify: read every row and its checksum, and SQLite's integrity_check. */
nxc_status nxc__store_get_stats(nxc__store_reader *reader, bool verify,
                                nxc__store_stats *out, nxc_error *err);
/* Delete all cached rows and give the pages back; learned sessions stay.
 * NXC_ERR_STATE if another process writes. Thread-safety: any. */
nxc_status nxc__store_clear(nxc__store *store, nxc_error *err);

#endif
