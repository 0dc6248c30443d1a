/* What the benchmarks of the engine share: one JSON line a figure,
 * {"what", "unit", "median", "min", "p99", "n"}. */
#ifndef NXC_BENCH_MEASURE_H
#define NXC_BENCH_MEASURE_H

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"

static inline double now_us(void) { return (double)nxc__clock_ns() * 1e-3; }
static inline int by_value(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}
static inline void report(const char *what, const char *unit, double *v,
                          size_t n) {
    qsort(v, n, sizeof *v, by_value);
    printf("{\"what\":\"%s\",\"unit\":\"%s\",\"median\":%.4g,\"min\":%.4g,"
           "\"p99\":%.4g,\"n\":%zu}\n",
           what, unit, v[n / 2], v[0], v[(n - 1) * 99 / 100], n);
}
static inline void must(nxc_status st, const nxc_error *err) {
    if (st == NXC_OK) return;
    fprintf(stderr, "bench: %s\n", err->message);
    exit(nxc_status_exit_code(st));
}

#endif
