/*
 * The tile registers of AMX, under the vocabulary that encoder_amx.c uses:
 *     tiles_config(&c)         shape of the eight tiles; all become zero
 *     tiles_release()          give them back; no tile is in use any more
 *     TILE_ZERO(t)             t: a number from 0 to 7, written out
 *     TILE_LOAD(t, p, stride)  its rows from p on, stride bytes apart
 *     TILE_STORE(t, p, stride)
 *     TILE_DOT(c, a, b)        c[i][j] += sum of a[i][4 r + x] b[r][4 j + x]
 *                              over r and x in 0..3; a unsigned, b signed
 *                              bytes, c int32
 * tests/kernel/tile_model.h is the same in plain C, for processors without.
 *
 * Inline assembly: the intrinsics of gcc 12 do not tell the compiler that a
 * load reads memory, and tell it of 8 bytes of the configuration only.
 */
#ifndef NXC_ENCODER_AMX_H
#define NXC_ENCODER_AMX_H

#include <stddef.h>
#include <stdint.h>

/* What ldtilecfg takes. */
typedef struct tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16]; /* of tile t */
    uint8_t rows[16];
} tile_config;
_Static_assert(sizeof(tile_config) == 64, "palette 1");

#if !defined(NXC_TILE_MODEL)
static inline void tiles_config(const tile_config *c) {
    __asm__ volatile("ldtilecfg %0" : : "m"(*c) : "memory");
}
static inline void tiles_release(void) {
    __asm__ volatile("tilerelease" : : : "memory");
}
#define TILE_ZERO(t) __asm__ volatile("tilezero %%tmm" #t : : : "memory")
#define TILE_LOAD(t, p, stride)                                      \
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm" #t                 \
                     :                                               \
                     : "r"((const void *)(p)), "r"((size_t)(stride)) \
                     : "memory")
#define TILE_STORE(t, p, stride)                               \
    __asm__ volatile("tilestored %%tmm" #t ", (%0,%1,1)"       \
                     :                                         \
                     : "r"((void *)(p)), "r"((size_t)(stride)) \
                     : "memory")
#define TILE_DOT(c, a, b)                                         \
    __asm__ volatile("tdpbusd %%tmm" #b ", %%tmm" #a ", %%tmm" #c \
                     :                                            \
                     :                                            \
                     : "memory")
#endif

#endif
