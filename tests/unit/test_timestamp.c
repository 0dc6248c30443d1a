#include <math.h>
#include <stdio.h>

#include "session/timestamp.h"
#include "support/nxc_test.h"

static void reads_what_is_a_time(void **state) {
    (void)state;
    /* expected values: Python's datetime.timestamp(), or by hand */
    static const struct {
        const char *text;
        double seconds;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-24T09:30:00Z", 1795512600},
        {"2026-11-24t09:30:00z", 1795512600},
        {"2026-11-24 09:30:00Z", 1795512600},
        {"2026-11-24T09:30:00", 1795512600}, /* no offset: UTC */
        {"2026-11-24T15:00:00+05:30", 1795512600},
        {"2026-11-24T09:30:00+05:30", 1795512600 - 19800},
        {"2026-11-24T15:00:00+0530", 1795512600},
        {"2026-11-23T21:30:00-12:00", 1795512600},
        {"2026-11-24T09:30:00-00:00", 1795512600},
        {"2026-11-24T09:30:00.5Z", 1795512600.5},
        {"2026-11-24T09:30:00.250+00:00", 1795512600.25},
        {"2026-11-24T09:30:00.123456789123456789Z", 1795512600.123456789},
        {"1969-12-31T23:59:59Z", -1},
        {"1969-12-31T23:59:59.75Z", -0.25},
        {"1969-07-20T20:17:40Z", -14182940},
        {"1900-03-01T00:00:00Z", -2203891200},
        {"2000-02-29T12:00:00Z", 951825600},
        {"2024-02-29T00:00:00Z", 1709164800},
        {"0000-01-01T00:00:00Z", -62167219200},
        {"0001-01-01T00:00:00Z", -62135596800},
        {"9999-12-31T23:59:59Z", 253402300799},
        {"2016-12-31T23:59:60Z", 1483228800},
        {"2016-12-31T23:59:60.5Z", 1483228800.5},
        {"2017-01-01T05:29:60+05:30", 1483228800},
        {"2016-12-31T15:59:60-08:00", 1483228800},
        {"1795512600", 1795512600},
        {"+1795512600", 1795512600},
        {"1795512600.25", 1795512600.25},
        {"1795512600123", 1795512600.123},
        {"1795512600123.5", 1795512600.1235},
        {"0", 0},
        {"-1", -1},
        {"-0.5", -0.5},
        {"99999999999", 99999999999},
        {"100000000000", 100000000},
        {"-100000000000", -100000000},
        {"2026", 2026},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double seconds = NXC_NAN;
        nxc_error err = {NXC_OK, ""};
        nxc_status st =
            nxc__timestamp_parse(nxc__str(cases[i].text), &seconds, &err);
        if (st != NXC_OK || seconds != cases[i].seconds)
            fail_msg("\"%s\": expected %.9f, got %.9f (%s)", cases[i].text,
                     cases[i].seconds, seconds, err.message);
    }
}

static void refuses_what_is_none(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "expected RFC 3339"},
        {" ", "expected RFC 3339"},
        {"yesterday", "expected RFC 3339"},
        {"2026-11-24", "time with seconds"},
        {"2026-11-24T09:30Z", "time with seconds"},
        {"2026-11-24T09:30:0Z", "time with seconds"},
        {"2026-11-24X09:30:00Z", "time with seconds"},
        {"2026-11-24  09:30:00Z", "time with seconds"},
        {"26-11-24T09:30:00Z", "expected RFC 3339"},
        {"+2026-11-24T09:30:00Z", "expected RFC 3339"},
        {"2026/11/24T09:30:00Z", "expected RFC 3339"},
        {"2026-00-24T09:30:00Z", "month from 01 to 12"},
        {"2026-13-24T09:30:00Z", "month from 01 to 12"},
        {"2026-11-00T09:30:00Z", "day of that month"},
        {"2026-11-31T09:30:00Z", "day of that month"},
        {"2026-02-29T09:30:00Z", "day of that month"},
        {"1900-02-29T00:00:00Z", "day of that month"},
        {"2026-11-24T24:00:00Z", "hour from 00 to 23"},
        {"2026-11-24T09:60:00Z", "minute from 00 to 59"},
        {"2026-11-24T09:30:61Z", "second from 00 to 60"},
        {"2026-11-24T09:30:60Z", "second 60 only"},
        {"2016-12-30T23:59:60Z", "second 60 only"},
        {"2016-12-31T23:59:60+01:00", "second 60 only"},
        {"2026-11-24T09:30:00.Z", "digits of the fraction"},
        {"2026-11-24T09:30:00,5Z", "an offset"},
        {"2026-11-24T09:30:00+5:30", "an offset"},
        {"2026-11-24T09:30:00+05:3", "an offset"},
        {"2026-11-24T09:30:00+05", "an offset"},
        {"2026-11-24T09:30:00+24:00", "an offset from"},
        {"2026-11-24T09:30:00+05:60", "an offset from"},
        {"2026-11-24T09:30:00UTC", "an offset"},
        {"2026-11-24T09:30:00 Z", "an offset"},
        {"2026-11-24T09:30:00ZZ", "the end of the time"},
        {"2026-11-24T09:30:00Z ", "the end of the time"},
        {" 2026-11-24T09:30:00Z", "expected RFC 3339"},
        {"0000-01-01T00:00:00+00:01", "years 0000 to 9999"},
        {"9999-12-31T23:59:59-00:01", "years 0000 to 9999"},
        {"9999-12-31T23:59:60Z", "years 0000 to 9999"},
        {"-2026-11-24T09:30:00Z", "expected RFC 3339"},
        {"1e9", "expected RFC 3339"},
        {"0x10", "expected RFC 3339"},
        {"1.", "expected RFC 3339"},
        {".5", "expected RFC 3339"},
        {"1.2.3", "expected RFC 3339"},
        {"--1", "expected RFC 3339"},
        {"1795512600123456", "years 0000 to 9999"}, /* microseconds */
        {"1795512600123456789", "years 0000 to 9999"},
        {"99999999999999999999999999999999", "years 0000 to 9999"},
        {"nan", "expected RFC 3339"},
        {"inf", "expected RFC 3339"},
        {"\xD9\xA2\xD9\xA0\xD9\xA2\xD9\xA6-11-24T09:30:00Z",
         "expected RFC 3339"}, /* other scripts' digits */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double seconds = 42;
        nxc_error err = {NXC_OK, ""};
        nxc_status st =
            nxc__timestamp_parse(nxc__str(cases[i].text), &seconds, &err);
        if (st != NXC_ERR_INVALID || !strstr(err.message, cases[i].says) ||
            strncmp(err.message, NXC_TIMESTAMP_WHERE "expected ", 20) != 0)
            fail_msg("\"%s\": expected an error with \"%s\", got %s \"%s\"",
                     cases[i].text, cases[i].says, nxc_status_name(st),
                     err.message);
        assert_true(seconds == 42); /* outputs only on success */
    }
}

