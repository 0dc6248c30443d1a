/*
 * OpenAPI 3.x and Swagger 2.0 documents to operations.
 *
 *     paths     -> each path item -> each method -> one operation
 *     webhooks  -> the same, flagged NXC_OP_WEBHOOK, without a path
 *     servers   -> base paths (of the document, a path item or an operation);
 *                  Swagger: basePath
 *
 * What is read of an operation stands in docs/catalogs.md. OpenAPI is open, so
 * a member that is not known, or has a type that it should not have, is passed
 * over; only a path item or an operation that is no object is an error, because
 * an operation would be lost. References lead on within the document
 * (openapi_ref.c); schemas are worked out once each (openapi_schema.c).
 *
 * Threading: one thread. Cost: linear in the document; the fields, tags and
 * scopes of one operation at a time lie in buffers that are used again.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strmap.h"
#include "catalog/import.h"
#include "catalog/openapi_schema.h"

#define MAX_TEXT_BYTES ((size_t)64 << 20) /* composed strings, an operation */

typedef struct reader {
    const nxc__json_doc *doc;
    const nxc__json *root;
    nxc__catalog_builder *b;
    nxc__refs refs;
    nxc__schemas schemas;
    nxc__arena arena;   /* composed strings of one operation */
    nxc__buffer fields; /* nxc__field_input of one operation */
    nxc__buffer text;
    bool is_v2;
    nxc_error *err;
} reader;

/* A path item under way: what its operations share. */
typedef struct item {
    const nxc__json *own, *target; /* before and behind its reference */
    nxc_str name;                  /* path or webhook */
    bool is_webhook;
} item;

static const char *const method_keys[] = {"get",     "put",  "post",  "delete",
                                          "options", "head", "patch", "trace"};
static const nxc_method methods[] = {
    NXC_METHOD_GET,     NXC_METHOD_PUT,  NXC_METHOD_POST,  NXC_METHOD_DELETE,
    NXC_METHOD_OPTIONS, NXC_METHOD_HEAD, NXC_METHOD_PATCH, NXC_METHOD_TRACE};

static const nxc__json *get(reader *r, const nxc__json *v, const char *key) {
    return nxc__refs_get(&r->refs, v, nxc__str(key));
}
static nxc_str str_of(reader *r, const nxc__json *v, const char *key) {
    return nxc__json_str(get(r, v, key));
}
static const nxc__json *object_of(reader *r, const nxc__json *v,
                                  const char *key) {
    const nxc__json *m = get(r, v, key);
    return nxc__json_is(m, NXC_JSON_OBJECT) ? m : NULL;
}
static const nxc__json *array_of(reader *r, const nxc__json *v,
                                 const char *key) {
    const nxc__json *m = get(r, v, key);
    return nxc__json_is(m, NXC_JSON_ARRAY) ? m : NULL;
}
static bool is_true(reader *r, const nxc__json *v, const char *key) {
    return nxc__json_bool(get(r, v, key));
}

static void add_field(reader *r, nxc__field_input f) {
    nxc__buffer_append(&r->fields, &f, sizeof f);
}

/* -------------------------------------------------------------- servers */

/* The text of a URL with {variables} replaced by their defaults. */
static nxc_str expanded(reader *r, nxc_str url, const nxc__json *variables) {
    r->text.len = 0;
    for (size_t i = 0; i < url.len;) {
        size_t open = nxc__str_find(url, '{', i);
        size_t close = nxc__str_find(url, '}', open);
        nxc__buffer_append_str(&r->text, nxc__str_slice(url, i, open));
        if (close == url.len) {
            nxc__buffer_append_str(&r->text, nxc__str_slice(url, open, close));
            break;
        }
        nxc_str name = nxc__str_slice(url, open + 1, close);
        nxc__buffer_append_str(
            &r->text,
            str_of(r, nxc__refs_get(&r->refs, variables, name), "default"));
        i = close + 1;
    }
    return nxc__buffer_str(&r->text);
}

static nxc_status add_base(reader *r, nxc_str path) {
    path = nxc__str_trim(path);
    path.len = nxc__str_find(path, '#', 0);
    path.len = nxc__str_find(path, '?', 0);
    if (path.len == 0) return NXC_OK;
    if (path.ptr[0] == '/')
        return nxc__catalog_builder_add_base_path(r->b, path, r->err);
    nxc__buffer slashed;
    nxc__buffer_init(&slashed, r->refs.alloc, path.len + 1);
    nxc__buffer_append_char(&slashed, '/');
    nxc__buffer_append_str(&slashed, path);
    nxc_status st = nxc__buffer_status(&slashed, "base path", r->err);
    if (st == NXC_OK)
        st = nxc__catalog_builder_add_base_path(r->b, nxc__buffer_str(&slashed),
                                                r->err);
    nxc__buffer_release(&slashed);
    return st;
}

