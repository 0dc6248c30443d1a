/*
 * HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec): what a browser or a
 * proxy has recorded, one document.
 *
 *     {"log": {"pages": [{"id", "startedDateTime"}],
 *              "entries": [{"pageref", "startedDateTime", "_resourceType",
 *                           "request": {"method", "url"},
 *                           "response": {"status", "content": {"mimeType"}}}]}}
 *
 * A session is a page, or with session_by gap the entries up to a gap; an entry
 * without a page belongs to the user's others by gap. The user is option user,
 * or the recording, which its first time names: a browser is one person's.
 * Bodies, headers and query strings are in the file and are passed over.
 */
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "learning/learner.h"

typedef struct reading {
    nxc__learner *l;
    const nxc__learn_setup *setup;
    nxc_str log;
    nxc__strmap pages; /* id -> number */
    const nxc__json *page_list;
    nxc__buffer user, session;
    bool by_page;
} reading;

static nxc_str text(const nxc__json *v, const char *name) {
    return nxc__json_str(nxc__json_get(v, nxc__str(name)));
}

static bool starts_with_any(nxc_str s, const char *const *prefixes) {
    for (; *prefixes; prefixes++)
        if (nxc__str_starts(s, nxc__str(*prefixes))) return true;
    return false;
}

/* Whether the browser says that it is no call. */
static bool is_file(const nxc__json *entry) {
    static const char *const types[] = {"image",     "stylesheet", "script",
                                        "font",      "media",      "manifest",
                                        "preflight", NULL};
    static const char *const mimes[] = {"image/",
                                        "font/",
                                        "audio/",
                                        "video/",
                                        "text/css",
                                        "text/javascript",
                                        "application/javascript",
                                        "application/x-javascript",
                                        "application/font",
                                        NULL};
    const nxc__json *content =
        NXC_JSON_GET(NXC_JSON_GET(entry, "response"), "content");
    return starts_with_any(text(entry, "_resourceType"), types) ||
           starts_with_any(text(content, "mimeType"), mimes);
}

/* "har <time of the recording>" unless the options name the user. */
static nxc_status name_user(reading *r, const nxc__json *entries,
                            nxc_error *err) {
    nxc_str first = {"", 0};
    if (r->setup->options->user.len) {
        nxc__buffer_append_str(&r->user, r->setup->options->user);
        return nxc__buffer_status(&r->user, "user", err);
    }
    for (nxc__json_iter it = nxc__json_each(entries); nxc__json_next(&it);) {
        nxc_str t = text(it.value, "startedDateTime");
        if (t.len && (first.len == 0 || nxc__str_compare(t, first) < 0))
            first = t;
    }
    nxc__buffer_append_z(&r->user, "har ");
    nxc__buffer_append_str(&r->user, first);
    return nxc__buffer_status(&r->user, "user", err);
}

static nxc_status read_pages(reading *r, const nxc__json *log, nxc_error *err) {
    r->page_list = NXC_JSON_GET(log, "pages");
    for (nxc__json_iter it = nxc__json_each(r->page_list); nxc__json_next(&it);)
        NXC_TRY(nxc__strmap_add(&r->pages, text(it.value, "id"),
                                (uint32_t)it.index, NULL, err));
    return NXC_OK;
}

/* The name of a page's session: ids are those of the file ("page_1"), so its
 * time is part of it. Empty: by gap. */
static void name_session(reading *r, nxc_str page) {
    uint32_t number = NXC_NONE;
    r->session.len = 0;
    if (r->by_page && page.len) number = nxc__strmap_find(&r->pages, page);
    if (number == NXC_NONE) return;
    for (nxc__json_iter it = nxc__json_each(r->page_list);
         nxc__json_next(&it);) {
        if (it.index != number) continue;
        nxc__buffer_append_z(&r->session, "har page ");
        nxc__buffer_append_str(&r->session, page);
        nxc__buffer_append_char(&r->session, ' ');
        nxc__buffer_append_str(&r->session, text(it.value, "startedDateTime"));
        return;
    }
}

