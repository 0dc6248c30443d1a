/*
 * From the store's learned sessions to rankings that know them.
 *
 *     add_catalog ─► use(entry) ─► rows ─► nxc__learned ─► statistics
 *
 * Age counts from the newest session of the catalog, not from a clock: the same
 * store gives the same rankings. A store that cannot be read costs the learned
 * sessions and is a warning (nxc_engine_warning), as of any tier.
 *
 * Threading: exclusive, as adding a catalog is. Cost: some microseconds a
 * session, and the encoding of prompts that have no embedding yet.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "engine/learning.h"
#include "learning/learned_store.h"

static nxc_status make(nxc_engine *e, nxc__entry *entry,
                       const nxc__learned *learned,
                       const nxc__learned_loaded *loaded, nxc__statistics **out,
                       nxc_error *err) {
    double days = nxc__config_real(e->cfg, NXC_OPT_learned_half_life_days);
    nxc__learning_options o = {.now = loaded->newest,
                               .half_life = days * 86400};
    *out = NULL;
    if (loaded->n_sessions == 0) return NXC_OK;
    return nxc__engine_statistics(e, entry->name, learned, &o, out, err);
}

static nxc_status use_entry(nxc_engine *e, nxc__entry *entry, nxc_error *err) {
    nxc__learned learned;
    nxc__learned_loaded loaded = {0, 0, 0, 0, NXC_NAN};
    nxc__statistics *statistics = NULL;
    nxc__learned_init(&learned, e->alloc);
    nxc_status st = nxc__learned_load(e->reader, entry->name, entry->catalog,
                                      &learned, &loaded, err);
    if (st == NXC_OK) st = make(e, entry, &learned, &loaded, &statistics, err);
    if (st == NXC_OK)
        st = nxc__engine_set_statistics(e, entry->name, statistics, err);
    nxc__learned_release(&learned);
    return st;
}

nxc_status nxc__engine_use_learned(nxc_engine *e, nxc__entry *entry,
                                   nxc_error *err) {
    nxc_error why = {NXC_OK, ""};
    if (!e->reader || !nxc__config_bool(e->cfg, NXC_OPT_use_learned))
        return NXC_OK;
    nxc_status st = use_entry(e, entry, &why);
    if (st == NXC_ERR_NOMEM) {
        if (err) *err = why;
        return st;
    }
    if (st != NXC_OK) nxc__tiers_warn(&e->tiers, &why);
    return NXC_OK;
}

nxc_status nxc_engine_use_learned(nxc_engine *e, nxc_str catalog,
                                  nxc_error *err) {
    if (!e)
        return nxc__error(err, NXC_ERR_INVALID,
                          "use_learned: expected an engine, got NULL");
    if (!e->reader)
        return nxc__error(err, NXC_ERR_STATE,
                          "use_learned: expected a store (option store), got "
                          "none");
    if (catalog.len && !nxc__engine_find(e, catalog))
        return nxc__error(err, NXC_ERR_NOT_FOUND,
                          "use_learned: expected a loaded catalog, got "
                          "\"%.*s\"",
                          NXC_STR_ARG(catalog));
    for (size_t i = 0; i < e->n_entries; i++)
        if (catalog.len == 0 || nxc__str_eq(catalog, e->entries[i].name))
            NXC_TRY(use_entry(e, &e->entries[i], err));
    return NXC_OK;
}

/* ---------------------------------------------------------------- requests */

/* Earlier sessions that are looked at. */
#define MAX_EARLIER 32

static nxc_status append_earlier(const nxc__learned *learned, double now,
                                 nxc__arena *arena, nxc__session *session,
                                 nxc_error *err) {
    size_t n = learned->n_sessions + session->n_earlier;
    nxc__earlier *all = nxc__arena_alloc_array(arena, n, sizeof *all);
    uint32_t *operations =
        nxc__arena_alloc_array(arena, learned->n_calls, sizeof *operations);
    if (!all || !operations) return nxc__error_nomem(err, n * sizeof *all);
    for (size_t i = 0; i < learned->n_calls; i++)
        operations[i] = learned->calls[i].operation;
    for (size_t i = 0; i < learned->n_sessions; i++) {
        const nxc__learned_session *s = &learned->sessions[i];
        double age = now - s->time;
        all[i] = (nxc__earlier){operations + s->first, s->n, age < 0 ? 0 : age};
    }
    if (session->n_earlier)
        memcpy(all + learned->n_sessions, session->earlier,
               session->n_earlier * sizeof *all);
    session->earlier = all;
    session->n_earlier = n;
    return NXC_OK;
}

nxc_status nxc__engine_find_earlier(nxc_ctx *ctx, const nxc__entry *entry,
                                    const nxc_request *request,
                                    nxc__session *session, nxc_error *err) {
    nxc__learned learned;
    nxc_error why = {NXC_OK, ""};
    if (!ctx->reader) return NXC_OK;
    nxc__learned_init(&learned, ctx->engine->alloc);
    nxc_status st = nxc__learned_load_name(ctx->reader, entry->name,
                                           entry->catalog, request->previous_of,
                                           MAX_EARLIER, &learned, &why);
    if (st == NXC_OK)
        st = append_earlier(&learned, request->now, &ctx->arena, session, &why);
    nxc__learned_release(&learned);
    if (st == NXC_ERR_NOMEM && err) *err = why;
    return st == NXC_ERR_NOMEM ? st : NXC_OK;
}
