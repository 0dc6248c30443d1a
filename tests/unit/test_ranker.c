#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "ranker/linear.h"
#include "ranker/ranker.h"
#include "support/nxc_test.h"
#include "support/small_model.h"

static const double nan_ = (double)NAN, inf_ = (double)INFINITY;

static nxc_ranker *parse(const char *text) {
    nxc_ranker *r = NULL;
    nxc_error err;
    assert_ok(nxc__ranker_parse(NXC_STR("dir/model.txt"), nxc__str(text), NULL,
                                &r, &err),
              err);
    return r;
}
static double score1(const nxc_ranker *r, const double *row) {
    double s = 77;
    nxc_error err;
    assert_ok(nxc_ranker_score(r, row, 1, &s, &err), err);
    return s;
}

/* Sums of small_model.h, one power of two for each leaf. */
static void scores_by_hand(void **state) {
    (void)state;
    const struct {
        double row[3];
        double score;
    } cases[] = {
        {{0.5, -1.5, 1}, 1 + 16 + 32 + 64},
        {{0.5, 1.5, 1}, 2 + 16 + 32 + 64},
        {{0.6, -1.5, 1}, 4 + 16 + 32 + 64},
        /* one ulp on either side of a threshold */
        {{0.50000000000000011, -9, 1}, 4 + 16 + 32 + 64},
        {{0.49999999999999994, -1.4999999999999998, 1}, 2 + 16 + 32 + 64},
        {{0.49999999999999994, -1.5000000000000002, 1}, 1 + 16 + 32 + 64},
        /* f0: NaN goes left; f1: zero and NaN go right, though 0 > -1.5 does
         * too, see missing_types below */
        {{nan_, -9, 1}, 1 + 16 + 32 + 64},
        {{nan_, 0, 1}, 2 + 16 + 32 + 64},
        {{nan_, nan_, 1}, 2 + 16 + 32 + 64},
        {{-inf_, -inf_, 1}, 1 + 16 + 32 + 64},
        {{inf_, inf_, 1}, 4 + 16 + 32 + 64},
        /* categories {1, 3, 33} */
        {{1, 0, 0}, 4 + 8 + 32 + 64},
        {{1, 0, 3}, 4 + 16 + 32 + 64},
        {{1, 0, 33}, 4 + 16 + 32 + 64},
        {{1, 0, 2}, 4 + 8 + 32 + 64},
        {{1, 0, 35}, 4 + 8 + 32 + 64},
        {{1, 0, 64}, 4 + 8 + 32 + 64},
        {{1, 0, 65}, 4 + 8 + 32 + 64},
        {{1, 0, 1.999}, 4 + 16 + 32 + 64},
        {{1, 0, -1}, 4 + 8 + 32 + 64},
        {{1, 0, -3}, 4 + 8 + 32 + 64},
        {{1, 0, nan_}, 4 + 8 + 32 + 64},
        {{1, 0, inf_}, 4 + 8 + 32 + 64},
        {{1, 0, -inf_}, 4 + 8 + 32 + 64},
        {{1, 0, 2147483647.0}, 4 + 8 + 32 + 64},
        {{1, 0, 2147483649.0}, 4 + 8 + 32 + 64}, /* 2^31 + 1 */
        {{1, 0, 4294967297.0}, 4 + 8 + 32 + 64}, /* 2^32 + 1 */
        {{1, 0, 1e300}, 4 + 8 + 32 + 64},
    };
    nxc_ranker *r = parse(NXC_SMALL_MODEL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double got = score1(r, cases[i].row), got32;
        if (got != cases[i].score)
            fail_msg("case %zu: expected %g, got %g", i, cases[i].score, got);
        float row32[3];
        double widened[3];
        nxc_error err;
        bool has = true;
        for (size_t j = 0; j < 3; j++) {
            /* volatile: gcc 12.2 -O2 (SLP vectorizer) folds two neighbouring
             * (double)(float)x to x */
            volatile float rounded = (float)cases[i].row[j];
            row32[j] = rounded;
            widened[j] = (double)rounded;
        }
        assert_ok(
            nxc__ranker_score_rows(r, 4, row32, 1, &got32, NULL, &has, &err),
            err);
        assert_false(has);
        if (got32 != score1(r, widened))
            fail_msg("case %zu: expected %g, got %g of floats", i,
                     score1(r, widened), got32);
    }
    nxc_ranker_free(r);
}

/* One split of f0 at threshold t: leaves 1 | 2. */
static double split_once(const char *threshold, int decision, double x) {
    char text[600];
    snprintf(text, sizeof text,
             "tree\nversion=v3\nnum_class=1\nmax_feature_idx=0\n"
             "feature_names=Column_0\nfeature_infos=[0:1]\n\nTree=0\n"
             "num_leaves=2\nnum_cat=0\nsplit_feature=0\nthreshold=%s\n"
             "decision_type=%d\nleft_child=-1\nright_child=-2\n"
             "leaf_value=1 2\n\nend of trees\n",
             threshold, decision);
    nxc_ranker *r = parse(text);
    double s = score1(r, &x);
    nxc_ranker_free(r);
    return s;
}

