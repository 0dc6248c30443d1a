/*
 * One embedding file as it lies on the disk and is mapped. Byte table:
 * docs/formats/embedding-file.md.
 *
 *     | header | slots (2 capacity) | row 0 | row 1 | ... up to capacity
 *
 * The mapping spans the whole capacity from the start. Rows appear in it as the
 * file grows, by whoever appends; only those below n_rows, which comes from the
 * file's size, are read. A file never shrinks and a row that is whole is never
 * written again, so readers need no lock against the one writer.
 */
#ifndef NXC_CACHE_EMBEDDING_IMAGE_H
#define NXC_CACHE_EMBEDDING_IMAGE_H

#include <sys/stat.h>

#include "base/atomic.h"
#include "base/file.h"
#include "cache/embedding_row.h"

#define NXC_EMBEDDING_MAGIC "NXCEMBF\x1a"
#define NXC_EMBEDDING_VERSION 1u
#define NXC_EMBEDDING_SLOTS_AT 4096u
#define NXC_EMBEDDING_MIN_CAPACITY ((size_t)1024)
#define NXC_EMBEDDING_MAX_CAPACITY ((size_t)1 << 28)
#define NXC_EMBEDDING_MAX_DIM ((size_t)1 << 16)

typedef struct nxc__embedding_header {
    char magic[8];
    uint32_t version, dim, type, stride;
    uint64_t capacity; /* rows; a power of two; there are twice as many slots */
    nxc__hash128 model;
    uint64_t checksum; /* XXH3-64, seed 0, of the 48 bytes before it */
    uint8_t reserved[72];
    /* What is written later. */
    uint64_t n_indexed;   /* rows below it are on the disk and have a slot */
    uint64_t is_replaced; /* not 0: another file has the path, or is about to */
} nxc__embedding_header;
_Static_assert(sizeof(nxc__embedding_header) == 144,
               "docs/formats/embedding-file.md");

typedef struct nxc__embedding_image {
    nxc__row_shape shape;
    size_t stride, capacity, rows_at;
    nxc__hash128 model;
    int fd;
    dev_t device;
    ino_t inode;
    const uint8_t *data; /* (map_bytes), read-only, shared */
    size_t map_bytes;
    nxc__atomic_word n_rows; /* whole rows of the file as it was last seen */
} nxc__embedding_image;

/* What a file holds: the caller's dim, type and model. */
typedef struct nxc__embedding_kind {
    size_t dim;
    nxc__row_type type;
    nxc__hash128 model;
} nxc__embedding_kind;

/* Writes and flushes a file of `capacity` rows that holds the sound rows of
 * old, each text once, at path, which has no reader. */
typedef struct nxc__embedding_rewrite {
    const char *path;
    nxc__embedding_image *old; /* or NULL */
    nxc__embedding_kind kind;
    size_t capacity; /* not below old's rows */
    const nxc__file_io *io;
    const nxc_allocator *alloc;
} nxc__embedding_rewrite;
nxc_status nxc__embedding_image_write(const nxc__embedding_rewrite *r,
                                      nxc_error *err);

void nxc__embedding_header_init(nxc__embedding_header *h,
                                const nxc__embedding_kind *kind,
                                size_t capacity);
/* Opens and maps. Errors: NXC_ERR_IO; NXC_ERR_FORMAT for a header that is
 * damaged or foreign or a file without its slots; NXC_ERR_UNSUPPORTED for
 * another version; NXC_ERR_MISMATCH for another kind. */
nxc_status nxc__embedding_image_open(const char *path, bool can_write,
                                     const nxc__embedding_kind *kind,
                                     nxc__embedding_image *out, nxc_error *err);
/* What the file at path holds, by its header. Errors as open. */
nxc_status nxc__embedding_image_kind(const char *path, nxc__embedding_kind *out,
                                     nxc_error *err);
void nxc__embedding_image_close(nxc__embedding_image *image);

/* Look at the file's size; returns the whole rows. Thread-safety: any. */
size_t nxc__embedding_image_refresh(nxc__embedding_image *image);
/* Row i (stride bytes), i below n_rows. */
static inline const uint8_t *
nxc__embedding_image_row(const nxc__embedding_image *image, size_t i) {
    return image->data + image->rows_at + i * image->stride;
}
nxc__hash128 nxc__embedding_image_text(const nxc__embedding_image *image,
                                       size_t i);
bool nxc__embedding_image_is_replaced(const nxc__embedding_image *image);
uint64_t nxc__embedding_image_n_indexed(const nxc__embedding_image *image);

/* A slot: the row's number + 1 below, the upper half of text.high above; 0 is
 * free. A row's slot is the first free one from text.low on. */
static inline uint64_t nxc__embedding_slot(nxc__hash128 text, size_t row) {
    return (text.high & UINT64_C(0xffffffff00000000)) | (uint64_t)(row + 1);
}
typedef struct nxc__embedding_probe {
    size_t row;       /* of the text, if it was found */
    size_t free_slot; /* where the probe ended: SIZE_MAX if none is free */
    size_t n_damaged; /* rows of the text with a wrong checksum on the way */
} nxc__embedding_probe;
/* Whether a sound row of the text is there. Thread-safety: any. */
bool nxc__embedding_image_probe(nxc__embedding_image *image, nxc__hash128 text,
                                nxc__embedding_probe *out);

#endif
