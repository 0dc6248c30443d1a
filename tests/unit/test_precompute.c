/* Texts into the store: counts, a stop, and kills; no text that was reported is
 * encoded twice. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "support/tiny_engine.h"

#define DIR_MODEL NXC_BINARY_DIR "/tests/tiny_precompute"
#define MODEL NXC_BINARY_DIR "/tests/tiny_precompute.nxm"
#define STORE NXC_BINARY_DIR "/tests/precompute_store"

enum { N = 600, N_KILLS = 20 };
static char letters[N][16];
static nxc_str texts[N];

static nxc_engine *open_engine(const char *more) {
    char options[512];
    snprintf(options, sizeof options, "store=" STORE " batch_size=4 %s", more);
    return tiny_engine(options, MODEL, NULL);
}

static nxc_precompute_info precompute(const nxc_str *list, size_t n) {
    nxc_engine *e = open_engine("");
    nxc_precompute_info info;
    nxc_error err;
    assert_ok(nxc_engine_precompute_texts(e, list, n, NULL, NULL, &info, &err),
              err);
    assert_int_equal(metric_of(e, NXC_METRIC_texts_encoded), info.n_encoded);
    nxc_engine_close(e);
    return info;
}

static void only_what_is_new_is_encoded(void **state) {
    nxc_str list[40];
    (void)state;
    for (size_t i = 0; i < 40; i++)
        list[i] = texts[i % 30];
    nxc_precompute_info info = precompute(list, 40);
    assert_int_equal(info.n_texts, 30);
    assert_int_equal(info.n_known, 0);
    assert_int_equal(info.n_encoded, 30);
    info = precompute(list, 40);
    assert_int_equal(info.n_known, 30);
    assert_int_equal(info.n_encoded, 0);
    list[3] = texts[100]; /* two texts changed, one is left out */
    list[33] = texts[101];
    info = precompute(list, 35);
    assert_int_equal(info.n_texts, 31);
    assert_int_equal(info.n_known, 29);
    assert_int_equal(info.n_encoded, 2);
    info = precompute(NULL, 0);
    assert_int_equal(info.n_texts, 0);
}

static void what_is_precomputed_is_not_encoded_by_a_ranking(void **state) {
    (void)state;
    nxc_engine *e = open_engine("");
    nxc_error err;
    nxc_operation op;
    nxc_str list[32];
    nxc_precompute_info info;
    tiny_engine_add(e, "library", NXC_SOURCE_DIR "/tests/data/library.json");
    const nxc_catalog *c = nxc_engine_get_catalog(e, NXC_STR("library"));
    size_t n = nxc_catalog_n_operations(c);
    assert_in_range(n, 1, 32);
    for (uint32_t i = 0; i < n; i++) {
        assert_true(nxc_catalog_get_operation(c, i, &op));
        list[i] = op.text;
    }
    assert_ok(nxc_engine_precompute_texts(e, list, n, NULL, NULL, &info, &err),
              err);
    uint64_t before = metric_of(e, NXC_METRIC_texts_encoded);
    assert_ok(nxc_engine_precompute(e, NXC_STR("library"), NULL, NULL, &err),
              err);
    assert_int_equal(metric_of(e, NXC_METRIC_texts_encoded), before);
    nxc_engine_close(e);
}

static bool stop_at_once(void *user, size_t done, size_t total) {
    (void)user;
    assert_int_equal(done, 4);
    assert_int_equal(total, 20);
    return false;
}

static void a_stop_keeps_what_was_done(void **state) {
    nxc_engine *e = open_engine("");
    nxc_precompute_info info = {7, 7, 7};
    nxc_error err;
    (void)state;
    assert_int_equal(nxc_engine_precompute_texts(e, texts, 20, stop_at_once,
                                                 NULL, &info, &err),
                     NXC_ERR_CANCELLED);
    assert_int_equal(info.n_texts, 7);
    nxc_engine_close(e);
    info = precompute(texts, 20);
    assert_int_equal(info.n_known, 4);
    assert_int_equal(info.n_encoded, 16);
}

