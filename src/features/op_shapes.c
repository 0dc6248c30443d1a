/*
 * The shape of each operation: path segments, resource, verb, what it needs and
 * what it gives, all as keys of one numbering (op_index.h).
 *
 *     POST /v1/customers/{customer}/sources   body_required: [source_id]
 *       segments   customer, {customer}, source      (v1 is dropped)
 *       needs      path customer of customer; body source_id, base source
 *       gives      id, object, ...
 *
 * A need looks like an id if its name ends in one of `id_endings`. It is
 * required if it is in the path or the document says so.
 */
#include <math.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/str.h"
#include "catalog/resource.h"
#include "features/op_index.h"

static const char *const id_endings[] = {
    "id",   "uuid", "guid", "sid",    "key",    "slug",      "code",
    "name", "ref",  "urn",  "number", "handle", "identifier"};
enum { N_STRICT_IDS = 4 }; /* of them: id, uuid, guid, sid */

static const char *const dropped_segments[] = {
    "api", "rest", "apis", "services", "odata", "public", "json"};

typedef struct shaper {
    nxc__op_index *index;
    nxc__op_shape *shapes;
    nxc__buffer segments, needs, gives;
    nxc_error *err;
} shaper;

/* ----------------------------------------------------------------- keys */

/* The number of a key that is in its form already. */
static nxc_status number_of(shaper *s, nxc_str form, uint32_t *out) {
    nxc__op_index *index = s->index;
    *out = nxc__strmap_find(&index->keys, form);
    if (*out != NXC_NONE) return NXC_OK;
    nxc_str kept = nxc__arena_copy(&index->arena, form);
    if (!kept.ptr) return nxc__error_nomem(s->err, form.len);
    *out = (uint32_t)index->n_keys++;
    return nxc__strmap_add(&index->keys, kept, *out, NULL, s->err);
}
static nxc_status key_of(shaper *s, nxc_str name, uint32_t *out) {
    char buf[NXC_WORD_MAX];
    return number_of(s, nxc__resource_fold(name, buf), out);
}

/* "customer_id" -> customer; "id" -> "". *is_id: whether an ending was cut, or
 * the name is one. */
static nxc_str base_of(nxc_str form, bool *is_id, bool *is_strict) {
    *is_id = *is_strict = false;
    for (size_t i = 0; i < sizeof id_endings / sizeof *id_endings; i++) {
        nxc_str end = nxc__str(id_endings[i]);
        if (!nxc__str_ends(form, end)) continue;
        size_t n = form.len - end.len;
        if (n && form.ptr[n - 1] != '_') continue;
        *is_id = true;
        *is_strict = i < N_STRICT_IDS;
        return nxc__str_slice(form, 0, n ? n - 1 : 0);
    }
    return form;
}

/* ---------------------------------------------------------------- paths */

static bool is_dropped(nxc_str segment) {
    for (size_t i = 0; i < sizeof dropped_segments / sizeof *dropped_segments;
         i++)
        if (nxc__str_ieq(segment, nxc__str(dropped_segments[i]))) return true;
    size_t at = segment.len && nxc__lower(segment.ptr[0]) == 'v';
    size_t n_digits = 0;
    for (size_t i = at; i < segment.len; i++) {
        char c = segment.ptr[i];
        if (nxc__is_digit(c))
            n_digits++;
        else if (c != '.' && c != '-')
            return false;
    }
    return n_digits > 0;
}

/* The name within the braces of a parameter segment. */
static nxc_str parameter_name(nxc_str segment) {
    size_t open = nxc__str_find(segment, '{', 0);
    size_t close = nxc__str_find(segment, '}', open);
    return open < close ? nxc__str_slice(segment, open + 1, close) : segment;
}

