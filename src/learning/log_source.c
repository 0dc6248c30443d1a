/*
 * Chunks of a log through three stages.
 *
 *     read(2) or memory ──► raw ──► inflate, if it begins 1f 8b ──► unpacked
 *         ──► UTF-16 to UTF-8, if it begins with a mark ──► chunk ──► line
 *
 * Each stage gives the next what it asks for; nothing is kept but a chunk of
 * each and the line. The number of unpacked bytes is bounded, so a gzip bomb
 * costs the time of max_bytes and no memory. A stream that ends or breaks in
 * the middle of a member is noted, and what came before it counts.
 *
 * Threading: none of its own. Cost: zlib's, some 300 MB/s unpacked; a line is
 * copied once.
 */
#include "learning/log_source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/str.h"
#include "base/utf8.h"
#include "learning/learn_report.h"

#define CHUNK 65536

typedef enum encoding { UTF_8, UTF_16_LE, UTF_16_BE } encoding;

struct nxc__log_source {
    const nxc_allocator *alloc;
    nxc__log_limits limits;
    nxc_learn_report *report;
    nxc_str name;
    int fd;         /* -1: memory */
    nxc_str memory; /* what is left of it */
    int error;      /* errno of a failed read */
    nxc_status status;
    bool is_raw_end, is_end; /* no more raw, no more unpacked bytes */
    bool is_started, is_gzip, in_member;
    z_stream z;
    encoding encoding;
    uint8_t half[4]; /* UTF-16 bytes that wait for the rest */
    size_t n_half;
    uint64_t n_bytes, n_lines;
    size_t raw_at, raw_n; /* of raw */
    size_t at, n;         /* of chunk */
    nxc__buffer line;     /* when it does not lie in one chunk */
    nxc__buffer text;     /* of read_all */
    uint8_t raw[CHUNK];
    uint8_t unpacked[CHUNK];       /* UTF-16 alone */
    char chunk[CHUNK * 3 / 2 + 8]; /* 2 bytes give 3 at most */
};

/* ---------------------------------------------------------------- raw */

static void fill_raw(nxc__log_source *s) {
    s->raw_at = s->raw_n = 0;
    if (s->is_raw_end) return;
    if (s->fd < 0) {
        s->raw_n = s->memory.len < CHUNK ? s->memory.len : CHUNK;
        if (s->raw_n) memcpy(s->raw, s->memory.ptr, s->raw_n);
        s->memory = nxc__str_slice(s->memory, s->raw_n, s->memory.len);
    } else {
        ssize_t got;
        do
            got = read(s->fd, s->raw, CHUNK);
        while (got < 0 && errno == EINTR);
        if (got < 0) {
            s->status = NXC_ERR_IO;
            s->error = errno;
        }
        s->raw_n = got > 0 ? (size_t)got : 0;
    }
    s->is_raw_end = s->raw_n == 0;
}

/* ---------------------------------------------------------------- gzip */

static void *z_alloc(void *user, unsigned n, unsigned size) {
    const nxc__log_source *s = user;
    size_t bytes = (size_t)n * size + 16;
    char *p = nxc__alloc(s->alloc, bytes);
    if (!p) return NULL;
    memcpy(p, &bytes, sizeof bytes);
    return p + 16;
}
static void z_free(void *user, void *ptr) {
    const nxc__log_source *s = user;
    size_t bytes;
    if (!ptr) return;
    char *p = (char *)ptr - 16;
    memcpy(&bytes, p, sizeof bytes);
    nxc__free(s->alloc, p, bytes);
}

static void note(nxc__log_source *s, nxc_learn_kind kind, const char *what) {
    nxc__learn_note(s->report, kind, s->name, 0, nxc__str(what));
}

static bool start_gzip(nxc__log_source *s) {
    s->z = (z_stream){.zalloc = z_alloc, .zfree = z_free, .opaque = s};
    if (inflateInit2(&s->z, 15 + 16) == Z_OK) return true;
    s->status = NXC_ERR_NOMEM;
    return false;
}

/* What is behind a member: another one, or padding, which is passed over. */
static bool next_member(nxc__log_source *s) {
    while (true) {
        if (s->raw_at == s->raw_n) fill_raw(s);
        if (s->is_raw_end) return false;
        if (s->raw[s->raw_at] == 0x1f) break;
        if (s->raw[s->raw_at] != 0) {
            note(s, NXC_LEARN_GZIP, "bytes behind the last gzip member");
            return false;
        }
        s->raw_at++;
    }
    return inflateReset(&s->z) == Z_OK;
}

