#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ranker/ranker.h"
#include "support/nxc_test.h"
#include "support/small_model.h"
#include "train/trainer.h"

static void parameters(void **state) {
    (void)state;
    static const char *const none[] = {NULL};
    static const char *const given[] = {"num_leaves=7", "max_depth=3",
                                        "num_leaves=9"};
    nxc__buffer b;
    nxc_error err;
    nxc__buffer_init(&b, &nxc__allocator_default, 4096);
    assert_ok(nxc__train_parameters(none, 0, 3, 2, &b, &err), err);
    assert_non_null(strstr(b.data, "objective=lambdarank "));
    assert_non_null(strstr(b.data, "num_leaves=31 "));
    assert_non_null(strstr(b.data, " num_threads=2 seed=3"));
    assert_int_equal(b.data[b.len], 0);
    b.len = 0;
    assert_ok(nxc__train_parameters(given, 3, 3, 2, &b, &err), err);
    assert_null(strstr(b.data, "num_leaves=31"));
    assert_null(strstr(b.data, "num_leaves=7"));
    assert_non_null(strstr(b.data, "max_depth=3 num_leaves=9 "));
    const struct {
        const char *given, *message;
    } wrong[] = {
        {"num_leaves", "expected name=value"},
        {"=3", "expected name=value"},
        {"a=b c=d", "without blanks"},
        {"seed=3", "for which there is --seed"},
        {"metric=auc", "for which there is NDCG@10"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(
            nxc__train_parameters(&wrong[i].given, 1, 1, 1, &b, &err),
            NXC_ERR_INVALID);
        assert_non_null(strstr(err.message, wrong[i].message));
    }
    nxc__buffer_release(&b);
}

/* The joined model scores the sum of both, bit by bit of exact numbers. */
static void joined_models_add_up(void **state) {
    (void)state;
    nxc__buffer b;
    nxc_ranker *one, *two;
    nxc_error err;
    nxc_str text = NXC_STR(NXC_SMALL_MODEL);
    nxc__buffer_init(&b, &nxc__allocator_default, 1 << 20);
    assert_ok(nxc__train_join(text, text, &b, &err), err);
    assert_null(strstr(b.data, "tree_sizes"));
    assert_ok(nxc__ranker_parse(NXC_STR("m"), text, NULL, &one, &err), err);
    assert_ok(
        nxc__ranker_parse(NXC_STR("m"), nxc__buffer_str(&b), NULL, &two, &err),
        err);
    for (int i = 0; i < 64; i++) {
        double row[3] = {i % 2, i % 3 - 1, i % 5}, a, sum;
        assert_ok(nxc_ranker_score(one, row, 1, &a, &err), err);
        assert_ok(nxc_ranker_score(two, row, 1, &sum, &err), err);
        assert_true(sum == 2 * a);
    }
    assert_int_equal(
        nxc__train_join(text, NXC_STR("tree\nend of trees\n"), &b, &err),
        NXC_ERR_PARSE);
    assert_int_equal(nxc__train_join(NXC_STR("Tree=0\n"), text, &b, &err),
                     NXC_ERR_PARSE);
    nxc_ranker_free(one);
    nxc_ranker_free(two);
    nxc__buffer_release(&b);
}

static void what_is_no_lightgbm(void **state) {
    (void)state;
    char path[] = "/tmp/nxc-train-XXXXXX";
    nxc__lightgbm lib;
    nxc_error err;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "\177ELF and no more", 16), 16);
    close(fd);
    assert_int_equal(nxc__lightgbm_open(path, &lib, &err), NXC_ERR_STATE);
    assert_non_null(strstr(err.message, "lightgbm: expected a library, got: "));
    unlink(path);
    assert_int_equal(nxc__lightgbm_open(path, &lib, &err), NXC_ERR_STATE);
    assert_int_equal(nxc__lightgbm_open("/", &lib, &err), NXC_ERR_STATE);
    assert_int_equal(nxc__lightgbm_open("libc.so.6", &lib, &err),
                     NXC_ERR_STATE);
    assert_string_equal(err.message,
                        "libc.so.6: expected LightGBM 4 or later, got a "
                        "library without LGBM_DumpParamAliases");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters),
        cmocka_unit_test(joined_models_add_up),
        cmocka_unit_test(what_is_no_lightgbm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
