/* Running n independent tasks, on this thread or on a pool. The library starts
 * threads only through nxc__pool_new; results never depend on their number. */
#ifndef NXC_BASE_EXECUTOR_H
#define NXC_BASE_EXECUTOR_H

#include <pthread.h>

#include <nextcall/nextcall.h>

#include "base/atomic.h"

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

/* Threads that walk through the stages of one job together: none enters the
 * next stage before all have left this one, and what one wrote before is seen
 * by all behind it.  init -> nxc__team_meet* -> release */
typedef struct nxc__team {
    size_t n_members;
    bool spins;
    nxc__atomic_state is_awake; /* waiting members spin before they sleep */
    pthread_mutex_t lock;
    pthread_cond_t met;
    nxc__atomic_word n_arrived, n_met; /* since init */
} nxc__team;

void nxc__team_init(nxc__team *team, size_t n_members, bool spins);
void nxc__team_release(nxc__team *team);
/* Run task(user, i, worker) for i in [0, n_members), each on a thread of its
 * own, so that they may meet; a pool of n_members workers. */
void nxc__team_run(nxc__team *team, nxc__pool *pool, nxc__task task,
                   void *user);
/* Wait until all members have come here as often as this one. */
void nxc__team_meet(nxc__team *team);

#endif
