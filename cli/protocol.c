/*
 * Protocols: what each scenario's ranking may know.
 *
 *     read -> open -> know (by worker, scenario after scenario)
 *          -> close
 *
 * A pool holds the sessions of one catalog with what does not depend on who is
 * left out: embeddings of the prompts, and how well text alone finds each call.
 * Statistics are made anew for each group that is left out, so that no figure
 * of it, reliability included, has seen the group; a worker keeps the last.
 *
 * Cost: a pool one pass over its calls; statistics one pass over its sessions
 * a group.
 */
#include "protocol.h"

#include <math.h>
#include <string.h>

#include "base/atomic.h"
#include "base/executor.h"
#include "base/str.h"

struct cli_pool {
    nxc_str catalog; /* as the engine knows it */
    nxc__learned learned;
    bool is_one_group; /* then each scenario is a group */
    nxc__hash128 first_group;
    float *embeddings;  /* (n_texts, NXC_DIM), or NULL */
    float *text_ranks;  /* (n_calls) */
    nxc_engine *engine; /* the rest: to fill text_ranks */
    nxc__atomic_flag has_failed;
};

/* ----------------------------------------------------------------- options */

bool cli_protocol_read(const cli_args *args, cli_protocol_options *out) {
    static const char *const worlds[] = {"none", "rep", "shuf", "psh"};
    const char *protocol = cli_get(args, "protocol");
    const char *learned = cli_get(args, "learned");
    const char *world = cli_get(args, "world");
    size_t seed;
    *out = (cli_protocol_options){.world = CLI_WORLD_AS_IT_IS};
    if (protocol && strcmp(protocol, "cold") != 0 &&
        strcmp(protocol, "warm") != 0) {
        cli_usage(cli_command_of(args),
                  "--protocol: expected cold or warm, got %s", protocol);
        return false;
    }
    out->is_warm = protocol && strcmp(protocol, "warm") == 0;
    if (learned && strcmp(learned, "random") == 0)
        out->n_learned = CLI_LEARN_RANDOM;
    else if (!cli_get_count(args, "learned", 0, 1000000, &out->n_learned))
        return false;
    if (!cli_get_count(args, "seed", 1, 1000000, &seed)) return false;
    out->seed = seed;
    for (size_t i = 1; world && i < sizeof worlds / sizeof *worlds; i++)
        if (strcmp(world, worlds[i]) == 0) out->world = (cli_world)i;
    if (!world || out->world != CLI_WORLD_AS_IT_IS) return true;
    cli_usage(cli_command_of(args),
              "--world: expected rep, shuf or psh, got %s", world);
    return false;
}

/* ------------------------------------------------------------------- pools */

static nxc__hash128 hash_of(nxc_str s) { return nxc__hash_128(s.ptr, s.len); }

static cli_pool *find_pool(const cli_protocol *p, nxc_str catalog) {
    for (size_t i = 0; i < p->n; i++)
        if (nxc__str_eq(p->pools[i].catalog, catalog)) return &p->pools[i];
    return NULL;
}

static nxc_status learn_call(cli_pool *pool, const cli_scenario *s, size_t k,
                             nxc__learned_call *out, nxc_error *err) {
    nxc_str prompt = s->prompts[k];
    nxc_str delta = nxc__prompt_delta(prompt, cli_previous_prompt(s, k));
    *out = (nxc__learned_call){
        .prompt = NXC_NONE, .delta = NXC_NONE, .gap = (float)NXC_NAN};
    if (prompt.len == 0) return NXC_OK;
    NXC_TRY(nxc__learned_text(&pool->learned, prompt, &out->prompt, err));
    return nxc__learned_text(&pool->learned, delta, &out->delta, err);
}

