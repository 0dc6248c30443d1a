/* Every feature of v1 by values computed by hand from its definition. */
#include <math.h>

#include "features/feature.h"
#include "support/small_catalog.h"
#include "text/words.h"

enum {
    LAST_ENDPOINT_TYPE,
    LAST_RESOURCE,
    TIME_SINCE_LAST,
    SESSION_LENGTH,
    ENDPOINT_TYPE,
    RESOURCE_MATCH,
    WORKFLOW_DISTANCE,
    PROMPT_SIMILARITY,
    ACTION_VERB_MATCH,
    BIGRAM_PROB,
    TRIGRAM_PROB
};

/* A decision point over all operations of the small catalog, without history,
 * prompt, now or encoder. */
typedef struct fixture {
    nxc_catalog *catalog;
    nxc__call calls[8];
    nxc__session session;
    nxc__workflow workflow;
    uint8_t states[N_SMALL_OPERATIONS];
    uint32_t candidates[N_SMALL_OPERATIONS];
    nxc__decision_point dp;
    float rows[N_SMALL_OPERATIONS][NXC_V1_N_FEATURES];
    uint8_t status[NXC_V1_N_FEATURES];
} fixture;

static int set_up(void **state) {
    static fixture f;
    static const uint8_t states[N_SMALL_OPERATIONS] = {
        NXC_STATE_BROWSE, NXC_STATE_BROWSE, NXC_STATE_EDIT,   NXC_STATE_EDIT,
        NXC_STATE_SAVE,   NXC_STATE_EDIT,   NXC_STATE_BROWSE, NXC_STATE_BROWSE};
    memset(&f, 0, sizeof f);
    f.catalog = small_catalog();
    memcpy(f.states, states, sizeof states);
    for (uint32_t i = 0; i < N_SMALL_OPERATIONS; i++)
        f.candidates[i] = i;
    f.session = (nxc__session){.catalog = f.catalog,
                               .calls = f.calls,
                               .start = NXC_NAN,
                               .last = NXC_NAN};
    f.dp = (nxc__decision_point){.catalog = f.catalog,
                                 .session = &f.session,
                                 .workflow = &f.workflow,
                                 .states = f.states,
                                 .now = NXC_NAN,
                                 .candidates = f.candidates,
                                 .n = N_SMALL_OPERATIONS};
    *state = &f;
    return 0;
}
static int tear_down(void **state) {
    fixture *f = *state;
    nxc_catalog_free(f->catalog);
    return 0;
}

static void extract(fixture *f) {
    memset(f->rows, 0x5a, sizeof f->rows);
    memset(f->status, 0x5a, sizeof f->status);
    nxc_error err;
    assert_ok(nxc__features_extract(&f->dp, nxc__feature_set_at(0), f->rows[0],
                                    f->status, &err),
              err);
    for (size_t k = 0; k < NXC_V1_N_FEATURES; k++)
        for (size_t i = 0; i < f->dp.n; i++)
            assert_true(!!isnan(f->rows[i][k]) ==
                        (f->status[k] != NXC_FEATURE_OK));
}
/* The feature is there and has this value for every candidate. */
static void all_are(fixture *f, size_t feature, double value) {
    extract(f);
    assert_int_equal(f->status[feature], NXC_FEATURE_OK);
    for (size_t i = 0; i < f->dp.n; i++)
        if (f->rows[i][feature] != (float)value)
            fail_msg("%s of candidate %zu: expected %.9g, got %.9g",
                     nxc__features_v1[feature].info.name, i, value,
                     (double)f->rows[i][feature]);
}
/* ... and these values, one a candidate. */
static void are(fixture *f, size_t feature, const double *values) {
    extract(f);
    assert_int_equal(f->status[feature], NXC_FEATURE_OK);
    for (size_t i = 0; i < f->dp.n; i++)
        if (fabs((double)f->rows[i][feature] - values[i]) > 1e-6)
            fail_msg("%s of candidate %zu: expected %.9g, got %.9g",
                     nxc__features_v1[feature].info.name, i, values[i],
                     (double)f->rows[i][feature]);
}
static void is_missing(fixture *f, size_t feature, nxc_feature_status why) {
    extract(f);
    assert_int_equal(f->status[feature], why);
}

static uint32_t resource(const fixture *f, const char *name) {
    uint32_t id = nxc__catalog_find_resource(f->catalog, nxc__str(name));
    assert_true(id != NXC_RESOURCE_UNKNOWN && id != NXC_RESOURCE_NONE);
    return id;
}
/* Append a call. */
static void add_call(fixture *f, nxc_method method, uint32_t resource_id) {
    f->calls[f->session.n++] = (nxc__call){.operation = NXC_NONE,
                                           .method = method,
                                           .resource = resource_id,
                                           .timestamp = NXC_NAN};
}

