#include "cache/embedding_image.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/error.h"

/* ---------------------------------------------------------------- header */

static uint64_t header_checksum(const nxc__embedding_header *h) {
    return nxc__hash64(h, offsetof(nxc__embedding_header, checksum), 0);
}

static nxc__row_shape shape_of(const nxc__embedding_kind *kind) {
    return (nxc__row_shape){kind->type, kind->dim, kind->model.low};
}

void nxc__embedding_header_init(nxc__embedding_header *h,
                                const nxc__embedding_kind *kind,
                                size_t capacity) {
    nxc__row_shape shape = shape_of(kind);
    memset(h, 0, sizeof *h);
    memcpy(h->magic, NXC_EMBEDDING_MAGIC, sizeof h->magic);
    h->version = NXC_EMBEDDING_VERSION;
    h->dim = (uint32_t)kind->dim;
    h->type = (uint32_t)kind->type;
    h->stride = (uint32_t)nxc__row_stride(&shape);
    h->capacity = capacity;
    h->model = kind->model;
    h->checksum = header_checksum(h);
}

static nxc_status check_header(const char *path, const nxc__embedding_header *h,
                               const nxc__embedding_kind *kind,
                               nxc_error *err) {
    static const char *const types[] = {"float32", "float16", "int8"};
    if (memcmp(h->magic, NXC_EMBEDDING_MAGIC, sizeof h->magic) != 0)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "%s: expected an embedding file, got another kind",
                          path);
    if (h->version != NXC_EMBEDDING_VERSION)
        return nxc__error(err, NXC_ERR_UNSUPPORTED,
                          "%s: expected version %u, got %u", path,
                          NXC_EMBEDDING_VERSION, h->version);
    if (h->checksum != header_checksum(h))
        return nxc__error(err, NXC_ERR_FORMAT,
                          "%s: expected the checksum of its header, got "
                          "another: it is damaged",
                          path);
    if (h->dim != kind->dim || h->type != (uint32_t)kind->type)
        return nxc__error(err, NXC_ERR_MISMATCH,
                          "%s: expected %zu values in %s, got %u in %s", path,
                          kind->dim, types[kind->type], h->dim,
                          h->type < 3 ? types[h->type] : "another type");
    if (h->model.low != kind->model.low || h->model.high != kind->model.high)
        return nxc__error(err, NXC_ERR_MISMATCH,
                          "%s: expected embeddings of this encoder, got those "
                          "of another",
                          path);
    nxc__row_shape shape = shape_of(kind);
    if (h->stride != nxc__row_stride(&shape) ||
        h->capacity < NXC_EMBEDDING_MIN_CAPACITY ||
        h->capacity > NXC_EMBEDDING_MAX_CAPACITY ||
        (h->capacity & (h->capacity - 1)) != 0)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "%s: expected a power of two of rows, got %llu", path,
                          (unsigned long long)h->capacity);
    return NXC_OK;
}

/* ------------------------------------------------------------ open, close */

static nxc_status map_image(const char *path, const nxc__embedding_header *h,
                            const struct stat *sb, nxc__embedding_image *m,
                            nxc_error *err) {
    size_t size = (size_t)sb->st_size, rows;
    m->stride = h->stride;
    m->capacity = (size_t)h->capacity;
    m->rows_at = NXC_EMBEDDING_SLOTS_AT + m->capacity * 2 * sizeof(uint64_t);
    if (size < m->rows_at)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "%s: expected at least %zu bytes, got %zu: it is cut",
                          path, m->rows_at, size);
    if (!nxc__mul(m->capacity, m->stride, &rows) ||
        !nxc__add(m->rows_at, rows, &m->map_bytes))
        return nxc__error(
            err, NXC_ERR_LIMIT,
            "%s: expected a size that can be mapped, got %zu rows", path,
            m->capacity);
    void *p = mmap(NULL, m->map_bytes, PROT_READ, MAP_SHARED, m->fd, 0);
    if (p == MAP_FAILED) return nxc__file_error(err, path, "map");
    m->data = p;
    m->device = sb->st_dev;
    m->inode = sb->st_ino;
    nxc__embedding_image_refresh(m);
    return NXC_OK;
}

static nxc_status read_header(const char *path, int fd, struct stat *sb,
                              nxc__embedding_header *h, nxc_error *err) {
    if (fstat(fd, sb) != 0) return nxc__file_error(err, path, "stat");
    if (!S_ISREG(sb->st_mode))
        return nxc__error(err, NXC_ERR_IO,
                          "%s: expected a regular file, got another kind",
                          path);
    ssize_t got = pread(fd, h, sizeof *h, 0);
    if (got < 0) return nxc__file_error(err, path, "read");
    if ((size_t)got != sizeof *h)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "%s: expected a header of %zu bytes, got %zd", path,
                          sizeof *h, got);
    return NXC_OK;
}