/* The path part of "https://host/v1" and "/v1"; "" of "https://host". */
static nxc_str path_of_url(nxc_str url) {
    size_t i = 0;
    while (i + 2 < url.len && memcmp(url.ptr + i, "://", 3) != 0)
        i++;
    if (i + 2 < url.len)
        i += 3;
    else if (nxc__str_starts(url, NXC_STR("//")))
        i = 2;
    else
        return url;
    return nxc__str_slice(url, nxc__str_find(url, '/', i), url.len);
}

static nxc_status read_servers(reader *r, const nxc__json *owner) {
    const nxc__json *servers = array_of(r, owner, "servers");
    if (r->is_v2) return NXC_OK;
    for (nxc__json_iter it = nxc__json_each(servers);
         nxc__refs_next(&r->refs, &it);) {
        nxc_str url = expanded(r, nxc__str_trim(str_of(r, it.value, "url")),
                               object_of(r, it.value, "variables"));
        NXC_TRY(add_base(r, path_of_url(url)));
    }
    return NXC_OK;
}

/* ----------------------------------------------------------- parameters */

/* The best media type of a content object: JSON, then what is like JSON. */
static const nxc__json *content_schema(reader *r, const nxc__json *owner) {
    const nxc__json *best = NULL, *content = object_of(r, owner, "content");
    int best_rank = 0;
    for (nxc__json_iter it = nxc__json_each(content);
         nxc__refs_next(&r->refs, &it);) {
        const nxc__json *schema = get(r, it.value, "schema");
        int rank = 1;
        if (!nxc__json_is(schema, NXC_JSON_OBJECT)) continue;
        for (size_t i = 0; i + 4 <= it.key.len && rank == 1; i++)
            if (memcmp(it.key.ptr + i, "json", 4) == 0) rank = 2;
        if (nxc__str_starts(it.key, NXC_STR("application/json"))) rank = 3;
        if (rank > best_rank) {
            best = schema;
            best_rank = rank;
        }
    }
    return best;
}

static nxc_str parameter_type(reader *r, const nxc__json *parameter) {
    const nxc__json *schema = get(r, parameter, "schema");
    if (!schema) schema = content_schema(r, parameter);
    if (schema) return nxc__schemas_type(&r->schemas, schema);
    return str_of(r, parameter, "type");
}

/* A list of parameters; seen is keyed by "in\nname" and skips what the list
 * before it has replaced. */
static nxc_status read_parameters(reader *r, const nxc__json *list,
                                  nxc__strmap *seen) {
    for (nxc__json_iter it = nxc__json_each(list);
         nxc__refs_next(&r->refs, &it);) {
        const nxc__json *p = nxc__refs_follow(&r->refs, it.value, NULL);
        nxc__field_input f = {.kind = NXC_FIELD_PARAMETER,
                              .name = str_of(r, p, "name"),
                              .in = str_of(r, p, "in")};
        if (!nxc__json_is(p, NXC_JSON_OBJECT) || f.name.len == 0) continue;
        char *key = nxc__arena_alloc(&r->arena, f.name.len + f.in.len + 1);
        if (!key) return nxc__error_nomem(r->err, f.name.len);
        if (f.in.len) memcpy(key, f.in.ptr, f.in.len);
        key[f.in.len] = '\n';
        memcpy(key + f.in.len + 1, f.name.ptr, f.name.len);
        uint32_t index = (uint32_t)it.index, found;
        size_t n_before = seen->n;
        NXC_TRY(nxc__strmap_add(seen, (nxc_str){key, f.name.len + f.in.len + 1},
                                index, &found, r->err));
        if (seen->n == n_before) continue;
        f.type = parameter_type(r, p);
        f.required =
            is_true(r, p, "required") || nxc__str_eq(f.in, NXC_STR("path"));
        add_field(r, f);
        if (!nxc__str_eq(f.in, NXC_STR("formData"))) continue;
        f.kind = NXC_FIELD_BODY;
        add_field(r, f);
    }
    return NXC_OK;
}

/* ----------------------------------------------------- body and returns */

