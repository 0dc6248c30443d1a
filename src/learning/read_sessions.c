/*
 * Sessions of one JSON value a line (docs/formats/logs.md): what
 * docs/sessions.md calls a session, and scenarios.
 *
 *     {"session": "s1", "user": "u1", "catalog": "shop", "prompt": "...",
 *      "calls": [...] | "history": [...], "prompts": [...], "next": "..."}
 *
 * A session without a name has that of its text, so that a line that comes
 * twice is one session. Of the prompts, one a call, what is new against the one
 * before is kept beside it, as a request's previous_prompt gives it.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "features/clauses.h"
#include "learning/learner.h"
#include "session/session.h"

typedef struct reading {
    nxc__learner *l;
    const nxc__learn_setup *setup;
    nxc_str log;
    uint64_t number;
    nxc__arena arena; /* of a line */
    const nxc__json *line;
    nxc_str text;
} reading;

static void note(const reading *r, nxc_learn_kind kind, nxc_str what) {
    nxc__learn_note(r->setup->report, kind, r->log, r->number, what);
}

/* The first of these members that is text or a number, as text. */
static nxc_str name_of(reading *r, const char *const *names) {
    for (; *names; names++) {
        const nxc__json *v = nxc__json_get(r->line, nxc__str(*names));
        uint64_t number;
        if (nxc__json_is(v, NXC_JSON_STRING) && nxc__json_str(v).len)
            return nxc__json_str(v);
        if (nxc__json_uint(v, UINT64_MAX, &number)) {
            char digits[24];
            int n = snprintf(digits, sizeof digits, "%llu",
                             (unsigned long long)number);
            return nxc__arena_copy(&r->arena, (nxc_str){digits, (size_t)n});
        }
    }
    return (nxc_str){"", 0};
}

/* ---------------------------------------------------------------- catalogs */

/* "shop" is the catalog "shop" or, if there is none, "shop.catalog", which has
 * the name of its file. */
static bool is_name(nxc_str catalog, nxc_str name) {
    return nxc__str_starts(catalog, name) && name.len &&
           (catalog.len == name.len || catalog.ptr[name.len] == '.');
}

static bool find_catalog(reading *r, uint32_t *out) {
    const nxc__learn_setup *s = r->setup;
    nxc_str name = nxc__json_str(NXC_JSON_GET(r->line, "catalog"));
    *out = 0;
    for (size_t i = 0; i < s->n_catalogs; i++)
        if (nxc__str_eq(s->catalogs[i].name, name)) {
            *out = (uint32_t)i;
            return true;
        }
    for (size_t i = 0; i < s->n_catalogs; i++)
        if (is_name(s->catalogs[i].name, name)) {
            *out = (uint32_t)i;
            return true;
        }
    if (s->n_catalogs == 1 && (name.len == 0 || s->options->catalog.len))
        return true;
    note(r, NXC_LEARN_UNKNOWN_CATALOG, name);
    return false;
}

/* ---------------------------------------------------------------- prompts */

typedef struct prompts {
    nxc_str *texts; /* (n) distinct */
    size_t n;
    nxc__strmap map;
} prompts;

static nxc_status add_text(prompts *p, nxc_str text, uint32_t *row,
                           nxc_error *err) {
    *row = NXC_NONE;
    if (text.len == 0) return NXC_OK;
    NXC_TRY(nxc__strmap_add(&p->map, text, (uint32_t)p->n, row, err));
    if (*row == p->n) p->texts[p->n++] = text;
    return NXC_OK;
}

/* The prompts of all n_all calls of the session: "prompts", if it has one for
 * each, or the one of the session. */
