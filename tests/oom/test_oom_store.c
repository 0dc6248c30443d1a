/* The store without memory: ours by its allocator, SQLite's by its own. */
#include <string.h>
#include <unistd.h>

#include "cache/migrate.h"
#include "support/failing_alloc.h"
#include "support/store_test.h"

/* ---- ours: open, a reader, recent rows */

static bool see(void *user, const nxc__vector_key *key, const float *vector,
                size_t n) {
    (void)key;
    (void)vector;
    *(size_t *)user += n;
    return true;
}
static nxc__store *const untouched = (nxc__store *)(uintptr_t)16;

static nxc_status open_and_read(nxc_failing_alloc *fa, void *user,
                                nxc_error *err) {
    nxc__store_options o = {.max_bytes = 0};
    nxc__store *s = untouched;
    nxc__store_reader *r = NULL;
    size_t n = 0;
    nxc_status st = nxc__store_open(user, &o, &fa->alloc, &s, err);
    if (st != NXC_OK) {
        assert_ptr_equal(s, untouched);
        return st;
    }
    st = nxc__store_reader_new(s, &r, err);
    if (st == NXC_OK) {
        st = nxc__store_recent_vectors(r, 10, see, &n, err);
        assert_int_equal(n, st == NXC_OK ? STORE_FEATURES : 0);
        nxc__store_reader_free(r);
    } else {
        assert_null(r);
    }
    nxc__store_close(s);
    return st;
}

static void opening_survives(void **state) {
    (void)state;
    char *folder = store_folder();
    const char *path = store_path(folder);
    nxc__store_options o = {.max_bytes = 0};
    nxc__store *s = store_open(path, &o);
    store_put_vector(s, 1);
    nxc__store_close(s);
    char name[256];
    snprintf(name, sizeof name, "%s", path);
    /* store, two tables of accesses, reader, numbers */
    assert_int_equal(nxc_oom_loop("open", open_and_read, name), 5);
    store_remove_folder(folder);
}

/* A row that the queue has no memory for is dropped, and the next is taken. */
static void putting_survives(void **state) {
    (void)state;
    char *folder = store_folder();
    const char *path = store_path(folder);
    nxc__metrics metrics;
    nxc_failing_alloc fa;
    memset(&metrics, 0, sizeof metrics);
    nxc_failing_init(&fa, 1, false);
    nxc_failing_pause(&fa);
    nxc__store_options o = {.metrics = &metrics};
    nxc__store *s = NULL;
    nxc_error err;
    assert_ok(nxc__store_open(path, &o, &fa.alloc, &s, &err), err);
    nxc__store_reader *r = store_reader(s);
    nxc_failing_resume(&fa);
    store_put_embedding(s, 1);
    store_put_embedding(s, 2);
    nxc_failing_pause(&fa);
    store_flush(s);
    assert_int_equal(nxc__metrics_get(&metrics, NXC_METRIC_store_queue_dropped),
                     1);
    assert_false(store_has_embedding(r, 1));
    assert_true(store_has_embedding(r, 2));
    nxc__store_reader_free(r);
    nxc__store_close(s);
    nxc_failing_check(&fa, "put");
    store_remove_folder(folder);
}

/* ---- SQLite's */

static sqlite3_mem_methods real_memory;
static struct {
    pthread_mutex_t lock;
    size_t at, n_calls, n_failed;
    bool onward;
} memory = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool must_fail(void) {
    pthread_mutex_lock(&memory.lock);
    memory.n_calls++;
    bool fail = memory.at && (memory.n_calls == memory.at ||
                              (memory.onward && memory.n_calls > memory.at));
    memory.n_failed += fail;
    pthread_mutex_unlock(&memory.lock);
    return fail;
}
static void *allocate(int n) {
    return must_fail() ? NULL : real_memory.xMalloc(n);
}
static void *reallocate(void *p, int n) {
    return must_fail() ? NULL : real_memory.xRealloc(p, n);
}
static void arm(size_t at, bool onward) {
    pthread_mutex_lock(&memory.lock);
    memory.at = at;
    memory.n_calls = memory.n_failed = 0;
    memory.onward = onward;
    pthread_mutex_unlock(&memory.lock);
}

static void use_store(const char *path) {
    nxc__store_options o = {.max_bytes = 150000};
    nxc__store *s;
    nxc_error err;
    nxc_status st = nxc__store_open(path, &o, NULL, &s, &err);
    if (st == NXC_ERR_FORMAT || st == NXC_ERR_MISMATCH)
        fail_msg("no memory is no damage: %s", err.message);
    if (st != NXC_OK) return;
    nxc__store_reader *r = store_reader(s);
    nxc__store_stats stats;
    for (uint64_t i = 0; i < 60; i++) {
        store_put_embedding(s, i);
        store_put_vector(s, i);
        store_has_embedding(r, i / 2); /* fails the test if it is wrong */
    }
    nxc__store_flush(s, &err);
    nxc__store_begin(r);
    for (uint64_t i = 0; i < 60; i++)
        store_has_vector(r, i);
    nxc__store_end(r);
    nxc__store_get_stats(r, true, &stats, &err);
    nxc__store_clear(s, &err);
    store_put_vector(s, 7);
    nxc__store_reader_free(r);
    nxc__store_close(s);
}

static void sqlite_without_memory(void **state) {
    enum { STEP = 23 };
    (void)state;
    char *folder = store_folder();
    const char *path = store_path(folder);
    for (int onward = 0; onward < 2; onward++) {
        size_t n_failed = 1, n = 1;
        for (; n_failed; n += STEP) {
            arm(n, onward);
            use_store(path);
            n_failed = memory.n_failed;
            arm(0, false);
            store_check_whole(path);
        }
        printf("%zu allocations of SQLite, each %dth failed%s\n", n, STEP,
               onward ? " with all after it" : "");
        assert_true(n > 1000);
    }
    store_remove_folder(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_survives),
        cmocka_unit_test(putting_survives),
        cmocka_unit_test(sqlite_without_memory),
    };
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory);
    sqlite3_mem_methods failing = real_memory;
    failing.xMalloc = allocate;
    failing.xRealloc = reallocate;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &failing);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
