#include <math.h>
#include <stdio.h>

#include "base/config.h"
#include "session/session.h"
#include "support/nxc_test.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

typedef struct fixture {
    nxc_catalog *catalog;
    nxc__arena arena;
    nxc_config *cfg;
    nxc_error err;
} fixture;

static const struct {
    nxc_method method;
    const char *path, *operation_id;
} operations[] = {
    {NXC_METHOD_GET, "/v1/customers", "listCustomers"},
    {NXC_METHOD_GET, "/v1/customers/{customer}", "getCustomer"},
    {NXC_METHOD_POST, "/v1/customers/{customer}", "updateCustomer"},
    {NXC_METHOD_GET, "/v1/customers/{customer}/orders", "listOrders"},
    {NXC_METHOD_GET, "/v1/invoices/{invoice}", "getInvoice"},
    {NXC_METHOD_POST, "/v1/invoices/{invoice}/pay", "payInvoice"},
    {NXC_METHOD_GET, "/v1/tax_rates", "listTaxRates"},
    {NXC_METHOD_NONE, "", "Buses.FindBus"},
};

static int set_up(void **state) {
    fixture *f = test_calloc(1, sizeof *f);
    nxc__catalog_builder *b;
    nxc__arena_init(&f->arena, &nxc__allocator_default, (size_t)64 << 20);
    assert_ok(nxc_config_new(NULL, &f->cfg, &f->err), f->err);
    assert_ok(nxc__catalog_builder_new(NXC_STR("c"), NULL, NULL, &b, &f->err),
              f->err);
    for (size_t i = 0; i < COUNT(operations); i++) {
        nxc__operation_input op = {.method = operations[i].method,
                                   .path = nxc__str(operations[i].path),
                                   .operation_id =
                                       nxc__str(operations[i].operation_id)};
        assert_ok(nxc__catalog_builder_add(b, &op, &f->err), f->err);
    }
    assert_ok(nxc__catalog_builder_finish(b, "test", "", &f->catalog, &f->err),
              f->err);
    *state = f;
    return 0;
}
static int tear_down(void **state) {
    fixture *f = *state;
    nxc__arena_release(&f->arena);
    nxc_config_free(f->cfg);
    nxc_catalog_free(f->catalog);
    test_free(f);
    return 0;
}

static nxc__session resolve(fixture *f, const nxc_call *calls, size_t n,
                            double session_start) {
    nxc_request r = NXC_REQUEST_INIT;
    nxc__session s;
    r.history = calls;
    r.n_history = n;
    r.session_start = session_start;
    assert_ok(
        nxc__session_resolve(f->catalog, &r, f->cfg, &f->arena, &s, &f->err),
        f->err);
    assert_int_equal(s.n, n);
    assert_ptr_equal(s.catalog, f->catalog);
    return s;
}
static nxc_call named(const char *text) {
    return (nxc_call){.call = nxc__str(text), .timestamp = NXC_NAN};
}
static nxc_call timed(const char *text, double t) {
    return (nxc_call){.call = nxc__str(text), .timestamp = t};
}
static const char *resource_of(const fixture *f, const nxc__call *c) {
    static char buf[64];
    nxc_str s = nxc__catalog_resource_name(f->catalog, c->resource);
    snprintf(buf, sizeof buf, "%.*s", (int)s.len, s.ptr);
    return buf;
}

