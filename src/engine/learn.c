/*
 * Learning, as programs see it: the engine's catalogs and store given to
 * src/learning.
 *
 * Threading: any; the store's tasks run one after the other, and two calls at
 * once only take turns. Nothing of the engine changes.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "engine/engine.h"
#include "learning/learner.h"

/* what NULL: a store is not needed. */
static nxc_status check(nxc_engine *e, const char *what, nxc_error *err) {
    nxc_error why = {NXC_OK, ""};
    if (!e)
        return nxc__error(err, NXC_ERR_INVALID,
                          "learn: expected an engine, got NULL");
    if (!what || e->tiers.store) return NXC_OK;
    if (nxc_engine_warning(e, &why))
        return nxc__error(err, NXC_ERR_STATE, "%s: expected a store, got: %s",
                          what, why.message);
    return nxc__error(err, NXC_ERR_STATE,
                      "%s: expected a store (option store), got none", what);
}

/* A report of the caller, or one that nobody reads. */
typedef struct reporting {
    nxc_learn_report *report, *own;
    const nxc_allocator *alloc;
} reporting;

static nxc_status begin_report(const nxc_engine *e, nxc_learn_report *given,
                               reporting *r, nxc_error *err) {
    *r = (reporting){given, NULL, e->alloc};
    if (given && given->size != sizeof *given)
        return nxc__error(err, NXC_ERR_INVALID,
                          "report.size: expected %zu, got %zu", sizeof *given,
                          given->size);
    if (given) return NXC_OK;
    r->own = nxc__alloc_zero(e->alloc, sizeof *r->own);
    r->report = r->own;
    return r->own ? NXC_OK : nxc__error_nomem(err, sizeof *r->own);
}
static void end_report(const reporting *r) {
    nxc__free(r->alloc, r->own, sizeof *r->own);
}

static nxc_status check_options(const nxc_learn_options *o, nxc_error *err) {
    if (o->size != sizeof *o)
        return nxc__error(err, NXC_ERR_INVALID,
                          "options.size: expected %zu, got %zu", sizeof *o,
                          o->size);
    if (!(o->gap_seconds > 0 && o->gap_seconds <= 4e6))
        return nxc__error(err, NXC_ERR_INVALID,
                          "gap: expected over 0 to 4,000,000 seconds, got %g",
                          o->gap_seconds);
    return NXC_OK;
}

/* The catalogs that may be learnt, in memory of the engine. */
static nxc_status list_catalogs(nxc_engine *e, nxc_str only,
                                nxc__learn_catalog **out, size_t *n,
                                nxc_error *err) {
    const nxc__entry *entry = only.len ? nxc__engine_find(e, only) : NULL;
    if (only.len && !entry)
        return nxc__error(err, NXC_ERR_NOT_FOUND,
                          "catalog: expected a loaded one, got \"%.*s\"",
                          NXC_STR_ARG(only));
    if (e->n_entries == 0)
        return nxc__error(err, NXC_ERR_STATE,
                          "catalog: expected a loaded catalog, got none");
    *out = nxc__alloc(e->alloc, e->n_entries * sizeof **out);
    if (!*out) return nxc__error_nomem(err, e->n_entries * sizeof **out);
    *n = 0;
    for (size_t i = 0; i < e->n_entries; i++)
        if (!entry || entry == &e->entries[i])
            (*out)[(*n)++] =
                (nxc__learn_catalog){e->entries[i].name, e->entries[i].catalog};
    return NXC_OK;
}

static nxc_status read_log(const nxc__learn_setup *setup, nxc_str name,
                           nxc_str bytes, nxc_error *err) {
    nxc__log_limits limits = {
        nxc__config_int(setup->cfg, NXC_OPT_max_log_bytes),
        nxc__config_int(setup->cfg, NXC_OPT_max_line_bytes)};
    nxc__log_source *source;
    nxc__learner *learner;
    NXC_TRY(nxc__log_open(name, bytes, &limits, setup->report, setup->alloc,
                          &source, err));
    nxc_status st = nxc__learner_new(setup, &learner, err);
    if (st == NXC_OK) {
        st = nxc__log_read(learner, source, err);
        nxc__learner_free(learner);
    }
    setup->report->n_bytes += nxc__log_n_bytes(source);
    nxc__log_close(source);
    return st;
}

