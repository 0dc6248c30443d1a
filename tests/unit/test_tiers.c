/* Composition of the tiers: a tier that fails, one flight for one text, the
 * self-check, and no allocation while ranking from memory. */
#include <sqlite3.h>
#include <time.h>

#include "engine/vectors.h"
#include "features/point.h"
#include "support/failing_alloc.h"
#include "support/tiny_engine.h"

#define DIR_MODEL NXC_BINARY_DIR "/tests/tiny_tiers"
#define MODEL NXC_BINARY_DIR "/tests/tiny_tiers.nxm"
#define MODEL_2 NXC_BINARY_DIR "/tests/tiny_tiers_2.nxm"
#define LIBRARY NXC_SOURCE_DIR "/tests/data/library.json"
#define STORE "tiers_store"
enum { N = 9 };

typedef struct result {
    float rows[N][NXC_V1_N_FEATURES];
    char tier[8];
    size_t n_encoded;
} result;

static result rank_prompt(nxc_ctx *ctx, const char *prompt) {
    nxc_request request = NXC_REQUEST_INIT;
    nxc_ranking r;
    nxc_error err;
    result out = {.n_encoded = 0};
    request.prompt = nxc__str(prompt);
    assert_ok(nxc_rank(ctx, &request, &r, &err), err);
    assert_int_equal(r.n, N);
    for (size_t i = 0; i < r.n; i++)
        memcpy(out.rows[r.items[i].operation], r.items[i].features,
               sizeof out.rows[0]);
    out.n_encoded = r.n_encoded;
    snprintf(out.tier, sizeof out.tier, "%s", r.cache_tier);
    return out;
}
static result rank_alone(const char *options, const char *prompt,
                         nxc_engine **engine) {
    nxc_engine *e = tiny_engine(options, MODEL, NULL);
    nxc_ctx *ctx;
    nxc_error err;
    tiny_engine_add(e, "library", LIBRARY);
    assert_ok(nxc_ctx_new(e, &ctx, &err), err);
    result out = rank_prompt(ctx, prompt);
    nxc_ctx_free(ctx);
    if (engine)
        *engine = e;
    else
        nxc_engine_close(e);
    return out;
}

static void a_tier_that_cannot_open_is_off(void **state) {
    nxc_engine *e;
    nxc_error why = {NXC_OK, ""};
    (void)state;
    result want = rank_alone("", "list a customer", &e);
    assert_false(nxc_engine_warning(e, &why));
    nxc_engine_close(e);
    result got = rank_alone("store=/dev/null/store", "list a customer", &e);
    assert_memory_equal(got.rows, want.rows, sizeof want.rows);
    assert_true(nxc_engine_warning(e, &why));
    assert_non_null(strstr(why.message, "is off: /dev/null/store: expected"));
    assert_int_equal(metric_of(e, NXC_METRIC_tier_disabled), 2);
    nxc_engine_close(e);
    assert_false(nxc_engine_warning(NULL, &why));
}

static void a_store_that_keeps_failing_is_off(void **state) {
    nxc_engine *e;
    nxc_error why;
    (void)state;
    remove_files(STORE, "");
    result want = rank_alone("store=" STORE, "list a customer", &e);
    nxc__metrics_add(&e->metrics, NXC_METRIC_store_errors, 8);
    nxc_ctx *ctx;
    nxc_error err;
    assert_ok(nxc_ctx_new(e, &ctx, &err), err);
    (void)rank_prompt(ctx, "create invoice"); /* notices */
    result got = rank_prompt(ctx, "list a customer");
    assert_memory_equal(got.rows, want.rows, sizeof want.rows);
    assert_true(nxc_engine_warning(e, &why));
    assert_non_null(strstr(why.message, "store.db: expected to read"));
    assert_int_equal(metric_of(e, NXC_METRIC_tier_disabled), 1);
    nxc_ctx_free(ctx);
    nxc_engine_close(e);
    remove_files(STORE, "");
}