static void last_endpoint_type(void **state) {
    static const struct {
        nxc_method method;
        double code;
    } rows[] = {{NXC_METHOD_GET, 1},   {NXC_METHOD_POST, 2},
                {NXC_METHOD_PUT, 3},   {NXC_METHOD_DELETE, 4},
                {NXC_METHOD_PATCH, 5}, {NXC_METHOD_NONE, 6},
                {NXC_METHOD_HEAD, 6},  {NXC_METHOD_OPTIONS, 6},
                {NXC_METHOD_TRACE, 6}, {NXC_METHOD_OTHER, 6}};
    fixture *f = *state;
    all_are(f, LAST_ENDPOINT_TYPE, 0); /* no history */
    add_call(f, NXC_METHOD_DELETE, NXC_RESOURCE_UNKNOWN);
    add_call(f, NXC_METHOD_GET, NXC_RESOURCE_UNKNOWN);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        f->calls[1].method = rows[i].method;
        all_are(f, LAST_ENDPOINT_TYPE, rows[i].code);
    }
}

static void last_resource(void **state) {
    fixture *f = *state;
    all_are(f, LAST_RESOURCE, NXC_RESOURCE_NONE);
    add_call(f, NXC_METHOD_GET, resource(f, "invoice"));
    all_are(f, LAST_RESOURCE, resource(f, "invoice"));
    add_call(f, NXC_METHOD_GET, NXC_RESOURCE_UNKNOWN);
    all_are(f, LAST_RESOURCE, NXC_RESOURCE_UNKNOWN); /* no older one is tried */
}

static void time_since_last(void **state) {
    fixture *f = *state;
    all_are(f, TIME_SINCE_LAST, -1); /* no call: says so without a now */
    f->dp.now = 1000;
    all_are(f, TIME_SINCE_LAST, -1);
    f->session.last = 940.5;
    all_are(f, TIME_SINCE_LAST, 59.5);
    f->session.last = 1000;
    all_are(f, TIME_SINCE_LAST, 0);
    f->session.last = 1001; /* in the future */
    all_are(f, TIME_SINCE_LAST, 0);
    f->dp.now = NXC_NAN;
    is_missing(f, TIME_SINCE_LAST, NXC_FEATURE_NO_NOW);
}

static void session_length(void **state) {
    fixture *f = *state;
    all_are(f, SESSION_LENGTH, 0);
    f->dp.now = 1000;
    all_are(f, SESSION_LENGTH, 0);
    f->session.start = 910;
    all_are(f, SESSION_LENGTH, 1.5);
    f->session.start = 5000;
    all_are(f, SESSION_LENGTH, 0);
    f->dp.now = NXC_NAN;
    is_missing(f, SESSION_LENGTH, NXC_FEATURE_NO_NOW);
}

static void endpoint_type(void **state) {
    static const double codes[] = {1, 1, 2, 3, 4, 5, 6, 6};
    are(*state, ENDPOINT_TYPE, codes);
}

static void resource_match(void **state) {
    static const double none[N_SMALL_OPERATIONS] = {0};
    static const double customers[] = {1, 1, 0, 0, 0, 1, 0, 0};
    static const double both[] = {1, 1, 0, 1, 1, 1, 0, 0};
    static const double invoices[] = {0, 0, 0, 1, 1, 0, 0, 0};
    fixture *f = *state;
    are(f, RESOURCE_MATCH, none);
    add_call(f, NXC_METHOD_GET, resource(f, "customer"));
    are(f, RESOURCE_MATCH, customers);
    add_call(f, NXC_METHOD_GET, NXC_RESOURCE_UNKNOWN);
    add_call(f, NXC_METHOD_GET, NXC_RESOURCE_NONE);
    add_call(f, NXC_METHOD_GET, NXC_RESOURCE_UNKNOWN);
    are(f, RESOURCE_MATCH, customers);
    add_call(f, NXC_METHOD_GET, resource(f, "invoice"));
    are(f, RESOURCE_MATCH, both); /* the fifth call back */
    add_call(f, NXC_METHOD_GET, NXC_RESOURCE_UNKNOWN);
    are(f, RESOURCE_MATCH, invoices); /* customer is now the sixth */
}

