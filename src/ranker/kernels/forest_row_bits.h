/* The walk over decision bits. The file that includes it has
 *     row_decide(plan, columns, bits)     bit i: decision i goes left
 * and AVX2. */
typedef const uint8_t *row_state; /* the bits */

static inline short row_bits(row_state bits, size_t byte) {
    short two;
    memcpy(&two, bits + byte, sizeof two);
    return two;
}

/* Of the lanes, which are two bytes, exactly one is true. */
static inline uint32_t row_exit(const uint32_t *exits, int is_true) {
    uint32_t next;
    size_t at = 2 * (size_t)__builtin_ctz((uint32_t)is_true);
    memcpy(&next, (const char *)exits + at, sizeof next);
    return next;
}

static inline uint32_t row_root_exit(const nxc__forest_walk *walk,
                                     row_state bits, size_t byte,
                                     const nxc__walk_root *r) {
    (void)walk;
    __m256i two = _mm256_set1_epi16(row_bits(bits, byte));
    __m256i mask = _mm256_loadu_si256((const __m256i *)(const void *)r->mask);
    __m256i value = _mm256_loadu_si256((const __m256i *)(const void *)r->value);
    __m256i is = _mm256_cmpeq_epi16(_mm256_and_si256(two, mask), value);
    return row_exit(r->exits, _mm256_movemask_epi8(is));
}

static inline uint32_t row_inner_exit(const nxc__forest_walk *walk,
                                      row_state bits, size_t byte,
                                      const nxc__walk_inner *r) {
    (void)walk;
    __m128i two = _mm_set1_epi16(row_bits(bits, byte));
    __m128i mask = _mm_loadu_si128((const __m128i *)(const void *)r->mask);
    __m128i value = _mm_loadu_si128((const __m128i *)(const void *)r->value);
    __m128i is = _mm_cmpeq_epi16(_mm_and_si128(two, mask), value);
    return row_exit(r->exits, _mm_movemask_epi8(is));
}
#include "ranker/kernels/forest_row.h"

static double row_score(const nxc__forest_plan *plan, const uint8_t *columns,
                        uint64_t *bits) {
    row_decide(plan, columns, bits);
    return row_walk(plan, (const uint8_t *)bits);
}
