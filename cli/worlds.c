/*
 * Worlds in which what is usually true does not hold, made of scenarios: a
 * ranker that has seen them learns to trust a signal as far as it has proved
 * itself (docs/adr/0019-training-worlds.md). They are trained on, and judged
 * only to see that; they are no evidence of quality.
 *
 *     rep   30 to 60 % of a catalog's operations are called 1 to 3 times more
 *           in a row, every other time
 *     shuf  half or all of a catalog's operations trade places, in all sessions
 *           alike: texts mislead, statistics hold
 *     psh   sessions of a catalog trade prompts
 *
 * Everything follows from the seed and the names, not from the order of files.
 */
#include <string.h>

#include "protocol.h"

typedef struct world {
    cli_dataset *all;
    const nxc_engine *engine;
    uint64_t seed;
    nxc_error *err;
    /* of the catalog */
    nxc_str name;
    const nxc_catalog *catalog;
    size_t n;
    uint32_t *to; /* (n) where an operation goes, or how often it repeats */
} world;

/* A number below n of a state that moves on. */
static uint32_t below(uint64_t *state, size_t n) {
    *state = nxc__hash64("world", 5, *state);
    return (uint32_t)((*state >> 11) % n);
}
static double share(uint64_t *state) {
    return (double)below(state, 1u << 30) * 0x1p-30;
}
static uint64_t seed_of(const world *w, nxc_str name) {
    return nxc__hash64(name.ptr, name.len, w->seed);
}

static bool is_mine(const world *w, const cli_scenario *s) {
    return nxc__str_eq(cli_scenario_catalog(w->engine, s), w->name);
}

/* ---------------------------------------------------------------- rep */

static void choose_repeats(world *w) {
    uint64_t state = seed_of(w, w->name);
    double part = 0.3 + 0.3 * share(&state);
    for (size_t i = 0; i < w->n; i++) {
        bool repeats = share(&state) < part;
        uint32_t times = 1 + below(&state, 3);
        w->to[i] = repeats ? times : 0;
    }
}

static nxc_status repeat_calls(const world *w, cli_scenario *s) {
    uint64_t state = seed_of(w, s->id);
    nxc__arena *arena = &w->all->arena;
    nxc_call *calls = nxc__arena_alloc_array(arena, s->n, 4 * sizeof *calls);
    nxc_str *prompts = nxc__arena_alloc_array(arena, s->n, 4 * sizeof *prompts);
    size_t n = 0;
    if (!calls || !prompts) return nxc__error_nomem(w->err, s->n);
    for (size_t k = 0; k < s->n; k++) {
        uint32_t op = nxc_catalog_find(w->catalog, s->calls[k].call);
        uint32_t times = op != NXC_NONE && below(&state, 2) ? w->to[op] : 0;
        for (uint32_t i = 0; i <= times; i++) {
            calls[n] = s->calls[k];
            prompts[n++] = s->prompts[k];
        }
    }
    s->calls = calls;
    s->prompts = prompts;
    s->n = n;
    return NXC_OK;
}

/* --------------------------------------------------------------- shuf */

static void choose_places(world *w) {
    uint64_t state = seed_of(w, w->name);
    bool is_half = below(&state, 2);
    for (size_t i = 0; i < w->n; i++)
        w->to[i] = (uint32_t)i;
    for (size_t i = w->n; i-- > 1;) {
        size_t k = below(&state, i + 1);
        if (is_half && (i % 2 || k % 2)) continue;
        uint32_t t = w->to[i];
        w->to[i] = w->to[k];
        w->to[k] = t;
    }
}

static nxc_status move_calls(const world *w, cli_scenario *s) {
    nxc_call *calls =
        nxc__arena_alloc_array(&w->all->arena, s->n, sizeof *calls);
    nxc_operation op;
    if (!calls) return nxc__error_nomem(w->err, s->n);
    for (size_t k = 0; k < s->n; k++) {
        uint32_t i = nxc_catalog_find(w->catalog, s->calls[k].call);
        calls[k] = s->calls[k];
        if (i != NXC_NONE &&
            nxc_catalog_get_operation(w->catalog, w->to[i], &op))
            calls[k].call = op.id; /* the engine outlives all */
    }
    s->calls = calls;
    return NXC_OK;
}

/* ---------------------------------------------------------------- psh */

static nxc_status trade_prompts(world *w) {
    uint64_t state = seed_of(w, w->name);
    nxc__arena *arena = &w->all->arena;
    const cli_dataset *d = w->all;
    cli_scenario *old = nxc__arena_alloc_array(arena, d->n, sizeof *old);
    size_t *mine = nxc__arena_alloc_array(arena, d->n, sizeof *mine), n = 0;
    if (!old || !mine) return nxc__error_nomem(w->err, d->n * sizeof *old);
    for (size_t i = 0; i < d->n; i++)
        if (is_mine(w, &d->scenarios[i])) {
            old[n] = d->scenarios[i];
            mine[n++] = i;
        }
    for (size_t i = n; i-- > 1;) {
        size_t k = below(&state, i + 1);
        cli_scenario t = old[i];
        old[i] = old[k];
        old[k] = t;
    }
    for (size_t i = 0; i < n; i++) {
        cli_scenario *s = &d->scenarios[mine[i]];
        nxc_str *prompts = nxc__arena_alloc_array(arena, s->n, sizeof *prompts);
        if (!prompts) return nxc__error_nomem(w->err, s->n);
        for (size_t k = 0; k < s->n && old[i].n; k++)
            prompts[k] = old[i].prompts[k < old[i].n ? k : old[i].n - 1];
        if (old[i].n) s->prompts = prompts;
    }
    return NXC_OK;
}

/* --------------------------------------------------------------- all */

static nxc_status change_catalog(world *w, cli_world kind) {
    nxc_status st = NXC_OK;
    w->n = nxc_catalog_n_operations(w->catalog);
    w->to = nxc__arena_alloc_array(&w->all->arena, w->n + 1, sizeof *w->to);
    if (!w->to) return nxc__error_nomem(w->err, w->n * sizeof *w->to);
    if (kind == CLI_WORLD_PSH) return trade_prompts(w);
    if (kind == CLI_WORLD_REP)
        choose_repeats(w);
    else
        choose_places(w);
    for (size_t i = 0; st == NXC_OK && i < w->all->n; i++) {
        cli_scenario *s = &w->all->scenarios[i];
        if (!is_mine(w, s)) continue;
        st = kind == CLI_WORLD_REP ? repeat_calls(w, s) : move_calls(w, s);
    }
    return st;
}

nxc_status cli_world_make(cli_dataset *all, const nxc_engine *engine,
                          cli_world kind, uint64_t seed, nxc_error *err) {
    world w = {.all = all, .engine = engine, .seed = seed, .err = err};
    nxc__strmap done;
    nxc_status st = NXC_OK;
    if (kind == CLI_WORLD_AS_IT_IS) return NXC_OK;
    nxc__strmap_init(&done, &nxc__allocator_default);
    for (size_t i = 0; st == NXC_OK && i < all->n; i++) {
        uint32_t found;
        w.name = cli_scenario_catalog(engine, &all->scenarios[i]);
        w.catalog = nxc_engine_get_catalog(engine, w.name);
        st = nxc__strmap_add(&done, w.name, (uint32_t)i, &found, err);
        if (st == NXC_OK && w.catalog && found == (uint32_t)i)
            st = change_catalog(&w, kind);
    }
    nxc__strmap_release(&done);
    cli_dataset_count(all);
    return st;
}
