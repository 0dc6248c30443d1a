/* The embedding files beside a store's database, for nextcall cache. */
#ifndef NXC_CLI_CACHE_FILES_H
#define NXC_CLI_CACHE_FILES_H

#include "command.h"
#include "report.h"

/* Lines for each file, or "embedding_files":[...] in r. With verify each row is
 * read, and a file with damaged rows is rewritten without them. False if there
 * was damage. */
bool cli_cache_files_show(const char *database, bool verify, cli_report *r);

typedef struct cli_cache_cleared {
    uint64_t n_rows, n_bytes;
} cli_cache_cleared;
/* Empties all files. NXC_ERR_STATE if another process writes one. */
nxc_status cli_cache_files_clear(const char *database, cli_cache_cleared *out,
                                 nxc_error *err);

#endif
