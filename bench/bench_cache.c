/* The cache tiers, in-process:
 *     bench_cache MODEL.nxm DOCUMENT.json FOLDER
 * FOLDER takes the store; it must be empty or of an earlier run. The document
 * needs 1,000 operations for the rows that name as many. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "engine/engine.h"
#include "measure.h"

enum { MAX_CANDIDATES = 1000, MAX_RUNS = 2000 };
static const char *model, *document;
static double runs[MAX_RUNS];
static nxc_str ids[MAX_CANDIDATES]; /* of the last engine's catalog */

static bool is_universal; /* engines rank by universal-v2, over set v2 */

static nxc_engine *open_engine(const char *const *options) {
    nxc_config *cfg;
    nxc_engine *e;
    nxc_encoder *encoder;
    nxc_catalog *catalog;
    nxc_error err;
    must(nxc_config_new(NULL, &cfg, &err), &err);
    for (; options[0]; options += 2)
        must(nxc_config_set(cfg, options[0], options[1], &err), &err);
    must(nxc_engine_open(cfg, NULL, &e, &err), &err);
    must(nxc_encoder_open(model, cfg, NULL, &encoder, &err), &err);
    must(nxc_engine_set_encoder(e, encoder, &err), &err);
    if (is_universal) {
        nxc_ranker *ranker;
        must(nxc_ranker_universal(NULL, &ranker, &err), &err);
        must(nxc_engine_set_ranker(e, ranker, &err), &err);
    }
    must(nxc_catalog_open(document, NULL, cfg, NULL, &catalog, NULL, &err),
         &err);
    must(nxc_engine_add_catalog(e, NXC_STR("bench"), catalog, &err), &err);
    nxc_config_free(cfg);
    return e;
}
static size_t take_ids(const nxc_engine *e) {
    const nxc_catalog *c = e->entries[0].catalog;
    size_t n = nxc_catalog_n_operations(c);
    size_t k = n < MAX_CANDIDATES ? n : MAX_CANDIDATES;
    for (size_t i = 0; i < k; i++) {
        nxc_operation op;
        if (!nxc_catalog_get_operation(c, (uint32_t)(i * n / k), &op)) exit(1);
        ids[i] = op.id;
    }
    return k;
}

static nxc_request request_of(const nxc_call *history, size_t n) {
    nxc_request r = NXC_REQUEST_INIT;
    r.prompt = NXC_STR("Refund the last charge of the customer today");
    r.history = history;
    r.n_history = 2;
    r.candidates = ids;
    r.n_candidates = n;
    r.now = 1700000100.0;
    return r;
}

/* The whole and its stages, candidates and prompt known. */
static void rank_runs(nxc_ctx *ctx, size_t n, const char *how) {
    static double stages[5][MAX_RUNS];
    static const char *const names[] = {"resolve", "encode", "features",
                                        "score", "order"};
    nxc_call history[2];
    nxc_ranking r;
    nxc_error err;
    char what[128];
    for (size_t i = 0; i < 2; i++)
        history[i] = (nxc_call){.call = ids[i], .timestamp = 1.7e9};
    nxc_request request = request_of(history, n);
    for (size_t i = 0; i < MAX_RUNS + 5; i++) {
        double start = now_us();
        must(nxc_rank(ctx, &request, &r, &err), &err);
        if (i < 5) continue;
        runs[i - 5] = now_us() - start;
        stages[0][i - 5] = r.timing.resolve_us;
        stages[1][i - 5] = r.timing.encode_us;
        stages[2][i - 5] = r.timing.features_us;
        stages[3][i - 5] = r.timing.score_us;
        stages[4][i - 5] = r.timing.order_us;
    }
    snprintf(what, sizeof what, "rank %zu candidates by %s, %s (%s)", n,
             r.feature_set, how, r.cache_tier);
    report(what, "us", runs, MAX_RUNS);
    for (size_t s = 0; s < 5; s++) {
        snprintf(what, sizeof what, "... stage %s", names[s]);
        report(what, "us", stages[s], MAX_RUNS);
    }
}

static void bench_ranking(const char *how, const char *const *options) {
    nxc_engine *e = open_engine(options);
    nxc_ctx *ctx;
    nxc_error err;
    size_t n = take_ids(e);
    must(nxc_ctx_new(e, &ctx, &err), &err);
    rank_runs(ctx, 20, how);
    rank_runs(ctx, n, how);
    nxc_ctx_free(ctx);
    nxc_engine_close(e);
}

