/* Arithmetic on external numbers: false instead of a wrapped result. */
#ifndef NXC_BASE_CHECKED_H
#define NXC_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>

static inline bool nxc__add(size_t a, size_t b, size_t *out) {
    return !__builtin_add_overflow(a, b, out);
}
static inline bool nxc__mul(size_t a, size_t b, size_t *out) {
    return !__builtin_mul_overflow(a, b, out);
}
/* Whether [offset, offset + n * size) lies in [0, total). */
static inline bool nxc__range_fits(size_t offset, size_t n, size_t size,
                                   size_t total) {
    size_t bytes, end;
    return nxc__mul(n, size, &bytes) && nxc__add(offset, bytes, &end) &&
           end <= total;
}

#endif
