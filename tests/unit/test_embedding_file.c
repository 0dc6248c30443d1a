/* The embedding file: reading and writing, growth, two handles, every kind of
 * damage, and an error at each write. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "support/embedding_test.h"

#define DIM 5 /* rows of 56 bytes in float32 */

static void rows_are_found_by_text_and_number(void **state) {
    const nxc__embedding_file_options o = test_options(DIM, NXC_ROW_F32);
    nxc__embedding_file *f = test_open(*state, &o);
    nxc_error err;
    nxc__hash128 text;
    float v[DIM], want[DIM];
    assert_int_equal(nxc__embedding_file_n_rows(f), 0);
    assert_false(test_find(f, 0, DIM));
    for (uint64_t i = 0; i < 100; i++)
        assert_ok(test_append(f, i, DIM, &err), err);
    for (uint64_t i = 0; i < 100; i++) /* not written again */
        assert_ok(test_append(f, i, DIM, &err), err);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(nxc__embedding_file_n_rows(f), 100);
        for (uint64_t i = 0; i < 100; i++) {
            assert_true(test_find(f, i, DIM));
            assert_true(nxc__embedding_file_row(f, i, &text, v));
            test_vector(i, DIM, want);
            assert_memory_equal(v, want, sizeof v);
            assert_true(text.low == test_text(i).low);
        }
        assert_false(test_find(f, 100, DIM));
        assert_true(nxc__embedding_file_find(f, test_text(99), NULL));
        assert_false(nxc__embedding_file_row(f, 100, &text, v));
        nxc__embedding_file_close(f);
        f = test_open(*state, &o);
    }
    nxc__embedding_file_close(f);
}

static void what_is_not_finite_is_refused(void **state) {
    const nxc__embedding_file_options o = test_options(DIM, NXC_ROW_F32);
    nxc__embedding_file *f = test_open(*state, &o);
    nxc_error err;
    const float v[2][DIM] = {{0, NAN, 0, 0, 0}, {0, 0, 0, 0, -INFINITY}};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(
            nxc__embedding_file_append(f, test_text(1), v[i], &err),
            NXC_ERR_INVALID);
    assert_int_equal(nxc__embedding_file_n_rows(f), 0);
    nxc__embedding_file_close(f);
}

/* Random appends, syncs, compactions and openings against a map. */
static void random_operations_agree_with_a_map(void **state) {
    enum { N_TEXTS = 6000 };
    const nxc__embedding_file_options o = test_options(DIM, NXC_ROW_F32);
    nxc__embedding_file *f = test_open(*state, &o);
    static bool is_there[N_TEXTS];
    nxc_error err;
    uint64_t seed = 5;
    size_t n = 0;
    for (int step = 0; step < 20000; step++) {
        uint64_t r = nxc_random(&seed), i = (r >> 16) % N_TEXTS;
        if (r % 1000 == 0) {
            nxc__embedding_file_close(f);
            f = test_open(*state, &o);
        } else if (r % 1000 == 1) {
            assert_ok(nxc__embedding_file_compact(f, &err), err);
        } else if (r % 1000 < 10) {
            assert_ok(nxc__embedding_file_sync(f, &err), err);
        } else if (r % 2) {
            assert_ok(test_append(f, i, DIM, &err), err);
            n += !is_there[i];
            is_there[i] = true;
        } else if (test_find(f, i, DIM) != is_there[i]) {
            fail_msg("step %d: expected text %d %s", step, (int)i,
                     is_there[i] ? "there" : "not there");
        }
        assert_int_equal(nxc__embedding_file_n_rows(f), n);
    }
    nxc__embedding_file_stats stats;
    nxc__embedding_file_get_stats(f, true, &stats);
    assert_int_equal(stats.n_rows, n);
    assert_int_equal(stats.n_damaged + stats.n_unindexed, 0);
    assert_int_equal(stats.capacity, 8192);
    nxc__embedding_file_close(f);
}

