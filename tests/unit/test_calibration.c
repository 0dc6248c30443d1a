/* Probabilities: what notes must be, the map, and answers that abstain. */
#include <math.h>

#include "base/buffer.h"
#include "engine/engine.h"
#include "support/nxc_test.h"

#define T "calibration.cold.temperature="
#define S "calibration.cold.shares="
#define P "calibration.cold.probabilities="
#define GOOD T "0.5\n" S "0 0.2 0.9\n" P "0 0.1 0.8\n"

/* Of the set v1: reading operations first. */
#define MODEL                                                           \
    "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\n"         \
    "max_feature_idx=10\nobjective=lambdarank\nfeature_names=Column_0 " \
    "Column_1 Column_2 Column_3 Column_4 Column_5 Column_6 Column_7 "   \
    "Column_8 Column_9 Column_10\n\nTree=0\nnum_leaves=2\nnum_cat=0\n"  \
    "split_feature=4\nthreshold=1.5\ndecision_type=2\nleft_child=-1\n"  \
    "right_child=-2\nleaf_value=2 0\n\nend of trees\n"

static nxc_status parse(const char *notes, nxc_ranker **out, nxc_error *err) {
    nxc__buffer b;
    nxc__buffer_init(&b, &nxc__allocator_default, 1 << 20);
    nxc__buffer_append_z(&b, MODEL "nextcall notes\n");
    nxc__buffer_append_z(&b, notes);
    nxc__buffer_append_z(&b, "end of nextcall notes\n");
    nxc_status st = nxc__ranker_parse(NXC_STR("m.txt"), nxc__buffer_str(&b),
                                      NULL, out, err);
    nxc__buffer_release(&b);
    return st;
}

