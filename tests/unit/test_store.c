/* The persistent tier: rows come back bit for bit or not at all. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache/store.h"
#include "support/nxc_test.h"
#include "support/store_test.h"

static nxc__metrics metrics;
static _Atomic int64_t clock_now;
static int64_t test_now(void *user) {
    (void)user;
    return clock_now;
}

static uint64_t count(nxc__metric i) { return nxc__metrics_get(&metrics, i); }

static nxc__store *open_store(const char *path, uint64_t max_bytes,
                              double ttl) {
    nxc__store_options o = {.max_bytes = max_bytes,
                            .ttl_seconds = ttl,
                            .metrics = &metrics,
                            .now = test_now};
    return store_open(path, &o);
}

static int setup(void **state) {
    memset(&metrics, 0, sizeof metrics);
    clock_now = 1000000;
    *state = store_folder();
    return 0;
}
static int teardown(void **state) {
    store_remove_folder(*state);
    return 0;
}

/* ---------------------------------------------------------- rows */

static void test_round_trip(void **state) {
    const char *path = store_path(*state);
    for (int round = 0; round < 2; round++) { /* the second finds, only */
        nxc__store *s = open_store(path, 0, 0);
        nxc__store_reader *r = store_reader(s);
        assert_true(nxc__store_is_writer(s));
        assert_null(nxc__store_set_aside_as(s));
        for (uint64_t i = 0; round == 0 && i < 300; i++) {
            assert_false(store_has_vector(r, i));
            store_put_vector(s, i);
            store_put_embedding(s, i);
        }
        store_flush(s);
        for (uint64_t i = 0; i < 300; i++) {
            if (i % 50 == 0) nxc__store_begin(r);
            assert_true(store_has_vector(r, i));
            assert_true(store_has_embedding(r, i));
            if (i % 50 == 49) nxc__store_end(r);
        }
        assert_false(store_has_vector(r, 300));
        assert_false(store_has_embedding(r, 300));
        nxc__store_reader_free(r);
        nxc__store_close(s);
    }
    assert_int_equal(count(NXC_METRIC_store_rows_written), 600);
    assert_int_equal(count(NXC_METRIC_vector_store_hits), 600);
    assert_int_equal(count(NXC_METRIC_vector_store_misses), 302);
    assert_int_equal(count(NXC_METRIC_embedding_store_hits), 600);
    assert_int_equal(count(NXC_METRIC_embedding_store_misses), 2);
    assert_int_equal(count(NXC_METRIC_store_errors), 0);
}

/* A key is all of its hashes. */
static void test_keys(void **state) {
    nxc__store *s = open_store(store_path(*state), 0, 0);
    nxc__store_reader *r = store_reader(s);
    float got[STORE_FEATURES];
    store_put_vector(s, 1);
    store_flush(s);
    for (size_t i = 0; i < 4; i++) {
        nxc__vector_key key = store_vector_key(1);
        nxc__hash128 *parts = (nxc__hash128 *)(void *)&key;
        parts[i].high ^= 1;
        assert_false(nxc__store_find_vector(r, &key, got, STORE_FEATURES));
    }
    nxc__vector_key key = store_vector_key(1);
    assert_false(nxc__store_find_vector(r, &key, got, STORE_FEATURES - 1));
    assert_true(nxc__store_find_vector(r, &key, got, STORE_FEATURES));
    assert_int_equal(count(NXC_METRIC_store_rows_damaged), 0);
    nxc__store_reader_free(r);
    nxc__store_close(s);
}

static void test_limits_of_a_row(void **state) {
    static float row[16385];
    nxc__store *s = open_store(store_path(*state), 0, 0);
    nxc__store_reader *r = store_reader(s);
    nxc__embedding_key key = store_embedding_key(5),
                       other = store_embedding_key(6);
    row[16383] = 1.5f;
    nxc__store_put_embedding(s, &key, row, 16384);
    nxc__store_put_embedding(s, &other, row, 16385);
    nxc__store_put_embedding(s, &other, row, 0);
    store_flush(s);
    row[16383] = 0;
    assert_true(nxc__store_find_embedding(r, &key, row, 16384));
    assert_true(row[16383] == 1.5f);
    assert_false(nxc__store_find_embedding(r, &other, row, 16385));
    assert_int_equal(count(NXC_METRIC_store_queue_dropped), 2);
    nxc__store_reader_free(r);
    nxc__store_close(s);
}

