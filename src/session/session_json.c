/*
 * Readers: a request or a session in JSON to an nxc_request.
 *
 *     nxc__request_read    one object, a decision point
 *     nxc__session_read    an array of calls, an object that has them, or JSONL
 *
 * Formats: docs/formats/request.md. A reader parses the text once, walks the
 * tree, copies every string into the arena and frees the tree before it
 * returns, so that the request depends on nothing but the arena. out is
 * written only on success.
 *
 * What is ours is strict, what is foreign is lenient: an unknown or duplicate
 * member of a request is an error that names the nearest one; a call may come
 * from somebody's log, so members that we do not know are passed over. A member
 * of ours with a value of the wrong type is an error everywhere; null counts
 * as absent.
 *
 * Errors: "<name>:<line>: $.history[3].timestamp: expected ..., got ...".
 * Threading: none of its own. Cost: linear in the text.
 */
#include <math.h>
#include <stdio.h>

#include "base/config.h"
#include "base/error.h"
#include "base/str.h"
#include "session/session.h"
#include "session/timestamp.h"

/* What every step of a walk needs. */
typedef struct reader {
    const nxc__json_doc *doc;
    const nxc_config *cfg;
    nxc__arena *arena;
    nxc_error *err;
} reader;

/* A value and where it is. */
typedef struct place {
    const nxc__json *value; /* NULL: absent */
    nxc__json_path path;
} place;

static place member(const place *of, const char *name) {
    place p = {nxc__json_get(of->value, nxc__str(name)),
               {&of->path, nxc__str(name), 0}};
    if (nxc__json_is(p.value, NXC_JSON_NULL)) p.value = NULL;
    return p;
}
static place element(const place *of, const nxc__json_iter *it) {
    return (place){it->value, {&of->path, {NULL, 0}, it->index}};
}
static nxc_status wrong_type(const reader *r, const place *p,
                             const char *expected) {
    return nxc__json_error_type(r->doc, &p->path, r->err, expected, p->value);
}

/* ---------------------------------------------------------------- values */

static nxc_status copy(const reader *r, nxc_str s, nxc_str *out) {
    nxc_str kept = nxc__arena_copy(r->arena, s);
    if (!kept.ptr) return nxc__error_nomem(r->err, s.len);
    *out = kept;
    return NXC_OK;
}
/* Absent: *out stays. */
static nxc_status read_string(const reader *r, const place *p, nxc_str *out) {
    if (!p->value) return NXC_OK;
    if (!nxc__json_is(p->value, NXC_JSON_STRING))
        return wrong_type(r, p, "a string");
    return copy(r, nxc__json_str(p->value), out);
}
static nxc_status read_time(const reader *r, const place *p, double *out) {
    nxc_error err = {NXC_OK, ""};
    nxc_status st = NXC_OK;
    if (!p->value) return NXC_OK;
    if (nxc__json_is(p->value, NXC_JSON_NUMBER))
        st = nxc__timestamp_from_number(nxc__json_number(p->value), out, &err);
    else if (nxc__json_is(p->value, NXC_JSON_STRING))
        st = nxc__timestamp_parse(nxc__json_str(p->value), out, &err);
    else
        return wrong_type(r, p, "a time (RFC 3339 or a number)");
    if (st == NXC_OK) return NXC_OK;
    return nxc__json_error(r->doc, &p->path, r->err, st, "%s",
                           err.message + sizeof NXC_TIMESTAMP_WHERE - 1);
}
static nxc_status read_uint(const reader *r, const place *p, uint64_t max,
                            uint64_t *out) {
    char expected[64];
    if (!p->value || nxc__json_uint(p->value, max, out)) return NXC_OK;
    snprintf(expected, sizeof expected, "an integer from 0 to %llu",
             (unsigned long long)max);
    return wrong_type(r, p, expected);
}
/* A string, or an integer kept as its digits. */
static nxc_status read_id(const reader *r, const place *p, nxc_str *out) {
    uint64_t number = 0;
    if (!nxc__json_uint(p->value, UINT64_MAX, &number)) {
        if (p->value && !nxc__json_is(p->value, NXC_JSON_STRING))
            return wrong_type(r, p, "a string or a whole number");
        return read_string(r, p, out);
    }
    char text[24];
    int n = snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    return copy(r, (nxc_str){text, (size_t)n}, out);
}
static nxc_status read_prompt(const reader *r, const place *p, nxc_str *out) {
    size_t max = nxc__config_int(r->cfg, NXC_OPT_max_prompt_bytes);
    size_t len = nxc__json_str(p->value).len;
    if (nxc__json_is(p->value, NXC_JSON_STRING) && len > max)
        return nxc__json_error(
            r->doc, &p->path, r->err, NXC_ERR_LIMIT,
            "expected at most %zu bytes (max_prompt_bytes), got %zu", max, len);
    return read_string(r, p, out);
}