/* Calls that the catalog does not have are passed over. */
static nxc_status learn_scenario(cli_pool *pool, const nxc_catalog *catalog,
                                 const cli_scenario *s,
                                 nxc__learned_call *calls, nxc_error *err) {
    nxc__learned_session session = {
        .key = hash_of(s->id), .group = hash_of(s->group), .time = NXC_NAN};
    size_t before = pool->learned.n_sessions;
    for (size_t k = 0; k < s->n; k++) {
        uint32_t operation = nxc_catalog_find(catalog, s->calls[k].call);
        if (operation == NXC_NONE) continue;
        NXC_TRY(learn_call(pool, s, k, &calls[session.n], err));
        calls[session.n++].operation = operation;
    }
    if (before == 0) pool->first_group = session.group;
    if (!nxc__hash128_eq(session.group, pool->first_group))
        pool->is_one_group = false;
    NXC_TRY(nxc__learned_add(&pool->learned, &session, calls, err));
    if (pool->learned.n_sessions > before) return NXC_OK;
    return nxc__error(err, NXC_ERR_INVALID,
                      "scenarios: expected each scenario_id once, got %.*s "
                      "again",
                      NXC_STR_ARG(s->id));
}

static nxc_status fill_pools(cli_protocol *p, const cli_dataset *all,
                             nxc__learned_call *calls, nxc_error *err) {
    for (size_t i = 0; i < all->n; i++) {
        const cli_scenario *s = &all->scenarios[i];
        nxc_str name = cli_scenario_catalog(p->engine, s);
        const nxc_catalog *catalog = nxc_engine_get_catalog(p->engine, name);
        cli_pool *pool = find_pool(p, name);
        if (!catalog) continue; /* ranking it says so */
        if (!pool) {
            pool = &p->pools[p->n++];
            *pool = (cli_pool){
                .catalog = name, .is_one_group = true, .engine = p->engine};
            nxc__learned_init(&pool->learned, &nxc__allocator_default);
        }
        NXC_TRY(learn_scenario(pool, catalog, s, calls, err));
    }
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0;
             p->pools[i].is_one_group && k < p->pools[i].learned.n_sessions;
             k++)
            p->pools[i].learned.sessions[k].group =
                p->pools[i].learned.sessions[k].key;
    return NXC_OK;
}

static void rank_by_text(void *user, size_t i, size_t worker) {
    cli_pool *pool = user;
    nxc_error err;
    const nxc__learned_session *s = &pool->learned.sessions[i];
    (void)worker;
    if (nxc__engine_text_ranks(pool->engine, pool->catalog, &pool->learned,
                               pool->embeddings, s->first, s->n,
                               pool->text_ranks + s->first, &err) != NXC_OK)
        nxc__atomic_publish(&pool->has_failed);
}

static size_t embedding_bytes(const cli_pool *pool) {
    return pool->learned.texts.n * NXC_DIM * sizeof(float);
}

/* What all statistics of a pool have in common. */
static nxc_status prepare_pool(cli_pool *pool, nxc__pool *workers,
                               nxc_error *err) {
    const nxc__learned *l = &pool->learned;
    size_t bytes = (l->n_calls + 1) * sizeof(float);
    if (pool->engine->encoder) {
        pool->embeddings =
            nxc__alloc(&nxc__allocator_default, embedding_bytes(pool));
        if (!pool->embeddings)
            return nxc__error_nomem(err, embedding_bytes(pool));
        NXC_TRY(
            nxc__engine_encode_learned(pool->engine, l, pool->embeddings, err));
    }
    pool->text_ranks = nxc__alloc(&nxc__allocator_default, bytes);
    if (!pool->text_ranks) return nxc__error_nomem(err, bytes);
    nxc__pool_run(workers, rank_by_text, pool, l->n_sessions);
    return nxc__atomic_is_published(&pool->has_failed)
               ? nxc__error_nomem(err, bytes)
               : NXC_OK;
}

static nxc_status open_pools(cli_protocol *p, const cli_dataset *all,
                             nxc__pool *workers, nxc_error *err) {
    size_t longest = 1, bytes = NXC_MAX_CATALOGS * sizeof *p->pools;
    for (size_t i = 0; i < all->n; i++)
        if (all->scenarios[i].n > longest) longest = all->scenarios[i].n;
    nxc__learned_call *calls =
        nxc__alloc(&nxc__allocator_default, longest * sizeof *calls);
    p->pools = nxc__alloc(&nxc__allocator_default, bytes);
    nxc_status st = calls && p->pools ? fill_pools(p, all, calls, err)
                                      : nxc__error_nomem(err, bytes);
    nxc__free(&nxc__allocator_default, calls, longest * sizeof *calls);
    for (size_t i = 0; st == NXC_OK && i < p->n; i++)
        st = prepare_pool(&p->pools[i], workers, err);
    return st;
}