/* Put again: one row, the last one. */
static void test_replace(void **state) {
    nxc__store *s = open_store(store_path(*state), 0, 0);
    nxc__store_reader *r = store_reader(s);
    nxc__embedding_key key = store_embedding_key(1);
    float row[2] = {1, 2}, got[2];
    for (int i = 0; i < 10; i++) {
        row[0] = (float)i;
        nxc__store_put_embedding(s, &key, row, 2);
    }
    store_flush(s);
    assert_true(nxc__store_find_embedding(r, &key, got, 2));
    assert_memory_equal(got, row, sizeof row);
    assert_int_equal(store_stats(r, true).n_embeddings, 1);
    nxc__store_reader_free(r);
    nxc__store_close(s);
}

/* ---------------------------------------------------------- ages, sizes */

static void test_ttl(void **state) {
    nxc__store *s = open_store(store_path(*state), 0, 100);
    nxc__store_reader *r = store_reader(s);
    for (uint64_t i = 0; i < 200; i++)
        store_put_vector(s, i);
    store_flush(s);
    clock_now += 50;
    store_put_embedding(s, 7);
    store_flush(s);
    clock_now += 50;
    assert_true(store_has_vector(r, 3));
    clock_now += 1; /* a row of 101 seconds is a miss, even before it is gone */
    assert_false(store_has_vector(r, 3));
    assert_true(store_has_embedding(r, 7));
    assert_int_equal(store_stats(r, false).n_vectors, 200);
    store_flush(s);
    assert_int_equal(store_stats(r, false).n_vectors, 0);
    assert_int_equal(store_stats(r, false).n_embeddings, 1);
    assert_int_equal(count(NXC_METRIC_store_rows_expired), 200);
    clock_now -= 1000; /* a clock that is set back: nothing is lost, or wrong */
    store_flush(s);
    assert_true(store_has_embedding(r, 7));
    nxc__store_reader_free(r);
    nxc__store_close(s);
}

static void test_size_limit(void **state) {
    enum { MAX = 1 << 20 };
    nxc__store *s = open_store(store_path(*state), MAX, 0);
    nxc__store_reader *r = store_reader(s);
    for (uint64_t i = 0; i < 3000; i++) {
        store_put_embedding(s, i);
        if (i % 100 == 99) {
            clock_now++;
            for (uint64_t hot = 0; hot < 20; hot++)
                assert_true(store_has_embedding(r, hot) || i < 100);
            store_flush(s);
            assert_true(store_stats(r, false).bytes_in_use <= MAX);
        }
    }
    /* those that were used stay, the oldest others went */
    for (uint64_t hot = 0; hot < 20; hot++)
        assert_true(store_has_embedding(r, hot));
    assert_true(store_has_embedding(r, 2999));
    assert_false(store_has_embedding(r, 100));
    assert_int_equal(store_stats(r, true).n_damaged, 0);
    assert_int_equal(store_stats(r, false).n_embeddings +
                         count(NXC_METRIC_store_rows_evicted),
                     3000);
    nxc__store_reader_free(r);
    nxc__store_close(s);
}

static void test_clear(void **state) {
    nxc_error err;
    nxc__store *s = open_store(store_path(*state), 0, 0);
    nxc__store_reader *r = store_reader(s);
    for (uint64_t i = 0; i < 1000; i++)
        store_put_embedding(s, i);
    store_flush(s);
    uint64_t full = store_stats(r, false).bytes_in_use;
    assert_ok(nxc__store_clear(s, &err), err);
    nxc__store_stats now = store_stats(r, true);
    assert_int_equal(now.n_embeddings, 0);
    assert_true(now.bytes_in_use < full / 4);
    assert_true(now.file_bytes < full / 4);
    assert_false(store_has_embedding(r, 1));
    store_put_embedding(s, 1);
    store_flush(s);
    assert_true(store_has_embedding(r, 1));
    nxc__store_reader_free(r);
    nxc__store_close(s);
}

/* ---------------------------------------------------------- recent, touch */

