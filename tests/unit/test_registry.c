/* The model registry: versions, check vectors, changes that are killed or run
 * at once, and an engine that switches while it ranks. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "ranker/check_vectors.h"
#include "support/nxc_test.h"
#include "support/small_model.h"
#include "support/tiny_engine.h"

static const char model[] = NXC_SMALL_MODEL;

typedef struct fixture {
    char dir[256], folder[200]; /* the registry, and what it is in */
} fixture;

static void remove_tree(const char *path) {
    DIR *d = opendir(path);
    char below[1024];
    for (struct dirent *x; d && (x = readdir(d));) {
        if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0)
            continue;
        snprintf(below, sizeof below, "%s/%.255s", path, x->d_name);
        if (unlink(below) != 0) remove_tree(below);
    }
    if (d) closedir(d);
    rmdir(path);
}

static int setup(void **state) {
    static fixture f;
    snprintf(f.folder, sizeof f.folder, "%s",
             NXC_BINARY_DIR "/nxc_registry_XXXXXX");
    assert_non_null(mkdtemp(f.folder));
    snprintf(f.dir, sizeof f.dir, "%s/models", f.folder);
    *state = &f;
    return 0;
}
static int teardown(void **state) {
    fixture *f = *state;
    remove_tree(f->folder);
    return 0;
}

/* The small model with another value for the leaf that every row gets: scores
 * then differ by that of the first version. */
static const char *write_model(const fixture *f, int leaf) {
    static char path[300], text[4096];
    nxc_error err;
    const char *at = strstr(model, "leaf_value=32");
    assert_non_null(at);
    int n = snprintf(text, sizeof text, "%.*sleaf_value=%d%s",
                     (int)(at - model), model, leaf, at + 13);
    snprintf(path, sizeof path, "%s/model-%d.txt", f->folder, leaf);
    assert_ok(nxc__file_replace(path, text, (size_t)n, &err), err);
    return path;
}

static void add(const fixture *f, int leaf, bool activate, const char *want) {
    nxc_registry_add_options o = NXC_REGISTRY_ADD_OPTIONS_INIT;
    char version[NXC_MODEL_VERSION_BYTES];
    nxc_error err;
    o.activate = activate;
    assert_ok(nxc_registry_add(f->dir, write_model(f, leaf), &o, version, &err),
              err);
    assert_string_equal(version, want);
}

static void expect_state(const fixture *f, const char *active,
                         const char *shadow, const char *previous) {
    nxc_registry_state s;
    nxc_error err;
    assert_ok(nxc_registry_get_state(f->dir, &s, &err), err);
    assert_string_equal(s.active, active);
    assert_string_equal(s.shadow, shadow);
    assert_string_equal(s.previous, previous);
}

static void expect(nxc_status got, nxc_status want, const nxc_error *err,
                   const char *part) {
    if (got != want || !strstr(err->message, part))
        fail_msg("expected %s with \"%s\", got %s: %s", nxc_status_name(want),
                 part, nxc_status_name(got), err->message);
}

static void versions_change_roles(void **state) {
    const fixture *f = *state;
    nxc_error err;
    char to[NXC_MODEL_VERSION_BYTES];
    nxc_registry_state s;
    expect(nxc_registry_get_state(f->dir, &s, &err), NXC_ERR_NOT_FOUND, &err,
           "nextcall registry add");
    add(f, 32, false, "0001");
    expect_state(f, "", "", "");
    expect(nxc_registry_rollback(f->dir, NULL, &err), NXC_ERR_STATE, &err,
           "active before");
    add(f, 33, true, "0002");
    expect_state(f, "0002", "", "");
    assert_ok(nxc_registry_set_shadow(f->dir, "0001", &err), err);
    expect_state(f, "0002", "0001", "");
    expect(nxc_registry_set_shadow(f->dir, "0002", &err), NXC_ERR_INVALID, &err,
           "another version");
    assert_ok(nxc_registry_activate(f->dir, "0001", &err), err);
    expect_state(f, "0001", "", "0002");
    assert_ok(nxc_registry_rollback(f->dir, to, &err), err);
    assert_string_equal(to, "0002");
    expect_state(f, "0002", "", "0001");
    assert_ok(nxc_registry_rollback(f->dir, NULL, &err), err);
    expect_state(f, "0001", "", "0002");
    expect(nxc_registry_activate(f->dir, "0003", &err), NXC_ERR_NOT_FOUND, &err,
           "0003");
    assert_ok(nxc_registry_set_shadow(f->dir, "0002", &err), err);
    assert_ok(nxc_registry_set_shadow(f->dir, NULL, &err), err);
    expect_state(f, "0001", "", "0002");
}

