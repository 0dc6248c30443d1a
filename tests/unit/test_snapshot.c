/* Files of statistics that are not as they were written. */
#include <stdio.h>

#include "statistics/snapshot.h"
#include "statistics/snapshot_image.h"
#include "support/learned_test.h"

#define N_OPS 4

typedef struct fixture {
    nxc__learned learned;
    nxc__statistics *s;
    nxc__buffer image;
} fixture;

static const nxc__snapshot_options options = {N_OPS, {5, 6}, NULL};

static int setup(void **state) {
    static float embeddings[2 * NXC_DIM];
    fixture *f = test_calloc(1, sizeof *f);
    nxc_error err;
    nxc__learned_init(&f->learned, NULL);
    learn_short(&f->learned, &(short_session){1, 1, "abc", "pay it"});
    learn_short(&f->learned, &(short_session){2, 2, "d", NULL});
    learn_short(&f->learned, &(short_session){3, 2, "ab", "find it"});
    embeddings[0] = embeddings[NXC_DIM + 1] = 1;
    nxc__statistics_options o;
    memset(&o, 0, sizeof o);
    o.n_operations = N_OPS;
    o.embeddings = embeddings;
    assert_ok(nxc__statistics_new(&f->learned, &o, NULL, &f->s, &err), err);
    nxc__buffer_init(&f->image, &nxc__allocator_default, 1 << 20);
    assert_ok(nxc__snapshot_write(f->s, &f->learned, options.catalog, &f->image,
                                  &err),
              err);
    *state = f;
    return 0;
}
static int teardown(void **state) {
    fixture *f = *state;
    nxc__buffer_release(&f->image);
    nxc__statistics_free(f->s);
    nxc__learned_release(&f->learned);
    test_free(f);
    return 0;
}

/* Read n bytes from a block of exactly that size; rehash makes the checksum
 * good, so that what is behind it decides. */
static nxc_status read_copy(const void *bytes, size_t n, bool rehash,
                            nxc_error *err) {
    nxc__statistics *s = NULL;
    uint8_t *copy = nxc__alloc(&nxc__allocator_default, n);
    assert_non_null(copy);
    if (n) memcpy(copy, bytes, n);
    if (rehash && n >= sizeof(nxc__snapshot_header)) {
        uint64_t hash =
            nxc__hash64(copy + NXC_SNAPSHOT_HASHED, n - NXC_SNAPSHOT_HASHED, 0);
        memcpy(copy + 16, &hash, sizeof hash);
    }
    nxc_status st = nxc__snapshot_read(copy, n, &options, NULL, &s, err);
    assert_true((st == NXC_OK) == (s != NULL));
    nxc__statistics_free(s);
    nxc__free(&nxc__allocator_default, copy, n);
    return st;
}

static void truncated(void **state) {
    fixture *f = *state;
    nxc_error err;
    assert_ok(read_copy(f->image.data, f->image.len, false, &err), err);
    for (size_t n = 0; n < f->image.len; n++)
        for (int rehash = 0; rehash < 2; rehash++)
            if (read_copy(f->image.data, n, rehash, &err) != NXC_ERR_FORMAT)
                fail_msg("%zu of %zu bytes", n, f->image.len);
}

static void flipped_bits(void **state) {
    fixture *f = *state;
    nxc_error err;
    char *b = f->image.data;
    for (size_t bit = 0; bit < f->image.len * 8; bit++) {
        b[bit / 8] = (char)(b[bit / 8] ^ (1 << bit % 8));
        if (read_copy(b, f->image.len, false, &err) == NXC_OK)
            fail_msg("bit %zu of byte %zu", bit % 8, bit / 8);
        /* Whatever comes of it with a good checksum, no memory is misread. */
        (void)read_copy(b, f->image.len, true, &err);
        b[bit / 8] = (char)(b[bit / 8] ^ (1 << bit % 8));
    }
}

static void one_byte_more(void **state) {
    fixture *f = *state;
    nxc_error err;
    nxc__buffer_append_char(&f->image, 0);
    assert_int_equal(read_copy(f->image.data, f->image.len, true, &err),
                     NXC_ERR_FORMAT);
}

#define AT_SESSION(i) \
    (sizeof(nxc__snapshot_header) + (i) * sizeof(nxc__snapshot_session))
#define AT_CALL(i) (AT_SESSION(3) + (i) * sizeof(nxc__snapshot_call))
#define AT_END(i) (AT_CALL(6) + (i) * sizeof(uint64_t))
#define AT_SCALE(i) (AT_END(2) + (i) * sizeof(float))
#define AT_RANK(i) (AT_SCALE(2) + (i) * sizeof(float))
#define AT_TEXT (AT_RANK(6) + (size_t)2 * NXC_DIM)