static void missing_types(void **state) {
    (void)state;
    enum { LEFT = 1, RIGHT = 2 };
    const double tiny = (double)1e-35f, above = nextafter(tiny, 1);
    const struct {
        const char *threshold;
        int decision;
        double x;
        int goes;
    } cases[] = {
        /* none: NaN is 0, the default direction is not looked at */
        {"0.5", 0, nan_, LEFT},
        {"-0.5", 0, nan_, RIGHT},
        {"0.5", 2, nan_, LEFT},
        {"-0.5", 2, nan_, RIGHT},
        {"-0.5", 2, 0, RIGHT},
        {"0", 0, 0, LEFT},
        {"0", 0, -0.0, LEFT},
        {"-0", 0, 0, LEFT},
        {"0", 0, 5e-324, LEFT}, /* the row intake: as small as 1e-35 is 0 */
        {"0", 0, tiny, LEFT},
        {"0", 0, above, RIGHT},
        {"-1e-36", 0, -tiny, RIGHT},
        {"-1e-36", 0, -above, LEFT},
        {"inf", 0, inf_, LEFT},
        {"inf", 0, nan_, LEFT},
        {"1e300", 0, 1e300, LEFT},
        {"1e300", 0, inf_, RIGHT},
        {"-inf", 0, -inf_, LEFT},
        {"-inf", 0, -1e308, RIGHT},
        /* zero: 0, NaN and what counts as 0 take the default direction */
        {"-0.5", 4 + 2, 0, LEFT},
        {"0.5", 4, 0, RIGHT},
        {"0.5", 4, -0.0, RIGHT},
        {"-0.5", 4 + 2, nan_, LEFT},
        {"0.5", 4, nan_, RIGHT},
        {"0.5", 4, tiny, RIGHT},
        {"0.5", 4, -tiny, RIGHT},
        {"0.5", 4, above, LEFT},
        {"0.5", 4 + 2, 1, RIGHT},
        {"0.5", 4, -1, LEFT},
        /* NaN: NaN takes the default direction, 0 is a number */
        {"-0.5", 8 + 2, nan_, LEFT},
        {"0.5", 8, nan_, RIGHT},
        {"inf", 8, nan_, RIGHT},
        {"0.5", 8, 0, LEFT},
        {"-0.5", 8 + 2, 0, RIGHT},
        {"0.1", 8, 0.1, LEFT},
        {"0.10000000000000001", 8, 0.1, LEFT},
        {"0.1", 8, nextafter(0.1, 1), RIGHT},
        {"0.1", 8, nextafter(0.1, 0), LEFT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double got =
            split_once(cases[i].threshold, cases[i].decision, cases[i].x);
        if ((int)got != cases[i].goes)
            fail_msg("threshold %s, decision %d, x %g: expected %s",
                     cases[i].threshold, cases[i].decision, cases[i].x,
                     cases[i].goes == LEFT ? "left" : "right");
    }
}

/* Missing type and default direction of a categorical split mean nothing. */
static void categories(void **state) {
    (void)state;
    static const char head[] =
        "tree\nversion=v2\nnum_class=1\nmax_feature_idx=0\n"
        "feature_names=Column_0\n\nTree=0\nnum_leaves=3\nnum_cat=2\n"
        "split_feature=0 0\nthreshold=1 0\nleft_child=-1 -2\n"
        "right_child=1 -3\nleaf_value=1 2 4\ncat_boundaries=0 1 3\n"
        "cat_threshold=4294967295 1 2147483649\ndecision_type=";
    /* node 0: set 1 = {0, 32, 63}; node 1: set 0 = {0 .. 31} */
    const struct {
        double x, score;
    } cases[] = {
        {0, 1},    {-0.0, 1},       {-0.5, 1},  {-0.9999999, 1}, {-1, 4},
        {0.99, 1}, {1e-40, 1},      {1, 2},     {31, 2},         {31.99, 2},
        {32, 1},   {63, 1},         {62, 4},    {64, 4},         {95, 4},
        {nan_, 4}, {2147483648, 4}, {-1e30, 4}, {1e30, 4},
    };
    for (int extra = 0; extra < 12; extra += 2) { /* every other bit */
        char text[600];
        snprintf(text, sizeof text, "%s%d %d\n\nend of trees\n", head,
                 1 + extra, 1 + (10 - extra));
        nxc_ranker *r = parse(text);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
            if (score1(r, &cases[i].x) != cases[i].score)
                fail_msg("decision %d, x %g: expected %g, got %g", 1 + extra,
                         cases[i].x, cases[i].score, score1(r, &cases[i].x));
        nxc_ranker_free(r);
    }
}

static void forest_averages_once(void **state) {
    (void)state;
    static const char text[] =
        "tree\nversion=v4\nnum_class=1\nmax_feature_idx=0\naverage_output\n"
        "feature_names=x\n\n"
        "Tree=0\nnum_leaves=1\nnum_cat=0\nleaf_value=0.1\n\n"
        "Tree=1\nnum_leaves=1\nnum_cat=0\nleaf_value=0.2\n\n"
        "Tree=2\nnum_leaves=1\nnum_cat=0\nleaf_value=0.3\n\nend of trees\n";
    nxc_ranker *r = parse(text);
    double x = 0;
    volatile double sum = 0.0; /* in tree order, rounded each time */
    sum = sum + 0.1;
    sum = sum + 0.2;
    sum = sum + 0.3;
    assert_true(score1(r, &x) == sum / 3.0);
    assert_true(score1(r, &x) != 0.2); /* the order of the sum shows */
    nxc_ranker_free(r);
}

/* Rows do not see each other, and a batch of none is legal. */
static void batch_equals_single(void **state) {
    (void)state;
    enum { N = 100 };
    nxc_ranker *r = parse(NXC_SMALL_MODEL);
    double rows[N][3], scores[N];
    uint64_t seed = 3;
    nxc_error err;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < 3; j++)
            rows[i][j] = (double)(nxc_random(&seed) % 400) / 10 - 5;
    assert_ok(nxc_ranker_score(r, &rows[0][0], N, scores, &err), err);
    for (size_t i = 0; i < N; i++)
        assert_true(score1(r, rows[i]) == scores[i]);
    assert_ok(nxc_ranker_score(r, NULL, 0, NULL, &err), err);
    assert_int_equal(nxc_ranker_score(r, NULL, 1, scores, &err),
                     NXC_ERR_INVALID);
    assert_int_equal(nxc_ranker_score(r, &rows[0][0], 1, NULL, NULL),
                     NXC_ERR_INVALID);
    nxc_ranker_free(r);
}