static nxc_status all_prompts(reading *r, nxc_str session, size_t n_all,
                              nxc_str **out, nxc_error *err) {
    const nxc__json *own = NXC_JSON_GET(r->line, "prompts");
    size_t max = nxc__config_int(r->setup->cfg, NXC_OPT_max_prompt_bytes);
    nxc_str *texts = nxc__arena_alloc_array(&r->arena, n_all, sizeof *texts);
    if (!texts) return nxc__error_nomem(err, n_all * sizeof *texts);
    for (size_t i = 0; i < n_all; i++)
        texts[i] = session;
    if (nxc__json_is(own, NXC_JSON_ARRAY) && nxc__json_size(own) == n_all)
        for (nxc__json_iter it = nxc__json_each(own); nxc__json_next(&it);)
            texts[it.index] = nxc__json_str(it.value);
    for (size_t i = 0; i < n_all; i++)
        if (texts[i].len > max) texts[i] = (nxc_str){"", 0};
    *out = texts;
    return NXC_OK;
}

/* calls[i].prompt is the number of the call among all n_all of the session.
 * What is new in its prompt is so against the last other prompt before it. */
static nxc_status add_prompts(reading *r, nxc_str session,
                              nxc__record_call *calls, size_t n, size_t n_all,
                              prompts *p, nxc_error *err) {
    nxc_str *all = NULL, before = {"", 0};
    NXC_TRY(all_prompts(r, session, n_all, &all, err));
    p->texts = nxc__arena_alloc_array(&r->arena, 2 * n, sizeof *p->texts);
    if (!p->texts) return nxc__error_nomem(err, 2 * n * sizeof *p->texts);
    for (size_t k = 0, i = 0; k < n_all && i < n; k++) {
        if (k && !nxc__str_eq(all[k], all[k - 1])) before = all[k - 1];
        if (calls[i].prompt != k) continue;
        NXC_TRY(add_text(p, all[k], &calls[i].prompt, err));
        NXC_TRY(add_text(p, nxc__prompt_delta(all[k], before), &calls[i].delta,
                         err));
        i++;
    }
    return NXC_OK;
}

/* ---------------------------------------------------------------- calls */

static uint64_t hash_at(const nxc_catalog *catalog, uint32_t operation) {
    nxc_operation op;
    nxc_catalog_get_operation(catalog, operation, &op);
    return nxc__operation_hash(op.id);
}

/* Known calls of a session, and the label of a scenario; the member prompt of
 * each is for now its number among all of them. */
static nxc_status read_calls(reading *r, const nxc_catalog *catalog,
                             const nxc_request *request, nxc__record_call **out,
                             size_t *n, size_t *n_all, nxc_error *err) {
    nxc__session s;
    nxc_str next = nxc__json_str(NXC_JSON_GET(r->line, "next"));
    NXC_TRY(nxc__session_resolve(catalog, request, r->setup->cfg, &r->arena, &s,
                                 err));
    *out = nxc__arena_alloc_array(&r->arena, s.n + 1, sizeof **out);
    if (!*out) return nxc__error_nomem(err, (s.n + 1) * sizeof **out);
    *n = 0;
    for (size_t i = 0; i < s.n; i++) {
        const nxc__call *c = &s.calls[i];
        if (c->operation == NXC_NONE)
            note(r, NXC_LEARN_UNKNOWN_OPERATION,
                 c->path.len ? c->path : c->name);
        else if (c->response_status >= 400 && !r->setup->options->keep_failed)
            note(r, NXC_LEARN_FAILED, c->path.len ? c->path : c->name);
        else
            (*out)[(*n)++] = (nxc__record_call){
                hash_at(catalog, c->operation),
                isnan(c->timestamp) ? NXC_TIME_UNKNOWN
                                    : nxc__learn_ms(c->timestamp),
                (uint32_t)i, NXC_NONE};
    }
    uint32_t op = next.len ? nxc_catalog_find(catalog, next) : NXC_NONE;
    *n_all = s.n + (next.len > 0);
    if (op != NXC_NONE)
        (*out)[(*n)++] = (nxc__record_call){
            hash_at(catalog, op), NXC_TIME_UNKNOWN, (uint32_t)s.n, NXC_NONE};
    return NXC_OK;
}

