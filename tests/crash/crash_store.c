/* The store and migrate under SIGKILL: no committed row is lost, none is
 * wrong, the owner's tables stay, nothing hangs. */
#include <string.h>

#include "cache/migrate.h"
#include "crash/crash_harness.h"
#include "support/store_test.h"

static const char *in(const char *folder, const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}
static nxc__store *open_in(const char *folder, uint64_t max_bytes) {
    nxc__store_options o = {.max_bytes = max_bytes};
    return store_open(in(folder, "store.db"), &o);
}
/* A killed process is no damage. */
static nxc__store *open_to_check(const char *folder) {
    nxc__store *s = open_in(folder, 0);
    assert_null(nxc__store_set_aside_as(s));
    return s;
}
static void make_store(const char *folder) {
    nxc__store_close(open_in(folder, 0));
}
static void put_both(nxc__store *s, uint64_t i) {
    store_put_embedding(s, i);
    store_put_vector(s, i);
}
static void check_whole(nxc__store *s, nxc__store_reader *r) {
    store_flush(s);
    assert_int_equal(store_stats(r, true).n_damaged, 0);
}

/* ---- puts: row i is reported when it is committed */

static void work_put(const char *folder, uint64_t seed, crash_reports before) {
    nxc__store *s = open_in(folder, 0);
    nxc__store_reader *r = store_reader(s);
    for (uint64_t i = before.n;;) {
        uint64_t n = 1 + nxc_random(&seed) % 30, from = i;
        for (; i < from + n; i++)
            put_both(s, i);
        store_has_embedding(r, nxc_random(&seed) % i); /* an access */
        store_flush(s);
        for (; from < i; from++)
            crash_report(from);
    }
}
static void check_put(const char *folder, uint64_t seed, crash_reports all) {
    nxc__store *s = open_to_check(folder);
    nxc__store_reader *r = store_reader(s);
    for (size_t i = 0; i < all.n; i++)
        if (!store_has_embedding(r, all.words[i]) ||
            !store_has_vector(r, all.words[i]))
            fail_msg("seed %ju: row %ju was committed and is lost",
                     (uintmax_t)seed, (uintmax_t)all.words[i]);
    check_whole(s, r);
    nxc__store_reader_free(r);
    nxc__store_close(s);
}

/* ---- eviction: the row that was committed last is there */

static void work_evict(const char *folder, uint64_t seed,
                       crash_reports before) {
    nxc__store *s = open_in(folder, 400000);
    for (uint64_t i = before.n;; i++) {
        for (uint64_t k = 0; k < nxc_random(&seed) % 20; k++)
            store_put_embedding(s, 1000000 + nxc_random(&seed) % 1000000);
        put_both(s, i);
        store_flush(s);
        crash_report(i);
    }
}
static void check_evict(const char *folder, uint64_t seed, crash_reports all) {
    nxc__store *s = open_to_check(folder);
    nxc__store_reader *r = store_reader(s);
    if (all.n && !store_has_embedding(r, all.words[all.n - 1]))
        fail_msg("seed %ju: the last row is lost", (uintmax_t)seed);
    for (size_t i = 0; i < all.n; i++) { /* right or gone */
        store_has_embedding(r, all.words[i]);
        store_has_vector(r, all.words[i]);
    }
    check_whole(s, r);
    nxc__store_reader_free(r);
    nxc__store_close(s);
}

/* ---- clear: what was put since the last one is there; or, if one was begun,
 * all of it or nothing */

#define CLEAR_BEGINS (UINT64_C(1) << 62)
#define CLEAR_DONE (UINT64_C(1) << 61)

static void work_clear(const char *folder, uint64_t seed,
                       crash_reports before) {
    nxc__store *s = open_in(folder, 0);
    nxc_error err;
    for (uint64_t i = before.n;;) {
        uint64_t n = nxc_random(&seed) % 40;
        for (; n; n--, i++) {
            put_both(s, i);
            store_flush(s);
            crash_report(i);
        }
        crash_report(CLEAR_BEGINS);
        assert_ok(nxc__store_clear(s, &err), err);
        crash_report(CLEAR_DONE);
        i += 2;
    }
}
static bool is_mark(uint64_t word) {
    return word == CLEAR_BEGINS || word == CLEAR_DONE;
}
static void check_clear(const char *folder, uint64_t seed, crash_reports all) {
    nxc__store *s = open_to_check(folder);
    nxc__store_reader *r = store_reader(s);
    bool is_clearing = all.n && all.words[all.n - 1] == CLEAR_BEGINS;
    size_t n_rows = 0, n_found = 0;
    for (size_t i = all.n - is_clearing; i && !is_mark(all.words[i - 1]); i--) {
        n_rows++;
        n_found += store_has_embedding(r, all.words[i - 1]) &&
                   store_has_vector(r, all.words[i - 1]);
    }
    if (n_found != n_rows && !(is_clearing && n_found == 0))
        fail_msg("seed %ju: expected %zu rows since a clear, got %zu",
                 (uintmax_t)seed, n_rows, n_found);
    check_whole(s, r);
    nxc__store_reader_free(r);
    nxc__store_close(s);
}

