/* Rows that follow from a number, and files to spoil, for tests of the store.
 */
#ifndef NXC_STORE_TEST_H
#define NXC_STORE_TEST_H

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cache/store.h"
#include "support/nxc_test.h"

enum { STORE_FEATURES = 11, STORE_DIM = 384 };

/* ---------------------------------------------------------- rows */

static inline nxc__hash128 store_hash(uint64_t i, uint64_t salt) {
    uint64_t words[2] = {i, salt};
    return nxc__hash_128(words, sizeof words);
}
static inline nxc__vector_key store_vector_key(uint64_t i) {
    return (nxc__vector_key){store_hash(i / 10, 1), store_hash(i, 2),
                             store_hash(i / 7, 3), store_hash(0, 4)};
}
static inline nxc__embedding_key store_embedding_key(uint64_t i) {
    return (nxc__embedding_key){store_hash(i, 5), store_hash(0, 6)};
}
static inline void store_numbers(uint64_t i, float *out, size_t n) {
    uint64_t seed = i * 1000 + n;
    for (size_t k = 0; k < n; k++)
        out[k] = (float)(int32_t)(nxc_random(&seed) >> 32) * 1e-6f;
}
static inline void store_put_vector(nxc__store *s, uint64_t i) {
    float row[STORE_FEATURES];
    nxc__vector_key key = store_vector_key(i);
    nxc__vector_info info = {0.5, 0.75, "browse_edit_save"};
    store_numbers(i, row, STORE_FEATURES);
    nxc__store_put_vector(s, &key, row, STORE_FEATURES, &info);
}
static inline void store_put_embedding(nxc__store *s, uint64_t i) {
    float row[STORE_DIM];
    nxc__embedding_key key = store_embedding_key(i);
    store_numbers(i, row, STORE_DIM);
    nxc__store_put_embedding(s, &key, row, STORE_DIM);
}
/* What is found is right, or the test fails. */
static inline bool store_has_vector(nxc__store_reader *r, uint64_t i) {
    float want[STORE_FEATURES], got[STORE_FEATURES];
    nxc__vector_key key = store_vector_key(i);
    if (!nxc__store_find_vector(r, &key, got, STORE_FEATURES)) return false;
    store_numbers(i, want, STORE_FEATURES);
    if (memcmp(want, got, sizeof got) != 0)
        fail_msg("vector %ju is wrong", (uintmax_t)i);
    return true;
}
static inline bool store_has_embedding(nxc__store_reader *r, uint64_t i) {
    float want[STORE_DIM], got[STORE_DIM];
    nxc__embedding_key key = store_embedding_key(i);
    if (!nxc__store_find_embedding(r, &key, got, STORE_DIM)) return false;
    store_numbers(i, want, STORE_DIM);
    if (memcmp(want, got, sizeof got) != 0)
        fail_msg("embedding %ju is wrong", (uintmax_t)i);
    return true;
}

static inline nxc__store *store_open(const char *path,
                                     const nxc__store_options *o) {
    nxc__store *s = NULL;
    nxc_error err;
    assert_ok(nxc__store_open(path, o, NULL, &s, &err), err);
    return s;
}
static inline nxc__store_reader *store_reader(nxc__store *s) {
    nxc__store_reader *r = NULL;
    nxc_error err;
    assert_ok(nxc__store_reader_new(s, &r, &err), err);
    return r;
}
static inline void store_flush(nxc__store *s) {
    nxc_error err;
    assert_ok(nxc__store_flush(s, &err), err);
}
static inline nxc__store_stats store_stats(nxc__store_reader *r, bool verify) {
    nxc__store_stats out;
    nxc_error err;
    assert_ok(nxc__store_get_stats(r, verify, &out, &err), err);
    return out;
}

/* ---------------------------------------------------------- files */

/* A new folder, in memory if there is such a file system: the tests flush to
 * the disk thousands of times. Freed by store_remove_folder. */
static inline char *store_folder(void) {
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    char path[64];
    snprintf(path, sizeof path, "%s/nxc-store-XXXXXX", base);
    assert_non_null(mkdtemp(path));
    char *folder = nxc__alloc(&nxc__allocator_default, strlen(path) + 1);
    assert_non_null(folder);
    memcpy(folder, path, strlen(path) + 1);
    return folder;
}
static inline void store_remove_folder(char *folder) {
    DIR *dir = opendir(folder);
    char path[1400];
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir));) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.' && unlink(path) != 0) rmdir(path);
    }
    closedir(dir);
    rmdir(folder);
    nxc__free(&nxc__allocator_default, folder, strlen(folder) + 1);
}
static inline const char *store_path(const char *folder) {
    static char path[256];
    snprintf(path, sizeof path, "%s/store.db", folder);
    return path;
}
static inline void store_exec(const char *path, const char *sql) {
    sqlite3 *db;
    char *text = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
        fail_msg("%s: %s", sql, text);
    sqlite3_close(db);
}
static inline int64_t store_query(const char *path, const char *sql) {
    sqlite3 *db;
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return value;
}
static inline void store_write_file(const char *path, const void *bytes,
                                    size_t n) {
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}
/* Freed with its size. */
static inline char *store_read_file(const char *path, size_t *size) {
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    *size = (size_t)ftell(f);
    rewind(f);
    char *bytes = nxc__alloc(&nxc__allocator_default, *size);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, f), *size);
    fclose(f);
    return bytes;
}
/* n bytes from offset on: a pattern over and over, or zeros. */
static inline void store_overwrite(const char *path, long offset,
                                   const char *pattern, size_t n) {
    FILE *f = fopen(path, "r+e");
    assert_non_null(f);
    assert_int_equal(fseek(f, offset, SEEK_SET), 0);
    for (size_t i = 0; i < n; i++)
        fputc(pattern ? pattern[i % strlen(pattern)] : 0, f);
    assert_int_equal(fclose(f), 0);
}

/* The fault is over: the store is whole and takes rows. */
static inline void store_check_whole(const char *path) {
    nxc__store_options o = {.max_bytes = 0};
    nxc__store *s = store_open(path, &o);
    nxc__store_reader *r = store_reader(s);
    assert_null(nxc__store_set_aside_as(s));
    assert_int_equal(store_stats(r, true).n_damaged, 0);
    store_put_embedding(s, 1000);
    store_flush(s);
    assert_true(store_has_embedding(r, 1000));
    nxc__store_reader_free(r);
    nxc__store_close(s);
}

#endif
