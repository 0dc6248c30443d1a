#include "cache/store_schema.h"

#include <stdio.h>

#include "base/error.h"

static const char *const schemas[] = {
#include "store_schema.inc"
};
#define N_SCHEMAS ((int)(sizeof schemas / sizeof *schemas))

int nxc__store_schema_version(void) { return N_SCHEMAS; }

static nxc_status apply(nxc__store_db *db, const char *path, int from, int to,
                        nxc_error *err) {
    char text[96];
    for (int v = from; v < to; v++)
        NXC_TRY(nxc__store_db_exec(db, path, schemas[v], err));
    snprintf(text, sizeof text,
             "PRAGMA application_id=%d; PRAGMA user_version=%d",
             NXC_STORE_APPLICATION_ID, to);
    return nxc__store_db_exec(db, path, text, err);
}

nxc_status nxc__store_schema_apply(nxc__store_db *db, const char *path,
                                   int from, nxc_error *err) {
    return apply(db, path, from, N_SCHEMAS, err);
}

/* Whether db has every table and index that model has, word for word. Others
 * may stand beside them: a migrated database keeps its own. */
static int has_all(nxc__store_db *db, nxc__store_db *model, bool *all) {
    static const char wanted[] =
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql NOTNULL"
        " AND name NOT LIKE 'sqlite_%'";
    static const char found[] =
        "SELECT 1 FROM sqlite_schema WHERE type=?1 AND name=?2 AND tbl_name=?3"
        " AND sql=?4";
    sqlite3_stmt *want = NULL, *find = NULL;
    int rc = sqlite3_prepare_v2(model->handle, wanted, -1, &want, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db->handle, found, -1, &find, NULL);
    *all = true;
    while (rc == SQLITE_OK && *all && sqlite3_step(want) == SQLITE_ROW) {
        for (int i = 0; i < 4 && rc == SQLITE_OK; i++)
            rc = sqlite3_bind_value(find, i + 1, sqlite3_column_value(want, i));
        if (rc == SQLITE_OK) *all = sqlite3_step(find) == SQLITE_ROW;
        if (rc == SQLITE_OK) rc = sqlite3_reset(find);
    }
    int end = sqlite3_finalize(want);
    sqlite3_finalize(find);
    if (rc == SQLITE_OK) rc = end;
    return rc;
}

/* The tables of a version are compared with those of a fresh database. */
static nxc_status compare(nxc__store_db *db, const char *path, int version,
                          bool *all, int *rc, nxc_error *err) {
    nxc__store_db model;
    NXC_TRY(nxc__store_db_open(&model, ":memory:", NXC_DB_CREATE, err));
    nxc_status st = apply(&model, ":memory:", 0, version, err);
    if (st == NXC_OK) *rc = has_all(db, &model, all);
    nxc__store_db_close(&model);
    if (st != NXC_OK || *rc == SQLITE_OK || nxc__store_db_is_damage(*rc))
        return st;
    return nxc__store_db_error(db, path, "read its tables", err);
}

typedef struct numbers {
    int64_t application, version, tables, others;
} numbers;

static int read_numbers(nxc__store_db *db, numbers *n) {
    static const char tables[] =
        "SELECT count(*), total(name NOT IN ('feature_vector_cache',"
        " 'embedding_cache', 'learned_session', 'learned_secret')) FROM "
        "sqlite_schema WHERE type IN ('table',"
        " 'view') AND name NOT LIKE 'sqlite_%'";
    int rc = nxc__store_db_run(db, NXC_SQL_APPLICATION_ID, &n->application);
    if (rc != SQLITE_DONE) return rc;
    rc = nxc__store_db_run(db, NXC_SQL_USER_VERSION, &n->version);
    if (rc != SQLITE_DONE) return rc;
    sqlite3_stmt *s = NULL;
    rc = sqlite3_prepare_v2(db->handle, tables, -1, &s, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        n->tables = sqlite3_column_int64(s, 0);
        n->others = sqlite3_column_int64(s, 1);
    }
    int end = sqlite3_finalize(s);
    return rc == SQLITE_ROW ? SQLITE_DONE : end;
}

bool nxc__store_schema_is_shared(nxc__store_db *db) {
    numbers n = {0, 0, 0, 0};
    return read_numbers(db, &n) == SQLITE_DONE && n.others != 0;
}

nxc_status nxc__store_schema_read(nxc__store_db *db, const char *path,
                                  nxc__schema_state *state, int *version,
                                  nxc_error *err) {
    numbers n = {0, 0, 0, 0};
    *version = 0;
    *state = NXC_SCHEMA_DAMAGED;
    int rc = read_numbers(db, &n);
    if (nxc__store_db_is_damage(rc)) return NXC_OK;
    if (rc != SQLITE_DONE)
        return nxc__store_db_error(db, path, "read its tables", err);
    *version = (int)n.version;
    if (n.application == 0 && n.version == 0 && n.tables == 0)
        *state = NXC_SCHEMA_EMPTY;
    else if (n.application != NXC_STORE_APPLICATION_ID)
        *state = NXC_SCHEMA_FOREIGN;
    else if (n.version > N_SCHEMAS)
        *state = NXC_SCHEMA_LATER;
    else if (n.version >= 1) {
        bool all = false;
        NXC_TRY(compare(db, path, (int)n.version, &all, &rc, err));
        if (rc == SQLITE_OK && all)
            *state =
                n.version == N_SCHEMAS ? NXC_SCHEMA_CURRENT : NXC_SCHEMA_OLDER;
        else if (rc == SQLITE_OK && n.others)
            *state = NXC_SCHEMA_FOREIGN;
    }
    return NXC_OK;
}
