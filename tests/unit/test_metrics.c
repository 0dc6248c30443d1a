/* Counters, gauges, histograms: counting, rows, quantiles, Prometheus text. */
#include <math.h>

#include "metrics/metrics.h"
#include "support/nxc_test.h"

static nxc_metric row_of(const nxc__metrics *m, const char *name) {
    nxc_metric row;
    for (size_t i = 0; nxc__metrics_row(m, i, &row); i++)
        if (strcmp(row.name, name) == 0) return row;
    fail_msg("no metric %s", name);
    return row;
}

static void values_are_found_by_name(void **state) {
    (void)state;
    static nxc__metrics m;
    nxc_metric row;
    size_t n = 0;
    nxc__metrics_add(&m, NXC_METRIC_requests, 3);
    nxc__metrics_set(&m, NXC_METRIC_store_bytes, 4096);
    nxc__metrics_add(NULL, NXC_METRIC_requests, 3);
    nxc__metrics_observe(NULL, NXC_HISTOGRAM_request, 1);
    assert_int_equal(nxc__metrics_get(NULL, NXC_METRIC_requests), 0);
    row = row_of(&m, "requests");
    assert_int_equal(row.value, 3);
    assert_int_equal(row.kind, NXC_METRIC_COUNTER);
    assert_null(row.bounds);
    assert_true(isnan(nxc_metric_quantile(&row, 0.5)));
    row = row_of(&m, "store_bytes");
    assert_int_equal(row.value, 4096);
    assert_int_equal(row.kind, NXC_METRIC_GAUGE);
    while (nxc__metrics_row(&m, n, &row)) {
        assert_true(row.help[0] != 0);
        n++;
    }
    assert_int_equal(n, NXC_N_METRICS + NXC_N_HISTOGRAMS);
}

/* A duration is counted where its bound is the first that is not smaller. */
static void durations_fall_into_their_buckets(void **state) {
    (void)state;
    static const struct {
        uint64_t ns;
        size_t bucket;
    } cases[] = {
        {0, 0},
        {256, 0},
        {257, 1},
        {512, 1},
        {513, 2},
        {(uint64_t)1 << 33, 25},
        {((uint64_t)1 << 33) + 1, 26},
        {UINT64_MAX, 26},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nxc__metrics m;
        memset(&m, 0, sizeof m);
        nxc__metrics_observe(&m, NXC_HISTOGRAM_encode, cases[i].ns);
        nxc_metric row = row_of(&m, "encode");
        assert_int_equal(row.value, 1);
        for (size_t k = 0; k < NXC_METRIC_N_BUCKETS; k++)
            assert_int_equal(row.buckets[k], k >= cases[i].bucket);
        assert_true((double)cases[i].ns * 1e-9 <= row.bounds[cases[i].bucket]);
        assert_true(fabs(row.sum - (double)cases[i].ns * 1e-9) <=
                    row.sum * 1e-12);
    }
}

static void quantiles_are_interpolated(void **state) {
    (void)state;
    static nxc__metrics m;
    nxc_metric row = row_of(&m, "score");
    assert_true(isnan(nxc_metric_quantile(&row, 0.5)));
    assert_true(isnan(nxc_metric_quantile(NULL, 0.5)));
    for (size_t i = 0; i < 100; i++) /* 90 up to 512 ns, 10 up to 1024 ns */
        nxc__metrics_observe(&m, NXC_HISTOGRAM_score, i < 90 ? 300 : 600);
    row = row_of(&m, "score");
    static const struct {
        double q, ns;
    } cases[] = {{0, 256}, {0.45, 384}, {0.9, 512}, {0.95, 768}, {1, 1024}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(fabs(nxc_metric_quantile(&row, cases[i].q) -
                         cases[i].ns * 1e-9) < 1e-12);
    assert_true(isnan(nxc_metric_quantile(&row, 1.01)));
    for (size_t i = 0; i < 1000; i++)
        nxc__metrics_observe(&m, NXC_HISTOGRAM_score, UINT64_MAX >> 20);
    row = row_of(&m, "score");
    assert_true(nxc_metric_quantile(&row, 0.99) == row.bounds[25]);
}

static void the_text_is_prometheus(void **state) {
    (void)state;
    static nxc__metrics m;
    static const char *const parts[] = {
        "# HELP nextcall_requests_total decision points ranked\n"
        "# TYPE nextcall_requests_total counter\n"
        "nextcall_requests_total 2\n",
        "# TYPE nextcall_store_bytes gauge\nnextcall_store_bytes 7\n",
        "# HELP nextcall_order_seconds stage order\n"
        "# TYPE nextcall_order_seconds histogram\n"
        "nextcall_order_seconds_bucket{le=\"2.56e-7\"} 0\n"
        "nextcall_order_seconds_bucket{le=\"5.12e-7\"} 1\n",
        "nextcall_order_seconds_bucket{le=\"+Inf\"} 1\n"
        "nextcall_order_seconds_sum 5e-7\n"
        "nextcall_order_seconds_count 1\n",
    };
    nxc__buffer b;
    nxc__metrics_add(&m, NXC_METRIC_requests, 2);
    nxc__metrics_set(&m, NXC_METRIC_store_bytes, 7);
    nxc__metrics_observe(&m, NXC_HISTOGRAM_order, 500);
    nxc__buffer_init(&b, &nxc__allocator_default, 1 << 20);
    nxc__metrics_format(&m, &b);
    nxc__buffer_append_char(&b, 0);
    assert_int_equal(b.status, NXC_OK);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(b.data, parts[i]))
            fail_msg("expected %s in %s", parts[i], b.data);
    nxc__buffer_release(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_by_name),
        cmocka_unit_test(durations_fall_into_their_buckets),
        cmocka_unit_test(quantiles_are_interpolated),
        cmocka_unit_test(the_text_is_prometheus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
