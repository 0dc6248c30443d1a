/*
 * The embedding file as it is used: one handle over the image that has the path
 * now (embedding_image.h), the writer's lock, growth and compaction.
 *
 *     open: lock? -> create? -> map -> index what has no slot yet
 *     find: probe the image; on a miss, if the image was replaced, map the new
 *           one and probe again
 *     append: row, then slot; a full image is rewritten first
 *     rewrite: <path>.tmp whole and flushed -> mark the old image replaced ->
 *              rename -> map
 *
 * A row is written before its slot and a slot is believed only if the row that
 * it names has the text and a right checksum. So a process may end anywhere:
 * the worst is a torn last row, which the next writer writes over, and rows
 * without a slot. n_indexed in the header is moved up after a flush, when the
 * rows and slots below it are on the disk; the next writer reads the rows from
 * there on and gives each a slot that has none. <path>.tmp is written only
 * under the lock and has no reader before the rename, so that it may be
 * truncated.
 *
 * Threading: `image` is replaced under `writer` and `readers` (for writing), in
 * this order; find and row hold `readers` (for reading), append and what else
 * writes hold `writer`.
 *
 * Cost: a lookup is two cache misses, a checksum and a decode; an append two
 * pwrite; a rewrite copies every row, and doubling makes that at most two
 * writes a row over the life of a file.
 */
#include "cache/embedding_file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "cache/embedding_image.h"

struct nxc__embedding_file {
    const nxc_allocator *alloc;
    nxc__embedding_file_options options;
    nxc__embedding_kind kind;
    char *path, *lock_path, *temp_path, *aside_path; /* (path_bytes) each */
    size_t path_bytes;
    pthread_mutex_t writer;
    pthread_rwlock_t readers;
    bool has_image;
    nxc__embedding_image image;
    int lock_fd;    /* -1: another process writes */
    bool is_failed; /* a flush failed: what the kernel has is not known */
    size_t n_sure;  /* rows below it have a slot, as far as was seen */
    uint8_t *row;   /* (stride) being appended */
    size_t row_bytes;
};

/* ------------------------------------------------------------------ image */

static void set_image(nxc__embedding_file *f, const nxc__embedding_image *m) {
    pthread_rwlock_wrlock(&f->readers);
    if (f->has_image) nxc__embedding_image_close(&f->image);
    f->image = *m;
    f->has_image = true;
    f->n_sure = SIZE_MAX;
    pthread_rwlock_unlock(&f->readers);
    nxc__metrics_set(f->options.metrics, NXC_METRIC_embedding_file_rows,
                     nxc__atomic_word_get(&f->image.n_rows));
}

static nxc_status load_image(nxc__embedding_file *f, nxc_error *err) {
    nxc__embedding_image m;
    NXC_TRY(
        nxc__embedding_image_open(f->path, f->lock_fd >= 0, &f->kind, &m, err));
    set_image(f, &m);
    return NXC_OK;
}

/* Map the file that has the path now, if it is another one. */
static bool reload(nxc__embedding_file *f) {
    struct stat sb;
    pthread_mutex_lock(&f->writer);
    bool is_new = stat(f->path, &sb) == 0 &&
                  (!f->has_image || sb.st_ino != f->image.inode ||
                   sb.st_dev != f->image.device) &&
                  load_image(f, NULL) == NXC_OK;
    pthread_mutex_unlock(&f->writer);
    return is_new;
}

/* Whether it may be worth a look at the path; under readers. */
static bool is_stale(nxc__embedding_file *f) {
    return !f->has_image || nxc__embedding_image_is_replaced(&f->image);
}

/* ---------------------------------------------------------------- reading */

static bool find_in_image(nxc__embedding_file *f, nxc__hash128 text, float *out,
                          bool *stale) {
    nxc__embedding_probe probe = {0};
    pthread_rwlock_rdlock(&f->readers);
    bool found =
        f->has_image && nxc__embedding_image_probe(&f->image, text, &probe);
    if (found && out)
        nxc__row_decode(&f->image.shape,
                        nxc__embedding_image_row(&f->image, probe.row), out);
    *stale = !found && is_stale(f);
    pthread_rwlock_unlock(&f->readers);
    if (probe.n_damaged)
        nxc__metrics_add(f->options.metrics, NXC_METRIC_embedding_file_damaged,
                         probe.n_damaged);
    return found;
}