static nxc_status add_need(shaper *s, nxc_str name, nxc__need_in in,
                           uint32_t owner, bool is_required) {
    char form_buf[NXC_WORD_MAX];
    nxc__need need = {
        .owner = owner, .in = (uint8_t)in, .is_required = is_required};
    nxc_str form = nxc__resource_fold(name, form_buf);
    bool is_id, is_strict;
    nxc_str base = base_of(form, &is_id, &is_strict);
    NXC_TRY(number_of(s, form, &need.key));
    NXC_TRY(number_of(s, is_id || in == NXC_NEED_PATH ? base : NXC_STR(""),
                      &need.base));
    need.is_id = in == NXC_NEED_PATH || (is_id && (base.len || is_strict));
    char pair[32];
    int n = snprintf(pair, sizeof pair, "\x01%u/%u", owner, need.key);
    NXC_TRY(number_of(s, (nxc_str){pair, (size_t)n}, &need.pair));
    nxc__buffer_append(&s->needs, &need, sizeof need);
    return NXC_OK;
}

static nxc_status read_path(shaper *s, nxc_str path, nxc__op_shape *shape) {
    uint32_t owner = NXC_KEY_NONE;
    nxc_str last_static = {NULL, 0};
    size_t n_static = 0;
    for (size_t i = 0, end; i < path.len; i = end + 1) {
        end = nxc__str_find(path, '/', i);
        nxc_str segment = nxc__str_slice(path, i, end);
        if (segment.len == 0) continue;
        bool is_parameter = nxc__str_find(segment, '{', 0) < segment.len;
        uint32_t key;
        if (!is_parameter && is_dropped(segment)) continue;
        NXC_TRY(
            key_of(s, is_parameter ? parameter_name(segment) : segment, &key));
        uint32_t code = key * 2 + is_parameter;
        nxc__buffer_append(&s->segments, &code, sizeof code);
        shape->ends_in_parameter = is_parameter;
        if (is_parameter) {
            NXC_TRY(add_need(s, parameter_name(segment), NXC_NEED_PATH, owner,
                             true));
        } else {
            owner = key;
            last_static = segment;
            if (n_static++ == 0 && shape->space == NXC_KEY_NONE)
                shape->space = key;
        }
    }
    char a[NXC_WORD_MAX];
    nxc_str form = nxc__resource_fold(last_static, a);
    uint32_t last = nxc__strmap_find(&s->index->keys, form);
    shape->is_action =
        n_static > 1 && !shape->ends_in_parameter && last != shape->resource;
    return nxc__buffer_status(&s->segments, "segments", s->err);
}

/* ---------------------------------------------------------------- verbs */

static nxc_str local_name(nxc_str name) {
    size_t start = name.len;
    while (start > 0 && !strchr("./:#\\-", name.ptr[start - 1]))
        start--;
    return start < name.len ? nxc__str_slice(name, start, name.len) : name;
}

/* "Buses" of "Buses.FindBus"; "" without one. */
static nxc_str name_space(nxc_str name) {
    size_t local = local_name(name).len;
    return nxc__str_slice(name, 0, local < name.len ? name.len - local - 1 : 0);
}

/* The first of the first `max` words that is a verb; method: one of its. */
static bool find_verb(nxc_str text, size_t max, char out[NXC_WORD_MAX],
                      nxc_str *verb, uint32_t *methods) {
    nxc__word_iter it = nxc__words(text, true);
    for (size_t i = 0; i < max && nxc__word_next(&it); i++) {
        *verb = nxc__verb_base(it.word, out);
        *methods = nxc__verb_methods(*verb);
        if (*methods) return true;
    }
    return false;
}

static nxc_status read_verb(shaper *s, const nxc_operation *op,
                            nxc__op_shape *shape) {
    char buf[NXC_WORD_MAX];
    nxc_str name = local_name(op->operation_id.len ? op->operation_id
                              : op->path.len       ? NXC_STR("")
                                                   : op->id);
    nxc_str verb = {NULL, 0};
    uint32_t methods = 0;
    if (!find_verb(name, op->path.len ? 1 : 3, buf, &verb, &methods) &&
        !find_verb(op->summary, 3, buf, &verb, &methods))
        verb = nxc__str(nxc__method_verb(op->method));
    shape->method = op->method;
    for (int m = NXC_METHOD_GET;
         op->method == NXC_METHOD_NONE && m <= NXC_METHOD_PATCH; m++)
        if (shape->method == NXC_METHOD_NONE && methods >> m & 1)
            shape->method = (nxc_method)m;
    return number_of(s, verb, &shape->verb);
}