static bool join_names(void *user, const char *version) {
    char *all = user;
    snprintf(all + strlen(all), 200 - strlen(all), " %s", version);
    return strcmp(version, "stop") != 0;
}

static void names_are_checked_and_ordered(void **state) {
    const fixture *f = *state;
    static const char *const bad[] = {"",   ".new", "a/b",
                                      "..", "a b",  "\xc3\xa4"};
    nxc_registry_add_options o = NXC_REGISTRY_ADD_OPTIONS_INIT;
    char all[200] = "", longest[NXC_MODEL_VERSION_BYTES + 1];
    nxc_error err;
    const char *path = write_model(f, 32);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        o.name = bad[i];
        expect(nxc_registry_add(f->dir, path, &o, NULL, &err), NXC_ERR_INVALID,
               &err, "version");
        nxc_ranker *r;
        if (i) continue;
        assert_ok(nxc_registry_add(f->dir, path, NULL, NULL, &err), err);
        assert_int_equal(nxc_registry_load(f->dir, bad[i], NULL, &r, &err),
                         NXC_ERR_INVALID);
    }
    o.name = "b-1.x_Y";
    assert_ok(nxc_registry_add(f->dir, path, &o, NULL, &err), err);
    expect(nxc_registry_add(f->dir, path, &o, NULL, &err), NXC_ERR_INVALID,
           &err, "again");
    o.name = "0041";
    assert_ok(nxc_registry_add(f->dir, path, &o, NULL, &err), err);
    add(f, 32, false, "0042");
    assert_ok(nxc_registry_list(f->dir, join_names, all, &err), err);
    assert_string_equal(all, " 0001 0041 0042 b-1.x_Y");
    memset(longest, 'x', sizeof longest);
    longest[NXC_MODEL_VERSION_BYTES] = 0;
    o.name = longest;
    expect(nxc_registry_add(f->dir, path, &o, NULL, &err), NXC_ERR_INVALID,
           &err, "version");
    o.name = longest + 1; /* 63 of them */
    assert_ok(nxc_registry_add(f->dir, path, &o, NULL, &err), err);
    assert_ok(nxc_registry_activate(f->dir, longest + 1, &err), err);
}

/* ------------------------------------------------------- check vectors */

static void path_in(const fixture *f, char *path, const char *file) {
    snprintf(path, 400, "%s/versions/0001/%s", f->dir, file);
}

static void a_changed_model_is_refused(void **state) {
    const fixture *f = *state;
    char path[400], text[4096];
    nxc_error err;
    nxc_ranker *r;
    add(f, 32, true, "0001");
    assert_ok(nxc_registry_load(f->dir, "0001", NULL, &r, &err), err);
    assert_string_equal(nxc_ranker_name(r), "0001");
    nxc_ranker_free(r);
    path_in(f, path, "model.txt");
    /* a leaf that all rows get: the first row says what it must be */
    const char *at = strstr(model, "leaf_value=32");
    int n = snprintf(text, sizeof text, "%.*sleaf_value=31%s",
                     (int)(at - model), model, at + 13);
    assert_ok(nxc__file_replace(path, text, (size_t)n, &err), err);
    expect(nxc_registry_load(f->dir, "0001", NULL, &r, &err), NXC_ERR_MISMATCH,
           &err, "check.nxv: row 0: expected the score ");
    assert_non_null(strstr(err.message, ", got "));
    expect(nxc_registry_activate(f->dir, "0001", &err), NXC_ERR_MISMATCH, &err,
           "row 0");
    /* what no score shows: the hash of the file */
    n = snprintf(text, sizeof text, "%s\n", model);
    assert_ok(nxc__file_replace(path, text, (size_t)n, &err), err);
    expect(nxc_registry_load(f->dir, "0001", NULL, &r, &err), NXC_ERR_MISMATCH,
           &err, "other bytes");
    assert_ok(nxc__file_replace(path, "tree\n", 5, &err), err);
    expect(nxc_registry_load(f->dir, "0001", NULL, &r, &err), NXC_ERR_PARSE,
           &err, "versions/0001/model.txt:");
    unlink(path);
    expect(nxc_registry_load(f->dir, "0001", NULL, &r, &err), NXC_ERR_IO, &err,
           "model.txt");
    expect_state(f, "0001", "", "");
}

