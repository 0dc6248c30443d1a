/* The whole path without an encoder: request in, ranking and JSON out. */
#include <math.h>

#include "base/file.h"
#include "base/json.h"
#include "support/failing_alloc.h"
#include "support/nxc_test.h"

typedef struct fixture {
    nxc_failing_alloc memory;
    nxc_engine *engine;
    nxc_ctx *ctx;
} fixture;

static nxc_catalog *open_library(const nxc_allocator *alloc) {
    nxc_catalog *c;
    nxc_error err;
    assert_ok(nxc_catalog_open(NXC_SOURCE_DIR "/tests/data/library.json", NULL,
                               NULL, alloc, &c, NULL, &err),
              err);
    return c;
}

static int setup(void **state) {
    static fixture f;
    nxc_error err;
    nxc_failing_init(&f.memory, 0, false);
    assert_ok(nxc_engine_open(NULL, &f.memory.alloc, &f.engine, &err), err);
    assert_ok(nxc_engine_add_catalog(f.engine, NXC_STR("library"),
                                     open_library(&f.memory.alloc), &err),
              err);
    assert_ok(nxc_ctx_new(f.engine, &f.ctx, &err), err);
    *state = &f;
    return 0;
}
static int teardown(void **state) {
    fixture *f = *state;
    nxc_ctx_free(f->ctx);
    nxc_engine_close(f->engine);
    nxc_failing_check(&f->memory, "engine");
    return 0;
}

static const char request_text[] =
    "{\"id\":\"r1\",\"prompt\":\"update the address of the member\","
    "\"now\":\"2026-11-24T10:00:00Z\",\"history\":["
    "{\"call\":\"GET /v2/members\",\"timestamp\":\"2026-11-24T09:58:00Z\"},"
    "{\"call\":\"GET /v2/members/m_7?full=1\","
    "\"timestamp\":\"2026-11-24T09:59:00Z\"}]}";

static size_t feature_index(const char *name) {
    nxc_feature_info info;
    for (size_t i = 0; nxc_feature_describe("v1", i, &info); i++)
        if (strcmp(info.name, name) == 0) return i;
    fail_msg("no feature %s", name);
    return 0;
}

static void ranks_by_verb_and_resource(void **state) {
    fixture *f = *state;
    nxc_request request;
    nxc_ranking r;
    nxc_operation op;
    nxc_error err;
    assert_ok(nxc_request_parse(f->ctx, nxc__str(request_text), &request, &err),
              err);
    assert_ok(nxc_rank(f->ctx, &request, &r, &err), err);
    assert_int_equal(r.n, 9);
    assert_int_equal(r.n_candidates, 9);
    assert_int_equal(r.n_unknown_calls, 0);
    assert_true(
        nxc_catalog_get_operation(r.catalog, r.items[0].operation, &op));
    assert_str(op.operation_id, "updateMember");
    size_t since = feature_index("time_since_last"),
           length = feature_index("session_length"),
           similarity = feature_index("prompt_similarity");
    for (size_t i = 0; i < r.n; i++) {
        double sum = 0;
        assert_int_equal(r.items[i].rank, i + 1);
        if (i) assert_true(r.items[i].score <= r.items[i - 1].score);
        for (size_t k = 0; k < r.n_features; k++)
            sum += r.items[i].contributions[k];
        assert_true(fabs(sum - r.items[i].score) < 1e-12);
        assert_true(r.items[i].features[since] == 60.0f);
        assert_true(r.items[i].features[length] == 2.0f);
        assert_true(isnan(r.items[i].features[similarity]));
    }
    assert_int_equal(r.feature_status[similarity], NXC_FEATURE_NO_ENCODER);
    assert_int_equal(r.feature_status[since], NXC_FEATURE_OK);
}

static void top_is_a_prefix(void **state) {
    fixture *f = *state;
    nxc_request request;
    nxc_ranking r;
    nxc_error err;
    uint32_t all[9];
    assert_ok(nxc_request_parse(f->ctx, nxc__str(request_text), &request, &err),
              err);
    assert_ok(nxc_rank(f->ctx, &request, &r, &err), err);
    for (size_t i = 0; i < r.n; i++)
        all[i] = r.items[i].operation;
    for (size_t top = 1; top <= 9; top++) {
        request.top = top;
        assert_ok(nxc_rank(f->ctx, &request, &r, &err), err);
        assert_int_equal(r.n, top);
        assert_int_equal(r.n_candidates, 9);
        for (size_t i = 0; i < top; i++)
            assert_int_equal(r.items[i].operation, all[i]);
    }
}

