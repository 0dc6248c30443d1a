/*
 * From a JSON schema to its top-level properties.
 *
 *     init -> (fields | type)* -> status -> release
 *
 * A schema is a graph: references, allOf, oneOf and anyOf lead on, also back to
 * where one came from. The walk goes at most MAX_DEPTH deep and sees at most
 * MAX_VISITS schemas and MAX_NAMES names, so it ends soon on any document; what
 * lies behind is not read.
 * A property is kept once, by name, in the order of the walk. It is required if
 * a "required" list names it that holds for every instance: one under oneOf or
 * anyOf does not.
 *
 * Thousands of operations share some hundred schemas, so each result is kept by
 * the schema's address:
 *
 *     known       (power of two) slots {schema, first, n}
 *     properties  field records of all results, one behind the other
 *
 * Threading: one thread. Cost: linear in the properties of each schema once.
 */
#include "catalog/openapi_schema.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strmap.h"

#define MAX_DEPTH 12
#define MAX_VISITS 512
#define MAX_PROPERTIES 2000
#define MAX_NAMES 20000
#define MAX_ARRAY_DEPTH 4
#define MAX_PROPERTY_BYTES ((size_t)128 << 20) /* of all schemas */

typedef struct shape {
    const nxc__json *schema; /* behind references and arrays; NULL: free */
    uint32_t first, n;
} shape;

typedef struct walk {
    nxc__schemas *s;
    nxc__strmap seen, required;
    uint32_t first;
    unsigned n_visits;
    unsigned n_names; /* of properties and required lists, looked at */
} walk;

static shape *shapes(const nxc__schemas *s) {
    return (shape *)(void *)s->known.data;
}
static nxc__field_input *properties(const nxc__schemas *s) {
    return (nxc__field_input *)(void *)s->properties.data;
}
static uint32_t n_properties(const nxc__schemas *s) {
    return (uint32_t)(s->properties.len / sizeof(nxc__field_input));
}

void nxc__schemas_init(nxc__schemas *s, nxc__refs *refs) {
    memset(s, 0, sizeof *s);
    s->refs = refs;
    nxc__buffer_init(&s->known, refs->alloc, SIZE_MAX / 2);
    nxc__buffer_init(&s->properties, refs->alloc, MAX_PROPERTY_BYTES);
    nxc__buffer_extend(&s->known, 256 * sizeof(shape));
}
void nxc__schemas_release(nxc__schemas *s) {
    nxc__buffer_release(&s->known);
    nxc__buffer_release(&s->properties);
}

nxc_status nxc__schemas_status(const nxc__schemas *s, nxc_error *err) {
    if (s->status != NXC_OK) return nxc__error_nomem(err, 0);
    NXC_TRY(nxc__refs_status(s->refs, err));
    NXC_TRY(nxc__buffer_status(&s->known, "schemas", err));
    return nxc__buffer_status(&s->properties, "schema properties", err);
}

/* ----------------------------------------------------------------- type */

static const nxc__json *get(nxc__schemas *s, const nxc__json *v,
                            const char *key) {
    return nxc__refs_get(s->refs, v, nxc__str(key));
}

static nxc_str own_type(nxc__schemas *s, const nxc__json *v) {
    const nxc__json *type = get(s, v, "type");
    if (nxc__json_is(type, NXC_JSON_ARRAY))
        for (nxc__json_iter it = nxc__json_each(type);
             nxc__refs_next(s->refs, &it);)
            if (nxc__json_is(it.value, NXC_JSON_STRING) &&
                !nxc__str_eq(nxc__json_str(it.value), NXC_STR("null")))
                return nxc__json_str(it.value);
    if (nxc__json_is(type, NXC_JSON_STRING)) return nxc__json_str(type);
    if (get(s, v, "properties")) return NXC_STR("object");
    if (get(s, v, "items")) return NXC_STR("array");
    return NXC_STR("");
}

/* The schema itself, else the first part of an allOf that has a type. */
nxc_str nxc__schemas_type(nxc__schemas *s, const nxc__json *v) {
    if (!v || !(v = nxc__refs_follow(s->refs, v, NULL))) return NXC_STR("");
    nxc_str type = own_type(s, v);
    if (type.len) return type;
    unsigned n = 0;
    nxc__json_iter it = nxc__json_each(get(s, v, "allOf"));
    for (; n < MAX_DEPTH && type.len == 0 && nxc__json_next(&it); n++) {
        const nxc__json *part = nxc__refs_follow(s->refs, it.value, NULL);
        if (part) type = own_type(s, part);
    }
    return type;
}

/* ----------------------------------------------------------------- walk */

static void fail(walk *w, nxc_status st) {
    if (st != NXC_OK) w->s->status = st;
}

static void take_properties(walk *w, const nxc__json *schema) {
    const nxc__json *all = get(w->s, schema, "properties");
    if (!nxc__json_is(all, NXC_JSON_OBJECT)) return;
    nxc__json_iter it = nxc__json_each(all);
    while (nxc__refs_next(w->s->refs, &it)) {
        uint32_t at = n_properties(w->s), found;
        if (at - w->first >= MAX_PROPERTIES || w->n_names++ >= MAX_NAMES)
            return;
        fail(w, nxc__strmap_add(&w->seen, it.key, at, &found, NULL));
        if (w->s->status != NXC_OK) return;
        if (found != at) continue;
        nxc__field_input f = {.kind = NXC_FIELD_BODY, .name = it.key};
        f.type = nxc__schemas_type(w->s, it.value);
        nxc__buffer_append(&w->s->properties, &f, sizeof f);
        if (w->s->properties.status != NXC_OK) return;
    }
}