/* ---- migrate: the owner's rows stay, and the next run ends it */

enum { OWNER_ROWS = 3000 };

/* Whole or not there. */
static void make_owner(const char *path) {
    char name[300], journal[320];
    snprintf(name, sizeof name, "%s.new", path);
    snprintf(journal, sizeof journal, "%s-journal", name);
    unlink(name);
    unlink(journal);
    store_exec(
        name,
        "CREATE TABLE features (id INTEGER PRIMARY KEY, prompt TEXT);"
        "CREATE TABLE feature_vector_cache (id INTEGER PRIMARY KEY,"
        " prompt_hash TEXT, feature_vector BLOB);"
        "CREATE TABLE embedding_cache (id INTEGER PRIMARY KEY, text_hash TEXT,"
        " embedding BLOB);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE"
        " i<3000) INSERT INTO features SELECT i, 'prompt ' || i FROM n;"
        "INSERT INTO embedding_cache SELECT id, prompt, zeroblob(1500) FROM"
        " features WHERE id<1000");
    assert_int_equal(rename(name, path), 0);
}
static void work_migrate(const char *folder, uint64_t seed,
                         crash_reports before) {
    nxc__migration m;
    nxc_error err;
    (void)seed;
    for (uint64_t i = before.n;; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/owner%ju.db", folder, (uintmax_t)i % 4);
        if (access(path, F_OK) != 0) make_owner(path);
        assert_ok(nxc__migrate(path, false, &m, &err), err);
        nxc__store_options o = {.max_bytes = 0};
        nxc__store *s = store_open(path, &o);
        put_both(s, i);
        store_flush(s);
        crash_report(i);
        nxc__store_close(s);
        if (i % 8 < 4) unlink(path); /* as if it had come anew */
    }
}
static void check_migrate(const char *folder, uint64_t seed,
                          crash_reports all) {
    nxc__migration m;
    nxc_error err;
    (void)all;
    for (int i = 0; i < 4; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/owner%d.db", folder, i);
        if (access(path, F_OK) != 0) continue;
        if (nxc__migrate(path, false, &m, &err) != NXC_OK)
            fail_msg("seed %ju: %s", (uintmax_t)seed, err.message);
        int64_t n = store_query(path, "SELECT count(*) FROM features WHERE"
                                      " prompt='prompt ' || id AND"
                                      " pattern_confidence=0.5");
        if (n != OWNER_ROWS)
            fail_msg("seed %ju: expected %d rows of the owner, got %lld",
                     (uintmax_t)seed, OWNER_ROWS, (long long)n);
        assert_ok(nxc__migrate(path, false, &m, &err), err);
        assert_int_equal(m.n_steps, 0);
    }
}

/* ---- a damaged file is set aside, whenever that is cut short */

static void work_quarantine(const char *folder, uint64_t seed,
                            crash_reports before) {
    char text[20000];
    memset(text, 'x', sizeof text);
    store_write_file(in(folder, "store.db"), text, sizeof text);
    nxc__store *s = open_in(folder, 0);
    put_both(s, before.n);
    store_flush(s);
    crash_report(seed);
    nxc__store_close(s);
}
static void check_quarantine(const char *folder, uint64_t seed,
                             crash_reports all) {
    nxc__store *s = open_in(folder, 0);
    nxc__store_reader *r = store_reader(s);
    (void)seed;
    (void)all;
    put_both(s, 77);
    check_whole(s, r);
    assert_true(store_has_embedding(r, 77));
    nxc__store_reader_free(r);
    nxc__store_close(s);
}

int main(int argc, char **argv) {
    static const crash_workload workloads[] = {
        {"put", make_store, work_put, check_put},
        {"evict", make_store, work_evict, check_evict},
        {"clear", make_store, work_clear, check_clear},
        {"migrate", NULL, work_migrate, check_migrate},
        {"quarantine", NULL, work_quarantine, check_quarantine},
    };
    return crash_main(argc, argv, workloads,
                      sizeof workloads / sizeof *workloads);
}