/* ----------------------------------------------------------- operations */

static nxc_status read_fields(shaper *s, uint32_t i, const nxc_operation *op,
                              nxc__op_shape *shape) {
    nxc_field f;
    for (uint32_t k = 0; k < op->n_parameters; k++) {
        if (!nxc_catalog_get_field(s->index->catalog, i, NXC_FIELD_PARAMETER, k,
                                   &f))
            continue;
        char pattern[NXC_WORD_MAX + 8];
        snprintf(pattern, sizeof pattern, "{%.*s}",
                 (int)(f.name.len < NXC_WORD_MAX ? f.name.len : NXC_WORD_MAX),
                 f.name.ptr);
        bool is_in_path = false;
        nxc_str p = nxc__str(pattern);
        for (size_t at = 0; !is_in_path && at + p.len <= op->path.len; at++)
            is_in_path = memcmp(op->path.ptr + at, p.ptr, p.len) == 0;
        if (!is_in_path && !nxc__str_eq(f.in, NXC_STR("header")))
            NXC_TRY(
                add_need(s, f.name, NXC_NEED_QUERY, NXC_KEY_NONE, f.required));
    }
    for (uint32_t k = 0; k < op->n_body; k++)
        if (nxc_catalog_get_field(s->index->catalog, i, NXC_FIELD_BODY, k, &f))
            NXC_TRY(
                add_need(s, f.name, NXC_NEED_BODY, NXC_KEY_NONE, f.required));
    for (uint32_t k = 0; k < op->n_returns; k++) {
        uint32_t key;
        bool is_id, is_strict;
        char buf[NXC_WORD_MAX];
        if (!nxc_catalog_get_field(s->index->catalog, i, NXC_FIELD_RETURNS, k,
                                   &f))
            continue;
        nxc_str form = nxc__resource_fold(f.name, buf);
        NXC_TRY(number_of(s, form, &key));
        nxc_str base = base_of(form, &is_id, &is_strict);
        shape->gives_id |= is_id && base.len == 0;
        nxc__buffer_append(&s->gives, &key, sizeof key);
    }
    NXC_TRY(nxc__buffer_status(&s->gives, "gives", s->err));
    return nxc__buffer_status(&s->needs, "needs", s->err);
}

static nxc_status read_operation(shaper *s, uint32_t i, nxc__op_shape *shape) {
    nxc_operation op;
    const nxc_catalog *c = s->index->catalog;
    if (!nxc_catalog_get_operation(c, i, &op))
        NXC_UNREACHABLE("i is below the number of operations");
    size_t n_parents;
    const uint32_t *parents = nxc__catalog_parents(c, i, &n_parents);
    nxc_str tag = nxc__str_slice(op.tags, 0, nxc__str_find(op.tags, ',', 0));
    NXC_TRY(number_of(s, op.resource, &shape->resource));
    if (n_parents)
        NXC_TRY(number_of(s,
                          nxc__catalog_resource_name(c, parents[n_parents - 1]),
                          &shape->parent));
    NXC_TRY(
        key_of(s,
               tag.len || op.path.len
                   ? tag
                   : name_space(op.operation_id.len ? op.operation_id : op.id),
               &shape->space));
    NXC_TRY(key_of(s, op.body_schema, &shape->body_schema));
    NXC_TRY(key_of(s, op.returns_schema, &shape->returns_schema));
    shape->is_path = op.path.len > 0;
    shape->n_parameters =
        (uint16_t)(op.n_parameters < UINT16_MAX ? op.n_parameters : UINT16_MAX);
    shape->state =
        (uint8_t)nxc__workflow_state(op.method, op.path, op.operation_id);
    shape->first_segment = (uint32_t)(s->segments.len / sizeof(uint32_t));
    shape->first_need = (uint32_t)(s->needs.len / sizeof(nxc__need));
    shape->first_give = (uint32_t)(s->gives.len / sizeof(uint32_t));
    NXC_TRY(read_path(s, op.path, shape));
    shape->n_path =
        (uint32_t)(s->needs.len / sizeof(nxc__need)) - shape->first_need;
    NXC_TRY(read_verb(s, &op, shape));
    NXC_TRY(read_fields(s, i, &op, shape));
    shape->n_segments =
        (uint32_t)(s->segments.len / sizeof(uint32_t)) - shape->first_segment;
    shape->n_needs =
        (uint32_t)(s->needs.len / sizeof(nxc__need)) - shape->first_need;
    shape->n_gives =
        (uint32_t)(s->gives.len / sizeof(uint32_t)) - shape->first_give;
    for (nxc__word_iter it = nxc__words(op.description, false);
         shape->n_words < 200 && nxc__word_next(&it);)
        shape->n_words++;
    return NXC_OK;
}

