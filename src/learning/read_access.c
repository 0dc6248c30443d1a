/*
 * Access logs in the Common and the Combined Log Format, with or without the
 * virtual host in front (docs/formats/logs.md):
 *
 *     [vhost[:port]] host ident user [time] "METHOD url HTTP/x" status bytes
 *         ["referer" "agent"]
 *
 * A quote within quotes is escaped by a backslash; fields behind those are
 * passed over. Of a line the operation, the time and a user's key are kept.
 */
#include <stddef.h>

#include "base/error.h"
#include "base/number.h"
#include "base/str.h"
#include "base/utf8.h"
#include "learning/learner.h"

typedef struct line_fields {
    nxc_str vhost, host, ident, user, time, request, status, agent;
} line_fields;

/* Up to the next space; *rest begins behind it. */
static nxc_str word(nxc_str *rest) {
    size_t end = nxc__str_find(*rest, ' ', 0);
    nxc_str w = nxc__str_slice(*rest, 0, end);
    *rest = nxc__str_slice(*rest, end < rest->len ? end + 1 : end, rest->len);
    return w;
}

/* What stands in quotes at the beginning of rest; false if nothing does. */
static bool quoted(nxc_str *rest, nxc_str *out) {
    if (rest->len == 0 || rest->ptr[0] != '"') return false;
    size_t i = 1;
    while (i < rest->len && rest->ptr[i] != '"')
        i += rest->ptr[i] == '\\' ? 2 : 1;
    if (i >= rest->len) return false;
    *out = nxc__str_slice(*rest, 1, i);
    *rest = nxc__str_slice(*rest, i + 1, rest->len);
    if (rest->len && rest->ptr[0] == ' ')
        *rest = nxc__str_slice(*rest, 1, rest->len);
    return true;
}

/* The words before the time: three, or four with a virtual host in front; of a
 * user with spaces, before which ident is "-", the first word counts. */
static bool split_head(nxc_str head, line_fields *f) {
    nxc_str words[4];
    size_t n = 0;
    while (n < 4 && head.len)
        words[n++] = word(&head);
    if (n < 3) return false;
    size_t at = n == 4 && !nxc__str_eq(words[1], NXC_STR("-"));
    if (at) f->vhost = words[0];
    f->host = words[at];
    f->ident = words[at + 1];
    f->user = words[at + 2];
    return true;
}

static bool split_line(nxc_str line, line_fields *f) {
    nxc_str rest, referer;
    size_t open = nxc__str_find(line, '[', 0);
    size_t close = nxc__str_find(line, ']', open);
    *f = (line_fields){.agent = {"", 0}};
    if (close >= line.len ||
        !split_head(nxc__str_trim(nxc__str_slice(line, 0, open)), f))
        return false;
    f->time = nxc__str_slice(line, open + 1, close);
    rest = nxc__str_trim(nxc__str_slice(line, close + 1, line.len));
    if (!quoted(&rest, &f->request)) return false;
    f->status = word(&rest);
    word(&rest); /* bytes */
    if (quoted(&rest, &referer)) quoted(&rest, &f->agent);
    return true;
}

/* "GET /x HTTP/1.1" */
static bool split_request(nxc_str request, nxc__log_call *call) {
    nxc_str rest = nxc__str_trim(request);
    call->method = word(&rest);
    size_t end = rest.len;
    while (end > 0 && rest.ptr[end - 1] != ' ')
        end--;
    if (end &&
        nxc__str_starts(nxc__str_slice(rest, end, rest.len), NXC_STR("HTTP/")))
        rest = nxc__str_slice(rest, 0, end - 1);
    call->url = nxc__str_trim(rest);
    return call->url.len && call->url.len < 65536 &&
           (call->url.ptr[0] == '/' ||
            nxc__str_find(call->url, ':', 0) < call->url.len);
}

/* ---------------------------------------------------------------- users */

static const struct {
    const char *name;
    size_t offset;
} field_names[] = {{"remote_addr", offsetof(line_fields, host)},
                   {"host", offsetof(line_fields, host)},
                   {"ip", offsetof(line_fields, host)},
                   {"user", offsetof(line_fields, user)},
                   {"remote_user", offsetof(line_fields, user)},
                   {"ident", offsetof(line_fields, ident)},
                   {"user_agent", offsetof(line_fields, agent)},
                   {"agent", offsetof(line_fields, agent)},
                   {"vhost", offsetof(line_fields, vhost)}};
#define N_FIELDS (sizeof field_names / sizeof *field_names)

typedef struct by_fields {
    size_t fields[4]; /* of field_names */
    size_t n;
} by_fields;

