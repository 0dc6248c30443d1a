/* Top-level properties of JSON schemas, each schema worked out once. */
#ifndef NXC_CATALOG_OPENAPI_SCHEMA_H
#define NXC_CATALOG_OPENAPI_SCHEMA_H

#include "base/buffer.h"
#include "catalog/catalog.h"
#include "catalog/openapi_ref.h"

typedef struct nxc__schemas {
    nxc__refs *refs;
    nxc__buffer known; /* shapes, by schema: see openapi_schema.c */
    nxc__buffer properties;
    size_t n_known;
    nxc_status status; /* sticks */
} nxc__schemas;

void nxc__schemas_init(nxc__schemas *s, nxc__refs *refs);
void nxc__schemas_release(nxc__schemas *s);
/* Append the properties of a schema to out as fields of a kind: of an array
 * those of its items, of allOf, oneOf and anyOf the union. name gets the
 * schema's name (of an array that of its items, if they have one), or "". v
 * NULL is legal. */
void nxc__schemas_fields(nxc__schemas *s, const nxc__json *v,
                         nxc_field_kind kind, nxc__buffer *out, nxc_str *name);
/* "string", "array", ... or "". */
nxc_str nxc__schemas_type(nxc__schemas *s, const nxc__json *v);
nxc_status nxc__schemas_status(const nxc__schemas *s, nxc_error *err);

#endif
