#include <math.h>
#include <stdio.h>

#include "support/nxc_test.h"
#include "text/words.h"
#include "workflow/workflow.h"

#define BIT(m) (1u << NXC_METHOD_##m)
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ---------------------------------------------------------------- states */

enum { ALONE = 0, SEGMENT = 1, VERB = 2 };

static nxc__state state_of_row(const nxc__state_rule *r, nxc_method m) {
    char path[96] = "/things/{id}", name[96] = "";
    if (r->place == SEGMENT)
        snprintf(path, sizeof path, "/things/{id}/%s", r->word.ptr);
    if (r->place == VERB) {
        snprintf(path, sizeof path, "/things");
        snprintf(name, sizeof name, "%s_thing", r->word.ptr);
    }
    return nxc__workflow_state(m, nxc__str(path), nxc__str(name));
}
/* Whether an earlier row matches wherever row i does for this method. */
static bool is_shadowed(const nxc__state_rule *rules, size_t i, nxc_method m) {
    for (size_t k = 0; k < i; k++) {
        if (!(rules[k].methods >> m & 1)) continue;
        if (rules[k].place == ALONE) return true;
        if (rules[k].place == rules[i].place &&
            nxc__str_eq(rules[k].word, rules[i].word))
            return true;
    }
    return false;
}
static void every_row_decides_something(void **state) {
    (void)state;
    size_t n = 0;
    const nxc__state_rule *rules = nxc__workflow_rules(&n);
    assert_true(n > 100);
    for (size_t i = 0; i < n; i++) {
        size_t n_used = 0;
        for (int m = NXC_METHOD_NONE; m <= NXC_METHOD_OTHER; m++) {
            if (!(rules[i].methods >> m & 1)) continue;
            if (is_shadowed(rules, i, (nxc_method)m)) continue;
            nxc__state s = state_of_row(&rules[i], (nxc_method)m);
            if ((int)s != rules[i].state)
                fail_msg("row %zu (\"%s\"), method %d: expected %s, got %s", i,
                         rules[i].word.ptr, m,
                         nxc__state_name((nxc__state)rules[i].state),
                         nxc__state_name(s));
            n_used++;
        }
        if (!n_used)
            fail_msg("row %zu (\"%s\") never decides", i, rules[i].word.ptr);
    }
}

