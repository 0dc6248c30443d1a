/*
 * A power cut at every flush, and between them, of the store and of the
 * embedding file (support/power_log.h): what is left opens, has no damage, and
 * has every row that was committed before a flush ended; what it finds is
 * right, and it can be written again.
 *
 *     test_power_loss          some cuts
 *     test_power_loss N        N seeded ones between the flushes
 *
 * The store runs with synchronous=NORMAL: a commit is durable when the log is
 * flushed next, by a checkpoint at the latest. The embedding file is durable
 * after nxc__embedding_file_sync.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/embedding_test.h"
#include "support/fault_vfs.h"
#include "support/power_log.h"
#include "support/store_test.h"

enum { N_ROWS = 900, DIM = 24, N_TEXTS = 700 };
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
static size_t n_cuts = 6;
#else
static size_t n_cuts = 40;
#endif
static power_log events;

/* Every cut that is looked at: after each flush and at seeded places between;
 * nothing, everything and two draws of what was not flushed. */
typedef void (*look)(const char *folder, uint64_t durable);
static size_t cuts(const char *flushed, look look_at) {
    uint64_t seed = 7;
    size_t n = 0;
    for (size_t i = 1; i <= events.n; i++) {
        bool is_flush = events.events[i - 1].kind == POWER_SYNC ||
                        events.events[i - 1].kind == POWER_SYNC_NAMES;
        if (!is_flush && nxc_random(&seed) % events.n >= n_cuts) continue;
        for (uint64_t how = 0; how < POWER_FIRST_SEED + 2; how++) {
            char *folder = store_folder();
            uint64_t draw = how < POWER_FIRST_SEED ? how : how + 2 * i;
            power_cut(&events, i, draw, folder);
            look_at(folder, power_durable_mark(&events, i, flushed));
            store_remove_folder(folder);
            n++;
        }
    }
    return n;
}

/* ---- the store */

static void written(void *user, const char *path, const void *bytes, size_t n,
                    uint64_t at) {
    power_write(user, path, bytes, n, at);
}
static void truncated(void *user, const char *path, uint64_t size) {
    power_truncate(user, path, size);
}
/* SQLite flushes the folder with the first flush of a new log or journal. */
static void synced(void *user, const char *path) {
    bool is_main =
        strlen(path) > 3 && strcmp(path + strlen(path) - 3, ".db") == 0;
    if (power_sync(user, path) && !is_main) power_sync_names(user);
}
static void deleted(void *user, const char *path, bool is_folder_synced) {
    power_unlink(user, path);
    if (is_folder_synced) power_sync_names(user);
}

/* Some thousand pages of the log, so that it is checkpointed and begun again
 * while rows come. */
static void write_store(const char *path) {
    nxc__store_options o = {0};
    for (uint64_t i = 0; i < N_ROWS;) {
        nxc__store *s = store_open(path, &o);
        for (size_t k = 0; k < N_ROWS / 2; k++, i++) {
            store_put_embedding(s, i);
            store_put_vector(s, i);
            if (i % 3 != 2) continue;
            store_flush(s);
            power_mark(&events, i + 1);
        }
        nxc__store_close(s);
    }
}

static void look_at_store(const char *folder, uint64_t durable) {
    nxc__store_options o = {0};
    nxc__store *s = store_open(store_path(folder), &o);
    assert_null(nxc__store_set_aside_as(s));
    nxc__store_reader *r = store_reader(s);
    nxc__store_stats stats = store_stats(r, true);
    assert_int_equal(stats.n_damaged, 0);
    for (uint64_t i = 0; i < N_ROWS; i++) { /* a wrong one fails */
        bool has = store_has_embedding(r, i) & store_has_vector(r, i);
        if (!has && i < durable)
            fail_msg("row %ju of %ju that were flushed is lost", (uintmax_t)i,
                     (uintmax_t)durable);
    }
    store_put_embedding(s, N_ROWS);
    store_flush(s);
    assert_true(store_has_embedding(r, N_ROWS));
    nxc__store_reader_free(r);
    nxc__store_close(s);
}

