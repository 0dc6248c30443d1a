/*
 * Seeded decision points give the same bits in every state of the caches as
 * without any, for each feature set: cold, from memory, after eviction, from
 * SQLite and the mapped file, after a restart, with one of the files gone, over
 * a database that was migrated, on 1 and 4 threads.
 *
 *     test_cache_identity                    a small built-in catalog
 *     test_cache_identity N DOCUMENT...      N points over these
 *
 * Prompts and histories repeat as they do in use: a point takes one of some
 * hundred prompts and a walk over its catalog.
 */
#include <pthread.h>
#include <stdlib.h>

#include "cache/migrate.h"
#include "features/point.h"
#include "support/store_test.h"
#include "support/tiny_engine.h"

/* In the working folder: the two ways to run it may run at the same time. */
#define DIR_MODEL "tiny_identity"
#define MODEL "tiny_identity.nxm"

enum { MAX_CANDIDATES = 12, MAX_CALLS = 6, N_PROMPTS = 300, MAX_CATALOGS = 16 };
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
static size_t n_points = 150;
#else
static size_t n_points = 1500;
#endif
static size_t n_catalogs = 1;
static const char *documents[MAX_CATALOGS] = {NXC_SOURCE_DIR
                                              "/tests/data/library.json"};
static char folder[64];             /* of the store */
static const nxc__feature_set *set; /* that is being tested */

typedef struct rows {
    float values[MAX_CANDIDATES][NXC_V2_N_FEATURES];
    uint8_t status[NXC_V2_N_FEATURES];
} rows;
static rows *wanted; /* (n_points) */

typedef struct point {
    char prompt[96], previous[96], name[8];
    nxc_call calls[MAX_CALLS];
    nxc_str candidates[MAX_CANDIDATES];
    uint32_t operations[MAX_CANDIDATES];
    nxc_request request;
} point;

static void make_prompt(char out[96], uint64_t seed) {
    static const char *const words[] = {"list", "create", "invoice",  "delete",
                                        "a",    "b",      "customer", "update",
                                        "c",    "d",      "the",      "1"};
    size_t n = 1 + nxc_random(&seed) % 6, len = 0;
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(out + len, 96 - len, "%s ",
                                words[nxc_random(&seed) % 12]);
}

static void make_point(const nxc_engine *e, size_t i, point *p) {
    uint64_t seed = i / 2 * 7919 + 11; /* each twice, at two times */
    size_t c = nxc_random(&seed) % n_catalogs;
    const nxc_catalog *catalog = e->entries[c].catalog;
    size_t n_ops = nxc_catalog_n_operations(catalog);
    nxc_operation op;
    memset(p, 0, sizeof *p);
    make_prompt(p->prompt, nxc_random(&seed) % N_PROMPTS);
    if (nxc_random(&seed) % 20 == 0) p->prompt[0] = 0;
    snprintf(p->name, sizeof p->name, "c%u", (unsigned)c % 100);
    p->request = (nxc_request)NXC_REQUEST_INIT;
    p->request.n_history = nxc_random(&seed) % (MAX_CALLS + 1);
    for (size_t k = 0; k < p->request.n_history; k++) {
        uint32_t at = (uint32_t)(nxc_random(&seed) % n_ops);
        assert_true(nxc_catalog_get_operation(catalog, at, &op));
        p->calls[k].call = k % 5 == 4 ? NXC_STR("GET /no/such/path") : op.id;
        p->calls[k].timestamp = 1.7e9 + 10.0 * (double)k;
    }
    size_t n = nxc_random(&seed) % (MAX_CANDIDATES + 1);
    if (n > n_ops) n = n_ops;
    size_t first = nxc_random(&seed) % n_ops;
    for (size_t k = 0; k < n; k++) {
        p->operations[k] = (uint32_t)((first + k) % n_ops);
        assert_true(nxc_catalog_get_operation(catalog, p->operations[k], &op));
        p->candidates[k] = op.id;
    }
    if (nxc_random(&seed) % 4 == 0)
        snprintf(p->previous, sizeof p->previous, "%.6s", p->prompt);
    p->request.prompt = nxc__str(p->prompt);
    p->request.previous_prompt = nxc__str(p->previous);
    p->request.catalog = nxc__str(p->name);
    p->request.history = p->calls;
    p->request.candidates = p->candidates;
    p->request.n_candidates = n;
    p->request.now = 1.7e9 + 1000.0 + 60.0 * (double)(i % 2);
}

