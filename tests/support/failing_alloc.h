/*
 * An allocator for tests: counts live bytes, checks the sizes that it is given
 * back, and fails the n-th allocation, once or from then on.
 *
 *     init -> (pause | resume | use &fa.alloc)* -> check -> (init again)
 *
 * nxc_oom_loop runs a function with the first allocation failing, then the
 * second, and so on until the function succeeds, in both modes; after each run
 * nothing may be live. A test under tests/oom is registered with
 * nxc_oom_test(test_oom_x).
 *
 * Thread-safety: any, by one lock; which allocation is the n-th is only
 * determined with one thread.
 */
#ifndef NXC_FAILING_ALLOC_H
#define NXC_FAILING_ALLOC_H

#include <pthread.h>

#include <nextcall/nextcall.h>

typedef struct nxc_failing_alloc {
    nxc_allocator alloc; /* pass &fa.alloc to the library */
    pthread_mutex_t lock;
    size_t fail_at;   /* number of the allocation that fails; 0: none */
    bool fail_onward; /* and every later one */
    bool is_paused;   /* neither counts nor fails */
    size_t n_calls;   /* allocations and growths asked for, not paused */
    size_t n_failed;
    size_t live_blocks, live_bytes, peak_bytes;
    size_t n_wrong_sizes; /* old sizes that are not the block's */
} nxc_failing_alloc;

void nxc_failing_init(nxc_failing_alloc *fa, size_t fail_at, bool fail_onward);
/* Fails the running test if a block is live or a size was wrong. */
void nxc_failing_check(nxc_failing_alloc *fa, const char *what);
static inline void nxc_failing_pause(nxc_failing_alloc *fa) {
    fa->is_paused = true;
}
static inline void nxc_failing_resume(nxc_failing_alloc *fa) {
    fa->is_paused = false;
}

/* One run: everything that it makes with &fa->alloc it frees, on success and on
 * failure. It asserts by itself that a failure left its outputs untouched. To
 * fail only a part, pause for the preparation and resume for the part. */
typedef nxc_status (*nxc_oom_run)(nxc_failing_alloc *fa, void *user,
                                  nxc_error *err);
/* Every failure must be NXC_ERR_NOMEM, in the status and in err. Returns the
 * number of allocations of the run that succeeded; 0 is a failed test, because
 * it would have tested nothing. */
size_t nxc_oom_loop(const char *what, nxc_oom_run run, void *user);

#endif
