/* Which models an engine takes: those of a set, and those of the first columns
 * of a longer one, which then read nothing else. */
#include <math.h>

#include "features/feature.h"
#include "ranker/ranker.h"
#include "support/small_catalog.h"

/* A model of n features that have the names of set v2 (the one at `other` does
 * not), with one split of the last: 1 where it is missing, else 2. */
static nxc_ranker *model(size_t n, size_t other, bool has_names) {
    const nxc__feature_set *v2 = nxc__feature_set_find(NXC_STR("v2"));
    nxc__buffer b;
    nxc_ranker *r;
    nxc_error err;
    nxc__buffer_init(&b, &nxc__allocator_default, 65536);
    nxc__buffer_printf(&b,
                       "tree\nversion=v4\nnum_class=1\nmax_feature_idx=%zu\n"
                       "feature_names=",
                       n - 1);
    for (size_t i = 0; i < n; i++)
        if (!has_names)
            nxc__buffer_printf(&b, "%sColumn_%zu", i ? " " : "", i);
        else
            nxc__buffer_printf(&b, "%s%s", i ? " " : "",
                               i == other || i >= v2->n ? "another"
                                                        : v2->rows[i].name);
    nxc__buffer_printf(&b,
                       "\n\nTree=0\nnum_leaves=2\nnum_cat=0\nsplit_feature=%zu"
                       "\nthreshold=1e300\ndecision_type=8\nleft_child=-1\n"
                       "right_child=-2\nleaf_value=2 1\n\nend of trees\n",
                       n - 1);
    assert_ok(nxc__ranker_parse(NXC_STR("model"), nxc__buffer_str(&b),
                                &nxc__allocator_default, &r, &err),
              err);
    nxc__buffer_release(&b);
    return r;
}

static void test_which(void **state) {
    size_t n = nxc__feature_set_find(NXC_STR("v2"))->n;
    const struct {
        size_t n, other;
        bool has_names;
        nxc_status want;
    } cases[] = {
        {n, SIZE_MAX, true, NXC_OK},
        {n - 1, SIZE_MAX, true, NXC_OK},
        {NXC_V1_N_FEATURES + 1, SIZE_MAX, true, NXC_OK},
        {NXC_V1_N_FEATURES, SIZE_MAX, true, NXC_OK},
        {NXC_V1_N_FEATURES - 1, SIZE_MAX, true, NXC_ERR_MISMATCH},
        {n + 1, SIZE_MAX, true, NXC_ERR_MISMATCH},
        {n - 1, n - 2, true, NXC_ERR_MISMATCH},
        {n - 1, 3, true, NXC_ERR_MISMATCH},
        {n, SIZE_MAX, false, NXC_OK},
        {n - 1, SIZE_MAX, false, NXC_ERR_MISMATCH}, /* says nothing */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nxc_engine *e;
        nxc_error err;
        nxc_ranker *r = model(cases[i].n, cases[i].other, cases[i].has_names);
        assert_ok(nxc_engine_open(NULL, NULL, &e, &err), err);
        nxc_status st = nxc_engine_set_ranker(e, r, &err);
        if (st != cases[i].want)
            fail_msg("case %zu: expected %s, got %s", i,
                     nxc_status_name(cases[i].want), nxc_status_name(st));
        if (st != NXC_OK) nxc_ranker_free(r);
        nxc_engine_close(e);
    }
}

/* A shorter model ranks, and its answer carries the whole set. */
static void test_shorter(void **state) {
    size_t n = nxc__feature_set_find(NXC_STR("v2"))->n;
    nxc_engine *e;
    nxc_ctx *ctx;
    nxc_error err;
    nxc_ranking out;
    nxc_request request = NXC_REQUEST_INIT;
    (void)state;
    assert_ok(nxc_engine_open(NULL, NULL, &e, &err), err);
    assert_ok(nxc_engine_set_ranker(e, model(12, SIZE_MAX, true), &err), err);
    assert_ok(
        nxc_engine_add_catalog(e, NXC_STR("small"), small_catalog(), &err),
        err);
    assert_ok(nxc_ctx_new(e, &ctx, &err), err);
    request.prompt = NXC_STR("list customers");
    assert_ok(nxc_rank(ctx, &request, &out, &err), err);
    assert_int_equal(out.n_features, n);
    for (size_t i = 0; i < out.n; i++) {
        bool is_missing = isnan(out.items[i].features[11]);
        assert_true(out.items[i].score == (is_missing ? 1.0 : 2.0));
    }
    nxc_ctx_free(ctx);
    nxc_engine_close(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which),
        cmocka_unit_test(test_shorter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
