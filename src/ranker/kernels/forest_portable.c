/* 16 rows at a time in the compiler's own vectors: SSE2 on x86-64, NEON on
 * AArch64, plain code elsewhere. */
#include <math.h>
#include <string.h>

#include "ranker/kernels/forest_kernel.h"

typedef uint8_t bytes16 __attribute__((vector_size(16)));

static inline bytes16 bytes_load16(const uint8_t *p) {
    bytes16 v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline void bytes_store16(uint8_t *p, bytes16 v) {
    memcpy(p, &v, sizeof v);
}
static inline bytes16 bytes_select16(bytes16 c, uint8_t t, bytes16 l,
                                     bytes16 r) {
    bytes16 threshold = c ^ c;
    threshold += t;
    bytes16 left = (bytes16)(c <= threshold);
    return (left & l) | (~left & r);
}
static inline void add_leaves16(const uint8_t *leaf, const double *values,
                                size_t n_leaves, double *sums) {
    (void)n_leaves;
    for (size_t i = 0; i < 16; i++)
        sums[i] += values[leaf[i]];
}

#define BLOCK_ROWS 16
#define BLOCK(name) name##16
#include "ranker/kernels/forest_block.h"

static inline uint32_t bucket_rank(const double *thresholds, size_t n,
                                   double x) {
    uint32_t below = 0;
    for (size_t i = 0; i < n; i++)
        below += thresholds[i] < x;
    return below;
}
#include "ranker/kernels/forest_quantise.h"

const nxc__forest_level nxc__forest_level_portable = {
    "portable",
    quantise_f64,
    quantise_f32,
    {{16, 1, score16}, {0, 0, NULL}},
    NULL};