static void without_encoder_or_store_it_is_an_error(void **state) {
    static const struct {
        const char *options, *model, *message;
    } cases[] = {
        {"store=" STORE, NULL,
         "precompute: expected an encoder and a store, got no encoder"},
        {"", MODEL,
         "precompute: expected an encoder and a store, got no store"},
        {"store=/dev/null/x", MODEL,
         "precompute: expected an encoder and a store, got no store"},
        {"store=" STORE " enable_embedding_cache=false", MODEL,
         "precompute: expected an encoder and a store, got no store"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nxc_engine *e = tiny_engine(cases[i].options, cases[i].model, NULL);
        nxc_error err;
        assert_int_equal(
            nxc_engine_precompute_texts(e, texts, 1, NULL, NULL, NULL, &err),
            NXC_ERR_STATE);
        assert_string_equal(err.message, cases[i].message);
        nxc_engine_close(e);
    }
}

/* ----------------------------------------------------------------- kills */

/* What a process that may be killed tells: texts that are in the store. */
typedef struct told {
    uint64_t n_known, n_done;
    bool is_end;
} told;
typedef struct teller {
    int fd;
    told last;
} teller;

static bool tell(void *user, size_t done, size_t total) {
    teller *t = user;
    const told now = {N - total, done, false};
    t->last = now;
    return write(t->fd, &now, sizeof now) == sizeof now;
}

static _Noreturn void work(int fd) {
    teller t = {fd, {0, 0, false}};
    nxc_precompute_info info;
    nxc_error err;
    nxc_engine *e = open_engine("");
    if (nxc_engine_precompute_texts(e, texts, N, tell, &t, &info, &err) !=
        NXC_OK)
        _exit(1);
    nxc_engine_close(e);
    const told end = {info.n_known, info.n_encoded, true};
    _exit(write(fd, &end, sizeof end) == sizeof end ? 0 : 1);
}

/* One process, killed after some reports; 0: not at all. */
static told run_and_kill(size_t n_reports) {
    int ends[2], status;
    told last = {0, 0, false}, next;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        work(ends[1]);
    }
    close(ends[1]);
    for (size_t n = 0; read(ends[0], &next, sizeof next) == sizeof next;) {
        last = next;
        if (++n == n_reports) kill(child, SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    close(ends[0]);
    return last;
}

static void killed_and_started_again_no_text_is_encoded_twice(void **state) {
    uint64_t seed = 11, done = 0;
    (void)state;
    for (int i = 0; i < N_KILLS; i++) {
        told t = run_and_kill(1 + nxc_random(&seed) % 8);
        if (t.n_done == 0) break; /* all was there */
        /* at most the batch that was not reported is there besides */
        assert_in_range(t.n_known, done, done + 4);
        done = t.n_known + t.n_done;
    }
    assert_in_range(done, N_KILLS, N);
    told t = run_and_kill(0);
    assert_true(t.is_end);
    assert_int_equal(t.n_known + t.n_done, N);
    nxc_precompute_info info = precompute(texts, N);
    assert_int_equal(info.n_known, N);
    nxc_engine *e = open_engine("");
    assert_int_equal(nxc__embedding_file_n_rows(e->tiers.file), N);
    nxc_engine_close(e);
}

static int set_up(void **state) {
    static const tiny_model tiny = {
        .n_layers = 1, .n_positions = 64, .seed = 9};
    nxc_error err;
    (void)state;
    for (size_t i = 0; i < N; i++) { /* each another word of six letters */
        for (size_t k = 0, v = i; k < 6; k++, v /= 7)
            letters[i][k] = (char)('a' + v % 7);
        texts[i] = nxc__str(letters[i]);
    }
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
static int empty_store(void **state) {
    (void)state;
    remove_files(STORE, "store.db");
    remove_files(STORE, "embeddings-");
    return 0;
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, empty_store, empty_store)
    const struct CMUnitTest tests[] = {
        TEST(only_what_is_new_is_encoded),
        TEST(what_is_precomputed_is_not_encoded_by_a_ranking),
        TEST(a_stop_keeps_what_was_done),
        TEST(without_encoder_or_store_it_is_an_error),
        TEST(killed_and_started_again_no_text_is_encoded_twice),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
