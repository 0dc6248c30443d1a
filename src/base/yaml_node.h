/* A YAML document as a flat array of nodes: between yaml.c, which makes it from
 * events, and yaml_json.c, which writes it as JSON text. Private to the two. */
#ifndef NXC_BASE_YAML_NODE_H
#define NXC_BASE_YAML_NODE_H

#include "base/buffer.h"

typedef enum nxc__yaml_kind {
    NXC_YAML_SCALAR,
    NXC_YAML_SEQUENCE,
    NXC_YAML_MAPPING,
    NXC_YAML_ALIAS
} nxc__yaml_kind;

/* How a scalar is typed: plain ones by the core schema, the others by style or
 * tag. */
typedef enum nxc__yaml_tag {
    NXC_YAML_PLAIN,
    NXC_YAML_STR,
    NXC_YAML_INT,
    NXC_YAML_FLOAT,
    NXC_YAML_BOOL,
    NXC_YAML_NULL
} nxc__yaml_tag;

/* In text order; the children of a collection follow it, those of a mapping as
 * key, value, key, value. */
typedef struct nxc__yaml_node {
    const char *text; /* of a scalar */
    uint32_t len;
    uint32_t line;   /* from 1 */
    uint32_t end;    /* one past the last node below; 0 while open */
    uint32_t target; /* of an alias: a finished node that is no alias */
    uint8_t kind, tag;
    bool is_merge;  /* a key that is the plain scalar << */
    bool has_merge; /* a mapping that has such a key */
} nxc__yaml_node;

/* What the writing may use. */
typedef struct nxc__yaml_budget {
    size_t values; /* keys and values, those under aliases included */
    size_t depth;
} nxc__yaml_budget;

/* Write nodes[0] as JSON into out. Errors: NXC_ERR_PARSE, NXC_ERR_LIMIT,
 * NXC_ERR_NOMEM, with the line. */
nxc_status nxc__yaml_write_json(nxc_str name, const nxc__yaml_node *nodes,
                                nxc__yaml_budget budget,
                                const nxc_allocator *alloc, nxc__buffer *out,
                                nxc_error *err);

/* Append a scalar as a JSON value; false if its text does not fit its tag. */
bool nxc__yaml_write_scalar(nxc__buffer *out, nxc_str text, nxc__yaml_tag tag);

#endif
