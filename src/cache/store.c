/*
 * The persistent tier: opening, and what any thread may call.
 *
 * Layout. store_sql.def has the statements, store_db.c a connection,
 * store_schema.c the versions, store_files.c lock and quarantine, store_row.c
 * the bytes of a row, store_writer.c the thread that writes, store_reader.c the
 * finds, store_stats.c counting and verifying.
 *
 *     put ---copy---> front queue --swap--> back queue --transaction--> SQLite
 *     touch --add up--> accesses --swap--> ...                            |
 *     find <------------- a reader's connection, write-ahead log <--------+
 *
 * A record of the queue is an nxc__store_record and the payload as it will be
 * stored; checksums are made by the writer. Accesses are added up in a small
 * hash table by key; a full one drops them. So a hit costs no write, and a
 * thousand hits of one row cost one.
 *
 * Threading. Two locks, of the queue and of the accesses, held for copies only;
 * the second is only tried, so a hit never waits. What each field is guarded by
 * stands in store_handle.h. Cost: put and touch well below a microsecond,
 * plus the wake-up of a sleeping writer.
 */
#include "cache/store.h"

#include <string.h>

#include "cache/store_handle.h"

#define DEFAULT_QUEUE_ROWS 4096
#define MAX_QUEUE_ROWS ((size_t)1 << 20)
/* Room of the queue: embeddings of 384 numbers, and twice that. */
#define BYTES_PER_ROW 4096

/* ---------------------------------------------------------- open, close */

static nxc_status start(nxc__store *store, nxc_error *err) {
    int rc =
        pthread_create(&store->thread, NULL, nxc__store_writer_main, store);
    if (rc == 0) return NXC_OK;
    return nxc__error(err, NXC_ERR_IO,
                      "threads: expected a writer, got error %d", rc);
}

static nxc_status open_files(nxc__store *store, nxc_error *err) {
    bool is_locked = nxc__store_lock(store->path, &store->lock_fd);
    store->is_writer = store->lock_fd >= 0;
    if (store->is_writer) {
        NXC_TRY(nxc__store_prepare(&store->db, store->path, store->quarantined,
                                   sizeof store->quarantined, err));
        if (store->quarantined[0])
            nxc__metrics_add(store->options.metrics,
                             NXC_METRIC_store_quarantined, 1);
        store->is_shared = nxc__store_schema_is_shared(&store->db);
        store->is_writer = !sqlite3_db_readonly(store->db.handle, "main");
        if (store->is_writer) return NXC_OK;
    }
    /* A database that cannot be read is an error now, not at the first find. */
    nxc__store_db_close(&store->db);
    nxc__store_unlock(store->lock_fd);
    store->lock_fd = -1;
    NXC_TRY(
        nxc__store_prepare_reading(&store->db, store->path, is_locked, err));
    nxc__store_db_close(&store->db);
    return NXC_OK;
}

static void release(nxc__store *store) {
    const nxc_allocator *alloc = store->alloc;
    size_t slots = NXC_STORE_TOUCHES * sizeof(nxc__store_access);
    nxc__store_db_close(&store->db);
    nxc__store_unlock(store->lock_fd);
    nxc__buffer_release(&store->front.bytes);
    nxc__buffer_release(&store->back.bytes);
    nxc__free(alloc, store->touches.slots, slots);
    nxc__free(alloc, store->back_touches.slots, slots);
    pthread_mutex_destroy(&store->lock);
    pthread_mutex_destroy(&store->touch_lock);
    pthread_cond_destroy(&store->work);
    pthread_cond_destroy(&store->idle);
    nxc__free(alloc, store, sizeof *store);
}

static nxc_status new_store(const char *path, const nxc__store_options *options,
                            const nxc_allocator *alloc, nxc__store **out,
                            nxc_error *err) {
    size_t slots = NXC_STORE_TOUCHES * sizeof(nxc__store_access);
    nxc__store *s = nxc__alloc_zero(alloc, sizeof *s);
    if (!s) return nxc__error_nomem(err, sizeof *s);
    s->alloc = alloc;
    s->options = *options;
    s->lock_fd = -1;
    if (s->options.queue_rows == 0) s->options.queue_rows = DEFAULT_QUEUE_ROWS;
    if (s->options.queue_rows > MAX_QUEUE_ROWS)
        s->options.queue_rows = MAX_QUEUE_ROWS;
    memcpy(s->path, path, strlen(path) + 1);
    nxc__atomic_word_raise(&s->generation, 1);
    nxc__buffer_init(&s->front.bytes, alloc,
                     s->options.queue_rows * BYTES_PER_ROW);
    s->back.bytes = s->front.bytes;
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->touch_lock, NULL);
    pthread_cond_init(&s->work, NULL);
    pthread_cond_init(&s->idle, NULL);
    s->touches.slots = nxc__alloc_zero(alloc, slots);
    s->back_touches.slots = nxc__alloc_zero(alloc, slots);
    if (!s->touches.slots || !s->back_touches.slots) {
        release(s);
        return nxc__error_nomem(err, slots);
    }
    *out = s;
    return NXC_OK;
}