static void loads_a_file(void **state) {
    (void)state;
    char path[] = NXC_BINARY_DIR "/nxc_test_ranker_XXXXXX";
    nxc_error err;
    nxc_ranker *r = NULL;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_ok(nxc__file_replace(path, NXC_SMALL_MODEL,
                                sizeof NXC_SMALL_MODEL - 1, &err),
              err);
    assert_ok(nxc_ranker_load(path, NULL, &r, &err), err);
    assert_string_equal(nxc_ranker_name(r), strrchr(path, '/') + 1);
    assert_int_equal(nxc_ranker_n_features(r), 3);
    assert_false(nxc__ranker_is_linear(r));
    nxc_ranker_free(r);
    assert_ok(nxc__file_replace(path, "tree\nx", 6, &err), err);
    r = NULL;
    assert_int_equal(nxc_ranker_load(path, NULL, &r, &err), NXC_ERR_PARSE);
    assert_null(r);
    assert_true(strncmp(err.message, path, strlen(path)) == 0);
    unlink(path);
    assert_int_equal(nxc_ranker_load(path, NULL, &r, &err), NXC_ERR_IO);
    assert_int_equal(nxc_ranker_load(NULL, NULL, &r, &err), NXC_ERR_INVALID);
    assert_int_equal(nxc_ranker_load(path, NULL, NULL, &err), NXC_ERR_INVALID);
    assert_null(r);
    nxc_ranker_free(NULL);
}

