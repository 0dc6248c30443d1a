/*
 * JSONL catalogs: one operation a line.
 *
 *     {"catalog", "id", "method", "path", "operationId", "summary",
 *      "description", "tags", "parameters": [name], "required": [name],
 *      "body": [name], "body_required": [name], "body_schema",
 *      "returns": [name], "returns_schema", "risk"}
 *
 * Every member may be missing or null, as long as the line says what the
 * operation is called: an id, or a method and a path, or an operationId.
 * "tags" may be a list, "parameters" may hold {name, in, required, type};
 * "text" is not read, because the candidate text is derived. Blank lines are
 * passed over.
 *
 * Each line is a JSON text of its own, so memory is that of one line; its
 * errors get the number of the line in the file.
 *
 * Threading: one thread. Cost: linear.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strmap.h"
#include "catalog/import.h"

typedef struct reader {
    nxc_str name;
    nxc_str filter; /* ptr NULL: all lines */
    const nxc_allocator *alloc;
    nxc__catalog_builder *b;
    nxc__buffer fields, text;
    const nxc__json_doc *doc;
    size_t n_added;
    nxc_error *err;
} reader;

/* "<name>:1: ..." of a line's own text to "<name>:<line>: ...". */
static nxc_status relabel(const reader *r, nxc_status st, size_t line) {
    nxc_error *err = r->err;
    if (st == NXC_OK || !err || err->code == NXC_ERR_NOMEM) return st;
    char rest[sizeof err->message], head[96];
    nxc_str m = nxc__str(err->message);
    int n = snprintf(head, sizeof head, "%.*s:", NXC_STR_ARG(r->name));
    if (n > 0 && nxc__str_starts(m, nxc__str(head)))
        m = nxc__str_slice(m, (size_t)n, m.len);
    if (nxc__str_starts(m, NXC_STR("1:"))) m = nxc__str_slice(m, 2, m.len);
    m = nxc__str_trim(m);
    snprintf(rest, sizeof rest, "%.*s", (int)m.len, m.ptr);
    return nxc__error(err, st, "%s%zu: %s", head, line, rest);
}

static nxc_status wrong(const reader *r, const char *key, const char *expected,
                        const nxc__json *got) {
    nxc__json_path root = {NULL, {NULL, 0}, 0};
    nxc__json_path step = {&root, nxc__str(key), 0};
    return nxc__json_error_type(r->doc, &step, r->err, expected, got);
}

/* A string, or "" where there is none. */
static nxc_status get_str(const reader *r, const nxc__json *line,
                          const char *key, nxc_str *out) {
    const nxc__json *v = nxc__json_get(line, nxc__str(key));
    *out = NXC_STR("");
    if (!v || nxc__json_is(v, NXC_JSON_NULL)) return NXC_OK;
    if (!nxc__json_is(v, NXC_JSON_STRING))
        return wrong(r, key, "a string or null", v);
    *out = nxc__json_str(v);
    return NXC_OK;
}

static nxc_status get_list(const reader *r, const nxc__json *line,
                           const char *key, const nxc__json **out) {
    const nxc__json *v = nxc__json_get(line, nxc__str(key));
    *out = NULL;
    if (!v || nxc__json_is(v, NXC_JSON_NULL)) return NXC_OK;
    if (!nxc__json_is(v, NXC_JSON_ARRAY))
        return wrong(r, key, "an array or null", v);
    *out = v;
    return NXC_OK;
}

static nxc_status get_method(const reader *r, const nxc__json *line,
                             nxc_method *out) {
    nxc_str text;
    NXC_TRY(get_str(r, line, "method", &text));
    *out = text.len ? NXC_METHOD_OTHER : NXC_METHOD_NONE;
    for (int m = NXC_METHOD_GET; m <= NXC_METHOD_TRACE; m++)
        if (nxc__str_ieq(text, nxc__str(nxc_method_name((nxc_method)m))))
            *out = (nxc_method)m;
    return NXC_OK;
}

/* A string as it is; a list joined by commas. */
static nxc_status get_tags(reader *r, const nxc__json *line, nxc_str *out) {
    const nxc__json *v = NXC_JSON_GET(line, "tags");
    if (!nxc__json_is(v, NXC_JSON_ARRAY)) return get_str(r, line, "tags", out);
    r->text.len = 0;
    for (nxc__json_iter it = nxc__json_each(v); nxc__json_next(&it);) {
        if (r->text.len) nxc__buffer_append_char(&r->text, ',');
        nxc__buffer_append_str(&r->text, nxc__json_str(it.value));
    }
    *out = nxc__buffer_str(&r->text);
    return NXC_OK;
}