nxc_status nxc__store_open(const char *path, const nxc__store_options *options,
                           const nxc_allocator *alloc, nxc__store **out,
                           nxc_error *err) {
    nxc__store *s = NULL;
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof s->path)
        return nxc__error(err, NXC_ERR_INVALID,
                          "store: expected a path of 1 to %zu bytes, got %zu",
                          sizeof s->path - 1, len);
    if (sqlite3_threadsafe() == 0 || sqlite3_libversion_number() < 3037000)
        return nxc__error(err, NXC_ERR_UNSUPPORTED,
                          "SQLite: expected 3.37 or later with threads, got %s",
                          sqlite3_libversion());
    NXC_TRY(
        new_store(path, options, nxc__allocator_or_default(alloc), &s, err));
    nxc_status st = open_files(s, err);
    if (st == NXC_OK && s->is_writer) st = start(s, err);
    if (st != NXC_OK) {
        release(s);
        return st;
    }
    *out = s;
    return NXC_OK;
}

void nxc__store_close(nxc__store *store) {
    if (!store) return;
    if (store->is_writer) {
        pthread_mutex_lock(&store->lock);
        store->quit = true;
        pthread_cond_signal(&store->work);
        pthread_mutex_unlock(&store->lock);
        pthread_join(store->thread, NULL);
    }
    release(store);
}

bool nxc__store_is_writer(const nxc__store *store) { return store->is_writer; }

const char *nxc__store_set_aside_as(const nxc__store *store) {
    return store->quarantined[0] ? store->quarantined : NULL;
}

/* ---------------------------------------------------------- the queue */

/* Room for a record, or NULL. lock is held. */
static nxc__store_record *extend(nxc__store *store, size_t payload_bytes) {
    nxc__store_queue *q = &store->front;
    size_t n = sizeof(nxc__store_record) + (payload_bytes + 7) / 8 * 8;
    if (q->n == store->options.queue_rows) return NULL;
    nxc__store_record *r = nxc__buffer_extend(&q->bytes, n);
    q->bytes.status = NXC_OK; /* full today, or no memory today */
    if (!r) return NULL;
    r->payload_bytes = payload_bytes;
    q->n++;
    nxc__metrics_set(store->options.metrics, NXC_METRIC_store_queue_depth,
                     q->n);
    if (q->n == 1) pthread_cond_signal(&store->work);
    return r;
}

static void put(nxc__store *store, nxc__store_record *row, const float *numbers,
                size_t n) {
    nxc__store_record *r = NULL;
    if (store->is_writer && n && n <= NXC_STORE_MAX_FLOATS) {
        pthread_mutex_lock(&store->lock);
        r = extend(store, nxc__payload_bytes(n));
        if (r) {
            row->payload_bytes = r->payload_bytes;
            *r = *row;
            nxc__payload_encode(numbers, n, r + 1);
        }
        pthread_mutex_unlock(&store->lock);
    }
    if (!r)
        nxc__metrics_add(store->options.metrics, NXC_METRIC_store_queue_dropped,
                         1);
}

void nxc__store_put_vector(nxc__store *store, const nxc__vector_key *key,
                           const float *vector, size_t n_features,
                           const nxc__vector_info *info) {
    nxc__store_record r = {.kind = NXC_ROW_VECTOR, .key.vector = *key};
    if (info) r.info = *info;
    put(store, &r, vector, n_features);
}

void nxc__store_put_embedding(nxc__store *store, const nxc__embedding_key *key,
                              const float *row, size_t dim) {
    nxc__store_record r = {.kind = NXC_ROW_EMBEDDING, .key.embedding = *key};
    put(store, &r, row, dim);
}

void nxc__store_put_away(nxc__store *store, nxc__row_kind kind, int64_t id) {
    if (!store->is_writer) {
        nxc__metrics_add(store->options.metrics, NXC_METRIC_store_rows_damaged,
                         1);
        return;
    }
    pthread_mutex_lock(&store->lock);
    nxc__store_record *r = extend(store, 0);
    if (r) {
        r->kind = kind;
        r->must_delete = true;
        r->id = id;
    }
    pthread_mutex_unlock(&store->lock);
}

