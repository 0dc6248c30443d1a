/* One SQLite connection with its prepared statements, for the store's files
 * and migrate.c; the only headers below that see SQLite are this and
 * store_handle.h. */
#ifndef NXC_CACHE_STORE_DB_H
#define NXC_CACHE_STORE_DB_H

#include <sqlite3.h>

#include <nextcall/nextcall.h>

typedef enum nxc__store_sql {
#define NXC_STORE_SQL(name, sql) NXC_SQL_##name,
#include "cache/store_sql.def"
#undef NXC_STORE_SQL
    NXC_N_STORE_SQL
} nxc__store_sql;

typedef struct nxc__store_db {
    sqlite3 *handle; /* NULL: closed */
    sqlite3_stmt *statements[NXC_N_STORE_SQL];
} nxc__store_db;

typedef enum nxc__db_mode {
    NXC_DB_READ,
    NXC_DB_WRITE,
    NXC_DB_CREATE
} nxc__db_mode;

/* Opens with all that protects from a hostile file: no triggers, views or
 * functions of the schema, no memory mapping. SQLite reads the file at the
 * first statement, not here. */
nxc_status nxc__store_db_open(nxc__store_db *db, const char *path,
                              nxc__db_mode mode, nxc_error *err);
void nxc__store_db_close(nxc__store_db *db);
/* The text of a statement. */
const char *nxc__store_sql_text(nxc__store_sql which);
/* Prepared at its first use; NULL if that fails. */
sqlite3_stmt *nxc__store_db_get(nxc__store_db *db, nxc__store_sql which);
/* Run a statement to its end and reset it. *value (NULL is legal) gets the
 * first column of the first row, or stays. SQLITE_DONE, or what went wrong. */
int nxc__store_db_run(nxc__store_db *db, nxc__store_sql which, int64_t *value);
/* SQL without parameters that is run once. */
nxc_status nxc__store_db_exec(nxc__store_db *db, const char *path,
                              const char *sql, nxc_error *err);
/* A status and a sentence for SQLite's last result. */
nxc_status nxc__store_db_error(const nxc__store_db *db, const char *path,
                               const char *what, nxc_error *err);
/* Whether a result says that the file is no (undamaged) database. */
bool nxc__store_db_is_damage(int result);

#endif
