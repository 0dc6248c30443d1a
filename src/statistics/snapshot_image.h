/*
 * A snapshot of statistics as it lies on the disk
 * (docs/formats/statistics-file.md): the sessions that they were computed from.
 *
 *     header | sessions | calls | text ends | scales | ranks | vectors | text
 *
 * Sessions and their calls stand in the order of statistics_handle.h, texts in
 * the order in which the calls come with them. Little-endian.
 */
#ifndef NXC_STATISTICS_SNAPSHOT_IMAGE_H
#define NXC_STATISTICS_SNAPSHOT_IMAGE_H

#include <assert.h>

#include "base/hash.h"

#define NXC_SNAPSHOT_MAGIC "NXCSTAT\x1a"
#define NXC_SNAPSHOT_VERSION 1u
#define NXC_SNAPSHOT_HASHED 24 /* offset of the hashed bytes */

typedef struct nxc__snapshot_header {
    char magic[8];
    uint32_t version;
    uint32_t n_operations;
    uint64_t hash; /* XXH3-64 of all bytes after this field */
    nxc__hash128 catalog;
    uint64_t n_sessions, n_calls, n_texts, text_bytes;
    uint32_t n_ranks;
    uint32_t has_vectors; /* 0 or 1 */
    double now, half_life;
} nxc__snapshot_header;

typedef struct nxc__snapshot_session {
    nxc__hash128 key, group;
    double time;
    uint32_t n_calls;
    uint32_t reserved; /* 0 */
} nxc__snapshot_session;

typedef struct nxc__snapshot_call {
    uint32_t operation, prompt, delta;
    float gap;
} nxc__snapshot_call;

static_assert(sizeof(nxc__snapshot_header) == 96, "on-disk size");
static_assert(sizeof(nxc__snapshot_session) == 48, "on-disk size");
static_assert(sizeof(nxc__snapshot_call) == 16, "on-disk size");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "snapshots are little-endian and read in place");

#endif
