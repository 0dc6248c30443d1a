/* Earlier sessions of a user: read, resolved, and the family prior by values
 * computed by hand. */
#include <stdio.h>

#include "support/v2_point.h"

static const char shop[] =
    "{\"id\":\"GET /customers\",\"method\":\"GET\",\"path\":\"/customers\"}\n"
    "{\"id\":\"POST /customers\",\"method\":\"POST\",\"path\":\"/customers\"}\n"
    "{\"id\":\"GET /orders\",\"method\":\"GET\",\"path\":\"/orders\"}\n"
    "{\"id\":\"GET /items\",\"method\":\"GET\",\"path\":\"/items\"}\n";
enum { CUSTOMERS, ADD_CUSTOMER, ORDERS, ITEMS };
#define DAY 86400.0

static v2_point point;

static int set_up(void **state) {
    (void)state;
    v2_open(&point, shop);
    return 0;
}
static int tear_down(void **state) {
    (void)state;
    v2_close(&point);
    return 0;
}

/* The features of a point whose user has these earlier sessions. */
static void extract(const nxc__earlier *earlier, size_t n) {
    nxc_error err;
    assert_ok(v2_extract(&point, "list orders", "", NULL), err);
    point.session.earlier = earlier;
    point.session.n_earlier = n;
    assert_ok(nxc__features_extract(&point.dp,
                                    nxc__feature_set_find(NXC_STR("v2")),
                                    point.rows[0], point.status, &err),
              err);
}

static void test_none(void **state) {
    (void)state;
    extract(NULL, 0);
    assert_v2_missing(&point, ORDERS, prior_op);
    assert_v2_missing(&point, ORDERS, prior_res);
    assert_v2_missing(&point, ORDERS, prior_last);
    assert_v2_missing(&point, ORDERS, prior_n);
    assert_int_equal(point.status[NXC_V2_prior_op], NXC_FEATURE_NO_ENCODER);
}

/* 60 days ago (a quarter): two calls of customers, one each; 30 days ago (a
 * half): orders. Calls by weight: .25 + .25 + .5 = 1; sessions: .75. */
static void test_weights(void **state) {
    static const uint32_t old[] = {CUSTOMERS, ADD_CUSTOMER}, last[] = {ORDERS};
    nxc__earlier earlier[] = {{old, 2, 60 * DAY}, {last, 1, 30 * DAY}};
    (void)state;
    for (int turned = 0; turned < 2; turned++) {
        extract(earlier, 2);
        assert_v2(&point, CUSTOMERS, prior_op, .25);
        assert_v2(&point, CUSTOMERS, prior_res, .5);
        assert_v2(&point, CUSTOMERS, prior_last, 0);
        assert_v2(&point, ADD_CUSTOMER, prior_op, .25);
        assert_v2(&point, ORDERS, prior_op, .5);
        assert_v2(&point, ORDERS, prior_res, .5);
        assert_v2(&point, ORDERS, prior_last, 1);
        assert_v2(&point, ITEMS, prior_op, 0);
        assert_v2(&point, ITEMS, prior_res, 0);
        assert_v2(&point, ITEMS, prior_n, log(1.75));
        nxc__earlier t = earlier[0]; /* the newest is told by its age */
        earlier[0] = earlier[1];
        earlier[1] = t;
    }
}

/* Without ages each counts in full, and the last is the newest. */
static void test_no_ages(void **state) {
    static const uint32_t a[] = {CUSTOMERS, ORDERS}, b[] = {ORDERS, ITEMS};
    const nxc__earlier earlier[] = {{a, 2, NXC_NAN}, {b, 2, NXC_NAN}};
    (void)state;
    extract(earlier, 2);
    assert_v2(&point, ORDERS, prior_op, .5);
    assert_v2(&point, ITEMS, prior_op, .25);
    assert_v2(&point, ORDERS, prior_last, 0);
    assert_v2(&point, ITEMS, prior_last, 1);
    assert_v2(&point, ORDERS, prior_n, log(3));
}

