/* Families of the feature set v2 by values computed by hand, on a catalog of
 * six operations and one tool. */
#include <stdio.h>

#include "support/v2_point.h"
#include "text/terms.h"

static const char shop[] =
    "{\"id\":\"GET /customers\",\"method\":\"GET\",\"path\":\"/customers\","
    "\"operationId\":\"listCustomers\",\"summary\":\"List customers\","
    "\"parameters\":[\"limit\"],\"returns\":[\"id\",\"email\"],"
    "\"returns_schema\":\"Customer\"}\n"
    "{\"id\":\"POST /customers\",\"method\":\"POST\",\"path\":\"/customers\","
    "\"operationId\":\"createCustomer\",\"summary\":\"Create a customer\","
    "\"body\":[\"email\",\"name\"],\"body_required\":[\"email\"],"
    "\"returns\":[\"id\",\"email\"],\"returns_schema\":\"Customer\"}\n"
    "{\"id\":\"GET /customers/{customer_id}\",\"method\":\"GET\","
    "\"path\":\"/customers/{customer_id}\",\"operationId\":\"getCustomer\","
    "\"summary\":\"Retrieve a customer\",\"parameters\":[\"customer_id\"],"
    "\"returns\":[\"id\",\"email\"],\"returns_schema\":\"Customer\"}\n"
    "{\"id\":\"POST /customers/{customer_id}/orders\",\"method\":\"POST\","
    "\"path\":\"/customers/{customer_id}/orders\","
    "\"operationId\":\"createOrder\",\"summary\":\"Create an order\","
    "\"parameters\":[\"customer_id\"],\"body\":[\"product_id\",\"note\"],"
    "\"body_required\":[\"product_id\"],\"returns\":[\"id\",\"total\"],"
    "\"returns_schema\":\"Order\"}\n"
    "{\"id\":\"GET /products\",\"method\":\"GET\",\"path\":\"/products\","
    "\"operationId\":\"listProducts\",\"summary\":\"List products\","
    "\"returns\":[\"id\",\"price\"],\"returns_schema\":\"Product\"}\n"
    "{\"id\":\"DELETE /products/{product_id}\",\"method\":\"DELETE\","
    "\"path\":\"/products/{product_id}\",\"operationId\":\"deleteProduct\","
    "\"summary\":\"Delete a product\",\"parameters\":[\"product_id\"]}\n"
    "{\"id\":\"Mail.SendLetter\",\"operationId\":\"Mail.SendLetter\","
    "\"summary\":\"Send a letter\"}\n";

enum {
    LIST_CUSTOMERS,
    CREATE_CUSTOMER,
    GET_CUSTOMER,
    CREATE_ORDER,
    LIST_PRODUCTS,
    DELETE_PRODUCT,
    SEND_LETTER,
    N_OPS
};

static v2_point point;

static int set_up(void **state) {
    v2_open(&point, shop);
    *state = &point;
    return 0;
}
static int tear_down(void **state) {
    v2_close(*state);
    return 0;
}

static void extract(v2_point *p, const char *prompt, const char *const *calls) {
    assert_int_equal(v2_extract(p, prompt, "", calls), NXC_OK);
}

static void test_terms(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"listCustomers of /v1/tax_rates", "list customer 1 tax rat"},
        {"Creating created creates create", "creat creat creat creat"},
        {"the companies' policy, please", "company policy"},
        {"customer's ids", "customer ids"},
        {"bus less", "bus les"},
        {"", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char got[256] = "";
        size_t n = 0;
        nxc__term_iter it = nxc__terms(nxc__str(cases[i][0]));
        while (nxc__term_next(&it))
            n += (size_t)snprintf(got + n, sizeof got - n, "%s%.*s",
                                  n ? " " : "", (int)it.term.len, it.term.ptr);
        assert_string_equal(got, cases[i][1]);
    }
}

