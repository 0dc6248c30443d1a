/*
 * Embeddings in one mapped file: docs/formats/embedding-file.md.
 *
 *     open -> (find | row | append)* -> close
 *
 * Rows have a fixed stride and a checksum; append adds a row at the end and an
 * entry to the index; compact rewrites by rename. One process appends (an
 * advisory lock; others open read-only by themselves), any number read.
 */
#ifndef NXC_CACHE_EMBEDDING_FILE_H
#define NXC_CACHE_EMBEDDING_FILE_H

#include "cache/cache_key.h"
#include "metrics/metrics.h"

typedef enum nxc__row_type {
    NXC_ROW_F32 = 0,
    NXC_ROW_F16 = 1,
    NXC_ROW_INT8 = 2
} nxc__row_type;

typedef struct nxc__embedding_file nxc__embedding_file;

typedef struct nxc__embedding_file_options {
    size_t dim; /* 384 */
    nxc__row_type type;
    nxc__hash128 model; /* rows of another model are not opened */
    nxc__metrics *metrics;
} nxc__embedding_file_options;

/* Opens or creates. A file of another model, dimension or type, or a damaged
 * header: NXC_ERR_MISMATCH, NXC_ERR_FORMAT (the caller may set it aside). A
 * torn last row is dropped. */
nxc_status nxc__embedding_file_open(const char *path,
                                    const nxc__embedding_file_options *options,
                                    const nxc_allocator *alloc,
                                    nxc__embedding_file **out, nxc_error *err);
void nxc__embedding_file_close(nxc__embedding_file *file);
/* out (dim) float32; false if there is no (undamaged) row for the text.
 * O(1). Thread-safety: any. */
bool nxc__embedding_file_find(nxc__embedding_file *file, nxc__hash128 text,
                              float *out);
/* Row i in the order of writing; false past the end or damaged. O(1). */
bool nxc__embedding_file_row(nxc__embedding_file *file, size_t i,
                             nxc__hash128 *text, float *out);
size_t nxc__embedding_file_n_rows(const nxc__embedding_file *file);
/* A text that is there already is not written again. NXC_ERR_STATE where
 * another process holds the lock. Thread-safety: any (serialised). */
nxc_status nxc__embedding_file_append(nxc__embedding_file *file,
                                      nxc__hash128 text, const float *row,
                                      nxc_error *err);
/* Make what was appended durable. */
nxc_status nxc__embedding_file_sync(nxc__embedding_file *file, nxc_error *err);

#endif