static void rank_point(nxc_ctx *ctx, const point *p, rows *out) {
    nxc_ranking r;
    nxc_error err;
    assert_ok(nxc_rank(ctx, &p->request, &r, &err), err);
    assert_int_equal(r.n, p->request.n_candidates);
    memset(out, 0, sizeof *out);
    assert_int_equal(r.n_features, set->n);
    memcpy(out->status, r.feature_status, set->n);
    for (size_t i = 0; i < r.n; i++)
        for (size_t k = 0; k < r.n; k++)
            if (r.items[i].operation == p->operations[k])
                memcpy(out->values[k], r.items[i].features,
                       set->n * sizeof(float));
}

static nxc_engine *open_engine(const char *options) {
    char all[512], name[8];
    nxc_error err;
    snprintf(all, sizeof all, "batch_size=16 %s", options);
    nxc_engine *e = tiny_engine(all, MODEL, NULL);
    for (size_t i = 0; i < n_catalogs; i++) {
        snprintf(name, sizeof name, "c%u", (unsigned)i % 100);
        tiny_engine_add(e, name, documents[i]);
    }
    assert_ok(nxc_engine_set_features(e, set->name, &err), err);
    return e;
}

typedef struct worker {
    nxc_engine *engine;
    size_t first, step, n_wrong;
    rows got;
} worker;
static void *run_points(void *user) {
    worker *w = user;
    nxc_ctx *ctx;
    nxc_error err;
    point p;
    assert_ok(nxc_ctx_new(w->engine, &ctx, &err), err);
    for (size_t i = w->first; i < n_points; i += w->step) {
        make_point(w->engine, i, &p);
        rank_point(ctx, &p, &w->got);
        w->n_wrong += memcmp(&w->got, &wanted[i], sizeof w->got) != 0;
    }
    nxc_ctx_free(ctx);
    return NULL;
}

static void pass(nxc_engine *e, size_t n_threads, const char *state) {
    pthread_t threads[4];
    static worker workers[4];
    for (size_t i = 0; i < n_threads; i++) {
        workers[i].engine = e;
        workers[i].first = i;
        workers[i].step = n_threads;
        workers[i].n_wrong = 0;
        assert_int_equal(
            pthread_create(&threads[i], NULL, run_points, &workers[i]), 0);
    }
    for (size_t i = 0; i < n_threads; i++) {
        pthread_join(threads[i], NULL);
        if (workers[i].n_wrong)
            fail_msg("%s: expected the bits of no cache, got %zu points that "
                     "differ",
                     state, workers[i].n_wrong);
    }
    assert_int_equal(metric_of(e, NXC_METRIC_vector_self_check_failures), 0);
    assert_int_equal(metric_of(e, NXC_METRIC_tier_disabled), 0);
}

static void made_without_caches(void) {
    nxc_ctx *ctx;
    nxc_error err;
    point p;
    nxc_engine *e =
        open_engine("feature_cache_size=0 enable_embedding_cache=false");
    if (!wanted)
        wanted =
            nxc__alloc_zero(&nxc__allocator_default, n_points * sizeof *wanted);
    assert_non_null(wanted);
    assert_ok(nxc_ctx_new(e, &ctx, &err), err);
    for (size_t i = 0; i < n_points; i++) {
        make_point(e, i, &p);
        rank_point(ctx, &p, &wanted[i]);
    }
    assert_int_equal(metric_of(e, NXC_METRIC_vector_memory_hits) +
                         metric_of(e, NXC_METRIC_embedding_memory_hits),
                     0);
    nxc_ctx_free(ctx);
    nxc_engine_close(e);
}

static void from_memory(size_t n_threads) {
    nxc_engine *e = open_engine("feature_cache_size=200000 cache_self_check=7");
    pass(e, n_threads, "cold");
    uint64_t computed = metric_of(e, NXC_METRIC_vectors_computed),
             checks = metric_of(e, NXC_METRIC_vector_self_checks);
    assert_int_equal(metric_of(e, NXC_METRIC_vector_evictions), 0);
    pass(e, n_threads, "memory");
    assert_int_equal(metric_of(e, NXC_METRIC_vectors_computed) - computed,
                     metric_of(e, NXC_METRIC_vector_self_checks) - checks);
    assert_true(checks > 0);
    nxc_engine_close(e);
}

static void after_eviction(size_t n_threads) {
    nxc_engine *e = open_engine(
        "feature_cache_size=300 embedding_cache_mb=1 cache_self_check=1");
    pass(e, n_threads, "small");
    pass(e, n_threads, "after eviction");
    assert_true(metric_of(e, NXC_METRIC_vector_evictions) > 300);
    nxc_engine_close(e);
}

static nxc_engine *open_stored(const char *options) {
    char all[256];
    snprintf(all, sizeof all, "store=%s %s", folder, options);
    return open_engine(all);
}