static void numbers_are_told_by_size(void **state) {
    (void)state;
    double s = 0;
    nxc_error err;
    assert_ok(nxc__timestamp_from_number(1795512600, &s, &err), err);
    assert_true(s == 1795512600);
    assert_ok(nxc__timestamp_from_number(1795512600123, &s, &err), err);
    assert_true(s == 1795512600.123);
    assert_ok(nxc__timestamp_from_number(nextafter(1e11, 0), &s, &err), err);
    assert_true(s > 9.9e10);
    assert_ok(nxc__timestamp_from_number(1e11, &s, &err), err);
    assert_true(s == 1e8);
    static const double bad[] = {NXC_NAN, HUGE_VAL, -HUGE_VAL,
                                 1e300,   2.6e14,   -1e14};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(nxc__timestamp_from_number(bad[i], &s, &err),
                         NXC_ERR_INVALID);
    assert_int_equal(nxc__timestamp_from_number(NXC_NAN, &s, NULL),
                     NXC_ERR_INVALID);
}

/* Each day of the calendar follows the one before it by 86,400 s. */
static void days_follow_each_other(void **state) {
    (void)state;
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    double expected = -62167219200.0;
    for (int y = 0; y <= 9999; y++)
        for (int m = 1; m <= 12; m++) {
            bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
            int n = m == 2 && leap ? 29 : days[m - 1];
            for (int d = 1; d <= n; d += n - 1) { /* first and last */
                char text[40];
                double s = 0;
                nxc_error err;
                snprintf(text, sizeof text, "%04d-%02d-%02dT00:00:00Z", y, m,
                         d);
                assert_ok(nxc__timestamp_parse(nxc__str(text), &s, &err), err);
                assert_true(s == expected + (d - 1) * 86400.0);
            }
            expected += n * 86400.0;
        }
    assert_true(expected == 253402300800.0);
}

static void every_truncation_is_read_within_its_bytes(void **state) {
    (void)state;
    static const char text[] = "2016-12-31T15:59:60.125-08:00";
    for (size_t n = 0; n <= sizeof text - 1; n++) {
        char *copy = test_malloc(n ? n : 1);
        double s;
        nxc_error err;
        memcpy(copy, text, n);
        nxc_status st = nxc__timestamp_parse((nxc_str){copy, n}, &s, &err);
        if (n == sizeof text - 1) assert_int_equal(st, NXC_OK);
        /* flips of every bit: any answer, no over-read */
        for (size_t bit = 0; bit < n * 8; bit++) {
            copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << bit % 8));
            (void)nxc__timestamp_parse((nxc_str){copy, n}, &s, &err);
            copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << bit % 8));
        }
        test_free(copy);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_is_a_time),
        cmocka_unit_test(refuses_what_is_none),
        cmocka_unit_test(numbers_are_told_by_size),
        cmocka_unit_test(days_follow_each_other),
        cmocka_unit_test(every_truncation_is_read_within_its_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
