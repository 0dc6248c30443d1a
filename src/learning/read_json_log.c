/*
 * Access logs of one JSON object a line, as nginx, Caddy, Traefik, Envoy and
 * the loggers of web frameworks write them. The members are told by name, in
 * the order of the tables below; a name with dots leads into objects.
 *
 * The user is told by the first member of the table that has a value, or by
 * those of session_by. Nothing else of a line is looked at.
 */
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "learning/learner.h"

static const char *const time_names[] = {
    "time",         "timestamp",  "@timestamp", "ts",
    "time_iso8601", "time_local", "start_time", "StartUTC",
    "datetime",     "date",       "msec",       NULL};
static const char *const method_names[] = {"method",
                                           "request_method",
                                           "http_method",
                                           "verb",
                                           "RequestMethod",
                                           "request.method",
                                           "req.method",
                                           "requestMethod",
                                           "http.request.method",
                                           "httpRequest.requestMethod",
                                           NULL};
static const char *const url_names[] = {"path",
                                        "uri",
                                        "request_uri",
                                        "url",
                                        "RequestPath",
                                        "request.uri",
                                        "request.url",
                                        "req.url",
                                        "requestUrl",
                                        "target",
                                        "url.path",
                                        "url.original",
                                        "httpRequest.requestUrl",
                                        NULL};
static const char *const line_names[] = {"request", "request_line", NULL};
static const char *const host_names[] = {
    "host",        "server_name", "http_host", "request.host",
    "RequestHost", "vhost",       NULL};
static const char *const status_names[] = {"status",
                                           "status_code",
                                           "response_status",
                                           "response_code",
                                           "DownstreamStatus",
                                           "statusCode",
                                           "res.statusCode",
                                           "httpRequest.status",
                                           "http.response.status_code",
                                           NULL};
static const char *const user_names[] = {
    "session_id",  "session",     "user_id",           "user",
    "remote_user", "remote_addr", "remote_ip",         "client_ip",
    "ClientHost",  "ip",          "request.remote_ip", "httpRequest.remoteIp",
    NULL};

typedef struct reading {
    nxc__learner *l;
    const nxc__learn_setup *setup;
    nxc_str log;
    uint64_t number;
    nxc__buffer user;
    int64_t before, gap_ms;
} reading;

/* A member by name, or by names with dots between. */
static const nxc__json *lookup(const nxc__json *v, nxc_str name) {
    const nxc__json *found = nxc__json_get(v, name);
    size_t dot = nxc__str_find(name, '.', 0);
    if (found || dot == name.len) return found;
    v = nxc__json_get(v, nxc__str_slice(name, 0, dot));
    return v ? lookup(v, nxc__str_slice(name, dot + 1, name.len)) : NULL;
}

/* Whether a value says something: a number, or text other than "" and "-". */
static bool is_said(const nxc__json *v) {
    nxc_str s = nxc__json_str(v);
    return nxc__json_is(v, NXC_JSON_NUMBER) ||
           (nxc__json_is(v, NXC_JSON_STRING) && s.len &&
            !nxc__str_eq(s, NXC_STR("-")));
}
static const nxc__json *first_of(const nxc__json *line,
                                 const char *const *names) {
    for (; *names; names++) {
        const nxc__json *v = lookup(line, nxc__str(*names));
        if (is_said(v)) return v;
    }
    return NULL;
}
static nxc_str text_of(const nxc__json *line, const char *const *names) {
    const nxc__json *v = first_of(line, names);
    return nxc__json_is(v, NXC_JSON_STRING) ? nxc__json_str(v)
                                            : (nxc_str){"", 0};
}

static bool read_time(const nxc__json *line, int64_t *ms) {
    const nxc__json *v = first_of(line, time_names);
    if (nxc__json_is(v, NXC_JSON_STRING))
        return nxc__learn_time(nxc__json_str(v), ms);
    double t = nxc__json_number(v);
    if (!v || !(t > 0 && t < 1e20)) return false;
    while (t >= 1e14) /* nanoseconds, microseconds */
        t /= 1000;
    *ms = nxc__learn_ms(t >= 1e11 ? t / 1000 : t);
    return true;
}

static bool read_call(const nxc__json *line, nxc__log_call *call) {
    uint64_t status = 0;
    const nxc__json *v = first_of(line, status_names);
    if (nxc__json_uint(v, 999, &status)) call->status = status;
    call->method = text_of(line, method_names);
    call->url = text_of(line, url_names);
    call->host = text_of(line, host_names);
    if (call->url.len == 0) { /* "GET /x HTTP/1.1" */
        nxc_str request = text_of(line, line_names);
        size_t a = nxc__str_find(request, ' ', 0);
        size_t b = nxc__str_find(request, ' ', a < request.len ? a + 1 : a);
        if (a == request.len) return false;
        call->method = nxc__str_slice(request, 0, a);
        call->url = nxc__str_slice(request, a + 1, b);
    }
    return call->url.len && call->method.len;
}