/* Unpacked bytes into out, 0 at the end. */
static size_t inflate_some(nxc__log_source *s, uint8_t *out, size_t room) {
    s->z.next_out = out;
    s->z.avail_out = (unsigned)room;
    while (s->z.avail_out == room) {
        if (s->raw_at == s->raw_n) fill_raw(s);
        if (!s->in_member && !next_member(s)) return 0;
        s->in_member = true;
        if (s->is_raw_end) {
            if (s->status == NXC_OK)
                note(s, NXC_LEARN_GZIP, "gzip ends in the middle");
            return 0;
        }
        s->z.next_in = s->raw + s->raw_at;
        s->z.avail_in = (unsigned)(s->raw_n - s->raw_at);
        int rc = inflate(&s->z, Z_NO_FLUSH);
        s->raw_at = s->raw_n - s->z.avail_in;
        if (rc == Z_STREAM_END) s->in_member = false;
        if (rc == Z_OK || rc == Z_STREAM_END) continue;
        if (rc == Z_MEM_ERROR) s->status = NXC_ERR_NOMEM;
        note(s, NXC_LEARN_GZIP, "gzip is damaged");
        s->is_raw_end = true;
        s->in_member = false;
        s->raw_at = s->raw_n = 0;
        break;
    }
    return room - s->z.avail_out;
}

/* ---------------------------------------------------------------- text */

static size_t plain_some(nxc__log_source *s, uint8_t *out, size_t room) {
    if (s->raw_at == s->raw_n) fill_raw(s);
    size_t n = s->raw_n - s->raw_at;
    if (n > room) n = room;
    memcpy(out, s->raw + s->raw_at, n);
    s->raw_at += n;
    return n;
}

static size_t unpack(nxc__log_source *s, uint8_t *out, size_t room) {
    uint64_t left = s->limits.max_bytes - s->n_bytes;
    size_t n =
        s->is_gzip ? inflate_some(s, out, room) : plain_some(s, out, room);
    if (n > left) {
        note(s, NXC_LEARN_LIMIT, "more bytes than max_log_bytes");
        n = (size_t)left;
        s->is_end = true;
    }
    s->n_bytes += n;
    if (n == 0) s->is_end = true;
    return n;
}

static unsigned unit_at(const nxc__log_source *s, const uint8_t *p) {
    return s->encoding == UTF_16_LE ? (unsigned)(p[0] | p[1] << 8)
                                    : (unsigned)(p[1] | p[0] << 8);
}

/* UTF-16 of unpacked (n bytes) to chunk; a lone surrogate is U+FFFD. */
static void convert(nxc__log_source *s, size_t n) {
    uint8_t *p = s->unpacked;
    size_t i = 0, out = 0;
    for (; n - i >= 2; i += 2) {
        uint32_t cp = unit_at(s, p + i);
        if (cp >= 0xD800 && cp < 0xDC00) {
            if (n - i < 4) break;
            unsigned low = unit_at(s, p + i + 2);
            if (low >= 0xDC00 && low < 0xE000) {
                cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
                i += 2;
            }
        }
        out += nxc__utf8_encode(cp, s->chunk + out);
    }
    s->n_half = n - i;
    memcpy(s->half, p + i, s->n_half);
    s->at = 0;
    s->n = out;
}

static void fill_utf16(nxc__log_source *s) {
    memcpy(s->unpacked, s->half, s->n_half);
    size_t n = unpack(s, s->unpacked + s->n_half, CHUNK - s->n_half);
    convert(s, s->n_half + n);
}

/* The first chunk tells how the bytes are to be read. */
static void start(nxc__log_source *s) {
    s->is_started = true;
    fill_raw(s);
    s->is_gzip = s->raw_n >= 2 && s->raw[0] == 0x1f && s->raw[1] == 0x8b;
    if (s->is_gzip && !start_gzip(s)) {
        s->is_gzip = false;
        return;
    }
    s->in_member = s->is_gzip;
    size_t n = unpack(s, s->unpacked, CHUNK);
    const uint8_t *p = s->unpacked;
    if (n >= 2 && p[0] == 0xFF && p[1] == 0xFE)
        s->encoding = UTF_16_LE;
    else if (n >= 2 && p[0] == 0xFE && p[1] == 0xFF)
        s->encoding = UTF_16_BE;
    if (s->encoding != UTF_8) {
        note(s, NXC_LEARN_ENCODING, "UTF-16, converted");
        memmove(s->unpacked, s->unpacked + 2, n - 2);
        convert(s, n - 2);
        return;
    }
    size_t mark = n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    memcpy(s->chunk, p + mark, n - mark);
    s->n = n - mark;
}

/* More of the text into chunk, which is used up; false if there is none. */
static bool fill(nxc__log_source *s) {
    s->at = s->n = 0;
    if (!s->is_started) {
        start(s);
        if (s->n) return true;
    }
    while (s->n == 0 && !s->is_end && s->status == NXC_OK) {
        if (s->encoding != UTF_8)
            fill_utf16(s);
        else
            s->n = unpack(s, (uint8_t *)s->chunk, CHUNK);
    }
    return s->n > 0;
}

/* ---------------------------------------------------------------- open */

