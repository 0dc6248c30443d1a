#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/error.h"

nxc_status nxc__file_error(nxc_error *err, const char *path, const char *what) {
    char text[96] = "unknown error";
    int code = errno;
    if (strerror_r(code, text, sizeof text) != 0)
        snprintf(text, sizeof text, "error %d", code);
    return nxc__error(err, NXC_ERR_IO, "%s: expected to %s, got: %s", path,
                      what, text);
}

static ssize_t read_some(int fd, void *buf, size_t n) {
    ssize_t got;
    do
        got = read(fd, buf, n);
    while (got < 0 && errno == EINTR);
    return got;
}

/* A file descriptor of unknown size: standard input, a pipe. */
static nxc_status read_stream(int fd, const char *path, size_t max,
                              const nxc_allocator *alloc, nxc_str *out,
                              nxc_error *err) {
    nxc__buffer b;
    nxc__buffer_init(&b, alloc, max);
    char chunk[4096 - 64];
    ssize_t got;
    nxc_status st = NXC_OK;
    while ((got = read_some(fd, chunk, sizeof chunk)) > 0) {
        nxc__buffer_append(&b, chunk, (size_t)got);
        if (b.status != NXC_OK) break;
    }
    if (got < 0)
        st = nxc__file_error(err, path, "read");
    else
        st = nxc__buffer_status(&b, path, err);
    size_t len = b.len;
    char *exact = NULL;
    if (st == NXC_OK) {
        exact = nxc__realloc(alloc, b.data, b.cap, len + 1);
        if (!exact) st = nxc__error_nomem(err, len + 1);
    }
    if (st != NXC_OK) {
        nxc__buffer_release(&b);
        return st;
    }
    exact[len] = 0;
    *out = (nxc_str){exact, len};
    return NXC_OK;
}

static nxc_status read_regular(int fd, const char *path, size_t size,
                               const nxc_allocator *alloc, nxc_str *out,
                               nxc_error *err) {
    char *data = nxc__alloc(alloc, size + 1);
    if (!data) return nxc__error_nomem(err, size + 1);
    size_t len = 0;
    while (len < size) {
        ssize_t got = read_some(fd, data + len, size - len);
        if (got <= 0) {
            nxc_status st = got < 0
                                ? nxc__file_error(err, path, "read")
                                : nxc__error(err, NXC_ERR_IO,
                                             "%s: expected %zu bytes, got %zu",
                                             path, size, len);
            nxc__free(alloc, data, size + 1);
            return st;
        }
        len += (size_t)got;
    }
    data[size] = 0;
    *out = (nxc_str){data, size};
    return NXC_OK;
}

nxc_status nxc__file_read(const char *path, size_t max,
                          const nxc_allocator *alloc, nxc_str *out,
                          nxc_error *err) {
    if (strcmp(path, "-") == 0)
        return read_stream(STDIN_FILENO, "standard input", max, alloc, out,
                           err);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return nxc__file_error(err, path, "open");
    struct stat sb;
    nxc_status st;
    if (fstat(fd, &sb) != 0)
        st = nxc__file_error(err, path, "stat");
    else if (S_ISDIR(sb.st_mode))
        st = nxc__error(err, NXC_ERR_IO, "%s: expected a file, got a folder",
                        path);
    else if (!S_ISREG(sb.st_mode))
        st = read_stream(fd, path, max, alloc, out, err);
    else if (sb.st_size < 0 || (uintmax_t)sb.st_size > max)
        st = nxc__error(err, NXC_ERR_LIMIT,
                        "%s: expected at most %zu bytes, got %jd", path, max,
                        (intmax_t)sb.st_size);
    else
        st = read_regular(fd, path, (size_t)sb.st_size, alloc, out, err);
    close(fd);
    return st;
}

nxc_status nxc__file_map(const char *path, size_t max, nxc__mapping *out,
                         nxc_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return nxc__file_error(err, path, "open");
    struct stat sb;
    nxc_status st = NXC_OK;
    if (fstat(fd, &sb) != 0)
        st = nxc__file_error(err, path, "stat");
    else if (!S_ISREG(sb.st_mode))
        st = nxc__error(err, NXC_ERR_IO,
                        "%s: expected a regular file, got another kind", path);
    else if (sb.st_size <= 0)
        st = nxc__error(err, NXC_ERR_FORMAT,
                        "%s: expected content, got 0 bytes", path);
    else if ((uintmax_t)sb.st_size > max)
        st = nxc__error(err, NXC_ERR_LIMIT,
                        "%s: expected at most %zu bytes, got %jd", path, max,
                        (intmax_t)sb.st_size);
    if (st == NXC_OK) {
        void *p = mmap(NULL, (size_t)sb.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED)
            st = nxc__file_error(err, path, "map");
        else
            *out = (nxc__mapping){p, (size_t)sb.st_size};
    }
    close(fd);
    return st;
}

void nxc__file_unmap(nxc__mapping *m) {
    union {
        const uint8_t *in;
        void *out;
    } p = {m->data};
    if (m->data) munmap(p.out, m->size);
    m->data = NULL;
    m->size = 0;
}

static bool write_all(int fd, const char *bytes, size_t n) {
    while (n) {
        ssize_t put = write(fd, bytes, n);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return false;
        bytes += put;
        n -= (size_t)put;
    }
    return true;
}