static void test_clauses(void **state) {
    (void)state;
    static const struct {
        const char *prompt, *clauses[4];
    } cases[] = {{"Find a customer. Create an order",
                  {"Find a customer.", "Create an order"}},
                 {"find it and then create an order, afterwards mail it",
                  {"find it", "create an order,", "mail it"}},
                 {"stop, list products", {"stop, list products"}},
                 {"list products, stop", {"list products, stop"}},
                 {"by order of one\ntwo words", {"order of one", "two words"}},
                 {"hand it over", {"hand it over"}},
                 {"...", {NULL}},
                 {"", {NULL}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nxc_str out[NXC_MAX_CLAUSES];
        size_t n = nxc__clauses(nxc__str(cases[i].prompt), out), want = 0;
        while (want < 4 && cases[i].clauses[want])
            want++;
        if (n != want) fail_msg("%s: %zu clauses", cases[i].prompt, n);
        for (size_t k = 0; k < n; k++)
            assert_str(out[k], cases[i].clauses[k]);
    }
}

static void test_clauses_keep_the_last(void **state) {
    (void)state;
    char prompt[512];
    size_t len = 0;
    for (int i = 0; i < NXC_MAX_CLAUSES + 2; i++)
        len += (size_t)snprintf(prompt + len, sizeof prompt - len,
                                "step number%d. ", i);
    nxc_str out[NXC_MAX_CLAUSES];
    assert_int_equal(nxc__clauses(nxc__str(prompt), out), NXC_MAX_CLAUSES);
    assert_str(out[0], "step number2.");
    assert_str(out[NXC_MAX_CLAUSES - 1], "step number21.");
}

static void test_delta(void **state) {
    (void)state;
    assert_str(nxc__prompt_delta(NXC_STR("a b. c d"), NXC_STR("a b.")), "c d");
    assert_str(nxc__prompt_delta(NXC_STR("c d"), NXC_STR("a b.")), "c d");
    assert_str(nxc__prompt_delta(NXC_STR("a b"), NXC_STR("a b")), "a b");
    assert_str(nxc__prompt_delta(NXC_STR("a b"), NXC_STR("")), "a b");
}

/* "order" stands twice in one name of seven: idf ln(1 + 6.5 / 1.5), tf 2 in a
 * name of 4 terms (creat order creat order); "get" is a stop word. */
static void test_lex(void **state) {
    v2_point *p = *state;
    extract(p, "order", NULL);
    double idf = log(1 + 6.5 / 1.5), mean = 0;
    const double lengths[N_OPS] = {4, 4, 3, 4, 4, 4, 5};
    for (int i = 0; i < N_OPS; i++)
        mean += lengths[i] / N_OPS;
    double norm = 1.2 * (1 - 0.75 + 0.75 * 4 / mean);
    assert_v2(p, CREATE_ORDER, bm_name, idf * 2 * 2.2 / (2 + norm));
    assert_v2(p, LIST_CUSTOMERS, bm_name, 0);
    assert_v2(p, CREATE_ORDER, bm_rest, V2_VALUE(p, CREATE_ORDER, bm_name));
    assert_v2(p, CREATE_ORDER, prompt_len, 1);
    double creat = log(1 + 5.5 / 2.5);
    assert_v2(p, CREATE_ORDER, cov_name, idf / (idf + creat));
    static const char *const calls[] = {"createOrder", NULL};
    extract(p, "order", calls);
    assert_v2(p, CREATE_ORDER, bm_rest, 0);
}

static void test_verbs_and_resources(void **state) {
    v2_point *p = *state;
    extract(p, "deleting one product", NULL);
    assert_v2(p, DELETE_PRODUCT, res_in_prompt, 1);
    assert_v2(p, DELETE_PRODUCT, res_pos, 2.0 / 3);
    assert_v2(p, CREATE_ORDER, res_in_prompt, 0);
    assert_v2(p, CREATE_ORDER, res_pos, 1);
    assert_v2(p, CREATE_ORDER, par_in_prompt, 0);
    assert_v2_missing(p, LIST_PRODUCTS, par_in_prompt);
    assert_v2(p, SEND_LETTER, verb_method, NXC_METHOD_POST);
}

static void test_relations(void **state) {
    v2_point *p = *state;
    static const char *const list[] = {"listCustomers", NULL};
    extract(p, "x", list);
    static const double codes[N_OPS] = {9, 8, 6, 4, 0, 0, 0};
    for (int i = 0; i < N_OPS; i++)
        assert_v2(p, i, rl_code, codes[i]);
    assert_v2(p, CREATE_ORDER, depth_diff, 2);
    assert_v2(p, GET_CUSTOMER, tail, 1);
    static const char *const order[] = {"createOrder", NULL};
    extract(p, "x", order);
    assert_v2(p, GET_CUSTOMER, rl_code, 3);
    extract(p, "x", NULL);
    assert_v2(p, GET_CUSTOMER, rl_code, -1);
    assert_v2_missing(p, GET_CUSTOMER, depth_diff);
}

static void test_flow(void **state) {
    v2_point *p = *state;
    extract(p, "x", NULL);
    assert_v2(p, GET_CUSTOMER, pp_sat, 0);
    assert_v2(p, GET_CUSTOMER, pp_unsat, 1);
    assert_v2_missing(p, LIST_CUSTOMERS, pp_sat);
    static const char *const calls[] = {"createCustomer", "listProducts", NULL};
    extract(p, "x", calls);
    assert_v2(p, GET_CUSTOMER, pp_sat, 1);
    assert_v2(p, DELETE_PRODUCT, pp_sat, 1);
    assert_v2(p, DELETE_PRODUCT, pp_tail_sat, 1);
    assert_v2(p, GET_CUSTOMER, res_created, 1);
    assert_v2(p, LIST_PRODUCTS, res_created, 0);
}

static void test_schema(void **state) {
    v2_point *p = *state;
    extract(p, "x", NULL);
    assert_v2(p, CREATE_ORDER, rq_id_sat, 0);
    assert_v2(p, CREATE_ORDER, rq_id_open, 2);
    assert_v2_missing(p, CREATE_CUSTOMER, rq_id_sat);
    static const char *const calls[] = {"listCustomers", "listProducts", NULL};
    extract(p, "x", calls);
    assert_v2(p, CREATE_ORDER, rq_id_sat, 1);
    assert_v2(p, CREATE_ORDER, rq_id_open, 0);
    assert_v2(p, LIST_PRODUCTS, gives_n, 2);
}

static void test_history(void **state) {
    v2_point *p = *state;
    static const char *const calls[] = {"listCustomers", "GET /nowhere",
                                        "listProducts", "listProducts", NULL};
    extract(p, "x", calls);
    assert_v2(p, LIST_PRODUCTS, called_n, 2);
    assert_v2(p, LIST_PRODUCTS, called_ago, 0);
    assert_v2(p, LIST_CUSTOMERS, called_ago, 2);
    assert_v2(p, GET_CUSTOMER, called_ago, 99);
    assert_v2(p, GET_CUSTOMER, step, 4);
    assert_v2(p, GET_CUSTOMER, n_distinct, 2);
    assert_v2(p, LIST_CUSTOMERS, rescount, 3);
    assert_v2(p, LIST_CUSTOMERS, cat_pos, 0);
    assert_v2(p, SEND_LETTER, cat_pos, 1);
}

/* Without an encoder hyb is bm_name standardised: an order is wanted, and
 * customers and products make what it lacks. */
static void test_unlock(void **state) {
    v2_point *p = *state;
    extract(p, "create the order", NULL);
    double wanted = V2_VALUE(p, CREATE_ORDER, hyb) / 2;
    assert_v2(p, LIST_CUSTOMERS, un_enables, wanted);
    assert_v2(p, LIST_CUSTOMERS, un_gap, 0);
    assert_v2(p, LIST_PRODUCTS, us_enables, wanted);
    assert_v2(p, CREATE_ORDER, un_pend, 1);
    assert_v2(p, SEND_LETTER, un_enables, -4);
    static const char *const calls[] = {"listCustomers", NULL};
    extract(p, "create the order", calls);
    assert_v2(p, CREATE_CUSTOMER, un_enables, -4);
    assert_v2(p, CREATE_ORDER, un_pend, 0);
}

static void test_copies(void **state) {
    v2_point *p = *state;
    extract(p, "order a letter", NULL);
    double best = 0, sum = 0, squares = 0;
    for (int i = 0; i < N_OPS; i++) {
        double x = V2_VALUE(p, i, hyb);
        if (x > best) best = x;
        sum += x;
        squares += x * x;
    }
    assert_true(fabs(sum) < 1e-5);
    assert_true(fabs(squares - N_OPS) < 1e-4);
    for (int i = 0; i < N_OPS; i++) {
        int above = 0;
        for (int k = 0; k < N_OPS; k++)
            above += p->rows[k][NXC_V2_hyb] > p->rows[i][NXC_V2_hyb];
        assert_v2(p, i, hyb_rank, log(1 + above));
        assert_v2(p, i, hyb_gap, V2_VALUE(p, i, hyb) - best);
    }
}

static void test_missing(void **state) {
    v2_point *p = *state;
    extract(p, "", NULL);
    assert_int_equal(p->status[NXC_V2_bm_name], NXC_FEATURE_NO_PROMPT);
    assert_int_equal(p->status[NXC_V2_pp_unsat], NXC_FEATURE_OK);
    extract(p, "an order", NULL);
    assert_int_equal(p->status[NXC_V2_cos_mean], NXC_FEATURE_NO_ENCODER);
    assert_int_equal(p->status[NXC_V2_bm_name], NXC_FEATURE_OK);
}

/* The order of the candidates does not matter, and of a subset only the columns
 * that depend on all candidates differ. */
static void test_candidates(void **state) {
    v2_point *p = *state;
    static float whole[N_OPS][NXC_V2_N_FEATURES];
    static const char *const calls[] = {"listCustomers", "createOrder", NULL};
    nxc_feature_info info;
    extract(p, "create an order and delete the product", calls);
    memcpy(whole, p->rows, sizeof whole);
    for (uint32_t i = 0; i < N_OPS; i++)
        p->candidates[i] = N_OPS - 1 - i;
    extract(p, "create an order and delete the product", calls);
    for (size_t i = 0; i < N_OPS; i++)
        assert_memory_equal(p->rows[i], whole[N_OPS - 1 - i], sizeof whole[0]);
    p->dp.n = 3;
    extract(p, "create an order and delete the product", calls);
    for (size_t i = 0; i < 3; i++)
        for (size_t f = 0; nxc_feature_describe("v2", f, &info); f++)
            if (!strchr(info.depends_on, 'A') &&
                memcmp(&p->rows[i][f], &whole[N_OPS - 1 - i][f], 4) != 0)
                fail_msg("%s depends on the other candidates", info.name);
}

static void test_registry(void **state) {
    (void)state;
    nxc_feature_info a, b;
    for (size_t i = 0; i < NXC_V1_N_FEATURES; i++) {
        assert_true(nxc_feature_describe("v1", i, &a));
        assert_true(nxc_feature_describe("v2", i, &b));
        assert_string_equal(a.name, b.name);
    }
    for (size_t i = 0; i < NXC_V2_N_FEATURES; i++)
        for (size_t k = 0; k < i; k++) {
            assert_true(nxc_feature_describe("v2", i, &a));
            assert_true(nxc_feature_describe("v2", k, &b));
            if (strcmp(a.name, b.name) == 0) fail_msg("%s twice", a.name);
        }
    assert_false(nxc_feature_describe("v2", NXC_V2_N_FEATURES, &a));
    assert_false(nxc_feature_describe("v3", 0, &a));
    assert_true(NXC_V2_N_FEATURES <= NXC_MAX_FEATURES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terms),
        cmocka_unit_test(test_clauses),
        cmocka_unit_test(test_clauses_keep_the_last),
        cmocka_unit_test(test_delta),
        cmocka_unit_test_setup_teardown(test_lex, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_verbs_and_resources, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_relations, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_flow, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_schema, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_history, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unlock, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_copies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_missing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_candidates, set_up, tear_down),
        cmocka_unit_test(test_registry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
