/*
 * Statistics in a file: docs/formats/statistics-file.md.
 *
 *     statistics_new -> set_text_ranks -> save        statistics_open -> free
 *
 * What is opened answers bit for bit as what was saved; its weights by age are
 * those of the time it was saved.
 */
#ifndef NXC_STATISTICS_SNAPSHOT_H
#define NXC_STATISTICS_SNAPSHOT_H

#include "base/buffer.h"
#include "statistics/statistics.h"

/* learned: what s was made from, not changed since. catalog: a hash of the
 * operations' identities, compared at open. Replaces path by rename. Texts are
 * part of the file if the calls came with them.
 * Errors: NXC_ERR_IO, NXC_ERR_NOMEM. */
nxc_status nxc__statistics_save(const nxc__statistics *s,
                                const nxc__learned *learned,
                                nxc__hash128 catalog, const char *path,
                                nxc_error *err);

typedef struct nxc__snapshot_options {
    size_t n_operations;
    nxc__hash128 catalog;
    const nxc_encoder *encoder; /* as in nxc__statistics_options */
} nxc__snapshot_options;
/* Errors: NXC_ERR_IO, NXC_ERR_NOMEM, NXC_ERR_FORMAT (damaged or foreign),
 * NXC_ERR_UNSUPPORTED (version), NXC_ERR_MISMATCH (another catalog).
 * Thread-safety: any. */
nxc_status nxc__statistics_open(const char *path,
                                const nxc__snapshot_options *options,
                                const nxc_allocator *alloc,
                                nxc__statistics **out, nxc_error *err);

/* The same in memory: appended to out, which is empty; bytes 8-byte aligned. */
nxc_status nxc__snapshot_write(const nxc__statistics *s,
                               const nxc__learned *learned,
                               nxc__hash128 catalog, nxc__buffer *out,
                               nxc_error *err);
nxc_status nxc__snapshot_read(const uint8_t *bytes, size_t n,
                              const nxc__snapshot_options *options,
                              const nxc_allocator *alloc, nxc__statistics **out,
                              nxc_error *err);

#endif
