/* Families of the feature set v2 that go by learned sessions, by values
 * computed by hand: two customers' sessions after one prompt, one session of
 * another. */
#include <unistd.h>

#include "statistics/statistics.h"
#include "support/tiny_model.h"
#include "support/v2_point.h"

#define FOLDER NXC_BINARY_DIR "/tests/features_learned"

static const char shop[] =
    "{\"id\":\"GET /customers\",\"method\":\"GET\",\"path\":\"/customers\","
    "\"operationId\":\"listCustomers\",\"summary\":\"List customers\"}\n"
    "{\"id\":\"POST /orders\",\"method\":\"POST\",\"path\":\"/orders\","
    "\"operationId\":\"createOrder\",\"summary\":\"Create an order\"}\n"
    "{\"id\":\"GET /products\",\"method\":\"GET\",\"path\":\"/products\","
    "\"operationId\":\"listProducts\",\"summary\":\"List products\"}\n"
    "{\"id\":\"DELETE /products\",\"method\":\"DELETE\",\"path\":\"/products\","
    "\"operationId\":\"deleteProducts\",\"summary\":\"Delete products\"}\n";
enum { LIST, ORDER, PRODUCTS, DELETE, N_OPS };
enum { ALPHA, BETA, N_TEXTS };

static v2_point point;
static nxc__learned learned;
static nxc__statistics *statistics;
static nxc_encoder *encoder;
static float texts[N_TEXTS][NXC_DIM], rows[N_OPS][NXC_DIM];
static float query[2 + NXC_MAX_CLAUSES][NXC_DIM];

static void learn(uint64_t key, uint32_t text, const uint32_t *operations,
                  uint32_t n) {
    nxc__learned_call calls[4];
    nxc_error err;
    nxc__learned_session s = {
        .key = {key, 1}, .group = {key, 2}, .time = NXC_NAN, .n = n};
    for (uint32_t i = 0; i < n; i++)
        calls[i] = (nxc__learned_call){operations[i], text, text, 0};
    assert_ok(nxc__learned_add(&learned, &s, calls, &err), err);
}

static void learn_all(void) {
    nxc_error err;
    uint32_t row;
    nxc__learned_init(&learned, &nxc__allocator_default);
    assert_ok(nxc__learned_text(&learned, NXC_STR("alpha"), &row, &err), err);
    assert_int_equal(row, ALPHA);
    assert_ok(nxc__learned_text(&learned, NXC_STR("beta"), &row, &err), err);
    learn(1, ALPHA, (const uint32_t[]){LIST, ORDER}, 2);
    learn(2, ALPHA, (const uint32_t[]){LIST, ORDER, LIST}, 3);
    learn(3, BETA, (const uint32_t[]){PRODUCTS, DELETE}, 2);
    nxc__statistics_options o = {
        .n_operations = N_OPS, .embeddings = texts[0], .now = NXC_NAN};
    assert_ok(nxc__statistics_new(&learned, &o, NULL, &statistics, &err), err);
}

static int set_up(void **state) {
    nxc_error err;
    tiny_model model = {.n_layers = 1, .n_positions = 64, .seed = 3};
    tiny_model_write(&model, FOLDER);
    assert_ok(nxc_model_pack(FOLDER, FOLDER "/tiny.nxm", NXC_F32, NULL, &err),
              err);
    assert_ok(nxc_encoder_open(FOLDER "/tiny.nxm", NULL, NULL, &encoder, &err),
              err);
    unlink(FOLDER "/tiny.nxm");
    tiny_model_remove(FOLDER);
    texts[ALPHA][0] = texts[BETA][1] = 1;
    for (int i = 0; i < N_OPS; i++)
        rows[i][2 + i] = 1;
    query[0][0] = query[1][0] = query[2][0] = 1;
    v2_open(&point, shop);
    point.dp.encoder = encoder;
    for (int k = 0; k < 3; k++)
        point.dp.rows[k] = rows[0];
    point.query.embeddings = query[0];
    learn_all();
    *state = &point;
    return 0;
}
static int tear_down(void **state) {
    v2_close(*state);
    nxc__statistics_free(statistics);
    nxc__learned_release(&learned);
    nxc_encoder_close(encoder);
    return 0;
}

static const char *const after_list[] = {"listCustomers", NULL};

static void extract(const nxc__statistics *s, const char *const *calls) {
    point.dp.statistics = s;
    assert_int_equal(v2_extract(&point, "alpha", "", calls), NXC_OK);
}

static void test_transitions(void **state) {
    v2_point *p = *state;
    extract(statistics, after_list);
    double order1 = (2 + 2 * 2.0 / 7) / 4, list1 = (0 + 2 * 3.0 / 7) / 4;
    assert_v2(p, LIST, w_pop, 3.0 / 7);
    assert_v2(p, LIST, w_first, 2.0 / 3);
    assert_v2(p, ORDER, w_first, 0);
    assert_v2(p, ORDER, w_m1, order1);
    assert_v2(p, LIST, w_m1, list1);
    assert_v2(p, ORDER, w_m2, (2 + 2 * order1) / 4);
    assert_v2(p, LIST, w_n1, log(3));
    assert_v2(p, LIST, w_n2, log(3));
    assert_v2(p, LIST, w_sessions, log(4));
    assert_v2(p, ORDER, w_m1_rank, 0);
    assert_v2(p, LIST, w_m1_gap, list1 - order1);
    extract(statistics, NULL);
    assert_v2(p, LIST, w_m1, (2 + 2 * 3.0 / 7) / 5);
    assert_v2(p, LIST, w_n1, log(4));
}

