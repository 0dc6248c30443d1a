/*
 * Learned sessions as rows of the store: keys, times and an opaque payload
 * (src/learning/record.h has its bytes). They are written on the writer's
 * connection, in a task of one transaction, and read on a reader's. Unlike
 * cached rows they do not expire, are not evicted and survive nxc__store_clear.
 *
 *     nxc__store_run(task: find | near | put | delete | forget | secrets ...)
 *     nxc__learned_rows_each(reader) ...
 */
#ifndef NXC_CACHE_LEARNED_ROWS_H
#define NXC_CACHE_LEARNED_ROWS_H

#include "base/hash.h"
#include "cache/store.h"

struct nxc__store_db;

#define NXC_TIME_UNKNOWN INT64_MIN

typedef struct nxc__learned_row {
    nxc_str catalog;
    nxc__hash128 key, group;
    int64_t first_ms, last_ms; /* since 1970, or NXC_TIME_UNKNOWN */
    uint32_t n_calls;
    nxc_str payload; /* 1 byte to NXC_LEARNED_MAX_PAYLOAD */
} nxc__learned_row;

#define NXC_LEARNED_MAX_PAYLOAD ((size_t)16 << 20)
#define NXC_SECRET_BYTES 32
#define NXC_MAX_SECRETS 64

/* Run task on the connection that writes, in one transaction that a failure
 * takes back, and wait for it. hide: what it deletes is overwritten, in the log
 * too. Errors: those of the task; NXC_ERR_STATE if another process writes.
 * Thread-safety: any. */
typedef nxc_status (*nxc__store_task)(void *user, struct nxc__store_db *db,
                                      nxc_error *err);
nxc_status nxc__store_run(nxc__store *store, nxc__store_task task, void *user,
                          bool hide, nxc_error *err);

/* ---- within a task. visit gets rows that live until it returns and must not
 * write; a row whose checksum differs is passed over and counted. */
typedef nxc_status (*nxc__visit_learned)(void *user,
                                         const nxc__learned_row *row,
                                         nxc_error *err);
/* The row of a key; visit is not called if there is none. */
nxc_status nxc__learned_row_find(struct nxc__store_db *db, nxc_str catalog,
                                 nxc__hash128 key, nxc__visit_learned visit,
                                 void *user, nxc_error *err);
/* Rows of a group that end at from_ms or later and begin at to_ms or earlier,
 * by their end, at most max. */
nxc_status nxc__learned_row_near(struct nxc__store_db *db, nxc_str catalog,
                                 nxc__hash128 group, int64_t from_ms,
                                 int64_t to_ms, size_t max,
                                 nxc__visit_learned visit, void *user,
                                 nxc_error *err);
/* Replaces a row of the same catalog and key. */
nxc_status nxc__learned_row_put(struct nxc__store_db *db,
                                const nxc__learned_row *row, nxc_error *err);
nxc_status nxc__learned_row_delete(struct nxc__store_db *db, nxc_str catalog,
                                   nxc__hash128 key, nxc_error *err);
/* Of all catalogs: the session, or the sessions of the group. */
nxc_status nxc__learned_row_forget(struct nxc__store_db *db, nxc__hash128 key,
                                   bool is_group, uint64_t *n, nxc_error *err);
nxc_status nxc__learned_secret_add(struct nxc__store_db *db,
                                   const uint8_t secret[NXC_SECRET_BYTES],
                                   nxc_error *err);

/* Oldest first; damaged ones are passed over. */
typedef struct nxc__secrets {
    uint8_t bytes[NXC_MAX_SECRETS][NXC_SECRET_BYTES];
    size_t n;
} nxc__secrets;
nxc_status nxc__learned_secrets_read(struct nxc__store_db *db,
                                     nxc__secrets *out, nxc_error *err);

/* ---- on a reader */
nxc_status nxc__learned_secrets(nxc__store_reader *reader, nxc__secrets *out,
                                nxc_error *err);
/* Every row of a catalog (catalog.ptr NULL: of all) by catalog and key.
 * n_damaged (NULL is legal) counts rows that were passed over; they are then
 * deleted. */
nxc_status nxc__learned_rows_each(nxc__store_reader *reader, nxc_str catalog,
                                  nxc__visit_learned visit, void *user,
                                  uint64_t *n_damaged, nxc_error *err);
/* The row of a session, or the newest max of a group. */
nxc_status nxc__learned_rows_of(nxc__store_reader *reader, nxc_str catalog,
                                nxc__hash128 key, bool is_group, size_t max,
                                nxc__visit_learned visit, void *user,
                                nxc_error *err);

typedef struct nxc__learned_count {
    nxc_str catalog;
    uint64_t n_sessions, n_calls, n_groups, n_bytes; /* of payloads */
    int64_t first_ms, last_ms;
} nxc__learned_count;
typedef nxc_status (*nxc__visit_learned_count)(void *user,
                                               const nxc__learned_count *count,
                                               nxc_error *err);
nxc_status nxc__learned_rows_count(nxc__store_reader *reader,
                                   nxc__visit_learned_count visit, void *user,
                                   nxc_error *err);

/* Every row and secret of another store's file, which is only read. Errors:
 * NXC_ERR_STATE (an earlier version: nextcall migrate), those of opening. */
nxc_status nxc__learned_rows_other(const char *path, nxc__secrets *secrets,
                                   nxc__visit_learned visit, void *user,
                                   nxc_error *err);

#endif