static void damaged_check_vectors_are_refused(void **state) {
    const fixture *f = *state;
    char path[400];
    nxc_error err;
    nxc_str file;
    nxc_ranker *r;
    nxc_registry_add_options o = NXC_REGISTRY_ADD_OPTIONS_INIT;
    o.n_check = 3;
    assert_ok(nxc_registry_add(f->dir, write_model(f, 32), &o, NULL, &err),
              err);
    path_in(f, path, "check.nxv");
    assert_ok(
        nxc__file_read(path, 1 << 20, &nxc__allocator_default, &file, &err),
        err);
    assert_int_equal(file.len, 64 + 3 * 4 * sizeof(double));
    char *bytes = test_malloc(file.len);
    for (size_t n = 0; n < file.len; n++) { /* cut */
        assert_ok(nxc__file_replace(path, file.ptr, n, &err), err);
        assert_int_equal(nxc_registry_load(f->dir, "0001", NULL, &r, &err),
                         NXC_ERR_FORMAT);
    }
    for (size_t i = 0; i < file.len; i++) { /* one bit */
        memcpy(bytes, file.ptr, file.len);
        bytes[i] = (char)(bytes[i] ^ 1 << i % 8);
        assert_ok(nxc__file_replace(path, bytes, file.len, &err), err);
        assert_int_equal(nxc_registry_load(f->dir, "0001", NULL, &r, &err),
                         NXC_ERR_FORMAT);
    }
    test_free(bytes);
    nxc__free_str(&nxc__allocator_default, file);
    o.n_check = NXC_CHECK_MAX_ROWS + 1;
    expect(nxc_registry_add(f->dir, write_model(f, 32), &o, NULL, &err),
           NXC_ERR_INVALID, &err, "100000");
    o.n_check = NXC_CHECK_MAX_ROWS;
    assert_ok(nxc_registry_add(f->dir, write_model(f, 32), &o, NULL, &err),
              err);
}

/* MODEL.check, as who trains a model writes it. */
static void check_vectors_may_come_with_the_model(void **state) {
    const fixture *f = *state;
    const char *given = write_model(f, 32);
    static const double rows[] = {0, 0, 1, 1, 0, 2};
    double scores[2] = {2 + 16 + 32 + 64, 4 + 8 + 32 + 64};
    char path[400], *text;
    nxc_error err;
    nxc_str file;
    nxc_ranker *r;
    assert_ok(
        nxc__file_read(given, 1 << 20, &nxc__allocator_default, &file, &err),
        err);
    text = (char *)(uintptr_t)file.ptr;
    snprintf(path, sizeof path, "%s.check", given);
    assert_ok(nxc__check_write(path, file, rows, scores, 2, 3, &err), err);
    assert_ok(nxc_registry_add(f->dir, given, NULL, NULL, &err), err);
    assert_ok(nxc_registry_load(f->dir, "0001", NULL, &r, &err), err);
    nxc_ranker_free(r);
    scores[1] += 1e-13; /* the next doubles up are 1.4e-14 apart */
    assert_ok(nxc__check_write(path, file, rows, scores, 2, 3, &err), err);
    expect(nxc_registry_add(f->dir, given, NULL, NULL, &err), NXC_ERR_MISMATCH,
           &err, "row 1: expected the score 108.0000000000001, got 108");
    text[0] = 'T'; /* of another model */
    scores[1] = 108;
    assert_ok(nxc__check_write(path, file, rows, scores, 2, 3, &err), err);
    expect(nxc_registry_add(f->dir, given, NULL, NULL, &err), NXC_ERR_MISMATCH,
           &err, "other bytes");
    assert_ok(nxc__check_write(path, file, rows, scores, 2, 2, &err), err);
    expect(nxc_registry_add(f->dir, given, NULL, NULL, &err), NXC_ERR_MISMATCH,
           &err, "3 features, got 2");
    char all[200] = "";
    assert_ok(nxc_registry_list(f->dir, join_names, all, &err), err);
    assert_string_equal(all, " 0001"); /* nothing is left of the refused */
    nxc__free_str(&nxc__allocator_default, file);
}