static void test_neighbours(void **state) {
    v2_point *p = *state;
    extract(statistics, after_list);
    double all = 5 + 2 * exp(-12);
    assert_v2(p, ORDER, kn_fo, 1);
    assert_v2(p, LIST, kn_fo, 0);
    assert_v2(p, LIST, kn_any, 1);
    assert_v2(p, PRODUCTS, kn_any, 0);
    assert_v2(p, ORDER, kt, 1);
    assert_v2(p, ORDER, ka, 2 / all);
    assert_v2(p, ORDER, kd, 1);
    assert_v2(p, ORDER, kda, 2 / all);
    assert_v2(p, ORDER, ktz, log(2));
    assert_v2(p, ORDER, kaz, log(all));
    assert_v2(p, ORDER, kn_top, 1);
    assert_v2(p, ORDER, tf_fo, 1);
    assert_v2(p, ORDER, tf_top, 1);
    assert_v2(p, ORDER, w_mix, 1 + V2_VALUE(p, ORDER, w_m1));
    assert_v2(p, LIST, w_mix, V2_VALUE(p, LIST, w_m1));
}

static void test_reliability(void **state) {
    v2_point *p = *state;
    float ranks[16];
    size_t n = nxc__statistics_n_samples(statistics);
    assert_int_equal(n, 7);
    for (size_t i = 0; i < n; i++) {
        nxc__sample sample;
        nxc__statistics_sample(statistics, i, &sample);
        ranks[i] = sample.step ? 0.25f : 1;
    }
    nxc__statistics_set_text_ranks(statistics, ranks);
    extract(statistics, after_list);
    assert_v2(p, LIST, rl_t, 0.25);
    assert_v2(p, LIST, rl_called, 1.0 / 4);
    assert_v2(p, LIST, rl_last, 0);
    assert_v2(p, LIST, rl_len, 7.0 / 3);
    assert_v2(p, LIST, rep_c, (1 + 2 * (1.0 / 5)) / (3 + 2));
    assert_v2(p, LIST, rep_n, log(4));
    assert_v2(p, LIST, self_c, 0);
    extract(statistics, NULL);
    assert_v2(p, LIST, rl_t, 1);
}

static double or_less(double x) { return isnan(x) ? 0.3 : x; }

/* Both opinions by their definition, from the columns that they go by; only the
 * last call was called, and may be called again with rep_c 0.28. */
static void test_trust(void **state) {
    v2_point *p = *state;
    double text[N_OPS], sum = 0;
    extract(statistics, after_list);
    double rt = or_less(V2_VALUE(p, LIST, rl_t));
    double rm = or_less(V2_VALUE(p, LIST, rl_m));
    double rk = or_less(V2_VALUE(p, LIST, rl_k));
    for (int i = 0; i < N_OPS; i++) {
        double fresh = V2_VALUE(p, i, fresh) + (i == LIST ? 9 : 0);
        text[i] = exp(V2_VALUE(p, i, hyb) + 0.7 * fresh);
        sum += text[i];
    }
    for (int i = 0; i < N_OPS; i++) {
        double near = (V2_VALUE(p, i, kt) + V2_VALUE(p, i, kd)) / 2;
        double m = V2_VALUE(p, i, w_m2), again = i == LIST ? 0.28 : 1;
        double t = text[i] / sum;
        assert_v2(p, i, w_odds,
                  rk * log(near + 1e-3) + 0.6 * rm * log(m + 1e-3) +
                      rt * log(t + 1e-3 / N_OPS) + 0.3 * log(again));
        assert_v2(p, i, w_trust,
                  rk * rk * (0.8 * near + 0.2 * V2_VALUE(p, i, kda) * again) +
                      0.6 * rm * rm * m + rt * rt * t * sqrt(again));
    }
}

/* Without statistics the columns that go by them are missing, and with them
 * the others are as they were. */
static void test_cold(void **state) {
    v2_point *p = *state;
    static float cold[N_OPS][NXC_V2_N_FEATURES];
    nxc_feature_info info;
    extract(NULL, after_list);
    memcpy(cold, p->rows, sizeof cold);
    extract(statistics, after_list);
    for (size_t f = 0; nxc_feature_describe("v2", f, &info); f++)
        for (size_t i = 0; i < N_OPS; i++) {
            bool is_same = memcmp(&cold[i][f], &p->rows[i][f], 4) == 0;
            if (!strchr(info.depends_on, 'S')) {
                if (!is_same) fail_msg("%s goes by statistics", info.name);
            } else if (!isnan(cold[i][f])) {
                fail_msg("%s is there without statistics", info.name);
            }
        }
}

/* Statistics of no session at all are as none. */
static void test_nothing_learned(void **state) {
    v2_point *p = *state;
    nxc__statistics *none;
    nxc_error err;
    nxc__hash128 groups[] = {{1, 2}, {2, 2}, {3, 2}};
    nxc__statistics_options o = {.n_operations = N_OPS,
                                 .now = NXC_NAN,
                                 .exclude = groups,
                                 .n_exclude = 3};
    assert_ok(nxc__statistics_new(&learned, &o, NULL, &none, &err), err);
    extract(none, after_list);
    nxc_feature_info info;
    for (size_t f = 0; nxc_feature_describe("v2", f, &info); f++)
        if (strchr(info.depends_on, 'S') && !isnan(p->rows[0][f]))
            fail_msg("%s is there without sessions", info.name);
    nxc__statistics_free(none);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transitions),
        cmocka_unit_test(test_neighbours),
        cmocka_unit_test(test_reliability),
        cmocka_unit_test(test_trust),
        cmocka_unit_test(test_cold),
        cmocka_unit_test(test_nothing_learned),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
