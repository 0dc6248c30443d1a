/* Values worked out by hand from five short sessions. */
#include "support/learned_test.h"

#define N_OPS 5

/* Keys are in their order, as none has a time. */
static const short_session sessions[] = {
    {1, 1, "abc", "find and pay"},  {2, 2, "abd", "find the refund"},
    {3, 3, "abcb", "find and pay"}, {4, 3, "ba", NULL},
    {5, 4, "aa", "walk alone"},
};

typedef struct fixture {
    nxc__learned learned;
    nxc__statistics *s;
    nxc__arena arena;
    float embeddings[8 * NXC_DIM];
} fixture;

/* Texts by row: unit vectors e0, (e0 + e1) / sqrt 2, e2. */
static void set_embeddings(float *e) {
    memset(e, 0, 8 * NXC_DIM * sizeof *e);
    e[0] = 1;
    e[NXC_DIM] = e[NXC_DIM + 1] = sqrtf(0.5f);
    e[2 * NXC_DIM + 2] = 1;
}

static int setup(void **state) {
    fixture *f = test_calloc(1, sizeof *f);
    nxc_error err;
    nxc__learned_init(&f->learned, NULL);
    for (size_t i = 0; i < sizeof sessions / sizeof *sessions; i++)
        learn_short(&f->learned, &sessions[i]);
    set_embeddings(f->embeddings);
    nxc__statistics_options options;
    memset(&options, 0, sizeof options);
    options.n_operations = N_OPS;
    options.embeddings = f->embeddings;
    assert_ok(nxc__statistics_new(&f->learned, &options, NULL, &f->s, &err),
              err);
    nxc__arena_init(&f->arena, &nxc__allocator_default, SIZE_MAX);
    *state = f;
    return 0;
}
static int teardown(void **state) {
    fixture *f = *state;
    nxc__arena_release(&f->arena);
    nxc__statistics_free(f->s);
    nxc__learned_release(&f->learned);
    test_free(f);
    return 0;
}

