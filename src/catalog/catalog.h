/*
 * A catalog is one immutable block of bytes: built in memory by the importers
 * or mapped from a compiled file, read in place either way (docs/formats/
 * catalog.md). builder -> finish -> image; open validates every value of an
 * image once, so accessors do not check again.
 *
 * Resources: every operation has a resource (an id in the catalog's vocabulary,
 * where 0 is "none" and 1 is "unknown"), its parents from the path, and a
 * depth.
 */
#ifndef NXC_CATALOG_CATALOG_H
#define NXC_CATALOG_CATALOG_H

#include "base/buffer.h"
#include "catalog/risk.h"
#include "text/ngram.h"

enum { NXC_RESOURCE_NONE = 0, NXC_RESOURCE_UNKNOWN = 1 };

/* ------------------------------------------------------------- building */

typedef struct nxc__catalog_builder nxc__catalog_builder;

typedef struct nxc__field_input {
    nxc_field_kind kind;
    nxc_str name, in, type;
    bool required;
} nxc__field_input;

typedef struct nxc__operation_input {
    nxc_str id; /* "": made from method and path, or operation_id */
    nxc_method method;
    nxc_str path; /* as the document gives it; "" for a tool or webhook */
    nxc_str operation_id, summary, description, tags;
    nxc_str body_schema, returns_schema;
    uint32_t flags;
    nxc__risk_hints hints;
    const nxc__field_input *fields;
    size_t n_fields;
} nxc__operation_input;

nxc_status nxc__catalog_builder_new(nxc_str name, const nxc_config *cfg,
                                    const nxc_allocator *alloc,
                                    nxc__catalog_builder **out, nxc_error *err);
void nxc__catalog_builder_free(nxc__catalog_builder *b);
/* Everything is copied. A second operation of the same id gets " (2)", ... and
 * is counted. Errors: NXC_ERR_LIMIT (max_operations; b is as before),
 * NXC_ERR_NOMEM (b can only be freed). */
nxc_status nxc__catalog_builder_add(nxc__catalog_builder *b,
                                    const nxc__operation_input *op,
                                    nxc_error *err);
/* Server base paths: a concrete path that starts with one of them also matches
 * a template without it. */
nxc_status nxc__catalog_builder_add_base_path(nxc__catalog_builder *b,
                                              nxc_str path, nxc_error *err);
/* Number of references that could not be followed, kept in the image. */
void nxc__catalog_builder_set_unresolved(nxc__catalog_builder *b, size_t n);
/* Derive resources, candidate texts, the path index and the n-gram model; frees
 * b on success; after a failure b can only be freed. source_sha256: hex. */
nxc_status nxc__catalog_builder_finish(nxc__catalog_builder *b,
                                       const char *format,
                                       const char *source_sha256,
                                       nxc_catalog **out, nxc_error *err);

/* -------------------------------------------------------------- reading */

nxc_str nxc__catalog_name(const nxc_catalog *c);
/* Hex SHA-256 of what it was imported from, and XXH3-64 over the image. */
const char *nxc__catalog_source_sha256(const nxc_catalog *c);
uint64_t nxc__catalog_version(const nxc_catalog *c);
const nxc__ngram *nxc__catalog_ngram(const nxc_catalog *c);
nxc_method nxc__catalog_method(const nxc_catalog *c, uint32_t op);
uint32_t nxc__catalog_flags(const nxc_catalog *c, uint32_t op);
nxc_risk nxc__catalog_risk(const nxc_catalog *c, uint32_t op);
nxc_str nxc__catalog_text(const nxc_catalog *c, uint32_t op);

/* Resource vocabulary: ids 0 ("none") and 1 ("unknown") first, then sorted. */
size_t nxc__catalog_n_resources(const nxc_catalog *c);
nxc_str nxc__catalog_resource_name(const nxc_catalog *c, uint32_t resource);
/* NXC_RESOURCE_UNKNOWN if the name, brought to singular, is not in it. */
uint32_t nxc__catalog_find_resource(const nxc_catalog *c, nxc_str name);
uint32_t nxc__catalog_resource(const nxc_catalog *c, uint32_t op);
/* Parent resources, outermost first: of /users/{id}/orders/{oid}/items: user,
 * order. Valid as long as c. */
const uint32_t *nxc__catalog_parents(const nxc_catalog *c, uint32_t op,
                                     size_t *n);
/* Whether one is a parent of the other in any operation of the catalog, O(1) or
 * O(log n). Symmetric; false for a resource with itself, none and unknown. */
bool nxc__catalog_resources_related(const nxc_catalog *c, uint32_t a,
                                    uint32_t b);

/* The operation whose template matches a concrete path (query string, fragment,
 * trailing slash, base path, percent-encoding seen to): static segments win
 * over parameters, from the left. O(segments). NXC_NONE if none does. */
uint32_t nxc__catalog_match(const nxc_catalog *c, nxc_method method,
                            nxc_str path);
/* Operation by id, operationId or tool name; NXC_NONE if unknown. */
uint32_t nxc__catalog_find_id(const nxc_catalog *c, nxc_str id);

/* Optional embeddings in a compiled file: (n_operations, 384) float32, of the
 * encoder with that fingerprint; NULL if there are none of it. */
const float *nxc__catalog_embeddings(const nxc_catalog *c,
                                     const char *encoder_fingerprint);
/* Save with embeddings (NULL: without). */
nxc_status nxc__catalog_save_embedded(const nxc_catalog *c, const char *path,
                                      const float *embeddings,
                                      const char *encoder_fingerprint,
                                      nxc_error *err);

#endif
