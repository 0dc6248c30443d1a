/*
 * What the families of the feature set v2 cost, and which share of it is spent
 * on columns that depend on the other candidates of a request (letter A):
 *     bench_families MODEL.nxm DOCUMENT.json
 * Families are wrapped in clocks by the linker (--wrap). A figure is the least
 * of all rounds; clause has columns of both kinds.
 */
#include <string.h>

#include "base/str.h"
#include "engine/engine.h"
#include "features/point.h"
#include "measure.h"

/* NAME(family, whether all its columns are of letter A), in the order of
 * point_extract.c. */
#define OF_CANDIDATE(NAME) \
    NAME(lex, 0)           \
    NAME(emb, 0)           \
    NAME(clause, 0)        \
    NAME(verbres, 0)       \
    NAME(resid, 0)         \
    NAME(rel, 0)           \
    NAME(flow, 0)          \
    NAME(schema, 0)        \
    NAME(hist, 0)          \
    NAME(static, 0)
#define OF_REQUEST(NAME) \
    NAME(hybrid, 1)      \
    NAME(sibling, 1)     \
    NAME(unlock, 1)      \
    NAME(norm, 1)
#define FAMILIES(NAME) \
    OF_CANDIDATE(NAME) \
    OF_REQUEST(NAME)

enum {
#define NAME(family, is_a) FAMILY_##family,
    FAMILIES(NAME)
#undef NAME
        N_FAMILIES
};
static double spent[N_FAMILIES];

#define NAME(family, is_a)                            \
    void __real_nxc__family_##family(nxc__point *);   \
    void __wrap_nxc__family_##family(nxc__point *);   \
    void __wrap_nxc__family_##family(nxc__point *p) { \
        double start = now_us();                      \
        __real_nxc__family_##family(p);               \
        spent[FAMILY_##family] += now_us() - start;   \
    }
FAMILIES(NAME)
#undef NAME

enum { MAX_CANDIDATES = 1000, ROUNDS = 300 };
static nxc_str ids[MAX_CANDIDATES];

static void line(size_t n, const char *what, double us, double share) {
    printf("{\"what\":\"features v2 of %zu candidates: %s\",\"unit\":\"us\","
           "\"median\":%.3g,\"min\":%.3g,\"share\":%.3f}\n",
           n, what, us, us, share);
}

static void bench(nxc_ctx *ctx, size_t n) {
    static const char *const names[] = {
#define NAME(family, is_a) #family,
        FAMILIES(NAME)
#undef NAME
    };
    static const bool is_a[] = {
#define NAME(family, is_a) is_a,
        FAMILIES(NAME)
#undef NAME
    };
    double least[N_FAMILIES + 1], total = 0, of_a = 0;
    nxc_call history[2] = {{.call = ids[0], .timestamp = 1.7e9},
                           {.call = ids[1], .timestamp = 1.7e9 + 9}};
    nxc_request r = NXC_REQUEST_INIT;
    nxc_ranking ranking;
    nxc_error err;
    r.prompt = NXC_STR("Find the customer, then refund the last charge and "
                       "send an invoice");
    r.history = history;
    r.n_history = 2;
    r.candidates = ids;
    r.n_candidates = n;
    for (size_t f = 0; f <= N_FAMILIES; f++)
        least[f] = 1e300;
    for (int round = 0; round < ROUNDS; round++) {
        memset(spent, 0, sizeof spent);
        must(nxc_rank(ctx, &r, &ranking, &err), &err);
        for (size_t f = 0; f < N_FAMILIES; f++)
            if (spent[f] < least[f]) least[f] = spent[f];
        if (ranking.timing.features_us < least[N_FAMILIES])
            least[N_FAMILIES] = ranking.timing.features_us;
    }
    total = least[N_FAMILIES];
    for (size_t f = 0; f < N_FAMILIES; f++) {
        of_a += is_a[f] ? least[f] : 0;
        line(n, names[f], least[f], least[f] / total);
    }
    line(n, "hybrid, sibling, unlock and norm (letter A)", of_a, of_a / total);
    line(n, "all", total, 1);
}

int main(int argc, char **argv) {
    nxc_config *cfg;
    nxc_engine *e;
    nxc_encoder *encoder;
    nxc_ranker *ranker;
    nxc_catalog *catalog;
    nxc_ctx *ctx;
    nxc_error err;
    if (argc != 3) {
        fprintf(stderr, "usage: bench_families MODEL.nxm DOCUMENT.json\n");
        return 2;
    }
    must(nxc_config_new(NULL, &cfg, &err), &err);
    must(nxc_config_set(cfg, "feature_cache_size", "0", &err), &err);
    must(nxc_engine_open(cfg, NULL, &e, &err), &err);
    must(nxc_encoder_open(argv[1], cfg, NULL, &encoder, &err), &err);
    must(nxc_engine_set_encoder(e, encoder, &err), &err);
    must(nxc_ranker_universal(NULL, &ranker, &err), &err);
    must(nxc_engine_set_ranker(e, ranker, &err), &err);
    must(nxc_catalog_open(argv[2], NULL, cfg, NULL, &catalog, NULL, &err),
         &err);
    must(nxc_engine_add_catalog(e, NXC_STR("bench"), catalog, &err), &err);
    nxc_config_free(cfg);
    size_t n_ops = nxc_catalog_n_operations(catalog);
    size_t n = n_ops < MAX_CANDIDATES ? n_ops : MAX_CANDIDATES;
    for (size_t i = 0; i < n; i++) {
        nxc_operation op;
        if (!nxc_catalog_get_operation(catalog, (uint32_t)(i * n_ops / n), &op))
            return 1;
        ids[i] = op.id;
    }
    must(nxc_ctx_new(e, &ctx, &err), &err);
    bench(ctx, n < 20 ? n : 20);
    bench(ctx, n);
    nxc_ctx_free(ctx);
    nxc_engine_close(e);
    return 0;
}
