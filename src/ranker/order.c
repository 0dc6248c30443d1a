/* The k best of n scores: a heap keeps them while the rest passes by, then a
 * merge sort orders them. No allocation; O(n log k). */
#include <math.h>
#include <string.h>

#include "ranker/ranker.h"

typedef struct order {
    const double *scores;
    const uint32_t *tie; /* NULL: the position */
} order;

/* Whether position a comes before b. A total order: NaN after every number, -0
 * equal to +0, then by tie, then by position. */
static inline bool is_before(const order *o, uint32_t a, uint32_t b) {
    double x = o->scores[a], y = o->scores[b];
    if (x > y) return true;
    if (x < y) return false;
    if (isnan(x) != isnan(y)) return isnan(y);
    if (o->tie && o->tie[a] != o->tie[b]) return o->tie[a] < o->tie[b];
    return a < b;
}

/* Restore the heap below i: each parent comes after its children. */
static void sift_down(const order *o, uint32_t *heap, size_t n, size_t i) {
    uint32_t moved = heap[i];
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && is_before(o, heap[child], heap[child + 1]))
            child++;
        if (!is_before(o, moved, heap[child])) break;
        heap[i] = heap[child];
    }
    heap[i] = moved;
}

static void select_best(const order *o, size_t n, size_t k, uint32_t *heap) {
    for (size_t i = k / 2; i-- > 0;)
        sift_down(o, heap, k, i);
    for (uint32_t i = (uint32_t)k; i < n; i++) {
        if (!is_before(o, i, heap[0])) continue;
        heap[0] = i;
        sift_down(o, heap, k, 0);
    }
}

static void merge(const order *o, const uint32_t *from, size_t n, size_t half,
                  uint32_t *to) {
    size_t a = 0, b = half;
    for (size_t i = 0; i < n; i++) {
        bool take_b = a == half || (b < n && is_before(o, from[b], from[a]));
        to[i] = from[take_b ? b++ : a++];
    }
}

/* Sort runs of RUN by insertion, then merge pairs of runs, each time from one
 * array into the other; the result ends in a. */
enum { RUN = 8 };
static void sort(const order *o, uint32_t *a, size_t n, uint32_t *other) {
    for (size_t from = 0; from < n; from += RUN) {
        size_t to = n - from < RUN ? n : from + RUN;
        for (size_t i = from + 1; i < to; i++) {
            uint32_t v = a[i];
            size_t j = i;
            for (; j > from && is_before(o, v, a[j - 1]); j--)
                a[j] = a[j - 1];
            a[j] = v;
        }
    }
    uint32_t *src = a, *dst = other;
    for (size_t run = RUN; run < n; run *= 2) {
        for (size_t from = 0; from < n; from += 2 * run) {
            size_t left = n - from, both = left < 2 * run ? left : 2 * run;
            merge(o, src + from, both, run < both ? run : both, dst + from);
        }
        uint32_t *swap = src;
        src = dst;
        dst = swap;
    }
    if (src != a) memcpy(a, src, n * sizeof *a);
}

void nxc__order(const double *scores, const uint32_t *tie, size_t n, size_t k,
                uint32_t *scratch, uint32_t *out) {
    order o = {scores, tie};
    NXC_ASSERT(k <= n && n < UINT32_MAX);
    for (size_t i = 0; i < k; i++)
        out[i] = (uint32_t)i;
    if (k == 0) return;
    if (k < n) select_best(&o, n, k, out);
    sort(&o, out, k, scratch);
}