static void a_restart_encodes_nothing(void **state) {
    (void)state;
    remove_files(STORE, "");
    result first = rank_alone("store=" STORE, "list a customer", NULL);
    assert_int_equal(first.n_encoded, N + 1);
    assert_string_equal(first.tier, "none");
    result again = rank_alone("store=" STORE " feature_cache_size=0",
                              "list a customer", NULL);
    assert_int_equal(again.n_encoded, 0);
    assert_string_equal(again.tier, "store");
    assert_memory_equal(again.rows, first.rows, sizeof first.rows);
    again = rank_alone("store=" STORE, "list a customer", NULL);
    assert_string_equal(again.tier, "memory"); /* warmed */
    assert_memory_equal(again.rows, first.rows, sizeof first.rows);
    again = rank_alone("store=" STORE, "another prompt", NULL);
    assert_int_equal(again.n_encoded, 1); /* operations are in the file */
    again = rank_alone("store=" STORE " enable_embedding_cache=false",
                       "a third one", NULL);
    assert_int_equal(again.n_encoded, N + 1);
    remove_files(STORE, "");
}

/* Each encoder has its own file in the folder: neither is in the other's way.
 */
static void two_encoders_share_a_folder(void **state) {
    static const tiny_model other = {
        .n_layers = 1, .n_positions = 64, .seed = 4321};
    const char *models[] = {MODEL, MODEL_2};
    nxc_error err;
    (void)state;
    tiny_model_write(&other, DIR_MODEL);
    assert_ok(nxc_model_pack(DIR_MODEL, MODEL_2, NXC_F32, NULL, &err), err);
    remove_files(STORE, "");
    for (size_t i = 0; i < 4; i++) {
        nxc_engine *e = tiny_engine("store=" STORE, models[i % 2], NULL);
        tiny_engine_add(e, "library", LIBRARY);
        nxc_ctx *ctx;
        char path[96];
        assert_ok(nxc_ctx_new(e, &ctx, &err), err);
        result r = rank_prompt(ctx, "list a customer");
        assert_int_equal(r.n_encoded, i < 2 ? N + 1 : 0);
        assert_int_equal(metric_of(e, NXC_METRIC_tier_disabled), 0);
        assert_int_equal(nxc__embedding_file_n_rows(e->tiers.file), N);
        snprintf(path, sizeof path, STORE "/embeddings-%.16s.nxe",
                 e->fingerprint);
        assert_int_equal(access(path, R_OK), 0);
        nxc_ctx_free(ctx);
        nxc_engine_close(e);
    }
    remove_files(STORE, "");
    unlink(MODEL_2);
}

