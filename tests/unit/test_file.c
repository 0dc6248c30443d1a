/* Files that are replaced: what was there stays until the new one is whole. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "support/nxc_test.h"

typedef struct folder {
    char dir[512], path[600];
} folder;

static int setup(void **state) {
    static folder f;
    snprintf(f.dir, sizeof f.dir, NXC_BINARY_DIR "/file-XXXXXX");
    if (!mkdtemp(f.dir)) return -1;
    snprintf(f.path, sizeof f.path, "%s/out", f.dir);
    *state = &f;
    return 0;
}
/* Fails if a temporary file was left behind. */
static int teardown(void **state) {
    folder *f = *state;
    unlink(f->path);
    return rmdir(f->dir);
}

static void assert_content(const char *path, const char *expected) {
    nxc_error err;
    nxc_str got;
    assert_ok(nxc__file_read(path, 100, &nxc__allocator_default, &got, &err),
              err);
    assert_string_equal(got.ptr, expected);
    union {
        const char *in;
        void *out;
    } p = {got.ptr};
    nxc__free(&nxc__allocator_default, p.out, got.len + 1);
}

static void a_file_is_replaced(void **state) {
    folder *f = *state;
    nxc_error err;
    assert_ok(nxc__file_replace(f->path, "old", 3, &err), err);
    assert_content(f->path, "old");
    assert_ok(nxc__file_replace(f->path, "newer", 5, &err), err);
    assert_content(f->path, "newer");
}

static void rollback_leaves_the_old_one(void **state) {
    folder *f = *state;
    nxc_error err;
    nxc__file_writer w;
    assert_ok(nxc__file_replace(f->path, "old", 3, &err), err);
    assert_ok(nxc__file_begin(f->path, &w, &err), err);
    assert_int_equal(write(w.fd, "half", 4), 4);
    close(w.fd);
    nxc__file_rollback(&w);
    assert_content(f->path, "old");
}

static void errors_name_the_path(void **state) {
    folder *f = *state;
    nxc_error err;
    char path[640], want[720];
    snprintf(path, sizeof path, "%s/none/x", f->dir);
    assert_int_equal(nxc__file_replace(path, "x", 1, &err), NXC_ERR_IO);
    snprintf(want, sizeof want,
             "%s: expected to create, got: No such file or directory", path);
    assert_int_equal(strncmp(err.message, want, sizeof err.message - 1), 0);
    assert_int_equal(nxc__file_replace(f->dir, "x", 1, &err), NXC_ERR_IO);
    snprintf(want, sizeof want,
             "%s: expected to rename to it, got: Is a directory", f->dir);
    assert_int_equal(strncmp(err.message, want, sizeof err.message - 1), 0);
}

static void links_stay(void **state) {
    folder *f = *state;
    nxc_error err;
    struct stat sb;
    char a[640], b[640];
    snprintf(a, sizeof a, "%s/a", f->dir);
    snprintf(b, sizeof b, "%s/b", f->dir);
    assert_int_equal(symlink("out", b), 0); /* a -> b -> out, not there yet */
    assert_int_equal(symlink(b, a), 0);
    assert_ok(nxc__file_replace(a, "new", 3, &err), err);
    assert_content(f->path, "new");
    assert_int_equal(lstat(a, &sb), 0);
    assert_true(S_ISLNK(sb.st_mode));
    unlink(b);
    assert_int_equal(symlink("b", b), 0); /* a circle */
    assert_int_equal(nxc__file_replace(a, "x", 1, &err), NXC_ERR_IO);
    unlink(a);
    unlink(b);
}

/* Stands for every device: /dev/null must survive being written to. */
static void a_pipe_is_written_to(void **state) {
    folder *f = *state;
    nxc_error err;
    struct stat sb;
    char got[8] = "";
    assert_int_equal(mkfifo(f->path, 0600), 0);
    int fd = open(f->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_ok(nxc__file_replace(f->path, "abc", 3, &err), err);
    assert_int_equal(read(fd, got, sizeof got), 3);
    assert_string_equal(got, "abc");
    close(fd);
    assert_int_equal(stat(f->path, &sb), 0);
    assert_true(S_ISFIFO(sb.st_mode));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_is_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(rollback_leaves_the_old_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(errors_name_the_path, setup, teardown),
        cmocka_unit_test_setup_teardown(links_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(a_pipe_is_written_to, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