/* ---------------------------------------------------------------- users */

static void append_value(nxc__buffer *b, const nxc__json *v) {
    if (nxc__json_is(v, NXC_JSON_STRING))
        nxc__buffer_append_str(b, nxc__json_str(v));
    else
        nxc__buffer_append_double(b, nxc__json_number(v));
}

static bool read_user(reading *r, const nxc__json *line) {
    nxc_str rest = nxc__str(r->setup->options->session_by);
    r->user.len = 0;
    r->user.status = NXC_OK;
    if (rest.len == 0) {
        const nxc__json *v = first_of(line, user_names);
        if (v) append_value(&r->user, v);
        return v && r->user.status == NXC_OK;
    }
    bool is_first = true;
    for (; rest.len; is_first = false) {
        size_t end = nxc__str_find(rest, ',', 0);
        nxc_str name = nxc__str_trim(nxc__str_slice(rest, 0, end));
        const nxc__json *v = lookup(line, name);
        if (!is_said(v)) return false;
        if (!is_first) nxc__buffer_append_char(&r->user, '\x1f');
        append_value(&r->user, v);
        rest = nxc__str_slice(rest, end < rest.len ? end + 1 : end, rest.len);
    }
    return r->user.status == NXC_OK;
}

/* ---------------------------------------------------------------- reading */

static nxc_status read_object(reading *r, const nxc__json *line,
                              nxc_error *err) {
    nxc_learn_report *report = r->setup->report;
    nxc__log_call call = {.host = {"", 0}};
    uint32_t catalog, operation, user;
    int64_t ms;
    if (!nxc__json_is(line, NXC_JSON_OBJECT) || !read_call(line, &call)) {
        nxc__learn_note(report, NXC_LEARN_MALFORMED, r->log, r->number,
                        NXC_STR("no method and url"));
        return NXC_OK;
    }
    if (!read_time(line, &ms)) {
        nxc__learn_note(report, NXC_LEARN_NO_TIME, r->log, r->number,
                        call.method);
        return NXC_OK;
    }
    if (r->before != NXC_TIME_UNKNOWN && ms < r->before - r->gap_ms)
        nxc__learn_note(report, NXC_LEARN_CLOCK, r->log, r->number,
                        NXC_STR("earlier than the line before"));
    r->before = ms;
    if (!nxc__learner_resolve(r->l, &call, r->log, r->number, &catalog,
                              &operation))
        return NXC_OK;
    if (!read_user(r, line)) {
        nxc__learn_note(report, NXC_LEARN_NO_SESSION, r->log, r->number,
                        NXC_STR("no field that tells sessions apart"));
        return NXC_OK;
    }
    if (nxc__learner_is_full(r->l)) NXC_TRY(nxc__learner_flush(r->l, err));
    NXC_TRY(nxc__learner_user(r->l, nxc__buffer_str(&r->user),
                              (nxc_str){NULL, 0}, &user, err));
    return nxc__learner_add_call(r->l, catalog, operation, user, ms, err);
}

static nxc_status read_line(reading *r, nxc_str line, nxc_error *err) {
    nxc__json_doc *doc;
    nxc_error local = {NXC_OK, ""};
    nxc_status st = nxc__json_parse((nxc_str){"", 0}, line, NULL,
                                    r->setup->alloc, &doc, &local);
    if (st == NXC_ERR_NOMEM) {
        if (err) *err = local;
        return st;
    }
    if (st != NXC_OK) {
        nxc__learn_note_error(r->setup->report, r->log, r->number, &local);
        return NXC_OK;
    }
    st = read_object(r, nxc__json_root(doc), err);
    nxc__json_free(doc);
    return st;
}

nxc_status nxc__read_json_log(nxc__learner *l, nxc__log_source *source,
                              nxc_error *err) {
    const nxc__learn_setup *s = nxc__learner_setup(l);
    reading r = {.l = l,
                 .setup = s,
                 .log = nxc__log_name(source),
                 .before = NXC_TIME_UNKNOWN,
                 .gap_ms = nxc__learn_ms(s->options->gap_seconds)};
    nxc_str line;
    nxc_status st = NXC_OK;
    nxc__buffer_init(&r.user, s->alloc, (size_t)1 << 20);
    while (st == NXC_OK && nxc__log_next(source, &line)) {
        if (nxc__str_trim(line).len == 0) continue;
        r.number = nxc__log_line_number(source);
        s->report->n_records++;
        st = read_line(&r, line, err);
    }
    nxc__buffer_release(&r.user);
    if (st == NXC_OK) st = nxc__log_status(source, err);
    return st == NXC_OK ? nxc__learner_flush(l, err) : st;
}