/* ----------------------------------------------------------------- calls */

/* Members that name a call, the most telling first. is_key: a key of the
 * catalog ("GET /x", an id, an operationId or a name); else a path, with or
 * without its method, or a name. */
static const struct {
    const char *name;
    bool is_key;
} naming[] = {{"call", true},      {"operation", true}, {"id", true},
              {"api_call", false}, {"endpoint", false}, {"path", false},
              {"name", true}};
#define N_NAMING (sizeof naming / sizeof *naming)

/* The member of an object that names its operation. A call's own "id" is
 * that of a log entry, so only a candidate may be named by it. */
static nxc_status find_naming(const reader *r, const place *at,
                              bool is_candidate, place *out, bool *is_key) {
    for (size_t i = 0; i < N_NAMING; i++) {
        place p = member(at, naming[i].name);
        if (!p.value || (!is_candidate && strcmp(naming[i].name, "id") == 0))
            continue;
        if (!nxc__json_is(p.value, NXC_JSON_STRING))
            return wrong_type(r, &p, "a string");
        if (nxc__str_trim(nxc__json_str(p.value)).len == 0) continue;
        *is_key = naming[i].is_key;
        *out = p;
        return NXC_OK;
    }
    *out = (place){NULL, at->path};
    return NXC_OK;
}

/* Name of an object into out->call, or out->method and out->path. */
static nxc_status read_naming(const reader *r, const place *at,
                              bool is_candidate, nxc_call *out) {
    place named = {NULL, at->path}, method = member(at, "method");
    bool is_key = false;
    nxc_method in_text = NXC_METHOD_NONE;
    nxc_str path = {"", 0}, name = {"", 0};
    NXC_TRY(find_naming(r, at, is_candidate, &named, &is_key));
    NXC_TRY(read_string(r, &method, &out->method));
    if (!named.value) return NXC_OK;
    nxc_str text = nxc__json_str(named.value);
    nxc__call_parse(text, &in_text, &path, &name);
    nxc_method given = nxc__method_parse(out->method);
    if (in_text != NXC_METHOD_NONE && given != NXC_METHOD_NONE &&
        in_text != given)
        return nxc__json_error(r->doc, &method.path, r->err, NXC_ERR_INVALID,
                               "expected the method of \"%.*s\", got \"%.*s\"",
                               NXC_STR_ARG(text), NXC_STR_ARG(out->method));
    bool is_bare_path = path.len && in_text == NXC_METHOD_NONE;
    return copy(r, text, is_bare_path && !is_key ? &out->path : &out->call);
}

