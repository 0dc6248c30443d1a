/*
 * AArch64 NEON: a vector of 16 lanes is four q registers.
 *
 * linear, linear_bf16: 6 rows x 16 columns in 24 accumulators; four vectors for
 * the columns and a broadcast make 29 of the 32 registers.
 */
#include "encoder/kernels/encoder_lanes.h"
#include "encoder/kernels/encoder_panel.h"
#include "encoder/kernels/encoder_tile.h"

ALWAYS_INLINE void prefetch_far(const char *p) { __builtin_prefetch(p, 0, 2); }
ALWAYS_INLINE void prefetch_near(const char *p) { __builtin_prefetch(p, 0, 3); }
#include "encoder/kernels/encoder_linear16.h"

void nxc__encoder_kernels_neon(nxc__encoder_kernels *k) {
    k->name = "neon";
    k->linear = linear16;
    k->linear_bf16 = linear_bf16_16;
    lanes_init(k);
}
