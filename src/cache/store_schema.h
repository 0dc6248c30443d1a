/* The versions of the store's schema: src/cache/schema/NNNN.sql. */
#ifndef NXC_CACHE_STORE_SCHEMA_H
#define NXC_CACHE_STORE_SCHEMA_H

#include "cache/store_db.h"

/* PRAGMA application_id of a database with our tables: "NXCS". */
#define NXC_STORE_APPLICATION_ID 0x4E584353

typedef enum nxc__schema_state {
    NXC_SCHEMA_EMPTY,   /* a new file */
    NXC_SCHEMA_CURRENT, /* ours, of this version */
    NXC_SCHEMA_OLDER,   /* ours, of an earlier version */
    NXC_SCHEMA_LATER,   /* ours, of a later version */
    NXC_SCHEMA_FOREIGN, /* somebody else's tables */
    NXC_SCHEMA_DAMAGED  /* no database, or ours with other tables than said */
} nxc__schema_state;

/* The latest version: the number of schema files. */
int nxc__store_schema_version(void);
/* What kind of database this is; *version gets its user_version.
 * Errors: what SQLite says, except that damage is a state. */
nxc_status nxc__store_schema_read(nxc__store_db *db, const char *path,
                                  nxc__schema_state *state, int *version,
                                  nxc_error *err);
/* Whether somebody else's tables stand beside ours: a migrated database. */
bool nxc__store_schema_is_shared(nxc__store_db *db);
/* Run the schema files after version from, and set both numbers. The caller
 * has begun a transaction. */
nxc_status nxc__store_schema_apply(nxc__store_db *db, const char *path,
                                   int from, nxc_error *err);

#endif
