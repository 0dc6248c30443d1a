/* Opening an engine, adding a catalog and ranking, with the n-th allocation
 * failing: NXC_ERR_NOMEM, nothing leaked, outputs untouched. */
#include "support/failing_alloc.h"
#include "support/nxc_test.h"

static const char document[] =
    "{\"openapi\":\"3.0.0\",\"info\":{\"title\":\"t\",\"version\":\"1\"},"
    "\"paths\":{\"/users\":{\"get\":{\"summary\":\"List users\"},\"post\":{"
    "\"summary\":\"Create a user\"}},\"/users/{id}\":{\"delete\":{}}}}";

static nxc_status rank_once(nxc_engine *engine, nxc_error *err) {
    nxc_ctx *ctx = NULL;
    nxc_request request;
    nxc_ranking ranking;
    nxc_str json;
    nxc_status st = nxc_ctx_new(engine, &ctx, err);
    if (st != NXC_OK) {
        assert_null(ctx);
        return st;
    }
    st = nxc_request_parse(
        ctx,
        NXC_STR("{\"prompt\":\"create a user\",\"history\":[\"GET /users\"]}"),
        &request, err);
    if (st == NXC_OK) st = nxc_rank(ctx, &request, &ranking, err);
    if (st == NXC_OK)
        st = nxc_ranking_format(ctx, &request, &ranking, true, &json, err);
    nxc_ctx_free(ctx);
    return st;
}

static nxc_status whole_path(nxc_failing_alloc *fa, void *user,
                             nxc_error *err) {
    nxc_engine *engine = NULL;
    nxc_catalog *catalog = NULL;
    const char *set = user; /* to extract, or NULL */
    nxc_status st = nxc_engine_open(NULL, &fa->alloc, &engine, err);
    if (st != NXC_OK) {
        assert_null(engine);
        return st;
    }
    if (set) st = nxc_engine_set_features(engine, set, err);
    if (st == NXC_OK)
        st = nxc_catalog_import(NXC_STR("t.json"), nxc__str(document), NULL,
                                NULL, &fa->alloc, &catalog, NULL, err);
    if (st != NXC_OK) assert_null(catalog);
    if (st == NXC_OK) {
        st = nxc_engine_add_catalog(engine, NXC_STR("t"), catalog, err);
        if (st != NXC_OK) nxc_catalog_free(catalog);
    }
    if (st == NXC_OK) st = rank_once(engine, err);
    nxc_engine_close(engine);
    return st;
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    size_t n = nxc_oom_loop("engine", whole_path, NULL);
    assert_true(n > 10);
}

static void every_allocation_of_v2_may_fail(void **state) {
    (void)state;
    char set[] = "v2";
    size_t n = nxc_oom_loop("set v2", whole_path, set);
    assert_true(n > 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(every_allocation_of_v2_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