bool nxc__embedding_file_find(nxc__embedding_file *f, nxc__hash128 text,
                              float *out) {
    bool stale, found = find_in_image(f, text, out, &stale);
    if (!found && stale && reload(f))
        found = find_in_image(f, text, out, &stale);
    nxc__metrics_add(f->options.metrics,
                     found ? NXC_METRIC_embedding_file_hits
                           : NXC_METRIC_embedding_file_misses,
                     1);
    return found;
}

bool nxc__embedding_file_row(nxc__embedding_file *f, size_t i,
                             nxc__hash128 *text, float *out) {
    bool found = false;
    pthread_rwlock_rdlock(&f->readers);
    nxc__embedding_image *m = &f->image;
    if (f->has_image && (i < nxc__atomic_word_get(&m->n_rows) ||
                         i < nxc__embedding_image_refresh(m))) {
        const uint8_t *row = nxc__embedding_image_row(m, i);
        found = nxc__row_is_sound(&m->shape, row);
        if (found) {
            nxc__row_decode(&m->shape, row, out);
            *text = nxc__embedding_image_text(m, i);
        }
    }
    pthread_rwlock_unlock(&f->readers);
    return found;
}

size_t nxc__embedding_file_n_rows(nxc__embedding_file *f) {
    pthread_rwlock_rdlock(&f->readers);
    bool stale = is_stale(f);
    size_t n = f->has_image ? nxc__embedding_image_refresh(&f->image) : 0;
    pthread_rwlock_unlock(&f->readers);
    return stale && reload(f) ? nxc__embedding_file_n_rows(f) : n;
}

static void verify(nxc__embedding_image *m, nxc__embedding_file_stats *out) {
    for (size_t i = 0; i < out->n_rows; i++) {
        nxc__embedding_probe probe;
        if (!nxc__row_is_sound(&m->shape, nxc__embedding_image_row(m, i)))
            out->n_damaged++;
        else if (!nxc__embedding_image_probe(m, nxc__embedding_image_text(m, i),
                                             &probe))
            out->n_unindexed++;
    }
}

void nxc__embedding_file_get_stats(nxc__embedding_file *f, bool with_verify,
                                   nxc__embedding_file_stats *out) {
    memset(out, 0, sizeof *out);
    pthread_rwlock_rdlock(&f->readers);
    nxc__embedding_image *m = &f->image;
    if (f->has_image) {
        out->n_rows = nxc__embedding_image_refresh(m);
        out->capacity = m->capacity;
        out->stride = m->stride;
        out->index_bytes = m->rows_at;
        out->file_bytes = m->rows_at + out->n_rows * m->stride;
        if (with_verify) verify(m, out);
    }
    pthread_rwlock_unlock(&f->readers);
}

/* ---------------------------------------------------------------- rewrite */

/* is_replaced of the image that has the path, if there is one. */
static nxc_status mark_replaced(nxc__embedding_file *f, uint64_t mark,
                                nxc_error *err) {
    if (!f->has_image) return NXC_OK;
    return nxc__file_write_at(
        f->options.io, f->image.fd, f->path, &mark, sizeof mark,
        offsetof(nxc__embedding_header, is_replaced), err);
}

static nxc_status put_in_place(nxc__embedding_file *f, nxc_error *err) {
    NXC_TRY(mark_replaced(f, 1, err));
    nxc_status st = nxc__file_rename(f->options.io, f->temp_path, f->path, err);
    if (st != NXC_OK) {
        (void)!mark_replaced(f, 0, NULL);
        return st;
    }
    return load_image(f, err);
}

/* Under writer and the lock: a file of `capacity` rows in place of the old one,
 * with the rows of old, an image or NULL. */