static void a_call_text_is_taken_apart(void **state) {
    (void)state;
    static const struct {
        const char *text;
        nxc_method method;
        const char *path, *name;
    } cases[] = {
        {"GET /v1/x", NXC_METHOD_GET, "/v1/x", ""},
        {"get /v1/x", NXC_METHOD_GET, "/v1/x", ""},
        {"  POST \t /v1/x  ", NXC_METHOD_POST, "/v1/x", ""},
        {"GET GET /x", NXC_METHOD_GET, "/x", ""},
        {"GET get GET /x", NXC_METHOD_GET, "/x", ""},
        {"GET POST /x", NXC_METHOD_NONE, "", "GET POST /x"},
        {"PATCH https://h.example/v1/x?y#z", NXC_METHOD_PATCH,
         "https://h.example/v1/x?y#z", ""},
        {"GET /x HTTP/1.1", NXC_METHOD_GET, "/x", ""},
        {"GET /search?q=a b", NXC_METHOD_GET, "/search?q=a b", ""},
        {"PURGE /x", NXC_METHOD_OTHER, "/x", ""},
        {"/v1/x", NXC_METHOD_NONE, "/v1/x", ""},
        {"https://h.example/x", NXC_METHOD_NONE, "https://h.example/x", ""},
        {"listCustomers", NXC_METHOD_NONE, "", "listCustomers"},
        {"pulls/merge", NXC_METHOD_NONE, "", "pulls/merge"},
        {"Learn kanji: English meaning", NXC_METHOD_NONE, "",
         "Learn kanji: English meaning"},
        {"GET", NXC_METHOD_NONE, "", "GET"},
        {"GET x", NXC_METHOD_NONE, "", "GET x"},
        {"", NXC_METHOD_NONE, "", ""},
        {"   ", NXC_METHOD_NONE, "", ""},
        {":", NXC_METHOD_NONE, "", ":"},
        {"://", NXC_METHOD_NONE, "", "://"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        nxc_method m = NXC_METHOD_TRACE;
        nxc_str path, name;
        nxc__call_parse(nxc__str(cases[i].text), &m, &path, &name);
        if (m != cases[i].method)
            fail_msg("\"%s\": expected method %d, got %d", cases[i].text,
                     cases[i].method, m);
        assert_str(path, cases[i].path);
        assert_str(name, cases[i].name);
    }
}

static void a_method_is_told_in_any_case(void **state) {
    (void)state;
    assert_int_equal(nxc__method_parse(NXC_STR("")), NXC_METHOD_NONE);
    assert_int_equal(nxc__method_parse(NXC_STR(" ")), NXC_METHOD_NONE);
    assert_int_equal(nxc__method_parse(NXC_STR("dElEtE")), NXC_METHOD_DELETE);
    assert_int_equal(nxc__method_parse(NXC_STR("HEAD")), NXC_METHOD_HEAD);
    assert_int_equal(nxc__method_parse(NXC_STR("trace")), NXC_METHOD_TRACE);
    assert_int_equal(nxc__method_parse(NXC_STR("options")), NXC_METHOD_OPTIONS);
    assert_int_equal(nxc__method_parse(NXC_STR("GETS")), NXC_METHOD_OTHER);
}

static void a_known_call_gets_its_operation(void **state) {
    fixture *f = *state;
    static const struct {
        const char *call, *method, *path;
        uint32_t operation;
    } cases[] = {
        {"GET /v1/customers/cus_1", "", "", 1},
        {"get /v1/customers/cus_1?expand=x", "", "", 1},
        {"GET https://api.example/v1/customers/cus_1", "", "", 1},
        {"GET /v1/customers/{customer}", "", "", 1},
        {"getCustomer", "", "", 1},
        {" getCustomer ", "", "", 1},
        {"", "POST", "/v1/customers/cus_1", 2},
        {"", "", "POST /v1/customers/cus_1", 2},
        {"POST /v1/customers/cus_1", "POST", "", 2},
        {"POST POST /v1/customers/cus_1", "post", "", 2},
        {"/v1/customers/cus_1/orders", "GET", "", 3},
        {"payInvoice", "POST", "", 5},
        {"Buses.FindBus", "", "", 7},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        nxc_call in = {.call = nxc__str(cases[i].call),
                       .method = nxc__str(cases[i].method),
                       .path = nxc__str(cases[i].path),
                       .timestamp = NXC_NAN,
                       .response_status = 201};
        nxc__session s = resolve(f, &in, 1, NXC_NAN);
        const nxc__call *c = &s.calls[0];
        if (c->operation != cases[i].operation)
            fail_msg("case %zu: expected operation %u, got %u", i,
                     cases[i].operation, c->operation);
        assert_int_equal(c->method, operations[c->operation].method);
        assert_int_equal(c->resource,
                         nxc__catalog_resource(f->catalog, c->operation));
        assert_int_equal(c->response_status, 201);
        assert_true(isnan(c->timestamp));
        assert_int_equal(s.n_unknown, 0);
    }
}

static void an_unknown_call_keeps_what_it_says(void **state) {
    fixture *f = *state;
    static const struct {
        const char *call, *method, *given_resource;
        nxc_method expected;
        const char *path, *name, *resource;
    } cases[] = {
        {"DELETE /v1/customers/cus_1", "", "", NXC_METHOD_DELETE,
         "/v1/customers/cus_1", "", "customer"},
        {"PURGE /v2/customers/17", "", "", NXC_METHOD_OTHER, "/v2/customers/17",
         "", "customer"},
        {"GET /v2/customers/cus_1/orders/550e8400-e29b-41d4-a716-446655440000",
         "", "", NXC_METHOD_GET,
         "/v2/customers/cus_1/orders/550e8400-e29b-41d4-a716-446655440000", "",
         "order"},
        {"GET https://x.example/v2/tax_rates/txr_9?a=/orders#/orders", "", "",
         NXC_METHOD_GET,
         "https://x.example/v2/tax_rates/txr_9?a=/orders#/orders", "",
         "tax_rate"},
        {"/v1/customers/cus_1", "", "", NXC_METHOD_NONE, "/v1/customers/cus_1",
         "", "customer"}, /* no method: no operation */
        {"GET /v1/penguins/3", "", "", NXC_METHOD_GET, "/v1/penguins/3", "",
         "unknown"},
        {"GET /v1/penguins/3", "", "Customers", NXC_METHOD_GET,
         "/v1/penguins/3", "", "customer"},
        {"GET /v2/customers/3", "", "orders", NXC_METHOD_GET, "/v2/customers/3",
         "", "customer"}, /* the path comes first */
        {"GET /v1/penguins/3", "", "seals", NXC_METHOD_GET, "/v1/penguins/3",
         "", "unknown"},
        {"deleteCustomer", "", "", NXC_METHOD_NONE, "", "deleteCustomer",
         "customer"},
        {"frobnicate", "PUT", "invoice", NXC_METHOD_PUT, "", "frobnicate",
         "invoice"},
        {"GET /", "", "", NXC_METHOD_GET, "/", "", "unknown"},
        {"GET https://x.example", "", "", NXC_METHOD_GET, "https://x.example",
         "", "unknown"},
        {"GET /12/34/56", "", "", NXC_METHOD_GET, "/12/34/56", "", "unknown"},
        {"", "GET", "invoices", NXC_METHOD_GET, "", "", "invoice"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        nxc_call in = {.call = nxc__str(cases[i].call),
                       .method = nxc__str(cases[i].method),
                       .resource = nxc__str(cases[i].given_resource),
                       .timestamp = NXC_NAN};
        nxc__session s = resolve(f, &in, 1, NXC_NAN);
        const nxc__call *c = &s.calls[0];
        assert_int_equal(c->operation, NXC_NONE);
        assert_int_equal(s.n_unknown, 1);
        assert_int_equal(c->method, cases[i].expected);
        assert_str(c->path, cases[i].path);
        assert_str(c->name, cases[i].name);
        if (strcmp(resource_of(f, c), cases[i].resource) != 0)
            fail_msg("%s: expected resource %s, got %s", cases[i].call,
                     cases[i].resource, resource_of(f, c));
    }
}

/* /v9/customers/<id> is about customers, /v9/customers/<word> is not. */
static void ids_are_told_from_words(void **state) {
    fixture *f = *state;
    static const struct {
        const char *segment;
        bool is_id;
    } cases[] = {
        {"1", true},
        {"000123", true},
        {"cus_1", true},
        {"ch_3MmlLrLkdIwHu7ix0snN0B15", true},
        {"cus_NffrFeUfNV", true},
        {"550e8400-e29b-41d4-a716-446655440000", true},
        {"550E8400-E29B-41D4-A716-446655440000", true},
        {"deadbeef1", true},
        {"9fceb02d0ae598e95dc970b74767f19372d61af8", true},
        {"ABC-17", true},
        {"order-123", true},
        {"a@b.example", true},
        {"%7Bid%7D", true},
        {"1.5", true},
        {"penguins", false},
        {"pen_guins", false},
        {"lineItems", false},
        {"line-items", false},
        {"s3penguins", false},
        {"facade", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[128];
        snprintf(text, sizeof text, "GET /v9/customers/%s", cases[i].segment);
        nxc_call in = named(text);
        nxc__session s = resolve(f, &in, 1, NXC_NAN);
        const char *got = resource_of(f, &s.calls[0]);
        const char *expected = cases[i].is_id ? "customer" : "unknown";
        if (strcmp(got, expected) != 0)
            fail_msg("%s: expected %s, got %s", text, expected, got);
    }
}

static void calls_are_sorted_only_if_all_are_timed(void **state) {
    fixture *f = *state;
    static const struct {
        double times[5];
        const char *order; /* of the calls a..e after */
        bool reordered;
        double start, last;
    } cases[] = {
        {{1, 2, 3, 4, 5}, "abcde", false, 1, 5},
        {{5, 4, 3, 2, 1}, "edcba", true, 1, 5},
        {{2, 1, 2, 1, 2}, "bdace", true, 1, 2}, /* equal times keep order */
        {{1, 1, 1, 1, 1}, "abcde", false, 1, 1},
        {{3, 1, NXC_NAN, 2, 4}, "abcde", false, 1, 4},
        {{3, 1, 2, 4, NXC_NAN}, "abcde", false, 1, 4},
        {{9, 1, NXC_NAN, NXC_NAN, NXC_NAN},
         "abcde",
         false,
         1,
         1}, /* newest that has one */
        {{3, 1, HUGE_VAL, 2, 4}, "abcde", false, 1, 4},
        {{NXC_NAN, NXC_NAN, NXC_NAN, NXC_NAN, NXC_NAN},
         "abcde",
         false,
         NXC_NAN,
         NXC_NAN},
        {{-5, -10, 0, 1, 2}, "bacde", true, -10, 2},
    };
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        nxc_call in[5];
        for (size_t k = 0; k < 5; k++)
            in[k] = timed(names[k], cases[i].times[k]);
        nxc__session s = resolve(f, in, 5, NXC_NAN);
        for (size_t k = 0; k < 5; k++)
            assert_int_equal(s.calls[k].name.ptr[0], cases[i].order[k]);
        assert_int_equal(s.reordered, cases[i].reordered);
        assert_true(isnan(cases[i].start) ? isnan(s.start)
                                          : s.start == cases[i].start);
        assert_true(isnan(cases[i].last) ? isnan(s.last)
                                         : s.last == cases[i].last);
    }
}

static void sorting_is_stable_for_any_length(void **state) {
    fixture *f = *state;
    enum { MAX = 300 };
    static nxc_call in[MAX];
    static char names[MAX][8];
    uint64_t seed = 3;
    for (size_t n = 2; n < MAX; n += 1 + n / 9) {
        for (size_t i = 0; i < n; i++) {
            snprintf(names[i], sizeof names[i], "%zu", i + 1000);
            in[i] = timed(names[i], (double)(nxc_random(&seed) % 17));
        }
        nxc__session s = resolve(f, in, n, NXC_NAN);
        for (size_t i = 1; i < n; i++) {
            const nxc__call *a = &s.calls[i - 1], *b = &s.calls[i];
            assert_true(a->timestamp < b->timestamp ||
                        (a->timestamp == b->timestamp &&
                         nxc__str_compare(a->name, b->name) < 0));
        }
        nxc__arena_reset(&f->arena);
    }
}

static void a_given_start_wins(void **state) {
    fixture *f = *state;
    nxc_call in[] = {timed("a", 10), timed("b", 20)};
    assert_true(resolve(f, in, 2, 4).start == 4);
    assert_true(resolve(f, in, 2, 15).start == 15);
    assert_true(resolve(f, in, 2, HUGE_VAL).start == 10);
    assert_true(resolve(f, NULL, 0, 4).start == 4);
    nxc__session s = resolve(f, NULL, 0, NXC_NAN);
    assert_true(isnan(s.start) && isnan(s.last));
    assert_int_equal(s.n_unknown, 0);
}

static void a_call_that_names_nothing_is_refused(void **state) {
    fixture *f = *state;
    static const struct {
        const char *call, *method;
        const char *says;
    } cases[] = {
        {"", "", "history[1]: expected a call, or a method and a path"},
        {"  ", "", "history[1]: expected a call"},
        {"", "GET", "history[1]: expected a call"},
        {"GET /x", "POST", "history[1]: expected method GET, got POST"},
        {"PURGE /x", "GET", "history[1]: expected method as in the call"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        nxc_call in[2] = {named("GET /x"),
                          {.call = nxc__str(cases[i].call),
                           .method = nxc__str(cases[i].method),
                           .timestamp = NXC_NAN}};
        nxc_request r = NXC_REQUEST_INIT;
        nxc__session s, before;
        memset(&s, 0x5a, sizeof s);
        before = s;
        r.history = in;
        r.n_history = 2;
        nxc_status st = nxc__session_resolve(f->catalog, &r, f->cfg, &f->arena,
                                             &s, &f->err);
        if (st != NXC_ERR_INVALID || !strstr(f->err.message, cases[i].says))
            fail_msg("case %zu: got %s", i, f->err.message);
        assert_memory_equal(&s, &before, sizeof s);
    }
}

static void the_limit_holds_at_and_above(void **state) {
    fixture *f = *state;
    nxc_call in[4] = {named("a"), named("b"), named("c"), named("d")};
    nxc_request r = NXC_REQUEST_INIT;
    nxc__session s;
    assert_ok(nxc_config_set(f->cfg, "max_history", "3", &f->err), f->err);
    r.history = in;
    r.n_history = 3;
    assert_int_equal(
        nxc__session_resolve(f->catalog, &r, f->cfg, &f->arena, &s, &f->err),
        NXC_OK);
    r.n_history = 4;
    assert_int_equal(
        nxc__session_resolve(f->catalog, &r, f->cfg, &f->arena, &s, &f->err),
        NXC_ERR_LIMIT);
    assert_string_equal(
        f->err.message,
        "history: expected at most 3 calls (max_history), got 4");
}

static void a_full_arena_is_an_error(void **state) {
    fixture *f = *state;
    static nxc_call in[2000];
    char path[600];
    memset(path, '/', sizeof path);
    memcpy(path, "GET /", 5);
    for (size_t i = 0; i < COUNT(in); i++) {
        in[i] = named("x");
        in[i].call = (nxc_str){path, sizeof path};
        in[i].timestamp = -(double)i;
    }
    nxc_request r = NXC_REQUEST_INIT;
    r.history = in;
    r.n_history = COUNT(in);
    nxc_status st = NXC_ERR_NOMEM;
    size_t n_failed = 0;
    for (size_t max = 1024; st != NXC_OK; max *= 2) {
        nxc__arena arena;
        nxc__session s;
        nxc__arena_init(&arena, &nxc__allocator_default, max);
        st = nxc__session_resolve(f->catalog, &r, f->cfg, &arena, &s, &f->err);
        assert_true(st == NXC_OK || st == NXC_ERR_NOMEM);
        n_failed += st != NXC_OK;
        nxc__arena_release(&arena);
    }
    assert_true(n_failed > 5);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_call_text_is_taken_apart),
        TEST(a_method_is_told_in_any_case),
        TEST(a_known_call_gets_its_operation),
        TEST(an_unknown_call_keeps_what_it_says),
        TEST(ids_are_told_from_words),
        TEST(calls_are_sorted_only_if_all_are_timed),
        TEST(sorting_is_stable_for_any_length),
        TEST(a_given_start_wins),
        TEST(a_call_that_names_nothing_is_refused),
        TEST(the_limit_holds_at_and_above),
        TEST(a_full_arena_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