nxc_status nxc__embedding_image_open(const char *path, bool can_write,
                                     const nxc__embedding_kind *kind,
                                     nxc__embedding_image *out,
                                     nxc_error *err) {
    nxc__embedding_header h = {.version = 0};
    struct stat sb;
    nxc__embedding_image m = {.shape = shape_of(kind), .model = kind->model};
    m.fd = open(path, (can_write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (m.fd < 0) return nxc__file_error(err, path, "open");
    nxc_status st = read_header(path, m.fd, &sb, &h, err);
    if (st == NXC_OK) st = check_header(path, &h, kind, err);
    if (st == NXC_OK) st = map_image(path, &h, &sb, &m, err);
    if (st != NXC_OK) {
        close(m.fd);
        return st;
    }
    *out = m;
    return NXC_OK;
}

nxc_status nxc__embedding_image_kind(const char *path, nxc__embedding_kind *out,
                                     nxc_error *err) {
    nxc__embedding_header h = {.version = 0};
    struct stat sb;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return nxc__file_error(err, path, "open");
    nxc_status st = read_header(path, fd, &sb, &h, err);
    close(fd);
    if (st != NXC_OK) return st;
    *out = (nxc__embedding_kind){
        h.dim, h.type <= NXC_ROW_INT8 ? (nxc__row_type)h.type : NXC_ROW_F32,
        h.model};
    return check_header(path, &h, out, err);
}

void nxc__embedding_image_close(nxc__embedding_image *m) {
    nxc__mapping mapping = {m->data, m->map_bytes};
    nxc__file_unmap(&mapping);
    close(m->fd);
}

/* ------------------------------------------------------------------ rows */

size_t nxc__embedding_image_refresh(nxc__embedding_image *m) {
    struct stat sb;
    size_t n = 0;
    if (fstat(m->fd, &sb) == 0 && (uint64_t)sb.st_size > m->rows_at)
        n = ((size_t)sb.st_size - m->rows_at) / m->stride;
    if (n > m->capacity) n = m->capacity;
    return (size_t)nxc__atomic_word_raise(&m->n_rows, n);
}

nxc__hash128 nxc__embedding_image_text(const nxc__embedding_image *m,
                                       size_t i) {
    nxc__hash128 text;
    memcpy(&text,
           nxc__embedding_image_row(m, i) + offsetof(nxc__row_head, text),
           sizeof text);
    return text;
}

/* A word of the mapping, which the writer may be writing. */
static uint64_t word_at(const nxc__embedding_image *m, size_t offset) {
    const void *p = m->data + offset;
    return nxc__atomic_word_get((const nxc__atomic_word *)p);
}

bool nxc__embedding_image_is_replaced(const nxc__embedding_image *m) {
    return word_at(m, offsetof(nxc__embedding_header, is_replaced)) != 0;
}
uint64_t nxc__embedding_image_n_indexed(const nxc__embedding_image *m) {
    return word_at(m, offsetof(nxc__embedding_header, n_indexed));
}

/* A slot may name a row that was appended after the size was last seen, or, in
 * a damaged file, any number. */
static bool is_there(nxc__embedding_image *m, size_t row) {
    return row < nxc__atomic_word_get(&m->n_rows) ||
           (row < m->capacity && row < nxc__embedding_image_refresh(m));
}

bool nxc__embedding_image_probe(nxc__embedding_image *m, nxc__hash128 text,
                                nxc__embedding_probe *out) {
    const size_t n_slots = m->capacity * 2;
    size_t at = (size_t)text.low & (n_slots - 1);
    *out = (nxc__embedding_probe){.free_slot = SIZE_MAX};
    for (size_t i = 0; i < n_slots; i++, at = (at + 1) & (n_slots - 1)) {
        uint64_t slot =
            word_at(m, NXC_EMBEDDING_SLOTS_AT + at * sizeof(uint64_t));
        if (slot == 0) {
            out->free_slot = at;
            return false;
        }
        if ((slot ^ text.high) >> 32 != 0 || (uint32_t)slot == 0) continue;
        size_t row = (uint32_t)slot - 1;
        if (!is_there(m, row)) continue;
        nxc__hash128 found = nxc__embedding_image_text(m, row);
        if (found.low != text.low || found.high != text.high) continue;
        out->row = row;
        if (nxc__row_is_sound(&m->shape, nxc__embedding_image_row(m, row)))
            return true;
        out->n_damaged++;
    }
    return false;
}
