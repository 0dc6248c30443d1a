/* Opening an engine, adding a catalog and ranking, with the n-th allocation
 * failing: NXC_ERR_NOMEM, nothing leaked, outputs untouched. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

/* A registry's active version and its shadow, then a request. */
static nxc_status registry_path(nxc_failing_alloc *fa, void *user,
                                nxc_error *err) {
    nxc_engine *engine = NULL;
    nxc_catalog *catalog = NULL;
    nxc_status st = nxc_engine_open(NULL, &fa->alloc, &engine, err);
    if (st == NXC_OK) st = nxc_engine_set_registry(engine, user, err);
    if (st == NXC_OK)
        st = nxc_catalog_import(NXC_STR("t.json"), nxc__str(document), NULL,
                                NULL, &fa->alloc, &catalog, NULL, err);
    if (st == NXC_OK) {
        st = nxc_engine_add_catalog(engine, NXC_STR("t"), catalog, err);
        if (st != NXC_OK) nxc_catalog_free(catalog);
    }
    if (st == NXC_OK) st = rank_once(engine, err);
    nxc_engine_close(engine);
    return st;
}

static void every_allocation_of_a_registry_may_fail(void **state) {
    (void)state;
    static const char *const files[] = {"versions/0001/model.txt",
                                        "versions/0001/check.nxv",
                                        "versions/0001",
                                        "versions/0002/model.txt",
                                        "versions/0002/check.nxv",
                                        "versions/0002",
                                        "versions",
                                        "registry.json",
                                        "lock",
                                        "."};
    const char *model = NXC_SOURCE_DIR "/models/universal-v2.txt";
    char dir[] = NXC_BINARY_DIR "/nxc_oom_registry_XXXXXX", path[512];
    nxc_registry_add_options o = NXC_REGISTRY_ADD_OPTIONS_INIT;
    nxc_error err;
    assert_non_null(mkdtemp(dir));
    o.n_check = 2;
    o.activate = true;
    assert_ok(nxc_registry_add(dir, model, &o, NULL, &err), err);
    o.activate = false;
    assert_ok(nxc_registry_add(dir, model, &o, NULL, &err), err);
    assert_ok(nxc_registry_set_shadow(dir, "0002", &err), err);
    assert_true(nxc_oom_loop("registry", registry_path, dir) > 30);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        if (unlink(path) != 0) rmdir(path);
    }
    rmdir(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(every_allocation_of_v2_may_fail),
        cmocka_unit_test(every_allocation_of_a_registry_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
