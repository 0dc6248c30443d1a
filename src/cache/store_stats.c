/* Counting and verifying, for people: nextcall cache stats and verify. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cache/store_handle.h"

/* Rows of one read transaction: the log can be moved on in between. */
#define ROWS_AT_ONCE 256

static nxc_status failed(nxc__store_reader *reader, int rc, nxc_error *err) {
    nxc_status st = nxc__store_db_error(&reader->db, reader->store->path,
                                        "count its rows", err);
    nxc__store_reader_failed(reader, rc);
    return st;
}

static nxc_status number(nxc__store_reader *reader, nxc__store_sql which,
                         uint64_t *out, nxc_error *err) {
    int64_t value = 0;
    if (!nxc__store_reader_get(reader, which))
        return reader->db.handle
                   ? failed(reader, SQLITE_OK, err)
                   : nxc__error(err, NXC_ERR_FORMAT,
                                "%s: expected a store of nextcall, got a "
                                "damaged file",
                                reader->store->path);
    int rc = nxc__store_db_run(&reader->db, which, &value);
    if (rc != SQLITE_DONE) return failed(reader, rc, err);
    *out = (uint64_t)value;
    return NXC_OK;
}

static nxc_status verify_rows(nxc__store_reader *reader, nxc__store_sql which,
                              nxc__row_kind kind, uint64_t *n_damaged,
                              nxc_error *err) {
    union {
        nxc__vector_key vector;
        nxc__embedding_key embedding;
    } key;
    int64_t after = INT64_MIN;
    size_t n;
    do {
        sqlite3_stmt *s = nxc__store_reader_get(reader, which);
        if (!s) return failed(reader, SQLITE_OK, err);
        sqlite3_bind_int64(s, 1, after);
        sqlite3_bind_int64(s, 2, ROWS_AT_ONCE);
        int rc;
        for (n = 0; (rc = sqlite3_step(s)) == SQLITE_ROW; n++) {
            nxc__store_row row;
            nxc__store_read_key(s, kind, &key); /* else the checksum differs */
            *n_damaged += !nxc__store_read_row(reader, s, kind, &key, &row);
            if (row.id <= after) break; /* damage must not lead in a circle */
            after = row.id;
        }
        sqlite3_reset(s);
        if (rc == SQLITE_ROW) rc = SQLITE_CORRUPT;
        if (rc != SQLITE_DONE) return failed(reader, rc, err);
    } while (n == ROWS_AT_ONCE);
    return NXC_OK;
}

static nxc_status check_structure(nxc__store_reader *reader,
                                  uint64_t *n_damaged, nxc_error *err) {
    sqlite3_stmt *s = nxc__store_reader_get(reader, NXC_SQL_INTEGRITY);
    if (!s) return failed(reader, SQLITE_OK, err);
    bool is_damaged = false;
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(s, 0);
        bool is_ok = text && strcmp(text, "ok") == 0;
        is_damaged |= !is_ok;
        *n_damaged += !is_ok;
    }
    sqlite3_reset(s);
    if (is_damaged) nxc__store_report_damage(reader->store, reader->generation);
    return rc == SQLITE_DONE ? NXC_OK : failed(reader, rc, err);
}

/* Of the database and of its log. */
static uint64_t file_bytes(const char *path) {
    char log[1100];
    struct stat sb;
    uint64_t n = stat(path, &sb) == 0 ? (uint64_t)sb.st_size : 0;
    snprintf(log, sizeof log, "%s-wal", path);
    return n + (stat(log, &sb) == 0 ? (uint64_t)sb.st_size : 0);
}

static nxc_status pass_over(void *user, const nxc__learned_row *row,
                            nxc_error *err) {
    (void)user;
    (void)row;
    (void)err;
    return NXC_OK;
}

nxc_status nxc__store_get_stats(nxc__store_reader *reader, bool verify,
                                nxc__store_stats *out, nxc_error *err) {
    uint64_t page = 0, n = 0, n_free = 0, version = 0;
    memset(out, 0, sizeof *out);
    NXC_TRY(number(reader, NXC_SQL_USER_VERSION, &version, err));
    NXC_TRY(number(reader, NXC_SQL_PAGE_SIZE, &page, err));
    NXC_TRY(number(reader, NXC_SQL_PAGE_COUNT, &n, err));
    NXC_TRY(number(reader, NXC_SQL_FREE_PAGES, &n_free, err));
    NXC_TRY(number(reader, NXC_SQL_COUNT_EMBEDDINGS, &out->n_embeddings, err));
    NXC_TRY(number(reader, NXC_SQL_COUNT_VECTORS, &out->n_vectors, err));
    NXC_TRY(number(reader, NXC_SQL_COUNT_LEARNED, &out->n_learned, err));
    out->user_version = (int)version;
    out->bytes_in_use = (n - n_free) * page;
    out->file_bytes = file_bytes(reader->store->path);
    if (!verify) return NXC_OK;
    NXC_TRY(verify_rows(reader, NXC_SQL_ALL_VECTORS, NXC_ROW_VECTOR,
                        &out->n_damaged, err));
    NXC_TRY(verify_rows(reader, NXC_SQL_ALL_EMBEDDINGS, NXC_ROW_EMBEDDING,
                        &out->n_damaged, err));
    NXC_TRY(nxc__learned_rows_each(reader, (nxc_str){NULL, 0}, pass_over, NULL,
                                   &out->n_damaged, err));
    return check_structure(reader, &out->n_damaged, err);
}