static void check(const char *what, const float *got,
                  const double expected[N_OPS]) {
    if (!got) fail_msg("%s: expected values, got none", what);
    for (size_t o = 0; o < N_OPS; o++)
        if (!(fabs((double)got[o] - expected[o]) < 2e-6) &&
            !(isnan(got[o]) && isnan(expected[o])))
            fail_msg("%s[%zu]: expected %.9g, got %.9g", what, o, expected[o],
                     (double)got[o]);
}
#define CHECK(array, ...) \
    check(#array, array, (const double[N_OPS]){__VA_ARGS__})

static void at_the_start(void **state) {
    fixture *f = *state;
    nxc_error err;
    uint32_t room[64];
    nxc__transitions t;
    nxc__statistics_query q = short_query("", room);
    assert_ok(nxc__statistics_transitions(f->s, &q, &f->arena, &t, &err), err);
    /* a 6, b 5, c 2, d 1 of 14 calls; first calls: a 4, b 1 */
    CHECK(t.popularity, 6 / 14., 5 / 14., 2 / 14., 1 / 14., 0);
    CHECK(t.first, .8, .2, 0, 0, 0);
    CHECK(t.count1, 4, 1, 0, 0, 0);
    CHECK(t.order1, (4 + 12 / 14.) / 7, (1 + 10 / 14.) / 7, 4 / 14. / 7,
          2 / 14. / 7, 0);
    CHECK(t.count2, 4, 1, 0, 0, 0);
    CHECK(t.sessions, 4, 1, 0, 0, 0);
    assert_float_equal(t.n_popularity, 14, 0);
    assert_float_equal(t.n1, 5, 0);
    assert_float_equal(t.n2, 5, 0);
    /* Points after the first a: 2 + 2 + 3 + 0 + 1, one of them a; after b:
     * 1 + 1 + 2 + 1, one b; after c: 0 + 1; d: 0. Rate 2 of 14. */
    CHECK(t.repeat_n, 8, 5, 1, 0, 0);
    CHECK(t.repeats, (1 + 4 / 14.) / 10, (1 + 4 / 14.) / 7, 4 / 14. / 3,
          2 / 14., 2 / 14.);
    /* a is followed 4 times, once by itself; b 4, c 1; 1 of 9 later calls. */
    CHECK(t.self, (1 + 2 / 9.) / 6, 2 / 9. / 6, 2 / 9. / 3, 1 / 9., 1 / 9.);
}

static void after_calls(void **state) {
    fixture *f = *state;
    nxc_error err;
    uint32_t room[64];
    nxc__transitions t;
    nxc__statistics_query q = short_query("ab", room);
    assert_ok(nxc__statistics_transitions(f->s, &q, &f->arena, &t, &err), err);
    const double c1[] = {1, 0, 2, 1, 0}, c2[] = {0, 0, 2, 1, 0},
                 p0[] = {6 / 14., 5 / 14., 2 / 14., 1 / 14., 0};
    double p1[N_OPS], p2[N_OPS];
    for (size_t o = 0; o < N_OPS; o++) {
        p1[o] = (c1[o] + 2 * p0[o]) / 6;
        p2[o] = (c2[o] + 2 * p1[o]) / 5;
    }
    check("count1", t.count1, c1);
    check("count2", t.count2, c2);
    check("order1", t.order1, p1);
    check("order2", t.order2, p2);
    assert_float_equal(t.n1, 4, 0);
    assert_float_equal(t.n2, 3, 0);
    /* Weights a 1/2, b 1. Sessions 1 and 2: 1.5 / sqrt(3 * 2), then c or d at
     * distance 1; 3: its last common call is its last; 4 and 5 likewise. */
    double vote = 1.5 / sqrt(6);
    CHECK(t.sessions, 0, 0, vote, vote, 0);
}

static void without_a_group(void **state) {
    fixture *f = *state;
    nxc_error err;
    uint32_t room[64];
    nxc__transitions t;
    nxc__statistics_query q = short_query("b", room);
    q.exclude = short_hash(3);
    assert_ok(nxc__statistics_transitions(f->s, &q, &f->arena, &t, &err), err);
    CHECK(t.popularity, 4 / 8., 2 / 8., 1 / 8., 1 / 8., 0);
    CHECK(t.first, 1, 0, 0, 0, 0);
    CHECK(t.count1, 0, 0, 1, 1, 0);
    CHECK(t.count2, 0, 0, 0, 0, 0);
    assert_float_equal(t.n_popularity, 8, 0);
    nxc__transition_evidence e;
    nxc__statistics_evidence(f->s, &q, 2, &e);
    assert_int_equal(e.n_went, 1);
    assert_int_equal(e.n_points, 2);
    assert_int_equal(e.n_sessions, 1);
    q.exclude = short_hash(0);
    nxc__statistics_evidence(f->s, &q, 2, &e);
    assert_int_equal(e.n_went, 2);
    assert_int_equal(e.n_points, 4);
    assert_int_equal(e.n_sessions, 2);
    q.n_calls = 0;
    nxc__statistics_evidence(f->s, &q, 0, &e);
    assert_int_equal(e.n_went, 4);
    assert_int_equal(e.n_points, 5);
    assert_int_equal(e.n_sessions, 4);
}

static void by_prompt(void **state) {
    fixture *f = *state;
    nxc_error err;
    uint32_t room[64];
    nxc__neighbours n;
    nxc__statistics_query q = short_query("ab", room);
    q.prompt = q.delta = f->embeddings;
    q.op_rows = NULL;
    assert_ok(nxc__statistics_neighbours(f->s, &q, &f->arena, &n, &err), err);
    /* Cosines: sessions 1 and 3: 1, session 2: .7071, session 5: 0. */
    const double near = sqrt(.5), whole = 2 + near, e = exp(12 * (near - 1));
    const double x = exp(-12), all = 7 + 3 * e + 2 * x;
    assert_float_equal(n.top, 1, 1e-6);
    assert_float_equal(n.mean5, whole / 3, 1e-6);
    assert_float_equal(n.n_near, 3, 0);
    CHECK(n.after1, 0, 0, 2 / whole, near / whole, 0);
    CHECK(n.after2, 0, 0, 2 / whole, near / whole, 0);
    CHECK(n.any, 1, 1, 2 / whole, near / whole, 0);
    CHECK(n.kernel_last, 0, 0, 2 / (2 + e), e / (2 + e), 0);
    CHECK(n.kernel_all, (2 + e + 2 * x) / all, (3 + e) / all, 2 / all, e / all,
          0);
    CHECK(n.delta_last, 0, 0, 2 / (2 + e), e / (2 + e), 0);
    assert_float_equal(n.mass_last, log(2 + e), 1e-6);
    assert_float_equal(n.mass_all, log(all), 1e-6);
    assert_null(n.soft);
    assert_null(n.words_any);
    q.exclude = short_hash(3);
    assert_ok(nxc__statistics_neighbours(f->s, &q, &f->arena, &n, &err), err);
    CHECK(n.kernel_last, 0, 0, 1 / (1 + e), e / (1 + e), 0);
    assert_float_equal(n.mean5, (1 + near) / 2, 1e-6);
}

static void by_words(void **state) {
    fixture *f = *state;
    nxc_error err;
    uint32_t room[64];
    nxc__neighbours n;
    nxc__statistics_query q = short_query("ab", room);
    q.prompt_text = NXC_STR("Refunds: find them");
    assert_ok(nxc__statistics_neighbours(f->s, &q, &f->arena, &n, &err), err);
    /* Terms: find pay | find refund | walk alon; df of find is 2 of 3. */
    const double find = log(4 / 2.5), rare = log(4 / 1.5);
    const double cosine = find * find / (find * find + rare * rare);
    assert_float_equal(n.words_top, 1, 1e-6);
    assert_float_equal(n.words_mean5, (1 + 2 * cosine) / 3, 1e-6);
    const double whole = 1 + 2 * cosine;
    CHECK(n.words_after2, 0, 0, 2 * cosine / whole, 1 / whole, 0);
    assert_null(n.kernel_all);
    assert_true(isnan(n.mass_all) && isnan(n.top));
    q.prompt_text = NXC_STR("nothing of the kind");
    assert_ok(nxc__statistics_neighbours(f->s, &q, &f->arena, &n, &err), err);
    assert_null(n.words_any);
    assert_true(isnan(n.words_top));
}

static void soft_calls(void **state) {
    fixture *f = *state;
    nxc_error err;
    uint32_t room[64];
    nxc__neighbours n;
    float op_rows[N_OPS * NXC_DIM] = {0};
    for (size_t o = 0; o < N_OPS; o++)
        op_rows[o * NXC_DIM + o] = 1;
    nxc__statistics_query q = short_query("ab", room);
    q.prompt = f->embeddings;
    q.op_rows = op_rows;
    assert_ok(nxc__statistics_neighbours(f->s, &q, &f->arena, &n, &err), err);
    /* After b: weight 1; after a or c, whose rows are at right angles to b:
     * exp(-10); first calls: 0. */
    const double e = exp(6 * (sqrt(.5) - 1)), x = exp(-10);
    const double whole = 2 + e + x * (3 + e);
    CHECK(n.soft, 0, x * (3 + e) / whole, 2 / whole, e / whole, 0);
    assert_null(n.delta_all);
}

static void figures_of_the_whole(void **state) {
    fixture *f = *state;
    nxc__statistics_info info;
    nxc__statistics_get_info(f->s, &info);
    assert_int_equal(info.n_sessions, 5);
    assert_int_equal(info.n_calls, 14);
    assert_int_equal(info.n_prompts, 3);
    assert_float_equal(info.mean_length, 2.8f, 1e-6);
    assert_float_equal(info.repeat_rate, 2.0f / 9, 1e-6);
    assert_float_equal(info.same_rate, 1.0f / 9, 1e-6);
    assert_int_equal(nxc__statistics_n_samples(f->s), 14);
    assert_true(isnan(info.reliability[0].text));
    assert_true(isnan(info.reliability[0].fusion));
    assert_true(info.reliability[0].transitions > 0.5f);
    assert_true(info.reliability[1].neighbours > 0.2f);
    float ranks[14];
    for (size_t i = 0; i < 14; i++) {
        nxc__sample x;
        nxc__statistics_sample(f->s, i, &x);
        assert_true(x.step < x.session->n);
        ranks[i] = x.step == 0 ? 0.25f : 1;
    }
    nxc__statistics_set_text_ranks(f->s, ranks);
    nxc__statistics_get_info(f->s, &info);
    assert_float_equal(info.reliability[0].text, 0.25, 0);
    assert_float_equal(info.reliability[1].text, 1, 0);
    assert_float_equal(info.reliability[1].fusion, 1, 0);
    assert_true(info.reliability[0].fusion > info.reliability[0].transitions);
}

static void nothing_learnt(void **state) {
    (void)state;
    nxc_error err;
    uint32_t room[64];
    nxc__learned l;
    nxc__statistics *s;
    nxc__arena arena;
    nxc__transitions t;
    nxc__neighbours n;
    nxc__statistics_info info;
    nxc__statistics_options options;
    memset(&options, 0, sizeof options);
    options.n_operations = N_OPS;
    nxc__learned_init(&l, NULL);
    nxc__arena_init(&arena, &nxc__allocator_default, SIZE_MAX);
    assert_ok(nxc__statistics_new(&l, &options, NULL, &s, &err), err);
    nxc__statistics_query q = short_query("ab", room);
    float prompt[NXC_DIM] = {1};
    q.prompt = prompt;
    q.prompt_text = NXC_STR("find");
    assert_ok(nxc__statistics_transitions(s, &q, &arena, &t, &err), err);
    assert_ok(nxc__statistics_neighbours(s, &q, &arena, &n, &err), err);
    assert_true(!t.popularity && !t.order2 && !t.sessions && !t.self);
    assert_true(isnan(t.n_popularity) && isnan(t.n1));
    assert_true(!n.any && !n.kernel_all && !n.words_any && isnan(n.top));
    nxc__statistics_get_info(s, &info);
    assert_true(isnan(info.mean_length) && isnan(info.repeat_rate));
    assert_true(isnan(info.reliability[1].transitions));
    assert_int_equal(nxc__statistics_n_samples(s), 0);
    nxc__arena_release(&arena);
    nxc__statistics_free(s);
    nxc__learned_release(&l);
}

static void refuses_foreign_numbers(void **state) {
    (void)state;
    nxc_error err;
    nxc__learned l;
    nxc__statistics *s = NULL;
    nxc__statistics_options options;
    memset(&options, 0, sizeof options);
    nxc__learned_init(&l, NULL);
    learn_short(&l, &(short_session){1, 1, "abc", NULL});
    options.n_operations = 2;
    assert_int_equal(nxc__statistics_new(&l, &options, NULL, &s, &err),
                     NXC_ERR_INVALID);
    assert_null(s);
    options.n_operations = 3;
    assert_ok(nxc__statistics_new(&l, &options, NULL, &s, &err), err);
    nxc__statistics_free(s);
    l.calls[1].prompt = 0;
    assert_int_equal(nxc__statistics_new(&l, &options, NULL, &s, &err),
                     NXC_ERR_INVALID);
    nxc__learned_release(&l);
}

static void weights_by_age(void **state) {
    (void)state;
    nxc_error err;
    uint32_t room[64];
    nxc__learned l;
    nxc__statistics *s;
    nxc__arena arena;
    nxc__transitions t;
    nxc__statistics_options options;
    memset(&options, 0, sizeof options);
    options.n_operations = N_OPS;
    options.now = 1000;
    options.half_life = 100;
    nxc__learned_init(&l, NULL);
    nxc__arena_init(&arena, &nxc__allocator_default, SIZE_MAX);
    learn_timed(&l, &(short_session){1, 1, "a", NULL}, 1000);
    learn_timed(&l, &(short_session){2, 2, "b", NULL}, 900);
    learn_timed(&l, &(short_session){3, 3, "c", NULL}, 800);
    learn_timed(&l, &(short_session){4, 4, "d", NULL}, -2000);
    learn_timed(&l, &(short_session){5, 5, "e", NULL}, 2000);
    assert_ok(nxc__statistics_new(&l, &options, NULL, &s, &err), err);
    nxc__statistics_query q = short_query("", room);
    assert_ok(nxc__statistics_transitions(s, &q, &arena, &t, &err), err);
    CHECK(t.count1, 1, .5, .25, 0, 1);
    assert_float_equal(t.n_popularity, 2.75, 0);
    nxc__arena_release(&arena);
    nxc__statistics_free(s);
    nxc__learned_release(&l);
}

#define WITH_FIXTURE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(at_the_start),
        WITH_FIXTURE(after_calls),
        WITH_FIXTURE(without_a_group),
        WITH_FIXTURE(by_prompt),
        WITH_FIXTURE(by_words),
        WITH_FIXTURE(soft_calls),
        WITH_FIXTURE(figures_of_the_whole),
        cmocka_unit_test(nothing_learnt),
        cmocka_unit_test(refuses_foreign_numbers),
        cmocka_unit_test(weights_by_age),
    };
    return cmocka_run_group_tests_name("statistics", tests, NULL, NULL);
}
