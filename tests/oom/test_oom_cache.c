/* Building a memory cache with the n-th allocation failing. */
#include "cache/memory_cache.h"
#include "support/failing_alloc.h"
#include "support/nxc_test.h"

static nxc_status make(nxc_failing_alloc *fa, void *user, nxc_error *err) {
    nxc__memory_cache *c = NULL;
    uint64_t value = 1;
    (void)user;
    nxc_status st =
        nxc__memory_cache_new(100, sizeof value, 8, &fa->alloc, &c, err);
    if (st != NXC_OK) {
        assert_null(c);
        return st;
    }
    size_t n = fa->n_calls;
    for (uint64_t i = 0; i < 1000; i++)
        (void)nxc__memory_cache_put(c, nxc__hash_128(&i, sizeof i), &value);
    assert_int_equal(fa->n_calls, n); /* all memory is taken at creation */
    nxc__memory_cache_free(c);
    return NXC_OK;
}
static void every_allocation_may_fail(void **state) {
    (void)state;
    assert_int_equal(nxc_oom_loop("memory cache", make, NULL), 1 + 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
