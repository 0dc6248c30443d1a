/*
 * Reading JSON (and YAML, through the same tree).
 *
 * A document is parsed once into an immutable tree; values are borrowed from it
 * and live as long as it. json.c and yaml.c are the only files that see a
 * parser. Errors carry a file name, a line and a path such as
 * $.history[3].timestamp; the line is found only when it is needed, by walking
 * the text again along the path, so that the fast path stores no positions.
 *
 *     parse -> get/iterate ... nxc__json_error(...) -> free
 */
#ifndef NXC_BASE_JSON_H
#define NXC_BASE_JSON_H

#include <nextcall/nextcall.h>

typedef struct nxc__json_doc nxc__json_doc;
typedef struct nxc__json nxc__json; /* a value; const everywhere */

typedef enum nxc__json_type {
    NXC_JSON_NULL,
    NXC_JSON_BOOL,
    NXC_JSON_NUMBER,
    NXC_JSON_STRING,
    NXC_JSON_ARRAY,
    NXC_JSON_OBJECT
} nxc__json_type;

typedef struct nxc__json_limits {
    size_t max_bytes;  /* of text */
    size_t max_depth;  /* of nesting */
    size_t max_values; /* YAML: after aliases are expanded, too */
} nxc__json_limits;
/* 64 MiB, depth 64, 16 Mi values. */
extern const nxc__json_limits nxc__json_limits_default;

/* Parse strict RFC 8259 text; duplicate keys are errors only where a reader
 * asks (see nxc__json_get). name appears in errors.
 * Errors: NXC_ERR_PARSE "<name>:<line>: ...", NXC_ERR_LIMIT, NXC_ERR_NOMEM. */
nxc_status nxc__json_parse(nxc_str name, nxc_str text,
                           const nxc__json_limits *limits,
                           const nxc_allocator *alloc, nxc__json_doc **out,
                           nxc_error *err);
/* Parse YAML 1.1/1.2 core schema, one document; anchors, aliases and merge keys
 * are expanded within max_values. The line numbers of errors are those of the
 * YAML text (yaml.c). Errors: those of JSON, and NXC_ERR_UNSUPPORTED for a
 * collection as a key and for a second document. */
nxc_status nxc__yaml_parse(nxc_str name, nxc_str text,
                           const nxc__json_limits *limits,
                           const nxc_allocator *alloc, nxc__json_doc **out,
                           nxc_error *err);
/* JSON if the first byte that is not white space or a byte-order mark is one of
 * { [ ", YAML otherwise. */
nxc_status nxc__json_or_yaml_parse(nxc_str name, nxc_str text,
                                   const nxc__json_limits *limits,
                                   const nxc_allocator *alloc,
                                   nxc__json_doc **out, nxc_error *err);
void nxc__json_free(nxc__json_doc *doc);
const nxc__json *nxc__json_root(const nxc__json_doc *doc);

nxc__json_type nxc__json_type_of(const nxc__json *v);
const char *nxc__json_type_name(nxc__json_type type); /* "an object", ... */
static inline bool nxc__json_is(const nxc__json *v, nxc__json_type type) {
    return v && nxc__json_type_of(v) == type;
}
/* Of a value of that type; otherwise "", false, 0. */
nxc_str nxc__json_str(const nxc__json *v);
bool nxc__json_bool(const nxc__json *v);
double nxc__json_number(const nxc__json *v);
/* Whether a number is an integer in [0, max], and its value. */
bool nxc__json_uint(const nxc__json *v, uint64_t max, uint64_t *out);

/* Member of an object, the last one if the key is duplicate; NULL if absent or
 * if v is not an object (NULL is legal). O(members). */
const nxc__json *nxc__json_get(const nxc__json *v, nxc_str key);
#define NXC_JSON_GET(v, literal) nxc__json_get((v), NXC_STR(literal))
/* Members of an object or elements of an array; 0 for anything else. */
size_t nxc__json_size(const nxc__json *v);

/* Iterate an array or object in text order:
 *     for (nxc__json_iter it = nxc__json_each(v); nxc__json_next(&it);)
 *         it.key, it.index, it.value                                        */
typedef struct nxc__json_iter {
    const nxc__json *container, *next, *value;
    nxc_str key; /* of an object's member */
    size_t index, left;
} nxc__json_iter;
nxc__json_iter nxc__json_each(const nxc__json *v);
bool nxc__json_next(nxc__json_iter *it);

/* Where a value is: a chain of steps on the stack, from the value to the root.
 * { &parent, key } or { &parent, index }; the root has parent NULL. */
typedef struct nxc__json_path {
    const struct nxc__json_path *parent;
    nxc_str key;  /* of an object's member; ptr NULL for an element */
    size_t index; /* of an array's element */
} nxc__json_path;
/* "$.history[3].timestamp" into buf, always NUL-terminated, cut in front. */
void nxc__json_path_format(const nxc__json_path *path, char *buf, size_t cap);
/* "<name>:<line>: <path>: <message>"; returns code. */
nxc_status nxc__json_error(const nxc__json_doc *doc, const nxc__json_path *path,
                           nxc_error *err, nxc_status code, const char *fmt,
                           ...) __attribute__((format(printf, 5, 6)));
/* "expected <what>, got <type and value>" for a value of the wrong type. */
nxc_status nxc__json_error_type(const nxc__json_doc *doc,
                                const nxc__json_path *path, nxc_error *err,
                                const char *expected, const nxc__json *got);

/* For yaml.c: a document whose text (JSON, same line numbers) it takes over. */
nxc_status nxc__json_adopt(nxc_str name, char *text, size_t len, size_t cap,
                           const nxc__json_limits *limits,
                           const nxc_allocator *alloc, nxc__json_doc **out,
                           nxc_error *err);

#endif