static void take_required(walk *w, const nxc__json *schema) {
    const nxc__json *all = get(w->s, schema, "required");
    if (!nxc__json_is(all, NXC_JSON_ARRAY)) return;
    nxc__json_iter it = nxc__json_each(all);
    while (w->n_names++ < MAX_NAMES && nxc__refs_next(w->s->refs, &it))
        if (nxc__json_is(it.value, NXC_JSON_STRING))
            fail(w, nxc__strmap_add(&w->required, nxc__json_str(it.value), 1,
                                    NULL, NULL));
}

static void visit(walk *w, const nxc__json *v, bool holds_always,
                  unsigned depth) {
    static const char *const unions[] = {"allOf", "oneOf", "anyOf"};
    if (depth > MAX_DEPTH || w->n_visits >= MAX_VISITS) return;
    w->n_visits++;
    const nxc__json *schema = nxc__refs_follow(w->s->refs, v, NULL);
    if (!nxc__json_is(schema, NXC_JSON_OBJECT)) return;
    take_properties(w, schema);
    if (holds_always) take_required(w, schema);
    for (size_t k = 0; k < 3; k++) {
        const nxc__json *parts = get(w->s, schema, unions[k]);
        if (!nxc__json_is(parts, NXC_JSON_ARRAY)) continue;
        nxc__json_iter it = nxc__json_each(parts);
        while (w->n_visits < MAX_VISITS && nxc__refs_next(w->s->refs, &it))
            visit(w, it.value, holds_always && k == 0, depth + 1);
    }
}

/* Through references and arrays to the schema whose properties count. */
static const nxc__json *item_schema(nxc__schemas *s, const nxc__json *v,
                                    nxc_str *name) {
    for (int i = 0; i < MAX_ARRAY_DEPTH && v; i++) {
        v = nxc__refs_follow(s->refs, v, name);
        const nxc__json *items = get(s, v, "items");
        if (!items || get(s, v, "properties")) break;
        v = items;
    }
    const nxc__json *parts = get(s, v, "allOf");
    if (name->len == 0 && nxc__json_size(parts) == 1) {
        nxc__json_iter it = nxc__json_each(parts);
        if (nxc__json_next(&it)) nxc__refs_follow(s->refs, it.value, name);
    }
    return v;
}

static void work_out(nxc__schemas *s, const nxc__json *schema, shape *out) {
    walk w = {.s = s, .first = n_properties(s)};
    nxc__strmap_init(&w.seen, s->refs->alloc);
    nxc__strmap_init(&w.required, s->refs->alloc);
    *out = (shape){schema, w.first, 0};
    visit(&w, schema, true, 0);
    out->n = n_properties(s) - w.first;
    for (uint32_t i = 0; w.required.n && i < out->n; i++) {
        nxc__field_input *f = &properties(s)[w.first + i];
        f->required = nxc__strmap_find(&w.required, f->name) != NXC_NONE;
    }
    nxc__strmap_release(&w.seen);
    nxc__strmap_release(&w.required);
}

/* --------------------------------------------------------------- lookup */

static shape *probe(const nxc__schemas *s, const nxc__json *v) {
    size_t mask = s->known.len / sizeof(shape) - 1;
    uint64_t h = (uint64_t)(uintptr_t)v * UINT64_C(0x9E3779B97F4A7C15);
    size_t i = (size_t)(h >> 20) & mask;
    while (shapes(s)[i].schema && shapes(s)[i].schema != v)
        i = (i + 1) & mask;
    return &shapes(s)[i];
}

static void grow(nxc__schemas *s) {
    nxc__schemas old = *s;
    nxc__buffer_init(&s->known, old.known.alloc, old.known.max);
    if (!nxc__buffer_extend(&s->known, old.known.len * 2)) {
        s->known = old.known;
        s->status = NXC_ERR_NOMEM;
        return;
    }
    for (size_t i = 0; i < old.known.len / sizeof(shape); i++)
        if (shapes(&old)[i].schema)
            *probe(s, shapes(&old)[i].schema) = shapes(&old)[i];
    nxc__buffer_release(&old.known);
}

void nxc__schemas_fields(nxc__schemas *s, const nxc__json *v,
                         nxc_field_kind kind, nxc__buffer *out, nxc_str *name) {
    *name = NXC_STR("");
    if (!v || s->status != NXC_OK || s->known.status != NXC_OK) return;
    const nxc__json *schema = item_schema(s, v, name);
    if (!schema) return;
    shape *known = probe(s, schema);
    if (!known->schema) {
        if ((s->n_known + 1) * 2 > s->known.len / sizeof(shape)) grow(s);
        if (s->status != NXC_OK) return;
        shape fresh;
        work_out(s, schema, &fresh);
        known = probe(s, schema);
        *known = fresh;
        s->n_known++;
    }
    for (uint32_t i = 0; i < known->n; i++) {
        nxc__field_input f = properties(s)[known->first + i];
        f.kind = kind;
        nxc__buffer_append(out, &f, sizeof f);
    }
}