nxc_status nxc_engine_learn(nxc_engine *e, nxc_str name, nxc_str bytes,
                            const nxc_learn_options *options,
                            nxc_learn_report *report, nxc_error *err) {
    static const nxc_learn_options defaults = NXC_LEARN_OPTIONS_INIT;
    nxc__learn_catalog *catalogs = NULL;
    size_t n = 0;
    reporting r;
    if (!options) options = &defaults;
    NXC_TRY(check_options(options, err));
    NXC_TRY(check(e, options->dry_run ? NULL : "learn", err));
    NXC_TRY(begin_report(e, report, &r, err));
    nxc_status st = list_catalogs(e, options->catalog, &catalogs, &n, err);
    if (st == NXC_OK) {
        nxc__learn_setup setup = {.catalogs = catalogs,
                                  .n_catalogs = n,
                                  .options = options,
                                  .cfg = e->cfg,
                                  .store =
                                      options->dry_run ? NULL : e->tiers.store,
                                  .report = r.report,
                                  .alloc = e->alloc};
        st = read_log(&setup, name, bytes, err);
        nxc__free(e->alloc, catalogs, e->n_entries * sizeof *catalogs);
    }
    end_report(&r);
    return st;
}

nxc_status nxc_engine_merge_learned(nxc_engine *e, const char *path,
                                    nxc_learn_report *report, nxc_error *err) {
    nxc__learned_counts counts = {0, 0, 0, 0};
    reporting r;
    NXC_TRY(check(e, "merge", err));
    NXC_TRY(begin_report(e, report, &r, err));
    nxc_status st =
        nxc__learned_merge(e->tiers.store, path, e->alloc, &counts, err);
    r.report->n_new += counts.n_new;
    r.report->n_changed += counts.n_changed;
    r.report->n_same += counts.n_same;
    end_report(&r);
    return st;
}

nxc_status nxc_engine_forget(nxc_engine *e, nxc_str session, nxc_str user,
                             nxc_learn_report *report, nxc_error *err) {
    uint64_t n = 0;
    reporting r;
    NXC_TRY(check(e, "forget", err));
    NXC_TRY(begin_report(e, report, &r, err));
    nxc_status st = NXC_OK;
    if (session.len) {
        st = nxc__learned_forget_name(e->tiers.store, NXC_KEY_SESSION, session,
                                      &n, err);
        r.report->n_forgotten += n;
    }
    n = 0;
    if (st == NXC_OK && user.len) {
        st = nxc__learned_forget_name(e->tiers.store, NXC_KEY_USER, user, &n,
                                      err);
        r.report->n_forgotten += n;
    }
    end_report(&r);
    return st;
}

/* ---------------------------------------------------------------- counts */

typedef struct visiting {
    nxc_learned_visit visit;
    void *user;
    bool has_stopped;
} visiting;

static double seconds(int64_t ms) {
    return ms == NXC_TIME_UNKNOWN ? NXC_NAN : (double)ms / 1000;
}

static nxc_status visit_count(void *user, const nxc__learned_count *c,
                              nxc_error *err) {
    visiting *v = user;
    (void)err;
    nxc_learned_info info = {.catalog = c->catalog,
                             .n_sessions = c->n_sessions,
                             .n_calls = c->n_calls,
                             .n_users = c->n_groups,
                             .n_bytes = c->n_bytes,
                             .first_time = seconds(c->first_ms),
                             .last_time = seconds(c->last_ms)};
    if (!v->has_stopped) v->has_stopped = !v->visit(v->user, &info);
    return NXC_OK;
}

nxc_status nxc_engine_learned(nxc_engine *e, nxc_learned_visit visit,
                              void *user, nxc_error *err) {
    visiting v = {visit, user, false};
    nxc__store_reader *reader;
    NXC_TRY(check(e, "learned", err));
    NXC_TRY(nxc__store_reader_new(e->tiers.store, &reader, err));
    nxc_status st = nxc__learned_rows_count(reader, visit_count, &v, err);
    nxc__store_reader_free(reader);
    return st;
}