static void a_wrong_state_file_says_what(void **state) {
    const fixture *f = *state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"", "registry.json"},
        {"[]", "format 1"},
        {"{\"format\":2,\"number\":1}", "format 1"},
        {"{\"format\":1,\"number\":-1}", "number"},
        {"{\"format\":1,\"number\":1}", "version's name"},
        {"{\"format\":1,\"number\":1,\"active\":\"../x\",\"shadow\":null,"
         "\"previous\":null}",
         "version's name"},
        {"{\"format\":1,\"number\":1,\"active\":7,\"shadow\":null,"
         "\"previous\":null}",
         "version's name"},
        {"{\"format\":1,\"number\":1,\"active\":\"a\\u0000b\",\"shadow\":null,"
         "\"previous\":null}",
         "version's name"},
    };
    char path[400];
    nxc_registry_state s;
    nxc_error err;
    add(f, 32, true, "0001");
    snprintf(path, sizeof path, "%s/registry.json", f->dir);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_ok(
            nxc__file_replace(path, cases[i].text, strlen(cases[i].text), &err),
            err);
        nxc_status st = nxc_registry_get_state(f->dir, &s, &err);
        if (st == NXC_OK || !strstr(err.message, cases[i].part))
            fail_msg("%s: got %s: %s", cases[i].text, nxc_status_name(st),
                     err.message);
    }
}

/* ------------------------------------------------------ kills, processes */

/* Changes without end; every one must succeed. */
static _Noreturn void change(const fixture *f, uint64_t seed) {
    nxc_error err;
    for (;;) {
        nxc_registry_add_options o = NXC_REGISTRY_ADD_OPTIONS_INIT;
        o.n_check = 4;
        nxc_status st = NXC_OK;
        char path[300];
        snprintf(path, sizeof path, "%s/model-32.txt", f->folder);
        switch (nxc_random(&seed) % 5) {
        case 0:
            o.activate = seed & 1;
            st = nxc_registry_add(f->dir, path, &o, NULL, &err);
            break;
        case 1:
            st = nxc_registry_activate(f->dir, "0001", &err);
            break;
        case 2:
            st = nxc_registry_activate(f->dir, "0002", &err);
            break;
        case 3:
            st = nxc_registry_rollback(f->dir, NULL, &err);
            break;
        case 4:
            st = nxc_registry_set_shadow(f->dir, NULL, &err);
            break;
        }
        if (st != NXC_OK) {
            fprintf(stderr, "%s\n", err.message);
            _exit(1);
        }
    }
}

static bool load_version(void *user, const char *version) {
    const fixture *f = user;
    nxc_ranker *r;
    nxc_error err;
    assert_ok(nxc_registry_load(f->dir, version, NULL, &r, &err), err);
    nxc_ranker_free(r);
    return true;
}

