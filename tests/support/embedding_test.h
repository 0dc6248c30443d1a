/* Texts and vectors of embedding files in tests: both follow from a number. */
#ifndef NXC_EMBEDDING_TEST_H
#define NXC_EMBEDDING_TEST_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache/embedding_file.h"
#include "cache/embedding_image.h"
#include "support/nxc_test.h"

#define TEST_MAX_DIM 384

static inline nxc__hash128 test_text(uint64_t i) {
    return nxc__hash_128(&i, sizeof i);
}
/* L2-normalised. */
static inline void test_vector(uint64_t i, size_t dim, float *out) {
    uint64_t state = i * 977 + 1;
    double norm = 0;
    for (size_t k = 0; k < dim; k++) {
        double sum = 0; /* of three uniform values: near to a normal one */
        for (int r = 0; r < 3; r++)
            sum += (double)(nxc_random(&state) >> 11) * 0x1p-53 - 0.5;
        out[k] = (float)sum;
        norm += sum * sum;
    }
    for (size_t k = 0; k < dim; k++)
        out[k] = (float)((double)out[k] / sqrt(norm));
}

typedef struct test_folder {
    char dir[512], path[600];
} test_folder;

static inline int test_folder_setup(void **state) {
    test_folder *f = calloc(1, sizeof *f);
    if (!f) return -1;
    snprintf(f->dir, sizeof f->dir, NXC_BINARY_DIR "/embedding-XXXXXX");
    if (!mkdtemp(f->dir)) return -1;
    snprintf(f->path, sizeof f->path, "%s/e.nxe", f->dir);
    *state = f;
    return 0;
}
static inline void test_folder_empty(const test_folder *f) {
    static const char *const ends[] = {"", ".lock", ".tmp", ".old"};
    char path[640];
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        snprintf(path, sizeof path, "%s%s", f->path, ends[i]);
        unlink(path);
    }
}
/* Fails if another file was left behind. */
static inline int test_folder_teardown(void **state) {
    test_folder *f = *state;
    test_folder_empty(f);
    int failed = rmdir(f->dir);
    free(f);
    return failed;
}

/* The system's calls without flushing: a test is no power failure. */
static inline ssize_t test_write_at(void *user, int fd, const void *bytes,
                                    size_t n, off_t offset) {
    (void)user;
    return pwrite(fd, bytes, n, offset);
}
static inline int test_sync(void *user, int fd) {
    (void)user;
    (void)fd;
    return 0;
}
static inline int test_rename(void *user, const char *from, const char *to) {
    (void)user;
    return rename(from, to);
}
static inline nxc__embedding_file_options test_options(size_t dim,
                                                       nxc__row_type type) {
    static const nxc__file_io io = {NULL, test_write_at, test_sync,
                                    test_rename};
    return (nxc__embedding_file_options){
        .dim = dim, .type = type, .model = {0x1234, 0x5678}, .io = &io};
}
static inline nxc__embedding_file *
test_open(const test_folder *f, const nxc__embedding_file_options *options) {
    nxc_error err;
    nxc__embedding_file *file;
    assert_ok(nxc__embedding_file_open(f->path, options, NULL, &file, &err),
              err);
    return file;
}
static inline nxc_status test_append(nxc__embedding_file *file, uint64_t i,
                                     size_t dim, nxc_error *err) {
    float v[TEST_MAX_DIM];
    test_vector(i, dim, v);
    return nxc__embedding_file_append(file, test_text(i), v, err);
}
/* Whether text i is found; fails the test if it is found with another vector.
 * Of float32 files. */
static inline bool test_find(nxc__embedding_file *file, uint64_t i,
                             size_t dim) {
    float want[TEST_MAX_DIM], got[TEST_MAX_DIM];
    if (!nxc__embedding_file_find(file, test_text(i), got)) return false;
    test_vector(i, dim, want);
    assert_memory_equal(got, want, dim * sizeof(float));
    return true;
}

#endif
