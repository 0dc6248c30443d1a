/*
 * References within one document: "#/components/schemas/Pet".
 *     init -> (follow | get | step)* -> status -> release
 * A member of a large object is found in O(1): its members are indexed when it
 * is first asked. What cannot be followed (nothing there, outside the document,
 * a cycle) is counted.
 *
 * References let a small document describe a very large one, so every reader
 * of a list counts its steps here and the sum has a limit. Failures (memory,
 * that limit) stick.
 */
#ifndef NXC_CATALOG_OPENAPI_REF_H
#define NXC_CATALOG_OPENAPI_REF_H

#include "base/json.h"

typedef struct nxc__ref_slot {
    const nxc__json *owner; /* NULL: free */
    nxc_str key;
    uint64_t hash;
    const nxc__json *value;
} nxc__ref_slot;

typedef struct nxc__refs {
    const nxc_allocator *alloc;
    const nxc__json *root;
    nxc__ref_slot *slots;
    size_t cap, n;
    size_t n_unresolved;
    size_t n_steps;
    nxc_status status;
} nxc__refs;

void nxc__refs_init(nxc__refs *r, const nxc__json *root,
                    const nxc_allocator *alloc);
void nxc__refs_release(nxc__refs *r);
/* v, or what its "$ref" leads to; NULL if that is nothing. name (NULL is legal)
 * gets the name of the schema that the last reference leads to
 * ("#/components/schemas/Pet": Pet), and is left alone if it has none. */
const nxc__json *nxc__refs_follow(nxc__refs *r, const nxc__json *v,
                                  nxc_str *name);
/* nxc__json_get, O(1) for large objects. */
const nxc__json *nxc__refs_get(nxc__refs *r, const nxc__json *v, nxc_str key);
/* nxc__json_next that counts; false also when there were too many steps. */
bool nxc__refs_next(nxc__refs *r, nxc__json_iter *it);
nxc_status nxc__refs_status(const nxc__refs *r, nxc_error *err);

#endif
