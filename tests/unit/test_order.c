#include <math.h>

#include "ranker/ranker.h"
#include "support/nxc_test.h"

/* The order by definition: count who comes before each. */
static bool comes_before(const double *s, const uint32_t *tie, size_t a,
                         size_t b) {
    double x = s[a], y = s[b];
    if (!isnan(x) && isnan(y)) return true;
    if (isnan(x) && !isnan(y)) return false;
    if (!isnan(x) && x != y) return x > y;
    if (tie && tie[a] != tie[b]) return tie[a] < tie[b];
    return a < b;
}
static void slow_order(const double *s, const uint32_t *tie, size_t n,
                       uint32_t *out) {
    for (size_t i = 0; i < n; i++) {
        size_t rank = 0;
        for (size_t j = 0; j < n; j++)
            rank += comes_before(s, tie, j, i);
        out[rank] = (uint32_t)i;
    }
}

static void small_cases(void **state) {
    (void)state;
    const double nan = (double)NAN, inf = (double)INFINITY;
    static const uint32_t up[] = {0, 1, 2, 3, 4}, down[] = {4, 3, 2, 1, 0},
                          same[] = {7, 7, 7, 7, 7};
    const struct {
        double scores[5];
        const uint32_t *tie;
        size_t n;
        uint32_t out[5];
    } cases[] = {
        {{1, 2, 3, 4, 5}, up, 5, {4, 3, 2, 1, 0}},
        {{1, 1, 1, 1, 1}, up, 5, {0, 1, 2, 3, 4}},
        {{1, 1, 1, 1, 1}, down, 5, {4, 3, 2, 1, 0}},
        {{1, 1, 1, 1, 1}, same, 5, {0, 1, 2, 3, 4}},
        {{1, 1, 1, 1, 1}, NULL, 5, {0, 1, 2, 3, 4}},
        {{0.0, -0.0, 0.0, -0.0, 1}, down, 5, {4, 3, 2, 1, 0}},
        {{nan, -inf, nan, inf, 0}, up, 5, {3, 4, 1, 0, 2}},
        {{nan, -nan, nan, nan, nan}, down, 5, {4, 3, 2, 1, 0}},
        {{nan, 3, nan, 3, nan}, down, 5, {3, 1, 4, 2, 0}},
        {{5}, up, 1, {0}},
        {{1, 2}, up, 2, {1, 0}},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        for (size_t k = 0; k <= cases[c].n; k++) {
            uint32_t scratch[5], out[5] = {99, 99, 99, 99, 99};
            nxc__order(cases[c].scores, cases[c].tie, cases[c].n, k, scratch,
                       out);
            for (size_t i = 0; i < 5; i++)
                if (out[i] != (i < k ? cases[c].out[i] : 99))
                    fail_msg("case %zu, k %zu: at %zu got %u", c, k, i, out[i]);
        }
    }
}

/* Few distinct values, so that ties are many; any n and k. */
static void agrees_with_a_slow_sort(void **state) {
    (void)state;
    enum { MAX = 150 };
    double scores[MAX];
    uint32_t tie[MAX], scratch[MAX], slow[MAX], out[MAX + 1];
    uint64_t seed = 1;
    for (int round = 0; round < 3000; round++) {
        uint64_t at = seed;
        size_t n = nxc_random(&seed) % (MAX + 1);
        size_t k = round % 3 ? nxc_random(&seed) % (n + 1) : n;
        uint64_t distinct = 1 + nxc_random(&seed) % (round % 2 ? 5 : 1000);
        for (size_t i = 0; i < n; i++) {
            uint64_t r = nxc_random(&seed) % (distinct + 3);
            scores[i] = r < distinct        ? (double)r * 0.1 - 2.0
                        : r == distinct     ? (double)NAN
                        : r == distinct + 1 ? 0.0
                                            : -0.0;
            tie[i] = (uint32_t)(nxc_random(&seed) % (round % 5 ? 10000 : 3));
        }
        const uint32_t *t = round % 7 ? tie : NULL;
        slow_order(scores, t, n, slow);
        out[k] = 0xC0FFEE; /* nothing is written behind k */
        nxc__order(scores, t, n, k, scratch, out);
        if (memcmp(out, slow, k * sizeof *out) != 0 || out[k] != 0xC0FFEE)
            fail_msg("seed %llu: n %zu, k %zu", (unsigned long long)at, n, k);
    }
}

/* Permuting the candidates permutes the order: the ties decide, not the place.
 */
static void place_does_not_matter(void **state) {
    (void)state;
    enum { N = 40 };
    double scores[N], moved_scores[N];
    uint32_t tie[N], moved_tie[N], scratch[N], a[N], b[N];
    uint64_t seed = 2;
    for (int round = 0; round < 200; round++) {
        for (uint32_t i = 0; i < N; i++) {
            scores[i] = (double)(nxc_random(&seed) % 6);
            tie[i] = i;
        }
        uint32_t perm[N];
        for (uint32_t i = 0; i < N; i++)
            perm[i] = i;
        for (size_t i = N - 1; i > 0; i--) {
            size_t j = nxc_random(&seed) % (i + 1);
            uint32_t swap = perm[i];
            perm[i] = perm[j];
            perm[j] = swap;
        }
        for (size_t i = 0; i < N; i++) {
            moved_scores[i] = scores[perm[i]];
            moved_tie[i] = tie[perm[i]];
        }
        nxc__order(scores, tie, N, N, scratch, a);
        nxc__order(moved_scores, moved_tie, N, N, scratch, b);
        for (size_t i = 0; i < N; i++)
            assert_int_equal(tie[a[i]], moved_tie[b[i]]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_cases),
        cmocka_unit_test(agrees_with_a_slow_sort),
        cmocka_unit_test(place_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
