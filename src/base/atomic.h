/* The only atomics of the library. Pairing: docs/internals/threading.md. */
#ifndef NXC_BASE_ATOMIC_H
#define NXC_BASE_ATOMIC_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef _Atomic uint8_t nxc__atomic_flag;
/* What was written before publish is seen after is_published gives true. */
static inline void nxc__atomic_publish(nxc__atomic_flag *f) {
    atomic_store_explicit(f, 1, memory_order_release);
}
static inline int nxc__atomic_is_published(const nxc__atomic_flag *f) {
    return atomic_load_explicit(f, memory_order_acquire) != 0;
}

/* One of a few states, by itself: orders nothing else. */
typedef _Atomic uint8_t nxc__atomic_state;
static inline uint8_t nxc__atomic_state_get(const nxc__atomic_state *s) {
    return atomic_load_explicit(s, memory_order_relaxed);
}
static inline void nxc__atomic_state_set(nxc__atomic_state *s, uint8_t v) {
    atomic_store_explicit(s, v, memory_order_relaxed);
}

/* A counter that hands out each number once; orders nothing else. */
typedef atomic_size_t nxc__atomic_counter;
static inline void nxc__atomic_counter_set(nxc__atomic_counter *c, size_t v) {
    atomic_store_explicit(c, v, memory_order_relaxed);
}
static inline size_t nxc__atomic_counter_next(nxc__atomic_counter *c) {
    return atomic_fetch_add_explicit(c, 1, memory_order_relaxed);
}

#endif