static void order_of_candidates_does_not_matter(void **state) {
    fixture *f = *state;
    static const nxc_str forward[] = {{"getMember", 9},
                                      {"DELETE /v2/members/{member_id}", 30},
                                      {"createLoan", 10},
                                      {"searchBooks", 11}};
    nxc_str backward[4];
    for (size_t i = 0; i < 4; i++)
        backward[i] = forward[3 - i];
    nxc_request request;
    nxc_ranking r;
    nxc_error err;
    uint32_t ops[4];
    double scores[4];
    assert_ok(nxc_request_parse(f->ctx, nxc__str(request_text), &request, &err),
              err);
    request.n_candidates = 4;
    request.candidates = forward;
    assert_ok(nxc_rank(f->ctx, &request, &r, &err), err);
    for (size_t i = 0; i < 4; i++) {
        ops[i] = r.items[i].operation;
        scores[i] = r.items[i].score;
    }
    request.candidates = backward;
    assert_ok(nxc_rank(f->ctx, &request, &r, &err), err);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(r.items[i].operation, ops[i]);
        assert_memory_equal(&r.items[i].score, &scores[i], sizeof(double));
    }
}

/* What is not allowed is as if it had not been listed. */
static void risks_that_are_not_allowed_are_no_candidates(void **state) {
    fixture *f = *state;
    static const nxc_str reading[] = {{"GET /members", 12},
                                      {"GET /members/{member_id}", 24},
                                      {"GET /members/{member_id}/loans", 30},
                                      {"GET /books", 10}};
    nxc_request request;
    nxc_ranking r;
    nxc_error err;
    double scores[4];
    assert_ok(nxc_request_parse(f->ctx, nxc__str(request_text), &request, &err),
              err);
    request.candidates = reading;
    request.n_candidates = 4;
    assert_ok(nxc_rank(f->ctx, &request, &r, &err), err);
    for (size_t i = 0; i < 4; i++)
        scores[i] = r.items[i].score;
    request.candidates = NULL;
    request.n_candidates = 0;
    request.allow = NXC_RISK_BIT(NXC_RISK_READ);
    assert_ok(nxc_rank(f->ctx, &request, &r, &err), err);
    assert_int_equal(r.n_candidates, 4);
    assert_int_equal(r.n_not_allowed, 5);
    for (size_t i = 0; i < 4; i++)
        assert_memory_equal(&r.items[i].score, &scores[i], sizeof(double));
    request.allow = NXC_RISK_BIT(NXC_RISK_MONEY);
    assert_ok(nxc_rank(f->ctx, &request, &r, &err), err);
    assert_int_equal(r.n, 0);
    request.allow = NXC_RISK_BIT(NXC_RISK_MONEY + 1);
    assert_int_equal(nxc_rank(f->ctx, &request, &r, &err), NXC_ERR_INVALID);
}