static void wrong_values(void **state) {
    fixture *f = *state;
    nxc_error err;
    const float nan = NAN, much = 1e5f, minus = -0.5f, more = 1.5f;
    const uint32_t zero = 0, four = N_OPS, two = 2, big = 121;
    const uint64_t far = UINT64_MAX, key = 1;
    const struct {
        const char *what;
        size_t at;
        const void *value;
        size_t n;
        nxc_status expected;
    } cases[] = {
        {"magic", 0, "X", 1, NXC_ERR_FORMAT},
        {"version", 8, &two, 4, NXC_ERR_UNSUPPORTED},
        {"operations", 12, &two, 4, NXC_ERR_MISMATCH},
        {"catalog", 24, &key, 8, NXC_ERR_MISMATCH},
        {"sessions", 40, &far, 8, NXC_ERR_FORMAT},
        {"calls", 48, &far, 8, NXC_ERR_FORMAT},
        {"texts", 56, &far, 8, NXC_ERR_FORMAT},
        {"text bytes", 64, &far, 8, NXC_ERR_FORMAT},
        {"ranks", 72, &big, 4, NXC_ERR_FORMAT},
        {"vectors", 76, &two, 4, NXC_ERR_FORMAT},
        {"no call", AT_SESSION(0) + 40, &zero, 4, NXC_ERR_FORMAT},
        {"a call less", AT_SESSION(0) + 40, &two, 4, NXC_ERR_FORMAT},
        {"reserved", AT_SESSION(1) + 44, &two, 4, NXC_ERR_FORMAT},
        {"the same key", AT_SESSION(1), &key, 8, NXC_ERR_FORMAT},
        {"operation", AT_CALL(0), &four, 4, NXC_ERR_FORMAT},
        {"prompt", AT_CALL(5) + 4, &two, 4, NXC_ERR_FORMAT},
        {"delta", AT_CALL(5) + 8, &two, 4, NXC_ERR_FORMAT},
        {"text end", AT_END(0), &far, 8, NXC_ERR_FORMAT},
        {"last text end", AT_END(1), &key, 8, NXC_ERR_FORMAT},
        {"no scale", AT_SCALE(0), &nan, 4, NXC_ERR_FORMAT},
        {"large scale", AT_SCALE(0), &much, 4, NXC_ERR_FORMAT},
        {"negative scale", AT_SCALE(1), &minus, 4, NXC_ERR_FORMAT},
        {"negative rank", AT_RANK(0), &minus, 4, NXC_ERR_FORMAT},
        {"large rank", AT_RANK(5), &more, 4, NXC_ERR_FORMAT},
        {"as it was", AT_RANK(5), &nan, 4, NXC_OK},
        {"gap", AT_CALL(1) + 12, &more, 4, NXC_OK},
        {"vector", AT_RANK(6), "\x80", 1, NXC_OK},
    };
    assert_int_equal(AT_TEXT + 13, f->image.len);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char before[8];
        char *at = f->image.data + cases[i].at;
        memcpy(before, at, cases[i].n);
        memcpy(at, cases[i].value, cases[i].n);
        nxc_status st = read_copy(f->image.data, f->image.len, true, &err);
        memcpy(at, before, cases[i].n);
        if (st != cases[i].expected)
            fail_msg("%s: expected %s, got %s", cases[i].what,
                     nxc_status_name(cases[i].expected), nxc_status_name(st));
    }
}

static void equal_texts(void **state) {
    fixture *f = *state;
    nxc_error err;
    const uint64_t half = 6, all = 12;
    /* "find it" loses a letter, then both are "pay it". */
    memcpy(f->image.data + AT_END(0), &half, 8);
    memcpy(f->image.data + AT_END(1), &all, 8);
    memcpy(f->image.data + 64, &all, 8);
    memcpy(f->image.data + AT_TEXT, "pay itpay it", 12);
    assert_int_equal(read_copy(f->image.data, AT_TEXT + 12, true, &err),
                     NXC_ERR_FORMAT);
    memcpy(f->image.data + AT_TEXT, "pay itpay me", 12);
    assert_ok(read_copy(f->image.data, AT_TEXT + 12, true, &err), err);
}

static void in_a_file(void **state) {
    fixture *f = *state;
    nxc_error err;
    nxc__statistics *s;
    char path[64];
    (void)snprintf(path, sizeof path, "test_snapshot.%p.nxs", (void *)f);
    assert_ok(
        nxc__statistics_save(f->s, &f->learned, options.catalog, path, &err),
        err);
    assert_ok(nxc__statistics_open(path, &options, NULL, &s, &err), err);
    nxc__statistics_free(s);
    nxc__snapshot_options other = options;
    other.n_operations = N_OPS + 1;
    assert_int_equal(nxc__statistics_open(path, &other, NULL, &s, &err),
                     NXC_ERR_MISMATCH);
    assert_non_null(strstr(err.message, path));
    (void)remove(path);
    assert_int_equal(nxc__statistics_open(path, &options, NULL, &s, &err),
                     NXC_ERR_IO);
}

#define WITH_FIXTURE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(truncated),     WITH_FIXTURE(flipped_bits),
        WITH_FIXTURE(one_byte_more), WITH_FIXTURE(wrong_values),
        WITH_FIXTURE(equal_texts),   WITH_FIXTURE(in_a_file),
    };
    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