static nxc_status add_session(reading *r, uint32_t catalog,
                              const nxc_request *request, nxc_error *err) {
    static const char *const session_names[] = {"session", "session_id",
                                                "scenario_id", "id", NULL};
    static const char *const user_names[] = {"user", "user_id", "group", NULL};
    nxc__record record = {.gap_ms = 0};
    nxc__record_call *calls = NULL;
    prompts p = {.n = 0};
    size_t n_all = 0;
    NXC_TRY(read_calls(r, r->setup->catalogs[catalog].catalog, request, &calls,
                       &record.n, &n_all, err));
    if (record.n == 0) {
        note(r, NXC_LEARN_EMPTY, NXC_STR("no known call"));
        return NXC_OK;
    }
    nxc_str session = name_of(r, session_names);
    NXC_TRY(nxc__learner_keys(r->l, session.len ? session : r->text,
                              name_of(r, user_names), &record.key,
                              &record.group, err));
    nxc__strmap_init(&p.map, r->setup->alloc);
    nxc_status st = NXC_OK;
    if (r->setup->options->keep_prompts)
        st = add_prompts(r, request->prompt, calls, record.n, n_all, &p, err);
    else
        for (size_t i = 0; i < record.n; i++)
            calls[i].prompt = NXC_NONE;
    record.calls = calls;
    record.texts = p.texts;
    record.n_texts = p.n;
    if (st == NXC_OK)
        st = nxc__learner_add_session(r->l, catalog, &record, err);
    nxc__strmap_release(&p.map);
    return st;
}

/* ---------------------------------------------------------------- reading */

/* What a reader refuses is noted; a failure of memory is one. */
static nxc_status refused(reading *r, nxc_status st, const nxc_error *local,
                          nxc_error *err) {
    if (st == NXC_ERR_NOMEM) {
        if (err) *err = *local;
        return st;
    }
    nxc__learn_note_error(r->setup->report, r->log, r->number, local);
    return NXC_OK;
}

static nxc_status read_session(reading *r, nxc_error *err) {
    nxc_request request = NXC_REQUEST_INIT;
    nxc_error local = {NXC_OK, ""};
    uint32_t catalog;
    nxc_status st =
        nxc__session_read((nxc_str){"", 0}, r->text, r->setup->cfg, &r->arena,
                          r->setup->alloc, &request, &local);
    if (st != NXC_OK) return refused(r, st, &local, err);
    if (!find_catalog(r, &catalog)) return NXC_OK;
    st = add_session(r, catalog, &request, &local);
    if (st == NXC_ERR_INVALID || st == NXC_ERR_LIMIT)
        return refused(r, st, &local, err);
    if (st != NXC_OK && err) *err = local;
    return st;
}

static nxc_status read_line(reading *r, nxc_error *err) {
    nxc__json_doc *doc;
    nxc_error local = {NXC_OK, ""};
    nxc_status st = nxc__json_parse((nxc_str){"", 0}, r->text, NULL,
                                    r->setup->alloc, &doc, &local);
    if (st != NXC_OK) return refused(r, st, &local, err);
    r->line = nxc__json_root(doc);
    st = read_session(r, err);
    nxc__json_free(doc);
    return st;
}

nxc_status nxc__read_sessions(nxc__learner *l, nxc__log_source *source,
                              nxc_error *err) {
    const nxc__learn_setup *s = nxc__learner_setup(l);
    reading r = {.l = l, .setup = s, .log = nxc__log_name(source)};
    nxc_str line;
    nxc_status st = NXC_OK;
    nxc__arena_init(&r.arena, s->alloc, SIZE_MAX);
    while (st == NXC_OK && nxc__log_next(source, &line)) {
        r.text = nxc__str_trim(line);
        if (r.text.len == 0) continue;
        r.number = nxc__log_line_number(source);
        s->report->n_records++;
        st = read_line(&r, err);
        nxc__arena_reset(&r.arena);
    }
    nxc__arena_release(&r.arena);
    if (st == NXC_OK) st = nxc__log_status(source, err);
    return st == NXC_OK ? nxc__learner_flush(l, err) : st;
}