static void bad_requests_say_what_was_expected(void **state) {
    fixture *f = *state;
    static const struct {
        const char *request;
        nxc_status status;
        const char *part;
    } cases[] = {
        {"{\"candidates\":[\"getMember\",\"nothing\"]}", NXC_ERR_NOT_FOUND,
         "candidates[1]"},
        {"{\"candidates\":[\"getMember\",\"GET /v2/members/x\"]}",
         NXC_ERR_INVALID, "once"},
        {"{\"catalog\":\"other\"}", NXC_ERR_NOT_FOUND, "other"},
        {"{\"promt\":\"x\"}", NXC_ERR_INVALID, "prompt"},
        {"{\"prompt\":7}", NXC_ERR_INVALID, "$.prompt"},
        {"{", NXC_ERR_PARSE, "expected JSON"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nxc_str json;
        nxc_error err = {NXC_OK, ""};
        nxc_status st = nxc_rank_json(f->ctx, nxc__str(cases[i].request), false,
                                      &json, &err);
        if (st != cases[i].status || !strstr(err.message, cases[i].part))
            fail_msg("%s: got %s: %s", cases[i].request, nxc_status_name(st),
                     err.message);
        assert_non_null(strstr(json.ptr, "\"error\":{\"code\":"));
    }
}

static void an_error_keeps_the_id(void **state) {
    fixture *f = *state;
    nxc_str json;
    nxc_error err;
    assert_int_equal(nxc_rank_json(f->ctx,
                                   NXC_STR("{\"id\":\"a7\",\"top\":\"x\"}"),
                                   false, &json, &err),
                     NXC_ERR_INVALID);
    assert_non_null(strstr(json.ptr, "{\"id\":\"a7\",\"error\""));
}

static void the_answer_is_json(void **state) {
    fixture *f = *state;
    nxc_str json;
    nxc_error err;
    nxc__json_doc *doc;
    assert_ok(nxc_rank_json(f->ctx, nxc__str(request_text), true, &json, &err),
              err);
    assert_ok(nxc__json_parse(NXC_STR("answer"), json, NULL, NULL, &doc, &err),
              err);
    const nxc__json *root = nxc__json_root(doc);
    const nxc__json *ranking = NXC_JSON_GET(root, "ranking");
    assert_str(nxc__json_str(NXC_JSON_GET(root, "id")), "r1");
    assert_int_equal(nxc__json_size(ranking), 9);
    for (nxc__json_iter it = nxc__json_each(ranking); nxc__json_next(&it);) {
        const nxc__json *features = NXC_JSON_GET(it.value, "features");
        assert_int_equal(nxc__json_size(features), NXC_V1_N_FEATURES);
        assert_str(nxc__json_str(NXC_JSON_GET(features, "last_endpoint_type")),
                   "GET");
        assert_str(nxc__json_str(NXC_JSON_GET(features, "last_resource")),
                   "member");
    }
    assert_str(
        nxc__json_str(NXC_JSON_GET(NXC_JSON_GET(root, "missing_features"),
                                   "prompt_similarity")),
        "no_encoder");
    nxc__json_free(doc);
}

static void a_warm_context_allocates_nothing(void **state) {
    fixture *f = *state;
    nxc_request request;
    nxc_ranking r;
    nxc_error err;
    assert_ok(nxc_request_parse(f->ctx, nxc__str(request_text), &request, &err),
              err);
    assert_ok(nxc_rank(f->ctx, &request, &r, &err), err);
    size_t before = f->memory.n_calls;
    for (int i = 0; i < 100; i++)
        assert_ok(nxc_rank(f->ctx, &request, &r, &err), err);
    assert_int_equal(f->memory.n_calls, before);
}

static void unknown_calls_are_kept_and_counted(void **state) {
    fixture *f = *state;
    nxc_request request;
    nxc_ranking r;
    nxc_error err;
    assert_ok(
        nxc_request_parse(f->ctx,
                          NXC_STR("{\"prompt\":\"x\",\"history\":[\"DELETE "
                                  "/v2/shelves/3\",\"rebindBook\"]}"),
                          &request, &err),
        err);
    assert_ok(nxc_rank(f->ctx, &request, &r, &err), err);
    assert_int_equal(r.n_unknown_calls, 2);
}

static void names_are_unique_and_needed(void **state) {
    fixture *f = *state;
    nxc_error err;
    nxc_catalog *c = open_library(&f->memory.alloc);
    assert_int_equal(
        nxc_engine_add_catalog(f->engine, NXC_STR("library"), c, &err),
        NXC_ERR_INVALID);
    assert_ok(nxc_engine_add_catalog(f->engine, NXC_STR("second"), c, &err),
              err);
    nxc_request request = NXC_REQUEST_INIT;
    nxc_ranking r;
    assert_int_equal(nxc_rank(f->ctx, &request, &r, &err), NXC_ERR_INVALID);
    request.catalog = NXC_STR("second");
    assert_ok(nxc_rank(f->ctx, &request, &r, &err), err);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_by_verb_and_resource),
        cmocka_unit_test(top_is_a_prefix),
        cmocka_unit_test(order_of_candidates_does_not_matter),
        cmocka_unit_test(risks_that_are_not_allowed_are_no_candidates),
        cmocka_unit_test(bad_requests_say_what_was_expected),
        cmocka_unit_test(an_error_keeps_the_id),
        cmocka_unit_test(the_answer_is_json),
        cmocka_unit_test(a_warm_context_allocates_nothing),
        cmocka_unit_test(unknown_calls_are_kept_and_counted),
        cmocka_unit_test(names_are_unique_and_needed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