static void test_notes(void **state) {
    (void)state;
    static const struct {
        const char *notes, *part; /* NULL: good */
    } cases[] = {
        {"", NULL},
        {GOOD, NULL},
        {T "1e-3\n" S "0 1\n" P "0.5 0.5\n", NULL},
        {S "0 0.2\n" P "0 0.1\n", "cold.temperature: expected a number"},
        {T "0\n" S "0 0.2\n" P "0 0.1\n", "expected a number above 0"},
        {T "-1\n" S "0 0.2\n" P "0 0.1\n", "above 0, got \"-1\""},
        {T "nan\n" S "0 0.2\n" P "0 0.1\n", "above 0"},
        {T "inf\n" S "0 0.2\n" P "0 0.1\n", "above 0"},
        {T "1x\n" S "0 0.2\n" P "0 0.1\n", "above 0"},
        {T "1\n" P "0 0.1\n", "cold.shares: expected 2 to 64"},
        {T "1\n" S "0\n" P "0\n", "cold.shares"},
        {T "1\n" S "\n" P "0 0.1\n", "cold.shares"},
        {T "1\n" S "0.1 0.2\n" P "0 0.1\n", "cold.shares"},
        {T "1\n" S "0 0.2 0.2\n" P "0 0.1 0.2\n", "cold.shares"},
        {T "1\n" S "0 1.1\n" P "0 0.1\n", "cold.shares"},
        {T "1\n" S "0 nan\n" P "0 0.1\n", "cold.shares"},
        {T "1\n" S "0  0.5\n" P "0 0.1\n", "cold.shares"},
        {T "1\n" S "0 0.5 \n" P "0 0.1\n", "cold.shares"},
        {T "1\n" S "0 0.5\n", "cold.probabilities: expected as many"},
        {T "1\n" S "0 0.5\n" P "0 0.1 0.2\n", "cold.probabilities"},
        {T "1\n" S "0 0.5\n" P "0\n", "cold.probabilities"},
        {T "1\n" S "0 0.5\n" P "0.2 0.1\n", "cold.probabilities"},
        {T "1\n" S "0 0.5\n" P "0 1.5\n", "cold.probabilities"},
        {"calibration.warm.temperature=1\n", "note calibration.warm.shares"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nxc_ranker *r = NULL;
        nxc_error err = {NXC_OK, ""};
        nxc_status st = parse(cases[i].notes, &r, &err);
        if (st != (cases[i].part ? NXC_ERR_PARSE : NXC_OK) ||
            (cases[i].part && !strstr(err.message, cases[i].part)))
            fail_msg("%s: got %s", cases[i].notes, err.message);
        nxc_ranker_free(r);
    }
}

static void test_most_knots(void **state) {
    (void)state;
    for (size_t n = NXC_MAX_KNOTS; n <= NXC_MAX_KNOTS + 1; n++) {
        nxc_ranker *r = NULL;
        nxc_error err;
        nxc__buffer b;
        nxc__buffer_init(&b, &nxc__allocator_default, 1 << 20);
        nxc__buffer_append_z(&b, T "1\n" S);
        for (size_t i = 0; i < n; i++)
            nxc__buffer_printf(&b, "%s%g", i ? " " : "", (double)i / 100);
        nxc__buffer_append_z(&b, "\n" P);
        for (size_t i = 0; i < n; i++)
            nxc__buffer_printf(&b, "%s0.5", i ? " " : "");
        nxc__buffer_append(&b, "\n", 2);
        assert_int_equal(parse(b.data, &r, &err),
                         n > NXC_MAX_KNOTS ? NXC_ERR_PARSE : NXC_OK);
        nxc_ranker_free(r);
        nxc__buffer_release(&b);
    }
}

static void test_map(void **state) {
    (void)state;
    const nxc__calibration c = {3, 0.5, {0, 0.2, 0.9}, {0, 0.1, 0.8}};
    /* two candidates ln 3 apart at temperature 1/2: shares .9 and .1 */
    double s[4] = {1, 1 - log(3), 0, 0}, p[4];
    nxc__calibrate(&c, s, 2, p);
    assert_true(fabs(p[0] - 0.8) < 1e-12);
    assert_true(fabs(p[1] - 0.05) < 1e-12);
    nxc__calibrate(&c, s, 1, p); /* alone: share 1, past the last knot */
    assert_true(p[0] == 0.8);
    s[1] = (double)NAN;
    s[2] = 1000; /* no overflow */
    s[3] = -(double)INFINITY;
    nxc__calibrate(&c, s, 4, p);
    assert_true(isnan(p[1]) && p[2] == 0.8 && p[0] == 0 && p[3] == 0);
    s[0] = (double)INFINITY; /* nothing can be said */
    nxc__calibrate(&c, s, 4, p);
    for (int i = 0; i < 4; i++)
        assert_true(isnan(p[i]));
    const nxc__calibration none = {.n = 0};
    s[0] = 0;
    nxc__calibrate(&none, s, 1, p);
    assert_true(isnan(p[0]));
}

static void test_a_long_tail_does_not_count(void **state) {
    (void)state;
    const nxc__calibration c = {3, 0.5, {0, 0.2, 0.9}, {0, 0.1, 0.8}};
    uint64_t seed = 7;
    double s[3000], p[3000], best = 0;
    for (size_t i = 0; i < 3000; i++) /* the ten best anywhere */
        s[i] = i % 300 == 17 ? 1 + (double)(i / 300) / 100
                             : (double)(nxc_random(&seed) % 1000) / 1000;
    nxc__calibrate(&c, s, 3000, p);
    for (size_t i = 0; i < 3000; i++)
        best = p[i] > best ? p[i] : best;
    double ten[10], q[10];
    for (size_t i = 0; i < 10; i++)
        ten[i] = s[i * 300 + 17];
    nxc__calibrate(&c, ten, 10, q);
    assert_true(p[9 * 300 + 17] == best && q[9] == best);
}

static void test_higher_scores_are_never_less_probable(void **state) {
    (void)state;
    const nxc__calibration c = {
        5, 0.7, {0, 0.01, 0.1, 0.4, 0.95}, {0, 0.02, 0.02, 0.5, 0.7}};
    uint64_t seed = 20261125;
    double s[40], p[40];
    for (int round = 0; round < 2000; round++) {
        size_t n = 1 + nxc_random(&seed) % 40;
        for (size_t i = 0; i < n; i++)
            s[i] = (double)(nxc_random(&seed) % 4000) / 400 - 5;
        nxc__calibrate(&c, s, n, p);
        for (size_t i = 0; i < n; i++) {
            assert_true(p[i] >= 0 && p[i] <= 1);
            for (size_t k = 0; k < n; k++)
                if (s[i] >= s[k] && !(p[i] >= p[k]))
                    fail_msg("round %d: %g of %g, %g of %g", round, p[i], s[i],
                             p[k], s[k]);
        }
    }
}

static void rank_library(const char *notes, nxc_request *request,
                         nxc_status want, nxc_ranking *out, nxc_str *json,
                         nxc_engine **engine, nxc_ctx **ctx) {
    nxc_ranker *ranker;
    nxc_catalog *c;
    nxc_error err;
    assert_ok(parse(notes, &ranker, &err), err);
    assert_ok(nxc_engine_open(NULL, NULL, engine, &err), err);
    assert_ok(nxc_engine_set_ranker(*engine, ranker, &err), err);
    assert_ok(nxc_catalog_open(NXC_SOURCE_DIR "/tests/data/library.json", NULL,
                               NULL, NULL, &c, NULL, &err),
              err);
    assert_ok(nxc_engine_add_catalog(*engine, NXC_STR("l"), c, &err), err);
    assert_ok(nxc_ctx_new(*engine, ctx, &err), err);
    nxc_status st = nxc_rank(*ctx, request, out, &err);
    if (st != want) fail_msg("%s: %s", notes, err.message);
    if (st == NXC_OK)
        assert_ok(nxc_ranking_format(*ctx, request, out, false, json, &err),
                  err);
}

static void test_rankings(void **state) {
    (void)state;
    static const struct {
        const char *notes, *prompt;
        double least;
        nxc_status status;
        bool has, abstains;
    } cases[] = {
        {GOOD, "lend a book", NXC_NAN, NXC_OK, true, false},
        {GOOD, "lend a book", 0, NXC_OK, true, false},
        {GOOD, "lend a book", 0.001, NXC_OK, true, false},
        {GOOD, "lend a book", 0.81, NXC_OK, true, true},
        {GOOD, "", NXC_NAN, NXC_OK, false, false},
        {GOOD, "", 0, NXC_OK, false, true},
        {"", "lend a book", NXC_NAN, NXC_OK, false, false},
        {"", "lend a book", 0.5, NXC_ERR_UNSUPPORTED, false, false},
        {GOOD, "lend a book", 1.01, NXC_ERR_INVALID, false, false},
        {GOOD, "lend a book", -0.01, NXC_ERR_INVALID, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nxc_engine *engine;
        nxc_ctx *ctx;
        nxc_ranking r;
        nxc_str json = {"", 0};
        nxc_request request = NXC_REQUEST_INIT;
        request.prompt = nxc__str(cases[i].prompt);
        request.min_confidence = cases[i].least;
        rank_library(cases[i].notes, &request, cases[i].status, &r, &json,
                     &engine, &ctx);
        if (cases[i].status == NXC_OK) {
            assert_int_equal(r.abstained, cases[i].abstains);
            assert_int_equal(r.n, cases[i].abstains ? 0 : 9);
            assert_int_equal(!isnan(r.best_probability), cases[i].has);
            for (size_t k = 0; k < r.n; k++)
                assert_int_equal(!isnan(r.items[k].probability), cases[i].has);
            char *text = nxc__alloc_zero(&nxc__allocator_default, json.len + 1);
            memcpy(text, json.ptr, json.len);
            assert_non_null(strstr(text, cases[i].abstains
                                             ? "\"abstained\":true"
                                             : "\"abstained\":false"));
            assert_int_equal(strstr(text, "\"best_probability\":null") == NULL,
                             cases[i].has);
            nxc__free(&nxc__allocator_default, text, json.len + 1);
        }
        nxc_ctx_free(ctx);
        nxc_engine_close(engine);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_most_knots),
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_a_long_tail_does_not_count),
        cmocka_unit_test(test_higher_scores_are_never_less_probable),
        cmocka_unit_test(test_rankings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
