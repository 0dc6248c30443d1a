/*
 * Embeddings in one mapped file: docs/formats/embedding-file.md.
 *
 *     open -> (find | row | append | sync | compact)* -> close
 *
 * Rows have a fixed stride and a checksum; append adds a row at the end and an
 * entry to the index; a full file is rewritten twice as large and replaced by
 * rename. One process appends (a lock on <path>.lock; others read, and take the
 * lock when they append and it is free), any number read and see what was
 * appended. The file must not be truncated by others: reading a row that was
 * cut off raises SIGBUS.
 */
#ifndef NXC_CACHE_EMBEDDING_FILE_H
#define NXC_CACHE_EMBEDDING_FILE_H

#include "base/file.h"
#include "cache/cache_key.h"
#include "cache/embedding_row.h"
#include "metrics/metrics.h"

typedef struct nxc__embedding_file nxc__embedding_file;

typedef struct nxc__embedding_file_options {
    size_t dim;         /* 384 */
    nxc__row_type type; /* only NXC_ROW_F32 gives back the same bits */
    nxc__hash128 model; /* rows of another model are not opened */
    /* A file of another kind, or a damaged header, is renamed to <path>.old and
     * a new one begun, if nobody else has it locked. */
    bool set_aside;
    nxc__metrics *metrics;
    const nxc__file_io *io; /* NULL: the system's */
} nxc__embedding_file_options;

/* Opens or creates; the folder must be there. A file of another model,
 * dimension or type: NXC_ERR_MISMATCH; a damaged header: NXC_ERR_FORMAT;
 * another version: NXC_ERR_UNSUPPORTED. A torn last row is dropped. Where
 * another process is about to create the file, it is opened when it is there.
 */
nxc_status nxc__embedding_file_open(const char *path,
                                    const nxc__embedding_file_options *options,
                                    const nxc_allocator *alloc,
                                    nxc__embedding_file **out, nxc_error *err);
/* dim, type and model of the file at path, by its header; the rest 0. Errors as
 * open. */
nxc_status nxc__embedding_file_kind(const char *path,
                                    nxc__embedding_file_options *out,
                                    nxc_error *err);
void nxc__embedding_file_close(nxc__embedding_file *file);
/* out (dim) float32, or NULL to ask only; false if there is no undamaged row
 * for the text. O(1). Thread-safety: any. */
bool nxc__embedding_file_find(nxc__embedding_file *file, nxc__hash128 text,
                              float *out);
/* Row i in the order of writing; false past the end or damaged. O(1).
 * Thread-safety: any. */
bool nxc__embedding_file_row(nxc__embedding_file *file, size_t i,
                             nxc__hash128 *text, float *out);
/* Rows, the damaged ones included. Thread-safety: any. */
size_t nxc__embedding_file_n_rows(nxc__embedding_file *file);
/* row (dim), finite. A text that is there already is not written again.
 * NXC_ERR_STATE where another process holds the lock; NXC_ERR_IO: nothing was
 * added. Thread-safety: any (serialised). */
nxc_status nxc__embedding_file_append(nxc__embedding_file *file,
                                      nxc__hash128 text, const float *row,
                                      nxc_error *err);
/* Make what was appended durable. After a failure the handle only reads.
 * Thread-safety: any. */
nxc_status nxc__embedding_file_sync(nxc__embedding_file *file, nxc_error *err);
/* Rewrite without damaged rows and second rows of one text, with a new index.
 * Errors as append. Thread-safety: any. */
nxc_status nxc__embedding_file_compact(nxc__embedding_file *file,
                                       nxc_error *err);
/* An empty file in its place. Errors as append. Thread-safety: any. */
nxc_status nxc__embedding_file_clear(nxc__embedding_file *file, nxc_error *err);

typedef struct nxc__embedding_file_stats {
    size_t n_rows, capacity, stride, index_bytes, file_bytes;
    size_t n_damaged, n_unindexed; /* by verify: of the rows */
} nxc__embedding_file_stats;
/* verify: read every row and look it up. Thread-safety: any. */
void nxc__embedding_file_get_stats(nxc__embedding_file *file, bool verify,
                                   nxc__embedding_file_stats *out);

#endif
