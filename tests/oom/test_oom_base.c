/* Out of memory in base/, and the loop itself: it must find a leak, a wrong
 * size and a swallowed failure. */
#include "base/buffer.h"
#include "base/json.h"
#include "base/strmap.h"
#include "support/failing_alloc.h"
#include "support/nxc_test.h"

static nxc_status parse_json(nxc_failing_alloc *fa, void *user,
                             nxc_error *err) {
    (void)user;
    nxc__json_doc *doc = NULL;
    nxc_status st =
        nxc__json_parse(NXC_STR("t"), NXC_STR("{\"a\": [1, \"x\", {}]}"), NULL,
                        &fa->alloc, &doc, err);
    if (st != NXC_OK) assert_null(doc);
    nxc__json_free(doc);
    return st;
}
static void json_survives(void **state) {
    (void)state;
    assert_true(nxc_oom_loop("json", parse_json, NULL) >= 2);
}

static nxc_status fill_map(nxc_failing_alloc *fa, void *user, nxc_error *err) {
    static const char keys[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST";
    (void)user;
    nxc__strmap m;
    nxc_status st = NXC_OK;
    nxc__strmap_init(&m, &fa->alloc);
    for (uint32_t i = 0; i < sizeof keys - 1 && st == NXC_OK; i++) {
        st = nxc__strmap_add(&m, (nxc_str){keys + i, 1}, i, NULL, err);
        if (st != NXC_OK) /* what was added before is still there */
            for (uint32_t j = 0; j < i; j++)
                assert_int_equal(nxc__strmap_find(&m, (nxc_str){keys + j, 1}),
                                 j);
    }
    nxc__strmap_release(&m);
    return st;
}
static void strmap_survives(void **state) {
    (void)state;
    assert_true(nxc_oom_loop("strmap", fill_map, NULL) >= 2);
}

static nxc_status fill_buffer(nxc_failing_alloc *fa, void *user,
                              nxc_error *err) {
    (void)user;
    nxc__buffer b;
    nxc__buffer_init(&b, &fa->alloc, 1u << 20);
    for (int i = 0; i < 3000; i++)
        nxc__buffer_append_z(&b, "some text");
    nxc_status st = nxc__buffer_status(&b, "b", err);
    nxc__buffer_release(&b);
    return st;
}
static void buffer_survives(void **state) {
    (void)state;
    assert_true(nxc_oom_loop("buffer", fill_buffer, NULL) >= 2);
}

static void allocator_counts_and_fails(void **state) {
    (void)state;
    nxc_failing_alloc fa;
    for (int onward = 0; onward < 2; onward++) {
        nxc_failing_init(&fa, 2, onward);
        char *a = nxc__alloc(&fa.alloc, 10);
        assert_non_null(a);
        memset(a, 7, 10);
        assert_null(nxc__realloc(&fa.alloc, a, 10, 20));
        assert_int_equal(a[9], 7); /* the old block survives */
        nxc_failing_pause(&fa);
        char *b = nxc__alloc(&fa.alloc, 5);
        assert_non_null(b);
        nxc_failing_resume(&fa);
        char *c = nxc__alloc(&fa.alloc, 5);
        assert_int_equal(c == NULL, onward);
        assert_int_equal(fa.live_bytes, onward ? 15 : 20);
        nxc__free(&fa.alloc, a, 10);
        nxc__free(&fa.alloc, b, 5);
        nxc__free(&fa.alloc, c, 5);
        assert_int_equal(fa.n_calls, 3);
        assert_int_equal(fa.n_failed, onward ? 2 : 1);
        assert_int_equal(fa.live_blocks, 0);
        assert_int_equal(fa.n_wrong_sizes, 0);
        a = nxc__realloc(&fa.alloc, NULL, 0, 0);
        if (a) nxc__free(&fa.alloc, a, 1); /* it has 0 bytes, not 1 */
        assert_int_equal(fa.n_wrong_sizes, onward ? 0 : 1);
        assert_int_equal(pthread_mutex_destroy(&fa.lock), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_survives),
        cmocka_unit_test(strmap_survives),
        cmocka_unit_test(buffer_survives),
        cmocka_unit_test(allocator_counts_and_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
