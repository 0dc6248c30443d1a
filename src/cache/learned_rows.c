/*
 * Rows of the tables learned_session and learned_secret.
 *
 * Checksum of a session: XXH3-64 of the payload, seeded by that of the key
 * (both keys, both times, catalog), seeded by 3; of a secret: of its bytes,
 * seeded by 4. A row that differs is passed over wherever it is read, so that
 * damage costs a session and never invents one; nextcall cache verify counts
 * and deletes it.
 *
 * Threading: a task runs on the thread and the connection that write; readers
 * belong to one thread each. Cost: an index look-up a row.
 */
#include "cache/learned_rows.h"

#include <string.h>

#include "cache/store_handle.h"

/* Rows of one read transaction. */
#define ROWS_AT_ONCE 1024

/* ---------------------------------------------------------- checksums */

typedef struct row_key {
    nxc__hash128 key, group;
    int64_t first_ms, last_ms;
} row_key;
_Static_assert(sizeof(row_key) == 48, "no padding");

static uint64_t row_sum(const nxc__learned_row *r) {
    row_key key = {r->key, r->group, r->first_ms, r->last_ms};
    uint64_t seed = nxc__hash64(&key, sizeof key, 3);
    seed = nxc__hash64(r->catalog.ptr, r->catalog.len, seed);
    return nxc__hash64(r->payload.ptr, r->payload.len, seed);
}

static uint64_t secret_sum(const uint8_t *secret) {
    return nxc__hash64(secret, NXC_SECRET_BYTES, 4);
}

/* ---------------------------------------------------------- columns */

static bool read_hash(sqlite3_stmt *s, int column, nxc__hash128 *out) {
    const void *blob = sqlite3_column_blob(s, column);
    if (!blob || sqlite3_column_bytes(s, column) != (int)sizeof *out)
        return false;
    memcpy(out, blob, sizeof *out);
    return true;
}
static int64_t read_time(sqlite3_stmt *s, int column) {
    return sqlite3_column_type(s, column) == SQLITE_NULL
               ? NXC_TIME_UNKNOWN
               : sqlite3_column_int64(s, column);
}
static nxc_str read_bytes(sqlite3_stmt *s, int column) {
    const void *p = sqlite3_column_blob(s, column);
    return (nxc_str){p, p ? (size_t)sqlite3_column_bytes(s, column) : 0};
}

/* Columns NXC_LEARNED_COLUMNS; false if the row is damaged. */
static bool read_row(sqlite3_stmt *s, nxc__learned_row *out) {
    bool ok = read_hash(s, 0, &out->key);
    ok &= read_hash(s, 1, &out->group);
    out->first_ms = read_time(s, 2);
    out->last_ms = read_time(s, 3);
    out->payload = read_bytes(s, 5);
    out->catalog = read_bytes(s, 6);
    out->n_calls = 0;
    return ok && out->payload.len &&
           (uint64_t)sqlite3_column_int64(s, 4) == row_sum(out);
}

static void bind_hash(sqlite3_stmt *s, int i, const nxc__hash128 *h) {
    sqlite3_bind_blob(s, i, h, sizeof *h, SQLITE_STATIC);
}
static void bind_str(sqlite3_stmt *s, int i, nxc_str text) {
    sqlite3_bind_text(s, i, text.ptr ? text.ptr : "", (int)text.len,
                      SQLITE_STATIC);
}
static void bind_time(sqlite3_stmt *s, int i, int64_t ms) {
    if (ms == NXC_TIME_UNKNOWN)
        sqlite3_bind_null(s, i);
    else
        sqlite3_bind_int64(s, i, ms);
}

/* ---------------------------------------------------------- in a task */

static nxc_status failed(nxc__store_db *db, nxc_error *err) {
    return nxc__store_db_error(db, "store", "keep learned sessions", err);
}