typedef struct seen {
    uint64_t first[8];
    size_t n, max;
} seen;
static bool see(void *user, const nxc__vector_key *key, const float *vector,
                size_t n) {
    seen *v = user;
    assert_int_equal(n, STORE_FEATURES);
    for (uint64_t i = 0; i < 100; i++) {
        nxc__vector_key k = store_vector_key(i);
        float row[STORE_FEATURES];
        store_numbers(i, row, STORE_FEATURES);
        if (memcmp(&k, key, sizeof k) != 0) continue;
        assert_memory_equal(row, vector, sizeof row);
        v->first[v->n++] = i;
    }
    return v->n < v->max;
}
static bool see_embedding(void *user, const nxc__embedding_key *key,
                          const float *row, size_t dim) {
    nxc__embedding_key last = store_embedding_key(9);
    assert_memory_equal(key, &last, sizeof last);
    assert_int_equal(dim, STORE_DIM);
    (void)row;
    ++*(int *)user;
    return false;
}

static void test_recent(void **state) {
    nxc_error err;
    nxc__store *s = open_store(store_path(*state), 0, 0);
    nxc__store_reader *r = store_reader(s);
    for (uint64_t i = 0; i < 10; i++) {
        store_put_vector(s, i);
        store_put_embedding(s, i);
        store_flush(s);
        clock_now++;
    }
    nxc__vector_key key = store_vector_key(4);
    for (int i = 0; i < 5; i++)
        nxc__store_touch_vector(s, &key);
    store_flush(s);
    seen v = {{0}, 0, 3};
    assert_ok(nxc__store_recent_vectors(r, 100, see, &v, &err), err);
    assert_int_equal(v.n, 3);
    assert_int_equal(v.first[0], 4);
    assert_int_equal(v.first[1], 9);
    assert_int_equal(v.first[2], 8);
    v = (seen){{0}, 0, 8};
    assert_ok(nxc__store_recent_vectors(r, 2, see, &v, &err), err);
    assert_int_equal(v.n, 2);
    int n = 0;
    assert_ok(nxc__store_recent_embeddings(r, 100, see_embedding, &n, &err),
              err);
    assert_int_equal(n, 1);
    assert_int_equal(store_query(store_path(*state),
                                 "SELECT access_count FROM "
                                 "feature_vector_cache ORDER BY "
                                 "last_accessed DESC LIMIT 1"),
                     6);
    nxc__store_reader_free(r);
    nxc__store_close(s);
}

static void test_full_queue(void **state) {
    nxc__store_options o = {.queue_rows = 4, .metrics = &metrics};
    nxc__store *s = store_open(store_path(*state), &o);
    nxc__store_reader *r = store_reader(s);
    enum { N = 20000 };
    for (uint64_t i = 0; i < N; i++)
        store_put_vector(s, i);
    store_flush(s);
    uint64_t written = count(NXC_METRIC_store_rows_written);
    assert_int_equal(written + count(NXC_METRIC_store_queue_dropped), N);
    assert_int_equal(store_stats(r, false).n_vectors, written);
    for (uint64_t i = 0; i < 8000; i++) { /* more than there are slots */
        nxc__vector_key key = store_vector_key(i);
        nxc__store_touch_vector(s, &key);
    }
    nxc__store_reader_free(r);
    nxc__store_close(s);
}

/* ---------------------------------------------------------- damage */

/* Every single-byte change of a row's key, checksum and payload. */
static void test_damaged_rows(void **state) {
    const char *path = store_path(*state);
    static const char *const changes[] = {
        "UPDATE feature_vector_cache SET checksum=checksum+1 WHERE id=1",
        "UPDATE feature_vector_cache SET feature_vector=zeroblob(52) WHERE "
        "id=2",
        "UPDATE feature_vector_cache SET feature_vector=x'' WHERE id=3",
        "UPDATE feature_vector_cache SET feature_vector=7 WHERE id=4",
        "UPDATE feature_vector_cache SET feature_vector='text' WHERE id=5",
        "UPDATE feature_vector_cache SET feature_vector=substr(feature_vector,"
        " 1, 48) WHERE id=6",
        "UPDATE feature_vector_cache SET feature_vector=CAST(substr("
        "feature_vector, 1, 8) || substr(feature_vector, 13) ||"
        " substr(feature_vector, 9, 4) AS BLOB) WHERE id=7",
        /* a row under another one's key */
        "UPDATE feature_vector_cache SET feature_vector=(SELECT feature_vector"
        " FROM feature_vector_cache WHERE id=9), checksum=(SELECT checksum FROM"
        " feature_vector_cache WHERE id=9) WHERE id=8",
    };
    enum { N_CHANGES = sizeof changes / sizeof *changes };
    nxc__store *s = open_store(path, 0, 0);
    for (uint64_t i = 0; i < 20; i++)
        store_put_vector(s, i);
    nxc__store_close(s);
    for (size_t i = 0; i < N_CHANGES; i++)
        store_exec(path, changes[i]);
    s = open_store(path, 0, 0);
    nxc__store_reader *r = store_reader(s);
    for (uint64_t i = 0; i < 20; i++)
        assert_int_equal(store_has_vector(r, i), i >= N_CHANGES);
    store_flush(s);
    assert_int_equal(count(NXC_METRIC_store_rows_damaged), N_CHANGES);
    nxc__store_stats now = store_stats(r, true);
    assert_int_equal(now.n_damaged, 0);
    assert_int_equal(now.n_vectors, 20 - N_CHANGES);
    nxc__store_reader_free(r);
    nxc__store_close(s);
}

