/* Metrics of rankings: ties at their expected value, fusion, intervals. */
#include <math.h>

#include "cli/judge.h"
#include "support/nxc_test.h"

static void close_to(double got, double want) {
    if (!(fabs(got - want) < 1e-12)) fail_msg("expected %g, got %g", want, got);
}

static void test_judge(void **state) {
    (void)state;
    const double scores[] = {3, 1, 2, (double)NAN};
    cli_outcome o = cli_judge(scores, 4, 0);
    close_to(o.top1, 1);
    close_to(o.ndcg10, 1);
    o = cli_judge(scores, 4, 1);
    close_to(o.top1, 0);
    close_to(o.top3, 1);
    close_to(o.reciprocal_rank, 1.0 / 3);
    close_to(o.ndcg10, 1 / log2(4));
    o = cli_judge(scores, 4, 3);
    close_to(o.reciprocal_rank, 0.25);
}

static void test_ties(void **state) {
    (void)state;
    const double scores[] = {5, 2, 2, 2, 0};
    cli_outcome o = cli_judge(scores, 5, 2); /* rank 2, 3 or 4 */
    close_to(o.top1, 0);
    close_to(o.top3, 2.0 / 3);
    close_to(o.top5, 1);
    close_to(o.reciprocal_rank, (1.0 / 2 + 1.0 / 3 + 1.0 / 4) / 3);
    close_to(o.ndcg10, (1 / log2(3) + 1 / log2(4) + 1 / log2(5)) / 3);
    const double equal[12] = {0};
    o = cli_judge(equal, 12, 7);
    close_to(o.top1, 1.0 / 12);
    close_to(o.top5, 5.0 / 12);
}

static void test_fuse(void **state) {
    (void)state;
    const double a[] = {9, 1, 1}, b[] = {0, 7, 3};
    double scratch[3], out[3];
    cli_fuse(a, b, 3, scratch, out);
    close_to(out[0], 1.0 / 61 + 1.0 / 63);
    close_to(out[1], 1 / 62.5 + 1.0 / 61);
    close_to(out[2], 1 / 62.5 + 1.0 / 62);
}

static void test_bootstrap(void **state) {
    (void)state;
    double draws[CLI_N_DRAWS], values[200];
    uint8_t mask[200];
    size_t first[101];
    for (size_t i = 0; i < 200; i++) {
        values[i] = i % 4 < 2; /* scenario by scenario 1 or 0 */
        mask[i] = 1;
    }
    for (size_t s = 0; s <= 100; s++)
        first[s] = 2 * s;
    cli_interval x = cli_bootstrap(values, mask, first, 100, draws);
    cli_interval y = cli_bootstrap(values, mask, first, 100, draws);
    close_to(x.low, y.low);
    assert_true(x.low > 0.38 && x.low < 0.43);
    assert_true(x.high > 0.57 && x.high < 0.62);
    close_to(cli_mean(values, mask, 200), 0.5);
    for (size_t i = 0; i < 200; i++)
        mask[i] = 0;
    assert_true(isnan(cli_bootstrap(values, mask, first, 100, draws).low));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge),
        cmocka_unit_test(test_ties),
        cmocka_unit_test(test_fuse),
        cmocka_unit_test(test_bootstrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
