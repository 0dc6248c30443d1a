/* Readers of catalog documents. Each adds its operations to a builder. */
#ifndef NXC_CATALOG_IMPORT_H
#define NXC_CATALOG_IMPORT_H

#include "base/json.h"
#include "catalog/catalog.h"

/* root is an object with "openapi" or "swagger". */
nxc_status nxc__import_openapi(const nxc__json_doc *doc,
                               const nxc_allocator *alloc,
                               nxc__catalog_builder *b, nxc_import_info *info,
                               nxc_error *err);
/* root is an array of tools or an object with "tools". */
nxc_status nxc__import_tools(const nxc__json_doc *doc,
                             const nxc_allocator *alloc,
                             nxc__catalog_builder *b, nxc_import_info *info,
                             nxc_error *err);
/* One JSON object a line; filter as in nxc_catalog_import. */
nxc_status nxc__import_jsonl(nxc_str name, nxc_str bytes, const char *filter,
                             const nxc_allocator *alloc,
                             nxc__catalog_builder *b, nxc_import_info *info,
                             nxc_error *err);

/* What nxc_catalog_import takes, with the name in errors apart from the
 * catalog's. */
typedef struct nxc__import_source {
    nxc_str name, catalog_name, bytes;
    const char *filter;
} nxc__import_source;
nxc_status nxc__catalog_import(const nxc__import_source *source,
                               const nxc_config *cfg,
                               const nxc_allocator *alloc, nxc_catalog **out,
                               nxc_import_info *info, nxc_error *err);
/* info of a catalog that is there; NULL is legal. */
void nxc__catalog_describe(const nxc_catalog *c, nxc_import_info *info);

#endif