static void test_verify(void **state) {
    const char *path = store_path(*state);
    nxc__store *s = open_store(path, 0, 0);
    for (uint64_t i = 0; i < 600; i++) {
        store_put_vector(s, i);
        store_put_embedding(s, i);
    }
    nxc__store_close(s);
    store_exec(path, "UPDATE embedding_cache SET checksum=1 WHERE id%200=0");
    store_exec(path, "UPDATE feature_vector_cache SET context_hash=x'00' WHERE"
                     " id=77");
    s = open_store(path, 0, 0);
    nxc__store_reader *r = store_reader(s);
    assert_int_equal(store_stats(r, false).n_damaged, 0);
    assert_int_equal(store_stats(r, true).n_damaged, 4);
    store_flush(s);
    assert_int_equal(store_stats(r, true).n_damaged, 0);
    nxc__store_reader_free(r);
    nxc__store_close(s);
}

typedef struct damage_case {
    const char *name;
    void (*make)(const char *path);
    nxc_status want; /* NXC_OK: set aside or repaired */
    bool set_aside;
    const char *says;
} damage_case;

static void fill_zero(const char *path) {
    store_overwrite(path, 0, NULL, 200000);
}
static void make_text(const char *path) {
    char text[5000];
    memset(text, 'x', sizeof text);
    store_write_file(path, text, sizeof text);
}
static void make_empty(const char *path) { store_write_file(path, "", 0); }
static void make_folder(const char *path) {
    unlink(path);
    assert_int_equal(mkdir(path, 0755), 0);
}
static void make_later(const char *path) {
    store_exec(path, "PRAGMA user_version=99");
}
static void make_version_0(const char *path) {
    store_exec(path, "PRAGMA user_version=0");
}
static void make_foreign(const char *path) {
    unlink(path);
    store_exec(path, "CREATE TABLE features (id INTEGER PRIMARY KEY)");
}
static void make_other_schema(const char *path) {
    store_exec(path, "DROP TABLE embedding_cache");
}
static void make_view(const char *path) {
    store_exec(path, "DROP TABLE embedding_cache; CREATE VIEW embedding_cache"
                     " AS SELECT 1 AS id");
}
static void cut_short(const char *path) {
    assert_int_equal(truncate(path, 4096), 0);
}
static void cut_to_header(const char *path) {
    assert_int_equal(truncate(path, 100), 0);
}
static void no_wal_header(const char *path) {
    char wal[1200];
    snprintf(wal, sizeof wal, "%s-wal", path);
    store_write_file(wal, "this is no log", 14);
}

static const damage_case damage_cases[] = {
    {"zeroed", fill_zero, NXC_OK, true, NULL},
    {"text", make_text, NXC_OK, true, NULL},
    {"empty", make_empty, NXC_OK, false, NULL},
    {"version 0 of ours", make_version_0, NXC_OK, true, NULL},
    {"a table is missing", make_other_schema, NXC_OK, true, NULL},
    {"a view for a table", make_view, NXC_OK, true, NULL},
    {"cut to one page", cut_short, NXC_OK, true, NULL},
    {"cut in the header", cut_to_header, NXC_OK, true, NULL},
    {"a stray log", no_wal_header, NXC_OK, false, NULL},
    {"folder", make_folder, NXC_ERR_IO, false, "open"},
    {"later", make_later, NXC_ERR_UNSUPPORTED, false, "use a later nextcall"},
    {"foreign", make_foreign, NXC_ERR_MISMATCH, false, "nextcall migrate"},
};