static void the_store_survives_a_power_cut(void **state) {
    fault_observer observer = {&events, written, truncated, synced, deleted};
    char *folder = store_folder();
    (void)state;
    power_log_init(&events);
    fault_vfs_install();
    fault_vfs_observe(&observer);
    write_store(store_path(folder));
    fault_vfs_observe(NULL);
    fault_vfs_remove();
    store_remove_folder(folder);
    assert_int_equal(power_durable_mark(&events, events.n, "store.db-wal"),
                     N_ROWS);
    assert_true(cuts("store.db-wal", look_at_store) > 4 * 8);
    power_log_release(&events);
}

/* ---- the embedding file */

/* The path of a descriptor, as the system says. */
static const char *path_of(int fd) {
    static char path[256];
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    assert_true(n > 0);
    path[n] = 0;
    return path;
}
static ssize_t write_at(void *user, int fd, const void *bytes, size_t n,
                        off_t at) {
    ssize_t put = pwrite(fd, bytes, n, at);
    if (put > 0)
        power_write(user, path_of(fd), bytes, (size_t)put, (uint64_t)at);
    return put;
}
static int sync_file(void *user, int fd) {
    struct stat sb;
    assert_int_equal(fstat(fd, &sb), 0);
    if (S_ISDIR(sb.st_mode))
        power_sync_names(user);
    else
        power_sync(user, path_of(fd));
    return 0;
}
static int rename_file(void *user, const char *from, const char *to) {
    power_rename(user, from, to);
    return rename(from, to);
}
static const nxc__file_io io = {&events, write_at, sync_file, rename_file};

static nxc__embedding_file *open_file(const char *folder,
                                      const nxc__file_io *with) {
    char path[300];
    nxc__embedding_file *f;
    nxc_error err;
    nxc__embedding_file_options o = {
        .dim = DIM, .type = NXC_ROW_F32, .model = test_text(1), .io = with};
    snprintf(path, sizeof path, "%s/e.nxe", folder);
    assert_ok(nxc__embedding_file_open(path, &o, NULL, &f, &err), err);
    return f;
}
static void append(nxc__embedding_file *f, uint64_t i) {
    float row[DIM];
    nxc_error err;
    test_vector(i, DIM, row);
    assert_ok(nxc__embedding_file_append(f, test_text(i), row, &err), err);
}

/* Growth by doubling, a second opening, compaction. */
static void write_embeddings(const char *folder) {
    nxc_error err;
    for (uint64_t i = 0; i < N_TEXTS;) {
        nxc__embedding_file *f = open_file(folder, &io);
        for (size_t k = 0; k < N_TEXTS / 2; k++, i++) {
            append(f, i);
            if (i % 7 != 6 && i + 1 < N_TEXTS) continue;
            assert_ok(nxc__embedding_file_sync(f, &err), err);
            power_mark(&events, i + 1);
        }
        if (i == N_TEXTS) assert_ok(nxc__embedding_file_compact(f, &err), err);
        nxc__embedding_file_close(f);
    }
}

static void look_at_embeddings(const char *folder, uint64_t durable) {
    float want[DIM], got[DIM];
    nxc_error err;
    nxc__embedding_file *f = open_file(folder, NULL);
    for (int round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < N_TEXTS + (uint64_t)round; i++) {
            bool has = nxc__embedding_file_find(f, test_text(i), got);
            test_vector(i, DIM, want);
            if (has) assert_memory_equal(got, want, sizeof want);
            if (!has && (i < durable || i == N_TEXTS))
                fail_msg("row %ju of %ju that were flushed is lost",
                         (uintmax_t)i, (uintmax_t)durable);
        }
        if (round) break;
        append(f, N_TEXTS);
        assert_ok(nxc__embedding_file_compact(f, &err), err);
    }
    nxc__embedding_file_stats stats;
    nxc__embedding_file_get_stats(f, true, &stats);
    assert_int_equal(stats.n_damaged, 0);
    nxc__embedding_file_close(f);
}

static void the_embedding_file_survives_a_power_cut(void **state) {
    char *folder = store_folder();
    (void)state;
    power_log_init(&events);
    write_embeddings(folder);
    store_remove_folder(folder);
    assert_true(cuts(NULL, look_at_embeddings) > 4 * 100);
    power_log_release(&events);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_store_survives_a_power_cut),
        cmocka_unit_test(the_embedding_file_survives_a_power_cut),
    };
    if (argc > 1) n_cuts = (size_t)atoll(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