static void checks_feature_names(void **state) {
    (void)state;
    static const char *const own[] = {"alpha", "beta", "gamma"};
    static const char *const other[] = {"alpha", "gamma", "beta"};
    nxc_error err;
    nxc_ranker *r = parse(NXC_SMALL_MODEL);
    assert_ok(nxc__ranker_check_features(r, own, 3, &err), err);
    assert_int_equal(nxc__ranker_check_features(r, other, 3, &err),
                     NXC_ERR_MISMATCH);
    assert_string_equal(err.message,
                        "model.txt: expected feature 1 to be gamma, got beta");
    assert_int_equal(nxc__ranker_check_features(r, own, 2, &err),
                     NXC_ERR_MISMATCH);
    assert_string_equal(err.message,
                        "model.txt: expected a model of 2 features, got 3");
    nxc_ranker_free(r);

    static const char tail[] = "\n\nTree=0\nnum_leaves=1\nnum_cat=0\n"
                               "leaf_value=1\n\nend of trees\n";
    static const struct {
        const char *names;
        bool fits;
    } cases[] = {
        {"Column_0 Column_1 Column_2", true},
        {"Column_0 Column_1 Column_3", false}, /* names of its own */
        {"Column_0 Column_2 Column_1", false},
        {"Column_0 Column_1 Column_x", false},
        {"alpha beta gamma", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[400];
        snprintf(text, sizeof text,
                 "tree\nversion=v4\nnum_class=1\nmax_feature_idx=2\n"
                 "feature_names=%s%s",
                 cases[i].names, tail);
        r = parse(text);
        assert_int_equal(nxc__ranker_check_features(r, own, 3, &err) == NXC_OK,
                         cases[i].fits);
        nxc_ranker_free(r);
    }
}

static void linear_default(void **state) {
    (void)state;
    enum { N = NXC_V1_N_FEATURES };
    static const float rows[3][N] = {
        {1, 2, 3, 4, 1, 1.0f, 0.5f, 0.75f, 1.0f, 0.1f, 0.2f},
        {1, 2, 3, 4, 1, 0, 0, 0, 0, 0, 0},
        {NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0.5f, NAN, NAN, NAN},
    };
    nxc_error err;
    nxc_ranker *r;
    assert_ok(nxc_ranker_default(NULL, &r, &err), err);
    assert_string_equal(nxc_ranker_name(r), "linear-default-v1");
    assert_true(nxc__ranker_is_linear(r));
    assert_int_equal(nxc_ranker_n_features(r), N);
    assert_ok(nxc__ranker_check_features(r, nxc__linear_feature_names, N, &err),
              err);
    for (uint32_t group = 0; group < NXC_LINEAR_N_GROUPS; group++) {
        double scores[3], parts[3][N], only_scores[3];
        bool has = false;
        assert_ok(nxc__ranker_score_rows(r, group, rows[0], 3, scores, parts[0],
                                         &has, &err),
                  err);
        assert_true(has);
        for (size_t i = 0; i < 3; i++) {
            double sum = 0.0;
            for (size_t j = 0; j < N; j++)
                sum += parts[i][j];
            assert_true(sum == scores[i]);
        }
        /* the same for all candidates of a request, or without an order */
        for (size_t j = 0; j < 5; j++)
            assert_true(parts[0][j] == 0.0);
        assert_true(parts[0][9] == 0.0 && parts[0][10] == 0.0);
        assert_true(scores[1] == 0.0);
        assert_true(scores[2] == parts[2][7] && scores[2] > 0);
        for (size_t j = 0; j < N; j++)
            assert_true(j == 7 || parts[2][j] == 0.0);
        assert_ok(nxc__ranker_score_rows(r, group, rows[0], 3, only_scores,
                                         NULL, &has, &err),
                  err);
        assert_false(has);
        assert_memory_equal(scores, only_scores, sizeof scores);
        if (group == 0) {
            double wide[N], score;
            for (size_t j = 0; j < N; j++)
                wide[j] = (double)rows[0][j];
            assert_ok(nxc_ranker_score(r, wide, 1, &score, &err), err);
            assert_true(score == scores[0]);
        }
    }
    double score = 77;
    assert_int_equal(nxc__ranker_score_rows(r, NXC_LINEAR_N_GROUPS, rows[0], 1,
                                            &score, NULL, NULL, &err),
                     NXC_ERR_INVALID);
    assert_true(score == 77);
    assert_int_equal(nxc_ranker_default(NULL, NULL, &err), NXC_ERR_INVALID);
    nxc_ranker_free(r);
}

/* A feature that helps has a weight that says so, in every row. */
static void linear_signs(void **state) {
    (void)state;
    static const struct {
        size_t feature;
        int sign;
    } cases[] = {{5, 1}, {6, -1}, {7, 1}, {8, 1}};
    nxc_error err;
    nxc_ranker *r;
    assert_ok(nxc_ranker_default(NULL, &r, &err), err);
    for (size_t i = 0; i < 4; i++)
        for (uint32_t group = 0; group < NXC_LINEAR_N_GROUPS; group++) {
            float row[NXC_V1_N_FEATURES] = {0};
            double score;
            row[cases[i].feature] = 1.0f;
            assert_ok(nxc__ranker_score_rows(r, group, row, 1, &score, NULL,
                                             NULL, &err),
                      err);
            if (score * cases[i].sign < 0)
                fail_msg("feature %zu, group %u: got weight %g",
                         cases[i].feature, group, score);
        }
    nxc_ranker_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_by_hand),
        cmocka_unit_test(missing_types),
        cmocka_unit_test(categories),
        cmocka_unit_test(forest_averages_once),
        cmocka_unit_test(batch_equals_single),
        cmocka_unit_test(loads_a_file),
        cmocka_unit_test(checks_feature_names),
        cmocka_unit_test(linear_default),
        cmocka_unit_test(linear_signs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
