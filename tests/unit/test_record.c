/* Sessions to bytes and back; unions and cuts. */
#include "learning/record.h"
#include "support/nxc_test.h"

static nxc__learned_row row_of(const nxc__buffer *b) {
    return (nxc__learned_row){.catalog = NXC_STR("c"),
                              .payload = nxc__buffer_str(b)};
}

static void make(nxc__record *r, nxc__record_call *calls, nxc_str *texts,
                 uint64_t seed) {
    size_t n = 1 + nxc_random(&seed) % 20, n_texts = nxc_random(&seed) % 4;
    for (size_t i = 0; i < n; i++) {
        uint64_t v = nxc_random(&seed);
        calls[i].operation = v % 3 ? v % 5 : v;
        calls[i].ms = v % 7 == 0   ? NXC_TIME_UNKNOWN
                      : v % 7 == 1 ? (int64_t)nxc_random(&seed) / 2
                                   : 1790000000000 + (int64_t)(v % 100000);
        calls[i].prompt =
            v % 3 && n_texts ? (uint32_t)(v / 3 % n_texts) : NXC_NONE;
        calls[i].delta =
            v % 2 && n_texts ? (uint32_t)(v / 5 % n_texts) : NXC_NONE;
    }
    for (size_t i = 0; i < n_texts; i++)
        texts[i] = i == 1 ? (nxc_str){"", 0} : NXC_STR("a prompt of a user");
    *r = (nxc__record){.gap_ms = (uint32_t)seed,
                       .calls = calls,
                       .n = n,
                       .texts = texts,
                       .n_texts = n_texts};
}

static void test_round_trip(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 500; seed++) {
        nxc__record_call calls[32];
        nxc_str texts[4];
        nxc__record r, got;
        nxc__buffer b;
        nxc__arena arena;
        nxc_error err;
        make(&r, calls, texts, seed);
        nxc__buffer_init(&b, &nxc__allocator_default, 65536);
        nxc__arena_init(&arena, &nxc__allocator_default, SIZE_MAX);
        assert_ok(nxc__record_encode(&r, &b, &err), err);
        nxc__learned_row row = row_of(&b);
        assert_ok(nxc__record_decode(&row, &arena, &got, &err), err);
        assert_int_equal(got.n, r.n);
        assert_int_equal(got.n_texts, r.n_texts);
        assert_int_equal(got.gap_ms, r.gap_ms);
        for (size_t i = 0; i < r.n; i++) {
            if (got.calls[i].operation != calls[i].operation ||
                got.calls[i].ms != calls[i].ms ||
                got.calls[i].prompt != calls[i].prompt ||
                got.calls[i].delta != calls[i].delta)
                fail_msg("seed %d: call %zu differs", (int)seed, i);
        }
        for (size_t i = 0; i < r.n_texts; i++)
            assert_true(nxc__str_eq(got.texts[i], texts[i]));
        nxc__arena_release(&arena);
        nxc__buffer_release(&b);
    }
}

/* Cut at each byte, and each bit flipped: an error or a session, never more
 * than the bytes. */
static void test_bad_bytes(void **state) {
    nxc__record_call calls[32];
    nxc_str texts[4];
    nxc__record r, got;
    nxc__buffer b;
    nxc__arena arena;
    nxc_error err;
    size_t n_ok = 0;
    (void)state;
    make(&r, calls, texts, 3);
    nxc__buffer_init(&b, &nxc__allocator_default, 65536);
    assert_ok(nxc__record_encode(&r, &b, &err), err);
    nxc__arena_init(&arena, &nxc__allocator_default, (size_t)1 << 24);
    for (size_t n = 0; n < b.len; n++) {
        char *exact = nxc__alloc(&nxc__allocator_default, n);
        memcpy(exact, b.data, n);
        nxc__learned_row row = {.payload = {exact, n}};
        assert_int_equal(nxc__record_decode(&row, &arena, &got, &err),
                         NXC_ERR_FORMAT);
        nxc__free(&nxc__allocator_default, exact, n);
    }
    for (size_t i = 0; i < 8 * b.len; i++) {
        nxc__learned_row row = row_of(&b);
        nxc__arena_reset(&arena);
        b.data[i / 8] ^= (char)(1 << i % 8);
        nxc_status st = nxc__record_decode(&row, &arena, &got, &err);
        b.data[i / 8] ^= (char)(1 << i % 8);
        if (st != NXC_OK) assert_int_equal(st, NXC_ERR_FORMAT);
        n_ok += st == NXC_OK;
    }
    assert_true(n_ok > 0 && n_ok < 8 * b.len);
    nxc__arena_release(&arena);
    nxc__buffer_release(&b);
}

/* "1a 1b 3a": times and operations. */
static size_t parse(const char *text, nxc__record_call *out) {
    size_t n = 0;
    for (; *text; text++)
        if (*text >= '0' && *text <= '9') {
            out[n++] = (nxc__record_call){(uint64_t)text[1], *text - '0',
                                          NXC_NONE, NXC_NONE};
            text++;
        }
    return n;
}

static const struct {
    const char *a, *b, *want;
} unions[] = {
    {"", "", ""},
    {"1a", "", "1a"},
    {"", "1a", "1a"},
    {"1a 2b", "3c", "1a 2b 3c"},
    {"3c", "1a 2b", "1a 2b 3c"},
    {"1a 2b", "1a 2b", "1a 2b"},
    {"1a 1a", "1a", "1a 1a"},
    {"1a", "1a 1a", "1a 1a"},
    {"1a 1b", "1b 1c 1b", "1a 1b 1c 1b"},
    {"1a 4d", "2b 3c 4d 5e", "1a 2b 3c 4d 5e"},
};

static void test_unions(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof unions / sizeof *unions; i++) {
        nxc__record_call a[16], b[16], got[32], want[32];
        size_t n_a = parse(unions[i].a, a), n_b = parse(unions[i].b, b);
        size_t n = nxc__record_unite(a, n_a, b, n_b, got);
        size_t n_want = parse(unions[i].want, want);
        bool same = n == n_want;
        for (size_t k = 0; same && k < n; k++)
            same = got[k].ms == want[k].ms &&
                   got[k].operation == want[k].operation;
        if (!same)
            fail_msg("%s and %s: expected %s, got %zu others", unions[i].a,
                     unions[i].b, unions[i].want, n);
    }
}

static void test_cuts(void **state) {
    static nxc__record_call calls[NXC_SESSION_MAX_CALLS + 5];
    size_t n = sizeof calls / sizeof *calls;
    (void)state;
    for (size_t i = 0; i < n; i++)
        calls[i].ms = (int64_t)i * 10;
    assert_int_equal(nxc__record_cut(calls, n, 10), NXC_SESSION_MAX_CALLS);
    assert_int_equal(nxc__record_cut(calls, 7, 10), 7);
    assert_int_equal(nxc__record_cut(calls, 7, 9), 1);
    calls[4].ms++;
    assert_int_equal(nxc__record_cut(calls, 7, 10), 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_bad_bytes),
        cmocka_unit_test(test_unions),
        cmocka_unit_test(test_cuts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