static void test_damaged_files(void **state) {
    char path[1100], aside[1200];
    nxc_error err;
    for (size_t i = 0; i < sizeof damage_cases / sizeof *damage_cases; i++) {
        const damage_case *c = &damage_cases[i];
        nxc__store_options o = {.metrics = &metrics};
        nxc__store *s;
        snprintf(path, sizeof path, "%s/%zu.db", (const char *)*state, i);
        s = open_store(path, 0, 0);
        for (uint64_t k = 0; k < 200; k++)
            store_put_embedding(s, k);
        nxc__store_close(s);
        c->make(path);
        err.message[0] = 0;
        nxc_status st = nxc__store_open(path, &o, NULL, &s, &err);
        if (st != c->want || (c->says && !strstr(err.message, c->says)))
            fail_msg("%s: expected %s, got %s: %s", c->name,
                     nxc_status_name(c->want), nxc_status_name(st),
                     err.message);
        snprintf(aside, sizeof aside, "%s.damaged-1", path);
        if ((access(aside, F_OK) == 0) != c->set_aside)
            fail_msg("%s: expected it %s", c->name,
                     c->set_aside ? "set aside" : "not set aside");
        if (st != NXC_OK) continue;
        assert_int_equal(nxc__store_set_aside_as(s) != NULL, c->set_aside);
        nxc__store_reader *r = store_reader(s);
        store_put_vector(s, 1);
        store_flush(s);
        assert_true(store_has_vector(r, 1));
        for (uint64_t k = 0; k < 200; k++)
            store_has_embedding(r, k); /* right or a miss */
        nxc__store_reader_free(r);
        nxc__store_close(s);
    }
}

/* Damage that is met later: set aside while readers are open, and go on. */
static void test_damage_at_run_time(void **state) {
    const char *path = store_path(*state);
    char aside[1200];
    nxc__store *s = open_store(path, 0, 0);
    for (uint64_t i = 0; i < 2000; i++)
        store_put_embedding(s, i);
    nxc__store_close(s);
    struct stat sb;
    assert_int_equal(stat(path, &sb), 0);
    store_overwrite(path, 6 * 4096, "\xFF\xFF\xFF",
                    (size_t)sb.st_size - 6 * 4096);
    s = open_store(path, 0, 0);
    nxc__store_reader *r = store_reader(s), *other = store_reader(s);
    size_t n = 0;
    for (uint64_t i = 0; i < 2000; i++)
        n += store_has_embedding(r, i);
    assert_true(n < 2000);
    nxc_error err;
    nxc__store_flush(s, &err);
    assert_int_equal(count(NXC_METRIC_store_quarantined), 1);
    snprintf(aside, sizeof aside, "%s.damaged-1", path);
    assert_int_equal(access(aside, F_OK), 0);
    assert_string_equal(nxc__store_set_aside_as(s), aside);
    store_put_embedding(s, 1);
    store_flush(s);
    assert_true(store_has_embedding(r, 1));
    assert_true(store_has_embedding(other, 1));
    assert_false(store_has_embedding(other, 2));
    assert_int_equal(store_stats(r, true).n_damaged, 0);
    nxc__store_reader_free(r);
    nxc__store_reader_free(other);
    nxc__store_close(s);
    s = open_store(path, 0, 0); /* what is there now is whole */
    r = store_reader(s);
    assert_true(store_has_embedding(r, 1));
    nxc__store_reader_free(r);
    nxc__store_close(s);
}

/* A migrated database is its owner's: it stays where it is. */
static void test_damage_beside_others(void **state) {
    const char *path = store_path(*state);
    struct stat sb;
    nxc_error err;
    nxc__store *s = open_store(path, 0, 0);
    for (uint64_t i = 0; i < 2000; i++)
        store_put_embedding(s, i);
    nxc__store_close(s);
    store_exec(path, "CREATE TABLE features (id INTEGER PRIMARY KEY)");
    assert_int_equal(stat(path, &sb), 0);
    store_overwrite(path, 8 * 4096, "\xFF\xFF\xFF",
                    (size_t)sb.st_size - 10 * 4096);
    s = open_store(path, 0, 0);
    nxc__store_reader *r = store_reader(s);
    for (uint64_t i = 0; i < 2000; i++)
        store_has_embedding(r, i);
    store_put_embedding(s, 1);
    assert_int_equal(nxc__store_flush(s, &err), NXC_ERR_FORMAT);
    assert_non_null(strstr(err.message, "restore it from a backup"));
    assert_null(nxc__store_set_aside_as(s));
    assert_int_equal(count(NXC_METRIC_tier_disabled), 1);
    assert_int_equal(count(NXC_METRIC_store_quarantined), 0);
    store_put_embedding(s, 1); /* no more than a loss of time */
    store_flush(s);
    assert_false(store_has_embedding(r, 1));
    nxc__store_reader_free(r);
    nxc__store_close(s);
    assert_int_equal(access(path, F_OK), 0);
}