/* --------------------------------------------------------------- catalog */

/* A copy of a buffer's bytes in the index's arena. */
static const void *kept(shaper *s, const nxc__buffer *b) {
    void *copy = nxc__arena_alloc(&s->index->arena, b->len + 1);
    if (copy && b->len) memcpy(copy, b->data, b->len);
    return copy;
}

/* Operations that share a resource, and idf of keys over needs. */
static nxc_status count_shared(shaper *s) {
    nxc__op_index *index = s->index;
    size_t n = index->n_keys + 1;
    float *idf = nxc__arena_alloc_array(&index->arena, n, sizeof *idf);
    uint32_t *count = nxc__arena_alloc_array(&index->arena, n, sizeof *count);
    if (!idf || !count) return nxc__error_nomem(s->err, n * sizeof *idf);
    memset(count, 0, n * sizeof *count);
    for (uint32_t i = 0; i < index->n_ops; i++)
        count[s->shapes[i].resource]++;
    for (uint32_t i = 0; i < index->n_ops; i++) {
        nxc__op_shape *p = &s->shapes[i];
        p->resourcemates = p->resource ? count[p->resource] : 1;
    }
    memset(count, 0, n * sizeof *count);
    for (uint32_t i = 0; i < index->n_ops; i++)
        for (uint32_t k = 0; k < s->shapes[i].n_needs; k++)
            count[index->needs[s->shapes[i].first_need + k].key]++;
    double n_ops = (double)index->n_ops;
    for (size_t k = 0; k < n; k++) {
        double df = count[k] < n_ops ? count[k] : n_ops;
        idf[k] = (float)log(1 + (n_ops - df + 0.5) / (df + 0.5));
    }
    index->key_idf = idf;
    return NXC_OK;
}

static nxc_status shape_all(shaper *s) {
    nxc__op_index *index = s->index;
    uint32_t none;
    size_t bytes = (index->n_ops + 1) * sizeof *s->shapes;
    s->shapes = nxc__arena_alloc(&index->arena, bytes);
    if (!s->shapes) return nxc__error_nomem(s->err, bytes);
    memset(s->shapes, 0, bytes);
    NXC_TRY(number_of(s, NXC_STR(""), &none));
    for (uint32_t i = 0; i < index->n_ops; i++)
        NXC_TRY(read_operation(s, i, &s->shapes[i]));
    index->shapes = s->shapes;
    index->segments = kept(s, &s->segments);
    index->needs = kept(s, &s->needs);
    index->gives = kept(s, &s->gives);
    if (!index->segments || !index->needs || !index->gives)
        return nxc__error_nomem(s->err, s->needs.len);
    return count_shared(s);
}

nxc_status nxc__op_shapes(nxc__op_index *index, nxc_error *err) {
    shaper s = {.index = index, .err = err};
    nxc__buffer_init(&s.segments, index->alloc, SIZE_MAX / 2);
    nxc__buffer_init(&s.needs, index->alloc, SIZE_MAX / 2);
    nxc__buffer_init(&s.gives, index->alloc, SIZE_MAX / 2);
    nxc_status st = shape_all(&s);
    nxc__buffer_release(&s.segments);
    nxc__buffer_release(&s.needs);
    nxc__buffer_release(&s.gives);
    return st;
}