/* Step to the end, each good row to visit. */
static nxc_status visit_all(nxc__store_db *db, sqlite3_stmt *s,
                            nxc__visit_learned visit, void *user,
                            nxc_error *err) {
    nxc_status st = NXC_OK;
    int rc = SQLITE_DONE;
    while (st == NXC_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        nxc__learned_row row;
        if (read_row(s, &row)) st = visit(user, &row, err);
    }
    if (st == NXC_OK && rc != SQLITE_DONE) st = failed(db, err);
    sqlite3_reset(s);
    return st;
}

nxc_status nxc__learned_row_find(nxc__store_db *db, nxc_str catalog,
                                 nxc__hash128 key, nxc__visit_learned visit,
                                 void *user, nxc_error *err) {
    sqlite3_stmt *s = nxc__store_db_get(db, NXC_SQL_FIND_LEARNED);
    if (!s) return failed(db, err);
    bind_str(s, 1, catalog);
    bind_hash(s, 2, &key);
    return visit_all(db, s, visit, user, err);
}

nxc_status nxc__learned_row_near(nxc__store_db *db, nxc_str catalog,
                                 nxc__hash128 group, int64_t from_ms,
                                 int64_t to_ms, size_t max,
                                 nxc__visit_learned visit, void *user,
                                 nxc_error *err) {
    sqlite3_stmt *s = nxc__store_db_get(db, NXC_SQL_NEAR_LEARNED);
    if (!s) return failed(db, err);
    bind_str(s, 1, catalog);
    bind_hash(s, 2, &group);
    sqlite3_bind_int64(s, 3, from_ms);
    sqlite3_bind_int64(s, 4, to_ms);
    sqlite3_bind_int64(s, 5, (sqlite3_int64)max);
    return visit_all(db, s, visit, user, err);
}

static nxc_status run(nxc__store_db *db, nxc__store_sql which, nxc_error *err) {
    return nxc__store_db_run(db, which, NULL) == SQLITE_DONE ? NXC_OK
                                                             : failed(db, err);
}

nxc_status nxc__learned_row_put(nxc__store_db *db, const nxc__learned_row *row,
                                nxc_error *err) {
    sqlite3_stmt *s = nxc__store_db_get(db, NXC_SQL_PUT_LEARNED);
    if (!s) return failed(db, err);
    bind_str(s, 1, row->catalog);
    bind_hash(s, 2, &row->key);
    bind_hash(s, 3, &row->group);
    bind_time(s, 4, row->first_ms);
    bind_time(s, 5, row->last_ms);
    sqlite3_bind_int64(s, 6, (sqlite3_int64)row_sum(row));
    sqlite3_bind_int64(s, 7, row->n_calls);
    sqlite3_bind_blob(s, 8, row->payload.ptr, (int)row->payload.len,
                      SQLITE_STATIC);
    return run(db, NXC_SQL_PUT_LEARNED, err);
}

nxc_status nxc__learned_row_delete(nxc__store_db *db, nxc_str catalog,
                                   nxc__hash128 key, nxc_error *err) {
    sqlite3_stmt *s = nxc__store_db_get(db, NXC_SQL_DELETE_LEARNED);
    if (!s) return failed(db, err);
    bind_str(s, 1, catalog);
    bind_hash(s, 2, &key);
    return run(db, NXC_SQL_DELETE_LEARNED, err);
}

nxc_status nxc__learned_row_forget(nxc__store_db *db, nxc__hash128 key,
                                   bool is_group, uint64_t *n, nxc_error *err) {
    nxc__store_sql which =
        is_group ? NXC_SQL_FORGET_GROUP : NXC_SQL_FORGET_SESSION;
    sqlite3_stmt *s = nxc__store_db_get(db, which);
    if (!s) return failed(db, err);
    bind_hash(s, 1, &key);
    NXC_TRY(run(db, which, err));
    *n += (uint64_t)sqlite3_changes(db->handle);
    return NXC_OK;
}

nxc_status nxc__learned_secret_add(nxc__store_db *db,
                                   const uint8_t secret[NXC_SECRET_BYTES],
                                   nxc_error *err) {
    sqlite3_stmt *s = nxc__store_db_get(db, NXC_SQL_PUT_SECRET);
    if (!s) return failed(db, err);
    sqlite3_bind_int64(s, 1, (sqlite3_int64)secret_sum(secret));
    sqlite3_bind_blob(s, 2, secret, NXC_SECRET_BYTES, SQLITE_STATIC);
    return run(db, NXC_SQL_PUT_SECRET, err);
}

