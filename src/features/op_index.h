/*
 * What the feature set "v2" knows of a catalog before any request comes:
 * BM25 postings of four fields, the shape of every path, what an operation
 * needs and what it gives, and two more texts of each operation to embed.
 *
 *     new -> (read by any number of threads)* -> free
 *
 * Immutable after new; a pure function of the catalog.
 */
#ifndef NXC_FEATURES_OP_INDEX_H
#define NXC_FEATURES_OP_INDEX_H

#include "base/alloc.h"
#include "base/strmap.h"
#include "workflow/workflow.h"

/* ------------------------------------------------------------- lexical */

typedef enum nxc__text_field {
    NXC_TEXT_FULL, /* all texts and names */
    NXC_TEXT_NAME, /* operationId and sentence (see nxc__op_texts) */
    NXC_TEXT_MAIN, /* that, the path and the tags */
    NXC_TEXT_PATH, /* static segments and parameter names of the path */
    NXC_N_TEXT_FIELDS
} nxc__text_field;

typedef struct nxc__posting {
    uint32_t op;
    float weight; /* BM25 of the term in the operation, idf included */
} nxc__posting;

/* BM25 with k1 1.2, b 0.75, idf ln(1 + (N - df + .5) / (df + .5)). */
typedef struct nxc__field_index {
    const uint32_t *first;        /* (n_terms + 1) */
    const nxc__posting *postings; /* by term, then operation */
    const float *idf;             /* (n_terms); 0: not in this field */
    const float *mass;            /* (n_ops) sum of idf of its terms */
} nxc__field_index;

/* ------------------------------------------------------------ structure */

/* A key is a name, brought to one form: words in singular joined by '_'
 * ("customerIds" -> "customer_id"). Key 0 is the empty name. Resources,
 * segments, fields, schemas and verbs are keys of one numbering. */
enum { NXC_KEY_NONE = 0 };

/* Something that a call of the operation must be given. */
typedef struct nxc__need {
    uint32_t key;   /* the field's name */
    uint32_t base;  /* without _id and the like; NXC_KEY_NONE if generic */
    uint32_t owner; /* of a path parameter: the static segment before it */
    uint32_t pair;  /* key of owner and name together */
    uint8_t in;     /* nxc__need_in */
    bool is_id;     /* looks like a reference to something that exists */
    bool is_required;
} nxc__need;
typedef enum nxc__need_in {
    NXC_NEED_PATH,
    NXC_NEED_QUERY, /* and header, cookie, form */
    NXC_NEED_BODY
} nxc__need_in;

typedef struct nxc__op_shape {
    nxc_method method;         /* of a tool: the method of its verb */
    uint32_t resource, parent; /* keys */
    uint32_t verb, space;      /* keys */
    uint32_t body_schema, returns_schema; /* keys */
    uint32_t first_segment, n_segments;   /* of index->segments */
    uint32_t first_need, n_path, n_needs; /* path parameters come first */
    uint32_t first_give, n_gives;         /* of index->gives */
    uint32_t n_words;                     /* of the full text */
    uint32_t resourcemates;               /* operations of its resource */
    uint16_t n_parameters;
    uint8_t state; /* nxc__state */
    bool is_path, ends_in_parameter, is_action, gives_id;
} nxc__op_shape;

/* The texts of an operation: 0 is the catalog's (nxc__catalog_text), 1 method
 * verb and path words, 2 operationId words and summary, or the first sentence
 * of the description that is no boilerplate. */
enum { NXC_N_OP_TEXTS = 3 };

typedef struct nxc__op_index {
    const nxc_allocator *alloc;
    const nxc_catalog *catalog;
    nxc__arena arena; /* owns everything below */
    size_t n_ops, n_terms, n_keys;
    nxc__strmap terms, keys;
    nxc__field_index fields[NXC_N_TEXT_FIELDS];
    /* terms of each resource's name: resource_terms[resource_first[r]] .. */
    const uint32_t *resource_first; /* (n_resources of the catalog + 1) */
    const uint32_t *resource_terms;
    const nxc__op_shape *shapes; /* (n_ops) */
    const uint32_t *segments;    /* key * 2 + is_parameter */
    const nxc__need *needs;
    const uint32_t *gives; /* keys of response properties */
    const float *key_idf;  /* (n_keys) over needs of operations */
    const nxc_str *texts[NXC_N_OP_TEXTS]; /* (n_ops); [0] is NULL */
} nxc__op_index;

nxc_status nxc__op_index_new(const nxc_catalog *catalog,
                             const nxc_allocator *alloc, nxc__op_index **out,
                             nxc_error *err);
/* NULL is legal. */
void nxc__op_index_free(nxc__op_index *index);
/* Text kind of operation op. */
nxc_str nxc__op_text(const nxc__op_index *index, size_t kind, uint32_t op);

/* op_texts.c: texts 1 and 2 of all operations, in the index's arena. */
nxc_status nxc__op_texts(nxc__op_index *index, nxc_error *err);
/* op_terms.c: terms and postings. */
nxc_status nxc__op_terms(nxc__op_index *index, nxc_error *err);
/* op_shapes.c: keys, shapes, needs and gives. */
nxc_status nxc__op_shapes(nxc__op_index *index, nxc_error *err);

#endif