static void workflow_distance(void **state) {
    /* Browse -> Browse .1, Edit .8, Save .1; customer +.2, order (below a
     * customer) +.1, at most 1 */
    static const double values[] = {.7, .7, .1, .2, .9, 0, .9, .9};
    fixture *f = *state;
    f->workflow.pattern = NXC_PATTERN_NONE;
    all_are(f, WORKFLOW_DISTANCE, .5);
    f->workflow.pattern = NXC_PATTERN_BROWSE_EDIT_SAVE;
    f->workflow.last = NXC_STATE_BROWSE;
    f->workflow.recent[0] = resource(f, "customer");
    f->workflow.n_recent = 1;
    are(f, WORKFLOW_DISTANCE, values);
}

static void prompt_similarity(void **state) {
    static const float cosines[] = {-.5f, -0.f, 0, .25f, 1, .75f, 1.01f, 1e-9f};
    static const double values[] = {0, 0, 0, .25, 1, .75, 1, 1e-9};
    fixture *f = *state;
    is_missing(f, PROMPT_SIMILARITY, NXC_FEATURE_NO_PROMPT);
    f->dp.similarity = cosines;
    is_missing(f, PROMPT_SIMILARITY, NXC_FEATURE_NO_PROMPT);
    f->dp.prompt = NXC_STR("x");
    are(f, PROMPT_SIMILARITY, values);
    f->dp.similarity = NULL;
    is_missing(f, PROMPT_SIMILARITY, NXC_FEATURE_NO_ENCODER);
}

static void action_verb_match(void **state) {
    static const struct {
        const char *prompt;
        double values[N_SMALL_OPERATIONS];
    } rows[] = {
        {"budget, address, output, newsletter", {0}},
        {"Cancelling the draft", {0, 0, 0, 0, 1, 0, 0, 0}},
        {"what I created", {0, 0, 1, 0, 0, 0, 0, 0}},
        {"update it", {0, 0, 0, 1, 0, 1, 0, 0}},
        {"Find and show!", {1, 1, 0, 0, 0, 0, 0, 0}},
        {"set", {0, 0, 0, 1, 0, 0, 0, 0}},
        {"renaming", {0, 0, 0, 0, 0, 1, 0, 0}},
    };
    fixture *f = *state;
    is_missing(f, ACTION_VERB_MATCH, NXC_FEATURE_NO_PROMPT);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        f->dp.prompt = nxc__str(rows[i].prompt);
        f->dp.prompt_methods = nxc__prompt_methods(f->dp.prompt);
        are(f, ACTION_VERB_MATCH, rows[i].values);
    }
}

/* The model and the values of test_ngram.c. */
static void ngram_probabilities(void **state) {
    fixture *f = *state;
    nxc__ngram_builder *b;
    nxc__buffer image;
    nxc__ngram m = {0};
    nxc_error err;
    f->dp.ngram = NULL;
    is_missing(f, BIGRAM_PROB, NXC_FEATURE_NO_PROMPT);
    is_missing(f, TRIGRAM_PROB, NXC_FEATURE_NO_PROMPT);
    f->dp.prompt = NXC_STR("a b");
    is_missing(f, BIGRAM_PROB, NXC_FEATURE_NO_MODEL);
    is_missing(f, TRIGRAM_PROB, NXC_FEATURE_NO_MODEL);
    f->dp.ngram = &m; /* no image */
    is_missing(f, BIGRAM_PROB, NXC_FEATURE_NO_MODEL);

    nxc__buffer_init(&image, &nxc__allocator_default, 65536);
    assert_ok(nxc__ngram_builder_new(NULL, &b, &err), err);
    assert_ok(nxc__ngram_finish(b, &image, &err), err);
    assert_ok(nxc__ngram_open(&m, image.data, image.len, &err), err);
    is_missing(f, TRIGRAM_PROB, NXC_FEATURE_NO_MODEL); /* has seen no word */

    assert_ok(nxc__ngram_add(b, NXC_STR("a b"), &err), err);
    assert_ok(nxc__ngram_add(b, NXC_STR("a c"), &err), err);
    assert_ok(nxc__ngram_add(b, NXC_STR("a b"), &err), err);
    image.len = 0;
    assert_ok(nxc__ngram_finish(b, &image, &err), err);
    assert_ok(nxc__ngram_open(&m, image.data, image.len, &err), err);
    all_are(f, BIGRAM_PROB, (8.176 / 9 + 5.352 / 9 + 5.376 / 6) / 3);
    all_are(f, TRIGRAM_PROB, (3.176 / 4 + 5.676 / 9 + 5.688 / 6) / 3);
    nxc__ngram_builder_free(b);

    /* the model of a catalog has its texts */
    double bigram, trigram;
    f->dp.ngram = nxc__catalog_ngram(f->catalog);
    f->dp.prompt = NXC_STR("retrieve a customer");
    nxc__ngram_prob(f->dp.ngram, f->dp.prompt, &bigram, &trigram);
    assert_true(bigram > .1 && trigram > .1);
    all_are(f, BIGRAM_PROB, bigram);
    all_are(f, TRIGRAM_PROB, trigram);
    nxc__buffer_release(&image);
}