nxc_status nxc__learned_secrets_read(nxc__store_db *db, nxc__secrets *out,
                                     nxc_error *err) {
    sqlite3_stmt *s = nxc__store_db_get(db, NXC_SQL_SECRETS);
    int rc;
    if (!s) return failed(db, err);
    out->n = 0;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW && out->n < NXC_MAX_SECRETS) {
        nxc_str secret = read_bytes(s, 2);
        if (secret.len != NXC_SECRET_BYTES ||
            (uint64_t)sqlite3_column_int64(s, 1) !=
                secret_sum((const uint8_t *)secret.ptr))
            continue;
        memcpy(out->bytes[out->n++], secret.ptr, NXC_SECRET_BYTES);
    }
    nxc_status st =
        rc == SQLITE_DONE || rc == SQLITE_ROW ? NXC_OK : failed(db, err);
    sqlite3_reset(s);
    return st;
}

/* ---------------------------------------------------------- on a reader */

/* Nothing to read is no error: the store is damaged or switched off. */
static nxc_status reader_failed(nxc__store_reader *reader, nxc_error *err) {
    if (!reader->db.handle)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "%s: expected a store of nextcall, got a damaged "
                          "file",
                          reader->store->path);
    nxc__store_reader_failed(reader,
                             sqlite3_extended_errcode(reader->db.handle));
    return nxc__store_db_error(&reader->db, reader->store->path,
                               "read learned sessions", err);
}

nxc_status nxc__learned_secrets(nxc__store_reader *reader, nxc__secrets *out,
                                nxc_error *err) {
    if (!nxc__store_reader_get(reader, NXC_SQL_SECRETS))
        return reader_failed(reader, err);
    return nxc__learned_secrets_read(&reader->db, out, err);
}

/* Where a walk over the table is. */
typedef struct walk {
    nxc__visit_learned visit;
    void *user;
    uint64_t *n_damaged;
    nxc_str only; /* ptr NULL: all catalogs */
    nxc__buffer catalog;
    nxc__hash128 key;
    bool is_done;
} walk;

/* A damaged row has no key to go on from but what its columns say. */
static nxc_status walk_row(walk *w, nxc__store_reader *reader, sqlite3_stmt *s,
                           nxc_error *err) {
    nxc__learned_row row;
    bool ok = read_row(s, &row);
    if (w->only.ptr && (row.catalog.len != w->only.len ||
                        (row.catalog.len && memcmp(row.catalog.ptr, w->only.ptr,
                                                   w->only.len) != 0))) {
        w->is_done = true;
        return NXC_OK;
    }
    if (ok) NXC_TRY(w->visit(w->user, &row, err));
    if (!ok && w->n_damaged) {
        ++*w->n_damaged;
        nxc__store_put_away(reader->store, NXC_ROW_LEARNED,
                            sqlite3_column_int64(s, 7));
    }
    if (!read_hash(s, 0, &w->key)) w->is_done = true;
    w->catalog.len = 0;
    nxc__buffer_append_str(&w->catalog, row.catalog);
    return nxc__buffer_status(&w->catalog, "catalog", err);
}

static nxc_status walk_some(walk *w, nxc__store_reader *reader, size_t *n,
                            nxc_error *err) {
    sqlite3_stmt *s = nxc__store_reader_get(reader, NXC_SQL_EACH_LEARNED);
    if (!s) return reader_failed(reader, err);
    nxc__hash128 key = w->key;
    nxc_status st = NXC_OK;
    int rc = SQLITE_DONE;
    sqlite3_bind_text(s, 1, w->catalog.data ? w->catalog.data : "",
                      (int)w->catalog.len, SQLITE_TRANSIENT);
    bind_hash(s, 2, &key);
    sqlite3_bind_int(s, 3, ROWS_AT_ONCE);
    *n = 0;
    while (st == NXC_OK && !w->is_done &&
           (rc = sqlite3_step(s)) == SQLITE_ROW) {
        st = walk_row(w, reader, s, err);
        ++*n;
    }
    if (st == NXC_OK && rc != SQLITE_DONE && rc != SQLITE_ROW)
        st = reader_failed(reader, err);
    sqlite3_reset(s);
    return st;
}