static void operations_have_their_states(void **state) {
    (void)state;
    static const struct {
        const char *call, *operation_id;
        nxc__state expected;
    } cases[] = {
        /* reading */
        {"GET /v1/customers", "GetCustomers", NXC_STATE_BROWSE},
        {"GET /v1/invoices/{invoice}/pay", "", NXC_STATE_BROWSE},
        {"HEAD /files/{id}", "deleteNothing", NXC_STATE_BROWSE},
        {"OPTIONS /files", "", NXC_STATE_BROWSE},
        {"POST /v2/orders/search", "SearchOrders", NXC_STATE_BROWSE},
        {"POST /v2/catalog/batch-retrieve", "", NXC_STATE_BROWSE},
        {"POST /giftcards/_search", "", NXC_STATE_BROWSE},
        {"POST /query", "", NXC_STATE_BROWSE},
        {"POST /v2/gift-cards/from-gan", "RetrieveGiftCardFromGAN",
         NXC_STATE_BROWSE},
        /* writing */
        {"POST /v1/customers", "PostCustomers", NXC_STATE_EDIT},
        {"POST /v1/customers/{customer}", "", NXC_STATE_EDIT},
        {"PUT /v2/customers/{customer_id}", "UpdateCustomer", NXC_STATE_EDIT},
        {"PATCH /repos/{owner}/{repo}", "repos/update", NXC_STATE_EDIT},
        {"POST /repos/{owner}/{repo}/releases", "repos/create-release",
         NXC_STATE_EDIT},
        {"POST /repos/{owner}/{repo}/pulls/{n}/reviews", "pulls/create-review",
         NXC_STATE_EDIT},
        {"POST /V1/products", "catalogProductRepositoryV1SavePost",
         NXC_STATE_EDIT},
        {"POST /orders", "", NXC_STATE_EDIT},
        {"POST /orders/:search", "", NXC_STATE_EDIT}, /* a parameter */
        {"POST /v1/refunds", "PostRefunds", NXC_STATE_EDIT},
        /* a word within a word is none */
        {"POST /payouts", "", NXC_STATE_EDIT},
        {"POST /paymasters/{id}/shipping-addresses", "", NXC_STATE_EDIT},
        /* confirming */
        {"POST /v1/invoices/{invoice}/pay", "", NXC_STATE_CONFIRM},
        {"POST /v1/invoices/{invoice}/finalize", "", NXC_STATE_CONFIRM},
        {"POST /v1/payment_intents/{intent}/capture", "", NXC_STATE_CONFIRM},
        {"POST /v1/reviews/{review}/approve", "", NXC_STATE_CONFIRM},
        {"PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge", "pulls/merge",
         NXC_STATE_CONFIRM},
        {"POST /x/{id}/events", "pulls/submit-review", NXC_STATE_CONFIRM},
        {"POST /v2/invoices/{invoice_id}/publish", "PublishInvoice",
         NXC_STATE_CONFIRM},
        {"POST /v1/schedules/{schedule}/release", "", NXC_STATE_CONFIRM},
        {"POST /v1/charges/ch_1/capture/", "", NXC_STATE_CONFIRM},
        {"POST /v1/charges/ch_1/capture?expand=1", "", NXC_STATE_CONFIRM},
        {"POST /v1/charges/{id}/capture.json", "", NXC_STATE_CONFIRM},
        {"POST /v1/{name=projects/*}:approve", "", NXC_STATE_CONFIRM},
        {"PATCH /invitations/{id}", "acceptInvitation", NXC_STATE_CONFIRM},
        {"POST /V1/invoices/{id}", "salesInvoiceManagementV1SetCapturePost",
         NXC_STATE_CONFIRM},
        /* saving and deleting */
        {"DELETE /v1/customers/{customer}", "", NXC_STATE_SAVE},
        {"DELETE /x/{id}/approve", "", NXC_STATE_SAVE},
        {"POST /documents/{id}/save", "", NXC_STATE_SAVE},
        {"POST /transactions/{id}/commit", "", NXC_STATE_SAVE},
        {"POST /repos/{owner}/{repo}/git/commits", "git/create-commit",
         NXC_STATE_SAVE},
        {"POST /v2/catalog/batch-delete", "", NXC_STATE_SAVE},
        {"POST /v1/invoices/{invoice}/void", "", NXC_STATE_SAVE},
        {"POST /v1/subscriptions/{id}/cancel", "", NXC_STATE_SAVE},
        /* tools */
        {"", "listInvoices", NXC_STATE_BROWSE},
        {"", "calculate_route", NXC_STATE_BROWSE},
        {"", "weather", NXC_STATE_BROWSE},
        {"", "Buses.FindBus", NXC_STATE_BROWSE},
        {"", "Buses.BuyBusTicket", NXC_STATE_CONFIRM},
        {"", "payments__find_and_cancel", NXC_STATE_BROWSE},
        {"", "Payments#find_and_cancel", NXC_STATE_BROWSE},
        {"", "Payments\\find_and_cancel", NXC_STATE_BROWSE},
        {"", "find_and_cancel", NXC_STATE_BROWSE},
        {"", "payment_find_and_cancel", NXC_STATE_SAVE},
        {"", "cancel__", NXC_STATE_SAVE},
        {"", "update_file", NXC_STATE_EDIT},
        {"", "createUser", NXC_STATE_EDIT},
        {"", "contactsAdd", NXC_STATE_EDIT},
        {"", "save_file", NXC_STATE_SAVE},
        {"", "commitTransaction", NXC_STATE_SAVE},
        {"", "deleteUser", NXC_STATE_SAVE},
        {"", "", NXC_STATE_BROWSE},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        nxc_method m;
        nxc_str path, name;
        nxc__call_parse(nxc__str(cases[i].call), &m, &path, &name);
        nxc__state s =
            nxc__workflow_state(m, path, nxc__str(cases[i].operation_id));
        if (s != cases[i].expected)
            fail_msg("%s %s: expected %s, got %s", cases[i].call,
                     cases[i].operation_id, nxc__state_name(cases[i].expected),
                     nxc__state_name(s));
    }
}