/* What memory answers stays young in the store too. */
static void hits_in_memory_reach_the_store(void **state) {
    nxc_engine *e;
    nxc_ctx *ctx;
    nxc_error err;
    (void)state;
    remove_files(STORE, "");
    (void)rank_alone("store=" STORE, "list a customer", &e);
    assert_ok(nxc_ctx_new(e, &ctx, &err), err);
    for (int i = 0; i < 200; i++)
        (void)rank_prompt(ctx, "list a customer");
    nxc_ctx_free(ctx);
    nxc_engine_close(e); /* writes them */
    sqlite3 *db;
    sqlite3_stmt *q;
    assert_int_equal(sqlite3_open(STORE "/store.db", &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db,
                           "SELECT count(*), min(access_count), "
                           "sum(access_count) FROM feature_vector_cache",
                           -1, &q, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(q, 0), N);
    assert_true(sqlite3_column_int(q, 1) > 1);
    assert_in_range(sqlite3_column_int(q, 2), 200 * N / 16 / 2,
                    200 * N / 16 * 2);
    sqlite3_finalize(q);
    sqlite3_close(db);
    remove_files(STORE, "");
}

static void a_wrong_vector_is_found_and_replaced(void **state) {
    nxc_engine *e;
    nxc_ctx *ctx;
    nxc_error err;
    const char *prompt = "list a customer";
    (void)state;
    result want = rank_alone("cache_self_check=1", prompt, &e);
    assert_ok(nxc_ctx_new(e, &ctx, &err), err);
    nxc__vector_key key = {.prompt = nxc__hash_128(prompt, strlen(prompt)),
                           .context = nxc__hash_128("", 0),
                           .fingerprint = e->entries[0].fingerprints[0]};
    float wrong[NXC_V1_N_FEATURES] = {0};
    nxc__hash128 digest = nxc__vector_key_digest(nxc__vector_key_shared(&key),
                                                 e->entries[0].ids[4]);
    float found[NXC_V1_N_FEATURES];
    assert_true(nxc__memory_cache_get(e->tiers.rooms[0].cache, digest, found));
    (void)nxc__memory_cache_put(e->tiers.rooms[0].cache, digest, wrong);
    for (int round = 0; round < 2; round++) {
        result got = rank_prompt(ctx, prompt);
        assert_memory_equal(got.rows, want.rows, sizeof want.rows);
        assert_string_equal(got.tier, "memory");
        assert_int_equal(metric_of(e, NXC_METRIC_vector_self_checks),
                         N * (round + 1));
        assert_int_equal(metric_of(e, NXC_METRIC_vector_self_check_failures),
                         1);
    }
    assert_true(nxc__memory_cache_get(e->tiers.rooms[0].cache, digest, wrong));
    assert_memory_equal(wrong, found, sizeof found);
    nxc_ctx_free(ctx);
    nxc_engine_close(e);
}

static void one_hit_in_so_many_is_checked(void **state) {
    nxc_engine *e;
    nxc_ctx *ctx;
    nxc_error err;
    (void)state;
    (void)rank_alone("cache_self_check=20", "list", &e);
    assert_ok(nxc_ctx_new(e, &ctx, &err), err);
    for (int i = 0; i < 20; i++)
        (void)rank_prompt(ctx, "list");
    assert_int_equal(metric_of(e, NXC_METRIC_vector_memory_hits), 20 * N);
    assert_int_equal(metric_of(e, NXC_METRIC_vector_self_checks), N);
    nxc_ctx_free(ctx);
    nxc_engine_close(e);
}

static void ranking_from_memory_allocates_nothing(void **state) {
    nxc_failing_alloc fa;
    nxc_ctx *ctx;
    nxc_error err;
    (void)state;
    nxc_failing_init(&fa, 0, false);
    nxc_engine *e = tiny_engine("", MODEL, &fa.alloc);
    tiny_engine_add(e, "library", LIBRARY);
    assert_ok(nxc_ctx_new(e, &ctx, &err), err);
    (void)rank_prompt(ctx, "list a customer");
    (void)rank_prompt(ctx, "list a customer");
    size_t n = fa.n_calls;
    for (int i = 0; i < 2500; i++) /* self-checks included */
        (void)rank_prompt(ctx, "list a customer");
    assert_int_equal(fa.n_calls, n);
    assert_true(metric_of(e, NXC_METRIC_vector_self_checks) > 0);
    nxc_ctx_free(ctx);
    nxc_engine_close(e);
    nxc_failing_check(&fa, "tiers");
}

/* Without the store, whose thread allocates when it likes. */
static nxc_status open_and_rank(nxc_failing_alloc *fa, void *user,
                                nxc_error *err) {
    nxc_engine *e = NULL;
    nxc_encoder *encoder;
    nxc_catalog *catalog;
    nxc_ctx *ctx;
    nxc_request request = NXC_REQUEST_INIT;
    nxc_ranking r;
    request.prompt = NXC_STR("list a customer");
    NXC_TRY(nxc_engine_open(user, &fa->alloc, &e, err));
    nxc_status st = nxc_encoder_open(MODEL, NULL, &fa->alloc, &encoder, err);
    if (st == NXC_OK) {
        st = nxc_engine_set_encoder(e, encoder, err);
        if (st != NXC_OK) nxc_encoder_close(encoder);
    }
    if (st == NXC_OK)
        st = nxc_catalog_open(LIBRARY, NULL, NULL, &fa->alloc, &catalog, NULL,
                              err);
    if (st == NXC_OK) {
        st = nxc_engine_add_catalog(e, NXC_STR("library"), catalog, err);
        if (st != NXC_OK) nxc_catalog_free(catalog);
    }
    nxc_failing_pause(fa); /* the pool makes do with fewer threads */
    if (st == NXC_OK)
        st = nxc_engine_precompute(e, NXC_STR("library"), NULL, NULL, err);
    nxc_failing_resume(fa);
    if (st == NXC_OK) st = nxc_ctx_new(e, &ctx, err);
    if (st == NXC_OK) {
        st = nxc_rank(ctx, &request, &r, err);
        if (st == NXC_OK) st = nxc_rank(ctx, &request, &r, err);
        nxc_ctx_free(ctx);
    }
    if (st == NXC_OK)
        assert_int_equal(metric_of(e, NXC_METRIC_vector_memory_hits), N);
    nxc_engine_close(e);
    return st;
}
static void every_allocation_may_fail(void **state) {
    nxc_config *cfg;
    nxc_error err;
    (void)state;
    assert_ok(nxc_config_new(NULL, &cfg, &err), err);
    assert_ok(nxc_config_set(cfg, "parallel_workers", "1", &err), err);
    assert_ok(nxc_config_set(cfg, "feature_cache_size", "200", &err), err);
    assert_ok(nxc_config_set(cfg, "embedding_cache_mb", "1", &err), err);
    assert_true(nxc_oom_loop("tiers", open_and_rank, cfg) > 40);
    nxc_config_free(cfg);
}

/* ---- set v2: a request's vectors are one value */

static nxc_engine *open_v2(const char *options, const nxc_allocator *alloc,
                           nxc_ctx **ctx) {
    nxc_engine *e = tiny_engine(options, MODEL, alloc);
    nxc_error err;
    tiny_engine_add(e, "library", LIBRARY);
    assert_ok(nxc_engine_set_features(e, "v2", &err), err);
    assert_ok(nxc_ctx_new(e, ctx, &err), err);
    return e;
}
typedef struct result_v2 {
    float rows[N][NXC_V2_N_FEATURES];
    char tier[8];
} result_v2;
static void rank_v2(nxc_ctx *ctx, const char *prompt, result_v2 *out) {
    nxc_request request = NXC_REQUEST_INIT;
    nxc_ranking r;
    nxc_error err;
    request.prompt = nxc__str(prompt);
    assert_ok(nxc_rank(ctx, &request, &r, &err), err);
    assert_int_equal(r.n, N);
    for (size_t i = 0; i < r.n; i++)
        memcpy(out->rows[r.items[i].operation], r.items[i].features,
               sizeof out->rows[0]);
    snprintf(out->tier, sizeof out->tier, "%s", r.cache_tier);
}
/* The key in memory of row i of a request without history. */
static nxc__hash128 row_key(const nxc_engine *e, const char *prompt, size_t i) {
    static const uint32_t all[N] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    static const nxc__session none;
    nxc__arena arena;
    nxc_error err;
    nxc__arena_init(&arena, e->alloc, SIZE_MAX);
    nxc__vector_inputs in = {.entry = &e->entries[0],
                             .set = e->live->set,
                             .session = &none,
                             .delta = nxc__str(prompt),
                             .candidates = all,
                             .n = N};
    nxc__vector_key key = {.prompt = nxc__hash_128(prompt, strlen(prompt)),
                           .fingerprint = e->entries[0].fingerprints[1]};
    assert_ok(nxc__vectors_context(&in, &arena, &key.context, &err), err);
    assert_ok(nxc__vectors_request(&in, &arena, &key.candidate, &err), err);
    nxc__arena_release(&arena);
    return nxc__tiers_row_digest(nxc__vector_key_shared(&key), key.candidate,
                                 i);
}

static void a_wrong_request_is_found_and_replaced(void **state) {
    static float wrong[NXC_V2_N_FEATURES], found[NXC_V2_N_FEATURES];
    static result_v2 want, got;
    nxc_ctx *ctx;
    const char *prompt = "list a customer";
    (void)state;
    nxc_engine *e = open_v2("cache_self_check=2", NULL, &ctx);
    nxc__memory_cache *memory = e->tiers.rooms[1].cache;
    rank_v2(ctx, prompt, &want);
    assert_true(nxc__memory_cache_get(memory, row_key(e, prompt, 4), found));
    for (size_t round = 1; round <= 6; round++) { /* the 2nd, 4th ... hit */
        if (round == 4)
            (void)nxc__memory_cache_put(memory, row_key(e, prompt, 4), wrong);
        rank_v2(ctx, prompt, &got);
        assert_memory_equal(got.rows, want.rows, sizeof want.rows);
        assert_string_equal(got.tier, "memory");
        assert_int_equal(metric_of(e, NXC_METRIC_vector_self_checks),
                         N * (round / 2));
        assert_int_equal(metric_of(e, NXC_METRIC_vector_self_check_failures),
                         round >= 4);
    }
    assert_true(nxc__memory_cache_get(memory, row_key(e, prompt, 4), wrong));
    assert_memory_equal(wrong, found, sizeof found);
    assert_int_equal(metric_of(e, NXC_METRIC_vectors_computed), N * 4);
    nxc_ctx_free(ctx);
    nxc_engine_close(e);
}

/* With a row of it evicted, a request is computed again, and kept again. */
static void a_request_is_found_whole_or_not_at_all(void **state) {
    static result_v2 want, got;
    nxc_ctx *ctx;
    (void)state;
    nxc_engine *e = open_v2("feature_cache_size=18", NULL, &ctx);
    rank_v2(ctx, "list a customer", &want);
    rank_v2(ctx, "create invoice", &got);
    rank_v2(ctx, "delete a b", &got);
    uint64_t n = metric_of(e, NXC_METRIC_vectors_computed);
    assert_true(metric_of(e, NXC_METRIC_vector_evictions) > 0);
    rank_v2(ctx, "list a customer", &got);
    assert_memory_equal(got.rows, want.rows, sizeof want.rows);
    assert_int_equal(metric_of(e, NXC_METRIC_vectors_computed) - n, N);
    nxc_ctx_free(ctx);
    nxc_engine_close(e);
    /* more than half of the room: not kept */
    e = open_v2("feature_cache_size=17", NULL, &ctx);
    rank_v2(ctx, "list a customer", &got);
    rank_v2(ctx, "list a customer", &got);
    assert_memory_equal(got.rows, want.rows, sizeof want.rows);
    assert_int_equal(metric_of(e, NXC_METRIC_vectors_computed), 2 * N);
    assert_int_equal(metric_of(e, NXC_METRIC_vector_memory_entries), 0);
    nxc_ctx_free(ctx);
    nxc_engine_close(e);
}

static void a_request_survives_a_restart(void **state) {
    static result_v2 want, got;
    nxc_ctx *ctx;
    (void)state;
    remove_files(STORE, "");
    nxc_engine *e = open_v2("store=" STORE, NULL, &ctx);
    rank_v2(ctx, "list a customer", &want);
    nxc_ctx_free(ctx);
    nxc_engine_close(e);
    e = open_v2("store=" STORE " feature_cache_size=0", NULL, &ctx);
    rank_v2(ctx, "list a customer", &got);
    assert_string_equal(got.tier, "store");
    assert_memory_equal(got.rows, want.rows, sizeof want.rows);
    assert_int_equal(metric_of(e, NXC_METRIC_vectors_computed), 0);
    assert_int_equal(metric_of(e, NXC_METRIC_texts_encoded), 0);
    assert_int_equal(metric_of(e, NXC_METRIC_vector_store_hits), N);
    nxc_ctx_free(ctx);
    nxc_engine_close(e);
    e = open_v2("store=" STORE, NULL, &ctx);
    rank_v2(ctx, "list a customer", &got);
    assert_string_equal(got.tier, "memory"); /* warmed */
    assert_memory_equal(got.rows, want.rows, sizeof want.rows);
    nxc_ctx_free(ctx);
    nxc_engine_close(e);
    remove_files(STORE, "");
}

static void v2_from_memory_allocates_nothing(void **state) {
    static result_v2 got;
    nxc_failing_alloc fa;
    nxc_ctx *ctx;
    (void)state;
    nxc_failing_init(&fa, 0, false);
    nxc_engine *e = open_v2("cache_self_check=50", &fa.alloc, &ctx);
    for (int i = 0; i < 60; i++) /* one self-check */
        rank_v2(ctx, "list a customer", &got);
    size_t n = fa.n_calls;
    for (int i = 0; i < 200; i++)
        rank_v2(ctx, "list a customer", &got);
    assert_int_equal(fa.n_calls, n);
    assert_true(metric_of(e, NXC_METRIC_vector_self_checks) > N);
    nxc_ctx_free(ctx);
    nxc_engine_close(e);
    nxc_failing_check(&fa, "tiers");
}

/* Threads that ask for the same at the same time: it is computed once. */
enum { N_ASKERS = 4, N_PROMPTS = 12 };
typedef struct asker {
    nxc_engine *engine;
    pthread_barrier_t *start;
    float rows[N_PROMPTS][N][NXC_V2_N_FEATURES];
} asker;
static void *ask(void *user) {
    asker *a = user;
    nxc_ctx *ctx;
    nxc_error err;
    assert_ok(nxc_ctx_new(a->engine, &ctx, &err), err);
    for (size_t k = 0; k < N_PROMPTS; k++) {
        nxc_request request = NXC_REQUEST_INIT;
        nxc_ranking r;
        char prompt[32];
        snprintf(prompt, sizeof prompt, "list %zu customer", k);
        request.prompt = nxc__str(prompt);
        (void)pthread_barrier_wait(a->start);
        assert_ok(nxc_rank(ctx, &request, &r, &err), err);
        for (size_t i = 0; i < r.n; i++)
            memcpy(a->rows[k][r.items[i].operation], r.items[i].features,
                   r.n_features * sizeof(float));
    }
    nxc_ctx_free(ctx);
    return NULL;
}
static void vectors_are_computed_once(void **state) {
    static asker askers[N_ASKERS];
    const char *set = *state;
    pthread_barrier_t start;
    nxc_ctx *ctx;
    nxc_error err;
    nxc_engine *e = open_v2("cache_self_check=0", NULL, &ctx);
    assert_ok(nxc_engine_set_features(e, set, &err), err);
    pthread_t threads[N_ASKERS];
    pthread_barrier_init(&start, NULL, N_ASKERS);
    memset(askers, 0, sizeof askers);
    for (size_t i = 0; i < N_ASKERS; i++) {
        askers[i].engine = e;
        askers[i].start = &start;
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &askers[i]), 0);
    }
    for (size_t i = 0; i < N_ASKERS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&start);
    for (size_t i = 1; i < N_ASKERS; i++)
        assert_memory_equal(askers[i].rows, askers[0].rows,
                            sizeof askers[0].rows);
    assert_int_equal(metric_of(e, NXC_METRIC_vectors_computed), N * N_PROMPTS);
    assert_int_equal(metric_of(e, NXC_METRIC_vectors_shared) % N, 0);
    assert_in_range(metric_of(e, NXC_METRIC_vectors_shared) +
                        metric_of(e, NXC_METRIC_vector_memory_hits),
                    N * N_PROMPTS * (N_ASKERS - 1),
                    N * N_PROMPTS * (N_ASKERS - 1));
    assert_null(e->tiers.flights);
    nxc_ctx_free(ctx);
    nxc_engine_close(e);
}

