/* Counters, gauges and histograms of one engine; the table is metrics.def.
 * Every function takes NULL for "not measured". Thread-safety: any; relaxed
 * atomics, so sums are exact and a snapshot is not one instant. */
#ifndef NXC_METRICS_METRICS_H
#define NXC_METRICS_METRICS_H

#include <stdatomic.h>

#include <nextcall/nextcall.h>

#include "base/buffer.h"

typedef enum nxc__metric {
#define NXC_COUNTER(name, help) NXC_METRIC_##name,
#define NXC_GAUGE(name, help) NXC_METRIC_##name,
#define NXC_HISTOGRAM(name, help)
#include "metrics/metrics.def"
#undef NXC_COUNTER
#undef NXC_GAUGE
#undef NXC_HISTOGRAM
    NXC_N_METRICS
} nxc__metric;

typedef enum nxc__histogram {
#define NXC_COUNTER(name, help)
#define NXC_GAUGE(name, help)
#define NXC_HISTOGRAM(name, help) NXC_HISTOGRAM_##name,
#include "metrics/metrics.def"
#undef NXC_COUNTER
#undef NXC_GAUGE
#undef NXC_HISTOGRAM
    NXC_N_HISTOGRAMS
} nxc__histogram;

/* Bucket i counts durations over 2^(i + 7) ns and up to 2^(i + 8) ns (256 ns
 * ... 8.6 s), the first one from 0 on; the last one all that are longer. */
typedef struct nxc__metrics {
    _Atomic uint64_t values[NXC_N_METRICS];
    struct {
        _Atomic uint64_t buckets[NXC_METRIC_N_BUCKETS];
        _Atomic uint64_t sum_ns;
    } histograms[NXC_N_HISTOGRAMS];
} nxc__metrics;

static inline void nxc__metrics_add(nxc__metrics *m, nxc__metric i,
                                    uint64_t n) {
    if (m) atomic_fetch_add_explicit(&m->values[i], n, memory_order_relaxed);
}
static inline void nxc__metrics_set(nxc__metrics *m, nxc__metric i,
                                    uint64_t v) {
    if (m) atomic_store_explicit(&m->values[i], v, memory_order_relaxed);
}
static inline uint64_t nxc__metrics_get(const nxc__metrics *m, nxc__metric i) {
    return m ? atomic_load_explicit(&m->values[i], memory_order_relaxed) : 0;
}
void nxc__metrics_observe(nxc__metrics *m, nxc__histogram i, uint64_t ns);

/* Row i: the counters and gauges, then the histograms; false past the end. */
bool nxc__metrics_row(const nxc__metrics *m, size_t i, nxc_metric *out);
/* Append all rows as Prometheus text. */
void nxc__metrics_format(const nxc__metrics *m, nxc__buffer *out);

#endif