static nxc_status read_entry(reading *r, const nxc__json *entry, size_t number,
                             nxc_error *err) {
    const nxc__json *request = NXC_JSON_GET(entry, "request");
    nxc__log_call call = {.method = text(request, "method"),
                          .url = text(request, "url"),
                          .host = {"", 0},
                          .is_file = is_file(entry)};
    nxc_str started = text(entry, "startedDateTime");
    uint32_t catalog, operation, user;
    int64_t ms;
    nxc__json_uint(NXC_JSON_GET(NXC_JSON_GET(entry, "response"), "status"), 999,
                   &call.status);
    if (call.method.len == 0 || call.url.len == 0) {
        nxc__learn_note(r->setup->report, NXC_LEARN_MALFORMED, r->log, number,
                        NXC_STR("an entry without method or url"));
        return NXC_OK;
    }
    if (!nxc__learner_resolve(r->l, &call, r->log, number, &catalog,
                              &operation))
        return NXC_OK;
    if (!nxc__learn_time(started, &ms)) {
        nxc__learn_note(r->setup->report, NXC_LEARN_NO_TIME, r->log, number,
                        started);
        return NXC_OK;
    }
    name_session(r, text(entry, "pageref"));
    if (nxc__learner_is_full(r->l)) NXC_TRY(nxc__learner_flush(r->l, err));
    NXC_TRY(nxc__learner_user(r->l, nxc__buffer_str(&r->user),
                              nxc__buffer_str(&r->session), &user, err));
    return nxc__learner_add_call(r->l, catalog, operation, user, ms, err);
}

static nxc_status read_log(reading *r, const nxc__json *log, nxc_error *err) {
    const nxc__json *entries = NXC_JSON_GET(log, "entries");
    if (!nxc__json_is(entries, NXC_JSON_ARRAY)) {
        nxc__learn_note(r->setup->report, NXC_LEARN_MALFORMED, r->log, 0,
                        NXC_STR("no log.entries"));
        return NXC_OK;
    }
    NXC_TRY(read_pages(r, log, err));
    NXC_TRY(name_user(r, entries, err));
    for (nxc__json_iter it = nxc__json_each(entries); nxc__json_next(&it);) {
        r->setup->report->n_records++;
        NXC_TRY(read_entry(r, it.value, it.index + 1, err));
    }
    return nxc__learner_flush(r->l, err);
}

static nxc_status read_text(reading *r, nxc_str bytes, nxc_error *err) {
    nxc__json_doc *doc;
    nxc_error local = {NXC_OK, ""};
    nxc__json_limits limits = nxc__json_limits_default;
    limits.max_bytes =
        nxc__config_int(r->setup->cfg, NXC_OPT_max_document_bytes);
    nxc_status st = nxc__json_parse((nxc_str){"", 0}, bytes, &limits,
                                    r->setup->alloc, &doc, &local);
    if (st == NXC_ERR_NOMEM) {
        if (err) *err = local;
        return st;
    }
    if (st != NXC_OK) {
        nxc__learn_note_error(r->setup->report, r->log, 0, &local);
        return NXC_OK;
    }
    st = read_log(r, NXC_JSON_GET(nxc__json_root(doc), "log"), err);
    nxc__json_free(doc);
    return st;
}

nxc_status nxc__read_har(nxc__learner *l, nxc__log_source *source,
                         nxc_error *err) {
    const nxc__learn_setup *s = nxc__learner_setup(l);
    nxc_str by = nxc__str(s->options->session_by);
    reading r = {.l = l,
                 .setup = s,
                 .log = nxc__log_name(source),
                 .by_page = by.len == 0 || nxc__str_eq(by, NXC_STR("page"))};
    nxc_str bytes;
    if (!r.by_page && !nxc__str_eq(by, NXC_STR("gap")))
        return nxc__error(err, NXC_ERR_INVALID,
                          "session_by: expected page or gap of a HAR file, got "
                          "\"%.*s\"",
                          NXC_STR_ARG(by));
    NXC_TRY(nxc__log_read_all(
        source, nxc__config_int(s->cfg, NXC_OPT_max_document_bytes), &bytes,
        err));
    if (bytes.len == 0) return NXC_OK;
    nxc__strmap_init(&r.pages, s->alloc);
    nxc__buffer_init(&r.user, s->alloc, (size_t)1 << 20);
    nxc__buffer_init(&r.session, s->alloc, (size_t)1 << 20);
    nxc_status st = read_text(&r, bytes, err);
    nxc__strmap_release(&r.pages);
    nxc__buffer_release(&r.user);
    nxc__buffer_release(&r.session);
    return st;
}
