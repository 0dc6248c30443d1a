/* Learning, counting, asking, saving and opening with the n-th allocation
 * failing. */
#include <stdio.h>

#include "statistics/snapshot.h"
#include "support/failing_alloc.h"
#include "support/learned_test.h"

#define N_OPS 4

static const nxc__snapshot_options opened = {N_OPS, {5, 6}, NULL};

static nxc_status learn(nxc__learned *l, nxc_error *err) {
    for (uint64_t i = 0; i < 20; i++) {
        char text[16];
        uint32_t row;
        (void)snprintf(text, sizeof text, "text %d", (int)i % 7);
        NXC_TRY(nxc__learned_text(l, nxc__str(text), &row, err));
        const nxc__learned_call calls[2] = {{0, row, row, NAN},
                                            {i % 4, row, NXC_NONE, 1}};
        const nxc__learned_session x = {short_hash(i + 1),
                                        short_hash(i % 3 + 1), 0, 0, 2};
        NXC_TRY(nxc__learned_add(l, &x, calls, err));
    }
    return NXC_OK;
}

static nxc_status ask(nxc_failing_alloc *fa, const nxc__statistics *s,
                      nxc_error *err) {
    uint32_t room[64];
    float prompt[NXC_DIM] = {1};
    nxc__arena arena;
    nxc__transitions t;
    nxc__neighbours n;
    nxc__statistics_query q = short_query("ab", room);
    q.prompt = q.delta = prompt;
    q.prompt_text = NXC_STR("a text");
    q.exclude = short_hash(2);
    nxc__arena_init(&arena, &fa->alloc, SIZE_MAX);
    nxc_status st = nxc__statistics_transitions(s, &q, &arena, &t, err);
    if (st == NXC_OK) st = nxc__statistics_neighbours(s, &q, &arena, &n, err);
    nxc__arena_release(&arena);
    return st;
}

static nxc_status save(nxc_failing_alloc *fa, const nxc__statistics *s,
                       const nxc__learned *l, nxc_error *err) {
    nxc__buffer image;
    nxc__statistics *again = NULL;
    nxc__buffer_init(&image, &fa->alloc, 1 << 20);
    nxc_status st = nxc__snapshot_write(s, l, opened.catalog, &image, err);
    if (st == NXC_OK)
        st = nxc__snapshot_read((const uint8_t *)image.data, image.len, &opened,
                                &fa->alloc, &again, err);
    assert_true((st == NXC_OK) == (again != NULL));
    nxc__statistics_free(again);
    nxc__buffer_release(&image);
    return st;
}

static nxc_status run(nxc_failing_alloc *fa, void *user, nxc_error *err) {
    nxc__learned l;
    nxc__statistics *s = NULL;
    nxc__statistics_options options;
    memset(&options, 0, sizeof options);
    options.n_operations = N_OPS;
    options.embeddings = user;
    nxc__learned_init(&l, &fa->alloc);
    nxc_status st = learn(&l, err);
    if (st == NXC_OK)
        st = nxc__statistics_new(&l, &options, &fa->alloc, &s, err);
    if (st == NXC_OK) st = ask(fa, s, err);
    if (st == NXC_OK) st = save(fa, s, &l, err);
    nxc__statistics_free(s);
    nxc__learned_release(&l);
    return st;
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    float *embeddings = test_calloc(7, NXC_DIM * sizeof(float));
    for (size_t i = 0; i < 7; i++)
        embeddings[i * NXC_DIM + i] = 1;
    assert_true(nxc_oom_loop("statistics", run, embeddings) > 20);
    test_free(embeddings);
}

/* A session that could not be replaced is as it was. */
static void a_failed_add_changes_nothing(void **state) {
    (void)state;
    nxc_failing_alloc fa;
    nxc_error err;
    nxc__learned l;
    nxc__learned_call calls[300];
    for (size_t t = 0; t < 300; t++)
        calls[t] = (nxc__learned_call){1, NXC_NONE, NXC_NONE, 0};
    nxc_failing_init(&fa, 0, false);
    nxc__learned_init(&l, &fa.alloc);
    nxc__learned_session x = {short_hash(1), short_hash(1), 0, 0, 2};
    assert_ok(nxc__learned_add(&l, &x, calls, &err), err);
    fa.fail_at = fa.n_calls + 1;
    x.n = 300;
    assert_int_equal(nxc__learned_add(&l, &x, calls, &err), NXC_ERR_NOMEM);
    assert_int_equal(l.n_sessions, 1);
    assert_int_equal(nxc__learned_find(&l, x.key)->n, 2);
    assert_int_equal(l.n_calls - l.n_unused, 2);
    nxc__learned_release(&l);
    nxc_failing_check(&fa, "add");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(a_failed_add_changes_nothing),
    };
    return cmocka_run_group_tests_name("oom_statistics", tests, NULL, NULL);
}
