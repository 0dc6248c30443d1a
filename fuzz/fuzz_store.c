/*
 * Bytes as the store's database: it is opened (set aside, refused or taken),
 * looked into, verified, written and migrated. Whatever is found must be right:
 * the seeds hold rows that follow from their number.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache/migrate.h"
#include "cache/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { N = 4, ROWS = 6 };

static nxc__hash128 hash_of(uint64_t i, uint64_t salt) {
    uint64_t words[2] = {i, salt};
    return nxc__hash_128(words, sizeof words);
}
static nxc__vector_key vector_key(uint64_t i) {
    return (nxc__vector_key){hash_of(i, 1), hash_of(i, 2), hash_of(i, 3),
                             hash_of(0, 4)};
}
static nxc__embedding_key embedding_key(uint64_t i) {
    return (nxc__embedding_key){hash_of(i, 5), hash_of(0, 6)};
}
static void numbers(uint64_t i, float out[N]) {
    for (size_t k = 0; k < N; k++)
        out[k] = (float)(i * 10 + k);
}
static void check(const float *got, uint64_t i) {
    float want[N];
    numbers(i, want);
    for (size_t k = 0; k < N; k++)
        if (!(got[k] == want[k])) abort(); /* a wrong row */
}

static bool visit(void *user, const nxc__vector_key *key, const float *vector,
                  size_t n) {
    (void)user;
    for (uint64_t i = 0; i < ROWS; i++) {
        nxc__vector_key k = vector_key(i);
        if (n == N && memcmp(&k, key, sizeof k) == 0) check(vector, i);
    }
    return true;
}
static bool visit_embedding(void *user, const nxc__embedding_key *key,
                            const float *row, size_t dim) {
    volatile float sink = dim ? row[dim - 1] : 0;
    (void)sink;
    (void)user;
    (void)key;
    return true;
}

static void use(nxc__store *s) {
    nxc__store_reader *r;
    nxc__store_stats stats;
    nxc_error err;
    float row[N];
    if (nxc__store_reader_new(s, &r, &err) != NXC_OK) return;
    for (int round = 0; round < 2; round++) {
        if (round) nxc__store_begin(r);
        for (uint64_t i = 0; i < ROWS; i++) {
            nxc__vector_key v = vector_key(i);
            nxc__embedding_key e = embedding_key(i);
            if (nxc__store_find_vector(r, &v, row, N)) check(row, i);
            if (nxc__store_find_embedding(r, &e, row, N)) check(row, i);
        }
        nxc__store_end(r);
    }
    nxc__store_recent_vectors(r, 10, visit, NULL, &err);
    nxc__store_recent_embeddings(r, 10, visit_embedding, NULL, &err);
    nxc__store_get_stats(r, true, &stats, &err);
    for (uint64_t i = 0; i < ROWS; i++) {
        nxc__vector_key v = vector_key(i);
        nxc__embedding_key e = embedding_key(i);
        numbers(i, row);
        nxc__store_put_vector(s, &v, row, N, NULL);
        nxc__store_put_embedding(s, &e, row, N);
    }
    nxc__store_flush(s, &err);
    nxc__store_clear(s, &err);
    nxc__store_reader_free(r);
}

static const char *path_of(void) {
    static char path[128];
    if (path[0]) return path;
    bool in_memory = access("/dev/shm", W_OK) == 0;
    snprintf(path, sizeof path, "%s/nxc-fuzz-store-%ld.db",
             in_memory ? "/dev/shm" : "/tmp", (long)getpid());
    return path;
}

static void remove_all(const char *path) {
    static const char *const suffixes[] = {
        "",
        "-wal",
        "-shm",
        "-journal",
        ".lock",
        ".damaged-1",
        ".damaged-2",
        ".damaged-3",
        ".backup-1",
        ".damaged-1-wal",
        ".damaged-1-shm",
        ".damaged-2-wal",
        ".damaged-2-shm",
    };
    char name[256];
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
}

static bool write_file(const char *path, const uint8_t *data, size_t size) {
    FILE *f = fopen(path, "we");
    if (!f) return false;
    bool ok = fwrite(data, 1, size, f) == size;
    return fclose(f) == 0 && ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *path = path_of();
    nxc__store_options options = {.max_bytes = 100000, .ttl_seconds = 1e12};
    nxc__store *s;
    nxc__migration m;
    nxc_error err;
    if (size > 1 << 20 || !write_file(path, data, size)) return 0;
    nxc__migrate(path, false, &m, &err);
    if (nxc__store_open(path, &options, NULL, &s, &err) == NXC_OK) {
        use(s);
        nxc__store_close(s);
    }
    remove_all(path);
    return 0;
}
