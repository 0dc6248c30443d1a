/*
 * Scenarios: a JSONL file to decision points, and all of them ranked.
 *
 *     read -> rank(visit)* -> release
 *
 * A scenario is one task: its points go in order through one context, so that
 * a prompt is encoded once. Workers share the engine; the order in which
 * scenarios are visited is not fixed, what is visited is.
 */
#include <string.h>

#include "base/atomic.h"
#include "base/executor.h"
#include "base/json.h"
#include "protocol.h"

/* ---------------------------------------------------------------- reading */

typedef struct reader {
    cli_dataset *d;
    const nxc__json_doc *doc;
    const nxc__json *line;
    nxc__buffer scenarios;
    nxc_error *err;
} reader;

static nxc_status member_error(const reader *r, const char *name,
                               const char *expected) {
    nxc__json_path root = {NULL, {NULL, 0}, 0};
    nxc__json_path step = {&root, nxc__str(name), 0};
    return nxc__json_error_type(r->doc, &step, r->err, expected,
                                nxc__json_get(r->line, nxc__str(name)));
}

static nxc_status copy(const reader *r, const nxc__json *v, nxc_str *out) {
    *out = nxc__arena_copy(&r->d->arena, nxc__json_str(v));
    return out->ptr ? NXC_OK : nxc__error_nomem(r->err, out->len);
}

static nxc_status text_member(const reader *r, const char *name, nxc_str *out) {
    const nxc__json *v = nxc__json_get(r->line, nxc__str(name));
    if (!nxc__json_is(v, NXC_JSON_STRING))
        return member_error(r, name, "a string");
    return copy(r, v, out);
}

static nxc_status read_calls(const reader *r, cli_scenario *s) {
    const nxc__json *calls = NXC_JSON_GET(r->line, "calls");
    if (!nxc__json_is(calls, NXC_JSON_ARRAY))
        return member_error(r, "calls", "an array of calls");
    s->n = nxc__json_size(calls);
    nxc_call *out = nxc__arena_alloc_array(&r->d->arena, s->n, sizeof *out);
    if (!out) return nxc__error_nomem(r->err, s->n * sizeof *out);
    for (nxc__json_iter it = nxc__json_each(calls); nxc__json_next(&it);) {
        if (!nxc__json_is(it.value, NXC_JSON_STRING))
            return member_error(r, "calls", "an array of calls");
        out[it.index] = (nxc_call){.timestamp = NXC_NAN};
        NXC_TRY(copy(r, it.value, &out[it.index].call));
    }
    s->calls = out;
    return NXC_OK;
}

/* "prompts", one a call, or "prompt" for all. */
static nxc_status read_prompts(const reader *r, cli_scenario *s) {
    const nxc__json *prompts = NXC_JSON_GET(r->line, "prompts");
    nxc_str *out = nxc__arena_alloc_array(&r->d->arena, s->n, sizeof *out);
    nxc_str prompt;
    if (!out) return nxc__error_nomem(r->err, s->n * sizeof *out);
    NXC_TRY(text_member(r, "prompt", &prompt));
    for (size_t i = 0; i < s->n; i++)
        out[i] = prompt;
    s->prompts = out;
    if (!prompts || nxc__json_is(prompts, NXC_JSON_NULL)) return NXC_OK;
    if (nxc__json_size(prompts) != s->n)
        return member_error(r, "prompts", "as many prompts as calls, or null");
    for (nxc__json_iter it = nxc__json_each(prompts); nxc__json_next(&it);)
        NXC_TRY(copy(r, it.value, &out[it.index]));
    return NXC_OK;
}

/* ------------------------------------------- lines of nextcall scenarios */

static nxc_status time_member(const reader *r, const nxc__json *of,
                              const char *name, double *out) {
    const nxc__json *v = nxc__json_get(of, nxc__str(name));
    if (!nxc__json_is(v, NXC_JSON_STRING) ||
        nxc_time_parse(nxc__json_str(v), out, NULL) != NXC_OK)
        return member_error(r, name, "an RFC 3339 time");
    return NXC_OK;
}

