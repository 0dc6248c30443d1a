/* Metrics as rows, and as Prometheus text exposition (format 0.0.4): families
 * in the order of metrics.def, counters with _total, histograms in seconds with
 * cumulative buckets, +Inf, _sum and _count. */
#include <math.h>

#include "metrics/metrics.h"

typedef struct row {
    const char *name, *help;
    nxc_metric_kind kind;
} row;

static const row values[NXC_N_METRICS] = {
#define NXC_COUNTER(name, help) {#name, help, NXC_METRIC_COUNTER},
#define NXC_GAUGE(name, help) {#name, help, NXC_METRIC_GAUGE},
#define NXC_HISTOGRAM(name, help)
#include "metrics/metrics.def"
#undef NXC_COUNTER
#undef NXC_GAUGE
#undef NXC_HISTOGRAM
};
static const row histograms[NXC_N_HISTOGRAMS] = {
#define NXC_COUNTER(name, help)
#define NXC_GAUGE(name, help)
#define NXC_HISTOGRAM(name, help) {#name, help, NXC_METRIC_HISTOGRAM},
#include "metrics/metrics.def"
#undef NXC_COUNTER
#undef NXC_GAUGE
#undef NXC_HISTOGRAM
};

/* 2^(i + 8) nanoseconds. */
#define NS(i) ((double)((uint64_t)1 << ((i) + 8)) / 1e9)
static const double bounds[NXC_METRIC_N_BUCKETS] = {
    NS(0),  NS(1),  NS(2),  NS(3),  NS(4),  NS(5),           NS(6),
    NS(7),  NS(8),  NS(9),  NS(10), NS(11), NS(12),          NS(13),
    NS(14), NS(15), NS(16), NS(17), NS(18), NS(19),          NS(20),
    NS(21), NS(22), NS(23), NS(24), NS(25), (double)INFINITY};

static uint64_t load(const _Atomic uint64_t *v) {
    return atomic_load_explicit(v, memory_order_relaxed);
}

bool nxc__metrics_row(const nxc__metrics *m, size_t i, nxc_metric *out) {
    if (i >= (size_t)NXC_N_METRICS + NXC_N_HISTOGRAMS) return false;
    bool is_histogram = i >= NXC_N_METRICS;
    size_t h = is_histogram ? i - NXC_N_METRICS : 0;
    const row *r = is_histogram ? &histograms[h] : &values[i];
    *out = (nxc_metric){.name = r->name, .help = r->help, .kind = r->kind};
    if (!is_histogram) {
        out->value = load(&m->values[i]);
        return true;
    }
    out->bounds = bounds;
    out->sum = (double)load(&m->histograms[h].sum_ns) / 1e9;
    for (size_t k = 0; k < NXC_METRIC_N_BUCKETS; k++) {
        out->value += load(&m->histograms[h].buckets[k]);
        out->buckets[k] = out->value;
    }
    return true;
}

double nxc_metric_quantile(const nxc_metric *m, double q) {
    if (!m || !m->bounds || m->value == 0 || !(q >= 0 && q <= 1))
        return NXC_NAN;
    double want = q * (double)m->value;
    size_t i = 0;
    while (i + 1 < NXC_METRIC_N_BUCKETS &&
           ((double)m->buckets[i] < want || m->buckets[i] == 0))
        i++;
    double low = i ? m->bounds[i - 1] : 0;
    uint64_t before = i ? m->buckets[i - 1] : 0;
    if (i + 1 == NXC_METRIC_N_BUCKETS) return low; /* and no more is known */
    double share = (want - (double)before) / (double)(m->buckets[i] - before);
    return low + (m->bounds[i] - low) * (share > 0 ? share : 0);
}

static void append_help(nxc__buffer *b, const char *help) {
    for (; *help; help++) {
        if (*help == '\\' || *help == '\n')
            nxc__buffer_append_z(b, *help == '\n' ? "\\n" : "\\\\");
        else
            nxc__buffer_append_char(b, *help);
    }
}

static void append_histogram(nxc__buffer *b, const nxc_metric *m) {
    for (size_t k = 0; k < NXC_METRIC_N_BUCKETS; k++) {
        nxc__buffer_printf(b, "nextcall_%s_seconds_bucket{le=\"", m->name);
        if (k + 1 < NXC_METRIC_N_BUCKETS)
            nxc__buffer_append_double(b, bounds[k]);
        else
            nxc__buffer_append_z(b, "+Inf");
        nxc__buffer_printf(b, "\"} %llu\n", (unsigned long long)m->buckets[k]);
    }
    nxc__buffer_printf(b, "nextcall_%s_seconds_sum ", m->name);
    nxc__buffer_append_double(b, m->sum);
    nxc__buffer_printf(b, "\nnextcall_%s_seconds_count %llu\n", m->name,
                       (unsigned long long)m->value);
}

void nxc__metrics_format(const nxc__metrics *metrics, nxc__buffer *b) {
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    static const char *const endings[] = {"_total", "", "_seconds"};
    nxc_metric m;
    for (size_t i = 0; nxc__metrics_row(metrics, i, &m); i++) {
        const char *ending = endings[m.kind];
        nxc__buffer_printf(b, "# HELP nextcall_%s%s ", m.name, ending);
        append_help(b, m.help);
        nxc__buffer_printf(b, "\n# TYPE nextcall_%s%s %s\n", m.name, ending,
                           kinds[m.kind]);
        if (m.kind == NXC_METRIC_HISTOGRAM)
            append_histogram(b, &m);
        else
            nxc__buffer_printf(b, "nextcall_%s%s %llu\n", m.name, ending,
                               (unsigned long long)m.value);
    }
}