nxc_status cli_protocol_open(cli_protocol *p, nxc_engine *engine,
                             const cli_protocol_options *options,
                             cli_dataset *all, size_t every,
                             cli_dataset *judged, size_t n_workers,
                             nxc_error *err) {
    nxc__pool *workers;
    *p = (cli_protocol){.engine = engine, .options = *options};
    NXC_TRY(cli_world_make(all, engine, options->world, options->seed, err));
    NXC_TRY(cli_dataset_sample(all, every, judged, err));
    if (!options->is_warm) return NXC_OK;
    NXC_TRY(nxc__pool_new(n_workers, NULL, &workers, err));
    nxc_status st = open_pools(p, all, workers, err);
    nxc__pool_free(workers);
    if (st != NXC_OK) cli_protocol_close(p);
    return st;
}

void cli_protocol_close(cli_protocol *p) {
    const nxc_allocator *a = &nxc__allocator_default;
    for (size_t i = 0; i < p->n; i++) {
        cli_pool *pool = &p->pools[i];
        nxc__free(a, pool->embeddings, embedding_bytes(pool));
        nxc__free(a, pool->text_ranks,
                  (pool->learned.n_calls + 1) * sizeof(float));
        nxc__learned_release(&pool->learned);
    }
    nxc__free(a, p->pools, NXC_MAX_CATALOGS * sizeof *p->pools);
    *p = (cli_protocol){.engine = NULL};
}

/* --------------------------------------------------------- what is known */

static size_t count_others(const cli_pool *pool, nxc__hash128 group) {
    size_t n = 0;
    for (size_t i = 0; i < pool->learned.n_sessions; i++)
        n += !nxc__hash128_eq(pool->learned.sessions[i].group, group);
    return n;
}

/* Log-uniform from 1 to n. */
static size_t random_number(uint64_t seed, size_t n) {
    double u = (double)(seed >> 11) * 0x1p-53;
    size_t k = (size_t)exp(u * log((double)n + 1));
    return k < 1 ? 1 : k > n ? n : k;
}

static nxc_status learn(const cli_protocol *p, const cli_pool *pool,
                        cli_known *k, size_t n_others, nxc_error *err) {
    nxc__statistics_info info;
    nxc__learning_options o = {.now = NXC_NAN,
                               .exclude = &k->group,
                               .n_exclude = 1,
                               .max_sessions = k->max_sessions,
                               .seed = k->seed,
                               .embeddings = pool->embeddings,
                               .text_ranks = pool->text_ranks};
    NXC_TRY(nxc__engine_statistics(p->engine, pool->catalog, &pool->learned, &o,
                                   &k->statistics, err));
    nxc__statistics_get_info(k->statistics, &info);
    k->n_sessions = info.n_sessions;
    if (info.n_sessions <= n_others) return NXC_OK;
    return nxc__error(
        err, NXC_ERR_INVALID,
        "protocol: expected at most %zu sessions of other groups, "
        "got %zu: a group is on both sides",
        n_others, info.n_sessions);
}

nxc_status cli_protocol_know(const cli_protocol *p, const cli_scenario *s,
                             cli_known *known, nxc_error *err) {
    const cli_pool *pool = find_pool(p, cli_scenario_catalog(p->engine, s));
    if (!pool) return NXC_OK; /* cold */
    cli_known k = {.pool = pool, .seed = p->options.seed};
    k.group = hash_of(pool->is_one_group ? s->id : s->group);
    size_t n = count_others(pool, k.group);
    k.max_sessions = p->options.n_learned;
    if (k.max_sessions == CLI_LEARN_RANDOM) {
        k.seed = nxc__hash64(s->id.ptr, s->id.len, k.seed);
        k.max_sessions = n ? random_number(k.seed, n) : 0;
    }
    if (known->pool == pool && nxc__hash128_eq(known->group, k.group) &&
        known->max_sessions == k.max_sessions && known->seed == k.seed)
        return NXC_OK;
    cli_known_release(known);
    if (n) NXC_TRY(learn(p, pool, &k, n, err));
    *known = k;
    return NXC_OK;
}

void cli_known_release(cli_known *known) {
    nxc__statistics_free(known->statistics);
    *known = (cli_known){.pool = NULL};
}
