/* The walk over decision bits. The file that includes it has
 *     row_decide(plan, columns, bits)     bit i: decision i goes left
 * and BMI. */
typedef const uint8_t *row_state; /* the bits */

/* The bytes after the last are there. */
static inline uint32_t row_bits(const nxc__forest_walk *walk, row_state bits,
                                uint32_t byte, uint16_t field) {
    uint32_t word;
    (void)walk;
    memcpy(&word, bits + byte, sizeof word);
    return __bextr_u32(word, field);
}
#include "ranker/kernels/forest_row.h"

static double row_score(const nxc__forest_plan *plan, const uint8_t *columns,
                        uint64_t *bits) {
    row_decide(plan, columns, bits);
    return row_walk(plan, (const uint8_t *)bits);
}