static nxc_status read_call(const reader *r, const place *p, nxc_call *out) {
    static const char *const times[] = {"timestamp", "time", "ts"};
    nxc_call call = {.timestamp = NXC_NAN};
    uint64_t response_status = 0;
    if (nxc__json_is(p->value, NXC_JSON_STRING)) {
        NXC_TRY(read_string(r, p, &call.call));
    } else if (nxc__json_is(p->value, NXC_JSON_OBJECT)) {
        place resource = member(p, "resource");
        place http = member(p, "response_status");
        NXC_TRY(read_naming(r, p, false, &call));
        NXC_TRY(read_string(r, &resource, &call.resource));
        NXC_TRY(read_uint(r, &http, 999, &response_status));
        for (size_t i = 0; i < 3 && isnan(call.timestamp); i++) {
            place time = member(p, times[i]);
            NXC_TRY(read_time(r, &time, &call.timestamp));
        }
    } else {
        return wrong_type(r, p, "a call (a string or an object)");
    }
    if (nxc__str_trim(call.call).len == 0 && call.path.len == 0 &&
        call.resource.len == 0)
        return nxc__json_error(r->doc, &p->path, r->err, NXC_ERR_INVALID,
                               "expected a call, or a method and a path, got "
                               "nothing that names one");
    call.response_status = (int32_t)response_status;
    *out = call;
    return NXC_OK;
}

static nxc_status check_n_history(const reader *r, size_t n, const place *p) {
    size_t max = nxc__config_int(r->cfg, NXC_OPT_max_history);
    if (n <= max) return NXC_OK;
    return nxc__json_error(r->doc, &p->path, r->err, NXC_ERR_LIMIT,
                           "expected at most %zu calls (max_history), got %zu",
                           max, n);
}

static nxc_status read_history(const reader *r, const place *p,
                               nxc_request *out) {
    if (!p->value) return NXC_OK;
    if (!nxc__json_is(p->value, NXC_JSON_ARRAY))
        return wrong_type(r, p, "an array of calls");
    size_t n = nxc__json_size(p->value);
    NXC_TRY(check_n_history(r, n, p));
    nxc_call *calls = nxc__arena_alloc_array(r->arena, n, sizeof *calls);
    if (!calls) return nxc__error_nomem(r->err, n * sizeof *calls);
    for (nxc__json_iter it = nxc__json_each(p->value); nxc__json_next(&it);) {
        place at = element(p, &it);
        NXC_TRY(read_call(r, &at, &calls[it.index]));
    }
    out->history = calls;
    out->n_history = n;
    return NXC_OK;
}

/* ------------------------------------------------------------ candidates */

/* "GET /x" of the two halves, as nxc_catalog_find takes it. */
static nxc_status join_key(const reader *r, const nxc_call *call,
                           nxc_str *out) {
    nxc_str method = nxc__str_trim(call->method);
    size_t len = method.len + 1 + call->path.len;
    char *key = nxc__arena_alloc(r->arena, len);
    if (!key) return nxc__error_nomem(r->err, len);
    if (method.len) memcpy(key, method.ptr, method.len);
    for (size_t i = 0; i < method.len; i++)
        if (key[i] >= 'a' && key[i] <= 'z') key[i] = (char)(key[i] - 32);
    key[method.len] = ' ';
    memcpy(key + method.len + 1, call->path.ptr, call->path.len);
    *out = (nxc_str){key, len};
    return NXC_OK;
}

static nxc_status read_candidate(const reader *r, const place *p,
                                 nxc_str *out) {
    nxc_call call = {.timestamp = NXC_NAN};
    if (nxc__json_is(p->value, NXC_JSON_STRING))
        NXC_TRY(read_string(r, p, &call.call));
    else if (nxc__json_is(p->value, NXC_JSON_OBJECT))
        NXC_TRY(read_naming(r, p, true, &call));
    else
        return wrong_type(r, p, "a candidate (a string or an object)");
    if (nxc__str_trim(call.call).len) {
        *out = call.call;
        return NXC_OK;
    }
    if (call.path.len && nxc__str_trim(call.method).len)
        return join_key(r, &call, out);
    return nxc__json_error(
        r->doc, &p->path, r->err, NXC_ERR_INVALID,
        "expected a key, an id or a method and a path, got %s",
        call.path.len ? "a path without a method" : "nothing that names one");
}