/* One embedding out of one tier, keys in an order that defeats prefetching. */
static void bench_embeddings(const char *folder) {
    enum { ROUNDS = 200, BATCH = 100 };
    const char *const options[] = {"store", folder, NULL};
    nxc_engine *e = open_engine(options);
    nxc__tiers *t = &e->tiers;
    nxc_error err;
    float row[NXC_DIM];
    nxc__hash128 keys[BATCH];
    must(nxc_engine_precompute(e, NXC_STR(""), NULL, NULL, &err), &err);
    size_t n = nxc_catalog_n_operations(e->entries[0].catalog);
    for (size_t i = 0; i < BATCH; i++) {
        nxc_str text =
            nxc__catalog_text(e->entries[0].catalog, (uint32_t)(i * 7919 % n));
        nxc__embedding_key key = {nxc__hash_128(text.ptr, text.len), t->model};
        keys[i] = key.text;
        nxc__tiers_put_embedding(t, NXC_TEXT_PROMPT, key.text,
                                 e->entries[0].texts[0].embeddings +
                                     i * 7919 % n * NXC_DIM);
    }
    if (t->store) must(nxc__store_flush(t->store, &err), &err);
    for (int tier = NXC_TIER_MEMORY; tier < NXC_N_TIERS; tier++) {
        size_t n_found = 0;
        char what[64];
        for (size_t r = 0; r < ROUNDS; r++) {
            double start = now_us();
            if (tier == NXC_TIER_STORE) nxc__store_begin(e->reader);
            for (size_t i = 0; i < BATCH; i++) {
                nxc__embedding_key key = {keys[i], t->model};
                n_found += tier == NXC_TIER_MEMORY
                               ? nxc__tiers_recall(t, keys[i], row)
                           : tier == NXC_TIER_FILE
                               ? nxc__embedding_file_find(t->file, keys[i], row)
                               : nxc__store_find_embedding(e->reader, &key, row,
                                                           NXC_DIM);
            }
            if (tier == NXC_TIER_STORE) nxc__store_end(e->reader);
            runs[r] = (now_us() - start) * 1e3 / BATCH;
        }
        snprintf(what, sizeof what, "embedding from %s (%zu of %d found)",
                 nxc__tier_name((nxc__tier_id)tier), n_found / ROUNDS, BATCH);
        report(what, "ns", runs, ROUNDS);
    }
    nxc_engine_close(e);
}

/* From nothing to the first ranking; catalog compiled, store warm. */
static void bench_start(const char *folder) {
    enum { ROUNDS = 20 };
    const char *const options[] = {"store", folder, NULL};
    char compiled[1024];
    nxc_error err;
    nxc_ctx *ctx;
    nxc_ranking r;
    nxc_call history[2];
    const char *plain = document;
    snprintf(compiled, sizeof compiled, "%s/catalog.nxc", folder);
    nxc_engine *e = open_engine(options);
    must(nxc_catalog_save(e->entries[0].catalog, compiled, &err), &err);
    nxc_engine_close(e);
    document = compiled;
    for (size_t i = 0; i < ROUNDS; i++) {
        double start = now_us();
        e = open_engine(options);
        (void)take_ids(e);
        for (size_t k = 0; k < 2; k++)
            history[k] = (nxc_call){.call = ids[k], .timestamp = 1.7e9};
        nxc_request request = request_of(history, 20);
        must(nxc_ctx_new(e, &ctx, &err), &err);
        must(nxc_rank(ctx, &request, &r, &err), &err);
        runs[i] = (now_us() - start) * 1e-3;
        if (i && r.n_encoded) exit(1);
        nxc_ctx_free(ctx);
        nxc_engine_close(e);
    }
    document = plain;
    report("start with a warm store to the first ranking of 20", "ms", runs,
           ROUNDS);
}

int main(int argc, char **argv) {
    static const char *const defaults[] = {NULL};
    static const char *const computed[] = {"feature_cache_size", "0", NULL};
    if (argc != 4) {
        fprintf(stderr, "usage: bench_cache MODEL.nxm DOCUMENT.json FOLDER\n");
        return 2;
    }
    model = argv[1];
    document = argv[2];
    for (int v = 1; v <= 2; v++) {
        is_universal = v == 2;
        bench_ranking("vectors cached", defaults);
        bench_ranking("vectors computed, embeddings at hand", computed);
    }
    is_universal = false;
    bench_embeddings(argv[3]);
    bench_start(argv[3]);
    return 0;
}