/* Names of one kind, marked as required where the other list has them. */
static nxc_status add_names(reader *r, const nxc__json *line, const char *key,
                            const char *required_key, nxc_field_kind kind) {
    const nxc__json *names, *required = NULL;
    NXC_TRY(get_list(r, line, key, &names));
    if (required_key) NXC_TRY(get_list(r, line, required_key, &required));
    nxc__strmap marked;
    nxc__strmap_init(&marked, r->alloc);
    nxc_status st = NXC_OK;
    for (nxc__json_iter it = nxc__json_each(required); nxc__json_next(&it);)
        if (nxc__json_is(it.value, NXC_JSON_STRING))
            NXC_TRY_OR(done, st,
                       nxc__strmap_add(&marked, nxc__json_str(it.value), 1,
                                       NULL, r->err));
    for (nxc__json_iter it = nxc__json_each(names); nxc__json_next(&it);) {
        nxc__field_input f = {.kind = kind, .name = nxc__json_str(it.value)};
        if (nxc__json_is(it.value, NXC_JSON_OBJECT)) {
            f.name = nxc__json_str(NXC_JSON_GET(it.value, "name"));
            f.in = nxc__json_str(NXC_JSON_GET(it.value, "in"));
            f.type = nxc__json_str(NXC_JSON_GET(it.value, "type"));
            f.required = nxc__json_bool(NXC_JSON_GET(it.value, "required"));
        }
        if (f.name.len == 0) {
            st = wrong(r, key, "an array of names", names);
            goto done;
        }
        if (nxc__strmap_find(&marked, f.name) != NXC_NONE) f.required = true;
        nxc__buffer_append(&r->fields, &f, sizeof f);
    }
done:
    nxc__strmap_release(&marked);
    return st;
}

static nxc_status add_line(reader *r, const nxc__json *line) {
    nxc__operation_input in;
    memset(&in, 0, sizeof in);
    r->fields.len = 0;
    NXC_TRY(get_str(r, line, "id", &in.id));
    NXC_TRY(get_method(r, line, &in.method));
    NXC_TRY(get_str(r, line, "path", &in.path));
    NXC_TRY(get_str(r, line, "operationId", &in.operation_id));
    NXC_TRY(get_str(r, line, "summary", &in.summary));
    NXC_TRY(get_str(r, line, "description", &in.description));
    NXC_TRY(get_str(r, line, "body_schema", &in.body_schema));
    NXC_TRY(get_str(r, line, "returns_schema", &in.returns_schema));
    NXC_TRY(get_tags(r, line, &in.tags));
    nxc__json_path root = {NULL, {NULL, 0}, 0};
    NXC_TRY(
        nxc__risk_read_label(r->doc, &root, line, "risk", &in.hints, r->err));
    if (in.id.len == 0 && in.operation_id.len == 0 &&
        (in.path.len == 0 || in.method == NXC_METHOD_NONE))
        return wrong(r, "id", "an id, a method and a path, or an operationId",
                     NXC_JSON_GET(line, "id"));
    NXC_TRY(add_names(r, line, "parameters", "required", NXC_FIELD_PARAMETER));
    NXC_TRY(add_names(r, line, "body", "body_required", NXC_FIELD_BODY));
    NXC_TRY(add_names(r, line, "returns", NULL, NXC_FIELD_RETURNS));
    NXC_TRY(nxc__buffer_status(&r->fields, "fields", r->err));
    NXC_TRY(nxc__buffer_status(&r->text, "tags", r->err));
    in.fields = (const nxc__field_input *)(void *)r->fields.data;
    in.n_fields = r->fields.len / sizeof *in.fields;
    r->n_added++;
    return nxc__catalog_builder_add(r->b, &in, r->err);
}

static nxc_status read_line(reader *r, nxc_str text) {
    nxc__json_doc *doc;
    NXC_TRY(nxc__json_parse(r->name, text, NULL, r->alloc, &doc, r->err));
    const nxc__json *line = nxc__json_root(doc);
    nxc__json_path root = {NULL, {NULL, 0}, 0};
    nxc_str catalog = {"", 0};
    nxc_status st;
    r->doc = doc;
    if (!nxc__json_is(line, NXC_JSON_OBJECT))
        st = nxc__json_error_type(doc, &root, r->err,
                                  "an operation (an object)", line);
    else
        st = get_str(r, line, "catalog", &catalog);
    if (st == NXC_OK && (!r->filter.ptr || nxc__str_eq(catalog, r->filter)))
        st = add_line(r, line);
    nxc__json_free(doc);
    return st;
}

nxc_status nxc__import_jsonl(nxc_str name, nxc_str bytes, const char *filter,
                             const nxc_allocator *alloc,
                             nxc__catalog_builder *b, nxc_import_info *info,
                             nxc_error *err) {
    reader r;
    memset(&r, 0, sizeof r);
    r.name = name;
    if (filter) r.filter = nxc__str(filter);
    r.alloc = nxc__allocator_or_default(alloc);
    r.b = b;
    r.err = err;
    nxc__buffer_init(&r.fields, r.alloc, SIZE_MAX / 2);
    nxc__buffer_init(&r.text, r.alloc, SIZE_MAX / 2);
    nxc_status st = NXC_OK;
    size_t line = 0;
    for (size_t i = 0; st == NXC_OK && i < bytes.len;) {
        size_t end = nxc__str_find(bytes, '\n', i);
        nxc_str text = nxc__str_trim(nxc__str_slice(bytes, i, end));
        line++;
        if (text.len) st = relabel(&r, read_line(&r, text), line);
        i = end + 1;
    }
    nxc__buffer_release(&r.fields);
    nxc__buffer_release(&r.text);
    info->format = "jsonl";
    if (st == NXC_OK && filter && r.n_added == 0)
        return nxc__error(err, NXC_ERR_NOT_FOUND,
                          "%.*s: expected lines of catalog \"%.80s\", got none",
                          NXC_STR_ARG(name), filter);
    return st;
}
