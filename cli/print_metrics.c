/* What an engine counted: a table for people, JSON or Prometheus text in a
 * file. */
#include "base/alloc.h"
#include "command.h"

static void print_duration(double seconds) {
    double us = seconds * 1e6;
    if (us < 1e3)
        printf(" %8.2f us", us);
    else if (us < 1e6)
        printf(" %8.2f ms", us * 1e-3);
    else
        printf(" %8.2f s ", us * 1e-6);
}

static void print_table(const nxc_engine *engine) {
    nxc_metric m;
    size_t n_zero = 0;
    printf("%-32s %12s\n", "metric", "value");
    for (size_t i = 0; nxc_engine_metrics(engine, i, &m); i++) {
        if (m.kind == NXC_METRIC_HISTOGRAM) continue;
        if (m.value)
            printf("%-32s %12llu  %s\n", m.name, (unsigned long long)m.value,
                   m.help);
        n_zero += m.value == 0;
    }
    printf("and %zu that are 0\n\n%-15s %8s %11s %11s %11s %11s\n", n_zero,
           "duration", "n", "mean", "p50", "p95", "p99");
    for (size_t i = 0; nxc_engine_metrics(engine, i, &m); i++) {
        if (m.kind != NXC_METRIC_HISTOGRAM || m.value == 0) continue;
        printf("%-15s %8llu", m.name, (unsigned long long)m.value);
        print_duration(m.sum / (double)m.value);
        print_duration(nxc_metric_quantile(&m, 0.5));
        print_duration(nxc_metric_quantile(&m, 0.95));
        print_duration(nxc_metric_quantile(&m, 0.99));
        putchar('\n');
    }
}

static void append_histogram(nxc__buffer *b, const nxc_metric *m) {
    static const struct {
        const char *name;
        double q;
    } quantiles[] = {{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}};
    nxc__buffer_printf(b,
                       "\"count\":%llu,\"sum\":", (unsigned long long)m->value);
    nxc__buffer_append_double(b, m->sum);
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
        nxc__buffer_printf(b, ",\"%s\":", quantiles[i].name);
        nxc__buffer_append_double(b, nxc_metric_quantile(m, quantiles[i].q));
    }
    nxc__buffer_append_z(b, ",\"buckets\":[");
    for (size_t i = 0; i < NXC_METRIC_N_BUCKETS; i++) {
        nxc__buffer_append_z(b, i ? ",[" : "[");
        nxc__buffer_append_double(b, m->bounds[i]); /* null: no bound */
        nxc__buffer_printf(b, ",%llu]", (unsigned long long)m->buckets[i]);
    }
    nxc__buffer_append_char(b, ']');
}

static void append_json(const nxc_engine *engine, nxc__buffer *b) {
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    nxc_metric m;
    for (size_t i = 0; nxc_engine_metrics(engine, i, &m); i++) {
        nxc__buffer_printf(b, "%s\"%s\":{\"kind\":\"%s\",", i ? ",\n " : "{",
                           m.name, kinds[m.kind]);
        if (m.kind == NXC_METRIC_HISTOGRAM)
            append_histogram(b, &m);
        else
            nxc__buffer_printf(b, "\"value\":%llu",
                               (unsigned long long)m.value);
        nxc__buffer_append_char(b, '}');
    }
    nxc__buffer_append_z(b, "}\n");
}

bool cli_metrics_is_target(const char *path) {
    nxc_str s = nxc__str(path);
    return nxc__str_eq(s, NXC_STR("-")) || nxc__str_ends(s, NXC_STR(".json")) ||
           nxc__str_ends(s, NXC_STR(".prom"));
}

nxc_status cli_write_metrics(const nxc_engine *engine, nxc_ctx *ctx,
                             const char *path, nxc_error *err) {
    nxc__buffer b;
    nxc_str text = {NULL, 0};
    if (nxc__str_eq(nxc__str(path), NXC_STR("-"))) {
        print_table(engine);
        return NXC_OK;
    }
    nxc__buffer_init(&b, &nxc__allocator_default, (size_t)1 << 24);
    nxc_status st = NXC_OK;
    if (nxc__str_ends(nxc__str(path), NXC_STR(".prom"))) {
        st = nxc_engine_metrics_format(ctx, &text, err);
    } else {
        append_json(engine, &b);
        st = nxc__buffer_status(&b, "metrics", err);
        text = nxc__buffer_str(&b);
    }
    if (st == NXC_OK) st = nxc__file_replace(path, text.ptr, text.len, err);
    nxc__buffer_release(&b);
    return st;
}