/* Two processes change the registry at once; both are killed. */
static void kills_leave_a_whole_registry(void **state) {
    fixture *f = *state;
    uint64_t random = 7;
    nxc_error err;
    nxc_registry_state s;
    add(f, 32, true, "0001");
    add(f, 33, true, "0002");
    for (int i = 0; i < 40; i++) {
        pid_t children[2];
        for (int k = 0; k < 2; k++) {
            children[k] = fork();
            assert_true(children[k] >= 0);
            if (children[k] == 0) change(f, (uint64_t)(2 * i + k));
        }
        const struct timespec delay = {0, (long)(nxc_random(&random) % 20000) *
                                              1000};
        nanosleep(&delay, NULL);
        for (int k = 0; k < 2; k++) {
            int status;
            kill(children[k], SIGKILL);
            assert_int_equal(waitpid(children[k], &status, 0), children[k]);
            assert_true(WIFSIGNALED(status)); /* no change had failed */
        }
        assert_ok(nxc_registry_get_state(f->dir, &s, &err), err);
        assert_true(s.active[0]);
        (void)load_version(f, s.active);
    }
    assert_ok(nxc_registry_list(f->dir, load_version, f, &err), err);
    assert_ok(nxc_registry_activate(f->dir, "0001", &err), err);
    char path[400];
    snprintf(path, sizeof path, "%s/versions/.new", f->dir);
    assert_int_not_equal(access(path, F_OK), 0); /* cleaned up */
}

/* ---------------------------------------------------------------- engine */

/* A model of the set v1: score = leaf + 10 if the candidate's method is above
 * 3 (PUT, DELETE, PATCH), else leaf. */
static const char *write_v1(const fixture *f, int leaf, bool flip) {
    static char path[300], text[4096];
    nxc_error err;
    int n = snprintf(
        text, sizeof text,
        "tree\nversion=v4\nnum_class=1\nmax_feature_idx=10\n"
        "feature_names=last_endpoint_type last_resource time_since_last "
        "session_length endpoint_type resource_match workflow_distance "
        "prompt_similarity action_verb_match bigram_prob trigram_prob\n\n"
        "Tree=0\nnum_leaves=2\nnum_cat=0\nsplit_feature=4\nsplit_gain=1\n"
        "threshold=3.5\ndecision_type=2\nleft_child=-1\nright_child=-2\n"
        "leaf_value=%d %d\nleaf_count=1 1\ninternal_count=2\n\n"
        "end of trees\n",
        flip ? leaf + 10 : leaf, flip ? leaf : leaf + 10);
    snprintf(path, sizeof path, "%s/v1-%d.txt", f->folder, leaf);
    assert_ok(nxc__file_replace(path, text, (size_t)n, &err), err);
    return path;
}

static void add_v1(const fixture *f, int leaf, bool flip) {
    nxc_registry_add_options o = NXC_REGISTRY_ADD_OPTIONS_INIT;
    nxc_error err;
    o.activate = leaf == 100;
    assert_ok(nxc_registry_add(f->dir, write_v1(f, leaf, flip), &o, NULL, &err),
              err);
}

static nxc_engine *open_engine(void) {
    nxc_engine *e = tiny_engine("store=", NULL, NULL);
    tiny_engine_add(e, "library", NXC_SOURCE_DIR "/tests/data/library.json");
    return e;
}

static void rank(nxc_ctx *ctx, nxc_ranking *r) {
    nxc_request request = NXC_REQUEST_INIT;
    nxc_error err;
    request.prompt = NXC_STR("renew the loan");
    assert_ok(nxc_rank(ctx, &request, r, &err), err);
}

