/*
 * The tile registers of encoder_amx.h in plain C, palette 1: eight tiles of at
 * most 16 rows of 64 bytes. What the instructions refuse (a tile without a
 * shape, shapes that do not fit, use before the configuration) is counted as a
 * fault and has no effect. Memory is read and written exactly as far as the
 * instructions do, so AddressSanitizer sees what goes too far.
 *
 * Source: Intel 64 and IA-32 Architectures Software Developer's Manual, vol. 1,
 * chapter 18, and vol. 2, LDTILECFG, TILELOADD, TILESTORED, TDPBUSD.
 */
#ifndef NXC_TILE_MODEL_H
#define NXC_TILE_MODEL_H

#include <stdbool.h>
#include <string.h>

#include "encoder/kernels/encoder_amx.h"

typedef struct tile_state {
    bool is_configured;
    tile_config config;
    uint8_t data[8][16][64];
} tile_state;
static tile_state tiles;
static size_t tile_faults;

static inline void tiles_config(const tile_config *c) {
    bool ok = c->palette == 1 && c->start_row == 0;
    for (size_t i = 0; i < sizeof c->reserved; i++)
        ok &= c->reserved[i] == 0;
    for (size_t t = 0; t < 16; t++) {
        ok &= c->rows[t] <= 16 && c->row_bytes[t] <= 64;
        ok &= (c->rows[t] == 0) == (c->row_bytes[t] == 0);
        ok &= t < 8 || c->rows[t] == 0;
    }
    memset(&tiles, 0, sizeof tiles);
    tiles.is_configured = ok;
    tiles.config = *c;
    tile_faults += !ok;
}
static inline void tiles_release(void) { memset(&tiles, 0, sizeof tiles); }

static inline bool tile_is_usable(size_t t) {
    bool ok = tiles.is_configured && tiles.config.rows[t] > 0;
    tile_faults += !ok;
    return ok;
}
static inline void tile_zero(size_t t) {
    if (tile_is_usable(t)) memset(tiles.data[t], 0, sizeof tiles.data[t]);
}
static inline void tile_load(size_t t, const void *p, size_t stride) {
    if (!tile_is_usable(t)) return;
    memset(tiles.data[t], 0, sizeof tiles.data[t]);
    for (size_t i = 0; i < tiles.config.rows[t]; i++)
        memcpy(tiles.data[t][i], (const char *)p + i * stride,
               tiles.config.row_bytes[t]);
}
static inline void tile_store(size_t t, void *p, size_t stride) {
    if (!tile_is_usable(t)) return;
    for (size_t i = 0; i < tiles.config.rows[t]; i++)
        memcpy((char *)p + i * stride, tiles.data[t][i],
               tiles.config.row_bytes[t]);
}

/* Lane j of row i of c: the sum wraps, as in the instruction. */
static inline void tile_dot_lane(size_t c, size_t a, size_t b, size_t i,
                                 size_t j) {
    uint32_t sum;
    memcpy(&sum, tiles.data[c][i] + 4 * j, sizeof sum);
    for (size_t k = 0; k < tiles.config.row_bytes[a]; k++)
        sum += (uint32_t)(tiles.data[a][i][k] *
                          (int8_t)tiles.data[b][k / 4][4 * j + k % 4]);
    memcpy(tiles.data[c][i] + 4 * j, &sum, sizeof sum);
}
static inline void tile_dot(size_t c, size_t a, size_t b) {
    const tile_config *s = &tiles.config;
    if (!tile_is_usable(c) || !tile_is_usable(a) || !tile_is_usable(b)) return;
    if (c == a || c == b || a == b || s->rows[a] != s->rows[c] ||
        s->row_bytes[b] != s->row_bytes[c] || s->row_bytes[a] % 4 ||
        s->row_bytes[c] % 4 || s->row_bytes[a] / 4 != s->rows[b]) {
        tile_faults++;
        return;
    }
    for (size_t i = 0; i < s->rows[c]; i++)
        for (size_t j = 0; j < s->row_bytes[c] / 4u; j++)
            tile_dot_lane(c, a, b, i, j);
}

#define TILE_ZERO(t) tile_zero(t)
#define TILE_LOAD(t, p, stride) tile_load(t, p, stride)
#define TILE_STORE(t, p, stride) tile_store(t, p, stride)
#define TILE_DOT(c, a, b) tile_dot(c, a, b)

#endif
