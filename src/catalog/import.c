/*
 * From the bytes of a document to a catalog.
 *
 *     bytes -> which reader? -> builder -> (tree freed) -> finish -> catalog
 *
 * The reader is told by content:
 *     several lines, the first a whole JSON object      import_jsonl.c
 *     an object with "openapi" or "swagger"             import_openapi.c
 *     an array, an object with "tools", or with a
 *     "result" that has them                            import_tools.c
 *     one object with "id", "operationId" or "path"     import_jsonl.c
 * Anything else is refused with a sentence that says what was found. JSON and
 * YAML give the same tree (base/json.h).
 *
 * The tree is freed before the catalog is derived, so the two largest parts of
 * memory do not exist at the same time.
 *
 * Threading: any. Cost: linear in the document.
 */
#include "catalog/import.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/config.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/str.h"
#include "catalog/catalog_format.h"

/* Where a JSON object that starts at i ends, or the end of text. */
static size_t object_end(nxc_str t, size_t i) {
    size_t depth = 0;
    for (; i < t.len; i++) {
        char c = t.ptr[i];
        if (c == '"') {
            for (i++; i < t.len && t.ptr[i] != '"'; i++)
                i += t.ptr[i] == '\\';
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return i + 1;
        }
    }
    return t.len;
}

/* A first line that is a whole object, and more behind it. */
static bool is_jsonl(nxc_str t) {
    if (nxc__str_starts(t, NXC_STR("\xEF\xBB\xBF")))
        t = nxc__str_slice(t, 3, t.len);
    t = nxc__str_trim(t);
    size_t newline = nxc__str_find(t, '\n', 0);
    if (t.len == 0 || t.ptr[0] != '{' || newline == t.len) return false;
    nxc_str first = nxc__str_trim(nxc__str_slice(t, 0, newline));
    if (first.ptr[first.len - 1] != '}') return false;
    return object_end(first, 0) == first.len;
}

static bool is_operation(const nxc__json *root) {
    return NXC_JSON_GET(root, "id") || NXC_JSON_GET(root, "operationId") ||
           NXC_JSON_GET(root, "path");
}

static nxc_status not_a_catalog(const nxc__json_doc *doc, nxc_error *err) {
    const nxc__json *root = nxc__json_root(doc);
    nxc__json_path top = {NULL, {NULL, 0}, 0};
    const char *expected = "an OpenAPI document, a list of tools or a JSONL "
                           "catalog";
    if (!nxc__json_is(root, NXC_JSON_OBJECT))
        return nxc__json_error_type(doc, &top, err, expected, root);
    if (nxc__json_size(root) == 0)
        return nxc__json_error(doc, &top, err, NXC_ERR_UNSUPPORTED,
                               "expected %s, got an empty object", expected);
    nxc__json_iter it = nxc__json_each(root);
    nxc__json_next(&it);
    return nxc__json_error(doc, &top, err, NXC_ERR_UNSUPPORTED,
                           "expected %s, got an object whose first member is "
                           "\"%.40s\"",
                           expected, it.key.len ? it.key.ptr : "");
}

static nxc_status read_tree(const nxc__import_source *s,
                            const nxc__json_doc *doc,
                            const nxc_allocator *alloc, nxc__catalog_builder *b,
                            nxc_import_info *info, nxc_error *err) {
    const nxc__json *root = nxc__json_root(doc);
    const nxc__json *answer = NXC_JSON_GET(root, "result");
    if (NXC_JSON_GET(root, "openapi") || NXC_JSON_GET(root, "swagger"))
        return nxc__import_openapi(doc, alloc, b, info, err);
    if (nxc__json_is(root, NXC_JSON_ARRAY) || NXC_JSON_GET(root, "tools") ||
        NXC_JSON_GET(answer, "tools"))
        return nxc__import_tools(doc, alloc, b, info, err);
    if (is_operation(root))
        return nxc__import_jsonl(s->name, s->bytes, s->filter, alloc, b, info,
                                 err);
    return not_a_catalog(doc, err);
}

static nxc_status read_source(const nxc__import_source *s,
                              const nxc_config *cfg, const nxc_allocator *alloc,
                              nxc__catalog_builder *b, nxc_import_info *info,
                              nxc_error *err) {
    nxc__json_limits limits = nxc__json_limits_default;
    limits.max_bytes = nxc__config_int(cfg, NXC_OPT_max_document_bytes);
    if (s->bytes.len > limits.max_bytes)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "%.*s: expected at most %zu bytes "
                          "(max_document_bytes), got %zu",
                          NXC_STR_ARG(s->name), limits.max_bytes, s->bytes.len);
    if (nxc__str_trim(s->bytes).len == 0)
        return nxc__error(err, NXC_ERR_PARSE,
                          "%.*s:1: expected a catalog, got an empty document",
                          NXC_STR_ARG(s->name));
    if (is_jsonl(s->bytes))
        return nxc__import_jsonl(s->name, s->bytes, s->filter, alloc, b, info,
                                 err);
    nxc__json_doc *doc;
    NXC_TRY(
        nxc__json_or_yaml_parse(s->name, s->bytes, &limits, alloc, &doc, err));
    nxc_status st = read_tree(s, doc, alloc, b, info, err);
    nxc__json_free(doc);
    return st;
}

/* Limits are met where the document's name is not known. */
static nxc_status name_document(const nxc__import_source *s, nxc_status st,
                                nxc_error *err) {
    char head[96];
    snprintf(head, sizeof head, "%.*s:", NXC_STR_ARG(s->name));
    if (!err || st == NXC_ERR_NOMEM ||
        nxc__str_starts(nxc__str(err->message), nxc__str(head)))
        return st;
    return nxc__error_prefix(err, st, "%.*s", NXC_STR_ARG(s->name));
}

nxc_status nxc__catalog_import(const nxc__import_source *source,
                               const nxc_config *cfg,
                               const nxc_allocator *alloc, nxc_catalog **out,
                               nxc_import_info *info, nxc_error *err) {
    nxc_import_info got;
    uint8_t digest[NXC_SHA256_BYTES];
    nxc__catalog_builder *b;
    memset(&got, 0, sizeof got);
    NXC_TRY(
        nxc__sha256_bytes(source->bytes.ptr, source->bytes.len, digest, err));
    nxc__sha256_format(digest, got.source_sha256);
    NXC_TRY(
        nxc__catalog_builder_new(source->catalog_name, cfg, alloc, &b, err));
    nxc_status st = read_source(source, cfg, alloc, b, &got, err);
    nxc__catalog_builder_set_unresolved(b, got.n_unresolved);
    if (st == NXC_OK)
        st = nxc__catalog_builder_finish(b, got.format, got.source_sha256, out,
                                         err);
    if (st != NXC_OK) {
        nxc__catalog_builder_free(b);
        return name_document(source, st, err);
    }
    nxc__catalog_describe(*out, info);
    if (info) info->format = got.format;
    return NXC_OK;
}

/* Eight parameters by the public contract.
 * NOLINTNEXTLINE(readability-function-size) */
nxc_status nxc_catalog_import(nxc_str name, nxc_str bytes, const char *filter,
                              const nxc_config *cfg, const nxc_allocator *alloc,
                              nxc_catalog **out, nxc_import_info *info,
                              nxc_error *err) {
    nxc__import_source source = {name, name, bytes, filter};
    return nxc__catalog_import(&source, cfg, alloc, out, info, err);
}
