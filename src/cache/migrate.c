/*
 * nextcall migrate.
 *
 *     lock -> open -> BEGIN -> plan -> backup -> steps -> COMMIT
 *
 * The plan is a table of questions to the schema and answers in SQL, asked
 * within the transaction that acts on it, so that what was planned is what is
 * done. The backup is SQLite's own, made while the transaction keeps others
 * from writing; it is a copy of the database as it was.
 */
#include "cache/migrate.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cache/store_handle.h"
#include "cache/store_schema.h"

#define HAS_TABLE(t) \
    "SELECT 1 FROM sqlite_schema WHERE type='table' AND name='" t "'"
#define HAS_COLUMN(t, c) \
    "EXISTS (SELECT 1 FROM pragma_table_info('" t "') WHERE name='" c "')"
#define HAS_INDEX(i) \
    "EXISTS (SELECT 1 FROM sqlite_schema WHERE type='index' AND name='" i "')"

typedef struct step {
    const char *is_needed; /* a query that gives a row if it is */
    const char *text;      /* %lld: rows that go */
    const char *sql;
    const char *count; /* rows that go; NULL: none */
} step;

static const step steps[] = {
    {HAS_TABLE("features") " AND NOT " HAS_COLUMN("features",
                                                  "workflow_pattern"),
     "add the column features.workflow_pattern",
     "ALTER TABLE features ADD COLUMN workflow_pattern TEXT", NULL},
    {HAS_TABLE("features") " AND NOT " HAS_COLUMN("features",
                                                  "pattern_confidence"),
     "add the column features.pattern_confidence, 0.5 where there is none",
     "ALTER TABLE features ADD COLUMN pattern_confidence REAL DEFAULT 0.5",
     NULL},
    {HAS_TABLE("features") " AND NOT " HAS_INDEX("idx_features_workflow"),
     "create the index idx_features_workflow",
     "CREATE INDEX idx_features_workflow ON features(workflow_pattern)", NULL},
    {HAS_TABLE("features") " AND NOT " HAS_INDEX("idx_features_confidence"),
     "create the index idx_features_confidence",
     "CREATE INDEX idx_features_confidence ON features(pattern_confidence)",
     NULL},
    {HAS_TABLE("feature_vector_cache") " AND NOT " HAS_COLUMN(
         "feature_vector_cache", "checksum"),
     "drop feature_vector_cache of the Python system: %lld pickled rows",
     "DROP TABLE feature_vector_cache",
     "SELECT count(*) FROM feature_vector_cache"},
    {HAS_TABLE("embedding_cache") " AND NOT " HAS_COLUMN("embedding_cache",
                                                         "checksum"),
     "drop embedding_cache of the Python system: %lld pickled rows",
     "DROP TABLE embedding_cache", "SELECT count(*) FROM embedding_cache"},
};
enum { N_STEPS = sizeof steps / sizeof *steps };
_Static_assert(N_STEPS + 1 == NXC_MIGRATION_STEPS, "these and the schema");
enum { DROP_VECTORS = 4, DROP_EMBEDDINGS = 5 };

/* The first column of the first row; *found: whether there was one. */
static nxc_status query(nxc__store_db *db, const char *path, const char *sql,
                        bool *found, int64_t *value, nxc_error *err) {
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db->handle, sql, -1, &s, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(s);
    *found = rc == SQLITE_ROW;
    if (*found) *value = sqlite3_column_int64(s, 0);
    nxc_status st = NXC_OK;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        st = nxc__store_db_error(db, path, "read its tables", err);
    sqlite3_finalize(s);
    return st;
}

/* Ours, or the Python system's: it sets neither number, and has one of three
 * tables. */
static nxc_status check_origin(nxc__store_db *db, const char *path,
                               nxc__schema_state state, int version,
                               nxc_error *err) {
    static const char any[] =
        "SELECT 1 FROM sqlite_schema WHERE type='table' AND name IN"
        " ('features', 'feature_vector_cache', 'embedding_cache')";
    bool found = false;
    int64_t application = 0;
    if (state == NXC_SCHEMA_LATER || state == NXC_SCHEMA_DAMAGED)
        return nxc__store_refuse(path, state, version, err);
    if (state == NXC_SCHEMA_CURRENT || state == NXC_SCHEMA_OLDER) return NXC_OK;
    NXC_TRY(query(db, path, any, &found, &application, err));
    if (!found)
        return nxc__error(err, NXC_ERR_MISMATCH,
                          "%s: expected one of the tables features, "
                          "feature_vector_cache and embedding_cache, got none",
                          path);
    NXC_TRY(
        query(db, path, "PRAGMA application_id", &found, &application, err));
    if (version == 0 && application == 0) return NXC_OK;
    return nxc__error(err, NXC_ERR_UNSUPPORTED,
                      "%s: expected user_version and application_id 0, got %d "
                      "and %lld: another program counts its versions there",
                      path, version, (long long)application);
}

