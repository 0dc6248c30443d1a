#include "cache/store_db.h"

#include <string.h>

#include "base/error.h"

/* Milliseconds. A reader in write-ahead mode waits for nobody, except for the
 * instant in which the log is made anew: a request must not feel more. */
#define READ_TIMEOUT 2
#define WRITE_TIMEOUT 5000

const char *nxc__store_sql_text(nxc__store_sql which) {
    static const char *const texts[] = {
#define NXC_STORE_SQL(name, sql) sql,
#include "cache/store_sql.def"
#undef NXC_STORE_SQL
    };
    return texts[which];
}

bool nxc__store_db_is_damage(int result) {
    return (result & 0xFF) == SQLITE_CORRUPT ||
           (result & 0xFF) == SQLITE_NOTADB;
}

static nxc_status status_of(int result) {
    switch (result & 0xFF) {
    case SQLITE_NOMEM:
        return NXC_ERR_NOMEM;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_SCHEMA:
        return NXC_ERR_FORMAT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return NXC_ERR_STATE;
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
        return NXC_ERR_LIMIT;
    default:
        return NXC_ERR_IO;
    }
}

nxc_status nxc__store_db_error(const nxc__store_db *db, const char *path,
                               const char *what, nxc_error *err) {
    int code = db->handle ? sqlite3_errcode(db->handle) : SQLITE_NOMEM;
    const char *text =
        db->handle ? sqlite3_errmsg(db->handle) : "out of memory";
    bool is_missing = (code & 0xFF) == SQLITE_CANTOPEN;
    return nxc__error(err, status_of(code), "%s: expected to %s, got: %s%s",
                      path, what, text,
                      is_missing ? "; it must be a file, in a folder that can "
                                   "be written"
                                 : "");
}

/* What a file says must not run code: STYLE's rule on untrusted input, and
 * SQLite's own advice (sqlite.org/security.html, 1.2). */
static bool protect(sqlite3 *handle) {
    static const struct {
        int option, value;
    } settings[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
        {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
        {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
        {SQLITE_DBCONFIG_DQS_DML, 0},
    };
    bool ok = true;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        ok &= sqlite3_db_config(handle, settings[i].option, settings[i].value,
                                NULL) == SQLITE_OK;
    return ok;
}

nxc_status nxc__store_db_open(nxc__store_db *db, const char *path,
                              nxc__db_mode mode, nxc_error *err) {
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    flags |= mode == NXC_DB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (mode == NXC_DB_CREATE) flags |= SQLITE_OPEN_CREATE;
    memset(db, 0, sizeof *db);
    int rc = sqlite3_open_v2(path, &db->handle, flags, NULL);
    nxc_status st = NXC_OK;
    if (rc != SQLITE_OK || !protect(db->handle))
        st = nxc__store_db_error(db, path, "open a database", err);
    if (st == NXC_OK) {
        sqlite3_extended_result_codes(db->handle, 1);
        sqlite3_busy_timeout(db->handle, mode == NXC_DB_READ ? READ_TIMEOUT
                                                             : WRITE_TIMEOUT);
        /* Only the writer moves the log into the database. */
        if (mode == NXC_DB_READ)
            sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
                              NULL);
        st = nxc__store_db_exec(
            db, path, "PRAGMA mmap_size=0; PRAGMA cell_size_check=ON", err);
    }
    if (st != NXC_OK) nxc__store_db_close(db);
    return st;
}

void nxc__store_db_close(nxc__store_db *db) {
    for (size_t i = 0; i < NXC_N_STORE_SQL; i++)
        sqlite3_finalize(db->statements[i]);
    sqlite3_close(db->handle);
    memset(db, 0, sizeof *db);
}

sqlite3_stmt *nxc__store_db_get(nxc__store_db *db, nxc__store_sql which) {
    sqlite3_stmt **s = &db->statements[which];
    if (!*s && db->handle)
        sqlite3_prepare_v3(db->handle, nxc__store_sql_text(which), -1,
                           SQLITE_PREPARE_PERSISTENT, s, NULL);
    return *s;
}

int nxc__store_db_run(nxc__store_db *db, nxc__store_sql which, int64_t *value) {
    sqlite3_stmt *s = nxc__store_db_get(db, which);
    if (!s)
        return db->handle ? sqlite3_extended_errcode(db->handle) : SQLITE_NOMEM;
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW && value) *value = sqlite3_column_int64(s, 0);
    while (rc == SQLITE_ROW)
        rc = sqlite3_step(s);
    int end = sqlite3_reset(s);
    return rc == SQLITE_DONE && end != SQLITE_OK ? end : rc;
}

nxc_status nxc__store_db_exec(nxc__store_db *db, const char *path,
                              const char *sql, nxc_error *err) {
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
        return NXC_OK;
    return nxc__store_db_error(db, path, "use a database", err);
}
