#include "crash/crash_harness.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/number.h"
#include "support/nxc_test.h"

enum { KILLS_A_FOLDER = 10, MAX_REPORTS = 1 << 20, HANG_SECONDS = 60 };

static int report_fd = -1;

void crash_report(uint64_t word) {
    /* 8 bytes are below PIPE_BUF: written whole or not at all */
    if (write(report_fd, &word, sizeof word) != (ssize_t)sizeof word) _exit(3);
}

static void empty_folder(const char *folder, bool must_remove) {
    DIR *dir = opendir(folder);
    char path[1400];
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.') unlink(path);
    }
    closedir(dir);
    if (must_remove) rmdir(folder);
}

static _Noreturn void be_child(const crash_workload *w, const char *folder,
                               uint64_t seed, crash_reports before, int fd) {
    report_fd = fd;
    for (;;)
        w->work(folder, nxc_random(&seed), before);
}

/* Half of the kills hit the start, the others the work: random microseconds
 * after the first report. */
static void wait_to_kill(int fd, uint64_t *seed, uint64_t *first,
                         size_t *n_first) {
    bool at_start = nxc_random(seed) % 2;
    uint64_t us = nxc_random(seed) % 20000;
    *n_first = 0;
    if (!at_start && read(fd, first, sizeof *first) == sizeof *first)
        *n_first = 1;
    struct timespec t = {0, (long)us * 1000};
    nanosleep(&t, NULL);
}

/* One child; appends its reports. Returns how it ended. */
static int run_child(const crash_workload *w, const char *folder,
                     uint64_t *seed, uint64_t *words, size_t *n) {
    int fds[2], code = 0;
    uint64_t child_seed = nxc_random(seed);
    crash_reports before = {words, *n};
    assert_int_equal(pipe(fds), 0);
    fflush(stdout);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(fds[0]);
        be_child(w, folder, child_seed, before, fds[1]);
    }
    close(fds[1]);
    size_t n_first;
    wait_to_kill(fds[0], seed, &words[*n], &n_first);
    *n += n_first;
    kill(pid, SIGKILL);
    while (*n < MAX_REPORTS &&
           read(fds[0], &words[*n], sizeof *words) == (ssize_t)sizeof *words)
        ++*n;
    close(fds[0]);
    while (waitpid(pid, &code, 0) < 0 && errno == EINTR)
        continue;
    return code;
}

static void hang(int signal_number) {
    static const char text[] = "crash: expected a check, got a hang\n";
    (void)signal_number;
    _exit(write(STDERR_FILENO, text, sizeof text - 1) > 0 ? 1 : 4);
}

static size_t argument(int argc, char **argv, int i, size_t def) {
    int64_t v = 0;
    if (argc <= i) return def;
    if (!nxc__parse_int(nxc__str(argv[i]), 0, INT64_MAX, &v)) {
        fprintf(stderr, "usage: %s [KILLS [SEED]]\n", argv[0]);
        exit(2);
    }
    return (size_t)v;
}

int crash_main(int argc, char **argv, const crash_workload *workloads,
               size_t n_workloads) {
    size_t kills = argument(argc, argv, 1, 50), n_killed = 0, n_reports = 0;
    uint64_t seed = argument(argc, argv, 2, 20261125);
    uint64_t *words =
        nxc__alloc(&nxc__allocator_default, MAX_REPORTS * sizeof *words);
    assert_non_null(words);
    printf("seed %ju\n", (uintmax_t)seed);
    signal(SIGALRM, hang);
    for (size_t i = 0; n_killed < kills; i++) {
        const crash_workload *w = &workloads[i % n_workloads];
        char folder[] = "/tmp/nxc-crash-XXXXXX";
        size_t n = 0;
        assert_non_null(mkdtemp(folder));
        if (w->prepare) w->prepare(folder);
        for (int k = 0; k < KILLS_A_FOLDER && n_killed < kills; k++) {
            uint64_t of_this = seed;
            int code = run_child(w, folder, &seed, words, &n);
            if (!WIFSIGNALED(code) || WTERMSIG(code) != SIGKILL)
                fail_msg("%s, seed %ju: expected to kill it, got end %d",
                         w->name, (uintmax_t)of_this, code);
            n_killed++;
            alarm(HANG_SECONDS);
            w->check(folder, of_this, (crash_reports){words, n});
            alarm(0);
        }
        n_reports += n;
        empty_folder(folder, true);
    }
    nxc__free(&nxc__allocator_default, words, MAX_REPORTS * sizeof *words);
    printf("%zu commits reported\n%zu passed, 0 failed\n", n_reports, n_killed);
    return 0;
}
