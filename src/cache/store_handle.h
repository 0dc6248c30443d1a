/* Inside the store: what store.c, store_writer.c, store_reader.c and
 * store_files.c share. */
#ifndef NXC_CACHE_STORE_HANDLE_H
#define NXC_CACHE_STORE_HANDLE_H

#include <pthread.h>

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "cache/learned_rows.h"
#include "cache/store.h"
#include "cache/store_db.h"
#include "cache/store_row.h"
#include "cache/store_schema.h"

/* A row on its way to the writer; its payload follows, padded to 8 bytes. */
typedef struct nxc__store_record {
    nxc__row_kind kind;
    bool must_delete; /* row id, found damaged */
    size_t payload_bytes;
    int64_t id;
    union {
        nxc__vector_key vector;
        nxc__embedding_key embedding;
    } key;
    nxc__vector_info info;
} nxc__store_record;
_Static_assert(sizeof(nxc__store_record) % 8 == 0, "records follow each other");

/* Accesses of one row since they were last written. */
typedef struct nxc__store_access {
    union {
        nxc__vector_key vector;
        nxc__embedding_key embedding;
    } key;
    nxc__row_kind kind; /* 0: a free slot */
    uint32_t n;
} nxc__store_access;
#define NXC_STORE_TOUCHES 4096u /* slots, open addressing; a power of 2 */

typedef struct nxc__store_queue {
    nxc__buffer bytes; /* records */
    size_t n;
} nxc__store_queue;
typedef struct nxc__store_touches {
    nxc__store_access *slots; /* (NXC_STORE_TOUCHES) */
    size_t n;
} nxc__store_touches;

/* A task for the writer, on the stack of the thread that waits for it. */
typedef struct nxc__store_job {
    nxc__store_task task;
    void *user;
    nxc_error *err;
    nxc_status status;
    bool hide, is_done;
    struct nxc__store_job *next;
} nxc__store_job;

struct nxc__store {
    const nxc_allocator *alloc;
    nxc__store_options options;
    int lock_fd; /* -1: another process writes */
    bool is_writer;
    bool is_shared; /* holds others' tables too, so it is never set aside */
    char quarantined[1100]; /* the last one; empty: none. After open, the
                               writer's, to be read after a flush */

    /* A generation is one database file at path; a damaged one is set aside and
     * the next begins. damaged >= generation: finds are misses until then. */
    nxc__atomic_word generation, damaged;

    pthread_mutex_t lock; /* guards what follows, up to touch_lock */
    pthread_cond_t work, idle;
    nxc__store_queue front;
    bool quit, must_clear, must_write_touches;
    uint64_t n_flushes, n_flushed; /* asked for, done */
    nxc_error failure;             /* the last one since a flush */
    struct nxc__store_job *jobs;   /* waiting for the writer, oldest first */

    pthread_mutex_t touch_lock; /* taken after lock, if both are */
    nxc__store_touches touches;

    /* The writer's own. */
    pthread_t thread;
    nxc__store_db db;
    nxc__store_queue back;
    nxc__store_touches back_touches;
    int64_t expired_at; /* the second of the last look for expired rows */
    size_t n_quarantined;
    uint64_t learned_bytes; /* about what learned sessions take; not cache */

    char path[1024];
};

struct nxc__store_reader {
    nxc__store *store;
    nxc__store_db db;
    uint64_t generation; /* of db */
    bool is_in_transaction;
    float *scratch; /* (NXC_STORE_MAX_FLOATS), made by the first recent_* */
};

static inline int64_t nxc__store_now(const nxc__store *store) {
    return store->options.now ? store->options.now(store->options.now_user)
                              : nxc__clock_seconds();
}
/* Whether rows of that time are too old. */
static inline bool nxc__store_is_expired(const nxc__store *store,
                                         int64_t created, int64_t now) {
    return store->options.ttl_seconds > 0 &&
           (double)now - (double)created > store->options.ttl_seconds;
}

/* ---- store_files.c */
/* The writer's lock; *fd gets -1 if another process has it (then true) or if
 * the folder cannot be written. */
bool nxc__store_lock(const char *path, int *fd);
void nxc__store_unlock(int fd);
/* Rename the database, its -wal and -shm to PATH.damaged-N (out, cap). */
nxc_status nxc__store_set_aside(const char *path, char *out, size_t cap,
                                nxc_error *err);
/* The sentence for a database that is not used. */
nxc_status nxc__store_refuse(const char *path, nxc__schema_state state,
                             int version, nxc_error *err);
/* Open, begin anew, bring up to date or set aside: db is then a current one.
 * moved (NULL is legal) gets the name of what was set aside, or "". */
nxc_status nxc__store_prepare(nxc__store_db *db, const char *path, char *moved,
                              size_t moved_cap, nxc_error *err);
/* For a process that does not write; is_written: another one does, and is
 * waited for a second. */
nxc_status nxc__store_prepare_reading(nxc__store_db *db, const char *path,
                                      bool is_written, nxc_error *err);

/* ---- store_writer.c */
void *nxc__store_writer_main(void *store);

/* ---- store.c */
/* Ask the writer to delete a row that was found damaged. */
void nxc__store_put_away(nxc__store *store, nxc__row_kind kind, int64_t id);
void nxc__store_touch(nxc__store *store, nxc__row_kind kind, const void *key);
/* Tell the writer that the database of a generation is damaged. */
void nxc__store_report_damage(nxc__store *store, uint64_t generation);

/* ---- store_reader.c */
/* A prepared statement of the reader's connection, opened anew if the database
 * has changed; NULL: there is nothing to read. */
sqlite3_stmt *nxc__store_reader_get(nxc__store_reader *reader,
                                    nxc__store_sql which);
/* Count what went wrong and, where it is damage, tell the writer. */
void nxc__store_reader_failed(nxc__store_reader *reader, int result);
/* A row of one of the statements whose columns are id, checksum, created_at,
 * payload and (with a key to fill in) the hashes of the key. */
typedef struct nxc__store_row {
    int64_t id, created_at;
    const void *payload;     /* until the statement is reset */
    size_t payload_bytes, n; /* numbers */
} nxc__store_row;
/* False for a row that is damaged, which is then put away. */
bool nxc__store_read_row(nxc__store_reader *reader, sqlite3_stmt *s,
                         nxc__row_kind kind, const void *key,
                         nxc__store_row *out);
/* The hashes in columns 4 on; false if one is none. */
bool nxc__store_read_key(sqlite3_stmt *s, nxc__row_kind kind, void *key);

#endif