static void a_second_handle_reads_what_the_first_appends(void **state) {
    const nxc__embedding_file_options o = test_options(DIM, NXC_ROW_F32);
    nxc__embedding_file *writer = test_open(*state, &o);
    nxc__embedding_file *reader = test_open(*state, &o);
    nxc_error err;
    for (uint64_t i = 0; i < 3000; i++) { /* over two growths */
        assert_ok(test_append(writer, i, DIM, &err), err);
        assert_true(test_find(reader, i, DIM));
    }
    assert_int_equal(nxc__embedding_file_n_rows(reader), 3000);
    assert_ok(nxc__embedding_file_compact(writer, &err), err);
    assert_ok(test_append(writer, 3000, DIM, &err), err);
    assert_int_equal(nxc__embedding_file_n_rows(reader), 3001);
    assert_int_equal(test_append(reader, 9999, DIM, &err), NXC_ERR_STATE);
    assert_int_equal(nxc__embedding_file_sync(reader, &err), NXC_ERR_STATE);
    assert_int_equal(nxc__embedding_file_compact(reader, &err), NXC_ERR_STATE);
    nxc__embedding_file_close(writer); /* the lock is free: reader takes it */
    assert_ok(test_append(reader, 9999, DIM, &err), err);
    assert_ok(nxc__embedding_file_sync(reader, &err), err);
    assert_true(test_find(reader, 9999, DIM));
    for (uint64_t i = 0; i <= 3000; i++)
        assert_true(test_find(reader, i, DIM));
    nxc__embedding_file_close(reader);
}

static void a_reader_waits_for_the_file_to_be_created(void **state) {
    const nxc__embedding_file_options o = test_options(DIM, NXC_ROW_F32);
    nxc__embedding_file *writer = test_open(*state, &o);
    const test_folder *folder = *state;
    nxc_error err;
    assert_int_equal(unlink(folder->path), 0); /* locked, and not there */
    nxc__embedding_file *reader = test_open(*state, &o);
    assert_int_equal(nxc__embedding_file_n_rows(reader), 0);
    assert_false(test_find(reader, 1, DIM));
    nxc__embedding_file_close(writer);
    writer = test_open(*state, &o);
    assert_ok(test_append(writer, 1, DIM, &err), err);
    assert_true(test_find(reader, 1, DIM));
    nxc__embedding_file_close(writer);
    nxc__embedding_file_close(reader);
}

static void another_kind_is_refused_or_set_aside(void **state) {
    nxc__embedding_file_options o = test_options(DIM, NXC_ROW_F32);
    nxc__embedding_file_options others[] = {o, o, o};
    nxc__embedding_file *f = test_open(*state, &o);
    const test_folder *folder = *state;
    nxc_error err;
    assert_ok(test_append(f, 1, DIM, &err), err);
    nxc__embedding_file_close(f);
    others[0].dim = 6;
    others[1].type = NXC_ROW_INT8;
    others[2].model.high++;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(
            nxc__embedding_file_open(folder->path, &others[i], NULL, &f, &err),
            NXC_ERR_MISMATCH);
    others[0].dim = 0;
    assert_int_equal(
        nxc__embedding_file_open(folder->path, &others[0], NULL, &f, &err),
        NXC_ERR_INVALID);
    others[2].set_aside = true;
    f = test_open(*state, &others[2]);
    assert_int_equal(nxc__embedding_file_n_rows(f), 0);
    assert_false(test_find(f, 1, DIM));
    nxc__embedding_file_close(f);
    char old[640];
    snprintf(old, sizeof old, "%s.old", folder->path);
    assert_int_equal(rename(old, folder->path), 0);
    f = test_open(*state, &o);
    assert_true(test_find(f, 1, DIM));
    nxc__embedding_file_close(f);
}

static void a_file_says_what_it_holds(void **state) {
    nxc__embedding_file_options o = test_options(DIM, NXC_ROW_INT8), got;
    const test_folder *folder = *state;
    nxc_error err;
    assert_int_equal(nxc__embedding_file_kind(folder->path, &got, &err),
                     NXC_ERR_IO);
    nxc__embedding_file_close(test_open(*state, &o));
    assert_ok(nxc__embedding_file_kind(folder->path, &got, &err), err);
    assert_int_equal(got.dim, DIM);
    assert_int_equal(got.type, NXC_ROW_INT8);
    assert_true(nxc__hash128_eq(got.model, o.model));
    assert_int_equal(truncate(folder->path, 143), 0);
    assert_int_equal(nxc__embedding_file_kind(folder->path, &got, &err),
                     NXC_ERR_FORMAT);
}

