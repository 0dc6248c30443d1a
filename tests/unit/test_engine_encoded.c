/* The engine with an encoder (a tiny random model): lazy and precomputed
 * embeddings, threads, saved embeddings; all give the same bits. */
#include <pthread.h>

#include "engine/engine.h"
#include "support/nxc_test.h"
#include "support/tiny_model.h"

#define DIR NXC_BINARY_DIR "/tests/tiny_engine"
#define MODEL NXC_BINARY_DIR "/tests/tiny_engine.nxm"
#define SAVED NXC_BINARY_DIR "/tests/tiny_engine.nxc"
#define DOCUMENT NXC_SOURCE_DIR "/tests/data/library.json"

static const tiny_model tiny = {.n_layers = 1, .n_positions = 256, .seed = 5};
static const char *const prompts[] = {"list a customer", "create invoice b 1",
                                      "c d e f g", "list list list"};

static int write_model(void **state) {
    nxc_error err;
    (void)state;
    tiny_model_remove(DIR);
    tiny_model_write(&tiny, DIR);
    assert_ok(nxc_model_pack(DIR, MODEL, NXC_F32, NULL, &err), err);
    return 0;
}
static int remove_model(void **state) {
    (void)state;
    tiny_model_remove(DIR);
    unlink(MODEL);
    unlink(SAVED);
    return 0;
}

static nxc_engine *open_engine(const char *catalog_path, const char *workers) {
    nxc_engine *engine;
    nxc_encoder *encoder;
    nxc_catalog *catalog;
    nxc_config *cfg;
    nxc_error err;
    assert_ok(nxc_config_new(NULL, &cfg, &err), err);
    assert_ok(nxc_config_set(cfg, "parallel_workers", workers, &err), err);
    assert_ok(nxc_config_set(cfg, "prompt_workers", "2", &err), err);
    assert_ok(nxc_config_set(cfg, "encoder_spin", "true", &err), err);
    assert_ok(nxc_config_set(cfg, "batch_size", "2", &err), err);
    assert_ok(nxc_engine_open(cfg, NULL, &engine, &err), err);
    assert_ok(nxc_encoder_open(MODEL, cfg, NULL, &encoder, &err), err);
    assert_ok(nxc_engine_set_encoder(engine, encoder, &err), err);
    assert_ok(
        nxc_catalog_open(catalog_path, NULL, cfg, NULL, &catalog, NULL, &err),
        err);
    assert_ok(nxc_engine_add_catalog(engine, NXC_STR("c"), catalog, &err), err);
    nxc_config_free(cfg);
    return engine;
}

#define N 9
typedef struct scores {
    double of[4][N]; /* by prompt and operation */
    size_t n_encoded;
} scores;

static void rank_prompts(nxc_engine *engine, size_t first, scores *out) {
    nxc_ctx *ctx;
    nxc_error err;
    assert_ok(nxc_ctx_new(engine, &ctx, &err), err);
    for (size_t k = 0; k < 4; k++) {
        size_t p = (first + k) % 4;
        nxc_request request = NXC_REQUEST_INIT;
        nxc_ranking r;
        request.prompt = nxc__str(prompts[p]);
        assert_ok(nxc_rank(ctx, &request, &r, &err), err);
        assert_int_equal(r.n, N);
        out->n_encoded += r.n_encoded;
        for (size_t i = 0; i < r.n; i++)
            out->of[p][r.items[i].operation] = r.items[i].score;
    }
    nxc_ctx_free(ctx);
}

static scores reference(void) {
    scores s = {.n_encoded = 0};
    nxc_engine *engine = open_engine(DOCUMENT, "1");
    rank_prompts(engine, 0, &s);
    assert_int_equal(s.n_encoded, N + 4); /* each text once */
    nxc_engine_close(engine);
    return s;
}

static bool count_steps(void *user, size_t done, size_t total) {
    size_t *last = user;
    assert_true(done > *last && done <= total);
    *last = done;
    return true;
}
static bool stop_at_once(void *user, size_t done, size_t total) {
    (void)user;
    (void)done;
    (void)total;
    return false;
}

/* No worker before there is work, and no more of them than a batch keeps busy;
 * a batch here is two short texts, which one pass takes. */
