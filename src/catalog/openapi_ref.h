/*
 * References within one document: "#/components/schemas/Pet".
 *     init -> (follow | member)* -> release
 * A member of a large object is found in O(1): its members are indexed when it
 * is first asked. Failures to get memory stick (status). What cannot be
 * followed (nothing there, outside the document, a cycle) is counted.
 */
#ifndef NXC_CATALOG_OPENAPI_REF_H
#define NXC_CATALOG_OPENAPI_REF_H

#include "base/json.h"

typedef struct nxc__ref_slot {
    const nxc__json *owner; /* NULL: free */
    nxc_str key;
    uint64_t hash;
    const nxc__json *value;
    nxc_str found_key; /* the key's bytes in the document */
} nxc__ref_slot;

typedef struct nxc__refs {
    const nxc_allocator *alloc;
    const nxc__json *root;
    nxc__ref_slot *slots;
    size_t cap, n;
    size_t n_unresolved;
    nxc_status status;
} nxc__refs;

void nxc__refs_init(nxc__refs *r, const nxc__json *root,
                    const nxc_allocator *alloc);
void nxc__refs_release(nxc__refs *r);
/* v, or what its "$ref" leads to; NULL if that is nothing. name (NULL is legal)
 * gets the last step of the last reference followed, and is left alone if there
 * is none. */
const nxc__json *nxc__refs_follow(nxc__refs *r, const nxc__json *v,
                                  nxc_str *name);

#endif
