/* One writer and several readers at once: as threads of one handle, and as
 * processes. Rows appear in the order of writing; a reader goes on to the next
 * when it has found one, so it ends only if it comes to see all. */
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>

#include "support/embedding_test.h"

enum { DIM = 24, N = 5000, N_READERS = 2, MAX_SECONDS = 300 };

/* Looks for rows 0, 1, ... and for some text that is not there. */
static bool read_all(nxc__embedding_file *f, uint64_t seed) {
    float want[DIM], got[DIM];
    for (uint64_t i = 0; i < N; i++) {
        uint64_t earlier = nxc_random(&seed) % (i + 1);
        test_vector(i, DIM, want);
        while (!nxc__embedding_file_find(f, test_text(i), got))
            sched_yield();
        if (memcmp(want, got, sizeof want) != 0) return false;
        test_vector(earlier, DIM, want);
        if (!nxc__embedding_file_find(f, test_text(earlier), got) ||
            memcmp(want, got, sizeof want) != 0 ||
            nxc__embedding_file_find(f, test_text(N + i), NULL) ||
            nxc__embedding_file_n_rows(f) <= i)
            return false;
    }
    return true;
}

static void write_all(nxc__embedding_file *f) {
    nxc_error err;
    for (uint64_t i = 0; i < N; i++) {
        assert_ok(test_append(f, i, DIM, &err), err);
        if (i % 700 == 699)
            assert_ok(nxc__embedding_file_compact(f, &err), err);
        if (i % 500 == 0) assert_ok(nxc__embedding_file_sync(f, &err), err);
    }
}

static void *read_in_thread(void *file) {
    return read_all(file, 3) ? file : NULL;
}

static void threads_find_while_one_appends(void **state) {
    const nxc__embedding_file_options o = test_options(DIM, NXC_ROW_F32);
    nxc__embedding_file *f = test_open(*state, &o);
    pthread_t readers[N_READERS];
    for (int i = 0; i < N_READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_in_thread, f),
                         0);
    write_all(f);
    for (int i = 0; i < N_READERS; i++) {
        void *result;
        assert_int_equal(pthread_join(readers[i], &result), 0);
        assert_ptr_equal(result, f);
    }
    nxc__embedding_file_close(f);
}

static _Noreturn void read_in_process(const test_folder *folder, int number) {
    const nxc__embedding_file_options o = test_options(DIM, NXC_ROW_F32);
    nxc__embedding_file *f;
    nxc_error err;
    alarm(MAX_SECONDS);
    bool ok =
        nxc__embedding_file_open(folder->path, &o, NULL, &f, &err) == NXC_OK &&
        read_all(f, (uint64_t)number);
    _exit(ok ? 0 : 1);
}

static void processes_find_while_one_appends(void **state) {
    const test_folder *folder = *state;
    const nxc__embedding_file_options o = test_options(DIM, NXC_ROW_F32);
    nxc__embedding_file *f = test_open(folder, &o);
    pid_t readers[N_READERS];
    for (int i = 0; i < N_READERS; i++) {
        readers[i] = fork();
        assert_true(readers[i] >= 0);
        if (readers[i] == 0) {
            nxc__embedding_file_close(f); /* the lock stays the writer's */
            read_in_process(folder, i);
        }
    }
    write_all(f);
    for (int i = 0; i < N_READERS; i++) {
        int status;
        assert_int_equal(waitpid(readers[i], &status, 0), readers[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    nxc__embedding_file_close(f);
}

int main(void) {
#define TEST(f) \
    cmocka_unit_test_setup_teardown(f, test_folder_setup, test_folder_teardown)
    const struct CMUnitTest tests[] = {
        TEST(processes_find_while_one_appends),
        TEST(threads_find_while_one_appends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