/* The history, then the true next call. */
static nxc_status read_history(const reader *r, cli_scenario *s) {
    const nxc__json *history = NXC_JSON_GET(r->line, "history");
    if (!nxc__json_is(history, NXC_JSON_ARRAY))
        return member_error(r, "history", "an array of calls");
    s->n_before = nxc__json_size(history);
    nxc_call *out =
        nxc__arena_alloc_array(&r->d->arena, s->n_before + 1, sizeof *out);
    if (!out) return nxc__error_nomem(r->err, s->n_before * sizeof *out);
    for (nxc__json_iter it = nxc__json_each(history); nxc__json_next(&it);) {
        const nxc__json *call = NXC_JSON_GET(it.value, "call");
        uint64_t status = 0;
        (void)nxc__json_uint(NXC_JSON_GET(it.value, "response_status"), 999,
                             &status);
        if (!nxc__json_is(call, NXC_JSON_STRING))
            return member_error(r, "history", "objects with a member call");
        out[it.index] = (nxc_call){.response_status = (int32_t)status};
        NXC_TRY(
            time_member(r, it.value, "timestamp", &out[it.index].timestamp));
        NXC_TRY(copy(r, call, &out[it.index].call));
    }
    s->calls = out + s->n_before;
    s->n = 1;
    out[s->n_before] = (nxc_call){.timestamp = NXC_NAN};
    return text_member(r, "next", &out[s->n_before].call);
}

static nxc_status read_candidates(const reader *r, cli_scenario *s) {
    const nxc__json *list = NXC_JSON_GET(r->line, "candidates");
    s->n_candidates = nxc__json_size(list);
    nxc_str *out =
        nxc__arena_alloc_array(&r->d->arena, s->n_candidates, sizeof *out);
    if (!nxc__json_is(list, NXC_JSON_ARRAY) || s->n_candidates == 0)
        return member_error(r, "candidates", "an array of operations");
    if (!out) return nxc__error_nomem(r->err, s->n_candidates * sizeof *out);
    for (nxc__json_iter it = nxc__json_each(list); nxc__json_next(&it);) {
        if (!nxc__json_is(it.value, NXC_JSON_STRING))
            return member_error(r, "candidates", "an array of operations");
        NXC_TRY(copy(r, it.value, &out[it.index]));
    }
    s->candidates = out;
    return NXC_OK;
}

/* One decision point; sessions of one flow of a set are a group. */
static nxc_status read_drawn(const reader *r, cli_scenario *s) {
    nxc_str set, flow;
    char group[256];
    NXC_TRY(text_member(r, "id", &s->id));
    NXC_TRY(text_member(r, "set", &set));
    NXC_TRY(text_member(r, "flow", &flow));
    snprintf(group, sizeof group, "%.*s/%.*s", NXC_STR_ARG(set),
             NXC_STR_ARG(flow));
    s->group = nxc__arena_copy(&r->d->arena, nxc__str(group));
    if (!s->group.ptr) return nxc__error_nomem(r->err, sizeof group);
    NXC_TRY(time_member(r, r->line, "session_start", &s->session_start));
    NXC_TRY(time_member(r, r->line, "now", &s->now));
    NXC_TRY(read_history(r, s));
    return read_candidates(r, s);
}

static nxc_status read_sequence(const reader *r, cli_scenario *s) {
    NXC_TRY(text_member(r, "scenario_id", &s->id));
    NXC_TRY(text_member(r, "group", &s->group));
    return read_calls(r, s);
}

static nxc_status read_scenario(reader *r) {
    cli_scenario s;
    memset(&s, 0, sizeof s);
    s.session_start = s.now = NXC_NAN;
    bool is_drawn = NXC_JSON_GET(r->line, "next") != NULL;
    NXC_TRY(is_drawn ? read_drawn(r, &s) : read_sequence(r, &s));
    NXC_TRY(text_member(r, "catalog", &s.catalog));
    NXC_TRY(read_prompts(r, &s));
    s.first_point = r->d->n_points;
    r->d->n_points += s.n;
    r->d->n++;
    nxc__buffer_append(&r->scenarios, &s, sizeof s);
    return nxc__buffer_status(&r->scenarios, "scenarios", r->err);
}

static nxc_status read_line(reader *r, const cli_lines *l) {
    nxc__json_doc *doc;
    if (l->too_long)
        return nxc__error(r->err, NXC_ERR_LIMIT,
                          "%s:%zu: expected at most %zu bytes, got more",
                          l->name, l->number, l->max);
    nxc_status st =
        nxc__json_parse(nxc__str(l->name), (nxc_str){l->line, l->len}, NULL,
                        NULL, &doc, r->err);
    if (st != NXC_OK) return cli_lines_blame(l, l->name, st, r->err);
    r->doc = doc;
    r->line = nxc__json_root(doc);
    st = read_scenario(r);
    nxc__json_free(doc);
    return st == NXC_OK ? st : cli_lines_blame(l, l->name, st, r->err);
}

