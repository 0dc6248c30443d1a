/* Files: read whole, map read-only, replace by rename. */
#ifndef NXC_BASE_FILE_H
#define NXC_BASE_FILE_H

#include <sys/types.h>

#include <nextcall/nextcall.h>

/* Read a whole file; "-" is standard input. out->ptr has a NUL after len bytes
 * and is freed with nxc__free(alloc, ptr, len + 1).
 * Errors: NXC_ERR_IO, NXC_ERR_LIMIT (more than max bytes), NXC_ERR_NOMEM. */
nxc_status nxc__file_read(const char *path, size_t max,
                          const nxc_allocator *alloc, nxc_str *out,
                          nxc_error *err);

/* A read-only private mapping of a regular file. Validity: until unmap; a file
 * that is truncated in place meanwhile raises SIGBUS, so writers rename. */
typedef struct nxc__mapping {
    const uint8_t *data;
    size_t size;
} nxc__mapping;
nxc_status nxc__file_map(const char *path, size_t max, nxc__mapping *out,
                         nxc_error *err);
void nxc__file_unmap(nxc__mapping *m);

/* A file that is being written and takes its name only when it is whole:
 *     begin -> write to fd, close it -> commit | rollback
 * The bytes go to a temporary file beside path, or beside the file that path
 * leads to through symbolic links. A device or a pipe is never replaced: fd is
 * then path itself, and nothing can be taken back. */
typedef struct nxc__file_writer {
    int fd;
    char target[1200];
    char temp[1232]; /* empty: fd is path itself */
} nxc__file_writer;
nxc_status nxc__file_begin(const char *path, nxc__file_writer *w,
                           nxc_error *err);
nxc_status nxc__file_commit(const nxc__file_writer *w, nxc_error *err);
void nxc__file_rollback(const nxc__file_writer *w);

/* begin, write, flush to the disk, commit. On failure path is as before and the
 * temporary file is gone. */
nxc_status nxc__file_replace(const char *path, const void *bytes, size_t n,
                             nxc_error *err);

/* A file that is written in place. io NULL means the system's calls; a test
 * gives others, which fail. Each returns what the system's call returns. */
typedef struct nxc__file_io {
    void *user;
    ssize_t (*write_at)(void *user, int fd, const void *bytes, size_t n,
                        off_t offset);
    int (*sync)(void *user, int fd);
    int (*rename)(void *user, const char *from, const char *to);
} nxc__file_io;
/* All n bytes, or NXC_ERR_IO: then any part of them may have been written. */
nxc_status nxc__file_write_at(const nxc__file_io *io, int fd, const char *path,
                              const void *bytes, size_t n, size_t offset,
                              nxc_error *err);
nxc_status nxc__file_sync(const nxc__file_io *io, int fd, const char *path,
                          nxc_error *err);
/* Give a file its name for good: the folder is flushed to the disk too. */
nxc_status nxc__file_rename(const nxc__file_io *io, const char *from,
                            const char *to, nxc_error *err);

/* NXC_ERR_IO: "<path>: expected to <what>, got: <what errno says>". */
nxc_status nxc__file_error(nxc_error *err, const char *path, const char *what);

#endif