static nxc_status parse_by(const char *names, by_fields *out, nxc_error *err) {
    nxc_str rest = nxc__str(names ? names : "remote_addr");
    out->n = 0;
    while (rest.len) {
        size_t end = nxc__str_find(rest, ',', 0), i = 0;
        nxc_str name = nxc__str_trim(nxc__str_slice(rest, 0, end));
        while (i < N_FIELDS &&
               !nxc__str_ieq(name, nxc__str(field_names[i].name)))
            i++;
        if (i == N_FIELDS || out->n == 4)
            return nxc__error(err, NXC_ERR_INVALID,
                              "session_by: expected remote_addr, user, ident, "
                              "user_agent or vhost of an access log, got "
                              "\"%.*s\"",
                              NXC_STR_ARG(name));
        out->fields[out->n++] = i;
        rest = nxc__str_slice(rest, end < rest.len ? end + 1 : end, rest.len);
    }
    return NXC_OK;
}

/* The user's name: the fields, joined; false if one of them says nothing. */
static bool user_name(const line_fields *f, const by_fields *by,
                      nxc__buffer *joined, nxc_str *out) {
    joined->len = 0;
    joined->status = NXC_OK;
    for (size_t i = 0; i < by->n; i++) {
        nxc_str v;
        memcpy(&v, (const char *)f + field_names[by->fields[i]].offset,
               sizeof v);
        if (v.len == 0 || nxc__str_eq(v, NXC_STR("-"))) return false;
        *out = v;
        if (by->n == 1) return true;
        nxc__buffer_append_str(joined, v);
        nxc__buffer_append_char(joined, '\x1f');
    }
    *out = nxc__buffer_str(joined);
    return joined->status == NXC_OK;
}

/* ---------------------------------------------------------------- reading */

typedef struct reading {
    nxc__learner *l;
    nxc_learn_report *report;
    nxc_str log;
    uint64_t number;
    by_fields by;
    nxc__buffer joined;
    int64_t before, gap_ms; /* times of lines */
} reading;

static void note(const reading *r, nxc_learn_kind kind, nxc_str what) {
    nxc__learn_note(r->report, kind, r->log, r->number, what);
}

static void watch_clock(reading *r, int64_t ms, nxc_str time) {
    if (r->before != NXC_TIME_UNKNOWN && ms < r->before - r->gap_ms)
        note(r, NXC_LEARN_CLOCK, time);
    r->before = ms;
}

static nxc_status read_line(reading *r, nxc_str line, nxc_error *err) {
    line_fields f;
    nxc__log_call call = {.host = {"", 0}};
    nxc_str user;
    uint32_t catalog, operation, number;
    int64_t ms, status = 0;
    if (!split_line(line, &f) || !split_request(f.request, &call)) {
        note(r, NXC_LEARN_MALFORMED,
             nxc__str_slice(line, 0, line.len < 60 ? line.len : 60));
        return NXC_OK;
    }
    if (!nxc__learn_time(f.time, &ms)) {
        note(r, NXC_LEARN_NO_TIME, f.time);
        return NXC_OK;
    }
    watch_clock(r, ms, f.time);
    if (nxc__utf8_validate(line) < line.len)
        note(r, NXC_LEARN_ENCODING, NXC_STR("malformed UTF-8"));
    call.host = f.vhost.ptr ? f.vhost : (nxc_str){"", 0};
    if (nxc__parse_int(f.status, 0, 999, &status))
        call.status = (uint64_t)status;
    if (!nxc__learner_resolve(r->l, &call, r->log, r->number, &catalog,
                              &operation))
        return NXC_OK;
    if (!user_name(&f, &r->by, &r->joined, &user)) {
        note(r, NXC_LEARN_NO_SESSION, NXC_STR("the field is empty"));
        return NXC_OK;
    }
    if (nxc__learner_is_full(r->l)) NXC_TRY(nxc__learner_flush(r->l, err));
    NXC_TRY(nxc__learner_user(r->l, user, (nxc_str){NULL, 0}, &number, err));
    return nxc__learner_add_call(r->l, catalog, operation, number, ms, err);
}

static nxc_status read_lines(reading *r, nxc__log_source *source,
                             nxc_error *err) {
    nxc_str line;
    while (nxc__log_next(source, &line)) {
        if (nxc__str_trim(line).len == 0 || line.ptr[0] == '#') continue;
        r->number = nxc__log_line_number(source);
        r->report->n_records++;
        NXC_TRY(read_line(r, line, err));
    }
    NXC_TRY(nxc__log_status(source, err));
    return nxc__learner_flush(r->l, err);
}

nxc_status nxc__read_access(nxc__learner *l, nxc__log_source *source,
                            nxc_error *err) {
    const nxc__learn_setup *s = nxc__learner_setup(l);
    reading r = {.l = l,
                 .report = s->report,
                 .log = nxc__log_name(source),
                 .before = NXC_TIME_UNKNOWN,
                 .gap_ms = nxc__learn_ms(s->options->gap_seconds)};
    NXC_TRY(parse_by(s->options->session_by, &r.by, err));
    nxc__buffer_init(&r.joined, s->alloc, (size_t)1 << 20);
    nxc_status st = read_lines(&r, source, err);
    nxc__buffer_release(&r.joined);
    return st;
}