static void names_are_fixed(void **state) {
    (void)state;
    static const char *const patterns[] = {
        "none", "browse_edit_save", "browse_confirm_save", "cold_start_create",
        "cold_start_browse"};
    static const char *const states[] = {"start", "browse", "edit", "confirm",
                                         "save"};
    for (int i = 0; i < NXC_N_PATTERNS; i++)
        assert_string_equal(nxc__pattern_name((nxc__pattern)i), patterns[i]);
    for (int i = 0; i < NXC_N_STATES; i++)
        assert_string_equal(nxc__state_name((nxc__state)i), states[i]);
}

/* -------------------------------------------------------------- matrices */

static void matrices_are_the_published_ones(void **state) {
    (void)state;
    static const struct {
        nxc__pattern pattern;
        nxc__state states[3];
        double rows[3][3];
    } cases[] = {
        {NXC_PATTERN_BROWSE_EDIT_SAVE,
         {NXC_STATE_BROWSE, NXC_STATE_EDIT, NXC_STATE_SAVE},
         {{.1, .8, .1}, {.2, .3, .5}, {.7, .2, .1}}},
        {NXC_PATTERN_BROWSE_CONFIRM_SAVE,
         {NXC_STATE_BROWSE, NXC_STATE_CONFIRM, NXC_STATE_SAVE},
         {{.1, .7, .2}, {.3, .2, .5}, {.8, .1, .1}}},
        {NXC_PATTERN_COLD_START_CREATE,
         {NXC_STATE_START, NXC_STATE_EDIT, NXC_STATE_SAVE},
         {{.0, .9, .1}, {.3, .4, .3}, {.6, .2, .2}}},
        {NXC_PATTERN_COLD_START_BROWSE,
         {NXC_STATE_START, NXC_STATE_BROWSE, NXC_STATE_SAVE},
         {{.0, .9, .1}, {.3, .4, .3}, {.6, .2, .2}}},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t a = 0; a < 3; a++) {
            double sum = 0;
            for (size_t b = 0; b < 3; b++) {
                double p = nxc__workflow_entry(
                    cases[i].pattern, cases[i].states[a], cases[i].states[b]);
                assert_true(p == cases[i].rows[a][b]);
                assert_true(nxc__workflow_is_native(cases[i].pattern,
                                                    cases[i].states[b]));
                sum += p;
            }
            assert_true(fabs(sum - 1) < 1e-12);
        }
}

static void a_missing_state_stands_for_another(void **state) {
    (void)state;
    static const struct {
        nxc__pattern pattern;
        nxc__state missing, stands_for;
    } cases[] = {
        {NXC_PATTERN_BROWSE_EDIT_SAVE, NXC_STATE_START, NXC_STATE_BROWSE},
        {NXC_PATTERN_BROWSE_EDIT_SAVE, NXC_STATE_CONFIRM, NXC_STATE_SAVE},
        {NXC_PATTERN_BROWSE_CONFIRM_SAVE, NXC_STATE_START, NXC_STATE_BROWSE},
        {NXC_PATTERN_BROWSE_CONFIRM_SAVE, NXC_STATE_EDIT, NXC_STATE_SAVE},
        {NXC_PATTERN_COLD_START_CREATE, NXC_STATE_BROWSE, NXC_STATE_START},
        {NXC_PATTERN_COLD_START_CREATE, NXC_STATE_CONFIRM, NXC_STATE_SAVE},
        {NXC_PATTERN_COLD_START_BROWSE, NXC_STATE_EDIT, NXC_STATE_SAVE},
        {NXC_PATTERN_COLD_START_BROWSE, NXC_STATE_CONFIRM, NXC_STATE_SAVE},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        nxc__pattern p = cases[i].pattern;
        assert_false(nxc__workflow_is_native(p, cases[i].missing));
        for (int s = 0; s < NXC_N_STATES; s++) {
            nxc__state o = (nxc__state)s;
            assert_true(nxc__workflow_entry(p, cases[i].missing, o) ==
                        nxc__workflow_entry(p, cases[i].stands_for, o));
            assert_true(nxc__workflow_entry(p, o, cases[i].missing) ==
                        nxc__workflow_entry(p, o, cases[i].stands_for));
        }
    }
    for (int a = 0; a < NXC_N_STATES; a++)
        for (int b = 0; b < NXC_N_STATES; b++)
            assert_true(nxc__workflow_entry(NXC_PATTERN_NONE, (nxc__state)a,
                                            (nxc__state)b) == 0.5);
}