static nxc_status rewrite_file(nxc__embedding_file *f,
                               nxc__embedding_image *old, size_t capacity,
                               nxc_error *err) {
    if (capacity > NXC_EMBEDDING_MAX_CAPACITY)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "%s: expected at most %zu rows, got more", f->path,
                          NXC_EMBEDDING_MAX_CAPACITY);
    const nxc__embedding_rewrite rewrite = {.path = f->temp_path,
                                            .old = old,
                                            .kind = f->kind,
                                            .capacity = capacity,
                                            .io = f->options.io,
                                            .alloc = f->alloc};
    nxc_status st = nxc__embedding_image_write(&rewrite, err);
    if (st == NXC_OK) st = put_in_place(f, err);
    if (st != NXC_OK) unlink(f->temp_path);
    return st;
}

/* ---------------------------------------------------------------- writing */

static nxc_status write_slot(nxc__embedding_file *f, nxc__hash128 text,
                             size_t row, size_t at, nxc_error *err) {
    uint64_t slot = nxc__embedding_slot(text, row);
    if (at == SIZE_MAX)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "%s: expected a free slot, got none: its index is "
                          "damaged",
                          f->path);
    return nxc__file_write_at(f->options.io, f->image.fd, f->path, &slot,
                              sizeof slot,
                              NXC_EMBEDDING_SLOTS_AT + at * sizeof slot, err);
}

/* Slots for the rows that an earlier writer may have left without. */
static nxc_status index_tail(nxc__embedding_file *f, nxc_error *err) {
    nxc__embedding_image *m = &f->image;
    uint64_t from = nxc__embedding_image_n_indexed(m);
    size_t n = nxc__embedding_image_refresh(m);
    for (size_t i = from > n ? 0 : (size_t)from; i < n; i++) {
        nxc__embedding_probe probe;
        if (!nxc__row_is_sound(&m->shape, nxc__embedding_image_row(m, i)))
            continue;
        nxc__hash128 text = nxc__embedding_image_text(m, i);
        if (!nxc__embedding_image_probe(m, text, &probe))
            NXC_TRY(write_slot(f, text, i, probe.free_slot, err));
    }
    return NXC_OK;
}

