/*
 * Text and numbers to seconds since 1970-01-01 UTC.
 *
 * Grammar, nothing around it:
 *
 *     number     [+-] digits [. digits]         seconds, or milliseconds from
 *                                               1e11 on (NXC_MILLISECONDS_FROM)
 *     date-time  YYYY-MM-DD (T|t|space) hh:mm:ss [. digits] [offset]
 *     offset     Z | z | (+|-) hh [:] mm        none: UTC
 *
 * Both give a value from year 0000 to 9999. A date alone, a time without
 * seconds and week or ordinal dates are not RFC 3339 and are errors.
 *
 * Algorithm: days from the civil date in integer arithmetic (Hinnant,
 * "chrono-compatible low-level date algorithms": years start in March, so that
 * the leap day is the last of its year, and repeat every 400 years = 146,097
 * days). A fraction is one correctly rounded division of two integers below
 * 2^53. No C library time function, locale or time zone table is involved.
 *
 * Leap second: 23:59:60 UTC on the last day of a month is the first second of
 * the next month; any other second 60 is an error.
 *
 * Threading: pure functions. Cost: O(length), tens of nanoseconds.
 */
#include "session/timestamp.h"

#include "base/error.h"
#include "base/str.h"

#define NXC_MILLISECONDS_FROM 1e11
#define MIN_SECONDS (-62167219200.0) /* 0000-01-01T00:00:00Z */
#define END_SECONDS 253402300800.0   /* 10000-01-01T00:00:00Z */
#define DAY_SECONDS 86400

typedef struct cursor {
    nxc_str text;
    size_t at;
} cursor;

static nxc_status refuse(nxc_str text, const char *expected, nxc_error *err) {
    return nxc__error(err, NXC_ERR_INVALID,
                      NXC_TIMESTAMP_WHERE "expected %s, got \"%.*s\"", expected,
                      NXC_STR_ARG(text));
}

static bool accept(cursor *c, const char *any) {
    if (c->at >= c->text.len || !c->text.ptr[c->at] ||
        !strchr(any, c->text.ptr[c->at]))
        return false;
    c->at++;
    return true;
}

/* Exactly n digits; -1 if there are fewer. */
static int digits(cursor *c, size_t n) {
    int value = 0;
    if (c->text.len - c->at < n) return -1;
    for (size_t i = 0; i < n; i++) {
        char d = c->text.ptr[c->at + i];
        if (!nxc__is_digit(d)) return -1;
        value = value * 10 + (d - '0');
    }
    c->at += n;
    return value;
}

/* Digits appended to *mantissa while it stays an exact double, the number of
 * them that did counted in *n_kept; false if there is no digit at all. */
static bool more_digits(cursor *c, uint64_t *mantissa, size_t *n_kept) {
    const uint64_t limit = (UINT64_C(1) << 53) / 10 - 1;
    size_t start = c->at;
    for (; c->at < c->text.len && nxc__is_digit(c->text.ptr[c->at]); c->at++) {
        if (*mantissa > limit) continue;
        *mantissa = *mantissa * 10 + (uint64_t)(c->text.ptr[c->at] - '0');
        ++*n_kept;
    }
    return c->at > start;
}

static double power_of_ten(size_t n) {
    double p = 1;
    while (n--)
        p *= 10; /* exact up to 1e22; n <= 16 */
    return p;
}

/* ---------------------------------------------------------------- dates */

