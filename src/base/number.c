#include "base/number.h"

#include <math.h>
#include <string.h>
#include <yyjson.h>

#include "base/str.h"

/* Digits of s from i on; the position after them. */
static size_t skip_digits(nxc_str s, size_t i) {
    while (i < s.len && nxc__is_digit(s.ptr[i]))
        i++;
    return i;
}

static bool parse_word(nxc_str s, bool is_negative, double *out) {
    if (nxc__str_ieq(s, NXC_STR("inf")) || nxc__str_ieq(s, NXC_STR("infinity")))
        *out = is_negative ? -(double)INFINITY : (double)INFINITY;
    else if (nxc__str_ieq(s, NXC_STR("nan")))
        *out = (double)NAN;
    else
        return false;
    return true;
}

/* s without its sign, rewritten as JSON writes numbers: no leading zeros, a
 * digit on both sides of the point. Length, or 0 if s is no number. */
static size_t to_json(nxc_str s, char *buf) {
    size_t int_end = skip_digits(s, 0), frac_from = int_end, frac_end = int_end;
    if (int_end < s.len && s.ptr[int_end] == '.') {
        frac_from = int_end + 1;
        frac_end = skip_digits(s, frac_from);
    }
    if (int_end + (frac_end - frac_from) == 0) return 0;
    size_t from = 0, n = 0;
    while (from < int_end && s.ptr[from] == '0')
        from++;
    if (from == int_end) buf[n++] = '0';
    memcpy(buf + n, s.ptr + from, int_end - from);
    n += int_end - from;
    if (frac_end > frac_from) {
        buf[n++] = '.';
        memcpy(buf + n, s.ptr + frac_from, frac_end - frac_from);
        n += frac_end - frac_from;
    }
    if (frac_end == s.len) return n;
    if (nxc__lower(s.ptr[frac_end]) != 'e') return 0;
    size_t exp = frac_end + 1;
    if (exp < s.len && (s.ptr[exp] == '-' || s.ptr[exp] == '+')) exp++;
    if (exp == s.len || skip_digits(s, exp) != s.len) return 0;
    memcpy(buf + n, s.ptr + frac_end, s.len - frac_end);
    return n + (s.len - frac_end);
}

/* buf[n] is 0. False if the JSON number at buf is not n bytes long. */
static bool read_json(const char *buf, size_t n, double *out) {
    yyjson_val val;
    memset(&val, 0, sizeof val);
    if (yyjson_read_number(buf, &val, 0, NULL, NULL) != buf + n) return false;
    *out = yyjson_get_num(&val);
    return true;
}

/* digits [. digits] of at most 15 digits: both the digits as an integer and
 * the power of ten are doubles, and their quotient is rounded once. False for
 * anything else. Source: Clinger 1990. */
static bool read_short(nxc_str s, double *out) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3, 1e4,  1e5,
                                    1e6,  1e7,  1e8,  1e9, 1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15};
    int64_t digits = 0;
    size_t point = s.len, n = 0;
    if (s.len > 16) return false;
    for (size_t i = 0; i < s.len; i++) {
        if (nxc__is_digit(s.ptr[i])) {
            digits = digits * 10 + (s.ptr[i] - '0');
            n++;
        } else if (s.ptr[i] == '.' && point == s.len) {
            point = i;
        } else {
            return false;
        }
    }
    if (n == 0 || n > 15) return false;
    *out = (double)digits / powers[point < s.len ? s.len - 1 - point : 0];
    return true;
}

bool nxc__parse_double(nxc_str s, double *out) {
    char buf[NXC_NUMBER_MAX + 2]; /* one digit may be put in, and the NUL */
    bool is_negative = s.len && s.ptr[0] == '-';
    if (s.len && (s.ptr[0] == '-' || s.ptr[0] == '+'))
        s = nxc__str_slice(s, 1, s.len);
    if (s.len == 0 || s.len > NXC_NUMBER_MAX) return false;
    if (nxc__is_alpha(s.ptr[0])) return parse_word(s, is_negative, out);
    double v = 0.0;
    if (read_short(s, &v)) {
        *out = is_negative ? -v : v;
        return true;
    }
    memcpy(buf, s.ptr, s.len);
    buf[s.len] = 0;
    bool is_plain = buf[0] != '-' && read_json(buf, s.len, &v);
    if (!is_plain) {
        size_t n = to_json(s, buf);
        if (n == 0) return false;
        buf[n] = 0;
        /* well-formed now, so that only its size can be refused */
        if (!read_json(buf, n, &v)) v = (double)INFINITY;
    }
    *out = is_negative ? -v : v;
    return true;
}

bool nxc__parse_int(nxc_str s, int64_t min, int64_t max, int64_t *out) {
    bool is_negative = s.len && s.ptr[0] == '-';
    size_t i = s.len && (s.ptr[0] == '-' || s.ptr[0] == '+');
    if (i == s.len || skip_digits(s, i) != s.len) return false;
    int64_t v = 0; /* kept negative: that side reaches further */
    for (size_t short_end = s.len - i < 19 ? s.len : i; i < short_end; i++)
        v = v * 10 - (s.ptr[i] - '0'); /* up to 18 digits fit */
    for (; i < s.len; i++)
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_sub_overflow(v, s.ptr[i] - '0', &v))
            return false;
    if (!is_negative && __builtin_sub_overflow(0, v, &v)) return false;
    if (v < min || v > max) return false;
    *out = v;
    return true;
}
