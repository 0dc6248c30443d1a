/*
 * The thread that writes.
 *
 *     wait -> take the queue and the accesses -> rows, in transactions of at
 *     most MAX_TRANSACTION -> accesses -> tasks -> clear -> housekeeping -> say
 *     so
 *
 * It owns the only connection that writes and checkpoints (SQLite before 3.51.3
 * may lose the log if two do). Taking is a swap of two buffers, so that put
 * waits for a copy at most, never for the disk. Under load a transaction grows
 * by itself: what came while the last one was written.
 *
 * Housekeeping deletes HOUSEKEEPING_ROWS at a time, each time in a transaction
 * of its own, the least recently used of both tables first; readers go on in
 * the write-ahead log meanwhile. When the queue fills, rows come first.
 *
 * A transaction that fails costs its rows and is counted; after an input or
 * output error the connection is closed and opened anew, because what the
 * system has kept of a failed write cannot be known. Damage: set aside, see
 * store_files.c; readers see the next generation and open anew.
 *
 * Cost: measured by bench/bench_store.c.
 */
#include <string.h>

#include "cache/store_handle.h"

#define MAX_TRANSACTION 512
#define HOUSEKEEPING_ROWS 64
#define MAX_QUARANTINES 3
/* Give pages back if more than these are free, and a quarter of all. */
#define FREE_PAGES 256

/* ---------------------------------------------------------- rows */

static void bind_key(sqlite3_stmt *s, nxc__row_kind kind, const void *key) {
    size_t n = nxc__row_key_bytes(kind) / sizeof(nxc__hash128);
    for (size_t i = 0; i < n; i++)
        sqlite3_bind_blob(s, (int)i + 1, (const nxc__hash128 *)key + i,
                          sizeof(nxc__hash128), SQLITE_STATIC);
}

static void bind_put(sqlite3_stmt *s, const nxc__store_record *r, int64_t now) {
    const void *payload = r + 1;
    uint64_t sum =
        nxc__row_checksum(r->kind, &r->key, payload, r->payload_bytes);
    int i = r->kind == NXC_ROW_VECTOR ? 5 : 3;
    bind_key(s, r->kind, &r->key);
    sqlite3_bind_int64(s, i++, (sqlite3_int64)sum);
    sqlite3_bind_int64(s, i++, now);
    if (r->kind == NXC_ROW_VECTOR) {
        sqlite3_bind_double(s, i++, r->info.confidence_score);
        sqlite3_bind_double(s, i++, r->info.pattern_confidence);
        sqlite3_bind_text(s, i++, r->info.workflow_pattern, -1, SQLITE_STATIC);
    }
    sqlite3_bind_blob(s, i, payload, (int)r->payload_bytes, SQLITE_STATIC);
}

static int write_record(nxc__store *store, const nxc__store_record *r,
                        int64_t now) {
    static const nxc__store_sql deletes[] = {
        [NXC_ROW_VECTOR] = NXC_SQL_DELETE_VECTOR,
        [NXC_ROW_EMBEDDING] = NXC_SQL_DELETE_EMBEDDING,
        [NXC_ROW_LEARNED] = NXC_SQL_DELETE_LEARNED_ROW};
    nxc__store_sql which = r->must_delete              ? deletes[r->kind]
                           : r->kind == NXC_ROW_VECTOR ? NXC_SQL_PUT_VECTOR
                                                       : NXC_SQL_PUT_EMBEDDING;
    sqlite3_stmt *s = nxc__store_db_get(&store->db, which);
    if (!s) return sqlite3_extended_errcode(store->db.handle);
    if (r->must_delete)
        sqlite3_bind_int64(s, 1, r->id);
    else
        bind_put(s, r, now);
    return nxc__store_db_run(&store->db, which, NULL);
}

/* Rows put and damaged rows that are gone, of the records just written. */
static int write_records(nxc__store *store, const char **at, size_t n,
                         uint64_t *n_put, uint64_t *n_deleted) {
    int64_t now = nxc__store_now(store);
    int rc = SQLITE_DONE;
    for (size_t i = 0; i < n; i++) {
        const nxc__store_record *r = (const void *)*at;
        *at += sizeof *r + (r->payload_bytes + 7) / 8 * 8;
        if (rc != SQLITE_DONE) continue;
        rc = write_record(store, r, now);
        if (r->must_delete && rc == SQLITE_DONE)
            *n_deleted += (uint64_t)sqlite3_changes(store->db.handle);
        *n_put += !r->must_delete;
    }
    return rc;
}

