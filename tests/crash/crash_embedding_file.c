/* Kills a process that appends to, flushes and compacts an embedding file, at
 * random moments, and looks at what is left: every row whose append returned
 * must be there, with its vector and a slot, and nothing may be damaged.
 *
 *     crash_embedding_file [kills, default 50] [seed, default 1]
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "base/number.h"
#include "support/embedding_test.h"

enum { DIM = 24, MAX_DELAY_US = 30000 };

/* Append from `next` on until killed; tell each number when it is in. */
static _Noreturn void work(const test_folder *folder, uint64_t next, int to) {
    const nxc__embedding_file_options o = test_options(DIM, NXC_ROW_F32);
    nxc__embedding_file *f;
    nxc_error err;
    if (nxc__embedding_file_open(folder->path, &o, NULL, &f, &err) != NXC_OK)
        _exit(1);
    for (;; next++) {
        if (test_append(f, next, DIM, &err) != NXC_OK) _exit(2);
        if (write(to, &next, sizeof next) != sizeof next) _exit(3);
        if (next % 64 == 63 && nxc__embedding_file_sync(f, &err) != NXC_OK)
            _exit(4);
        if (next % 97 == 96 && nxc__embedding_file_compact(f, &err) != NXC_OK)
            _exit(5);
    }
}

static void check(const test_folder *folder, uint64_t n) {
    const nxc__embedding_file_options o = test_options(DIM, NXC_ROW_F32);
    nxc__embedding_file_stats stats;
    nxc__embedding_file *f = test_open(folder, &o);
    for (uint64_t i = 0; i < n; i++)
        if (!test_find(f, i, DIM))
            fail_msg("row %ju of %ju is lost", (uintmax_t)i, (uintmax_t)n);
    nxc__embedding_file_get_stats(f, true, &stats);
    assert_int_equal(stats.n_damaged + stats.n_unindexed, 0);
    assert_in_range(stats.n_rows, n, n + 1); /* one may be in and not told */
    nxc__embedding_file_close(f);
}

static size_t n_kills = 50;
static uint64_t seed = 1;

static void no_row_is_lost(void **state) {
    const test_folder *folder = *state;
    uint64_t n = 0, random = seed;
    for (size_t kill_no = 0; kill_no < n_kills; kill_no++) {
        int ends[2], status;
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(ends[0]);
            work(folder, n, ends[1]);
        }
        close(ends[1]);
        const struct timespec delay = {
            0, (long)(nxc_random(&random) % MAX_DELAY_US) * 1000};
        nanosleep(&delay, NULL);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status)); /* it did not end by itself */
        uint64_t told;
        while (read(ends[0], &told, sizeof told) == sizeof told)
            n = told + 1;
        close(ends[0]);
        check(folder, n);
    }
    printf("%zu kills, %ju rows, none lost\n", n_kills, (uintmax_t)n);
    assert_true(n > 0);
}

int main(int argc, char **argv) {
    double v;
    if (argc > 1 && nxc__parse_double(nxc__str(argv[1]), &v))
        n_kills = (size_t)v;
    if (argc > 2 && nxc__parse_double(nxc__str(argv[2]), &v))
        seed = (uint64_t)v;
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
        no_row_is_lost, test_folder_setup, test_folder_teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