/* The file that path leads to through symbolic links, so that the links stay.
 * Source: path_resolution(7), 40 links at most. */
static nxc_status follow_links(const char *path, char *target, size_t cap,
                               nxc_error *err) {
    char link[1024];
    struct stat sb;
    size_t len = strlen(path);
    if (len >= cap)
        return nxc__error(err, NXC_ERR_INVALID,
                          "path: expected at most %zu bytes, got %zu", cap - 1,
                          len);
    memcpy(target, path, len + 1);
    for (int i = 0; lstat(target, &sb) == 0 && S_ISLNK(sb.st_mode); i++) {
        ssize_t n = i < 40 ? readlink(target, link, sizeof link) : -1;
        char *slash = strrchr(target, '/');
        size_t keep =
            slash && n > 0 && link[0] != '/' ? (size_t)(slash + 1 - target) : 0;
        if (n <= 0 || (size_t)n == sizeof link || keep + (size_t)n >= cap)
            return nxc__error(err, NXC_ERR_IO,
                              "%s: expected a file, got a link that cannot be "
                              "followed",
                              path);
        memcpy(target + keep, link, (size_t)n);
        target[keep + (size_t)n] = 0;
    }
    return NXC_OK;
}

/* A device, a pipe or a socket is written to; renaming a file over it would
 * take it away from everybody. */
static bool is_written_in_place(const char *path) {
    struct stat sb;
    return stat(path, &sb) == 0 && !S_ISREG(sb.st_mode) && !S_ISDIR(sb.st_mode);
}

nxc_status nxc__file_begin(const char *path, nxc__file_writer *w,
                           nxc_error *err) {
    if (is_written_in_place(path)) {
        w->temp[0] = 0;
        w->fd = open(path, O_WRONLY | O_CLOEXEC);
        return w->fd < 0 ? nxc__file_error(err, path, "open") : NXC_OK;
    }
    NXC_TRY(follow_links(path, w->target, sizeof w->target, err));
    snprintf(w->temp, sizeof w->temp, "%s.%ld.tmp", w->target, (long)getpid());
    w->fd = open(w->temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    return w->fd < 0 ? nxc__file_error(err, path, "create") : NXC_OK;
}

nxc_status nxc__file_commit(const nxc__file_writer *w, nxc_error *err) {
    nxc_status st = NXC_OK;
    if (w->temp[0] && rename(w->temp, w->target) != 0) {
        st = nxc__file_error(err, w->target, "rename to it");
        unlink(w->temp);
    }
    return st;
}

void nxc__file_rollback(const nxc__file_writer *w) {
    if (w->temp[0]) unlink(w->temp);
}

nxc_status nxc__file_replace(const char *path, const void *bytes, size_t n,
                             nxc_error *err) {
    nxc__file_writer w;
    NXC_TRY(nxc__file_begin(path, &w, err));
    bool ok = write_all(w.fd, bytes, n) && (!w.temp[0] || fsync(w.fd) == 0);
    nxc_status st = ok ? NXC_OK : nxc__file_error(err, path, "write");
    if (close(w.fd) != 0 && st == NXC_OK)
        st = nxc__file_error(err, path, "close");
    if (st == NXC_OK) return nxc__file_commit(&w, err);
    nxc__file_rollback(&w);
    return st;
}

/* ------------------------------------------------------ written in place */

static ssize_t system_write_at(void *user, int fd, const void *bytes, size_t n,
                               off_t offset) {
    (void)user;
    return pwrite(fd, bytes, n, offset);
}
static int system_sync(void *user, int fd) {
    (void)user;
    return fdatasync(fd);
}
static int system_rename(void *user, const char *from, const char *to) {
    (void)user;
    return rename(from, to);
}
static const nxc__file_io system_io = {NULL, system_write_at, system_sync,
                                       system_rename};

nxc_status nxc__file_write_at(const nxc__file_io *io, int fd, const char *path,
                              const void *bytes, size_t n, size_t offset,
                              nxc_error *err) {
    if (!io) io = &system_io;
    const uint8_t *at = bytes;
    while (n) {
        ssize_t put = io->write_at(io->user, fd, at, n, (off_t)offset);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return nxc__file_error(err, path, "write");
        at += put;
        offset += (size_t)put;
        n -= (size_t)put;
    }
    return NXC_OK;
}

nxc_status nxc__file_sync(const nxc__file_io *io, int fd, const char *path,
                          nxc_error *err) {
    if (!io) io = &system_io;
    return io->sync(io->user, fd) == 0 ? NXC_OK
                                       : nxc__file_error(err, path, "flush");
}

static int open_folder_of(const char *path) {
    char folder[1024];
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;
    if (len >= sizeof folder) return -1;
    memcpy(folder, path, len);
    folder[len] = 0;
    return open(!slash ? "." : len ? folder : "/", O_RDONLY | O_CLOEXEC);
}

nxc_status nxc__file_rename(const nxc__file_io *io, const char *from,
                            const char *to, nxc_error *err) {
    if (!io) io = &system_io;
    if (io->rename(io->user, from, to) != 0)
        return nxc__file_error(err, to, "rename to it");
    int fd = open_folder_of(to);
    if (fd >= 0) { /* a folder that cannot be flushed has done what it can */
        (void)io->sync(io->user, fd);
        close(fd);
    }
    return NXC_OK;
}
