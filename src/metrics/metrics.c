#include "metrics/metrics.h"

void nxc__metrics_observe(nxc__metrics *m, nxc__histogram i, uint64_t ns) {
    if (!m) return;
    size_t bucket = 0;
    while (bucket + 1 < NXC_METRIC_N_BUCKETS && ns > (uint64_t)1
                                                         << (bucket + 8))
        bucket++;
    atomic_fetch_add_explicit(&m->histograms[i].buckets[bucket], 1,
                              memory_order_relaxed);
    atomic_fetch_add_explicit(&m->histograms[i].sum_ns, ns,
                              memory_order_relaxed);
}
