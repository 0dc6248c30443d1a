/* The index of a catalog as a whole; its parts are in op_texts.c, op_terms.c
 * and op_shapes.c. */
#include "features/op_index.h"

#include "base/error.h"
#include "base/str.h"

nxc_status nxc__op_index_new(const nxc_catalog *catalog,
                             const nxc_allocator *alloc, nxc__op_index **out,
                             nxc_error *err) {
    alloc = nxc__allocator_or_default(alloc);
    nxc__op_index *index = nxc__alloc_zero(alloc, sizeof *index);
    if (!index) return nxc__error_nomem(err, sizeof *index);
    index->alloc = alloc;
    index->catalog = catalog;
    index->n_ops = nxc_catalog_n_operations(catalog);
    nxc__arena_init(&index->arena, alloc, SIZE_MAX);
    nxc__strmap_init(&index->terms, alloc);
    nxc__strmap_init(&index->keys, alloc);
    nxc_status st = nxc__op_texts(index, err);
    if (st == NXC_OK) st = nxc__op_terms(index, err);
    if (st == NXC_OK) st = nxc__op_shapes(index, err);
    if (st == NXC_OK)
        *out = index;
    else
        nxc__op_index_free(index);
    return st;
}

void nxc__op_index_free(nxc__op_index *index) {
    if (!index) return;
    nxc__strmap_release(&index->terms);
    nxc__strmap_release(&index->keys);
    nxc__arena_release(&index->arena);
    nxc__free(index->alloc, index, sizeof *index);
}

nxc_str nxc__op_text(const nxc__op_index *index, size_t kind, uint32_t op) {
    return kind ? index->texts[kind][op]
                : nxc__catalog_text(index->catalog, op);
}
