/* The builder between its two files: catalog_build.c collects operations,
 * catalog_derive.c works out what a finished catalog knows beside them. */
#ifndef NXC_CATALOG_CATALOG_BUILDER_H
#define NXC_CATALOG_CATALOG_BUILDER_H

#include "catalog/catalog_format.h"
#include "catalog/string_pool.h"

struct nxc__catalog_builder {
    const nxc_allocator *alloc;
    nxc__string_pool strings;
    nxc__buffer ops;        /* nxc__op_record */
    nxc__buffer fields;     /* nxc__field_record */
    nxc__buffer id_uses;    /* uint32 a string: how often it was asked for */
    nxc__buffer base_paths; /* uint32 string */
    nxc__buffer scratch;
    uint32_t name; /* string */
    uint32_t n_ops, n_webhooks, n_duplicate_ids, n_unresolved;
    size_t max_ops;
};

/* What derive adds; the buffers are released with the builder. */
typedef struct nxc__catalog_derived {
    nxc__buffer parents;    /* uint32 resource */
    nxc__buffer resources;  /* uint32 string */
    nxc__buffer related;    /* nxc__related_record */
    nxc__buffer id_slots;   /* nxc__id_slot */
    nxc__buffer path_index; /* image */
    nxc__buffer ngram;      /* image */
} nxc__catalog_derived;

static inline nxc__op_record *nxc__builder_ops(const nxc__catalog_builder *b) {
    return (nxc__op_record *)(void *)b->ops.data;
}

/* Fill d and the derived members of the operations. d is initialised by the
 * caller and released by it, whatever happens. */
nxc_status nxc__catalog_derive(nxc__catalog_builder *b, nxc__catalog_derived *d,
                               nxc_error *err);
/* Of one operation, appended to out: verb, resource, summary or description. */
void nxc__candidate_text(const nxc__catalog_builder *b,
                         const nxc__op_record *op, nxc_str resource,
                         nxc__buffer *out);

#endif