nxc_status nxc__log_open(nxc_str name, nxc_str bytes,
                         const nxc__log_limits *limits,
                         nxc_learn_report *report, const nxc_allocator *alloc,
                         nxc__log_source **out, nxc_error *err) {
    char path[4096 - 512];
    nxc__log_source *s = nxc__alloc_zero(alloc, sizeof *s);
    if (!s) return nxc__error_nomem(err, sizeof *s);
    s->alloc = alloc;
    s->limits = *limits;
    s->report = report;
    s->name = name;
    s->memory = bytes;
    s->fd = -1;
    nxc__buffer_init(&s->line, alloc, limits->max_line);
    nxc__buffer_init(&s->text, alloc, SIZE_MAX / 2);
    if (!bytes.ptr && nxc__str_eq(name, NXC_STR("-"))) {
        s->fd = STDIN_FILENO;
        s->name = NXC_STR("standard input");
    } else if (!bytes.ptr && name.len < sizeof path) {
        memcpy(path, name.ptr, name.len);
        path[name.len] = 0;
        s->fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (bytes.ptr || s->fd >= 0) {
        *out = s;
        return NXC_OK;
    }
    nxc_status st =
        nxc__error(err, NXC_ERR_IO, "%.*s: expected to open a log, got: %s",
                   NXC_STR_ARG(name), strerror(errno));
    nxc__log_close(s);
    return st;
}

void nxc__log_close(nxc__log_source *s) {
    if (!s) return;
    if (s->is_gzip) inflateEnd(&s->z);
    if (s->fd > STDIN_FILENO) close(s->fd);
    nxc__buffer_release(&s->line);
    nxc__buffer_release(&s->text);
    nxc__free(s->alloc, s, sizeof *s);
}

/* ---------------------------------------------------------------- reading */

nxc_status nxc__log_peek(nxc__log_source *s, nxc_str *out, nxc_error *err) {
    if (s->at == s->n) fill(s);
    *out = (nxc_str){s->chunk + s->at, s->n - s->at};
    return nxc__log_status(s, err);
}

/* Append what fits in a line; status says if that is not all. */
static void keep(nxc__log_source *s, nxc_str part) {
    size_t room = s->line.max - s->line.len;
    nxc__buffer_append_str(
        &s->line, nxc__str_slice(part, 0, part.len < room ? part.len : room));
    if (part.len > room && s->line.status == NXC_OK)
        s->line.status = NXC_ERR_LIMIT;
}

/* The line of chunk and, if it does not end there, of what follows. */
static bool take_line(nxc__log_source *s, nxc_str *line) {
    bool has_any = false;
    s->line.len = 0;
    s->line.status = NXC_OK;
    while (s->at < s->n || fill(s)) {
        nxc_str rest = {s->chunk + s->at, s->n - s->at};
        size_t end = nxc__str_find(rest, '\n', 0);
        bool is_whole = end < rest.len;
        s->at += end + is_whole;
        has_any = true;
        rest.len = end;
        if (is_whole && s->line.len == 0 && s->line.status == NXC_OK &&
            end <= s->limits.max_line) {
            *line = rest;
            return true;
        }
        keep(s, rest);
        if (is_whole) break;
    }
    *line = nxc__buffer_str(&s->line);
    return has_any && s->status == NXC_OK;
}

bool nxc__log_next(nxc__log_source *s, nxc_str *line) {
    while (take_line(s, line)) {
        s->n_lines++;
        if (s->line.status == NXC_ERR_NOMEM) {
            s->status = NXC_ERR_NOMEM;
            return false;
        }
        if (s->line.status == NXC_OK) {
            if (line->len && line->ptr[line->len - 1] == '\r') line->len--;
            return true;
        }
        nxc__learn_note(
            s->report, NXC_LEARN_TOO_LONG, s->name, s->n_lines,
            nxc__str_slice(*line, 0, line->len < 60 ? line->len : 60));
    }
    return false;
}

uint64_t nxc__log_line_number(const nxc__log_source *s) { return s->n_lines; }
uint64_t nxc__log_n_bytes(const nxc__log_source *s) { return s->n_bytes; }
nxc_str nxc__log_name(const nxc__log_source *s) { return s->name; }

nxc_status nxc__log_status(const nxc__log_source *s, nxc_error *err) {
    if (s->status == NXC_ERR_NOMEM) return nxc__error_nomem(err, CHUNK);
    if (s->status == NXC_ERR_IO)
        return nxc__error(err, NXC_ERR_IO, "%.*s: expected to read, got: %s",
                          NXC_STR_ARG(s->name), strerror(s->error));
    return NXC_OK;
}

nxc_status nxc__log_read_all(nxc__log_source *s, size_t max, nxc_str *out,
                             nxc_error *err) {
    *out = (nxc_str){"", 0};
    while (s->at < s->n || fill(s)) {
        if (s->n - s->at > max - s->text.len) {
            note(s, NXC_LEARN_LIMIT, "more bytes than max_document_bytes");
            return NXC_OK;
        }
        nxc__buffer_append(&s->text, s->chunk + s->at, s->n - s->at);
        s->at = s->n;
    }
    NXC_TRY(nxc__log_status(s, err));
    NXC_TRY(nxc__buffer_status(&s->text, "log", err));
    if (s->text.len) *out = nxc__buffer_str(&s->text);
    return NXC_OK;
}