/* ------------------------------------------------------------ recognition */

/* Calls from letters: g get, p post, u put, c confirm, s delete. */
#define MAX_N 32
static const uint8_t letter_states[] = {NXC_STATE_BROWSE, NXC_STATE_EDIT,
                                        NXC_STATE_EDIT, NXC_STATE_CONFIRM,
                                        NXC_STATE_SAVE};
static nxc__workflow observe_among(const char *letters, uint32_t methods,
                                   double threshold, uint32_t patterns) {
    static const char all[] = "gpucs";
    static const nxc_method of[] = {NXC_METHOD_GET, NXC_METHOD_POST,
                                    NXC_METHOD_PUT, NXC_METHOD_POST,
                                    NXC_METHOD_DELETE};
    nxc__call calls[MAX_N];
    nxc__session s;
    memset(calls, 0, sizeof calls);
    memset(&s, 0, sizeof s);
    for (s.n = 0; letters[s.n]; s.n++) {
        uint32_t k = (uint32_t)(strchr(all, letters[s.n]) - all);
        calls[s.n].operation = k;
        calls[s.n].method = of[k];
        calls[s.n].resource = NXC_RESOURCE_UNKNOWN;
    }
    s.calls = calls;
    nxc__workflow w;
    nxc__workflow_observe(&s, letter_states, methods, threshold, patterns, &w);
    return w;
}
static nxc__workflow observe(const char *letters, uint32_t methods,
                             double threshold) {
    return observe_among(letters, methods, threshold, NXC_PATTERNS_ALL);
}

/* What is not listed is never recognised, and what is listed is as sure as it
 * can be without it. */
static void only_listed_patterns_are_recognised(void **state) {
    static const char *const histories[] = {
        "", "g", "gp", "gu", "gus", "gcs", "pps", "ggcc", "p", "gcgc", "gugus"};
    const uint32_t post = 1u << NXC_METHOD_POST, get = 1u << NXC_METHOD_GET;
    (void)state;
    for (size_t i = 0; i < sizeof histories / sizeof *histories; i++)
        for (uint32_t patterns = 0; patterns <= NXC_PATTERNS_ALL; patterns++) {
            nxc__workflow all = observe(histories[i], get, 0);
            nxc__workflow w = observe_among(histories[i], get, 0, patterns);
            if (w.pattern == NXC_PATTERN_NONE) {
                assert_true(w.confidence == 0);
                continue;
            }
            assert_true(patterns & NXC_PATTERN_BIT(w.pattern));
            assert_true(w.confidence > 0 && w.confidence <= 1);
            if (patterns & NXC_PATTERN_BIT(all.pattern))
                assert_int_equal(w.pattern, all.pattern);
        }
    assert_int_equal(
        observe_among("", post, 0.7,
                      NXC_PATTERN_BIT(NXC_PATTERN_COLD_START_CREATE))
            .pattern,
        NXC_PATTERN_COLD_START_CREATE);
    assert_int_equal(
        observe_among("", post, 0.7,
                      NXC_PATTERN_BIT(NXC_PATTERN_COLD_START_BROWSE))
            .pattern,
        NXC_PATTERN_NONE);
    assert_int_equal(observe_among("gcs", 0, 0.7, 0).pattern, NXC_PATTERN_NONE);
}