static void workers_come_with_the_work(void **state) {
    static char text[1024]; /* as many tokens as one pass takes */
    nxc_str texts[5];
    nxc_error err;
    (void)state;
    for (size_t i = 0; i < 5; i++)
        texts[i] = (nxc_str){text, i < 3 ? sizeof text : 8};
    assert_int_equal(nxc__encoder_count_runs(texts, 0), 0);
    assert_int_equal(nxc__encoder_count_runs(texts, 3), 3);
    assert_int_equal(nxc__encoder_count_runs(texts, 5), 4);
    assert_int_equal(nxc__encoder_count_runs(texts + 3, 2), 1);
    nxc_engine *engine = open_engine(DOCUMENT, "4");
    assert_null(engine->pool);
    assert_int_equal(engine->n_workers, 0);
    assert_ok(nxc_engine_precompute(engine, NXC_STR("c"), NULL, NULL, &err),
              err);
    assert_int_equal(engine->n_workers, 1);
    assert_int_equal(nxc__pool_n_workers(engine->pool), 1);
    nxc_engine_close(engine);
}

static void precomputed_is_the_same(void **state) {
    scores want = reference(), got = {.n_encoded = 0};
    nxc_error err;
    size_t last = 0;
    (void)state;
    nxc_engine *engine = open_engine(DOCUMENT, "3");
    assert_int_equal(
        nxc_engine_precompute(engine, NXC_STR("c"), stop_at_once, NULL, &err),
        NXC_ERR_CANCELLED);
    assert_ok(
        nxc_engine_precompute(engine, NXC_STR("c"), count_steps, &last, &err),
        err);
    assert_int_equal(last, N - 2); /* two were there from the stopped run */
    rank_prompts(engine, 0, &got);
    assert_int_equal(got.n_encoded, 4);
    assert_memory_equal(got.of, want.of, sizeof want.of);
    nxc_engine_close(engine);
}

static void saved_embeddings_are_the_same(void **state) {
    scores want = reference(), got = {.n_encoded = 0};
    nxc_error err;
    (void)state;
    nxc_engine *engine = open_engine(DOCUMENT, "1");
    assert_ok(
        nxc_engine_save_catalog(engine, NXC_STR("c"), SAVED, NULL, NULL, &err),
        err);
    nxc_engine_close(engine);
    engine = open_engine(SAVED, "1");
    rank_prompts(engine, 0, &got);
    assert_int_equal(got.n_encoded, 4); /* the prompts only */
    assert_memory_equal(got.of, want.of, sizeof want.of);
    nxc_engine_close(engine);
}

typedef struct worker {
    nxc_engine *engine;
    size_t first;
    scores got;
} worker;
static void *rank_in_thread(void *user) {
    worker *w = user;
    rank_prompts(w->engine, w->first, &w->got);
    return NULL;
}

/* Four threads share an engine whose embeddings are not there yet. */
static void threads_see_the_same(void **state) {
    scores want = reference();
    (void)state;
    for (int round = 0; round < 5; round++) {
        nxc_engine *engine = open_engine(DOCUMENT, "2");
        worker workers[4];
        pthread_t threads[4];
        memset(workers, 0, sizeof workers);
        for (size_t i = 0; i < 4; i++) {
            workers[i].engine = engine;
            workers[i].first = i;
            assert_int_equal(
                pthread_create(&threads[i], NULL, rank_in_thread, &workers[i]),
                0);
        }
        size_t n_encoded = 0;
        for (size_t i = 0; i < 4; i++) {
            pthread_join(threads[i], NULL);
            assert_memory_equal(workers[i].got.of, want.of, sizeof want.of);
            n_encoded += workers[i].got.n_encoded;
        }
        assert_int_equal(n_encoded, N + 4); /* each text once */
        nxc_engine_close(engine);
    }
}

static void a_repeated_prompt_is_not_encoded_again(void **state) {
    (void)state;
    nxc_error err;
    nxc_ctx *ctx;
    nxc_ranking r;
    nxc_request request = NXC_REQUEST_INIT;
    nxc_engine *engine = open_engine(DOCUMENT, "1");
    assert_ok(nxc_ctx_new(engine, &ctx, &err), err);
    request.prompt = nxc__str(prompts[0]);
    assert_ok(nxc_rank(ctx, &request, &r, &err), err);
    assert_int_equal(r.n_encoded, N + 1);
    assert_string_equal(r.cache_tier, "none");
    double best = r.items[0].score;
    assert_ok(nxc_rank(ctx, &request, &r, &err), err);
    assert_int_equal(r.n_encoded, 0);
    assert_string_equal(r.cache_tier, "memory");
    assert_memory_equal(&r.items[0].score, &best, sizeof best);
    nxc_ctx_free(ctx);
    nxc_engine_close(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_come_with_the_work),
        cmocka_unit_test(precomputed_is_the_same),
        cmocka_unit_test(saved_embeddings_are_the_same),
        cmocka_unit_test(threads_see_the_same),
        cmocka_unit_test(a_repeated_prompt_is_not_encoded_again),
    };
    return cmocka_run_group_tests(tests, write_model, remove_model);
}
