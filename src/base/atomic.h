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
static inline size_t nxc__atomic_counter_add(nxc__atomic_counter *c, size_t n) {
    return atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

/* A word that one thread or process writes while others read it, in memory or
 * in a shared mapping. What was written before set is seen after get. */
typedef _Atomic uint64_t nxc__atomic_word;
static inline uint64_t nxc__atomic_word_get(const nxc__atomic_word *w) {
    return atomic_load_explicit(w, memory_order_acquire);
}
/* Returns what it was; what was written before is seen by who adds later. */
static inline uint64_t nxc__atomic_word_add(nxc__atomic_word *w, uint64_t n) {
    return atomic_fetch_add_explicit(w, n, memory_order_acq_rel);
}
/* Never lowers it; returns what it then is. */
static inline uint64_t nxc__atomic_word_raise(nxc__atomic_word *w, uint64_t v) {
    uint64_t old = atomic_load_explicit(w, memory_order_acquire);
    while (old < v &&
           !atomic_compare_exchange_weak_explicit(
               w, &old, v, memory_order_acq_rel, memory_order_acquire))
        continue;
    return old < v ? v : old;
}

/* Between two looks at a word that another thread is about to write. */
static inline void nxc__atomic_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
