/* A new image with the sound rows of an old one, each text once. The slots are
 * made in memory and written in one piece; nothing reads the file before it is
 * whole, so the order of the writes does not matter. */
#include <fcntl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "cache/embedding_image.h"

typedef struct writer {
    const nxc__embedding_rewrite *r;
    int fd;
    size_t n;         /* rows so far */
    uint64_t *slots;  /* (2 capacity) */
    uint32_t *source; /* (capacity) the old number of new row i */
} writer;

/* Give the old row the next number, unless its text has one. */
static bool take_row(writer *w, size_t old) {
    nxc__hash128 text = nxc__embedding_image_text(w->r->old, old);
    size_t mask = w->r->capacity * 2 - 1, at = (size_t)text.low & mask;
    for (; w->slots[at]; at = (at + 1) & mask) {
        size_t row = (uint32_t)w->slots[at] - 1;
        nxc__hash128 other =
            nxc__embedding_image_text(w->r->old, w->source[row]);
        if (other.low == text.low && other.high == text.high) return false;
    }
    w->slots[at] = nxc__embedding_slot(text, w->n);
    w->source[w->n++] = (uint32_t)old;
    return true;
}

/* Rows [from, to) of old, which were taken one after the other, at the end. */
static nxc_status copy_run(writer *w, size_t from, size_t to, nxc_error *err) {
    nxc__embedding_image *old = w->r->old;
    size_t first = w->n - (to - from);
    size_t rows_at =
        NXC_EMBEDDING_SLOTS_AT + w->r->capacity * 2 * sizeof *w->slots;
    if (from == to) return NXC_OK;
    return nxc__file_write_at(
        w->r->io, w->fd, w->r->path, nxc__embedding_image_row(old, from),
        (to - from) * old->stride, rows_at + first * old->stride, err);
}

static nxc_status copy_rows(writer *w, nxc_error *err) {
    nxc__embedding_image *old = w->r->old;
    size_t n = old ? nxc__embedding_image_refresh(old) : 0, from = 0;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *row = nxc__embedding_image_row(old, i);
        if (nxc__row_is_sound(&old->shape, row) && take_row(w, i)) continue;
        NXC_TRY(copy_run(w, from, i, err));
        from = i + 1;
    }
    return copy_run(w, from, n, err);
}

static nxc_status write_image(writer *w, nxc_error *err) {
    const nxc__embedding_rewrite *r = w->r;
    nxc__embedding_header h;
    NXC_TRY(copy_rows(w, err));
    nxc__embedding_header_init(&h, &r->kind, r->capacity);
    h.n_indexed = w->n;
    NXC_TRY(nxc__file_write_at(r->io, w->fd, r->path, &h, sizeof h, 0, err));
    NXC_TRY(nxc__file_write_at(r->io, w->fd, r->path, w->slots,
                               r->capacity * 2 * sizeof *w->slots,
                               NXC_EMBEDDING_SLOTS_AT, err));
    return nxc__file_sync(r->io, w->fd, r->path, err);
}

static nxc_status write_file(writer *w, nxc_error *err) {
    const char *path = w->r->path;
    w->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (w->fd < 0) return nxc__file_error(err, path, "create");
    nxc_status st = write_image(w, err);
    if (close(w->fd) != 0 && st == NXC_OK)
        st = nxc__file_error(err, path, "close");
    return st;
}

nxc_status nxc__embedding_image_write(const nxc__embedding_rewrite *r,
                                      nxc_error *err) {
    size_t slot_bytes = r->capacity * 2 * sizeof(uint64_t);
    size_t source_bytes = r->capacity * sizeof(uint32_t);
    writer w = {.r = r};
    w.slots = nxc__alloc_zero(r->alloc, slot_bytes);
    w.source = nxc__alloc(r->alloc, source_bytes);
    nxc_status st = w.slots && w.source ? write_file(&w, err)
                                        : nxc__error_nomem(err, slot_bytes);
    nxc__free(r->alloc, w.slots, slot_bytes);
    nxc__free(r->alloc, w.source, source_bytes);
    return st;
}