static nxc_status plan(nxc__store_db *db, const char *path, nxc__migration *out,
                       bool needed[N_STEPS], nxc_error *err) {
    for (size_t i = 0; i < N_STEPS; i++) {
        int64_t n = 0;
        bool counted;
        NXC_TRY(query(db, path, steps[i].is_needed, &needed[i], &n, err));
        if (!needed[i]) continue;
        if (steps[i].count)
            NXC_TRY(query(db, path, steps[i].count, &counted, &n, err));
        if (i == DROP_VECTORS) out->n_dropped_vectors = (uint64_t)n;
        if (i == DROP_EMBEDDINGS) out->n_dropped_embeddings = (uint64_t)n;
        char *text = out->steps[out->n_steps++];
        const char *mark = strstr(steps[i].text, "%lld");
        if (mark)
            snprintf(text, sizeof *out->steps, "%.*s%lld%s",
                     (int)(mark - steps[i].text), steps[i].text, (long long)n,
                     mark + 4);
        else
            snprintf(text, sizeof *out->steps, "%s", steps[i].text);
    }
    if (out->from < out->to)
        snprintf(out->steps[out->n_steps++], sizeof *out->steps,
                 "bring the tables of the caches from version %d to %d",
                 out->from, out->to);
    return NXC_OK;
}

static nxc_status take_steps(nxc__store_db *db, const char *path,
                             const nxc__migration *m,
                             const bool needed[N_STEPS], nxc_error *err) {
    for (size_t i = 0; i < N_STEPS; i++)
        if (needed[i]) NXC_TRY(nxc__store_db_exec(db, path, steps[i].sql, err));
    if (m->from < m->to)
        NXC_TRY(nxc__store_schema_apply(db, path, m->from, err));
    return nxc__store_db_exec(db, path, "COMMIT", err);
}

static nxc_status copy_to(const char *path, const char *name, nxc_error *err) {
    nxc__store_db source, copy;
    NXC_TRY(nxc__store_db_open(&source, path, NXC_DB_READ, err));
    nxc_status st = nxc__store_db_open(&copy, name, NXC_DB_CREATE, err);
    if (st == NXC_OK) {
        sqlite3_backup *b =
            sqlite3_backup_init(copy.handle, "main", source.handle, "main");
        int rc = b ? sqlite3_backup_step(b, -1) : SQLITE_ERROR;
        int end = b ? sqlite3_backup_finish(b) : SQLITE_ERROR;
        if (rc != SQLITE_DONE || end != SQLITE_OK)
            st = nxc__store_db_error(&copy, name, "make a backup", err);
        nxc__store_db_close(&copy);
    }
    nxc__store_db_close(&source);
    return st;
}

/* By a connection of its own: SQLite copies nothing of one that may write. */
static nxc_status make_backup(const char *path, char *name, size_t cap,
                              nxc_error *err) {
    int n = 1;
    do
        snprintf(name, cap, "%s.backup-%d", path, n);
    while (access(name, F_OK) == 0 && ++n < 1000);
    if (n == 1000) {
        name[0] = 0;
        return nxc__error(err, NXC_ERR_LIMIT,
                          "%s: expected fewer than 999 backups beside it, got "
                          "more",
                          path);
    }
    nxc_status st = copy_to(path, name, err);
    if (st == NXC_OK) return NXC_OK;
    unlink(name);
    name[0] = 0;
    return st;
}

static nxc_status migrate(nxc__store_db *db, const char *path, bool dry_run,
                          nxc__migration *out, nxc_error *err) {
    bool needed[N_STEPS];
    nxc__schema_state state = NXC_SCHEMA_DAMAGED;
    int version = 0;
    NXC_TRY(nxc__store_schema_read(db, path, &state, &version, err));
    NXC_TRY(check_origin(db, path, state, version, err));
    out->from = state == NXC_SCHEMA_FOREIGN ? 0 : version;
    out->to = nxc__store_schema_version();
    NXC_TRY(plan(db, path, out, needed, err));
    if (dry_run || out->n_steps == 0) return NXC_OK;
    NXC_TRY(make_backup(path, out->backup, sizeof out->backup, err));
    nxc_status st = take_steps(db, path, out, needed, err);
    if (st == NXC_OK) return NXC_OK;
    unlink(out->backup); /* of what has not changed */
    out->backup[0] = 0;
    return st;
}

nxc_status nxc__migrate(const char *path, bool dry_run, nxc__migration *out,
                        nxc_error *err) {
    nxc__store_db db;
    int fd = -1;
    memset(out, 0, sizeof *out);
    if (strlen(path) > 1000)
        return nxc__error(err, NXC_ERR_INVALID,
                          "path: expected at most 1000 bytes, got %zu",
                          strlen(path));
    /* A dry run may have to take back what a crash has left half done, too. */
    NXC_TRY(nxc__store_db_open(&db, path, NXC_DB_WRITE, err));
    if (dry_run)
        sqlite3_db_config(db.handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    nxc_status st = NXC_OK;
    if (!dry_run && nxc__store_lock(path, &fd))
        st = nxc__error(err, NXC_ERR_STATE,
                        "%s: expected no other process, got one that writes: "
                        "end it first",
                        path);
    if (st == NXC_OK)
        st = nxc__store_db_exec(&db, path,
                                dry_run ? "BEGIN" : "BEGIN IMMEDIATE", err);
    if (st == NXC_OK) st = migrate(&db, path, dry_run, out, err);
    if (!sqlite3_get_autocommit(db.handle))
        nxc__store_db_exec(&db, path, "ROLLBACK", NULL);
    nxc__store_db_close(&db);
    nxc__store_unlock(fd);
    return st;
}