static void an_engine_follows_its_registry(void **state) {
    const fixture *f = *state;
    nxc_engine *e = open_engine();
    nxc_ctx *ctx;
    nxc_ranking r;
    nxc_error err;
    bool changed = true;
    expect(nxc_engine_reload_ranker(e, &changed, &err), NXC_ERR_STATE, &err,
           "registry");
    expect(nxc_engine_set_registry(e, f->dir, &err), NXC_ERR_NOT_FOUND, &err,
           "registry");
    add_v1(f, 200, false); /* 0001 */
    expect(nxc_engine_set_registry(e, f->dir, &err), NXC_ERR_STATE, &err,
           "active");
    add_v1(f, 100, false); /* 0002, active */
    add_v1(f, 300, true);  /* 0003 */
    assert_ok(nxc_engine_set_registry(e, f->dir, &err), err);
    assert_ok(nxc_ctx_new(e, &ctx, &err), err);
    rank(ctx, &r);
    assert_string_equal(r.ranker, "0002");
    assert_true(r.items[0].score == 110);
    assert_ok(nxc_engine_reload_ranker(e, &changed, &err), err);
    assert_false(changed);
    assert_ok(nxc_registry_activate(f->dir, "0001", &err), err);
    assert_ok(nxc_engine_reload_ranker(e, &changed, &err), err);
    assert_true(changed);
    assert_string_equal(r.ranker, "0002"); /* the answer is still whole */
    assert_ok(nxc_ranking_explain(ctx, &r, 0, r.n, &err), err);
    rank(ctx, &r);
    assert_string_equal(r.ranker, "0001");
    assert_true(r.items[0].score == 210);
    /* shadows: one that agrees, one that does not */
    assert_ok(nxc_registry_set_shadow(f->dir, "0002", &err), err);
    assert_ok(nxc_engine_reload_ranker(e, NULL, &err), err);
    rank(ctx, &r);
    assert_true(r.items[0].score == 210);
    assert_int_equal(metric_of(e, NXC_METRIC_shadow_requests), 1);
    assert_int_equal(metric_of(e, NXC_METRIC_shadow_first_differs), 0);
    assert_ok(nxc_registry_set_shadow(f->dir, "0003", &err), err);
    assert_ok(nxc_engine_reload_ranker(e, NULL, &err), err);
    rank(ctx, &r);
    assert_true(r.items[0].score == 210);
    assert_int_equal(metric_of(e, NXC_METRIC_shadow_requests), 2);
    assert_int_equal(metric_of(e, NXC_METRIC_shadow_first_differs), 1);
    assert_int_equal(metric_of(e, NXC_METRIC_ranker_switches), 4);
    nxc_ctx_free(ctx);
    nxc_engine_close(e);
}

static void a_refused_version_changes_nothing(void **state) {
    const fixture *f = *state;
    nxc_engine *e = open_engine();
    nxc_ctx *ctx;
    nxc_ranking r;
    nxc_error err;
    bool changed;
    nxc_ranker *wide;
    add_v1(f, 100, false); /* 0001, active */
    add(f, 32, false, "0002");
    assert_ok(nxc_engine_set_registry(e, f->dir, &err), err);
    assert_ok(nxc_ctx_new(e, &ctx, &err), err);
    assert_ok(nxc_registry_activate(f->dir, "0002", &err), err);
    for (int i = 0; i < 2; i++) { /* three features: refused by the engine */
        expect(nxc_engine_reload_ranker(e, &changed, &err), NXC_ERR_MISMATCH,
               &err, "0002: expected a model of 11 features, got 3");
        rank(ctx, &r);
        assert_string_equal(r.ranker, "0001");
    }
    assert_int_equal(metric_of(e, NXC_METRIC_ranker_refusals), 2);
    /* the set v2 is not extracted, and a context is there */
    assert_ok(nxc_ranker_universal(NULL, &wide, &err), err);
    expect(nxc_engine_set_ranker(e, wide, &err), NXC_ERR_STATE, &err, "v2");
    nxc_ctx_free(ctx);
    assert_ok(nxc_engine_set_ranker(e, wide, &err), err);
    assert_ok(nxc_ctx_new(e, &ctx, &err), err);
    rank(ctx, &r);
    assert_string_equal(r.feature_set, "v2");
    assert_ok(nxc_registry_rollback(f->dir, NULL, &err), err);
    assert_ok(nxc_engine_reload_ranker(e, &changed, &err), err);
    rank(ctx, &r); /* v1 again, and v2 is still prepared */
    assert_string_equal(r.feature_set, "v1");
    assert_ok(nxc_ranker_universal(NULL, &wide, &err), err);
    assert_ok(nxc_engine_set_ranker(e, wide, &err), err);
    rank(ctx, &r);
    assert_string_equal(r.feature_set, "v2");
    nxc_ctx_free(ctx);
    nxc_engine_close(e);
}