static void histories_are_recognised(void **state) {
    (void)state;
    static const struct {
        const char *letters;
        uint32_t methods;
        nxc__pattern expected;
        nxc__state last;
    } cases[] = {
        {"", BIT(GET), NXC_PATTERN_COLD_START_BROWSE, NXC_STATE_START},
        {"", BIT(POST), NXC_PATTERN_COLD_START_CREATE, NXC_STATE_START},
        {"", BIT(GET) | BIT(PUT), NXC_PATTERN_COLD_START_BROWSE,
         NXC_STATE_START},
        {"", BIT(POST) | BIT(PUT), NXC_PATTERN_COLD_START_CREATE,
         NXC_STATE_START},
        {"", 0, NXC_PATTERN_NONE, NXC_STATE_START},
        {"", BIT(DELETE), NXC_PATTERN_NONE, NXC_STATE_START},
        {"gu", 0, NXC_PATTERN_BROWSE_EDIT_SAVE, NXC_STATE_EDIT},
        {"gp", BIT(POST), NXC_PATTERN_BROWSE_EDIT_SAVE, NXC_STATE_EDIT},
        {"ggus", 0, NXC_PATTERN_BROWSE_EDIT_SAVE, NXC_STATE_SAVE},
        {"gguusg", 0, NXC_PATTERN_BROWSE_EDIT_SAVE, NXC_STATE_BROWSE},
        {"gc", 0, NXC_PATTERN_BROWSE_CONFIRM_SAVE, NXC_STATE_CONFIRM},
        {"ggcs", 0, NXC_PATTERN_BROWSE_CONFIRM_SAVE, NXC_STATE_SAVE},
        {"gcgcg", 0, NXC_PATTERN_BROWSE_CONFIRM_SAVE, NXC_STATE_BROWSE},
        {"p", 0, NXC_PATTERN_COLD_START_CREATE, NXC_STATE_EDIT},
        {"pp", 0, NXC_PATTERN_COLD_START_CREATE, NXC_STATE_EDIT},
        {"pgp", 0, NXC_PATTERN_COLD_START_CREATE, NXC_STATE_EDIT},
        {"ps", 0, NXC_PATTERN_COLD_START_CREATE, NXC_STATE_SAVE},
        {"g", 0, NXC_PATTERN_NONE, NXC_STATE_BROWSE},
        {"ggg", BIT(GET), NXC_PATTERN_NONE, NXC_STATE_BROWSE},
        {"u", 0, NXC_PATTERN_NONE, NXC_STATE_EDIT},
        /* a session that turns to another task is followed */
        {"gugugcgcgcgcgc", 0, NXC_PATTERN_BROWSE_CONFIRM_SAVE,
         NXC_STATE_CONFIRM},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        nxc__workflow w = observe(cases[i].letters, cases[i].methods, 0.7);
        if (w.pattern != cases[i].expected || w.last != cases[i].last)
            fail_msg("\"%s\" %x: expected %s, got %s (%.3f, %s)",
                     cases[i].letters, cases[i].methods,
                     nxc__pattern_name(cases[i].expected),
                     nxc__pattern_name(w.pattern), w.confidence,
                     nxc__state_name(w.last));
        assert_true(w.confidence >= 0 && w.confidence <= 1);
        assert_int_equal(w.confidence >= 0.7, w.pattern != NXC_PATTERN_NONE);
    }
}

/* "gu" by hand: prior 1/3 each; initial .8 .8 .02; steps .8, .2 / 4, .9. */
static void a_posterior_is_bayes(void **state) {
    (void)state;
    double post[3] = {.8, .8, .02}, sum = 0;
    static const double step[3] = {.8, .2 * .25, .9};
    for (size_t k = 0; k < 3; k++)
        sum += post[k];
    double total = 0;
    for (size_t k = 0; k < 3; k++) {
        post[k] = (.98 * post[k] / sum + .02 / 3) * step[k];
        total += post[k];
    }
    nxc__workflow w = observe("gu", 0, 0.7);
    assert_true(fabs(w.confidence - post[0] / total) < 1e-12);
}

static void the_threshold_is_inclusive(void **state) {
    (void)state;
    nxc__workflow w = observe("", BIT(GET), 0.9);
    assert_int_equal(w.pattern, NXC_PATTERN_COLD_START_BROWSE);
    w = observe("", BIT(GET), 0.91);
    assert_int_equal(w.pattern, NXC_PATTERN_NONE);
    assert_true(w.confidence == 0.9); /* still told */
    w = observe("g", 0, 0);
    assert_int_not_equal(w.pattern, NXC_PATTERN_NONE);
    w = observe("gu", 0, 1);
    assert_int_equal(w.pattern, NXC_PATTERN_NONE);
}