/* Random bit flips anywhere: never a wrong number, never a crash. */
static void test_flipped_bits(void **state) {
    const char *path = store_path(*state);
    enum { ROWS = 60, ROUNDS = 150 };
    nxc__store *s = open_store(path, 0, 0);
    for (uint64_t i = 0; i < ROWS; i++) {
        store_put_embedding(s, i);
        store_put_vector(s, i);
    }
    nxc__store_close(s);
    size_t size;
    char *good = store_read_file(path, &size);
    uint64_t seed = 20261125;
    for (int round = 0; round < ROUNDS; round++) {
        char victim[1200];
        snprintf(victim, sizeof victim, "%s/flip%d.db", (const char *)*state,
                 round);
        char *bad = nxc__alloc(&nxc__allocator_default, size);
        memcpy(bad, good, size);
        for (uint64_t k = 0; k < 1 + nxc_random(&seed) % 8; k++)
            bad[nxc_random(&seed) % size] ^= (char)(1 << nxc_random(&seed) % 8);
        store_write_file(victim, bad, size);
        nxc__free(&nxc__allocator_default, bad, size);
        nxc__store_options o = {.metrics = &metrics};
        nxc_error err;
        if (nxc__store_open(victim, &o, NULL, &s, &err) != NXC_OK) continue;
        nxc__store_reader *r = store_reader(s);
        nxc__store_stats stats;
        for (uint64_t i = 0; i < ROWS; i++) {
            store_has_embedding(r, i); /* fails the test if it is wrong */
            store_has_vector(r, i);
        }
        nxc__store_get_stats(r, true, &stats, &err);
        nxc__store_flush(s, &err);
        nxc__store_reader_free(r);
        nxc__store_close(s);
    }
    nxc__free(&nxc__allocator_default, good, size);
}

/* Cut anywhere: opened or set aside, never wrong. */
static void test_truncated(void **state) {
    const char *path = store_path(*state);
    char cut[1100];
    enum { ROWS = 20, STEP = 997 };
    nxc__store *s = open_store(path, 0, 0);
    for (uint64_t i = 0; i < ROWS; i++)
        store_put_embedding(s, i);
    nxc__store_close(s);
    size_t size;
    char *good = store_read_file(path, &size);
    for (size_t n = 0; n < size; n += n < 120 ? 7 : STEP) {
        snprintf(cut, sizeof cut, "%s/cut%zu.db", (const char *)*state, n);
        store_write_file(cut, good, n);
        s = open_store(cut, 0, 0);
        nxc__store_reader *r = store_reader(s);
        nxc_error err;
        for (uint64_t i = 0; i < ROWS; i++)
            store_has_embedding(r, i); /* fails the test if it is wrong */
        nxc__store_flush(s, &err);
        store_put_embedding(s, 1);
        nxc__store_flush(s, &err);
        store_has_embedding(r, 1);
        nxc__store_reader_free(r);
        nxc__store_close(s);
    }
    nxc__free(&nxc__allocator_default, good, size);
}

/* ---------------------------------------------------------- two writers */

static void test_second_is_reader(void **state) {
    const char *path = store_path(*state);
    nxc_error err;
    nxc__store *first = open_store(path, 0, 0);
    store_put_vector(first, 1);
    store_flush(first);
    nxc__store *second = open_store(path, 0, 0);
    assert_true(nxc__store_is_writer(first));
    assert_false(nxc__store_is_writer(second));
    nxc__store_reader *r = store_reader(second);
    assert_true(store_has_vector(r, 1));
    uint64_t dropped = count(NXC_METRIC_store_queue_dropped);
    store_put_vector(second, 2);
    store_flush(second);
    assert_false(store_has_vector(r, 2));
    assert_int_equal(count(NXC_METRIC_store_queue_dropped), dropped + 1);
    assert_int_equal(nxc__store_clear(second, &err), NXC_ERR_STATE);
    store_put_vector(first, 3);
    store_flush(first);
    assert_true(store_has_vector(r, 3));
    nxc__store_reader_free(r);
    nxc__store_close(second);
    nxc__store_close(first);
}

