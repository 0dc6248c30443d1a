/* The persistent tier, in a folder that must be on a real disk:
 *     bench_store FOLDER
 * For each page size: rows written a second, a lookup alone and in a read
 * transaction of 100; then requests of 20 lookups while the writer sleeps,
 * writes, and writes and evicts, and those of them
 * that waited for anything but the processor. One JSON line a figure. */
#define _GNU_SOURCE /* RUSAGE_THREAD */
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "cache/store.h"

enum { DIM = 384, FEATURES = 11, MAX_RUNS = 20000, AT_ONCE = 100 };
static double runs[MAX_RUNS], put_runs[MAX_RUNS], wait_runs[MAX_RUNS];

static int by_value(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}
static void report(const char *what, const char *unit, double *v, size_t n) {
    qsort(v, n, sizeof *v, by_value);
    printf("{\"what\":\"%s\",\"unit\":\"%s\",\"median\":%.4g,\"min\":%.4g,"
           "\"p99\":%.4g,\"max\":%.4g,\"n\":%zu}\n",
           what, unit, v[n / 2], v[0], v[(n - 1) * 99 / 100], v[n - 1], n);
}
static void must(nxc_status st, const nxc_error *err) {
    if (st == NXC_OK) return;
    fprintf(stderr, "bench_store: %s\n", err->message);
    exit(nxc_status_exit_code(st));
}

static uint64_t random_of(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *state >> 33;
}
static nxc__hash128 hash_of(uint64_t i, uint64_t salt) {
    uint64_t words[2] = {i, salt};
    return nxc__hash_128(words, sizeof words);
}
static nxc__embedding_key embedding_key(uint64_t i) {
    return (nxc__embedding_key){hash_of(i, 1), hash_of(0, 2)};
}
/* 20 candidates a prompt. */
static nxc__vector_key vector_key(uint64_t i) {
    return (nxc__vector_key){hash_of(i / 20, 3), hash_of(i % 20, 4),
                             hash_of(i / 20, 5), hash_of(0, 6)};
}

static void remove_store(const char *path) {
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    char name[1200];
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
}

static nxc__store *open_store(const char *path, const char *page_size,
                              uint64_t max_bytes) {
    nxc__store_options o = {.max_bytes = max_bytes, .queue_rows = 65536};
    nxc__store *s;
    nxc_error err;
    sqlite3 *db;
    char sql[128];
    remove_store(path);
    if (page_size) { /* a page size is fixed when the file is made */
        snprintf(sql, sizeof sql,
                 "PRAGMA page_size=%s; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA "
                 "journal_mode=WAL",
                 page_size);
        sqlite3_open(path, &db);
        sqlite3_exec(db, sql, NULL, NULL, NULL);
        sqlite3_close(db);
    }
    must(nxc__store_open(path, &o, NULL, &s, &err), &err);
    return s;
}

static void put_embedding(nxc__store *s, uint64_t i) {
    float row[DIM] = {(float)i};
    nxc__embedding_key key = embedding_key(i);
    nxc__store_put_embedding(s, &key, row, DIM);
}
static void put_vector(nxc__store *s, uint64_t i) {
    float row[FEATURES] = {(float)i};
    nxc__vector_key key = vector_key(i);
    nxc__vector_info info = {0.5, 0.5, "browse_edit_save"};
    nxc__store_put_vector(s, &key, row, FEATURES, &info);
}
static bool find_embedding(nxc__store_reader *r, uint64_t i) {
    float row[DIM];
    nxc__embedding_key key = embedding_key(i);
    return nxc__store_find_embedding(r, &key, row, DIM);
}
static bool find_vector(nxc__store_reader *r, uint64_t i) {
    float row[FEATURES];
    nxc__vector_key key = vector_key(i);
    return nxc__store_find_vector(r, &key, row, FEATURES);
}

/* What is measured twice: embeddings and vectors. */
typedef struct subject {
    const char *name;
    void (*put)(nxc__store *, uint64_t);
    bool (*find)(nxc__store_reader *, uint64_t);
} subject;
static const subject subjects[] = {
    {"embedding", put_embedding, find_embedding},
    {"vector", put_vector, find_vector},
};

static void bench_fill(nxc__store *s, const subject *sub, const char *page,
                       size_t n_rows) {
    char what[96];
    nxc_error err;
    size_t n = 0;
    for (size_t i = 0; i < n_rows; n++) {
        size_t from = i;
        uint64_t start = nxc__clock_ns();
        for (; i < n_rows && i < from + 10 * AT_ONCE; i++)
            sub->put(s, i);
        put_runs[n] =
            (double)(nxc__clock_ns() - start) * 1e-3 / (double)(i - from);
        must(nxc__store_flush(s, &err), &err);
        runs[n] = (double)(i - from) * 1e6 / (double)(nxc__clock_ns() - start);
    }
    snprintf(what, sizeof what, "store: write %ss, page %s", sub->name, page);
    report(what, "1000/s", runs, n);
    snprintf(what, sizeof what, "store: put one %s, page %s", sub->name, page);
    report(what, "us", put_runs, n);
}