/* ---------------------------------------------------------- accesses */

/* The slot of a key, or the free one where it belongs. */
static nxc__store_access *find_slot(nxc__store_touches *t, nxc__row_kind kind,
                                    const void *key) {
    size_t bytes = nxc__row_key_bytes(kind);
    size_t i = (size_t)nxc__hash64(key, bytes, kind);
    for (;; i++) {
        nxc__store_access *slot = &t->slots[i % NXC_STORE_TOUCHES];
        if (!slot->kind ||
            (slot->kind == kind && memcmp(&slot->key, key, bytes) == 0))
            return slot;
    }
}

/* Whether it is noted; *half_full once. touch_lock is held. */
static bool note(nxc__store_touches *t, nxc__row_kind kind, const void *key,
                 bool *half_full) {
    nxc__store_access *slot = find_slot(t, kind, key);
    if (!slot->kind) {
        if (t->n == NXC_STORE_TOUCHES * 3 / 4) return false;
        slot->kind = kind;
        memcpy(&slot->key, key, nxc__row_key_bytes(kind));
        *half_full = ++t->n == NXC_STORE_TOUCHES / 2;
    }
    slot->n++;
    return true;
}

/* A hit waits for nobody: an access that meets another one is not noted. */
void nxc__store_touch(nxc__store *store, nxc__row_kind kind, const void *key) {
    bool is_noted = false, half_full = false;
    if (store->is_writer && pthread_mutex_trylock(&store->touch_lock) == 0) {
        is_noted = note(&store->touches, kind, key, &half_full);
        pthread_mutex_unlock(&store->touch_lock);
    }
    if (!is_noted)
        nxc__metrics_add(store->options.metrics,
                         NXC_METRIC_store_touches_dropped, 1);
    if (!half_full) return;
    pthread_mutex_lock(&store->lock);
    store->must_write_touches = true;
    pthread_cond_signal(&store->work);
    pthread_mutex_unlock(&store->lock);
}

void nxc__store_touch_vector(nxc__store *store, const nxc__vector_key *key) {
    nxc__store_touch(store, NXC_ROW_VECTOR, key);
}

/* ---------------------------------------------------------- waiting */

static nxc_status wait_for_writer(nxc__store *store, bool must_clear,
                                  nxc_error *err) {
    pthread_mutex_lock(&store->lock);
    store->must_clear |= must_clear;
    uint64_t ticket = ++store->n_flushes;
    pthread_cond_signal(&store->work);
    while (store->n_flushed < ticket)
        pthread_cond_wait(&store->idle, &store->lock);
    nxc_status st = store->failure.code;
    if (st != NXC_OK && err) *err = store->failure;
    store->failure.code = NXC_OK;
    pthread_mutex_unlock(&store->lock);
    return st;
}

nxc_status nxc__store_flush(nxc__store *store, nxc_error *err) {
    return store->is_writer ? wait_for_writer(store, false, err) : NXC_OK;
}

static nxc_status refuse_to_write(const nxc__store *store, nxc_error *err) {
    return nxc__error(
        err, NXC_ERR_STATE,
        "%s: expected to be the process that writes, got another: "
        "end it, or make the file writable",
        store->path);
}

nxc_status nxc__store_clear(nxc__store *store, nxc_error *err) {
    return store->is_writer ? wait_for_writer(store, true, err)
                            : refuse_to_write(store, err);
}

nxc_status nxc__store_run(nxc__store *store, nxc__store_task task, void *user,
                          bool hide, nxc_error *err) {
    nxc__store_job job = {.task = task, .user = user, .err = err, .hide = hide};
    if (!store->is_writer) return refuse_to_write(store, err);
    pthread_mutex_lock(&store->lock);
    nxc__store_job **end = &store->jobs;
    while (*end)
        end = &(*end)->next;
    *end = &job;
    pthread_cond_signal(&store->work);
    while (!job.is_done)
        pthread_cond_wait(&store->idle, &store->lock);
    pthread_mutex_unlock(&store->lock);
    return job.status;
}

void nxc__store_report_damage(nxc__store *store, uint64_t generation) {
    nxc__atomic_word_raise(&store->damaged, generation);
    pthread_mutex_lock(&store->lock);
    pthread_cond_signal(&store->work);
    pthread_mutex_unlock(&store->lock);
}
