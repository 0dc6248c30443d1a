/* Bringing a database up to date: the Python system's (its own tables are kept,
 * features gets two columns and two indexes, pickled caches are counted and
 * dropped, never read) and earlier versions of ours. */
#ifndef NXC_CACHE_MIGRATE_H
#define NXC_CACHE_MIGRATE_H

#include <nextcall/nextcall.h>

enum { NXC_MIGRATION_STEPS = 7 };

typedef struct nxc__migration {
    size_t n_steps; /* 0: the database is up to date */
    char steps[NXC_MIGRATION_STEPS][160];
    uint64_t n_dropped_vectors, n_dropped_embeddings; /* pickled rows */
    int from, to;      /* versions of the schema; from 0: not ours so far */
    char backup[1100]; /* empty: none was made */
} nxc__migration;

/* Plans and, unless dry_run, makes a backup beside the database and takes all
 * steps in one transaction; on failure the database is as before. A second run
 * finds nothing to do. Errors: NXC_ERR_IO, NXC_ERR_FORMAT (damaged),
 * NXC_ERR_MISMATCH (none of the tables), NXC_ERR_UNSUPPORTED (a later version),
 * NXC_ERR_STATE (another process has it open for writing). */
nxc_status nxc__migrate(const char *path, bool dry_run, nxc__migration *out,
                        nxc_error *err);

#endif
