/* Reads everything that a catalog offers; for the fuzz targets. */
#ifndef NXC_FUZZ_CATALOG_H
#define NXC_FUZZ_CATALOG_H

#include "catalog/catalog.h"

static inline size_t fuzz_sum(nxc_str s) {
    size_t sum = s.len;
    for (size_t i = 0; i < s.len; i++)
        sum += (unsigned char)s.ptr[i];
    return sum;
}

static inline size_t fuzz_walk(const nxc_catalog *c) {
    size_t sum = fuzz_sum(nxc__catalog_name(c));
    size_t n_resources = nxc__catalog_n_resources(c);
    for (uint32_t i = 0; i < nxc_catalog_n_operations(c); i++) {
        nxc_operation op;
        nxc_field f;
        size_t n;
        if (!nxc_catalog_get_operation(c, i, &op)) __builtin_trap();
        sum += fuzz_sum(op.id) + fuzz_sum(op.path) + fuzz_sum(op.summary) +
               fuzz_sum(op.operation_id) + fuzz_sum(op.description) +
               fuzz_sum(op.tags) + fuzz_sum(op.text) + fuzz_sum(op.resource) +
               fuzz_sum(op.body_schema) + fuzz_sum(op.returns_schema);
        for (int kind = 0; kind < 4; kind++)
            for (uint32_t k = 0;
                 nxc_catalog_get_field(c, i, (nxc_field_kind)kind, k, &f); k++)
                sum += fuzz_sum(f.name) + fuzz_sum(f.in) + fuzz_sum(f.type);
        const uint32_t *parents = nxc__catalog_parents(c, i, &n);
        for (size_t k = 0; k < n; k++)
            if (parents[k] >= n_resources) __builtin_trap();
        uint32_t found = nxc_catalog_find(c, op.id);
        if (found != NXC_NONE && found >= nxc_catalog_n_operations(c))
            __builtin_trap();
        nxc__catalog_match(c, op.method, op.path);
    }
    double bigram, trigram;
    const nxc__ngram *m = nxc__catalog_ngram(c);
    if (m->image)
        nxc__ngram_prob(m, (nxc_str){"list all pets", 13}, &bigram, &trigram);
    return sum;
}

#endif