static nxc_status read_lines(reader *r, cli_lines *l) {
    nxc_status st = NXC_OK;
    while (st == NXC_OK && cli_lines_next(l))
        if (nxc__str_trim((nxc_str){l->line, l->len}).len) st = read_line(r, l);
    if (st == NXC_OK) st = cli_lines_status(l, r->err);
    if (st != NXC_OK) return st;
    r->d->scenarios = nxc__arena_alloc(&r->d->arena, r->scenarios.len + 1);
    if (!r->d->scenarios) return nxc__error_nomem(r->err, r->scenarios.len);
    if (r->scenarios.len)
        memcpy(r->d->scenarios, r->scenarios.data, r->scenarios.len);
    return NXC_OK;
}

nxc_status cli_dataset_read(const char *path, cli_dataset *out,
                            nxc_error *err) {
    cli_lines lines;
    reader r = {.d = out, .err = err};
    memset(out, 0, sizeof *out);
    nxc__arena_init(&out->arena, &nxc__allocator_default, SIZE_MAX);
    nxc__buffer_init(&r.scenarios, &nxc__allocator_default, SIZE_MAX / 2);
    nxc_status st = cli_lines_open(&lines, path, (size_t)1 << 26, err);
    if (st == NXC_OK) {
        st = read_lines(&r, &lines);
        cli_lines_close(&lines);
    }
    nxc__buffer_release(&r.scenarios);
    if (st != NXC_OK) cli_dataset_release(out);
    return st;
}

nxc_status cli_dataset_sample(cli_dataset *d, size_t every, cli_dataset *out,
                              nxc_error *err) {
    cli_scenario *s = nxc__arena_alloc_array(&d->arena, d->n, sizeof *s);
    if (!s) return nxc__error_nomem(err, d->n * sizeof *s);
    *out = (cli_dataset){.scenarios = s};
    for (size_t i = 0; i < d->n; i += every)
        s[out->n++] = d->scenarios[i];
    cli_dataset_count(out);
    return NXC_OK;
}

void cli_dataset_count(cli_dataset *d) {
    d->n_points = 0;
    for (size_t i = 0; i < d->n; i++) {
        d->scenarios[i].first_point = d->n_points;
        d->n_points += d->scenarios[i].n;
    }
}

nxc_str cli_previous_prompt(const cli_scenario *s, size_t step) {
    for (size_t i = step; i-- > 0;)
        if (!nxc__str_eq(s->prompts[i], s->prompts[step])) return s->prompts[i];
    return NXC_STR("");
}

nxc_str cli_scenario_catalog(const nxc_engine *engine, const cli_scenario *s) {
    return nxc_engine_get_catalog(engine, s->catalog) ? s->catalog
                                                      : NXC_STR("");
}

size_t cli_scenario_n_candidates(const nxc_engine *engine,
                                 const cli_scenario *s) {
    const nxc_catalog *c =
        nxc_engine_get_catalog(engine, cli_scenario_catalog(engine, s));
    nxc_operation op;
    size_t n = 0;
    if (s->n_candidates) return s->n_candidates;
    for (uint32_t i = 0; c && nxc_catalog_get_operation(c, i, &op); i++)
        n += !(op.flags & NXC_OP_WEBHOOK);
    return n;
}

void cli_dataset_release(cli_dataset *d) { nxc__arena_release(&d->arena); }

/* ---------------------------------------------------------------- ranking */

/* Of a worker: its first failure. */
typedef struct failure {
    nxc_status status;
    size_t scenario;
    nxc_error error;
} failure;

typedef struct run {
    const cli_protocol *protocol;
    const cli_dataset *d;
    nxc_ctx **ctxs;    /* (n_workers) */
    cli_known *known;  /* (n_workers) */
    failure *failures; /* (n_workers) */
    cli_visit visit;
    void *user;
    nxc__atomic_flag has_failed; /* the others need not go on */
    nxc__atomic_counter done;
    cli_progress progress; /* of the caller's thread, which is worker 0 */
} run;

static nxc_status rank_point(run *r, cli_point *p, nxc_error *err) {
    const cli_scenario *s = p->scenario;
    nxc_ranking ranking;
    nxc_request request = NXC_REQUEST_INIT;
    request.catalog = cli_scenario_catalog(r->protocol->engine, s);
    request.prompt = s->prompts[p->step];
    request.previous_prompt = cli_previous_prompt(s, p->step);
    request.history = s->calls - s->n_before;
    request.n_history = s->n_before + p->step;
    request.candidates = s->candidates;
    request.n_candidates = s->n_candidates;
    request.session_start = s->session_start;
    request.now = s->now;
    NXC_TRY(nxc_rank(p->ctx, &request, &ranking, err));
    uint32_t gold = nxc_catalog_find(ranking.catalog, s->calls[p->step].call);
    p->gold = SIZE_MAX;
    for (size_t i = 0; i < ranking.n; i++)
        if (ranking.items[i].operation == gold) p->gold = i;
    p->ranking = &ranking;
    return r->visit(r->user, p, err);
}

