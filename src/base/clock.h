/* The clocks: for durations and for ages, never for a result. */
#ifndef NXC_BASE_CLOCK_H
#define NXC_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Monotonic nanoseconds from some start. */
static inline uint64_t nxc__clock_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
/* Seconds since 1970. */
static inline int64_t nxc__clock_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec;
}

#endif
