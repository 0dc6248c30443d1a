/*
 * Tool lists to operations.
 *
 *     OpenAI chat       {"type": "function", "function": {"name", ...}}
 *     OpenAI Responses  {"type": "function", "name", "description",
 *                        "parameters", "output_schema"?} and
 *                       {"type": "namespace", "name", "tools": [...]}
 *     Anthropic         {"name", "description", "input_schema"}
 *     MCP               {"tools": [{"name", "title"?, "description",
 *                        "inputSchema", "outputSchema"?, "annotations"?}]},
 *                       or that as the "result" of a JSON-RPC answer
 *
 * The shapes are told apart tool by tool, so a mixed list is read too; the
 * format that is reported is that of the first tool. The id of a tool in a
 * namespace is "namespace.name"; the namespace becomes its tag. A tool that the
 * provider hosts ({"type": "web_search"}) has its type as its name.
 *
 * Threading: one thread. Cost: linear.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"
#include "catalog/import.h"
#include "catalog/openapi_schema.h"

#define MAX_NAMESPACES 8 /* within one another */
#define MAX_TEXT_BYTES ((size_t)16 << 20)

typedef struct reader {
    const nxc__json_doc *doc;
    nxc__catalog_builder *b;
    nxc__refs refs;
    nxc__schemas schemas;
    nxc__buffer fields, id;
    const char *format;
    nxc_error *err;
} reader;

typedef struct namespace_scope {
    nxc_str prefix; /* "crm." or "" */
    nxc_str name;
    unsigned depth;
} namespace_scope;

static nxc_str str_of(const nxc__json *v, const char *key) {
    return nxc__json_str(nxc__json_get(v, nxc__str(key)));
}

static const char *format_of(const nxc__json *tool, bool is_nested) {
    nxc_str type = str_of(tool, "type");
    if (is_nested) return "openai-chat-tools";
    if (NXC_JSON_GET(tool, "inputSchema")) return "mcp-tools";
    if (NXC_JSON_GET(tool, "input_schema")) return "anthropic-tools";
    if (nxc__str_eq(type, NXC_STR("function")) ||
        nxc__str_eq(type, NXC_STR("namespace")))
        return "openai-responses-tools";
    return "tools";
}

/* The properties of the first of two members that is there. */
static nxc_str read_schema(reader *r, const nxc__json *tool, const char *key,
                           const char *other, nxc_field_kind kind) {
    nxc_str name;
    const nxc__json *schema = nxc__json_get(tool, nxc__str(key));
    if (!schema) schema = nxc__json_get(tool, nxc__str(other));
    nxc__schemas_fields(&r->schemas, schema, kind, &r->fields, &name);
    return name;
}

static nxc_status add_tool(reader *r, const nxc__json *tool, nxc_str name,
                           const namespace_scope *scope,
                           const nxc__json_path *path) {
    nxc__operation_input in;
    memset(&in, 0, sizeof in);
    r->fields.len = r->id.len = 0;
    nxc__buffer_append_str(&r->id, scope->prefix);
    nxc__buffer_append_str(&r->id, name);
    in.id = nxc__buffer_str(&r->id);
    in.operation_id = name;
    in.summary = str_of(tool, "title");
    in.description = str_of(tool, "description");
    in.tags = scope->name;
    const char *input = "parameters", *alternative = "input_schema";
    if (NXC_JSON_GET(tool, "inputSchema")) alternative = "inputSchema";
    read_schema(r, tool, input, alternative, NXC_FIELD_PARAMETER);
    nxc__risk_read_annotations(tool, &in.hints);
    NXC_TRY(nxc__risk_read_label(r->doc, path, tool, "x-nextcall-risk",
                                 &in.hints, r->err));
    in.returns_schema = read_schema(r, tool, "outputSchema", "output_schema",
                                    NXC_FIELD_RETURNS);
    NXC_TRY(nxc__schemas_status(&r->schemas, r->err));
    NXC_TRY(nxc__buffer_status(&r->fields, "fields", r->err));
    NXC_TRY(nxc__buffer_status(&r->id, "tool name", r->err));
    in.fields = (const nxc__field_input *)(void *)r->fields.data;
    in.n_fields = r->fields.len / sizeof *in.fields;
    return nxc__catalog_builder_add(r->b, &in, r->err);
}

static nxc_status read_list(reader *r, const nxc__json *list,
                            const namespace_scope *scope,
                            const nxc__json_path *path);