/* False if another process, or another handle of this one, has the lock. */
static bool take_lock(nxc__embedding_file *f) {
    f->lock_fd = open(f->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (f->lock_fd >= 0 && flock(f->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        close(f->lock_fd);
        f->lock_fd = -1;
    }
    return f->lock_fd >= 0;
}
static void drop_lock(nxc__embedding_file *f) {
    if (f->lock_fd >= 0) close(f->lock_fd);
    f->lock_fd = -1;
}

/* What was deleted by others is not brought back. */
static void drop_image(nxc__embedding_file *f) {
    pthread_rwlock_wrlock(&f->readers);
    if (f->has_image) nxc__embedding_image_close(&f->image);
    f->has_image = false;
    pthread_rwlock_unlock(&f->readers);
}

static nxc_status open_or_create(nxc__embedding_file *f, nxc_error *err) {
    if (access(f->path, F_OK) != 0 && errno == ENOENT) {
        drop_image(f);
        return rewrite_file(f, NULL, NXC_EMBEDDING_MIN_CAPACITY, err);
    }
    nxc_status st = load_image(f, err);
    if (!f->options.set_aside ||
        (st != NXC_ERR_FORMAT && st != NXC_ERR_MISMATCH))
        return st;
    NXC_TRY(nxc__file_rename(f->options.io, f->path, f->aside_path, err));
    return rewrite_file(f, NULL, NXC_EMBEDDING_MIN_CAPACITY, err);
}

/* With the lock: the file that has the path, whole and indexed. */
static nxc_status begin_writing(nxc__embedding_file *f, nxc_error *err) {
    nxc_status st = open_or_create(f, err);
    if (st == NXC_OK && is_stale(f)) st = mark_replaced(f, 0, err);
    if (st == NXC_OK) st = index_tail(f, err);
    if (st != NXC_OK) drop_lock(f);
    return st;
}

/* Under writer. */
static nxc_status check_writable(nxc__embedding_file *f, nxc_error *err) {
    if (f->is_failed)
        return nxc__error(err, NXC_ERR_IO,
                          "%s: expected to write, got an error when it was "
                          "flushed before; open it again",
                          f->path);
    if (f->lock_fd >= 0) return is_stale(f) ? load_image(f, err) : NXC_OK;
    if (!take_lock(f))
        return nxc__error(err, NXC_ERR_STATE,
                          "%s: expected to be its writer, got another process",
                          f->path);
    return begin_writing(f, err);
}

static bool is_finite(const float *row, size_t dim) {
    for (size_t i = 0; i < dim; i++)
        if (!isfinite(row[i])) return false;
    return true;
}

/* Under writer. A row whose slot could not be written stays: it may have been
 * seen, and what may have been seen is not written again. */
static nxc_status append_row(nxc__embedding_file *f, nxc__hash128 text,
                             const float *vector, nxc_error *err) {
    nxc__embedding_probe probe;
    nxc__embedding_image *m = &f->image;
    NXC_TRY(check_writable(f, err));
    if (nxc__embedding_image_probe(m, text, &probe)) return NXC_OK;
    size_t n = nxc__embedding_image_refresh(m);
    if (n == m->capacity) {
        NXC_TRY(rewrite_file(f, m, m->capacity * 2, err));
        (void)nxc__embedding_image_probe(m, text, &probe);
        n = nxc__embedding_image_refresh(m);
    }
    nxc__row_encode(&m->shape, text, vector, f->row);
    NXC_TRY(nxc__file_write_at(f->options.io, m->fd, f->path, f->row,
                               f->row_bytes, m->rows_at + n * m->stride, err));
    nxc__atomic_word_raise(&m->n_rows, n + 1);
    nxc__metrics_set(f->options.metrics, NXC_METRIC_embedding_file_rows, n + 1);
    nxc_status st = write_slot(f, text, n, probe.free_slot, err);
    if (st != NXC_OK && n < f->n_sure) f->n_sure = n;
    return st;
}

nxc_status nxc__embedding_file_append(nxc__embedding_file *f, nxc__hash128 text,
                                      const float *row, nxc_error *err) {
    if (!is_finite(row, f->kind.dim))
        return nxc__error(err, NXC_ERR_INVALID,
                          "%s: expected finite values, got others", f->path);
    pthread_mutex_lock(&f->writer);
    nxc_status st = append_row(f, text, row, err);
    pthread_mutex_unlock(&f->writer);
    return st;
}

static nxc_status flush(nxc__embedding_file *f, nxc_error *err) {
    nxc__embedding_image *m = &f->image;
    NXC_TRY(check_writable(f, err));
    uint64_t n = nxc__atomic_word_get(&m->n_rows);
    if (n > f->n_sure) n = f->n_sure;
    nxc_status st = nxc__file_sync(f->options.io, m->fd, f->path, err);
    f->is_failed = st != NXC_OK;
    if (st != NXC_OK) return st;
    return nxc__file_write_at(f->options.io, m->fd, f->path, &n, sizeof n,
                              offsetof(nxc__embedding_header, n_indexed), err);
}

nxc_status nxc__embedding_file_sync(nxc__embedding_file *f, nxc_error *err) {
    pthread_mutex_lock(&f->writer);
    nxc_status st = flush(f, err);
    pthread_mutex_unlock(&f->writer);
    return st;
}

nxc_status nxc__embedding_file_compact(nxc__embedding_file *f, nxc_error *err) {
    pthread_mutex_lock(&f->writer);
    nxc_status st = check_writable(f, err);
    if (st == NXC_OK) {
        size_t n = nxc__embedding_image_refresh(&f->image);
        size_t capacity = NXC_EMBEDDING_MIN_CAPACITY;
        while (capacity < n)
            capacity *= 2;
        st = rewrite_file(f, &f->image, capacity, err);
    }
    pthread_mutex_unlock(&f->writer);
    return st;
}

nxc_status nxc__embedding_file_clear(nxc__embedding_file *f, nxc_error *err) {
    pthread_mutex_lock(&f->writer);
    nxc_status st = check_writable(f, err);
    if (st == NXC_OK)
        st = rewrite_file(f, NULL, NXC_EMBEDDING_MIN_CAPACITY, err);
    pthread_mutex_unlock(&f->writer);
    return st;
}

/* ------------------------------------------------------------ open, close */

static char *path_with(nxc__embedding_file *f, const char *path,
                       const char *end) {
    char *out = nxc__alloc(f->alloc, f->path_bytes);
    if (out) snprintf(out, f->path_bytes, "%s%s", path, end);
    return out;
}

static nxc_status reserve(nxc__embedding_file *f, const char *path,
                          nxc_error *err) {
    const nxc__row_shape shape = {f->kind.type, f->kind.dim, 0};
    f->row_bytes = nxc__row_stride(&shape);
    f->path_bytes = strlen(path) + sizeof ".lock";
    f->row = nxc__alloc(f->alloc, f->row_bytes);
    f->path = path_with(f, path, "");
    f->lock_path = path_with(f, path, ".lock");
    f->temp_path = path_with(f, path, ".tmp");
    f->aside_path = path_with(f, path, ".old");
    return f->row && f->path && f->lock_path && f->temp_path && f->aside_path
               ? NXC_OK
               : nxc__error_nomem(err, f->path_bytes);
}

/* Without the lock the file is opened if it is there; else its creator is at
 * work, or there is none because nobody may write here. */
static nxc_status begin_reading(nxc__embedding_file *f, int lock_error,
                                nxc_error *err) {
    if (access(f->path, F_OK) == 0) return load_image(f, err);
    if (lock_error == EWOULDBLOCK) return NXC_OK;
    errno = lock_error;
    return nxc__file_error(err, f->lock_path, "create");
}

nxc_status nxc__embedding_file_kind(const char *path,
                                    nxc__embedding_file_options *out,
                                    nxc_error *err) {
    nxc__embedding_kind kind;
    NXC_TRY(nxc__embedding_image_kind(path, &kind, err));
    *out = (nxc__embedding_file_options){
        .dim = kind.dim, .type = kind.type, .model = kind.model};
    return NXC_OK;
}

nxc_status nxc__embedding_file_open(const char *path,
                                    const nxc__embedding_file_options *options,
                                    const nxc_allocator *alloc,
                                    nxc__embedding_file **out, nxc_error *err) {
    if (options->dim == 0 || options->dim > NXC_EMBEDDING_MAX_DIM)
        return nxc__error(err, NXC_ERR_INVALID,
                          "%s: expected 1 to %zu dimensions, got %zu", path,
                          NXC_EMBEDDING_MAX_DIM, options->dim);
    alloc = nxc__allocator_or_default(alloc);
    nxc__embedding_file *f = nxc__alloc_zero(alloc, sizeof *f);
    if (!f) return nxc__error_nomem(err, sizeof *f);
    f->alloc = alloc;
    f->options = *options;
    f->kind =
        (nxc__embedding_kind){options->dim, options->type, options->model};
    f->lock_fd = -1;
    pthread_mutex_init(&f->writer, NULL);
    pthread_rwlock_init(&f->readers, NULL);
    nxc_status st = reserve(f, path, err);
    if (st == NXC_OK)
        st =
            take_lock(f) ? begin_writing(f, err) : begin_reading(f, errno, err);
    if (st == NXC_ERR_IO && f->lock_fd < 0 && access(f->path, F_OK) == 0)
        st = load_image(f, err); /* it cannot be written, perhaps be read */
    if (st != NXC_OK) {
        nxc__embedding_file_close(f);
        return st;
    }
    *out = f;
    return NXC_OK;
}

void nxc__embedding_file_close(nxc__embedding_file *f) {
    if (!f) return;
    if (f->has_image) nxc__embedding_image_close(&f->image);
    drop_lock(f);
    pthread_rwlock_destroy(&f->readers);
    pthread_mutex_destroy(&f->writer);
    nxc__free(f->alloc, f->row, f->row_bytes);
    nxc__free(f->alloc, f->path, f->path_bytes);
    nxc__free(f->alloc, f->lock_path, f->path_bytes);
    nxc__free(f->alloc, f->temp_path, f->path_bytes);
    nxc__free(f->alloc, f->aside_path, f->path_bytes);
    nxc__free(f->alloc, f, sizeof *f);
}