static nxc_status read_candidates(const reader *r, const place *p,
                                  nxc_request *out) {
    if (!p->value) return NXC_OK;
    if (!nxc__json_is(p->value, NXC_JSON_ARRAY))
        return wrong_type(r, p, "an array of candidates");
    size_t n = nxc__json_size(p->value);
    size_t max = nxc__config_int(r->cfg, NXC_OPT_max_candidates);
    if (n > max)
        return nxc__json_error(
            r->doc, &p->path, r->err, NXC_ERR_LIMIT,
            "expected at most %zu candidates (max_candidates), got %zu", max,
            n);
    nxc_str *keys = nxc__arena_alloc_array(r->arena, n, sizeof *keys);
    if (!keys) return nxc__error_nomem(r->err, n * sizeof *keys);
    for (nxc__json_iter it = nxc__json_each(p->value); nxc__json_next(&it);) {
        place at = element(p, &it);
        NXC_TRY(read_candidate(r, &at, &keys[it.index]));
    }
    out->candidates = keys; /* never NULL: an empty list is not "all" */
    out->n_candidates = n;
    return NXC_OK;
}

/* --------------------------------------------------------------- previous */

/* An earlier session: an array of calls, or {calls | history, time}. */
static nxc_status read_earlier(const reader *r, const place *p,
                               nxc_previous *out) {
    nxc_request session = NXC_REQUEST_INIT;
    place calls = *p, time = {NULL, p->path};
    if (nxc__json_is(p->value, NXC_JSON_OBJECT)) {
        calls = member(p, "calls");
        if (!calls.value) calls = member(p, "history");
        time = member(p, "time");
    }
    if (!calls.value || !nxc__json_is(calls.value, NXC_JSON_ARRAY))
        return wrong_type(r, p,
                          "a session (calls, or an object that has them)");
    NXC_TRY(read_history(r, &calls, &session));
    *out = (nxc_previous){session.history, session.n_history, NXC_NAN};
    return read_time(r, &time, &out->time);
}

/* The name of whose sessions they are, or the sessions. */
static nxc_status read_previous(const reader *r, const place *p,
                                nxc_request *out) {
    if (!p->value) return NXC_OK;
    if (nxc__json_is(p->value, NXC_JSON_STRING))
        return read_string(r, p, &out->previous_of);
    if (!nxc__json_is(p->value, NXC_JSON_ARRAY))
        return wrong_type(r, p, "an array of sessions, or a name");
    size_t n = nxc__json_size(p->value);
    NXC_TRY(check_n_history(r, n, p));
    nxc_previous *list = nxc__arena_alloc_array(r->arena, n, sizeof *list);
    if (!list) return nxc__error_nomem(r->err, n * sizeof *list);
    for (nxc__json_iter it = nxc__json_each(p->value); nxc__json_next(&it);) {
        place at = element(p, &it);
        NXC_TRY(read_earlier(r, &at, &list[it.index]));
    }
    out->previous = list;
    out->n_previous = n;
    return NXC_OK;
}

/* --------------------------------------------------------------- requests */

/* The last four are labels of benchmark scenarios: known, and passed over. */
static const char *const request_members[] = {
    "id",      "prompt",         "previous_prompt",
    "history", "session_start",  "now",
    "catalog", "candidates",     "top",
    "allow",   "min_confidence", "previous",
    "set",     "flow",           "next",
    "pattern"};
#define N_REQUEST_MEMBERS (sizeof request_members / sizeof *request_members)