static int write_touches(nxc__store *store) {
    int64_t now = nxc__store_now(store);
    int rc = SQLITE_DONE;
    for (size_t i = 0; i < NXC_STORE_TOUCHES && rc == SQLITE_DONE; i++) {
        const nxc__store_access *t = &store->back_touches.slots[i];
        if (!t->kind) continue;
        nxc__store_sql which = t->kind == NXC_ROW_VECTOR
                                   ? NXC_SQL_TOUCH_VECTOR
                                   : NXC_SQL_TOUCH_EMBEDDING;
        sqlite3_stmt *s = nxc__store_db_get(&store->db, which);
        if (!s) return sqlite3_extended_errcode(store->db.handle);
        bind_key(s, t->kind, &t->key);
        sqlite3_bind_int64(s, 5, t->n);
        sqlite3_bind_int64(s, 6, now);
        rc = nxc__store_db_run(&store->db, which, NULL);
    }
    return rc;
}

/* ---------------------------------------------------------- transactions */

static void note_failure(nxc__store *store, int rc, const char *what) {
    nxc_error err;
    nxc__metrics_add(store->options.metrics, NXC_METRIC_store_errors, 1);
    nxc__store_db_error(&store->db, store->path, what, &err);
    pthread_mutex_lock(&store->lock);
    store->failure = err;
    pthread_mutex_unlock(&store->lock);
    if (nxc__store_db_is_damage(rc))
        nxc__store_report_damage(store,
                                 nxc__atomic_word_get(&store->generation));
    if ((rc & 0xFF) == SQLITE_IOERR || (rc & 0xFF) == SQLITE_CANTOPEN)
        nxc__store_db_close(&store->db);
}

/* End what was begun: commit if all went well so far. */
static bool end_transaction(nxc__store *store, int rc, uint64_t start) {
    nxc__store_db *db = &store->db;
    if (rc == SQLITE_DONE) rc = nxc__store_db_run(db, NXC_SQL_END, NULL);
    if (rc == SQLITE_DONE) {
        nxc__metrics *m = store->options.metrics;
        nxc__metrics_add(m, NXC_METRIC_store_commits, 1);
        nxc__metrics_observe(m, NXC_HISTOGRAM_store_commit,
                             nxc__clock_ns() - start);
        return true;
    }
    note_failure(store, rc, "write");
    if (db->handle && !sqlite3_get_autocommit(db->handle))
        nxc__store_db_run(db, NXC_SQL_ROLLBACK, NULL);
    return false;
}

static bool begin_transaction(nxc__store *store) {
    int rc = nxc__store_db_run(&store->db, NXC_SQL_BEGIN_WRITE, NULL);
    if (rc != SQLITE_DONE) note_failure(store, rc, "begin a transaction");
    return rc == SQLITE_DONE;
}

static void write_rows(nxc__store *store) {
    nxc__metrics *m = store->options.metrics;
    const char *at = store->back.bytes.data;
    size_t left = store->back.n;
    while (left && store->db.handle) {
        size_t n = left < MAX_TRANSACTION ? left : MAX_TRANSACTION;
        uint64_t start = nxc__clock_ns(), n_put = 0, n_deleted = 0;
        if (!begin_transaction(store)) break;
        left -= n;
        int rc = write_records(store, &at, n, &n_put, &n_deleted);
        if (!end_transaction(store, rc, start)) continue;
        nxc__metrics_add(m, NXC_METRIC_store_rows_written, n_put);
        nxc__metrics_add(m, NXC_METRIC_store_rows_damaged, n_deleted);
    }
    nxc__metrics_add(m, NXC_METRIC_store_queue_dropped, left);
}

static void write_accesses(nxc__store *store) {
    uint64_t start = nxc__clock_ns();
    if (!store->back_touches.n || !store->db.handle) return;
    if (begin_transaction(store))
        end_transaction(store, write_touches(store), start);
}

/* ---------------------------------------------------------- tasks */

/* In a transaction of its own; what it deletes is overwritten if it says so,
 * and then leaves the log too. */
