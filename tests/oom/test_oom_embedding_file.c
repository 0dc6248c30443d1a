/* The embedding file with the n-th allocation failing: open, append over a
 * growth, compact. */
#include "support/embedding_test.h"
#include "support/failing_alloc.h"

#define DIM 3

static nxc_status whole_life(nxc_failing_alloc *fa, void *user,
                             nxc_error *err) {
    const test_folder *folder = user;
    const nxc__embedding_file_options o = test_options(DIM, NXC_ROW_INT8);
    nxc__embedding_file *f = NULL;
    test_folder_empty(folder);
    nxc_status st =
        nxc__embedding_file_open(folder->path, &o, &fa->alloc, &f, err);
    if (st != NXC_OK) {
        assert_null(f);
        return st;
    }
    uint64_t n = 0;
    for (; n < 1100 && st == NXC_OK; n++)
        st = test_append(f, n, DIM, err);
    if (st == NXC_OK) st = nxc__embedding_file_compact(f, err);
    if (st == NXC_OK) st = nxc__embedding_file_sync(f, err);
    for (uint64_t i = 0; i + 1 < n; i++) /* a failure leaves what was there */
        assert_true(nxc__embedding_file_find(f, test_text(i), NULL));
    nxc__embedding_file_close(f);
    return st;
}

static void every_allocation_may_fail(void **state) {
    assert_true(nxc_oom_loop("embedding file", whole_life, *state) > 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
        every_allocation_may_fail, test_folder_setup, test_folder_teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