/* Each member known, and there once. */
static nxc_status check_members(const reader *r, const place *root) {
    bool seen[N_REQUEST_MEMBERS] = {false};
    for (nxc__json_iter it = nxc__json_each(root->value);
         nxc__json_next(&it);) {
        nxc__json_path at = {&root->path, it.key, 0};
        size_t k = 0;
        while (k < N_REQUEST_MEMBERS &&
               !nxc__str_eq(it.key, nxc__str(request_members[k])))
            k++;
        if (k == N_REQUEST_MEMBERS) {
            k = nxc__nearest_name(it.key, request_members, N_REQUEST_MEMBERS);
            return nxc__json_error(
                r->doc, &at, r->err, NXC_ERR_INVALID,
                "expected a known member (nearest: %s), got \"%.*s\"",
                request_members[k], NXC_STR_ARG(it.key));
        }
        if (seen[k])
            return nxc__json_error(r->doc, &at, r->err, NXC_ERR_INVALID,
                                   "expected the member once, got it again");
        seen[k] = true;
    }
    return NXC_OK;
}

/* Risks by name. */
static nxc_status read_allow(const reader *r, const place *p, uint32_t *out) {
    if (!p->value) return NXC_OK;
    if (!nxc__json_is(p->value, NXC_JSON_ARRAY))
        return wrong_type(r, p, "an array of risks");
    if (!nxc__json_size(p->value))
        return nxc__json_error(r->doc, &p->path, r->err, NXC_ERR_INVALID,
                               "expected one risk or more, got none");
    for (nxc__json_iter it = nxc__json_each(p->value); nxc__json_next(&it);) {
        place at = element(p, &it);
        nxc_risk risk;
        NXC_TRY(nxc__risk_read(r->doc, &at.path, at.value, &risk, r->err));
        *out |= NXC_RISK_BIT(risk);
    }
    return NXC_OK;
}

/* A number from 0 to 1. */
static nxc_status read_share(const reader *r, const place *p, double *out) {
    if (!p->value) return NXC_OK;
    double x = nxc__json_is(p->value, NXC_JSON_NUMBER)
                   ? nxc__json_number(p->value)
                   : -1;
    if (!(x >= 0 && x <= 1)) return wrong_type(r, p, "a number from 0 to 1");
    *out = x;
    return NXC_OK;
}

static nxc_status read_request(const reader *r, nxc_request *out) {
    place root = {nxc__json_root(r->doc), {NULL, {NULL, 0}, 0}};
    uint64_t top = 0;
    if (!nxc__json_is(root.value, NXC_JSON_OBJECT))
        return wrong_type(r, &root, "a request (an object)");
    NXC_TRY(check_members(r, &root));
    place id = member(&root, "id"), prompt = member(&root, "prompt"),
          previous = member(&root, "previous_prompt"),
          history = member(&root, "history"), now = member(&root, "now"),
          start = member(&root, "session_start"),
          catalog = member(&root, "catalog"), n_top = member(&root, "top"),
          candidates = member(&root, "candidates"),
          allow = member(&root, "allow"),
          confidence = member(&root, "min_confidence"),
          earlier = member(&root, "previous");
    NXC_TRY(read_id(r, &id, &out->id));
    NXC_TRY(read_prompt(r, &prompt, &out->prompt));
    NXC_TRY(read_prompt(r, &previous, &out->previous_prompt));
    NXC_TRY(read_history(r, &history, out));
    NXC_TRY(read_time(r, &start, &out->session_start));
    NXC_TRY(read_time(r, &now, &out->now));
    NXC_TRY(read_string(r, &catalog, &out->catalog));
    NXC_TRY(read_candidates(r, &candidates, out));
    NXC_TRY(read_allow(r, &allow, &out->allow));
    NXC_TRY(read_share(r, &confidence, &out->min_confidence));
    NXC_TRY(read_previous(r, &earlier, out));
    NXC_TRY(read_uint(r, &n_top, UINT32_MAX, &top));
    out->top = (size_t)top;
    return NXC_OK;
}

