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
    const bytes16 zero = {0};
    bytes16 threshold = zero + t;
    bytes16 left = (bytes16)(c <= threshold);
    return (left & l) | (~left & r);
}
#define FEW_LEAVES 0
#define add_few(leaf, values, n_leaves, sums, n) ((void)0)
#define BLOCK_ROWS 16
#define BLOCK(name) name##16
#include "ranker/kernels/forest_block.h"

/* One row: the bits are made when they are asked for. */
typedef const uint8_t *row_state; /* the row's columns */
typedef uint16_t lanes8 __attribute__((vector_size(16)));

static inline uint16_t row_bits(const nxc__forest_walk *walk, row_state columns,
                                size_t byte, size_t n) {
    const uint8_t *at = walk->columns + 8 * byte;
    const uint8_t *thresholds = walk->thresholds + 8 * byte;
    uint32_t bits = 0;
    for (size_t k = 0; k < n; k++)
        bits |= (uint32_t)(columns[at[k]] <= thresholds[k]) << k;
    return (uint16_t)bits;
}

/* The numbers of the lanes that are true, of eight: one or none. */
static inline lanes8 row_numbers(uint16_t bits, const uint16_t *mask,
                                 const uint16_t *value, uint16_t first) {
    static const lanes8 count = {0, 1, 2, 3, 4, 5, 6, 7};
    lanes8 m, v, all = count ^ count;
    memcpy(&m, mask, sizeof m);
    memcpy(&v, value, sizeof v);
    all += bits;
    return (lanes8)((all & m) == v) & (count + first);
}
static inline size_t row_any(lanes8 numbers) {
    uint64_t half[2];
    memcpy(half, &numbers, sizeof half);
    half[0] |= half[1];
    half[0] |= half[0] >> 32;
    return (half[0] | half[0] >> 16) & 0xffff;
}

static inline uint32_t row_root_exit(const nxc__forest_walk *walk,
                                     row_state columns, size_t byte,
                                     const nxc__walk_root *r) {
    uint16_t bits = row_bits(walk, columns, byte, NXC_WALK_ROOT);
    return r->exits[row_any(row_numbers(bits, r->mask, r->value, 0) |
                            row_numbers(bits, r->mask + 8, r->value + 8, 8))];
}
static inline uint32_t row_inner_exit(const nxc__forest_walk *walk,
                                      row_state columns, size_t byte,
                                      const nxc__walk_inner *r) {
    /* up to seven bits of others come before the cluster's */
    uint16_t bits = row_bits(walk, columns, byte, 7 + NXC_WALK_INNER);
    return r->exits[row_any(row_numbers(bits, r->mask, r->value, 0))];
}
#include "ranker/kernels/forest_row.h"
static double row_score(const nxc__forest_plan *plan, const uint8_t *columns,
                        uint64_t *bits) {
    (void)bits;
    return row_walk(plan, columns);
}

static inline uint32_t bucket_rank(const double *thresholds, size_t n,
                                   double x) {
    uint32_t below = 0;
    for (size_t i = 0; i < n; i++)
        below += thresholds[i] < x;
    return below;
}
static inline void quantise_intake(quantise_values *v, size_t n) {
    v->is_nan = v->is_zero = 0;
    for (size_t i = 0; i < n; i++) {
        bool is_nan = v->x[i] != v->x[i];
        bool is_zero = !(fabs(v->x[i]) > NXC_FOREST_ZERO);
        v->is_nan |= (uint64_t)is_nan << i;
        v->is_zero |= (uint64_t)is_zero << i;
        v->x[i] = is_zero ? 0.0 : v->x[i];
    }
}
static inline void quantise_column(const quantise_values *v, size_t n,
                                   const nxc__plan_column *c, uint8_t *out) {
    uint64_t missing = quantise_missing(v, c);
    for (size_t i = 0; i < n; i++) {
        uint32_t d = v->rank[i] > c->base ? v->rank[i] - c->base : 0;
        d = d < NXC_PLAN_CHUNK ? d : NXC_PLAN_CHUNK;
        out[i] = (uint8_t)(missing >> i & 1 ? c->missing_byte : d);
    }
}
#include "ranker/kernels/forest_explain_tree.h"
#include "ranker/kernels/forest_quantise.h"

const nxc__forest_level nxc__forest_level_portable = {
    "portable", quantise_f64, quantise_f32, {{16, 4, score16}, {0, 0, NULL}},
    row_score,  explain_tree};
