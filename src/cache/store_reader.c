/*
 * Finds: one connection and its prepared statements for each reader.
 *
 * A row is believed only if the checksum over the key that was asked for and
 * the payload that came is the one stored beside it: of 3,000 databases with a
 * few flipped bits SQLite's own check passed 60 % with a wrong vector in them.
 * A reader never waits for the writer (write-ahead log) and never writes: it
 * asks the writer to delete a damaged row, and tells it of a damaged database.
 */
#include <string.h>

#include "cache/store_handle.h"

nxc_status nxc__store_reader_new(nxc__store *store, nxc__store_reader **out,
                                 nxc_error *err) {
    nxc__store_reader *r = nxc__alloc_zero(store->alloc, sizeof *r);
    if (!r) return nxc__error_nomem(err, sizeof *r);
    r->store = store;
    *out = r; /* the connection is opened by the first find */
    return NXC_OK;
}

void nxc__store_reader_free(nxc__store_reader *reader) {
    if (!reader) return;
    const nxc_allocator *alloc = reader->store->alloc;
    nxc__store_db_close(&reader->db);
    nxc__free(alloc, reader->scratch, NXC_STORE_MAX_FLOATS * sizeof(float));
    nxc__free(alloc, reader, sizeof *reader);
}

void nxc__store_reader_failed(nxc__store_reader *reader, int result) {
    nxc__metrics_add(reader->store->options.metrics, NXC_METRIC_store_errors,
                     1);
    if (nxc__store_db_is_damage(result))
        nxc__store_report_damage(reader->store, reader->generation);
}

sqlite3_stmt *nxc__store_reader_get(nxc__store_reader *reader,
                                    nxc__store_sql which) {
    nxc__store *store = reader->store;
    uint64_t now = nxc__atomic_word_get(&store->generation);
    if (nxc__atomic_word_get(&store->damaged) >= now) return NULL;
    if (reader->generation != now || !reader->db.handle) {
        nxc__store_db_close(&reader->db);
        reader->is_in_transaction = false;
        reader->generation = now;
        nxc_error err;
        if (nxc__store_db_open(&reader->db, store->path, NXC_DB_READ, &err) !=
            NXC_OK) {
            nxc__store_reader_failed(reader, SQLITE_CANTOPEN);
            return NULL;
        }
    }
    sqlite3_stmt *s = nxc__store_db_get(&reader->db, which);
    if (!s)
        nxc__store_reader_failed(reader,
                                 sqlite3_extended_errcode(reader->db.handle));
    return s;
}

void nxc__store_begin(nxc__store_reader *reader) {
    if (reader->is_in_transaction ||
        !nxc__store_reader_get(reader, NXC_SQL_BEGIN))
        return;
    int rc = nxc__store_db_run(&reader->db, NXC_SQL_BEGIN, NULL);
    reader->is_in_transaction = rc == SQLITE_DONE;
    if (rc != SQLITE_DONE) nxc__store_reader_failed(reader, rc);
}

void nxc__store_end(nxc__store_reader *reader) {
    if (!reader->is_in_transaction) return;
    reader->is_in_transaction = false;
    int rc = nxc__store_db_run(&reader->db, NXC_SQL_END, NULL);
    if (rc == SQLITE_DONE) return;
    nxc__store_reader_failed(reader, rc);
    nxc__store_db_close(&reader->db);
}

bool nxc__store_read_row(nxc__store_reader *reader, sqlite3_stmt *s,
                         nxc__row_kind kind, const void *key,
                         nxc__store_row *out) {
    out->id = sqlite3_column_int64(s, 0);
    out->created_at = sqlite3_column_int64(s, 2);
    out->payload = sqlite3_column_blob(s, 3);
    out->payload_bytes = (size_t)sqlite3_column_bytes(s, 3);
    out->n = nxc__payload_n(out->payload, out->payload_bytes);
    uint64_t sum = (uint64_t)sqlite3_column_int64(s, 1);
    if (out->n &&
        sum == nxc__row_checksum(kind, key, out->payload, out->payload_bytes))
        return true;
    if (sqlite3_errcode(reader->db.handle) != SQLITE_NOMEM)
        nxc__store_put_away(reader->store, kind, out->id);
    return false;
}

bool nxc__store_read_key(sqlite3_stmt *s, nxc__row_kind kind, void *key) {
    size_t n = nxc__row_key_bytes(kind) / sizeof(nxc__hash128);
    bool ok = true;
    memset(key, 0, nxc__row_key_bytes(kind));
    for (size_t i = 0; i < n; i++) {
        const void *hash = sqlite3_column_blob(s, (int)i + 4);
        ok &= hash &&
              sqlite3_column_bytes(s, (int)i + 4) == (int)sizeof(nxc__hash128);
        if (ok) memcpy((nxc__hash128 *)key + i, hash, sizeof(nxc__hash128));
    }
    return ok;
}