static void bench_find(nxc__store_reader *r, const subject *sub,
                       const char *page, size_t n_rows, bool together) {
    char what[96];
    uint64_t seed = 1;
    enum { ROUNDS = 400 };
    for (size_t k = 0; k < ROUNDS; k++) {
        size_t n_found = 0;
        uint64_t start = nxc__clock_ns();
        if (together) nxc__store_begin(r);
        for (size_t i = 0; i < AT_ONCE; i++)
            n_found += sub->find(r, random_of(&seed) % n_rows);
        if (together) nxc__store_end(r);
        runs[k] = (double)(nxc__clock_ns() - start) * 1e-3 / AT_ONCE;
        if (n_found != AT_ONCE) {
            fprintf(stderr, "bench_store: expected %d rows, got %zu\n", AT_ONCE,
                    n_found);
            exit(1);
        }
    }
    snprintf(what, sizeof what, "store: find %s %s, page %s", sub->name,
             together ? "in a transaction" : "alone", page);
    report(what, "us", runs, ROUNDS);
}

static void bench_page_size(const char *path, const char *page, size_t n_rows) {
    nxc__store *s = open_store(path, page, 0);
    nxc__store_reader *r;
    nxc__store_stats stats;
    nxc_error err;
    must(nxc__store_reader_new(s, &r, &err), &err);
    for (size_t i = 0; i < 2; i++) {
        bench_fill(s, &subjects[i], page, n_rows);
        bench_find(r, &subjects[i], page, n_rows, false);
        bench_find(r, &subjects[i], page, n_rows, true);
    }
    must(nxc__store_get_stats(r, false, &stats, &err), &err);
    runs[0] = (double)stats.bytes_in_use / (double)(2 * n_rows);
    char what[96];
    snprintf(what, sizeof what, "store: bytes of both rows / 2, page %s", page);
    report(what, "B", runs, 1);
    nxc__store_reader_free(r);
    nxc__store_close(s);
}

/* ---------------------------------------------------------- delay */

typedef struct load {
    nxc__store *store;
    size_t n_rows;
    atomic_bool stop;
    size_t n_put;
} load;

/* 4,000 embeddings a second, in bursts of 20 as a request gives them. */
static void *put_all_the_time(void *arg) {
    load *l = arg;
    while (!atomic_load(&l->stop)) {
        for (int i = 0; i < 20; i++)
            put_embedding(l->store, l->n_rows + l->n_put++);
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    return NULL;
}

/* How often this thread gave up the processor by itself: for a lock, a disk. */
static long n_waits(void) {
    struct rusage u;
    return getrusage(RUSAGE_THREAD, &u) == 0 ? u.ru_nvcsw : 0;
}

static void bench_delay(const char *path, size_t n_rows, uint64_t max_bytes,
                        bool with_load, const char *what) {
    nxc__store *s = open_store(path, NULL, max_bytes);
    nxc__store_reader *r;
    nxc_error err;
    pthread_t thread = 0;
    load l = {.store = s, .n_rows = n_rows};
    uint64_t seed = 1;
    size_t n = 0, n_waited = 0;
    must(nxc__store_reader_new(s, &r, &err), &err);
    for (size_t i = 0; i < n_rows; i++)
        put_embedding(s, i);
    must(nxc__store_flush(s, &err), &err);
    if (with_load) pthread_create(&thread, NULL, put_all_the_time, &l);
    uint64_t end = nxc__clock_ns() + 4000000000u;
    while (n < MAX_RUNS && nxc__clock_ns() < end) {
        long waits = n_waits();
        uint64_t start = nxc__clock_ns();
        nxc__store_begin(r);
        for (int i = 0; i < 20; i++)
            find_embedding(r, random_of(&seed) % n_rows);
        nxc__store_end(r);
        runs[n++] = (double)(nxc__clock_ns() - start) * 1e-3;
        if (n_waits() != waits) wait_runs[n_waited++] = runs[n - 1];
        nanosleep(&(struct timespec){0, 100000}, NULL);
    }
    atomic_store(&l.stop, true);
    if (with_load) pthread_join(thread, NULL);
    char text[96];
    report(what, "us", runs, n);
    snprintf(text, sizeof text, "%s: those that waited", what);
    if (n_waited) report(text, "us", wait_runs, n_waited);
    nxc__store_reader_free(r);
    nxc__store_close(s);
}

int main(int argc, char **argv) {
    char path[1100];
    size_t n_rows = 20000;
    if (argc != 2) {
        fprintf(stderr, "usage: bench_store FOLDER\n");
        return 2;
    }
    snprintf(path, sizeof path, "%s/bench-store.db", argv[1]);
    bench_page_size(path, "4096", n_rows);
    bench_page_size(path, "8192", n_rows);
    bench_delay(path, 8000, 0, false, "store: 20 finds, the writer asleep");
    bench_delay(path, 8000, 0, true, "store: 20 finds, while it writes");
    bench_delay(path, 8000, 8000 * 1700, true,
                "store: 20 finds, while it evicts");
    remove_store(path);
    return 0;
}
