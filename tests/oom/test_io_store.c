/* The store and migrate while the n-th operation on a file fails, for every n
 * until all of the work goes through: answers are right or misses, the owner's
 * data stays, and afterwards everything works again. */
#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "cache/migrate.h"
#include "support/fault_vfs.h"
#include "support/store_test.h"

static void empty_folder(const char *folder) {
    DIR *dir = opendir(folder);
    char path[1400];
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.') unlink(path);
    }
    closedir(dir);
}

/* Puts, finds, accesses, eviction, clearing, closing, opening again. */
static void use_store(const char *path) {
    for (int round = 0; round < 2; round++) {
        nxc__store_options o = {.max_bytes = 200000, .ttl_seconds = 1000};
        nxc__store *s;
        nxc_error err;
        nxc_status st = nxc__store_open(path, &o, NULL, &s, &err);
        if (st == NXC_ERR_FORMAT || st == NXC_ERR_MISMATCH)
            fail_msg("a failed operation is no damage: %s", err.message);
        if (st != NXC_OK) continue;
        nxc__store_reader *r = store_reader(s);
        for (uint64_t i = 0; i < 120; i++) {
            store_put_embedding(s, i);
            store_put_vector(s, i);
            if (i % 40 == 39) nxc__store_flush(s, &err);
            store_has_embedding(r, i / 2); /* fails the test if it is wrong */
            store_has_vector(r, i);
        }
        nxc__store_flush(s, &err);
        if (round == 0) nxc__store_clear(s, &err);
        store_put_vector(s, 7);
        nxc__store_flush(s, &err);
        nxc__store_begin(r);
        for (uint64_t i = 0; i < 120; i++) {
            store_has_embedding(r, i);
            store_has_vector(r, i);
        }
        nxc__store_end(r);
        nxc__store_reader_free(r);
        nxc__store_close(s);
    }
}

static void make_python_system(const char *path) {
    size_t size;
    char *bytes = store_read_file(
        NXC_SOURCE_DIR "/tests/data/store/python_system.sql", &size);
    char *sql = nxc__alloc_zero(&nxc__allocator_default, size + 1);
    memcpy(sql, bytes, size);
    store_exec(path, sql);
    nxc__free(&nxc__allocator_default, bytes, size);
    nxc__free(&nxc__allocator_default, sql, size + 1);
}
static void use_migrate(const char *path) {
    nxc__migration m;
    nxc_error err;
    nxc__migrate(path, false, &m, &err);
}
/* Before or after, nothing between. */
static void check_migrate(const char *path) {
    nxc__migration m;
    nxc_error err;
    assert_ok(nxc__migrate(path, true, &m, &err), err);
    assert_true(m.n_steps == 0 || m.n_steps == 7);
    assert_ok(nxc__migrate(path, false, &m, &err), err);
    assert_int_equal(store_query(path, "SELECT count(*) FROM features"), 3);
    assert_int_equal(store_query(path, "SELECT count(*) FROM api_endpoints"),
                     2);
}

typedef struct work_case {
    const char *name;
    void (*make)(const char *path);
    void (*use)(const char *path);
    void (*check)(const char *path);
} work_case;
static const work_case works[] = {
    {"store", NULL, use_store, store_check_whole},
    {"migrate", make_python_system, use_migrate, check_migrate},
};
typedef struct fault_case {
    const char *name;
    int kinds, code;
    bool onward;
    size_t step; /* every step-th n, where there are thousands */
} fault_case;
static const fault_case faults[] = {
    {"write error, once", FAULT_WRITE, SQLITE_IOERR_WRITE, false, 1},
    {"disk full, once", FAULT_WRITE, SQLITE_FULL, false, 3},
    {"disk full", FAULT_WRITE, SQLITE_FULL, true, 3},
    {"write error", FAULT_WRITE, SQLITE_IOERR_WRITE, true, 5},
    {"read error, once", FAULT_READ, SQLITE_IOERR_READ, false, 41},
    {"open error, once", FAULT_OPEN, SQLITE_CANTOPEN, false, 1},
};

static void test_faults(void **state) {
    (void)state;
    char *folder = store_folder();
    const char *path = store_path(folder);
    fault_vfs_install();
    for (size_t i = 0; i < sizeof works / sizeof *works; i++)
        for (size_t k = 0; k < sizeof faults / sizeof *faults; k++) {
            size_t n_failed = 1, n = 1;
            for (; n_failed; n += faults[k].step) {
                empty_folder(folder);
                if (works[i].make) works[i].make(path);
                fault_vfs_arm(faults[k].kinds, n, faults[k].onward,
                              faults[k].code);
                works[i].use(path);
                n_failed = fault_vfs_disarm();
                works[i].check(path);
            }
            printf("%s: %s: all of %zu operations\n", works[i].name,
                   faults[k].name, n - faults[k].step);
            assert_true(n > 3);
        }
    fault_vfs_remove();
    store_remove_folder(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_faults)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
