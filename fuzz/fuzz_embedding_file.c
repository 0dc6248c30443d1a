/* A damaged embedding file: the input is a list of edits {offset (2 bytes),
 * value} and a cut to a file of three rows. The header's checksum is made good
 * again, so that what it says is reached. Whatever is found must be what was
 * put; the file must take a new row or refuse to open. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "cache/embedding_file.h"
#include "cache/embedding_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DIM = 4, N = 3, SLOTS = 2 * 1024 * 8 };

static nxc__hash128 text_of(uint64_t i) { return nxc__hash_128(&i, sizeof i); }
static void must(bool ok) {
    if (!ok) __builtin_trap();
}
static const float *vector_of(size_t i) {
    static const float vectors[N + 1][DIM] = {
        {1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 0.6f, 0.8f}, {-1, 0, 0, 0}};
    return vectors[i];
}

static ssize_t write_at(void *user, int fd, const void *bytes, size_t n,
                        off_t offset) {
    (void)user;
    return pwrite(fd, bytes, n, offset);
}
static int no_sync(void *user, int fd) {
    (void)user;
    (void)fd;
    return 0;
}
static int rename_file(void *user, const char *from, const char *to) {
    (void)user;
    return rename(from, to);
}

/* The first 4096 bytes, the slots in use and the rows are what an edit hits. */
static size_t place(const uint8_t *file, size_t n, size_t at) {
    size_t rows_at = NXC_EMBEDDING_SLOTS_AT + SLOTS, n_rows = n - rows_at;
    at %= 256 + n_rows + 64;
    if (at < 256) return at;
    if (at < 256 + n_rows) return rows_at + at - 256;
    size_t nth = (at - 256 - n_rows) / 8, slot = NXC_EMBEDDING_SLOTS_AT;
    for (; slot < rows_at; slot += 8) {
        static const uint8_t zero[8];
        if (memcmp(file + slot, zero, 8) != 0 && nth-- == 0) break;
    }
    return slot + at % 8;
}

static void edit(uint8_t *file, size_t *n, const uint8_t *data, size_t size) {
    nxc__embedding_header h;
    size_t cut = 0;
    for (size_t i = 0; i + 3 <= size; i += 3) {
        size_t at = data[i] | (size_t)data[i + 1] << 8;
        if (at == 0xffff)
            cut = data[i + 2];
        else
            file[place(file, *n, at)] = data[i + 2];
    }
    memcpy(&h, file, sizeof h);
    h.checksum = nxc__hash64(&h, offsetof(nxc__embedding_header, checksum), 0);
    memcpy(file, &h, sizeof h);
    *n -= cut;
}

/* Bit by bit: what is kept is what was put. */
static bool is_same(const float *a, const float *b) {
    uint32_t x[DIM], y[DIM];
    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    return memcmp(x, y, sizeof x) == 0;
}

static void walk(nxc__embedding_file *f) {
    nxc__embedding_file_stats stats;
    nxc__hash128 text;
    nxc_error err;
    float v[DIM];
    nxc__embedding_file_get_stats(f, true, &stats);
    for (size_t i = 0; i < N; i++)
        must(!nxc__embedding_file_find(f, text_of(i), v) ||
             is_same(v, vector_of(i)));
    for (size_t i = 0; i < N + 2; i++)
        (void)nxc__embedding_file_row(f, i, &text, v);
    if (nxc__embedding_file_append(f, text_of(N), vector_of(N), &err) == NXC_OK)
        must(nxc__embedding_file_find(f, text_of(N), v) &&
             is_same(v, vector_of(N)));
    must(nxc__embedding_file_compact(f, &err) == NXC_OK);
}

static void remove_all(const char *path) {
    static const char *const ends[] = {"", ".lock", ".tmp", ".old"};
    char name[128];
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t file[NXC_EMBEDDING_SLOTS_AT + SLOTS + 1024];
    static const nxc__file_io io = {NULL, write_at, no_sync, rename_file};
    const nxc__embedding_file_options options = {
        .dim = DIM, .type = NXC_ROW_F32, .model = {1, 2}, .io = &io};
    const char *folder = getenv("TMPDIR");
    char path[96];
    nxc__embedding_file *f;
    nxc_error err;
    snprintf(path, sizeof path, "%.64s/fuzz-%ld.nxe",
             folder ? folder : "/dev/shm", (long)getpid());
    must(nxc__embedding_file_open(path, &options, NULL, &f, &err) == NXC_OK);
    for (size_t i = 0; i < N; i++)
        must(nxc__embedding_file_append(f, text_of(i), vector_of(i), &err) ==
             NXC_OK);
    nxc__embedding_file_close(f);
    FILE *in = fopen(path, "rb");
    must(in != NULL);
    size_t n = fread(file, 1, sizeof file, in);
    fclose(in);
    edit(file, &n, data, size);
    unlink(path);
    FILE *out = fopen(path, "wb");
    must(out && fwrite(file, 1, n, out) == n && fclose(out) == 0);
    if (nxc__embedding_file_open(path, &options, NULL, &f, &err) == NXC_OK) {
        walk(f);
        nxc__embedding_file_close(f);
    }
    remove_all(path);
    return 0;
}