static nxc_status check_bytes(nxc_str name, nxc_str bytes,
                              const nxc_config *cfg, nxc_error *err) {
    size_t max = nxc__config_int(cfg, NXC_OPT_max_request_bytes);
    if (bytes.len <= max) return NXC_OK;
    return nxc__error(
        err, NXC_ERR_LIMIT,
        "%.*s: expected at most %zu bytes (max_request_bytes), got %zu",
        NXC_STR_ARG(name), max, bytes.len);
}
/* The document's own limit must not be lower than max_request_bytes. */
static nxc_status parse(nxc_str name, nxc_str bytes, const nxc_allocator *alloc,
                        nxc__json_doc **out, nxc_error *err) {
    nxc__json_limits limits = nxc__json_limits_default;
    limits.max_bytes = bytes.len;
    return nxc__json_parse(name, bytes, &limits, alloc, out, err);
}

nxc_status nxc__request_read(nxc_str name, nxc_str json, const nxc_config *cfg,
                             nxc__arena *arena, const nxc_allocator *alloc,
                             nxc_request *out, nxc_error *err) {
    nxc__json_doc *doc = NULL;
    nxc_request request = NXC_REQUEST_INIT;
    NXC_TRY(check_bytes(name, json, cfg, err));
    NXC_TRY(parse(name, json, alloc, &doc, err));
    reader r = {doc, cfg, arena, err};
    nxc_status st = read_request(&r, &request);
    nxc__json_free(doc);
    if (st == NXC_OK) *out = request;
    return st;
}

/* --------------------------------------------------------------- sessions */

/* An object with calls; *is_session says whether it is one. */
static nxc_status read_session_object(const reader *r, const place *root,
                                      nxc_request *out, bool *is_session) {
    place calls = member(root, "calls"), history = member(root, "history"),
          prompt = member(root, "prompt"), now = member(root, "now"),
          start = member(root, "session_start");
    *is_session = calls.value || history.value;
    if (!*is_session) return NXC_OK;
    if (calls.value && history.value)
        return nxc__json_error(r->doc, &history.path, r->err, NXC_ERR_INVALID,
                               "expected calls or history, got both");
    NXC_TRY(read_history(r, calls.value ? &calls : &history, out));
    NXC_TRY(read_prompt(r, &prompt, &out->prompt));
    NXC_TRY(read_time(r, &now, &out->now));
    return read_time(r, &start, &out->session_start);
}

/* A whole document: an array of calls, a session object, or one call. */
static nxc_status read_session_doc(const reader *r, nxc_request *out) {
    place root = {nxc__json_root(r->doc), {NULL, {NULL, 0}, 0}};
    bool is_session = false;
    if (nxc__json_is(root.value, NXC_JSON_ARRAY))
        return read_history(r, &root, out);
    if (nxc__json_is(root.value, NXC_JSON_OBJECT)) {
        NXC_TRY(read_session_object(r, &root, out, &is_session));
        if (is_session) return NXC_OK;
    }
    nxc_call *call = nxc__arena_alloc(r->arena, sizeof *call);
    if (!call) return nxc__error_nomem(r->err, sizeof *call);
    NXC_TRY(read_call(r, &root, call));
    out->history = call;
    out->n_history = 1;
    return NXC_OK;
}

typedef struct line_iter {
    nxc_str text, line;
    size_t at, number; /* of the line, from 1 */
} line_iter;
/* The next line that is not blank. */
static bool next_line(line_iter *it) {
    while (it->at < it->text.len) {
        size_t end = nxc__str_find(it->text, '\n', it->at);
        it->line = nxc__str_trim(nxc__str_slice(it->text, it->at, end));
        it->at = end + 1;
        it->number++;
        if (it->line.len) return true;
    }
    return false;
}

