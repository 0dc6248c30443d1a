#include "support/learned_test.h"

static nxc__learned_call call_of(uint32_t operation) {
    return (nxc__learned_call){operation, NXC_NONE, NXC_NONE, NAN};
}

static void check_session(const nxc__learned *l, uint64_t key,
                          const char *calls) {
    const nxc__learned_session *x = nxc__learned_find(l, short_hash(key));
    if (!x) fail_msg("session %d is not there", (int)key);
    assert_int_equal(x->n, strlen(calls));
    for (size_t t = 0; t < x->n; t++)
        if (l->calls[x->first + t].operation != (uint32_t)(calls[t] - 'a'))
            fail_msg("session %d, call %zu: expected %c", (int)key, t,
                     calls[t]);
}

static void adds_replaces_and_forgets(void **state) {
    (void)state;
    nxc__learned l;
    nxc__learned_init(&l, NULL);
    assert_null(nxc__learned_find(&l, short_hash(1)));
    assert_false(nxc__learned_forget(&l, short_hash(1)));
    learn_short(&l, &(short_session){1, 1, "abc", NULL});
    learn_short(&l, &(short_session){2, 1, "d", NULL});
    learn_short(&l, &(short_session){3, 1, "", NULL});
    learn_short(&l, &(short_session){1, 1, "abc", NULL});
    assert_int_equal(l.n_sessions, 3);
    assert_int_equal(l.n_calls - l.n_unused, 4);
    learn_short(&l, &(short_session){1, 1, "edcba", NULL});
    learn_short(&l, &(short_session){2, 1, "", NULL});
    check_session(&l, 1, "edcba");
    check_session(&l, 2, "");
    check_session(&l, 3, "");
    assert_true(nxc__learned_forget(&l, short_hash(1)));
    assert_false(nxc__learned_forget(&l, short_hash(1)));
    assert_int_equal(l.n_sessions, 2);
    assert_int_equal(l.n_calls, 0);
    check_session(&l, 3, "");
    nxc__learned_release(&l);
}

static void keeps_texts_once(void **state) {
    (void)state;
    nxc__learned l;
    nxc_error err;
    uint32_t a, b, c;
    char text[] = "pay it back";
    nxc__learned_init(&l, NULL);
    assert_ok(nxc__learned_text(&l, nxc__str(text), &a, &err), err);
    text[0] = 'x';
    assert_ok(nxc__learned_text(&l, NXC_STR("pay it back"), &b, &err), err);
    assert_ok(nxc__learned_text(&l, NXC_STR(""), &c, &err), err);
    assert_int_equal(a, 0);
    assert_int_equal(b, 0);
    assert_int_equal(c, 1);
    nxc__learned_release(&l);
}

/* Against a plain array of what should be there. */
static void random_changes(void **state) {
    (void)state;
    enum { N_KEYS = 300 };
    uint32_t lengths[N_KEYS] = {0};
    bool is_in[N_KEYS] = {false};
    uint64_t seed = 7;
    nxc_error err;
    nxc__learned l;
    nxc__learned_init(&l, NULL);
    for (size_t i = 0; i < 20000; i++) {
        uint64_t k = nxc_random(&seed) % N_KEYS;
        uint32_t n = (uint32_t)(nxc_random(&seed) % 9);
        nxc__learned_call calls[8];
        if (nxc_random(&seed) % 3 == 0) {
            assert_int_equal(nxc__learned_forget(&l, short_hash(k)), is_in[k]);
            is_in[k] = false;
            continue;
        }
        for (uint32_t t = 0; t < n; t++)
            calls[t] = call_of((uint32_t)k * 8 + t);
        nxc__learned_session x = {short_hash(k), short_hash(k), 0, 0, n};
        assert_ok(nxc__learned_add(&l, &x, calls, &err), err);
        is_in[k] = true;
        lengths[k] = n;
    }
    size_t n_in = 0, n_calls = 0;
    for (size_t k = 0; k < N_KEYS; k++) {
        const nxc__learned_session *x = nxc__learned_find(&l, short_hash(k));
        assert_int_equal(x != NULL, is_in[k]);
        if (!x) continue;
        assert_int_equal(x->n, lengths[k]);
        for (uint32_t t = 0; t < x->n; t++)
            assert_int_equal(l.calls[x->first + t].operation, k * 8 + t);
        n_in++;
        n_calls += x->n;
    }
    assert_int_equal(l.n_sessions, n_in);
    assert_int_equal(l.n_calls - l.n_unused, n_calls);
    assert_true(l.n_unused * 2 <= l.n_calls);
    nxc__learned_release(&l);
}

static void refuses_too_many_calls(void **state) {
    (void)state;
    nxc__learned l;
    nxc_error err;
    nxc__learned_init(&l, NULL);
    learn_short(&l, &(short_session){1, 1, "ab", NULL});
    nxc__learned_session x = {short_hash(2), short_hash(2), 0, 0,
                              (uint32_t)(((size_t)1 << 31) - 1)};
    assert_int_equal(nxc__learned_add(&l, &x, NULL, &err), NXC_ERR_LIMIT);
    assert_int_equal(l.n_sessions, 1);
    check_session(&l, 1, "ab");
    nxc__learned_release(&l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_replaces_and_forgets),
        cmocka_unit_test(keeps_texts_once),
        cmocka_unit_test(random_changes),
        cmocka_unit_test(refuses_too_many_calls),
    };
    return cmocka_run_group_tests_name("learned", tests, NULL, NULL);
}