static nxc_status run_job(nxc__store *store, const nxc__store_job *job) {
    nxc__store_db *db = &store->db;
    uint64_t start = nxc__clock_ns();
    if (!db->handle || !begin_transaction(store))
        return nxc__error(job->err, NXC_ERR_STATE,
                          "%s: expected a database that can be written, got "
                          "none",
                          store->path);
    nxc_status st = job->task(job->user, db, job->err);
    if (st != NXC_OK) {
        nxc__store_db_run(db, NXC_SQL_ROLLBACK, NULL);
        return st;
    }
    if (end_transaction(store, SQLITE_DONE, start)) return NXC_OK;
    pthread_mutex_lock(&store->lock);
    st = store->failure.code;
    if (job->err) *job->err = store->failure;
    pthread_mutex_unlock(&store->lock);
    return st;
}

static void note_learned(nxc__store *store) {
    int64_t bytes = 0;
    if (nxc__store_db_run(&store->db, NXC_SQL_LEARNED_BYTES, &bytes) ==
            SQLITE_DONE &&
        bytes > 0)
        store->learned_bytes = (uint64_t)bytes;
}

static void run_jobs(nxc__store *store, nxc__store_job *jobs) {
    if (jobs) nxc__store_db_run(&store->db, NXC_SQL_MORE_PAGES, NULL);
    for (nxc__store_job *job = jobs; job; job = job->next) {
        if (job->hide)
            nxc__store_db_run(&store->db, NXC_SQL_HIDE_DELETED, NULL);
        job->status = run_job(store, job);
        if (!job->hide) continue;
        nxc__store_db_run(&store->db, NXC_SQL_CHECKPOINT, NULL);
        nxc__store_db_run(&store->db, NXC_SQL_SHOW_DELETED, NULL);
    }
    if (!jobs) return;
    note_learned(store);
    nxc__store_db_run(&store->db, NXC_SQL_FEWER_PAGES, NULL);
    nxc__store_db_run(&store->db, NXC_SQL_FREE_MEMORY, NULL);
}

/* ---------------------------------------------------------- housekeeping */

/* One statement in a transaction of its own; rows deleted, or 0 on failure. */
static uint64_t delete_some(nxc__store *store, nxc__store_sql which,
                            int64_t before) {
    uint64_t start = nxc__clock_ns();
    if (!begin_transaction(store)) return 0;
    sqlite3_stmt *s = nxc__store_db_get(&store->db, which);
    int rc = SQLITE_ERROR;
    if (s) {
        sqlite3_bind_int64(s, 1, HOUSEKEEPING_ROWS);
        if (sqlite3_bind_parameter_count(s) > 1)
            sqlite3_bind_int64(s, 2, before);
        rc = nxc__store_db_run(&store->db, which, NULL);
    }
    uint64_t n =
        rc == SQLITE_DONE ? (uint64_t)sqlite3_changes(store->db.handle) : 0;
    return end_transaction(store, rc, start) ? n : 0;
}

static bool number(nxc__store *store, nxc__store_sql which, int64_t *out) {
    return store->db.handle &&
           nxc__store_db_run(&store->db, which, out) == SQLITE_DONE;
}

static bool read_pages(nxc__store *store, int64_t *page, int64_t *n,
                       int64_t *n_free) {
    *page = *n = *n_free = 0;
    bool ok = number(store, NXC_SQL_PAGE_SIZE, page) &&
              number(store, NXC_SQL_PAGE_COUNT, n) &&
              number(store, NXC_SQL_FREE_PAGES, n_free);
    if (ok)
        nxc__metrics_set(store->options.metrics, NXC_METRIC_store_bytes,
                         (uint64_t)((*n - *n_free) * *page));
    return ok;
}

static bool is_queue_half_full(nxc__store *store) {
    pthread_mutex_lock(&store->lock);
    bool half = store->front.n > store->options.queue_rows / 2;
    pthread_mutex_unlock(&store->lock);
    return half;
}