/* The same across processes, and a file or folder that may not be written. */
static void as_nobody(const char *path, nxc_status want, bool is_writer) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        nxc__store_options o = {.max_bytes = 0};
        nxc__store *s = NULL;
        nxc_error err;
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(2);
        nxc_status st = nxc__store_open(path, &o, NULL, &s, &err);
        bool ok = st == want &&
                  (st != NXC_OK || nxc__store_is_writer(s) == is_writer);
        if (!ok)
            fprintf(stderr, "got %s: %s\n", nxc_status_name(st),
                    st == NXC_OK ? "writer" : err.message);
        _exit(ok ? 0 : 1);
    }
    int code = 0;
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_int_equal(code, 0);
}

static void test_permissions(void **state) {
    const char *path = store_path(*state);
    nxc__store *s = open_store(path, 0, 0);
    store_put_vector(s, 1);
    store_flush(s);
    assert_int_equal(chmod(*state, 0777), 0);
    as_nobody(path, NXC_OK, false); /* the other process reads */
    nxc__store_close(s);
    assert_int_equal(chmod(path, 0444), 0);
    if (geteuid() == 0) as_nobody(path, NXC_OK, false);
    assert_int_equal(chmod(path, 0000), 0);
    if (geteuid() == 0) as_nobody(path, NXC_ERR_IO, false);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(chmod(*state, 0000), 0);
    if (geteuid() == 0) as_nobody(path, NXC_ERR_IO, false);
    assert_int_equal(chmod(*state, 0755), 0);
}

static void test_bad_paths(void **state) {
    char path[1400];
    nxc__store_options o = {.max_bytes = 0};
    nxc__store *s;
    nxc_error err;
    (void)state;
    assert_int_equal(nxc__store_open("", &o, NULL, &s, &err), NXC_ERR_INVALID);
    memset(path, 'a', sizeof path);
    path[1024] = 0;
    assert_int_equal(nxc__store_open(path, &o, NULL, &s, &err),
                     NXC_ERR_INVALID);
    assert_int_equal(
        nxc__store_open("/no/such/folder/store.db", &o, NULL, &s, &err),
        NXC_ERR_IO);
}

/* ---------------------------------------------------------- threads */

typedef struct worker {
    nxc__store *store;
    uint64_t seed;
    pthread_t thread;
} worker;

static void *work(void *arg) {
    worker *w = arg;
    nxc__store_reader *r = store_reader(w->store);
    for (int i = 0; i < 2000; i++) {
        uint64_t k = nxc_random(&w->seed) % 500;
        if (!store_has_embedding(r, k)) store_put_embedding(w->store, k);
        if (!store_has_vector(r, k)) store_put_vector(w->store, k);
    }
    nxc__store_reader_free(r);
    return NULL;
}

static void test_threads(void **state) {
    enum { N = 4 };
    worker workers[N];
    nxc__store *s = open_store(store_path(*state), 600000, 0);
    for (size_t i = 0; i < N; i++) {
        workers[i] = (worker){s, i, 0};
        assert_int_equal(
            pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    store_flush(s);
    for (size_t i = 0; i < N; i++)
        pthread_join(workers[i].thread, NULL);
    store_flush(s);
    nxc__store_reader *r = store_reader(s);
    assert_true(store_stats(r, true).n_embeddings > 0);
    assert_int_equal(store_stats(r, true).n_damaged, 0);
    nxc__store_reader_free(r);
    assert_int_equal(count(NXC_METRIC_store_errors), 0);
    assert_int_equal(count(NXC_METRIC_store_rows_damaged), 0);
    nxc__store_close(s);
}

int main(void) {
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_round_trip),
        CASE(test_keys),
        CASE(test_limits_of_a_row),
        CASE(test_replace),
        CASE(test_ttl),
        CASE(test_size_limit),
        CASE(test_clear),
        CASE(test_recent),
        CASE(test_full_queue),
        CASE(test_damaged_rows),
        CASE(test_verify),
        CASE(test_damaged_files),
        CASE(test_damage_at_run_time),
        CASE(test_damage_beside_others),
        CASE(test_flipped_bits),
        CASE(test_truncated),
        CASE(test_second_is_reader),
        CASE(test_permissions),
        CASE(test_bad_paths),
        CASE(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
