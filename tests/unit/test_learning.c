/* From learned sessions to rankings: statistics of a catalog, those of one
 * context in their place, and how well text does by itself. */
#include "engine/learning.h"
#include "features/point.h"
#include "support/tiny_engine.h"

#define FOLDER NXC_BINARY_DIR "/tests/learning"

static const char shop[] =
    "{\"id\":\"GET /customers\",\"method\":\"GET\",\"path\":\"/customers\","
    "\"operationId\":\"listCustomers\",\"summary\":\"List customers\"}\n"
    "{\"id\":\"POST /invoices\",\"method\":\"POST\",\"path\":\"/invoices\","
    "\"operationId\":\"createInvoice\",\"summary\":\"Create an invoice\"}\n"
    "{\"id\":\"GET /invoices\",\"method\":\"GET\",\"path\":\"/invoices\","
    "\"operationId\":\"listInvoices\",\"summary\":\"List invoices\"}\n";
enum { CUSTOMERS, CREATE, INVOICES };

static nxc_engine *engine;
static nxc_ctx *ctx;
static nxc__learned learned;

static void learn(uint64_t key, const char *prompt, uint32_t a, uint32_t b) {
    nxc_error err;
    uint32_t text;
    nxc__learned_session s = {
        .key = {key, 1}, .group = {key, 2}, .time = NXC_NAN, .n = 2};
    assert_ok(nxc__learned_text(&learned, nxc__str(prompt), &text, &err), err);
    const nxc__learned_call calls[2] = {{a, text, text, 0}, {b, text, text, 1}};
    assert_ok(nxc__learned_add(&learned, &s, calls, &err), err);
}

static int set_up(void **state) {
    nxc_catalog *catalog;
    nxc_error err;
    (void)state;
    tiny_model model = {.n_layers = 1, .n_positions = 64, .seed = 3};
    tiny_model_write(&model, FOLDER);
    assert_ok(nxc_model_pack(FOLDER, FOLDER "/tiny.nxm", NXC_F32, NULL, &err),
              err);
    engine = tiny_engine("", FOLDER "/tiny.nxm", &nxc__allocator_default);
    assert_ok(nxc_engine_set_features(engine, "v2", &err), err);
    assert_ok(nxc_catalog_import(NXC_STR("shop"), nxc__str(shop), NULL, NULL,
                                 NULL, &catalog, NULL, &err),
              err);
    assert_ok(nxc_engine_add_catalog(engine, NXC_STR("shop"), catalog, &err),
              err);
    assert_ok(nxc_ctx_new(engine, &ctx, &err), err);
    nxc__learned_init(&learned, &nxc__allocator_default);
    learn(1, "list a customer", CUSTOMERS, CREATE);
    learn(2, "create an invoice", CREATE, INVOICES);
    return 0;
}
static int tear_down(void **state) {
    (void)state;
    nxc__learned_release(&learned);
    nxc_ctx_free(ctx);
    nxc_engine_close(engine);
    tiny_model_remove(FOLDER);
    return 0;
}

static nxc__statistics *statistics_without(const nxc__hash128 *group,
                                           const float *text_ranks) {
    nxc_error err;
    nxc__statistics *s;
    nxc__learning_options o = {.now = NXC_NAN,
                               .exclude = group,
                               .n_exclude = group != NULL,
                               .text_ranks = text_ranks};
    assert_ok(
        nxc__engine_statistics(engine, NXC_STR("shop"), &learned, &o, &s, &err),
        err);
    return s;
}

/* The feature of the operation in a ranking. */
static double ranked(uint32_t operation, size_t feature) {
    nxc_request r = NXC_REQUEST_INIT;
    nxc_ranking out;
    nxc_error err;
    r.prompt = NXC_STR("create an invoice");
    assert_ok(nxc_rank(ctx, &r, &out, &err), err);
    for (size_t i = 0; i < out.n; i++)
        if (out.items[i].operation == operation)
            return (double)out.items[i].features[feature];
    fail_msg("operation %u is not ranked", operation);
    return 0;
}

static void close_to(double got, double want) {
    if (!(fabs(got - want) < 1e-5)) fail_msg("expected %g, got %g", want, got);
}

static void test_whose_statistics(void **state) {
    (void)state;
    const nxc__hash128 second = {2, 2};
    nxc_error err;
    nxc__statistics *less = statistics_without(&second, NULL);
    assert_true(isnan(ranked(CREATE, NXC_V2_w_pop)));
    assert_ok(nxc__engine_set_statistics(engine, NXC_STR("shop"),
                                         statistics_without(NULL, NULL), &err),
              err);
    close_to(ranked(CREATE, NXC_V2_w_pop), 0.5);
    assert_true(ranked(CREATE, NXC_V2_kn_top) > 0.99);
    nxc__ctx_set_statistics(ctx, less);
    close_to(ranked(INVOICES, NXC_V2_w_pop), 0);
    nxc__ctx_set_statistics(ctx, NULL);
    close_to(ranked(INVOICES, NXC_V2_w_pop), 0.25);
    assert_ok(nxc__engine_set_statistics(engine, NXC_STR("shop"), NULL, &err),
              err);
    assert_true(isnan(ranked(CREATE, NXC_V2_w_pop)));
    nxc__statistics_free(less);
}

/* With ranks that are there already the same reliability comes out. */
static void test_text_ranks(void **state) {
    (void)state;
    float ranks[4], rows[4 * NXC_DIM];
    nxc_error err;
    nxc__statistics_info a, b;
    nxc__statistics *s = statistics_without(NULL, NULL), *other;
    assert_ok(nxc__engine_encode_learned(engine, &learned, rows, &err), err);
    assert_ok(nxc__engine_text_ranks(engine, NXC_STR("shop"), &learned, rows, 0,
                                     4, ranks, &err),
              err);
    for (int i = 0; i < 4; i++)
        assert_true(ranks[i] > 0 && ranks[i] <= 1);
    other = statistics_without(NULL, ranks);
    nxc__statistics_get_info(s, &a);
    nxc__statistics_get_info(other, &b);
    for (int k = 0; k < 2; k++) {
        assert_false(isnan(a.reliability[k].text));
        assert_memory_equal(&a.reliability[k].text, &b.reliability[k].text, 4);
        assert_memory_equal(&a.reliability[k].fusion, &b.reliability[k].fusion,
                            4);
    }
    nxc__statistics_free(s);
    nxc__statistics_free(other);
}

static void test_unknown_catalog(void **state) {
    (void)state;
    nxc__statistics *s = NULL;
    nxc__learning_options o = {.now = NXC_NAN};
    nxc_error err;
    float rank;
    assert_int_equal(
        nxc__engine_statistics(engine, NXC_STR("bank"), &learned, &o, &s, &err),
        NXC_ERR_NOT_FOUND);
    assert_null(s);
    assert_int_equal(
        nxc__engine_set_statistics(engine, NXC_STR("bank"), NULL, &err),
        NXC_ERR_NOT_FOUND);
    assert_int_equal(nxc__engine_text_ranks(engine, NXC_STR("bank"), &learned,
                                            NULL, 0, 1, &rank, &err),
                     NXC_ERR_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whose_statistics),
        cmocka_unit_test(test_text_ranks),
        cmocka_unit_test(test_unknown_catalog),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
