#include "ranker/calibration.h"

#include <math.h>
#include <stdio.h>

#include "base/number.h"
#include "base/str.h"

static const char *note(const nxc__model_notes *notes, const char *kind,
                        const char *name, char key[NXC_MAX_NOTE_KEY + 1]) {
    snprintf(key, NXC_MAX_NOTE_KEY + 1, "calibration.%s.%s", kind, name);
    return nxc__model_notes_get(notes, key);
}

static nxc_status wrong(const char *key, const char *expected,
                        const char *value, nxc_error *err) {
    return nxc__error(err, NXC_ERR_PARSE, "note %s: expected %s, got \"%.80s\"",
                      key, expected, value ? value : "none");
}

/* Numbers with a space between two; false if it is anything else. */
static bool read_list(const char *text, double *out, size_t *n) {
    nxc_str s = nxc__str(text);
    *n = 0;
    for (size_t i = 0; i <= s.len;) {
        size_t end = nxc__str_find(s, ' ', i);
        if (*n == NXC_MAX_KNOTS ||
            !nxc__parse_double(nxc__str_slice(s, i, end), &out[*n]))
            return false;
        (*n)++;
        i = end + 1;
    }
    return true;
}

static bool is_rising(const double *x, size_t n, bool is_strict) {
    for (size_t i = 0; i < n; i++)
        if (!(x[i] >= 0 && x[i] <= 1) ||
            (i && (is_strict ? !(x[i] > x[i - 1]) : x[i] < x[i - 1])))
            return false;
    return true;
}

nxc_status nxc__calibration_read(const nxc__model_notes *notes,
                                 const char *kind, nxc__calibration *out,
                                 nxc_error *err) {
    char at[3][NXC_MAX_NOTE_KEY + 1];
    const char *temperature = note(notes, kind, "temperature", at[0]);
    const char *shares = note(notes, kind, "shares", at[1]);
    const char *probabilities = note(notes, kind, "probabilities", at[2]);
    nxc__calibration c = {.n = 0};
    size_t n = 0;
    if (!temperature && !shares && !probabilities) {
        *out = c;
        return NXC_OK;
    }
    if (!temperature ||
        !nxc__parse_double(nxc__str(temperature), &c.temperature) ||
        !(c.temperature > 0) || isinf(c.temperature))
        return wrong(at[0], "a number above 0", temperature, err);
    if (!shares || !read_list(shares, c.shares, &c.n) || c.n < 2 ||
        c.shares[0] != 0 || !is_rising(c.shares, c.n, true))
        return wrong(at[1], "2 to 64 rising numbers from 0 to 1", shares, err);
    if (!probabilities || !read_list(probabilities, c.probabilities, &n) ||
        n != c.n || !is_rising(c.probabilities, n, false))
        return wrong(at[2], "as many numbers from 0 to 1 that do not fall",
                     probabilities, err);
    *out = c;
    return NXC_OK;
}

static double on_line(const nxc__calibration *c, double share) {
    size_t k = 1;
    while (k < c->n && c->shares[k] < share)
        k++;
    if (k == c->n) return c->probabilities[k - 1];
    double x = c->shares[k - 1], y = c->probabilities[k - 1];
    double part = (share - x) / (c->shares[k] - x);
    return y + part * (c->probabilities[k] - y);
}

/* Sum of exp((score - best) / temperature) over the best. top (at most
 * NXC_CALIBRATION_BEST) falls. */
static double sum_of_best(const nxc__calibration *c, const double *scores,
                          size_t n) {
    double top[NXC_CALIBRATION_BEST], sum = 0;
    size_t n_top = 0;
    for (size_t i = 0; i < n; i++) {
        double x = scores[i];
        bool is_full = n_top == NXC_CALIBRATION_BEST;
        if (isnan(x) || (is_full && x <= top[n_top - 1])) continue;
        size_t at = is_full ? n_top - 1 : n_top++;
        for (; at > 0 && top[at - 1] < x; at--)
            top[at] = top[at - 1];
        top[at] = x;
    }
    for (size_t i = 0; i < n_top; i++)
        sum += exp((top[i] - top[0]) / c->temperature);
    return sum;
}

void nxc__calibrate(const nxc__calibration *c, const double *scores, size_t n,
                    double *probabilities) {
    double best = -(double)INFINITY;
    for (size_t i = 0; i < n; i++) {
        probabilities[i] = (double)NAN;
        if (scores[i] > best) best = scores[i];
    }
    if (c->n == 0 || !isfinite(best)) return;
    double sum = sum_of_best(c, scores, n);
    for (size_t i = 0; i < n; i++)
        if (!isnan(scores[i]))
            probabilities[i] =
                on_line(c, exp((scores[i] - best) / c->temperature) / sum);
}