static void no_candidates_is_no_error(void **state) {
    fixture *f = *state;
    f->dp.n = 0;
    extract(f);
    assert_int_equal(f->status[PROMPT_SIMILARITY], NXC_FEATURE_NO_PROMPT);
    assert_int_equal(f->status[ENDPOINT_TYPE], NXC_FEATURE_OK);
}

static void registry_describes_itself(void **state) {
    static const char *const names[] = {
        "last_endpoint_type", "last_resource",     "time_since_last",
        "session_length",     "endpoint_type",     "resource_match",
        "workflow_distance",  "prompt_similarity", "action_verb_match",
        "bigram_prob",        "trigram_prob"};
    nxc_feature_info info;
    (void)state;
    for (size_t i = 0; i < NXC_V1_N_FEATURES; i++) {
        assert_true(nxc_feature_describe("v1", i, &info));
        assert_string_equal(info.name, names[i]);
        assert_true(strcmp(info.kind, "category") == 0 ||
                    strcmp(info.kind, "number") == 0 ||
                    strcmp(info.kind, "flag") == 0);
        assert_int_equal(strspn(info.depends_on, "PCHN"),
                         strlen(info.depends_on));
        assert_true(strlen(info.doc) > 10);
        assert_int_equal(nxc__features_v1[i].is_per_candidate,
                         strchr(info.depends_on, 'C') != NULL);
    }
    assert_false(nxc_feature_describe("v1", NXC_V1_N_FEATURES, &info));
    assert_false(nxc_feature_describe("v1", SIZE_MAX, &info));
}

static void labels_name_categories(void **state) {
    fixture *f = *state;
    static const char *const methods[] = {"NONE",   "GET",   "POST",   "PUT",
                                          "DELETE", "PATCH", "UNKNOWN"};
    const nxc_catalog *c = f->catalog;
    for (int i = 0; i < 7; i++) {
        float v = (float)i;
        assert_str(nxc_feature_label(c, "v1", LAST_ENDPOINT_TYPE, v),
                   methods[i]);
        assert_str(nxc_feature_label(NULL, "v1", ENDPOINT_TYPE, v), methods[i]);
    }
    assert_str(nxc_feature_label(c, "v1", ENDPOINT_TYPE, 7), "");
    assert_str(nxc_feature_label(c, "v1", ENDPOINT_TYPE, -1), "");
    assert_str(nxc_feature_label(c, "v1", ENDPOINT_TYPE, 1.5f), "");
    assert_str(nxc_feature_label(c, "v1", ENDPOINT_TYPE, 5e9f), "");
    assert_str(nxc_feature_label(c, "v1", ENDPOINT_TYPE, (float)NXC_NAN), "");
    assert_str(nxc_feature_label(c, "v1", LAST_RESOURCE, 0), "none");
    assert_str(nxc_feature_label(c, "v1", LAST_RESOURCE, 1), "unknown");
    float invoice = (float)resource(f, "invoice");
    assert_str(nxc_feature_label(c, "v1", LAST_RESOURCE, invoice), "invoice");
    float end = (float)nxc__catalog_n_resources(c);
    assert_str(nxc_feature_label(c, "v1", LAST_RESOURCE, end), "");
    assert_str(nxc_feature_label(NULL, "v1", LAST_RESOURCE, 0), "");
    assert_str(nxc_feature_label(c, "v1", PROMPT_SIMILARITY, 1), "");
    assert_str(nxc_feature_label(c, "v1", 99, 1), "");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(last_endpoint_type),
        TEST(last_resource),
        TEST(time_since_last),
        TEST(session_length),
        TEST(endpoint_type),
        TEST(resource_match),
        TEST(workflow_distance),
        TEST(prompt_similarity),
        TEST(action_verb_match),
        TEST(ngram_probabilities),
        TEST(no_candidates_is_no_error),
        TEST(registry_describes_itself),
        TEST(labels_name_categories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
