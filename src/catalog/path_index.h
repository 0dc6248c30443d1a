/*
 * Concrete path -> template, as an image inside a catalog: a trie over the
 * segments of all templates, static children sorted, one parameter child a
 * node, an operation for each method at the end. builder: add* -> write;   open
 * -> match*
 */
#ifndef NXC_CATALOG_PATH_INDEX_H
#define NXC_CATALOG_PATH_INDEX_H

#include "base/buffer.h"

typedef struct nxc__path_template {
    nxc_method method;
    nxc_str path;
    uint32_t operation;
} nxc__path_template;

/* Append the image of an index over n templates. The first of two templates
 * that differ only in parameter names wins. base_paths: see
 * nxc__catalog_builder_add_base_path. Errors: NXC_ERR_NOMEM, NXC_ERR_LIMIT. */
nxc_status nxc__path_index_write(const nxc__path_template *templates, size_t n,
                                 const nxc_str *base_paths, size_t n_base_paths,
                                 const nxc_allocator *alloc, nxc__buffer *out,
                                 nxc_error *err);

typedef struct nxc__path_index {
    const uint8_t *image; /* borrowed, 4-byte aligned */
    size_t size;
    const void *tables[6]; /* set by open: see path_index.c */
    uint32_t n_nodes, n_base_paths;
} nxc__path_index;
/* Validates every value, with n_operations as the bound of operation numbers.
 * Errors: NXC_ERR_FORMAT. */
nxc_status nxc__path_index_open(nxc__path_index *idx, const void *image,
                                size_t size, size_t n_operations,
                                nxc_error *err);
/* NXC_NONE if nothing matches. No allocation. path may be a whole URL
 * (https://host/v1/x?y#z). */
uint32_t nxc__path_index_match(const nxc__path_index *idx, nxc_method method,
                               nxc_str path);

#endif