static void an_unknown_call_is_classified_by_the_same_rules(void **state) {
    (void)state;
    nxc__call calls[2];
    memset(calls, 0, sizeof calls);
    calls[0] = (nxc__call){.operation = NXC_NONE,
                           .method = NXC_METHOD_GET,
                           .path = NXC_STR("/pulls/7"),
                           .resource = NXC_RESOURCE_UNKNOWN};
    calls[1] = (nxc__call){.operation = NXC_NONE,
                           .method = NXC_METHOD_PUT,
                           .path = NXC_STR("/pulls/7/merge"),
                           .resource = NXC_RESOURCE_UNKNOWN};
    nxc__session s;
    memset(&s, 0, sizeof s);
    s.calls = calls;
    s.n = s.n_unknown = 2;
    nxc__workflow w;
    nxc__workflow_observe(&s, NULL, 0, 0.7, NXC_PATTERNS_ALL, &w);
    assert_int_equal(w.pattern, NXC_PATTERN_BROWSE_CONFIRM_SAVE);
    assert_int_equal(w.last, NXC_STATE_CONFIRM);
    assert_int_equal(w.n_recent, 0); /* unknown resources are none */
}

static void a_long_session_is_one_pass(void **state) {
    (void)state;
    enum { N = 10000 };
    nxc__call *calls = test_calloc(N, sizeof *calls);
    uint64_t seed = 11;
    for (size_t i = 0; i < N; i++) {
        calls[i].operation = (uint32_t)(nxc_random(&seed) % 5);
        calls[i].resource = (uint32_t)(2 + i % 7);
    }
    nxc__session s;
    memset(&s, 0, sizeof s);
    s.calls = calls;
    nxc__workflow w;
    for (s.n = 1; s.n <= N; s.n += 1 + s.n / 3) {
        nxc__workflow_observe(&s, letter_states, 0, 0.7, NXC_PATTERNS_ALL, &w);
        assert_true(w.confidence > 0 && w.confidence <= 1);
        assert_int_equal(w.n_recent, s.n < 3 ? s.n : 3);
        assert_int_equal(w.recent[0], 2 + (s.n - 1) % 7);
    }
    test_free(calls);
}

/* ---------------------------------------------------------------- prompts */