/* An error of a line was made without a name: ":1: $.x: ..." or ": ...". */
static nxc_status name_line(nxc_str name, size_t line, nxc_status st,
                            nxc_error *err) {
    if (!err) return st;
    size_t skip = strncmp(err->message, ":1: ", 4) == 0 ? 4
                  : strncmp(err->message, ": ", 2) == 0 ? 2
                                                        : 0;
    memmove(err->message, err->message + skip, strlen(err->message + skip) + 1);
    return nxc__error_prefix(err, st, "%.*s:%zu", NXC_STR_ARG(name), line);
}

static nxc_status read_line(nxc_str line, const reader *with,
                            const nxc_allocator *alloc, nxc_call *out) {
    reader r = *with;
    nxc__json_doc *doc = NULL;
    NXC_TRY(parse((nxc_str){"", 0}, line, alloc, &doc, r.err));
    r.doc = doc;
    place root = {nxc__json_root(doc), {NULL, {NULL, 0}, 0}};
    nxc_status st = read_call(&r, &root, out);
    nxc__json_free(doc);
    return st;
}

static nxc_status read_lines(nxc_str name, nxc_str bytes, const reader *r,
                             const nxc_allocator *alloc, nxc_request *out) {
    size_t n = 0, max = nxc__config_int(r->cfg, NXC_OPT_max_history);
    for (line_iter it = {bytes, {NULL, 0}, 0, 0}; next_line(&it); n++)
        if (n == max)
            return nxc__error(
                r->err, NXC_ERR_LIMIT,
                "%.*s:%zu: expected at most %zu calls (max_history), got more",
                NXC_STR_ARG(name), it.number, max);
    nxc_call *calls = nxc__arena_alloc_array(r->arena, n, sizeof *calls);
    if (!calls) return nxc__error_nomem(r->err, n * sizeof *calls);
    n = 0;
    for (line_iter it = {bytes, {NULL, 0}, 0, 0}; next_line(&it); n++) {
        nxc_status st = read_line(it.line, r, alloc, &calls[n]);
        if (st != NXC_OK) return name_line(name, it.number, st, r->err);
    }
    out->history = calls;
    out->n_history = n;
    return NXC_OK;
}

/* Whether the text is JSONL: its first line is a value by itself and there is
 * another line, or there is no line at all. */
static nxc_status find_lines(nxc_str bytes, const nxc_allocator *alloc,
                             bool *is_lines, nxc_error *err) {
    line_iter it = {bytes, {NULL, 0}, 0, 0};
    nxc__json_doc *doc = NULL;
    *is_lines = true;
    if (!next_line(&it)) return NXC_OK;
    nxc_str first = it.line;
    *is_lines = false;
    if (first.ptr[0] == '[' || !next_line(&it)) return NXC_OK;
    nxc_status st = parse((nxc_str){"", 0}, first, alloc, &doc, err);
    if (st == NXC_ERR_NOMEM) return st;
    *is_lines = st == NXC_OK;
    if (st == NXC_OK) nxc__json_free(doc);
    return NXC_OK;
}

nxc_status nxc__session_read(nxc_str name, nxc_str bytes, const nxc_config *cfg,
                             nxc__arena *arena, const nxc_allocator *alloc,
                             nxc_request *out, nxc_error *err) {
    nxc__json_doc *doc = NULL;
    reader r = {NULL, cfg, arena, err};
    nxc_request session = *out;
    NXC_TRY(check_bytes(name, bytes, cfg, err));
    if (nxc__str_starts(bytes, NXC_STR("\xEF\xBB\xBF")))
        bytes = nxc__str_slice(bytes, 3, bytes.len);
    bool is_lines = false;
    nxc_status st;
    NXC_TRY(find_lines(bytes, alloc, &is_lines, err));
    if (is_lines) {
        st = read_lines(name, bytes, &r, alloc, &session);
    } else {
        NXC_TRY(parse(name, bytes, alloc, &doc, err));
        r.doc = doc;
        st = read_session_doc(&r, &session);
        nxc__json_free(doc);
    }
    if (st == NXC_OK) *out = session;
    return st;
}