static nxc_status read_namespace(reader *r, const nxc__json *v, nxc_str name,
                                 const namespace_scope *outer,
                                 const nxc__json_path *path) {
    nxc__json_path step = {path, NXC_STR("tools"), 0};
    if (outer->depth >= MAX_NAMESPACES)
        return nxc__json_error(r->doc, path, r->err, NXC_ERR_LIMIT,
                               "expected at most %d namespaces within one "
                               "another, got more",
                               MAX_NAMESPACES);
    nxc__buffer prefix;
    nxc__buffer_init(&prefix, r->refs.alloc, MAX_TEXT_BYTES);
    nxc__buffer_append_str(&prefix, outer->prefix);
    nxc__buffer_append_str(&prefix, name);
    nxc__buffer_append_char(&prefix, '.');
    nxc_status st = nxc__buffer_status(&prefix, "namespace", r->err);
    namespace_scope scope = {nxc__buffer_str(&prefix), name, outer->depth + 1};
    if (st == NXC_OK)
        st = read_list(r, NXC_JSON_GET(v, "tools"), &scope, &step);
    nxc__buffer_release(&prefix);
    return st;
}

static nxc_status read_tool(reader *r, const nxc__json *v,
                            const namespace_scope *scope,
                            const nxc__json_path *path) {
    if (!nxc__json_is(v, NXC_JSON_OBJECT))
        return nxc__json_error_type(r->doc, path, r->err, "a tool (an object)",
                                    v);
    const nxc__json *nested = NXC_JSON_GET(v, "function");
    nxc__json_path inner = {path, NXC_STR("function"), 0};
    if (!nxc__json_is(nested, NXC_JSON_OBJECT)) nested = NULL;
    const nxc__json *tool = nested ? nested : v;
    nxc__json_path step = {nested ? &inner : path, NXC_STR("name"), 0};
    const nxc__json *named = NXC_JSON_GET(tool, "name");
    nxc_str name = nxc__json_str(named), type = str_of(v, "type");
    bool is_hosted = !named && !nested && type.len &&
                     !nxc__str_eq(type, NXC_STR("function")) &&
                     !nxc__str_eq(type, NXC_STR("namespace"));
    if (is_hosted) name = type;
    if (name.len == 0)
        return nxc__json_error_type(r->doc, &step, r->err, "the name of a tool",
                                    named);
    if (!r->format) r->format = format_of(v, nested != NULL);
    if (nxc__str_eq(type, NXC_STR("namespace")))
        return read_namespace(r, v, name, scope, path);
    return add_tool(r, tool, name, scope, nested ? &inner : path);
}

static nxc_status read_list(reader *r, const nxc__json *list,
                            const namespace_scope *scope,
                            const nxc__json_path *path) {
    if (!nxc__json_is(list, NXC_JSON_ARRAY))
        return nxc__json_error_type(r->doc, path, r->err, "an array of tools",
                                    list);
    for (nxc__json_iter it = nxc__json_each(list); nxc__json_next(&it);) {
        nxc__json_path step = {path, {NULL, 0}, it.index};
        NXC_TRY(read_tool(r, it.value, scope, &step));
    }
    return NXC_OK;
}

static nxc_status read_root(reader *r, const nxc__json *root) {
    nxc__json_path top = {NULL, {NULL, 0}, 0};
    nxc__json_path answer = {&top, NXC_STR("result"), 0};
    nxc__json_path tools = {&top, NXC_STR("tools"), 0};
    namespace_scope none = {{"", 0}, {"", 0}, 0};
    if (nxc__json_is(root, NXC_JSON_ARRAY))
        return read_list(r, root, &none, &top);
    const nxc__json *list = NXC_JSON_GET(root, "tools");
    if (!list && NXC_JSON_GET(root, "result")) {
        list = NXC_JSON_GET(NXC_JSON_GET(root, "result"), "tools");
        tools.parent = &answer;
    }
    return read_list(r, list, &none, &tools);
}

nxc_status nxc__import_tools(const nxc__json_doc *doc,
                             const nxc_allocator *alloc,
                             nxc__catalog_builder *b, nxc_import_info *info,
                             nxc_error *err) {
    alloc = nxc__allocator_or_default(alloc);
    reader r;
    memset(&r, 0, sizeof r);
    r.doc = doc;
    r.b = b;
    r.err = err;
    nxc__refs_init(&r.refs, nxc__json_root(doc), alloc);
    nxc__schemas_init(&r.schemas, &r.refs);
    nxc__buffer_init(&r.fields, alloc, SIZE_MAX / 2);
    nxc__buffer_init(&r.id, alloc, MAX_TEXT_BYTES);
    nxc_status st = read_root(&r, nxc__json_root(doc));
    info->format = r.format ? r.format : "tools";
    info->n_unresolved = r.refs.n_unresolved;
    nxc__buffer_release(&r.id);
    nxc__buffer_release(&r.fields);
    nxc__schemas_release(&r.schemas);
    nxc__refs_release(&r.refs);
    return st;
}