static void a_cleared_file_is_empty_for_all(void **state) {
    nxc__embedding_file_options o = test_options(DIM, NXC_ROW_F32);
    nxc__embedding_file *writer = test_open(*state, &o), *reader;
    nxc_error err;
    assert_ok(test_append(writer, 1, DIM, &err), err);
    reader = test_open(*state, &o);
    assert_true(test_find(reader, 1, DIM));
    assert_int_equal(nxc__embedding_file_clear(reader, &err), NXC_ERR_STATE);
    assert_ok(nxc__embedding_file_clear(writer, &err), err);
    assert_int_equal(nxc__embedding_file_n_rows(writer), 0);
    assert_int_equal(nxc__embedding_file_n_rows(reader), 0);
    assert_false(test_find(reader, 1, DIM));
    assert_ok(test_append(writer, 2, DIM, &err), err);
    assert_true(test_find(reader, 2, DIM));
    nxc__embedding_file_close(writer);
    nxc__embedding_file_close(reader);
}

/* Somebody deletes the file; who takes the lock next begins a new one. */
static void a_deleted_file_is_begun_anew(void **state) {
    enum { N = NXC_EMBEDDING_MIN_CAPACITY + 1 };
    nxc__embedding_file_options o = test_options(DIM, NXC_ROW_F32);
    nxc__embedding_file *writer = test_open(*state, &o), *reader;
    const test_folder *folder = *state;
    nxc_error err;
    for (size_t i = 0; i < N; i++)
        assert_ok(test_append(writer, i, DIM, &err), err);
    reader = test_open(*state, &o);
    nxc__embedding_file_close(writer);
    assert_int_equal(unlink(folder->path), 0);
    assert_true(test_find(reader, N - 1, DIM));
    assert_ok(test_append(reader, N, DIM, &err), err);
    assert_true(test_find(reader, N, DIM));
    assert_int_equal(nxc__embedding_file_n_rows(reader), 1);
    nxc__embedding_file_close(reader);
}

/* --------------------------------------------------------------- damage */