static void a_prompt_reads_or_creates(void **state) {
    (void)state;
    static const struct {
        const char *prompt;
        uint32_t expected;
    } cases[] = {
        {"", 0},
        {"show me the invoices", BIT(GET)},
        {"create a report from this list", BIT(POST)},
        {"Show all open issues", BIT(GET)},
        {"Find Jane and create a subscription", BIT(GET)},
        {"Which plans do we have?", BIT(GET)},
        {"How do I create a customer?", BIT(POST)},
        {"Is there an order for Paris?", BIT(GET)},
        {"Set a webhook up", BIT(POST) | BIT(PUT)},
        {"set the price to 5", BIT(PUT)},
        {"pull up the file", BIT(GET)},
        {"the pull request", 0},
        {"Draft a letter", BIT(POST)},
        {"the draft letter", 0},
        {"tell me about Acme", BIT(GET)},
        {"update Acme and tell Jane", BIT(PUT) | BIT(PATCH)},
        {"delete it", BIT(DELETE)},
        {"budget and address of the newsletter", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t m = nxc__workflow_prompt_methods(nxc__str(cases[i].prompt));
        if (m != cases[i].expected)
            fail_msg("\"%s\": expected %x, got %x", cases[i].prompt,
                     cases[i].expected, m);
    }
}

/* ------------------------------------------------------------ probability */

static nxc_catalog *small_catalog(void) {
    static const char *const paths[] = {
        "/users", "/users/{id}", "/users/{id}/orders",
        "/users/{id}/orders/{oid}/items", "/invoices/{id}"};
    nxc__catalog_builder *b;
    nxc_catalog *c;
    nxc_error err;
    assert_ok(nxc__catalog_builder_new(NXC_STR("c"), NULL, NULL, &b, &err),
              err);
    for (size_t i = 0; i < COUNT(paths); i++) {
        nxc__operation_input op = {.method = NXC_METHOD_GET,
                                   .path = nxc__str(paths[i])};
        assert_ok(nxc__catalog_builder_add(b, &op, &err), err);
    }
    assert_ok(nxc__catalog_builder_finish(b, "test", "", &c, &err), err);
    return c;
}

static void a_probability_is_entry_and_bonus(void **state) {
    (void)state;
    nxc_catalog *c = small_catalog();
    uint32_t user = nxc__catalog_find_resource(c, NXC_STR("user"));
    uint32_t order = nxc__catalog_find_resource(c, NXC_STR("order"));
    uint32_t item = nxc__catalog_find_resource(c, NXC_STR("item"));
    uint32_t invoice = nxc__catalog_find_resource(c, NXC_STR("invoice"));
    assert_true(user > 1 && order > 1 && item > 1 && invoice > 1);
    nxc__workflow w = {.pattern = NXC_PATTERN_BROWSE_EDIT_SAVE,
                       .confidence = 0.9,
                       .last = NXC_STATE_EDIT,
                       .recent = {order, user, 0},
                       .n_recent = 2};
    const struct {
        nxc__state state;
        uint32_t resource;
        double expected;
    } cases[] = {
        {NXC_STATE_SAVE, invoice, 0.5},
        {NXC_STATE_SAVE, order, 0.5 + 0.2},
        {NXC_STATE_SAVE, user, 0.5 + 0.2},
        {NXC_STATE_SAVE, item, 0.5 + 0.1},
        {NXC_STATE_CONFIRM, order, 0.5 + 0.2}, /* stands for Save */
        {NXC_STATE_BROWSE, item, 0.2 + 0.1},
        {NXC_STATE_EDIT, NXC_RESOURCE_NONE, 0.3},
        {NXC_STATE_EDIT, NXC_RESOURCE_UNKNOWN, 0.3},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        double p =
            nxc__workflow_probability(&w, c, cases[i].state, cases[i].resource);
        if (p != cases[i].expected)
            fail_msg("case %zu: expected %.17g, got %.17g", i,
                     cases[i].expected, p);
    }
    w.last = NXC_STATE_BROWSE; /* .8 + .2 and .9 + .2 are capped */
    assert_true(nxc__workflow_probability(&w, c, NXC_STATE_EDIT, order) == 1);
    w.pattern = NXC_PATTERN_COLD_START_CREATE;
    assert_true(nxc__workflow_probability(&w, c, NXC_STATE_EDIT, order) == 1);
    w.pattern = NXC_PATTERN_NONE;
    assert_true(nxc__workflow_probability(&w, c, NXC_STATE_EDIT, order) == 0.5);
    nxc_catalog_free(c);
}

static void a_catalog_has_a_state_for_each_operation(void **state) {
    (void)state;
    nxc_catalog *c = small_catalog();
    uint8_t states[8];
    memset(states, 0x77, sizeof states);
    nxc__workflow_states(c, states);
    for (size_t i = 0; i < nxc_catalog_n_operations(c); i++)
        assert_int_equal(states[i], NXC_STATE_BROWSE);
    assert_int_equal(states[nxc_catalog_n_operations(c)], 0x77);
    nxc_catalog_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_decides_something),
        cmocka_unit_test(operations_have_their_states),
        cmocka_unit_test(names_are_fixed),
        cmocka_unit_test(matrices_are_the_published_ones),
        cmocka_unit_test(a_missing_state_stands_for_another),
        cmocka_unit_test(histories_are_recognised),
        cmocka_unit_test(a_posterior_is_bayes),
        cmocka_unit_test(the_threshold_is_inclusive),
        cmocka_unit_test(an_unknown_call_is_classified_by_the_same_rules),
        cmocka_unit_test(a_long_session_is_one_pass),
        cmocka_unit_test(only_listed_patterns_are_recognised),
        cmocka_unit_test(a_prompt_reads_or_creates),
        cmocka_unit_test(a_probability_is_entry_and_bonus),
        cmocka_unit_test(a_catalog_has_a_state_for_each_operation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
