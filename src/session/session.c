/*
 * From the calls of a request to the session that features and workflow see.
 *
 *     nxc__session_resolve    once per request, before anything asks about
 *                             the history
 *
 * Steps, in this order:
 *
 *     request->history[i] --split--> method, path | name
 *                         --find---> operation (id, operationId, name, path)
 *                         --name---> resource (of the operation, else of the
 *                                    concrete path, of the name, as given)
 *     all calls timed and out of order?  stable sort by time
 *     oldest and newest time
 *
 * A call that the catalog does not know keeps its method and path. Its resource
 * is read from the concrete path after segments that look like ids are taken
 * for parameters:
 *
 *     /v1/customers/cus_1/orders/17   ->   /v1/customers/{}/orders/{}
 *
 * and counts only if the catalog's vocabulary has it; a resource that no
 * candidate can have would match nothing.
 *
 * Memory: calls and scratch from the arena; strings are borrowed from the
 * request. Threading: pure but for the arena. Cost: O(n) look-ups, O(n log n)
 * comparisons only if the calls are out of order.
 */
#include "session/session.h"

#include <math.h>

#include "base/config.h"
#include "base/error.h"
#include "base/str.h"
#include "catalog/resource.h"

/* --------------------------------------------------------------- resource */

/* Whether the segment of a concrete path looks like an id rather than a word:
 * digits, a UUID or other hexadecimal, cus_1, ABC-17, an address, an escape. */
static bool is_id(nxc_str s) {
    size_t n_digits = 0, n_hex = 0, n_upper = 0, n_lower = 0;
    size_t mark = s.len; /* the last - or _ */
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i], l = nxc__lower(c);
        bool is_digit = nxc__is_digit(c);
        if (!is_digit && !nxc__is_alpha(c) && c != '-' && c != '_' && c != '.')
            return true;
        n_digits += is_digit;
        n_hex += is_digit || (l >= 'a' && l <= 'f') || c == '-';
        n_upper += c != l;
        n_lower += !is_digit && c == l && nxc__is_alpha(c);
        if (c == '-' || c == '_') mark = i;
    }
    if (n_digits == 0)
        return mark < s.len && n_upper > 0 && n_lower > 0 && s.len - mark > 8;
    if (n_digits == s.len || (n_upper && s.len > 3)) return true;
    if (n_hex == s.len && s.len >= 7) return true;
    for (size_t i = mark + 1; i < s.len; i++)
        if (nxc__is_digit(s.ptr[i])) return true;
    return false;
}

/* The path of a URL without its query and fragment. */
static nxc_str bare_path(nxc_str path) {
    if (!nxc__str_starts(path, NXC_STR("/"))) {
        size_t host = nxc__str_find(path, ':', 0) + 3; /* see is_path */
        size_t slash = nxc__str_find(path, '/', host);
        path = nxc__str_slice(path, slash, path.len);
    }
    size_t end = nxc__str_find(path, '?', 0);
    size_t hash = nxc__str_find(path, '#', 0);
    return nxc__str_slice(path, 0, hash < end ? hash : end);
}

/* A template in place of a concrete path; ptr is NULL if memory is out. */
static nxc_str path_template(nxc_str path, nxc__arena *arena) {
    path = bare_path(path);
    char *out = nxc__arena_alloc_array(arena, path.len + 1, 2);
    size_t n = 0;
    if (!out) return (nxc_str){NULL, 0};
    for (size_t i = 0; i < path.len;) {
        size_t end = nxc__str_find(path, '/', i + 1);
        nxc_str segment = nxc__str_slice(path, i + 1, end);
        nxc_str put = is_id(segment) ? NXC_STR("{}") : segment;
        out[n++] = '/';
        if (put.len) memcpy(out + n, put.ptr, put.len);
        n += put.len;
        i = end;
    }
    return (nxc_str){out, n};
}

/* The first of them that the vocabulary has. */
static nxc_status unknown_resource(const nxc_catalog *catalog,
                                   const nxc_call *in, nxc__call *call,
                                   nxc__arena *arena, nxc_error *err) {
    nxc__resource_words words;
    uint32_t id = NXC_RESOURCE_UNKNOWN;
    if (call->path.len) {
        nxc_str t = path_template(call->path, arena);
        if (!t.ptr) return nxc__error_nomem(err, 2 * call->path.len + 2);
        nxc__resource_of_path(t, &words);
        if (words.name[0])
            id = nxc__catalog_find_resource(catalog, nxc__str(words.name));
    } else if (call->name.len) {
        nxc__resource_of_name(call->name, &words);
        if (words.name[0])
            id = nxc__catalog_find_resource(catalog, nxc__str(words.name));
    }
    if (id == NXC_RESOURCE_UNKNOWN && in->resource.len)
        id = nxc__catalog_find_resource(catalog, in->resource);
    call->resource = id == NXC_RESOURCE_NONE ? NXC_RESOURCE_UNKNOWN : id;
    return NXC_OK;
}

/* ---------------------------------------------------------------- resolve */

