#include "support/failing_alloc.h"

#include <string.h>

#include "support/nxc_test.h"

/* Each block carries its size in front, to check what the library says. */
#define HEADER 16u

static bool must_fail(nxc_failing_alloc *fa) {
    if (fa->is_paused) return false;
    fa->n_calls++;
    if (fa->fail_at == 0 || fa->n_calls < fa->fail_at) return false;
    if (fa->n_calls > fa->fail_at && !fa->fail_onward) return false;
    fa->n_failed++;
    return true;
}

static char *check_size(nxc_failing_alloc *fa, void *ptr, size_t said) {
    char *base = (char *)ptr - HEADER;
    size_t size;
    memcpy(&size, base, sizeof size);
    if (size != said) fa->n_wrong_sizes++;
    fa->live_bytes -= size;
    fa->live_blocks--;
    return base;
}

/* The old block stays as it is if this returns NULL. A block always moves, so
 * that a pointer kept across a growth is found by ASan. */
static void *reallocate(void *ctx, void *ptr, size_t old_size,
                        size_t new_size) {
    nxc_failing_alloc *fa = ctx;
    const nxc_allocator *a = &nxc__allocator_default;
    pthread_mutex_lock(&fa->lock);
    char *base = NULL;
    if (!must_fail(fa) && new_size < SIZE_MAX - HEADER)
        base = nxc__alloc(a, new_size + HEADER);
    if (base) {
        memcpy(base, &new_size, sizeof new_size);
        memset(base + HEADER, 0xA5, new_size);
        if (ptr) {
            char *old = check_size(fa, ptr, old_size);
            memcpy(base + HEADER, ptr,
                   old_size < new_size ? old_size : new_size);
            nxc__free(a, old, old_size + HEADER);
        }
        fa->live_blocks++;
        fa->live_bytes += new_size;
        if (fa->live_bytes > fa->peak_bytes) fa->peak_bytes = fa->live_bytes;
    }
    pthread_mutex_unlock(&fa->lock);
    return base ? base + HEADER : NULL;
}

static void release(void *ctx, void *ptr, size_t size) {
    nxc_failing_alloc *fa = ctx;
    if (!ptr) return;
    pthread_mutex_lock(&fa->lock);
    char *base = check_size(fa, ptr, size);
    nxc__free(&nxc__allocator_default, base, size + HEADER);
    pthread_mutex_unlock(&fa->lock);
}

void nxc_failing_init(nxc_failing_alloc *fa, size_t fail_at, bool fail_onward) {
    memset(fa, 0, sizeof *fa);
    fa->alloc = (nxc_allocator){reallocate, release, fa};
    assert_int_equal(pthread_mutex_init(&fa->lock, NULL), 0);
    fa->fail_at = fail_at;
    fa->fail_onward = fail_onward;
}

void nxc_failing_check(nxc_failing_alloc *fa, const char *what) {
    if (fa->live_blocks || fa->n_wrong_sizes)
        fail_msg("%s, allocation %zu failing%s: %zu blocks of %zu bytes live, "
                 "%zu wrong sizes",
                 what, fa->fail_at, fa->fail_onward ? " and all later" : "",
                 fa->live_blocks, fa->live_bytes, fa->n_wrong_sizes);
}

size_t nxc_oom_loop(const char *what, nxc_oom_run run, void *user) {
    enum { MAX_RUNS = 100000 };
    size_t n_calls = 0;
    for (int onward = 0; onward < 2; onward++) {
        nxc_status st = NXC_ERR_NOMEM;
        for (size_t n = 1; st != NXC_OK; n++) {
            nxc_failing_alloc fa;
            nxc_error err = {NXC_OK, ""};
            if (n > MAX_RUNS) fail_msg("%s: never succeeds", what);
            nxc_failing_init(&fa, n, onward);
            st = run(&fa, user, &err);
            nxc_failing_check(&fa, what);
            if (st == NXC_OK && fa.n_failed)
                fail_msg("%s: succeeds though allocation %zu failed", what, n);
            if (st != NXC_OK &&
                (st != NXC_ERR_NOMEM || err.code != NXC_ERR_NOMEM))
                fail_msg("%s: expected nomem at allocation %zu, got %s: %s",
                         what, n, nxc_status_name(st), err.message);
            pthread_mutex_destroy(&fa.lock);
            n_calls = fa.n_calls;
        }
    }
    if (n_calls == 0) fail_msg("%s: allocates nothing", what);
    return n_calls;
}
