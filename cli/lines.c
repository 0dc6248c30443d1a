/* Lines of a file or of standard input, in memory of one line and one chunk.
 * Read by read(2) and not by stdio, so that a filter can tell when its input
 * makes it wait and hand over what it has: it can then be talked with. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "command.h"

#define CHUNK 65536

nxc_status cli_lines_open(cli_lines *l, const char *path, size_t max,
                          nxc_error *err) {
    bool is_stdin = strcmp(path, "-") == 0;
    memset(l, 0, sizeof *l);
    l->max = max;
    l->name = is_stdin ? "standard input" : path;
    l->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (l->fd < 0)
        return nxc__error(err, NXC_ERR_IO, "%s: expected to open, got: %s",
                          path, strerror(errno));
    l->chunk = nxc__alloc(&nxc__allocator_default, CHUNK);
    if (!l->chunk) {
        cli_lines_close(l);
        return nxc__error_nomem(err, CHUNK);
    }
    return NXC_OK;
}

static bool fill(cli_lines *l) {
    ssize_t got;
    do
        got = read(l->fd, l->chunk, CHUNK);
    while (got < 0 && errno == EINTR);
    l->at = 0;
    l->filled = got > 0 ? (size_t)got : 0;
    l->n_read += l->filled;
    l->is_at_end = got <= 0;
    if (got < 0) {
        l->status = NXC_ERR_IO;
        l->error = errno;
    }
    return got > 0;
}

static bool push(cli_lines *l, const char *bytes, size_t n) {
    if (n > l->max - l->len) {
        l->too_long = true;
        n = l->max - l->len;
    }
    if (n > l->cap - l->len) {
        size_t cap = l->cap ? l->cap : 4096;
        while (cap < l->len + n)
            cap *= 2;
        char *p = nxc__realloc(&nxc__allocator_default, l->line, l->cap, cap);
        if (!p) {
            l->status = NXC_ERR_NOMEM;
            return false;
        }
        l->line = p;
        l->cap = cap;
    }
    if (n) memcpy(l->line + l->len, bytes, n);
    l->len += n;
    return true;
}

/* A byte order mark is no part of the first line. */
static void skip_mark(cli_lines *l) {
    if (l->len < 3 || memcmp(l->line, "\xEF\xBB\xBF", 3) != 0) return;
    memmove(l->line, l->line + 3, l->len - 3);
    l->len -= 3;
}

bool cli_lines_next(cli_lines *l) {
    const char *newline = NULL;
    bool has_any = false;
    l->len = 0;
    l->too_long = false;
    while (!newline && (l->at < l->filled || (!l->is_at_end && fill(l)))) {
        const char *from = l->chunk + l->at;
        size_t rest = l->filled - l->at;
        newline = memchr(from, '\n', rest);
        size_t n = newline ? (size_t)(newline - from) : rest;
        if (!push(l, from, n)) return false;
        l->at += n + (newline != NULL);
        has_any = true;
    }
    if (!has_any || l->status != NXC_OK) return false;
    if (l->len && l->line[l->len - 1] == '\r') l->len--;
    if (l->number++ == 0) skip_mark(l);
    return true;
}

bool cli_lines_must_wait(const cli_lines *l) {
    return !l->is_at_end && !memchr(l->chunk + l->at, '\n', l->filled - l->at);
}

nxc_status cli_lines_status(const cli_lines *l, nxc_error *err) {
    if (l->status == NXC_ERR_NOMEM) return nxc__error_nomem(err, l->cap * 2);
    if (l->status == NXC_ERR_IO)
        return nxc__error(err, NXC_ERR_IO, "%s: expected to read, got: %s",
                          l->name, strerror(l->error));
    return NXC_OK;
}

nxc_status cli_lines_blame(const cli_lines *l, const char *name, nxc_status st,
                           nxc_error *err) {
    nxc_str m = nxc__str(err->message), head = nxc__str(name);
    char rest[sizeof err->message];
    if (st == NXC_ERR_NOMEM || !nxc__str_starts(m, head)) return st;
    m = nxc__str_slice(m, head.len, m.len);
    if (!nxc__str_starts(m, NXC_STR(":1: "))) return st;
    m = nxc__str_slice(m, 4, m.len);
    snprintf(rest, sizeof rest, "%.*s", (int)m.len, m.ptr);
    return nxc__error(err, st, "%s:%zu: %s", name, l->number, rest);
}

void cli_lines_close(cli_lines *l) {
    if (l->fd > STDIN_FILENO) close(l->fd);
    nxc__free(&nxc__allocator_default, l->chunk, CHUNK);
    nxc__free(&nxc__allocator_default, l->line, l->cap);
}