static void read_body(reader *r, const item *at, const nxc__json *op,
                      nxc__operation_input *in) {
    const nxc__json *schema = NULL;
    bool required = false;
    if (!r->is_v2) {
        const nxc__json *body = object_of(r, op, "requestBody");
        if (body) body = nxc__refs_follow(&r->refs, body, NULL);
        schema = content_schema(r, body);
        required = is_true(r, body, "required");
    } else {
        const nxc__json *lists[] = {array_of(r, op, "parameters"),
                                    array_of(r, at->target, "parameters")};
        for (size_t k = 0; k < 2 && !schema; k++)
            for (nxc__json_iter it = nxc__json_each(lists[k]);
                 nxc__refs_next(&r->refs, &it);) {
                const nxc__json *p = nxc__refs_follow(&r->refs, it.value, NULL);
                if (!nxc__str_eq(str_of(r, p, "in"), NXC_STR("body"))) continue;
                schema = object_of(r, p, "schema");
                required = is_true(r, p, "required");
                break;
            }
    }
    if (required) in->flags |= NXC_OP_BODY_REQUIRED;
    nxc__schemas_fields(&r->schemas, schema, NXC_FIELD_BODY, &r->fields,
                        &in->body_schema);
}

/* The smallest 2xx status that has a schema. */
static void read_returns(reader *r, const nxc__json *op,
                         nxc__operation_input *in) {
    const nxc__json *best = NULL;
    nxc_str best_code = {"", 0};
    const nxc__json *responses = object_of(r, op, "responses");
    for (nxc__json_iter it = nxc__json_each(responses);
         nxc__refs_next(&r->refs, &it);) {
        if (it.key.len != 3 || it.key.ptr[0] != '2') continue;
        if (best && nxc__str_compare(it.key, best_code) >= 0) continue;
        const nxc__json *response = nxc__refs_follow(&r->refs, it.value, NULL);
        const nxc__json *schema = r->is_v2 ? object_of(r, response, "schema")
                                           : content_schema(r, response);
        if (!schema) continue;
        best = schema;
        best_code = it.key;
    }
    nxc__schemas_fields(&r->schemas, best, NXC_FIELD_RETURNS, &r->fields,
                        &in->returns_schema);
}

/* --------------------------------------------------- security and texts */

static nxc_status add_scope(reader *r, nxc_str scheme, nxc_str scope) {
    r->text.len = 0;
    nxc__buffer_append_str(&r->text, scheme);
    if (scope.len) nxc__buffer_append_char(&r->text, ':');
    nxc__buffer_append_str(&r->text, scope);
    nxc_str joined = nxc__arena_copy(&r->arena, nxc__buffer_str(&r->text));
    if (!joined.ptr) return nxc__error_nomem(r->err, r->text.len);
    const nxc__field_input *known = (void *)r->fields.data;
    size_t n = r->fields.len / sizeof *known;
    /* the last 64 only, so that a long list stays linear */
    for (size_t k = 0; k < 64 && n > k; k++) {
        const nxc__field_input *f = &known[n - k - 1];
        if (f->kind != NXC_FIELD_SCOPE) break;
        if (nxc__str_eq(f->name, joined)) return NXC_OK;
    }
    add_field(r, (nxc__field_input){.kind = NXC_FIELD_SCOPE, .name = joined});
    return NXC_OK;
}

/* Of the operation, else of the document; an empty list means none. */
static nxc_status read_security(reader *r, const nxc__json *op) {
    const nxc__json *list = array_of(r, op, "security");
    if (!list) list = array_of(r, r->root, "security");
    for (nxc__json_iter it = nxc__json_each(list);
         nxc__refs_next(&r->refs, &it);) {
        if (!nxc__json_is(it.value, NXC_JSON_OBJECT)) continue;
        for (nxc__json_iter s = nxc__json_each(it.value);
             nxc__refs_next(&r->refs, &s);) {
            size_t n = 0;
            for (nxc__json_iter k = nxc__json_each(s.value);
                 nxc__refs_next(&r->refs, &k); n++)
                NXC_TRY(add_scope(r, s.key, nxc__json_str(k.value)));
            if (n == 0) NXC_TRY(add_scope(r, s.key, NXC_STR("")));
        }
    }
    return NXC_OK;
}

static nxc_status read_tags(reader *r, const nxc__json *op, nxc_str *out) {
    const nxc__json *tags = array_of(r, op, "tags");
    r->text.len = 0;
    for (nxc__json_iter it = nxc__json_each(tags);
         nxc__refs_next(&r->refs, &it);) {
        nxc_str tag = nxc__str_trim(nxc__json_str(it.value));
        if (tag.len == 0) continue;
        if (r->text.len) nxc__buffer_append_char(&r->text, ',');
        nxc__buffer_append_str(&r->text, tag);
    }
    *out = nxc__arena_copy(&r->arena, nxc__buffer_str(&r->text));
    return out->ptr ? NXC_OK : nxc__error_nomem(r->err, r->text.len);
}