/* The row of a key, bit for bit; counts neither hit nor miss. */
static bool find(nxc__store_reader *reader, sqlite3_stmt *s, nxc__row_kind kind,
                 const void *key, float *out, size_t n) {
    const nxc__store *store = reader->store;
    nxc__store_row row;
    for (size_t i = 0; i < nxc__row_key_bytes(kind) / sizeof(nxc__hash128); i++)
        sqlite3_bind_blob(s, (int)i + 1, (const nxc__hash128 *)key + i,
                          sizeof(nxc__hash128), SQLITE_STATIC);
    int rc = sqlite3_step(s);
    bool hit =
        rc == SQLITE_ROW && nxc__store_read_row(reader, s, kind, key, &row) &&
        row.n == n &&
        (store->options.ttl_seconds <= 0 ||
         !nxc__store_is_expired(store, row.created_at, nxc__store_now(store)));
    if (hit)
        memcpy(out, (const char *)row.payload + sizeof(nxc__payload_header),
               n * sizeof *out);
    sqlite3_reset(s);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        nxc__store_reader_failed(reader, rc);
    return hit;
}

bool nxc__store_find_vector(nxc__store_reader *reader,
                            const nxc__vector_key *key, float *vector,
                            size_t n_features) {
    sqlite3_stmt *s = nxc__store_reader_get(reader, NXC_SQL_FIND_VECTOR);
    bool hit = s && find(reader, s, NXC_ROW_VECTOR, key, vector, n_features);
    if (hit) nxc__store_touch(reader->store, NXC_ROW_VECTOR, key);
    nxc__metrics_add(
        reader->store->options.metrics,
        hit ? NXC_METRIC_vector_store_hits : NXC_METRIC_vector_store_misses, 1);
    return hit;
}

bool nxc__store_find_embedding(nxc__store_reader *reader,
                               const nxc__embedding_key *key, float *row,
                               size_t dim) {
    sqlite3_stmt *s = nxc__store_reader_get(reader, NXC_SQL_FIND_EMBEDDING);
    bool hit = s && find(reader, s, NXC_ROW_EMBEDDING, key, row, dim);
    if (hit) nxc__store_touch(reader->store, NXC_ROW_EMBEDDING, key);
    nxc__metrics_add(reader->store->options.metrics,
                     hit ? NXC_METRIC_embedding_store_hits
                         : NXC_METRIC_embedding_store_misses,
                     1);
    return hit;
}

/* ---------------------------------------------------------- recent rows */

/* visit gets the row's numbers at reader->scratch. */
typedef bool (*visit_row)(void *user, const void *key, const float *numbers,
                          size_t n);

static nxc_status recent(nxc__store_reader *reader, nxc__store_sql which,
                         nxc__row_kind kind, size_t max, visit_row visit,
                         void *user, nxc_error *err) {
    size_t bytes = NXC_STORE_MAX_FLOATS * sizeof(float);
    if (!reader->scratch)
        reader->scratch = nxc__alloc(reader->store->alloc, bytes);
    if (!reader->scratch) return nxc__error_nomem(err, bytes);
    sqlite3_stmt *s = nxc__store_reader_get(reader, which);
    if (!s) return NXC_OK; /* nothing there to warm with */
    const nxc__store *store = reader->store;
    int64_t now = nxc__store_now(store);
    union {
        nxc__vector_key vector;
        nxc__embedding_key embedding;
    } key;
    sqlite3_bind_int64(s, 1, max > INT32_MAX ? INT32_MAX : (int)max);
    bool go_on = true;
    int rc = SQLITE_DONE;
    while (go_on && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        nxc__store_row row;
        bool has_key = nxc__store_read_key(s, kind, &key);
        if (!nxc__store_read_row(reader, s, kind, &key, &row) || !has_key ||
            nxc__store_is_expired(store, row.created_at, now))
            continue;
        memcpy(reader->scratch,
               (const char *)row.payload + sizeof(nxc__payload_header),
               row.n * sizeof(float));
        go_on = visit(user, &key, reader->scratch, row.n);
    }
    sqlite3_reset(s);
    if (rc == SQLITE_DONE || rc == SQLITE_ROW) return NXC_OK;
    nxc__store_reader_failed(reader, rc);
    return nxc__store_db_error(&reader->db, store->path, "read rows", err);
}

typedef struct vector_visitor {
    nxc__visit_vector visit;
    void *user;
} vector_visitor;
static bool visit_vector(void *user, const void *key, const float *numbers,
                         size_t n) {
    const vector_visitor *v = user;
    return v->visit(v->user, key, numbers, n);
}

typedef struct embedding_visitor {
    nxc__visit_embedding visit;
    void *user;
} embedding_visitor;
static bool visit_embedding(void *user, const void *key, const float *numbers,
                            size_t n) {
    const embedding_visitor *v = user;
    return v->visit(v->user, key, numbers, n);
}

nxc_status nxc__store_recent_vectors(nxc__store_reader *reader, size_t max,
                                     nxc__visit_vector visit, void *user,
                                     nxc_error *err) {
    vector_visitor v = {visit, user};
    return recent(reader, NXC_SQL_RECENT_VECTORS, NXC_ROW_VECTOR, max,
                  visit_vector, &v, err);
}

nxc_status nxc__store_recent_embeddings(nxc__store_reader *reader, size_t max,
                                        nxc__visit_embedding visit, void *user,
                                        nxc_error *err) {
    embedding_visitor v = {visit, user};
    return recent(reader, NXC_SQL_RECENT_EMBEDDINGS, NXC_ROW_EMBEDDING, max,
                  visit_embedding, &v, err);
}
