#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"
#include "support/nxc_test.h"

static uint64_t bits(double v) {
    uint64_t u;
    memcpy(&u, &v, sizeof u);
    return u;
}

static void reads_what_is_a_number(void **state) {
    (void)state;
    static const struct {
        const char *in;
        double out;
    } cases[] = {
        {"0", 0.0},
        {"-0", -0.0},
        {"-0.0", -0.0},
        {"+7", 7.0},
        {".5", 0.5},
        {"-.5e1", -5.0},
        {"5.", 5.0},
        {"5.e2", 500.0},
        {"007", 7.0},
        {"00.25", 0.25},
        {"0e5", 0.0},
        {"1e-05", 1e-05},
        {"1E+300", 1e300},
        {"1.0000000180025095e-35", (double)1e-35f},
        {"9007199254740993", 9007199254740992.0}, /* 2^53 + 1: to even */
        {"9007199254740995", 9007199254740996.0},
        {"18446744073709551615", 18446744073709551616.0},
        {"18446744073709551616", 18446744073709551616.0},
        {"123456789012345678901234567890", 123456789012345678901234567890.0},
        {"-9223372036854775809", -9223372036854775808.0},
        {"2.2250738585072011e-308", 2.2250738585072011e-308},
        {"4.9406564584124654e-324", 4.9406564584124654e-324},
        {"1e-400", 0.0},
        {"-1e-400", -0.0},
        {"1e400", (double)INFINITY},
        {"-1e400", -(double)INFINITY},
        {"1e99999999999999999999", (double)INFINITY},
        {"0e99999999999999999999", 0.0},
        {"1e-99999999999999999999", 0.0},
        {"inf", (double)INFINITY},
        {"-inf", -(double)INFINITY},
        {"+Infinity", (double)INFINITY},
        /* half way between two doubles, decided by the last digit */
        {"1.00000000000000011102230246251565404236316680908203125", 1.0},
        {"1.00000000000000011102230246251565404236316680908203126",
         1.0000000000000002},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double got = 77;
        nxc_str s = nxc__str(cases[i].in);
        if (!nxc__parse_double(s, &got) || bits(got) != bits(cases[i].out))
            fail_msg("\"%s\": expected %.17g, got %.17g", cases[i].in,
                     cases[i].out, got);
    }
    double got = 0;
    assert_true(nxc__parse_double(NXC_STR("-NaN"), &got) && isnan(got));
}

static void refuses_what_is_none(void **state) {
    (void)state;
    static const char *const cases[] = {
        "",      "-",     "+",    ".",  "-.", "e5",    ".e5",   "1e",  "1e+",
        "1e5x",  "1x",    "x",    "1 ", " 1", "1,5",   "--1",   "+-1", "1.2.3",
        "0x1p3", "nan()", "info", "in", "na", "1e5.0", "1_000", "1\t",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double got = 77;
        if (nxc__parse_double(nxc__str(cases[i]), &got) || got != 77.0)
            fail_msg("\"%s\": expected a refusal, got %.17g", cases[i], got);
    }
    double got = 77;
    assert_false(nxc__parse_double((nxc_str){"1\0", 2}, &got));
    assert_false(nxc__parse_double((nxc_str){NULL, 0}, &got));
}

static void length_is_limited(void **state) {
    (void)state;
    static char text[NXC_NUMBER_MAX + 1];
    double got = 77;
    memset(text, '1', sizeof text);
    assert_true(nxc__parse_double((nxc_str){text, NXC_NUMBER_MAX}, &got));
    assert_true(isinf(got));
    got = 77;
    assert_false(nxc__parse_double((nxc_str){text, NXC_NUMBER_MAX + 1}, &got));
    assert_true(got == 77.0);
    text[0] = '.';
    assert_true(nxc__parse_double((nxc_str){text, NXC_NUMBER_MAX}, &got));
    assert_true(got == 1.0 / 9);
}

/* Any double, written with 17 digits, reads back as itself, and every text is
 * read as the C library reads it. */
static void agrees_with_the_c_library(void **state) {
    (void)state;
    uint64_t seed = 20261124;
    for (int i = 0; i < 200000; i++) {
        uint64_t u = nxc_random(&seed);
        double v, got = 77;
        memcpy(&v, &u, sizeof v);
        if (!isfinite(v)) continue;
        char text[64];
        snprintf(text, sizeof text, i % 2 ? "%.17g" : "%.12e", v);
        double expected = strtod(text, NULL);
        if (!nxc__parse_double(nxc__str(text), &got) ||
            bits(got) != bits(expected))
            fail_msg("\"%s\": expected %.17g, got %.17g", text, expected, got);
    }
}

static void reads_integers(void **state) {
    (void)state;
    static const struct {
        const char *in;
        int64_t min, max, out; /* out 77: refused */
    } cases[] = {
        {"0", 0, 0, 0},
        {"-0", 0, 0, 0},
        {"+12", 0, 12, 12},
        {"13", 0, 12, 77},
        {"-1", 0, 12, 77},
        {"-1", -1, 12, -1},
        {"007", 0, 12, 7},
        {"9223372036854775807", INT64_MIN, INT64_MAX, INT64_MAX},
        {"-9223372036854775808", INT64_MIN, INT64_MAX, INT64_MIN},
        {"9223372036854775808", INT64_MIN, INT64_MAX, 77},
        {"-9223372036854775809", INT64_MIN, INT64_MAX, 77},
        {"99999999999999999999999", INT64_MIN, INT64_MAX, 77},
        {"", INT64_MIN, INT64_MAX, 77},
        {"-", INT64_MIN, INT64_MAX, 77},
        {"1.0", INT64_MIN, INT64_MAX, 77},
        {"1e3", INT64_MIN, INT64_MAX, 77},
        {" 1", INT64_MIN, INT64_MAX, 77},
        {"1 ", INT64_MIN, INT64_MAX, 77},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t got = 77;
        bool ok = nxc__parse_int(nxc__str(cases[i].in), cases[i].min,
                                 cases[i].max, &got);
        if (ok != (cases[i].out != 77) || got != cases[i].out)
            fail_msg("\"%s\": expected %lld, got %lld", cases[i].in,
                     (long long)cases[i].out, (long long)got);
    }
}

static void a_comma_locale_changes_nothing(void **state) {
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8",
                                        "de_DE.utf8", "de_DE"};
    size_t i = 0;
    while (i < 4 && !setlocale(LC_NUMERIC, names[i]))
        i++;
    double got = 0; /* where no such locale is installed, "C" is tested */
    assert_true(nxc__parse_double(NXC_STR("2.5"), &got) && got == 2.5);
    assert_false(nxc__parse_double(NXC_STR("2,5"), &got));
    setlocale(LC_NUMERIC, "C");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_is_a_number),
        cmocka_unit_test(refuses_what_is_none),
        cmocka_unit_test(length_is_limited),
        cmocka_unit_test(agrees_with_the_c_library),
        cmocka_unit_test(reads_integers),
        cmocka_unit_test(a_comma_locale_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
