/* Running n independent tasks, on this thread or on a pool. The library starts
 * threads only through nxc__pool_new; results never depend on their number. */
#ifndef NXC_BASE_EXECUTOR_H
#define NXC_BASE_EXECUTOR_H

#include <nextcall/nextcall.h>

/* worker is in [0, nxc__pool_n_workers). */
typedef void (*nxc__task)(void *user, size_t i, size_t worker);
typedef struct nxc__pool nxc__pool;

/* n_workers 1: no thread is started and run works on the caller's thread;
 * otherwise n_workers - 1 threads, which sleep when there is nothing to do. */
nxc_status nxc__pool_new(size_t n_workers, const nxc_allocator *alloc,
                         nxc__pool **out, nxc_error *err);
void nxc__pool_free(nxc__pool *pool);
size_t nxc__pool_n_workers(const nxc__pool *pool);
/* Run task(user, i, worker) for i in [0, n), the caller's thread included;
 * returns when all have returned. One run at a time per pool. */
void nxc__pool_run(nxc__pool *pool, nxc__task task, void *user, size_t n);

#endif