/* Method, path and name of a call, from all that its caller gave. */
static nxc_status split(const nxc_call *in, size_t i, nxc__call *out,
                        nxc_error *err) {
    nxc_method given = nxc__method_parse(in->method);
    nxc__call_parse(in->call.len ? in->call : in->path, &out->method,
                    &out->path, &out->name);
    if (out->path.len == 0 && out->name.len == 0 && in->resource.len == 0)
        return nxc__error(err, NXC_ERR_INVALID,
                          "history[%zu]: expected a call, or a method and a "
                          "path, got nothing",
                          i);
    if (out->method == NXC_METHOD_NONE)
        out->method = given;
    else if (given != NXC_METHOD_NONE && given != out->method)
        return nxc__error(err, NXC_ERR_INVALID,
                          "history[%zu]: expected method %s, got %.*s", i,
                          out->method == NXC_METHOD_OTHER
                              ? "as in the call"
                              : nxc_method_name(out->method),
                          NXC_STR_ARG(in->method));
    return NXC_OK;
}

static uint32_t find_operation(const nxc_catalog *catalog, const nxc_call *in,
                               const nxc__call *call) {
    nxc_str text = nxc__str_trim(in->call.len ? in->call : in->path);
    uint32_t op = nxc__catalog_find_id(catalog, text);
    if (op == NXC_NONE && call->path.len && call->method != NXC_METHOD_NONE)
        op = nxc__catalog_match(catalog, call->method, call->path);
    return op < nxc_catalog_n_operations(catalog) ? op : NXC_NONE;
}

static nxc_status resolve_call(const nxc_catalog *catalog, const nxc_call *in,
                               size_t i, nxc__arena *arena, nxc__call *out,
                               nxc_error *err) {
    NXC_TRY(split(in, i, out, err));
    out->operation = find_operation(catalog, in, out);
    out->timestamp = isfinite(in->timestamp) ? in->timestamp : NXC_NAN;
    out->response_status = in->response_status;
    if (out->operation == NXC_NONE)
        return unknown_resource(catalog, in, out, arena, err);
    out->method = nxc__catalog_method(catalog, out->operation);
    out->resource = nxc__catalog_resource(catalog, out->operation);
    return NXC_OK;
}

/* Whether each call has a timestamp and one is older than the call before. */
static bool is_out_of_order(const nxc__call *calls, size_t n) {
    bool out_of_order = false;
    for (size_t i = 0; i < n; i++) {
        if (isnan(calls[i].timestamp)) return false;
        if (i && calls[i].timestamp < calls[i - 1].timestamp)
            out_of_order = true;
    }
    return out_of_order;
}

/* Two sorted runs [a, mid) and [mid, end) of from to one of to; of equal times
 * the one of the first run comes first. */
static void merge(const nxc__call *from, nxc__call *to, size_t a, size_t mid,
                  size_t end) {
    size_t b = mid;
    for (size_t k = a, i = a; k < end; k++) {
        bool take_first =
            i < mid && (b == end || from[i].timestamp <= from[b].timestamp);
        to[k] = take_first ? from[i++] : from[b++];
    }
}
/* Bottom-up merge sort; returns whichever of the two arrays has the result. */
static nxc__call *sort_by_time(nxc__call *calls, nxc__call *scratch, size_t n) {
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t a = 0; a < n; a += 2 * width) {
            size_t mid = n - a < width ? n : a + width;
            size_t end = n - a < 2 * width ? n : a + 2 * width;
            merge(calls, scratch, a, mid, end);
        }
        nxc__call *t = calls;
        calls = scratch;
        scratch = t;
    }
    return calls;
}

static void summarize(const nxc_request *request, nxc__session *s) {
    s->start = s->last = NXC_NAN;
    for (size_t i = 0; i < s->n; i++) {
        double t = s->calls[i].timestamp;
        s->n_unknown += s->calls[i].operation == NXC_NONE;
        if (isnan(t)) continue;
        s->last = t; /* of the newest call that has one */
        if (!(s->start <= t)) s->start = t;
    }
    if (isfinite(request->session_start)) s->start = request->session_start;
}

nxc_status nxc__session_resolve(const nxc_catalog *catalog,
                                const nxc_request *request,
                                const nxc_config *cfg, nxc__arena *arena,
                                nxc__session *out, nxc_error *err) {
    size_t n = request->n_history;
    size_t max = nxc__config_int(cfg, NXC_OPT_max_history);
    if (n > max)
        return nxc__error(
            err, NXC_ERR_LIMIT,
            "history: expected at most %zu calls (max_history), got %zu", max,
            n);
    nxc__session s = {.catalog = catalog, .n = n};
    nxc__call *calls = nxc__arena_alloc_array(arena, n, sizeof *calls);
    if (!calls) return nxc__error_nomem(err, n * sizeof *calls);
    for (size_t i = 0; i < n; i++)
        NXC_TRY(resolve_call(catalog, &request->history[i], i, arena, &calls[i],
                             err));
    if (is_out_of_order(calls, n)) {
        nxc__call *scratch = nxc__arena_alloc_array(arena, n, sizeof *scratch);
        if (!scratch) return nxc__error_nomem(err, n * sizeof *scratch);
        calls = sort_by_time(calls, scratch, n);
        s.reordered = true;
    }
    s.calls = calls;
    summarize(request, &s);
    *out = s;
    return NXC_OK;
}
