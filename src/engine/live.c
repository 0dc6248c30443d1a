/* Switching of rankers. The lock is held for a few pointers; a request whose
 * context has the newest live looks at one word. */
#include "engine/live.h"

#include <string.h>

#include "base/config.h"
#include "base/error.h"
#include "base/str.h"
#include "engine/engine.h"

/* A model's notes name the set that it was trained on, and which revision. */
static nxc_status check_notes(const nxc_ranker *ranker,
                              const nxc__feature_set *set, size_t n,
                              nxc_error *err) {
    const char *name = nxc_ranker_note(ranker, "feature_set");
    const char *fingerprint = nxc_ranker_note(ranker, "feature_fingerprint");
    char own[17] = "";
    if (name && strcmp(name, set->name) != 0)
        return nxc__error(err, NXC_ERR_MISMATCH,
                          "%.80s: expected a model of feature set %s, got one "
                          "of %.40s",
                          nxc_ranker_name(ranker), set->name, name);
    nxc__feature_set_fingerprint(set, n, own);
    if (fingerprint && strcmp(fingerprint, own) != 0)
        return nxc__error(err, NXC_ERR_MISMATCH,
                          "%.80s: expected feature set %s with fingerprint %s, "
                          "got %.40s",
                          nxc_ranker_name(ranker), set->name, own, fingerprint);
    return NXC_OK;
}

/* The set that a ranker's notes name, else the one of as many features, else
 * one that begins with all of its (a set grows at its end, and a model that was
 * trained on the shorter one goes on), else the first; the names are compared
 * first, as they say most. */
static const nxc__feature_set *guess_set(const nxc_ranker *ranker) {
    const nxc__feature_set *set = nxc__feature_set_at(0), *other;
    size_t own = nxc_ranker_n_features(ranker);
    for (size_t i = 1; (other = nxc__feature_set_at(i)); i++)
        if (other->n == own ||
            (own > set->n && own < other->n && nxc__ranker_has_names(ranker)))
            set = other;
    const char *noted = nxc_ranker_note(ranker, "feature_set");
    if (noted && (other = nxc__feature_set_find(nxc__str(noted)))) set = other;
    return set;
}

static nxc_status find_set(const nxc_ranker *ranker,
                           const nxc__feature_set **out, nxc_error *err) {
    const char *names[NXC_MAX_FEATURES];
    const nxc__feature_set *set = guess_set(ranker);
    size_t own = nxc_ranker_n_features(ranker);
    bool is_shorter = own > NXC_V1_N_FEATURES && own < set->n &&
                      nxc__ranker_has_names(ranker);
    for (size_t f = 0; f < set->n; f++)
        names[f] = set->rows[f].name;
    if (!is_shorter) own = set->n;
    NXC_TRY(nxc__ranker_check_features(ranker, names, own, err));
    *out = set;
    return check_notes(ranker, set, own, err);
}

static nxc_status prepare(const nxc_engine *e, nxc__live *live,
                          nxc_error *err) {
    nxc_str cpu = nxc__config_text(e->cfg, NXC_OPT_cpu);
    NXC_TRY(find_set(live->ranker, &live->ranker_set, err));
    NXC_TRY(nxc_ranker_set_cpu(live->ranker, cpu.ptr, err));
    live->set = e->asked && e->asked->n > live->ranker_set->n
                    ? e->asked
                    : live->ranker_set;
    if (!live->shadow) return NXC_OK;
    NXC_TRY(find_set(live->shadow, &live->shadow_set, err));
    NXC_TRY(nxc_ranker_set_cpu(live->shadow, cpu.ptr, err));
    if (live->shadow_set->n <= live->set->n) return NXC_OK;
    return nxc__error(err, NXC_ERR_MISMATCH,
                      "shadow %.80s: expected a ranker over %s, which is "
                      "extracted, got one over %s",
                      nxc_ranker_name(live->shadow), live->set->name,
                      live->shadow_set->name);
}

/* With live_lock. What a larger set needs is made while no request runs. */
static nxc_status publish(nxc_engine *e, nxc__live *live, nxc__live **old,
                          nxc_error *err) {
    if (live->set->n > e->n_prepared) {
        if (e->n_contexts)
            return nxc__error(err, NXC_ERR_STATE,
                              "set_ranker: expected a ranker over %s, which "
                              "the contexts extract, got one over %s",
                              e->live->set->name, live->set->name);
        NXC_TRY(nxc__engine_prepare(e, live->set, err));
    }
    *old = e->live;
    e->live = live;
    nxc__atomic_word_add(&e->live_number, 1);
    return NXC_OK;
}

nxc_status nxc__live_switch(nxc_engine *e, nxc_ranker *ranker,
                            nxc_ranker *shadow, nxc_error *err) {
    nxc__live *live = nxc__alloc_zero(e->alloc, sizeof *live), *old = NULL;
    if (!live) return nxc__error_nomem(err, sizeof *live);
    live->ranker = ranker;
    live->shadow = shadow;
    live->n_users = 1;
    nxc_status st = prepare(e, live, err);
    if (st == NXC_OK) {
        pthread_mutex_lock(&e->live_lock);
        st = publish(e, live, &old, err);
        pthread_mutex_unlock(&e->live_lock);
    }
    if (st == NXC_OK)
        nxc__live_release(e, old);
    else
        nxc__free(e->alloc, live, sizeof *live);
    return st;
}

void nxc__live_take(nxc_ctx *ctx) {
    nxc_engine *e = ctx->engine;
    if (ctx->live_number == nxc__atomic_word_get(&e->live_number)) return;
    nxc__live *old = ctx->live;
    pthread_mutex_lock(&e->live_lock);
    ctx->live = e->live;
    ctx->live->n_users++;
    ctx->live_number = nxc__atomic_word_get(&e->live_number);
    pthread_mutex_unlock(&e->live_lock);
    nxc__live_release(e, old);
}

void nxc__live_release(nxc_engine *e, nxc__live *live) {
    if (!live) return;
    pthread_mutex_lock(&e->live_lock);
    bool is_last = --live->n_users == 0;
    pthread_mutex_unlock(&e->live_lock);
    if (!is_last) return;
    nxc_ranker_free(live->ranker);
    nxc_ranker_free(live->shadow);
    nxc__free(e->alloc, live, sizeof *live);
}
