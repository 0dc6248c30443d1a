#include "base/utf8.h"
#include "support/nxc_test.h"

/* Code points of bytes; U+FFFD per maximal subpart (Unicode 15, table 3-8 and
 * Python's bytes.decode("utf-8", "replace")). first_bad: what validate says. */
#define BYTES(z) \
    { z, sizeof(z) - 1 }
static const struct {
    nxc_str bytes;
    size_t n, first_bad;
    uint32_t cps[8];
} cases[] = {
    {BYTES(""), 0, 0, {0}},
    {BYTES("aZ\x7f"), 3, 3, {'a', 'Z', 0x7F}},
    {{"\0", 1}, 1, 1, {0}},
    {BYTES("\xc2\x80\xdf\xbf"), 2, 4, {0x80, 0x7FF}},
    {BYTES("\xe0\xa0\x80\xef\xbf\xbf"), 2, 6, {0x800, 0xFFFF}},
    {BYTES("\xed\x9f\xbf\xee\x80\x80"), 2, 6, {0xD7FF, 0xE000}},
    {BYTES("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), 2, 8, {0x10000, 0x10FFFF}},
    {BYTES("\xef\xbf\xbd"), 1, 3, {0xFFFD}},
    {BYTES("a\x80"), 2, 1, {'a', 0xFFFD}},
    {BYTES("\xbf\xbf"), 2, 0, {0xFFFD, 0xFFFD}},
    {BYTES("\xc0\xaf"), 2, 0, {0xFFFD, 0xFFFD}},
    {BYTES("\xc1\xbf"), 2, 0, {0xFFFD, 0xFFFD}},
    {BYTES("\xe0\x9f\xbf"), 3, 0, {0xFFFD, 0xFFFD, 0xFFFD}},
    {BYTES("\xf0\x8f\xbf\xbf"), 4, 0, {0xFFFD, 0xFFFD, 0xFFFD, 0xFFFD}},
    {BYTES("\xed\xa0\x80"), 3, 0, {0xFFFD, 0xFFFD, 0xFFFD}},
    {BYTES("\xf4\x90\x80\x80"), 4, 0, {0xFFFD, 0xFFFD, 0xFFFD, 0xFFFD}},
    {BYTES("\xf5\x80\xff"), 3, 0, {0xFFFD, 0xFFFD, 0xFFFD}},
    {BYTES("\xc3"), 1, 0, {0xFFFD}},
    {BYTES("\xc3\x28"), 2, 0, {0xFFFD, 0x28}},
    {BYTES("\xe2\x82"), 1, 0, {0xFFFD}},
    {BYTES("\xe2\x82\x41"), 2, 0, {0xFFFD, 'A'}},
    {BYTES("x\xf0\x9f\x98y"), 3, 1, {'x', 0xFFFD, 'y'}},
    {BYTES("\xf0\x9f\x98\x80\xf0\x9f"), 2, 4, {0x1F600, 0xFFFD}},
    /* the example of table 3-8 */
    {BYTES("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"),
     5,
     0,
     {0xFFFD, 0xFFFD, 0xFFFD, 0xFFFD, 0x41}},
};

static void decodes_and_repairs(void **state) {
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        nxc_str in = cases[c].bytes;
        char *exact = test_malloc(in.len + !in.len);
        memcpy(exact, in.ptr, in.len);
        nxc_str s = {exact, in.len};
        size_t n = 0, step;
        for (size_t i = 0; i < s.len; i += step, n++) {
            uint32_t cp = nxc__utf8_decode(s, i, &step);
            if (n >= cases[c].n || cp != cases[c].cps[n])
                fail_msg("case %zu: code point %zu is U+%04X", c, n, cp);
            assert_in_range(step, 1, 4);
        }
        if (n != cases[c].n || nxc__utf8_validate(s) != cases[c].first_bad)
            fail_msg("case %zu: %zu code points, first bad at %zu", c, n,
                     nxc__utf8_validate(s));
        test_free(exact);
    }
}

static void every_code_point_survives(void **state) {
    (void)state;
    for (uint32_t cp = 0; cp < 0x110000; cp++) {
        char out[4];
        size_t n = nxc__utf8_encode(cp, out), step;
        bool is_surrogate = cp >= 0xD800 && cp < 0xE000;
        uint32_t back = nxc__utf8_decode((nxc_str){out, n}, 0, &step);
        if (step != n || back != (is_surrogate ? NXC_REPLACEMENT : cp) ||
            nxc__utf8_validate((nxc_str){out, n}) != n)
            fail_msg("U+%04X: %zu bytes, %zu read, U+%04X", cp, n, step, back);
    }
    char out[4];
    assert_int_equal(nxc__utf8_encode(0x110000, out), 3);
    assert_memory_equal(out, "\xef\xbf\xbd", 3);
    assert_int_equal(nxc__utf8_encode(UINT32_MAX, out), 3);
    assert_memory_equal(out, "\xef\xbf\xbd", 3);
}

/* Repairing once is enough, and what validate accepts is not changed. */
static void repair_gives_valid_text(void **state) {
    (void)state;
    uint64_t seed = 7;
    for (int round = 0; round < 20000; round++) {
        char in[24], out[96];
        size_t len = nxc_random(&seed) % (sizeof in + 1), n = 0, step;
        for (size_t i = 0; i < len; i++) {
            static const uint8_t leads[] = {0xC3, 0xE0, 0xE2, 0xED,
                                            0xEF, 0xF0, 0xF4, 0xBF};
            uint64_t r = nxc_random(&seed);
            in[i] = (char)(r & 256 ? leads[r & 7] : 0x80 | (r & 0x7F));
            if (r % 7 == 0) in[i] = 'a';
        }
        nxc_str s = {in, len};
        for (size_t i = 0; i < len; i += step)
            n += nxc__utf8_encode(nxc__utf8_decode(s, i, &step), out + n);
        assert_int_equal(nxc__utf8_validate((nxc_str){out, n}), n);
        size_t good = nxc__utf8_validate(s);
        assert_true(good <= len && memcmp(in, out, good) == 0);
        assert_int_equal(nxc__utf8_validate((nxc_str){in, good}), good);
        if (good < len) assert_memory_equal(out + good, "\xef\xbf\xbd", 3);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_and_repairs),
        cmocka_unit_test(every_code_point_survives),
        cmocka_unit_test(repair_gives_valid_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
