/* Import, features and ranking, in-process:
 *     bench_rank MODEL.nxm DOCUMENT.json [LARGE.json] */
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "engine/engine.h"
#include "measure.h"

#define MAX_RUNS 2000
static double runs[MAX_RUNS];

static void bench_import(const char *path, size_t n) {
    nxc_error err;
    nxc_str bytes;
    char what[128];
    const char *slash = strrchr(path, '/');
    must(nxc__file_read(path, (size_t)1 << 30, &nxc__allocator_default, &bytes,
                        &err),
         &err);
    size_t operations = 0;
    for (size_t i = 0; i < n; i++) {
        nxc_catalog *c;
        nxc_import_info info;
        double start = now_us();
        must(nxc_catalog_import((nxc_str){"bench", 5}, bytes, NULL, NULL, NULL,
                                &c, &info, &err),
             &err);
        runs[i] = (double)bytes.len / (now_us() - start);
        operations = info.n_operations;
        nxc_catalog_free(c);
    }
    snprintf(what, sizeof what, "import %.60s (%zu bytes, %zu operations)",
             slash ? slash + 1 : path, bytes.len, operations);
    report(what, "MB/s", runs, n);
}

static const char *const calls[] = {"GET /v1/customers/cus_1",
                                    "GET /v1/charges/ch_1"};

static nxc_request request_of(const char *prompt, nxc_call *history) {
    nxc_request r = NXC_REQUEST_INIT;
    for (size_t i = 0; i < 2; i++)
        history[i] = (nxc_call){.call = {calls[i], strlen(calls[i])},
                                .timestamp = 1700000000.0 + 30.0 * (double)i};
    r.prompt = (nxc_str){prompt, strlen(prompt)};
    r.history = history;
    r.n_history = 2;
    r.now = 1700000100.0;
    return r;
}

/* Distinct prompts of one length, so that none is found in the context. */
static void rank_runs(nxc_ctx *ctx, const nxc_str *candidates, size_t n,
                      bool is_new, const char *what) {
    nxc_error err;
    nxc_ranking ranking;
    nxc_call history[2];
    char prompt[128];
    size_t count = is_new ? 200 : MAX_RUNS;
    for (size_t i = 0; i < count + 5; i++) {
        snprintf(prompt, sizeof prompt,
                 "Refund the last charge of customer number %zu today",
                 is_new ? 100 + i : 1);
        nxc_request r = request_of(prompt, history);
        r.candidates = candidates;
        r.n_candidates = n;
        double start = now_us();
        must(nxc_rank(ctx, &r, &ranking, &err), &err);
        if (i >= 5) runs[i - 5] = now_us() - start;
    }
    report(what, "us", runs, count);
}

static void feature_runs(nxc_ctx *ctx, size_t n_all) {
    nxc_error err;
    nxc_ranking ranking;
    nxc_call history[2];
    nxc_request r = request_of("Refund the last charge", history);
    for (size_t i = 0; i < MAX_RUNS + 5; i++) {
        must(nxc_rank(ctx, &r, &ranking, &err), &err);
        if (i >= 5)
            runs[i - 5] =
                ranking.timing.features_us * 1e3 / (double)ranking.n_candidates;
    }
    (void)n_all;
    report("features a candidate, embeddings at hand", "ns", runs, MAX_RUNS);
}

int main(int argc, char **argv) {
    nxc_error err;
    nxc_engine *engine;
    nxc_encoder *encoder;
    nxc_catalog *catalog;
    nxc_ctx *ctx;
    static nxc_str some[20];
    if (argc < 3) {
        fprintf(stderr,
                "usage: bench_rank MODEL.nxm DOCUMENT.json [LARGE.json]\n");
        return 2;
    }
    bench_import(argv[2], 11);
    if (argc > 3) bench_import(argv[3], 3);
    must(nxc_encoder_open(argv[1], NULL, NULL, &encoder, &err), &err);
    must(nxc_engine_open(NULL, NULL, &engine, &err), &err);
    must(nxc_engine_set_encoder(engine, encoder, &err), &err);
    must(nxc_catalog_open(argv[2], NULL, NULL, NULL, &catalog, NULL, &err),
         &err);
    must(nxc_engine_add_catalog(engine, (nxc_str){"bench", 5}, catalog, &err),
         &err);
    size_t n = nxc_catalog_n_operations(catalog);
    double start = now_us();
    must(nxc_engine_precompute(engine, (nxc_str){"", 0}, NULL, NULL, &err),
         &err);
    runs[0] = (now_us() - start) / (double)n;
    report("encode an operation text (all, one thread)", "us", runs, 1);
    must(nxc_ctx_new(engine, &ctx, &err), &err);
    for (uint32_t i = 0; i < 20; i++) {
        nxc_operation op;
        uint32_t at = (uint32_t)(i * n / 20);
        if (!nxc_catalog_get_operation(catalog, at, &op)) return 1;
        some[i] = op.id;
    }
    feature_runs(ctx, n);
    rank_runs(ctx, some, 20, false, "rank 20 candidates, repeated prompt");
    rank_runs(ctx, some, 20, true, "rank 20 candidates, new prompt");
    rank_runs(ctx, NULL, 0, false, "rank all candidates, repeated prompt");
    rank_runs(ctx, NULL, 0, true, "rank all candidates, new prompt");
    nxc_ctx_free(ctx);
    nxc_engine_close(engine);
    return 0;
}