/* ------------------------------------------------------------ operation */

static nxc_status webhook_id(reader *r, const item *at,
                             nxc__operation_input *in) {
    r->text.len = 0;
    nxc__buffer_printf(&r->text, "webhook %s ", nxc_method_name(in->method));
    nxc__buffer_append_str(&r->text, at->name);
    in->id = nxc__arena_copy(&r->arena, nxc__buffer_str(&r->text));
    if (in->operation_id.len == 0) in->operation_id = at->name;
    in->flags |= NXC_OP_WEBHOOK;
    return in->id.ptr ? NXC_OK : nxc__error_nomem(r->err, r->text.len);
}

static nxc_status read_fields(reader *r, const item *at, const nxc__json *op,
                              nxc__operation_input *in) {
    nxc__strmap seen;
    nxc__strmap_init(&seen, r->refs.alloc);
    nxc_status st = read_parameters(r, array_of(r, op, "parameters"), &seen);
    if (st == NXC_OK)
        st = read_parameters(r, array_of(r, at->target, "parameters"), &seen);
    if (st == NXC_OK && at->own != at->target)
        st = read_parameters(r, array_of(r, at->own, "parameters"), &seen);
    nxc__strmap_release(&seen);
    NXC_TRY(st);
    read_body(r, at, op, in);
    read_returns(r, op, in);
    NXC_TRY(read_security(r, op));
    return nxc__schemas_status(&r->schemas, r->err);
}

/* Extensions that say what a call does. */
static nxc_status read_hints(reader *r, const nxc__json *op,
                             const nxc__json_path *path, nxc__risk_hints *out) {
    static const char *const tools[] = {"x-mcp", "x-speakeasy-mcp"};
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
        nxc__risk_read_annotations(get(r, op, tools[i]), out);
    const nxc__json *v = get(r, op, "x-openai-isConsequential");
    if (nxc__json_is(v, NXC_JSON_BOOL))
        out->consequential = nxc__json_bool(v) ? NXC_HINT_TRUE : NXC_HINT_FALSE;
    return nxc__risk_read_label(r->doc, path, op, "x-nextcall-risk", out,
                                r->err);
}

static nxc_status read_operation(reader *r, const item *at, nxc_method method,
                                 const nxc__json *op,
                                 const nxc__json_path *path) {
    if (!nxc__json_is(op, NXC_JSON_OBJECT))
        return nxc__json_error_type(r->doc, path, r->err,
                                    "an operation (an object)", op);
    nxc__operation_input in;
    memset(&in, 0, sizeof in);
    nxc__arena_reset(&r->arena);
    r->fields.len = 0;
    in.method = method;
    in.operation_id = str_of(r, op, "operationId");
    in.summary = str_of(r, op, "summary");
    in.description = str_of(r, op, "description");
    if (is_true(r, op, "deprecated")) in.flags |= NXC_OP_DEPRECATED;
    if (at->is_webhook)
        NXC_TRY(webhook_id(r, at, &in));
    else
        in.path = at->name;
    NXC_TRY(read_tags(r, op, &in.tags));
    NXC_TRY(read_hints(r, op, path, &in.hints));
    NXC_TRY(read_fields(r, at, op, &in));
    if (!at->is_webhook) NXC_TRY(read_servers(r, op));
    NXC_TRY(nxc__buffer_status(&r->fields, "fields", r->err));
    NXC_TRY(nxc__buffer_status(&r->text, "text", r->err));
    in.fields = (const nxc__field_input *)(void *)r->fields.data;
    in.n_fields = r->fields.len / sizeof *in.fields;
    return nxc__catalog_builder_add(r->b, &in, r->err);
}

static nxc_status read_item(reader *r, const nxc__json *v, nxc_str name,
                            bool is_webhook, const nxc__json_path *path) {
    if (!nxc__json_is(v, NXC_JSON_OBJECT))
        return nxc__json_error_type(r->doc, path, r->err,
                                    "a path item (an object)", v);
    item at = {v, nxc__refs_follow(&r->refs, v, NULL), name, is_webhook};
    if (!nxc__json_is(at.target, NXC_JSON_OBJECT)) at.target = v;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        nxc_str key = nxc__str(method_keys[i]);
        const nxc__json *op = nxc__refs_get(&r->refs, at.own, key);
        if (!op) op = nxc__refs_get(&r->refs, at.target, key);
        nxc__json_path step = {path, key, 0};
        if (op) NXC_TRY(read_operation(r, &at, methods[i], op, &step));
    }
    return is_webhook ? NXC_OK : read_servers(r, at.target);
}

