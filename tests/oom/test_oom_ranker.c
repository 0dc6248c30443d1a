#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "ranker/ranker.h"
#include "support/failing_alloc.h"
#include "support/nxc_test.h"
#include "support/small_model.h"

static nxc_ranker *const untouched = (nxc_ranker *)(uintptr_t)16;

static nxc_status finish(nxc_status st, nxc_ranker *r) {
    if (st == NXC_OK)
        nxc_ranker_free(r);
    else
        assert_ptr_equal(r, untouched);
    return st;
}
static nxc_status parse(nxc_failing_alloc *fa, void *user, nxc_error *err) {
    nxc_ranker *r = untouched;
    nxc_status st =
        nxc__ranker_parse(NXC_STR("m"), nxc__str(user), &fa->alloc, &r, err);
    return finish(st, r);
}
static nxc_status load(nxc_failing_alloc *fa, void *user, nxc_error *err) {
    nxc_ranker *r = untouched;
    nxc_status st = nxc_ranker_load(user, &fa->alloc, &r, err);
    return finish(st, r);
}
static nxc_status new_default(nxc_failing_alloc *fa, void *user,
                              nxc_error *err) {
    nxc_ranker *r = untouched;
    (void)user;
    nxc_status st = nxc_ranker_default(&fa->alloc, &r, err);
    return finish(st, r);
}

static char model[] =
    NXC_SMALL_MODEL "nextcall notes\na=1\nb=2\nend of nextcall notes\n";

static void parse_survives(void **state) {
    (void)state;
    /* ranker, forest, names, and a buffer for each of trees, nodes, leaves,
     * words, boundaries, check, notes */
    assert_true(nxc_oom_loop("parse", parse, model) >= 10);
}

/* Names that take a second block of their arena. */
static void long_names_survive(void **state) {
    (void)state;
    static char text[40000];
    size_t at = (size_t)snprintf(
        text, sizeof text,
        "tree\nversion=v4\nnum_class=1\nmax_feature_idx=999\nfeature_names=");
    for (int i = 0; i < 1000; i++)
        at += (size_t)snprintf(text + at, sizeof text - at,
                               "a_rather_long_name_of_%d ", i);
    snprintf(text + at, sizeof text - at,
             "\n\nTree=0\nnum_leaves=1\nnum_cat=0\nleaf_value=1\n\n"
             "end of trees\n");
    assert_true(nxc_oom_loop("names", parse, text) >= 7);
}

static void load_survives(void **state) {
    (void)state;
    char path[] = NXC_BINARY_DIR "/nxc_oom_ranker_XXXXXX";
    nxc_error err;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_ok(nxc__file_replace(path, model, sizeof model - 1, &err), err);
    assert_true(nxc_oom_loop("load", load, path) >= 10);
    unlink(path);
}

static void default_survives(void **state) {
    (void)state;
    assert_int_equal(nxc_oom_loop("default", new_default, NULL), 1);
}

static void scoring_allocates_nothing(void **state) {
    (void)state;
    nxc_failing_alloc fa;
    nxc_error err;
    nxc_ranker *r;
    double row[3] = {0, 0, 0}, score;
    nxc_failing_init(&fa, 0, false);
    assert_ok(nxc__ranker_parse(NXC_STR("m"), NXC_STR(NXC_SMALL_MODEL),
                                &fa.alloc, &r, &err),
              err);
    size_t n = fa.n_calls;
    assert_ok(nxc_ranker_score(r, row, 1, &score, &err), err);
    assert_int_equal(fa.n_calls, n);
    nxc_ranker_free(r);
    nxc_failing_check(&fa, "scoring");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_survives),
        cmocka_unit_test(long_names_survive),
        cmocka_unit_test(load_survives),
        cmocka_unit_test(default_survives),
        cmocka_unit_test(scoring_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