static void copy_of(const test_folder *f, nxc_str *out) {
    nxc_error err;
    assert_ok(nxc__file_read(f->path, (size_t)1 << 20, &nxc__allocator_default,
                             out, &err),
              err);
}
static void put_bytes(const test_folder *f, const void *bytes, size_t n) {
    unlink(f->path); /* truncating would wait for the disk */
    FILE *file = fopen(f->path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static nxc_str small_file(const test_folder *folder,
                          const nxc__embedding_file_options *o, uint64_t n) {
    nxc_str bytes;
    nxc_error err;
    nxc__embedding_file *f = test_open(folder, o);
    for (uint64_t i = 0; i < n; i++)
        assert_ok(test_append(f, i, o->dim, &err), err);
    nxc__embedding_file_close(f);
    copy_of(folder, &bytes);
    return bytes;
}

static void cut_at_each_byte_all_whole_rows_are_there(void **state) {
    enum { N = 4 };
    const nxc__embedding_file_options o = test_options(DIM, NXC_ROW_F32);
    const test_folder *folder = *state;
    const size_t rows_at = NXC_EMBEDDING_SLOTS_AT + 2 * 1024 * 8;
    nxc_str whole = small_file(folder, &o, N);
    assert_int_equal(whole.len, rows_at + N * 56);
    nxc__embedding_file *f;
    nxc_error err;
    for (size_t len = 0; len <= whole.len;
         len += len > 200 && len < rows_at - 100 ? 97 : 1) {
        put_bytes(folder, whole.ptr, len);
        nxc_status st =
            nxc__embedding_file_open(folder->path, &o, NULL, &f, &err);
        if (len < rows_at) {
            assert_int_equal(st, NXC_ERR_FORMAT);
            continue;
        }
        assert_int_equal(st, NXC_OK);
        size_t n = (len - rows_at) / 56;
        assert_int_equal(nxc__embedding_file_n_rows(f), n);
        for (uint64_t i = 0; i < N; i++)
            assert_int_equal(test_find(f, i, DIM), i < n);
        for (uint64_t i = 0; i < N + 1; i++) /* what is cut off is made good */
            assert_ok(test_append(f, i, DIM, &err), err);
        assert_int_equal(nxc__embedding_file_n_rows(f), N + 1);
        for (uint64_t i = 0; i < N + 1; i++)
            assert_true(test_find(f, i, DIM));
        nxc__embedding_file_close(f);
    }
    nxc__free_str(&nxc__allocator_default, whole);
}

/* Rows without slots, as a process that ended between the two leaves them. */
static void the_next_writer_indexes_what_has_no_slot(void **state) {
    enum { N = 40 };
    const nxc__embedding_file_options o = test_options(DIM, NXC_ROW_F32);
    const test_folder *folder = *state;
    nxc_str whole = small_file(folder, &o, N);
    char *bytes = nxc__alloc(&nxc__allocator_default, whole.len);
    assert_non_null(bytes);
    memcpy(bytes, whole.ptr, whole.len);
    memset(bytes + NXC_EMBEDDING_SLOTS_AT, 0, 2 * 1024 * 8);
    put_bytes(folder, bytes, whole.len);
    nxc__embedding_file *f = test_open(folder, &o);
    for (uint64_t i = 0; i < N; i++)
        assert_true(test_find(f, i, DIM));
    nxc__embedding_file_close(f);
    nxc__free(&nxc__allocator_default, bytes, whole.len);
    nxc__free_str(&nxc__allocator_default, whole);
}

/* One bit, anywhere: a row is found with its vector or not at all, and what is
 * not found can be appended. */
static void flip_and_check(const test_folder *folder, char *bytes, size_t len,
                           size_t at, int bit) {
    enum { N = 4 };
    const nxc__embedding_file_options o = test_options(DIM, NXC_ROW_F32);
    nxc__embedding_file *f;
    nxc_error err;
    bytes[at] = (char)(bytes[at] ^ (1 << bit));
    put_bytes(folder, bytes, len);
    bytes[at] = (char)(bytes[at] ^ (1 << bit));
    if (nxc__embedding_file_open(folder->path, &o, NULL, &f, &err) != NXC_OK) {
        assert_true(at < NXC_EMBEDDING_SLOTS_AT);
        return;
    }
    size_t n_found = 0;
    for (uint64_t i = 0; i < N; i++)
        n_found += test_find(f, i, DIM);
    assert_true(n_found >= N - 1);
    for (uint64_t i = 0; i < N; i++)
        assert_ok(test_append(f, i, DIM, &err), err);
    for (uint64_t i = 0; i < N; i++)
        assert_true(test_find(f, i, DIM));
    assert_ok(nxc__embedding_file_compact(f, &err), err);
    assert_int_equal(nxc__embedding_file_n_rows(f), N);
    for (uint64_t i = 0; i < N; i++)
        assert_true(test_find(f, i, DIM));
    nxc__embedding_file_close(f);
}

static void a_flipped_bit_never_gives_a_wrong_vector(void **state) {
    const nxc__embedding_file_options o = test_options(DIM, NXC_ROW_F32);
    const test_folder *folder = *state;
    nxc_str whole = small_file(folder, &o, 4);
    char *bytes = nxc__alloc(&nxc__allocator_default, whole.len);
    assert_non_null(bytes);
    memcpy(bytes, whole.ptr, whole.len);
    for (size_t at = 0; at < whole.len; at++) {
        bool is_header = at < 144, is_row = at >= whole.len - 4 * 56;
        if (is_header || is_row || bytes[at])
            flip_and_check(folder, bytes, whole.len, at, (int)(at % 8));
    }
    nxc__free(&nxc__allocator_default, bytes, whole.len);
    nxc__free_str(&nxc__allocator_default, whole);
}

/* ------------------------------------------------------------ I/O errors */

/* Fails the n-th call, once or from then on, after half of what it was to
 * write. */
typedef struct failing_io {
    nxc__file_io io;
    size_t n_calls, fail_at;
    bool onward;
    int code;
} failing_io;

static bool fails(failing_io *f) {
    f->n_calls++;
    bool now = f->n_calls == f->fail_at ||
               (f->onward && f->fail_at && f->n_calls > f->fail_at);
    if (now) errno = f->code;
    return now;
}
static ssize_t write_at(void *user, int fd, const void *bytes, size_t n,
                        off_t offset) {
    if (!fails(user)) return pwrite(fd, bytes, n, offset);
    int code = errno;
    (void)!pwrite(fd, bytes, n / 2, offset);
    errno = code;
    return -1;
}
static int sync_fd(void *user, int fd) {
    return fails(user) ? -1 : test_sync(user, fd);
}
static int rename_file(void *user, const char *from, const char *to) {
    return fails(user) ? -1 : rename(from, to);
}

enum { WORK = 1040 }; /* one growth */

/* Returns whether anything failed. done[i]: append said that i is there. */
static bool workload(const test_folder *folder, failing_io *io, bool *done) {
    nxc__embedding_file_options o = test_options(DIM, NXC_ROW_F32);
    nxc__embedding_file *f;
    nxc_error err;
    bool failed = false;
    o.io = &io->io;
    if (nxc__embedding_file_open(folder->path, &o, NULL, &f, &err) != NXC_OK)
        return true;
    for (uint64_t i = 0; i < WORK; i++) {
        done[i] = test_append(f, i, DIM, &err) == NXC_OK;
        if (!done[i]) assert_int_equal(err.code, NXC_ERR_IO);
        failed |= !done[i];
    }
    failed |= nxc__embedding_file_sync(f, &err) != NXC_OK;
    failed |= nxc__embedding_file_compact(f, &err) != NXC_OK;
    for (uint64_t i = 0; i < WORK; i++) /* at once ... */
        if (done[i]) assert_true(test_find(f, i, DIM));
    nxc__embedding_file_close(f);
    return failed;
}

static void an_error_at_each_write_loses_nothing(void **state) {
    const nxc__embedding_file_options o = test_options(DIM, NXC_ROW_F32);
    const test_folder *folder = *state;
    static bool done[WORK];
    nxc_error err;
    size_t n_failures = 0;
    for (size_t at = 1;; at += at > 20 && at < 2000 ? 331 : 1) {
        bool failed = false;
        for (int onward = 0; onward < 2; onward++) {
            failing_io io = {{NULL, write_at, sync_fd, rename_file},
                             0,
                             at,
                             onward,
                             at % 2 ? ENOSPC : EIO};
            io.io.user = &io;
            memset(done, 0, sizeof done);
            test_folder_empty(folder);
            failed = workload(folder, &io, done);
            nxc__embedding_file *f = test_open(folder, &o);
            for (uint64_t i = 0; i < WORK; i++) { /* ... and afterwards */
                if (done[i]) assert_true(test_find(f, i, DIM));
                assert_ok(test_append(f, i, DIM, &err), err);
                assert_true(test_find(f, i, DIM));
            }
            nxc__embedding_file_close(f);
        }
        n_failures += failed;
        if (!failed) break;
    }
    assert_true(n_failures > 30);
}

static void a_file_that_cannot_be_written_is_read(void **state) {
    const nxc__embedding_file_options o = test_options(DIM, NXC_ROW_F32);
    const test_folder *folder = *state;
    nxc_error err;
    if (geteuid() == 0) { /* root may write everything */
        nxc__embedding_file *f;
        assert_int_equal(
            nxc__embedding_file_open("/nowhere/e.nxe", &o, NULL, &f, &err),
            NXC_ERR_IO);
        return;
    }
    nxc_str bytes = small_file(folder, &o, 3);
    nxc__free_str(&nxc__allocator_default, bytes);
    assert_int_equal(chmod(folder->path, 0400), 0);
    nxc__embedding_file *f = test_open(folder, &o);
    assert_true(test_find(f, 2, DIM));
    assert_int_equal(test_append(f, 3, DIM, &err), NXC_ERR_IO);
    nxc__embedding_file_close(f);
}

int main(void) {
#define TEST(f) \
    cmocka_unit_test_setup_teardown(f, test_folder_setup, test_folder_teardown)
    const struct CMUnitTest tests[] = {
        TEST(rows_are_found_by_text_and_number),
        TEST(what_is_not_finite_is_refused),
        TEST(random_operations_agree_with_a_map),
        TEST(a_second_handle_reads_what_the_first_appends),
        TEST(a_reader_waits_for_the_file_to_be_created),
        TEST(another_kind_is_refused_or_set_aside),
        TEST(a_file_says_what_it_holds),
        TEST(a_cleared_file_is_empty_for_all),
        TEST(a_deleted_file_is_begun_anew),
        TEST(cut_at_each_byte_all_whole_rows_are_there),
        TEST(the_next_writer_indexes_what_has_no_slot),
        TEST(a_flipped_bit_never_gives_a_wrong_vector),
        TEST(an_error_at_each_write_loses_nothing),
        TEST(a_file_that_cannot_be_written_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