/* ---------------------------------------------------------------- reading */

static const struct {
    const char *json;
    nxc_status want;
    const char *got; /* sessions of operations and ages, or of the message */
} readings[] = {
    {"{\"previous\":null}", NXC_OK, ""},
    {"{\"previous\":[]}", NXC_OK, ""},
    {"{\"previous\":[[\"GET /orders\",\"GET /orders/7\",\"GET /items\"]]}",
     NXC_OK, "2 3 @nan;"},
    {"{\"now\":100,\"previous\":[{\"calls\":[\"GET /items\"],\"time\":40},"
     "{\"history\":[{\"call\":\"GET /orders\",\"ts\":90}]}]}",
     NXC_OK, "3 @60;2 @10;"},
    {"{\"now\":100,\"previous\":[{\"calls\":[\"GET /items\"],\"time\":140},"
     "[\"nothing\"],[]]}",
     NXC_OK, "3 @0;"},
    {"{\"previous\":7}", NXC_ERR_INVALID, "$.previous"},
    {"{\"previous\":[7]}", NXC_ERR_INVALID, "$.previous[0]"},
    {"{\"previous\":[[\"GET /items\"],{\"call\":\"GET /items\"}]}",
     NXC_ERR_INVALID, "$.previous[1]"},
    {"{\"previous\":[{\"calls\":[7]}]}", NXC_ERR_INVALID,
     "$.previous[0].calls[0]"},
    {"{\"previous\":[{\"calls\":[],\"time\":\"x\"}]}", NXC_ERR_INVALID,
     "$.previous[0].time"},
    {"{\"previous\":[[\"a\",\"b\"],[\"c\",\"d\"]]}", NXC_ERR_LIMIT,
     "previous[1]: expected at most 3 calls in all (max_history)"},
};

static void format_earlier(const nxc__session *s, char *out, size_t cap) {
    size_t at = 0;
    out[0] = 0;
    for (size_t i = 0; i < s->n_earlier; i++) {
        for (size_t k = 0; k < s->earlier[i].n; k++)
            at += (size_t)snprintf(out + at, cap - at, "%u ",
                                   s->earlier[i].operations[k]);
        double age = s->earlier[i].age;
        at += isnan(age) ? (size_t)snprintf(out + at, cap - at, "@nan;")
                         : (size_t)snprintf(out + at, cap - at, "@%g;", age);
    }
}

static void test_reading(void **state) {
    nxc_config *cfg;
    nxc_error err;
    (void)state;
    assert_ok(nxc_config_new(NULL, &cfg, &err), err);
    assert_ok(nxc_config_set(cfg, "max_history", "3", &err), err);
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        nxc_request r = NXC_REQUEST_INIT;
        nxc__session s = {.n = 0};
        char got[200];
        err.message[0] = 0;
        nxc__arena_reset(&point.arena);
        nxc_status st = nxc__request_read(
            NXC_STR("request"), nxc__str(readings[i].json), cfg, &point.arena,
            &nxc__allocator_default, &r, &err);
        if (st == NXC_OK)
            st = nxc__session_resolve_earlier(point.catalog, &r, cfg,
                                              &point.arena, &s, &err);
        format_earlier(&s, got, sizeof got);
        bool ok = st == readings[i].want &&
                  (st == NXC_OK ? strcmp(got, readings[i].got) == 0
                                : strstr(err.message, readings[i].got) != NULL);
        if (!ok)
            fail_msg("%s: expected %s, got %s %s", readings[i].json,
                     readings[i].got, got, err.message);
    }
    nxc_request r = NXC_REQUEST_INIT;
    assert_ok(
        nxc__request_read(NXC_STR("r"), NXC_STR("{\"previous\":\"jane\"}"), cfg,
                          &point.arena, &nxc__allocator_default, &r, &err),
        err);
    assert_str(r.previous_of, "jane");
    nxc_config_free(cfg);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_no_ages),
        cmocka_unit_test(test_reading),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