/* "paths" or "webhooks"; extensions among them are not path items. */
static nxc_status read_items(reader *r, const char *key, bool is_webhook) {
    const nxc__json *items = get(r, r->root, key);
    nxc__json_path root = {NULL, {NULL, 0}, 0};
    nxc__json_path list = {&root, nxc__str(key), 0};
    if (!items || nxc__json_is(items, NXC_JSON_NULL)) return NXC_OK;
    if (!nxc__json_is(items, NXC_JSON_OBJECT))
        return nxc__json_error_type(r->doc, &list, r->err, "an object", items);
    for (nxc__json_iter it = nxc__json_each(items);
         nxc__refs_next(&r->refs, &it);) {
        nxc__json_path step = {&list, it.key, 0};
        if (nxc__str_starts(it.key, NXC_STR("x-"))) continue;
        if (nxc__json_is(it.value, NXC_JSON_NULL)) continue;
        NXC_TRY(read_item(r, it.value, it.key, is_webhook, &step));
    }
    return NXC_OK;
}

/* ------------------------------------------------------------- document */

/* "3.0.2" or the number that YAML makes of 3.1. */
static nxc_str version_text(const nxc__json *v, char buf[32]) {
    if (nxc__json_is(v, NXC_JSON_STRING))
        return nxc__str_trim(nxc__json_str(v));
    if (!nxc__json_is(v, NXC_JSON_NUMBER)) return NXC_STR("");
    double number = nxc__json_number(v);
    int tenths = number >= 0 && number < 100 ? (int)(number * 10 + 0.5) : 0;
    snprintf(buf, 32, "%d.%d", tenths / 10, tenths % 10);
    return nxc__str(buf);
}

static nxc_status read_version(reader *r, const char **format) {
    const nxc__json *v = get(r, r->root, "openapi");
    nxc__json_path root = {NULL, {NULL, 0}, 0};
    nxc__json_path step = {&root, NXC_STR("openapi"), 0};
    char buf[32];
    nxc_str version = version_text(v, buf);
    if (v && nxc__str_starts(version, NXC_STR("3."))) {
        *format = nxc__str_starts(version, NXC_STR("3.0"))   ? "openapi-3.0"
                  : nxc__str_starts(version, NXC_STR("3.1")) ? "openapi-3.1"
                                                             : "openapi-3.x";
        return NXC_OK;
    }
    if (v)
        return nxc__json_error(r->doc, &step, r->err, NXC_ERR_UNSUPPORTED,
                               "expected OpenAPI 3.x, got \"%.*s\"",
                               NXC_STR_ARG(version));
    step.key = NXC_STR("swagger");
    version = version_text(get(r, r->root, "swagger"), buf);
    if (!nxc__str_starts(version, NXC_STR("2.")) &&
        !nxc__str_eq(version, NXC_STR("2")))
        return nxc__json_error(r->doc, &step, r->err, NXC_ERR_UNSUPPORTED,
                               "expected Swagger 2.0, got \"%.*s\"",
                               NXC_STR_ARG(version));
    *format = "swagger-2.0";
    r->is_v2 = true;
    return NXC_OK;
}

static nxc_status read_document(reader *r, nxc_import_info *info) {
    NXC_TRY(read_version(r, &info->format));
    NXC_TRY(r->is_v2 ? add_base(r, str_of(r, r->root, "basePath"))
                     : read_servers(r, r->root));
    NXC_TRY(read_items(r, "paths", false));
    NXC_TRY(read_items(r, "webhooks", true));
    info->n_unresolved = r->refs.n_unresolved;
    return nxc__refs_status(&r->refs, r->err);
}

nxc_status nxc__import_openapi(const nxc__json_doc *doc,
                               const nxc_allocator *alloc,
                               nxc__catalog_builder *b, nxc_import_info *info,
                               nxc_error *err) {
    alloc = nxc__allocator_or_default(alloc);
    reader r;
    memset(&r, 0, sizeof r);
    r.doc = doc;
    r.root = nxc__json_root(doc);
    r.b = b;
    r.err = err;
    nxc__refs_init(&r.refs, r.root, alloc);
    nxc__schemas_init(&r.schemas, &r.refs);
    nxc__arena_init(&r.arena, alloc, MAX_TEXT_BYTES);
    nxc__buffer_init(&r.fields, alloc, SIZE_MAX / 2);
    nxc__buffer_init(&r.text, alloc, MAX_TEXT_BYTES);
    nxc_status st = read_document(&r, info);
    nxc__buffer_release(&r.text);
    nxc__buffer_release(&r.fields);
    nxc__arena_release(&r.arena);
    nxc__schemas_release(&r.schemas);
    nxc__refs_release(&r.refs);
    return st;
}
