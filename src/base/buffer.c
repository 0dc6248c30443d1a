#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"
#include "base/utf8.h"

void nxc__buffer_init(nxc__buffer *b, const nxc_allocator *alloc, size_t max) {
    memset(b, 0, sizeof *b);
    b->alloc = alloc;
    b->max = max;
}

void nxc__buffer_release(nxc__buffer *b) {
    nxc__free(b->alloc, b->data, b->cap);
    b->data = NULL;
    b->len = b->cap = 0;
}

/* Room for n more bytes and a NUL. */
static bool reserve(nxc__buffer *b, size_t n) {
    if (b->status != NXC_OK) return false;
    if (n > b->max - b->len) {
        b->status = NXC_ERR_LIMIT;
        return false;
    }
    size_t need = b->len + n + 1;
    if (need <= b->cap) return true;
    size_t cap = b->cap < 128 ? 256 : b->cap + b->cap / 2;
    if (cap < need) cap = need;
    char *p = nxc__realloc(b->alloc, b->data, b->cap, cap);
    if (!p) {
        b->status = NXC_ERR_NOMEM;
        return false;
    }
    b->data = p;
    b->cap = cap;
    return true;
}

void *nxc__buffer_extend(nxc__buffer *b, size_t n) {
    if (!reserve(b, n)) return NULL;
    char *p = b->data + b->len;
    memset(p, 0, n + 1);
    b->len += n;
    return p;
}

void nxc__buffer_append(nxc__buffer *b, const void *bytes, size_t n) {
    if (n == 0 || !bytes || !reserve(b, n)) return;
    memcpy(b->data + b->len, bytes, n);
    b->len += n;
    b->data[b->len] = 0;
}
void nxc__buffer_append_str(nxc__buffer *b, nxc_str s) {
    nxc__buffer_append(b, s.ptr, s.len);
}
void nxc__buffer_append_z(nxc__buffer *b, const char *z) {
    nxc__buffer_append(b, z, strlen(z));
}
void nxc__buffer_append_char(nxc__buffer *b, char c) {
    nxc__buffer_append(b, &c, 1);
}

void nxc__buffer_printf(nxc__buffer *b, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0 || !reserve(b, (size_t)n)) return;
    va_start(ap, fmt);
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
}

/* The escape of a character that may not stand in a JSON string as it is. */
static void append_escape(nxc__buffer *b, uint32_t c) {
    static const char hex[] = "0123456789abcdef";
    char esc[6] = {'\\', (char)c, '0', '0', hex[c >> 4 & 15], hex[c & 15]};
    size_t n = 2;
    if (c == '\n' || c == '\t' || c == '\r') {
        esc[1] = c == '\n' ? 'n' : c == '\t' ? 't' : 'r';
    } else if (c != '"' && c != '\\') {
        esc[1] = 'u';
        n = 6;
    }
    nxc__buffer_append(b, esc, n);
}

void nxc__buffer_append_json(nxc__buffer *b, nxc_str s) {
    size_t start = 0, n;
    nxc__buffer_append_char(b, '"');
    for (size_t i = 0; i < s.len; i += n) {
        uint32_t c = nxc__utf8_decode(s, i, &n);
        bool is_bad = c == NXC_REPLACEMENT;
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f && !is_bad)
            continue;
        nxc__buffer_append(b, s.ptr + start, i - start);
        if (is_bad)
            nxc__buffer_append_z(b, "\xEF\xBF\xBD");
        else
            append_escape(b, c);
        start = i + n;
    }
    nxc__buffer_append_str(b, nxc__str_slice(s, start, s.len));
    nxc__buffer_append_char(b, '"');
}

void nxc__buffer_append_double(nxc__buffer *b, double v) {
    if (v != v || v - v != 0) {
        nxc__buffer_append_z(b, "null");
        return;
    }
    if (v == (double)(int64_t)v && v > -1e15 && v < 1e15) {
        nxc__buffer_printf(b, "%lld", (long long)v);
        return;
    }
    yyjson_mut_val val;
    memset(&val, 0, sizeof val);
    if (!yyjson_mut_set_real(&val, v)) {
        nxc__buffer_append_z(b, "null");
        return;
    }
    char out[64];
    char pool[512];
    yyjson_alc alc;
    yyjson_alc_pool_init(&alc, pool, sizeof pool);
    size_t len = 0;
    char *text =
        yyjson_mut_val_write_opts(&val, YYJSON_WRITE_NOFLAG, &alc, &len, NULL);
    if (text && len < sizeof out) {
        nxc__buffer_append(b, text, len);
    } else {
        b->status = NXC_ERR_NOMEM;
    }
}

nxc_status nxc__buffer_status(const nxc__buffer *b, const char *what,
                              nxc_error *err) {
    if (b->status == NXC_ERR_NOMEM) return nxc__error_nomem(err, b->cap);
    if (b->status == NXC_ERR_LIMIT)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "%s: expected at most %zu bytes, got more", what,
                          b->max);
    return NXC_OK;
}