static void expire(nxc__store *store) {
    int64_t now = nxc__store_now(store);
    if (store->options.ttl_seconds <= 0 || now == store->expired_at) return;
    store->expired_at = now;
    int64_t before = (int64_t)((double)now - store->options.ttl_seconds);
    static const nxc__store_sql tables[] = {NXC_SQL_EXPIRE_VECTORS,
                                            NXC_SQL_EXPIRE_EMBEDDINGS};
    for (size_t i = 0; i < 2; i++) {
        uint64_t n;
        do {
            n = store->db.handle ? delete_some(store, tables[i], before) : 0;
            nxc__metrics_add(store->options.metrics,
                             NXC_METRIC_store_rows_expired, n);
        } while (n == HOUSEKEEPING_ROWS && !is_queue_half_full(store));
    }
}

/* The table whose least recently used row is older; false if both are empty. */
static bool choose_table(nxc__store *store, nxc__store_sql *out) {
    int64_t vector = INT64_MAX, embedding = INT64_MAX;
    if (!number(store, NXC_SQL_OLDEST_VECTOR, &vector) ||
        !number(store, NXC_SQL_OLDEST_EMBEDDING, &embedding))
        return false;
    *out =
        vector <= embedding ? NXC_SQL_EVICT_VECTORS : NXC_SQL_EVICT_EMBEDDINGS;
    return vector != INT64_MAX || embedding != INT64_MAX;
}

static void want_touches(nxc__store *store) {
    pthread_mutex_lock(&store->lock);
    pthread_mutex_lock(&store->touch_lock);
    store->must_write_touches |= store->touches.n != 0;
    pthread_mutex_unlock(&store->touch_lock);
    pthread_mutex_unlock(&store->lock);
}

static void evict(nxc__store *store) {
    uint64_t max = store->options.max_bytes;
    int64_t page, n, n_free;
    nxc__store_sql table;
    while (max && read_pages(store, &page, &n, &n_free)) {
        uint64_t used = (uint64_t)((n - n_free) * page);
        used -= used < store->learned_bytes ? used : store->learned_bytes;
        if (used <= max) return;
        want_touches(store); /* the next rows to go are chosen by them */
        if (!choose_table(store, &table)) return;
        if (used < max + max / 8 && is_queue_half_full(store)) return;
        uint64_t gone = delete_some(store, table, 0);
        nxc__metrics_add(store->options.metrics, NXC_METRIC_store_rows_evicted,
                         gone);
        if (!gone) return;
    }
}

static void give_back(nxc__store *store) {
    int64_t page, n, n_free, before = INT64_MAX;
    while (read_pages(store, &page, &n, &n_free) && n_free > FREE_PAGES &&
           n_free > n / 4 && n_free < before) {
        before = n_free;
        uint64_t start = nxc__clock_ns();
        if (!begin_transaction(store)) return;
        int rc = nxc__store_db_run(&store->db, NXC_SQL_GIVE_BACK, NULL);
        if (!end_transaction(store, rc, start) || is_queue_half_full(store))
            return;
    }
}

/* ---------------------------------------------------------- clear, damage */

static void clear(nxc__store *store) {
    uint64_t start = nxc__clock_ns();
    int64_t page, n, n_free, before = INT64_MAX;
    nxc__store_db *db = &store->db;
    if (!begin_transaction(store)) return;
    int rc = nxc__store_db_run(db, NXC_SQL_CLEAR_VECTORS, NULL);
    if (rc == SQLITE_DONE)
        rc = nxc__store_db_run(db, NXC_SQL_CLEAR_EMBEDDINGS, NULL);
    if (!end_transaction(store, rc, start)) return;
    while (read_pages(store, &page, &n, &n_free) && n_free && n_free < before) {
        before = n_free;
        if (nxc__store_db_run(db, NXC_SQL_GIVE_BACK, NULL) != SQLITE_DONE)
            return;
    }
    nxc__store_db_run(db, NXC_SQL_CHECKPOINT, NULL); /* as far as readers let */
}

static bool is_damaged(const nxc__store *store) {
    return nxc__atomic_word_get(&store->damaged) >=
           nxc__atomic_word_get(&store->generation);
}

static bool is_given_up(const nxc__store *store) {
    return store->n_quarantined >= MAX_QUARANTINES;
}

static void fail(nxc__store *store, const nxc_error *err) {
    pthread_mutex_lock(&store->lock);
    store->failure = *err;
    pthread_mutex_unlock(&store->lock);
    nxc__metrics_add(store->options.metrics, NXC_METRIC_store_errors, 1);
}

/* A disk that damages one database after the other gets no further one; one
 * that holds others' tables stays where they look for it. */