static void stored(size_t n_threads) {
    nxc_engine *e = open_stored("");
    pass(e, n_threads, "writing the store");
    assert_true(metric_of(e, NXC_METRIC_texts_encoded) > 0);
    nxc_engine_close(e);

    e = open_stored("feature_cache_size=0 embedding_cache_mb=0");
    pass(e, n_threads, "from SQLite");
    assert_true(metric_of(e, NXC_METRIC_vector_store_hits) > 0);
    /* the writer's queue drops rows when it is full: those are made again */
    assert_true(metric_of(e, NXC_METRIC_embedding_store_hits) > 0 ||
                metric_of(e, NXC_METRIC_texts_encoded) > 0 ||
                metric_of(e, NXC_METRIC_vectors_computed) == 0);
    assert_int_equal(metric_of(e, NXC_METRIC_vector_memory_hits), 0);
    nxc_engine_close(e);

    e = open_stored("cache_self_check=1");
    pass(e, n_threads, "after a restart, every hit checked");
    assert_true(metric_of(e, NXC_METRIC_vector_self_checks) > 0);
    assert_true(metric_of(e, NXC_METRIC_embedding_file_hits) > 0);
    pass(e, n_threads, "the same again");
    nxc_engine_close(e);

    e = open_stored("parallel_workers=2");
    pass(e, n_threads, "warmed in the background");
    nxc_engine_close(e);

    remove_files(folder, "store.db");
    e = open_stored("feature_cache_size=0");
    pass(e, n_threads, "from the mapped file");
    assert_true(metric_of(e, NXC_METRIC_embedding_file_hits) > 0);
    nxc_engine_close(e);

    remove_files(folder, "embeddings-");
    e = open_stored("");
    pass(e, n_threads, "without the mapped file");
    nxc_engine_close(e);
    remove_files(folder, "");
}

/* A database that an earlier version, or the Python system, has begun. */
static void make_migrated(const char *fixture) {
    char path[512];
    nxc_str sql;
    nxc__migration m;
    nxc_error err;
    snprintf(path, sizeof path, NXC_SOURCE_DIR "/tests/data/store/%s", fixture);
    assert_ok(
        nxc__file_read(path, 1 << 20, &nxc__allocator_default, &sql, &err),
        err);
    remove_files(folder, "");
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(path, sizeof path, "%s/store.db", folder);
    store_exec(path, sql.ptr);
    nxc__free(&nxc__allocator_default, (char *)(uintptr_t)sql.ptr, sql.len + 1);
    assert_ok(nxc__migrate(path, false, &m, &err), err);
}

static void migrated(size_t n_threads) {
    static const char *const fixtures[] = {"python_system.sql",
                                           "version_1.sql"};
    for (size_t i = 0; i < sizeof fixtures / sizeof *fixtures; i++) {
        make_migrated(fixtures[i]);
        nxc_engine *e = open_stored("");
        pass(e, n_threads, fixtures[i]);
        nxc_engine_close(e);
        e = open_stored("feature_cache_size=0 embedding_cache_mb=0");
        pass(e, n_threads, "from a migrated database");
        assert_true(metric_of(e, NXC_METRIC_vector_store_hits) > 0);
        nxc_engine_close(e);
    }
    remove_files(folder, "");
}

static void same_bits(size_t n_threads) {
    snprintf(folder, sizeof folder, "identity_store_%zu", n_threads);
    remove_files(folder, "");
    from_memory(n_threads);
    after_eviction(n_threads);
    stored(n_threads);
    migrated(n_threads);
}
static void check_set(void **state) {
    set = nxc__feature_set_find(nxc__str(*state));
    made_without_caches();
    same_bits(1);
    same_bits(4);
}

static int set_up(void **state) {
    static const tiny_model tiny = {
        .n_layers = 1, .n_positions = 256, .seed = 5};
    nxc_error err;
    (void)state;
    tiny_model_write(&tiny, DIR_MODEL);
    assert_ok(nxc_model_pack(DIR_MODEL, MODEL, NXC_F32, NULL, &err), err);
    return 0;
}
static int tear_down(void **state) {
    (void)state;
    nxc__free(&nxc__allocator_default, wanted, n_points * sizeof *wanted);
    tiny_model_remove(DIR_MODEL);
    unlink(MODEL);
    return 0;
}

int main(int argc, char **argv) {
    static char v1[] = "v1", v2[] = "v2";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(check_set, v1),
        cmocka_unit_test_prestate(check_set, v2)};
    if (argc > 2) {
        n_points = (size_t)atoll(argv[1]);
        n_catalogs =
            (size_t)argc - 2 < MAX_CATALOGS ? (size_t)argc - 2 : MAX_CATALOGS;
        for (size_t i = 0; i < n_catalogs; i++)
            documents[i] = argv[i + 2];
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