/* A shadow that reads more than is extracted. */
static void a_wider_shadow_is_refused(void **state) {
    const fixture *f = *state;
    nxc_engine *e = open_engine();
    nxc_error err;
    add_v1(f, 100, false);
    assert_ok(nxc_registry_add(f->dir,
                               NXC_SOURCE_DIR "/models/universal-v2.txt", NULL,
                               NULL, &err),
              err);
    assert_ok(nxc_registry_set_shadow(f->dir, "0002", &err), err);
    expect(nxc_engine_set_registry(e, f->dir, &err), NXC_ERR_MISMATCH, &err,
           "shadow 0002: expected a ranker over v1");
    assert_ok(nxc_engine_set_features(e, "v2", &err), err);
    assert_ok(nxc_engine_set_registry(e, f->dir, &err), err);
    expect(nxc_engine_set_features(e, "v1", &err), NXC_ERR_MISMATCH, &err,
           "v2");
    nxc_engine_close(e);
}

/* ----------------------------------------------------------- concurrency */

#define N_THREADS 4
#define N_SWITCHES 1000

typedef struct shared {
    nxc_engine *engine;
    nxc__atomic_word n_done; /* switches */
} shared;

static void *rank_on(void *user) {
    shared *s = user;
    nxc_ctx *ctx;
    nxc_ranking r;
    nxc_error err;
    uintptr_t n_seen = 0, seen = 0;
    if (nxc_ctx_new(s->engine, &ctx, &err) != NXC_OK) return NULL;
    bool more = true;
    for (size_t i = 0; more || i < 10; i++) {
        more = nxc__atomic_word_get(&s->n_done) < N_SWITCHES;
        nxc_request request = NXC_REQUEST_INIT;
        request.prompt = NXC_STR("renew the loan");
        if (nxc_rank(ctx, &request, &r, &err) != NXC_OK) return NULL;
        double base = strcmp(r.ranker, "v1-100.txt") == 0 ? 100 : 200;
        for (size_t k = 0; k < r.n; k++) {
            double want = base + (r.items[k].features[4] > 3.5f ? 10 : 0);
            if (r.items[k].score != want) return NULL;
        }
        if (nxc_ranking_explain(ctx, &r, 0, 1, &err) != NXC_OK) return NULL;
        seen |= base == 100 ? 1 : 2;
        n_seen++;
    }
    nxc_ctx_free(ctx);
    return (void *)(n_seen << 2 | seen);
}

/* 4 threads rank while this one switches 1,000 times between two models. */
static void a_request_has_one_model(void **state) {
    const fixture *f = *state;
    static shared s;
    pthread_t threads[N_THREADS];
    char paths[2][300];
    nxc_error err;
    for (int k = 0; k < 2; k++)
        snprintf(paths[k], sizeof paths[k], "%s",
                 write_v1(f, 100 * (k + 1), false));
    s.engine = open_engine();
    nxc_ranker *r;
    assert_ok(nxc_ranker_load(paths[0], NULL, &r, &err), err);
    assert_ok(nxc_engine_set_ranker(s.engine, r, &err), err);
    for (size_t i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, rank_on, &s), 0);
    for (size_t i = 0; i < N_SWITCHES; i++) {
        assert_ok(nxc_ranker_load(paths[i % 2], NULL, &r, &err), err);
        assert_ok(nxc_engine_set_ranker(s.engine, r, &err), err);
        nxc__atomic_word_add(&s.n_done, 1);
    }
    size_t n = 0, seen = 0;
    for (size_t i = 0; i < N_THREADS; i++) {
        void *got;
        assert_int_equal(pthread_join(threads[i], &got), 0);
        assert_non_null(got); /* no wrong score, no error */
        n += (uintptr_t)got >> 2;
        seen |= (uintptr_t)got & 3;
    }
    assert_true(n >= N_THREADS * 10);
    assert_int_equal(seen, 3);
    nxc_engine_close(s.engine);
}

int main(void) {
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(versions_change_roles),
        TEST(names_are_checked_and_ordered),
        TEST(a_changed_model_is_refused),
        TEST(damaged_check_vectors_are_refused),
        TEST(check_vectors_may_come_with_the_model),
        TEST(a_wrong_state_file_says_what),
        TEST(kills_leave_a_whole_registry),
        TEST(an_engine_follows_its_registry),
        TEST(a_refused_version_changes_nothing),
        TEST(a_wider_shadow_is_refused),
        TEST(a_request_has_one_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