static nxc_status quarantine(nxc__store *store, nxc_error *err) {
    nxc__metrics *m = store->options.metrics;
    if (store->is_shared) store->n_quarantined = MAX_QUARANTINES;
    if (!is_given_up(store)) store->n_quarantined++;
    if (is_given_up(store)) nxc__metrics_add(m, NXC_METRIC_tier_disabled, 1);
    if (store->is_shared)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "%s: expected a database, got a damaged one, which "
                          "holds other tables too: restore it from a backup",
                          store->path);
    nxc__metrics_add(m, NXC_METRIC_store_quarantined, 1);
    return nxc__store_set_aside(store->path, store->quarantined,
                                sizeof store->quarantined, err);
}

/* Begin the next generation, or open the connection that an error closed. */
static void reopen(nxc__store *store) {
    nxc_error err;
    nxc_status st = NXC_OK;
    char moved[sizeof store->quarantined];
    bool damaged = is_damaged(store);
    nxc__store_db_close(&store->db);
    if (is_given_up(store)) return;
    if (damaged) st = quarantine(store, &err);
    if (st == NXC_OK)
        st = nxc__store_prepare(&store->db, store->path, moved, sizeof moved,
                                &err);
    if (st != NXC_OK) {
        fail(store, &err);
        return;
    }
    if (moved[0]) {
        memcpy(store->quarantined, moved, sizeof moved);
        nxc__metrics_add(store->options.metrics, NXC_METRIC_store_quarantined,
                         1);
    }
    if (damaged || moved[0])
        nxc__atomic_word_raise(&store->generation,
                               nxc__atomic_word_get(&store->generation) + 1);
}

/* ---------------------------------------------------------- the thread */

static void work(nxc__store *store, bool must_clear, nxc__store_job *jobs) {
    if (is_damaged(store) || !store->db.handle) reopen(store);
    write_rows(store);
    write_accesses(store);
    run_jobs(store, jobs);
    if (must_clear && store->db.handle) clear(store);
    if (store->db.handle) expire(store);
    if (store->db.handle) evict(store);
    if (store->db.handle) give_back(store);
    if (is_damaged(store)) reopen(store); /* found just now */
}

static bool has_work(const nxc__store *store) {
    return store->front.n || store->must_clear || store->must_write_touches ||
           store->jobs || store->n_flushes != store->n_flushed ||
           (is_damaged(store) && !is_given_up(store));
}

/* The queue; and the accesses, if it is time: the longer they are added up, the
 * fewer rows are written for them. The lock is held. */
static void take(nxc__store *store, bool with_touches) {
    nxc__store_queue queue = store->back;
    store->back = store->front;
    store->front = queue;
    if (with_touches || store->must_write_touches) {
        pthread_mutex_lock(&store->touch_lock);
        nxc__store_touches touches = store->back_touches;
        store->back_touches = store->touches;
        store->touches = touches;
        pthread_mutex_unlock(&store->touch_lock);
    }
    store->must_clear = store->must_write_touches = false;
}

void *nxc__store_writer_main(void *arg) {
    nxc__store *store = arg;
    nxc__metrics *m = store->options.metrics;
    note_learned(store);
    pthread_mutex_lock(&store->lock);
    for (;;) {
        while (!store->quit && !has_work(store))
            pthread_cond_wait(&store->work, &store->lock);
        bool quit = store->quit, must_clear = store->must_clear;
        uint64_t flush = store->n_flushes;
        nxc__store_job *jobs = store->jobs;
        store->jobs = NULL;
        take(store, quit || flush != store->n_flushed);
        nxc__metrics_set(m, NXC_METRIC_store_queue_depth, 0);
        pthread_mutex_unlock(&store->lock);
        work(store, must_clear, jobs);
        store->back.n = store->back.bytes.len = 0;
        if (store->back_touches.n)
            memset(store->back_touches.slots, 0,
                   NXC_STORE_TOUCHES * sizeof *store->back_touches.slots);
        store->back_touches.n = 0;
        pthread_mutex_lock(&store->lock);
        store->n_flushed = flush;
        for (; jobs; jobs = jobs->next)
            jobs->is_done = true;
        pthread_cond_broadcast(&store->idle);
        if (quit && !store->front.n) break;
    }
    pthread_mutex_unlock(&store->lock);
    return NULL;
}