static void rank_scenario(void *user, size_t i, size_t worker) {
    run *r = user;
    failure *f = &r->failures[worker];
    cli_known *known = &r->known[worker];
    cli_point p = {.scenario = &r->d->scenarios[i], .ctx = r->ctxs[worker]};
    if (nxc__atomic_is_published(&r->has_failed)) return;
    f->status = cli_protocol_know(r->protocol, p.scenario, known, &f->error);
    nxc__ctx_set_statistics(p.ctx, known->statistics);
    p.n_learned = known->n_sessions;
    for (; f->status == NXC_OK && p.step < p.scenario->n; p.step++)
        f->status = rank_point(r, &p, &f->error);
    size_t done = nxc__atomic_counter_next(&r->done) + 1;
    if (worker == 0) cli_progress_step(&r->progress, done, r->d->n);
    if (f->status == NXC_OK) return;
    f->scenario = i;
    f->status = nxc__error_prefix(&f->error, f->status, "%.*s",
                                  NXC_STR_ARG(p.scenario->id));
    nxc__atomic_publish(&r->has_failed);
}

/* The failure of the first scenario that has one. */
static nxc_status first_failure(const run *r, size_t n_workers,
                                nxc_error *err) {
    const failure *first = NULL;
    for (size_t i = 0; i < n_workers; i++) {
        const failure *f = &r->failures[i];
        if (f->status != NXC_OK && (!first || f->scenario < first->scenario))
            first = f;
    }
    if (first && err) *err = first->error;
    return first ? first->status : NXC_OK;
}

static nxc_status run_all(run *r, nxc__pool *pool, size_t n_workers,
                          nxc_error *err) {
    for (size_t i = 0; i < n_workers; i++)
        NXC_TRY(nxc_ctx_new(r->protocol->engine, &r->ctxs[i], err));
    cli_progress_start(&r->progress, "scenarios");
    nxc__pool_run(pool, rank_scenario, r, r->d->n);
    cli_progress_end(&r->progress);
    return first_failure(r, n_workers, err);
}

/* Encode each catalog that occurs, once, on all threads. */
static nxc_status encode_catalogs(nxc_engine *engine, const cli_dataset *d,
                                  nxc_error *err) {
    nxc_str last = {NULL, 0};
    for (size_t i = 0; i < d->n; i++) {
        nxc_request request = NXC_REQUEST_INIT;
        request.catalog = cli_scenario_catalog(engine, &d->scenarios[i]);
        if (i && nxc__str_eq(request.catalog, last)) continue;
        last = request.catalog;
        request.prompt = NXC_STR("any");
        NXC_TRY(cli_precompute(engine, &request, err));
    }
    return NXC_OK;
}

nxc_status cli_dataset_rank(const cli_protocol *protocol, const cli_dataset *d,
                            size_t n_workers, cli_visit visit, void *user,
                            nxc_error *err) {
    run r = {.protocol = protocol, .d = d, .visit = visit, .user = user};
    nxc__arena arena;
    nxc__pool *pool;
    NXC_TRY(encode_catalogs(protocol->engine, d, err));
    NXC_TRY(nxc__pool_new(n_workers, NULL, &pool, err));
    nxc__arena_init(&arena, &nxc__allocator_default, SIZE_MAX);
    r.ctxs = nxc__arena_alloc_array(&arena, n_workers, sizeof(nxc_ctx *));
    r.known = nxc__arena_alloc_array(&arena, n_workers, sizeof *r.known);
    r.failures = nxc__arena_alloc_array(&arena, n_workers, sizeof *r.failures);
    nxc_status st = NXC_OK;
    if (!r.ctxs || !r.known || !r.failures) {
        st = nxc__error_nomem(err, n_workers * sizeof *r.failures);
    } else {
        memset(r.ctxs, 0, n_workers * sizeof(nxc_ctx *));
        memset(r.known, 0, n_workers * sizeof *r.known);
        memset(r.failures, 0, n_workers * sizeof *r.failures);
        st = run_all(&r, pool, n_workers, err);
        for (size_t i = 0; i < n_workers; i++) {
            cli_known_release(&r.known[i]);
            nxc_ctx_free(r.ctxs[i]);
        }
    }
    nxc__arena_release(&arena);
    nxc__pool_free(pool);
    return st;
}