nxc_status nxc__learned_rows_each(nxc__store_reader *reader, nxc_str catalog,
                                  nxc__visit_learned visit, void *user,
                                  uint64_t *n_damaged, nxc_error *err) {
    walk w = {
        .visit = visit, .user = user, .n_damaged = n_damaged, .only = catalog};
    nxc_status st = NXC_OK;
    size_t n = ROWS_AT_ONCE;
    nxc__buffer_init(&w.catalog, reader->store->alloc, (size_t)1 << 20);
    nxc__buffer_append_str(&w.catalog, catalog);
    while (st == NXC_OK && !w.is_done && n == ROWS_AT_ONCE)
        st = walk_some(&w, reader, &n, err);
    nxc__buffer_release(&w.catalog);
    return st;
}

nxc_status nxc__learned_rows_of(nxc__store_reader *reader, nxc_str catalog,
                                nxc__hash128 key, bool is_group, size_t max,
                                nxc__visit_learned visit, void *user,
                                nxc_error *err) {
    nxc__store_sql which =
        is_group ? NXC_SQL_GROUP_LEARNED : NXC_SQL_FIND_LEARNED;
    sqlite3_stmt *s = nxc__store_reader_get(reader, which);
    if (!s) return reader_failed(reader, err);
    bind_str(s, 1, catalog);
    bind_hash(s, 2, &key);
    if (is_group) sqlite3_bind_int64(s, 3, (sqlite3_int64)max);
    return visit_all(&reader->db, s, visit, user, err);
}

nxc_status nxc__learned_rows_count(nxc__store_reader *reader,
                                   nxc__visit_learned_count visit, void *user,
                                   nxc_error *err) {
    sqlite3_stmt *s = nxc__store_reader_get(reader, NXC_SQL_LEARNED_CATALOGS);
    nxc_status st = NXC_OK;
    int rc = SQLITE_DONE;
    if (!s) return reader_failed(reader, err);
    while (st == NXC_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        nxc__learned_count c = {
            .catalog = read_bytes(s, 0),
            .n_sessions = (uint64_t)sqlite3_column_int64(s, 1),
            .n_calls = (uint64_t)sqlite3_column_int64(s, 2),
            .first_ms = read_time(s, 3),
            .last_ms = read_time(s, 4),
            .n_groups = (uint64_t)sqlite3_column_int64(s, 5),
            .n_bytes = (uint64_t)sqlite3_column_int64(s, 6)};
        st = visit(user, &c, err);
    }
    if (st == NXC_OK && rc != SQLITE_DONE) st = reader_failed(reader, err);
    sqlite3_reset(s);
    return st;
}

/* ---------------------------------------------------------- another store */

static nxc_status read_other(nxc__store_db *db, nxc__secrets *secrets,
                             nxc__visit_learned visit, void *user,
                             nxc_error *err) {
    sqlite3_stmt *s = nxc__store_db_get(db, NXC_SQL_EACH_LEARNED);
    static const nxc__hash128 none = {0, 0};
    NXC_TRY(nxc__learned_secrets_read(db, secrets, err));
    if (!s) return failed(db, err);
    bind_str(s, 1, (nxc_str){"", 0});
    bind_hash(s, 2, &none);
    sqlite3_bind_int64(s, 3, -1); /* no limit */
    return visit_all(db, s, visit, user, err);
}

nxc_status nxc__learned_rows_other(const char *path, nxc__secrets *secrets,
                                   nxc__visit_learned visit, void *user,
                                   nxc_error *err) {
    nxc__store_db db;
    NXC_TRY(nxc__store_prepare_reading(&db, path, false, err));
    nxc_status st = read_other(&db, secrets, visit, user, err);
    nxc__store_db_close(&db);
    return st;
}
