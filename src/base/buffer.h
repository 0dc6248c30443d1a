/* A growable byte buffer with a maximum fixed at init. Failures stick: append
 * as often as needed, then ask nxc__buffer_status once.
 *     init -> append* -> (status, data/len) -> release */
#ifndef NXC_BASE_BUFFER_H
#define NXC_BASE_BUFFER_H

#include <nextcall/nextcall.h>

typedef struct nxc__buffer {
    const nxc_allocator *alloc;
    char *data;
    size_t len, cap, max;
    nxc_status status; /* NXC_OK, NXC_ERR_NOMEM or NXC_ERR_LIMIT */
} nxc__buffer;

void nxc__buffer_init(nxc__buffer *b, const nxc_allocator *alloc, size_t max);
void nxc__buffer_release(nxc__buffer *b);
void nxc__buffer_append(nxc__buffer *b, const void *bytes, size_t n);
void nxc__buffer_append_str(nxc__buffer *b, nxc_str s);
void nxc__buffer_append_z(nxc__buffer *b, const char *z);
void nxc__buffer_append_char(nxc__buffer *b, char c);
void nxc__buffer_printf(nxc__buffer *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* s as a JSON string with its quotes; malformed UTF-8 becomes U+FFFD. */
void nxc__buffer_append_json(nxc__buffer *b, nxc_str s);
/* The shortest decimal that reads back as v; "null" for NaN and infinities.
 * Does not depend on the locale. */
void nxc__buffer_append_double(nxc__buffer *b, double v);
/* n zero bytes; a pointer to them or NULL. */
void *nxc__buffer_extend(nxc__buffer *b, size_t n);
nxc_status nxc__buffer_status(const nxc__buffer *b, const char *what,
                              nxc_error *err);
static inline nxc_str nxc__buffer_str(const nxc__buffer *b) {
    return (nxc_str){b->data, b->len};
}

#endif