static bool is_leap(int year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}
static int days_in_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}
/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar. */
static int64_t days_from_civil(int year, int month, int day) {
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

typedef struct civil {
    int year, month, day, hour, minute, second;
    int offset; /* seconds east of UTC */
} civil;

static const char *check_civil(const civil *t) {
    if (t->month < 1 || t->month > 12) return "a month from 01 to 12";
    if (t->day < 1 || t->day > days_in_month(t->year, t->month))
        return "a day of that month";
    if (t->hour > 23) return "an hour from 00 to 23";
    if (t->minute > 59) return "a minute from 00 to 59";
    if (t->second > 60) return "a second from 00 to 60";
    return NULL;
}

/* A second 60 is legal where UTC turns to the first day of a month. */
static bool is_leap_second(const civil *t, int64_t end) {
    if (end % DAY_SECONDS != 0) return false;
    int64_t day = end / DAY_SECONDS;
    for (int shift = -1; shift <= 1; shift++) {
        int month = t->month + shift;
        int year = t->year - (month == 0) + (month == 13);
        month = (month + 11) % 12 + 1;
        if (days_from_civil(year, month, 1) == day) return true;
    }
    return false;
}

/* NULL, or what was expected. */
static const char *parse_offset(cursor *c, civil *t) {
    if (c->at == c->text.len || accept(c, "Zz")) return NULL;
    bool is_west = c->text.ptr[c->at] == '-';
    if (!accept(c, "+-")) return "an offset such as Z or +05:30";
    int hours = digits(c, 2);
    accept(c, ":");
    int minutes = digits(c, 2);
    if (hours < 0 || minutes < 0) return "an offset such as Z or +05:30";
    if (hours > 23 || minutes > 59) return "an offset from -23:59 to +23:59";
    t->offset = (hours * 3600 + minutes * 60) * (is_west ? -1 : 1);
    return NULL;
}

static const char *parse_civil(cursor *c, civil *t, double *fraction) {
    static const char *const form =
        "RFC 3339 (2026-11-24T09:30:00Z) or a number";
    *fraction = 0;
    if ((t->year = digits(c, 4)) < 0 || !accept(c, "-") ||
        (t->month = digits(c, 2)) < 0 || !accept(c, "-") ||
        (t->day = digits(c, 2)) < 0)
        return form;
    if (!accept(c, "Tt ") || (t->hour = digits(c, 2)) < 0 || !accept(c, ":") ||
        (t->minute = digits(c, 2)) < 0 || !accept(c, ":") ||
        (t->second = digits(c, 2)) < 0)
        return "a time with seconds after the date";
    if (accept(c, ".")) {
        uint64_t mantissa = 0;
        size_t n = 0;
        if (!more_digits(c, &mantissa, &n)) return "digits of the fraction";
        *fraction = (double)mantissa / power_of_ten(n);
    }
    const char *expected = parse_offset(c, t);
    if (!expected && c->at != c->text.len) expected = "the end of the time";
    return expected ? expected : check_civil(t);
}

static nxc_status parse_date_time(nxc_str text, double *seconds,
                                  nxc_error *err) {
    cursor c = {text, 0};
    civil t = {0, 0, 0, 0, 0, 0, 0};
    double fraction = 0;
    const char *expected = parse_civil(&c, &t, &fraction);
    if (expected) return refuse(text, expected, err);
    int64_t whole = days_from_civil(t.year, t.month, t.day) * DAY_SECONDS +
                    (int64_t)t.hour * 3600 + (int64_t)t.minute * 60 + t.second -
                    t.offset;
    if (t.second == 60 && !is_leap_second(&t, whole))
        return refuse(text, "second 60 only at the end of a UTC month", err);
    double value = (double)whole + fraction;
    if (!(value >= MIN_SECONDS && value < END_SECONDS))
        return refuse(text, "a UTC time in the years 0000 to 9999", err);
    *seconds = value;
    return NXC_OK;
}

/* -------------------------------------------------------------- numbers */

static bool seconds_of(double number, double *seconds) {
    bool is_ms =
        number >= NXC_MILLISECONDS_FROM || number <= -NXC_MILLISECONDS_FROM;
    double value = is_ms ? number / 1000 : number;
    if (!(value >= MIN_SECONDS && value < END_SECONDS)) return false;
    *seconds = value;
    return true;
}

nxc_status nxc__timestamp_from_number(double number, double *seconds,
                                      nxc_error *err) {
    if (seconds_of(number, seconds)) return NXC_OK;
    return nxc__error(err, NXC_ERR_INVALID,
                      NXC_TIMESTAMP_WHERE
                      "expected epoch seconds or milliseconds in the years "
                      "0000 to 9999, got %.17g",
                      number);
}

/* A numeric string: false if text is not one. */
static bool parse_number(nxc_str text, double *number, bool *is_exact) {
    cursor c = {text, 0};
    uint64_t mantissa = 0;
    size_t n_whole = 0, n_fraction = 0;
    bool is_negative = text.len && text.ptr[0] == '-';
    accept(&c, "+-");
    size_t start = c.at;
    if (!more_digits(&c, &mantissa, &n_whole)) return false;
    *is_exact = c.at - start == n_whole; /* all digits before the point kept */
    if (accept(&c, ".") && !more_digits(&c, &mantissa, &n_fraction))
        return false;
    if (c.at != text.len) return false;
    double value = (double)mantissa / power_of_ten(n_fraction);
    *number = is_negative ? -value : value;
    return true;
}

nxc_status nxc__timestamp_parse(nxc_str text, double *seconds, nxc_error *err) {
    double number = 0;
    bool is_exact = false;
    if (!parse_number(text, &number, &is_exact))
        return parse_date_time(text, seconds, err);
    if (!is_exact || !seconds_of(number, seconds))
        return refuse(text,
                      "epoch seconds or milliseconds in the years 0000 to 9999",
                      err);
    return NXC_OK;
}