typedef struct flier {
    nxc__tiers *tiers;
    nxc__atomic_counter *n_computed, *n_failing;
    float row[NXC_DIM];
} flier;
static void *fly(void *user) {
    flier *f = user;
    nxc__flight flight;
    nxc__hash128 text = nxc__hash_128("x", 1);
    while (nxc__flight_begin(f->tiers, &flight, text, f->row, sizeof f->row)) {
        size_t turn = nxc__atomic_counter_next(f->n_computed);
        bool is_ok = turn >= 2; /* the first two fail */
        for (size_t i = 0; i < NXC_DIM; i++)
            f->row[i] = is_ok ? 1.0f : 0.0f;
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
        nxc__flight_end(f->tiers, &flight, is_ok);
        if (is_ok) break;
    }
    return NULL;
}
static void one_flight_for_one_text(void **state) {
    nxc_engine *e = tiny_engine("", MODEL, NULL);
    (void)state;
    for (int round = 0; round < 20; round++) {
        pthread_t threads[4];
        static flier fliers[4];
        nxc__atomic_counter n_computed;
        nxc__atomic_counter_set(&n_computed, 0);
        for (size_t i = 0; i < 4; i++) {
            fliers[i] = (flier){.tiers = &e->tiers, .n_computed = &n_computed};
            assert_int_equal(pthread_create(&threads[i], NULL, fly, &fliers[i]),
                             0);
        }
        for (size_t i = 0; i < 4; i++) {
            pthread_join(threads[i], NULL);
            for (size_t k = 0; k < NXC_DIM; k++)
                assert_true(fliers[i].row[k] == 1.0f);
        }
        /* two that fail, one that does not, and who came after it */
        assert_in_range(nxc__atomic_counter_next(&n_computed), 3, 6);
        assert_null(e->tiers.flights);
    }
    nxc_engine_close(e);
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
    tiny_model_remove(DIR_MODEL);
    unlink(MODEL);
    return 0;
}

int main(void) {
    static char v1[] = "v1", v2[] = "v2";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tier_that_cannot_open_is_off),
        cmocka_unit_test(a_store_that_keeps_failing_is_off),
        cmocka_unit_test(a_restart_encodes_nothing),
        cmocka_unit_test(two_encoders_share_a_folder),
        cmocka_unit_test(hits_in_memory_reach_the_store),
        cmocka_unit_test(a_wrong_vector_is_found_and_replaced),
        cmocka_unit_test(one_hit_in_so_many_is_checked),
        cmocka_unit_test(ranking_from_memory_allocates_nothing),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(one_flight_for_one_text),
        cmocka_unit_test(a_wrong_request_is_found_and_replaced),
        cmocka_unit_test(a_request_is_found_whole_or_not_at_all),
        cmocka_unit_test(a_request_survives_a_restart),
        cmocka_unit_test(v2_from_memory_allocates_nothing),
        cmocka_unit_test_prestate(vectors_are_computed_once, v1),
        cmocka_unit_test_prestate(vectors_are_computed_once, v2),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
