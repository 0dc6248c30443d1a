/*
 * A pool of sleeping threads that share one counter of tasks, and a team: as
 * many tasks as workers, which wait for each other between the stages of a job.
 *
 * Workers wait on a condition for a new generation; a run publishes the job,
 * wakes them, works along on the caller's thread and waits until the last
 * worker has left. The lock guards the job fields and the generation; tasks are
 * taken from an atomic counter without it.
 *
 * A task of a team does not return before all have met, so a worker takes one
 * task, and all workers have one. Meetings are numbered by the arrivals:
 * arrival a belongs to meeting a / n_members, and the last of a meeting
 * announces it. The others look for that a while, if the team spins, and then
 * sleep. Who has looked in vain sees that the threads do not run side by side
 * (a core is taken by others): for the rest of the run all sleep at once.
 */
#include "base/executor.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/error.h"

typedef struct worker {
    nxc__pool *pool;
    size_t index;
    pthread_t thread;
} worker;

struct nxc__pool {
    const nxc_allocator *alloc;
    worker *workers; /* (n_threads) */
    size_t n_threads, n_workers;
    pthread_mutex_t lock;
    pthread_cond_t work, idle;
    size_t generation, active;
    bool quit;
    nxc__task task;
    void *user;
    size_t n;
    nxc__atomic_counter next;
};

static void take_tasks(nxc__pool *p, size_t index) {
    for (;;) {
        size_t i = nxc__atomic_counter_next(&p->next);
        if (i >= p->n) return;
        p->task(p->user, i, index);
    }
}

static void *worker_main(void *arg) {
    worker *w = arg;
    nxc__pool *p = w->pool;
    size_t seen = 0;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (!p->quit && p->generation == seen)
            pthread_cond_wait(&p->work, &p->lock);
        if (p->quit) break;
        seen = p->generation;
        pthread_mutex_unlock(&p->lock);
        take_tasks(p, w->index);
        pthread_mutex_lock(&p->lock);
        if (--p->active == 0) pthread_cond_signal(&p->idle);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

nxc_status nxc__pool_new(size_t n_workers, const nxc_allocator *alloc,
                         nxc__pool **out, nxc_error *err) {
    alloc = nxc__allocator_or_default(alloc);
    nxc__pool *p = nxc__alloc_zero(alloc, sizeof *p);
    if (!p) return nxc__error_nomem(err, sizeof *p);
    p->alloc = alloc;
    p->n_workers = n_workers ? n_workers : 1;
    size_t want = p->n_workers - 1;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->idle, NULL);
    if (want) {
        p->workers = nxc__alloc_zero(alloc, want * sizeof *p->workers);
        if (!p->workers) {
            p->n_workers = 1;
            nxc__pool_free(p);
            return nxc__error_nomem(err, want * sizeof(worker));
        }
    }
    for (size_t i = 0; i < want; i++) {
        worker *w = &p->workers[i];
        w->pool = p;
        w->index = i + 1;
        if (pthread_create(&w->thread, NULL, worker_main, w) != 0) {
            nxc__pool_free(p);
            return nxc__error(err, NXC_ERR_IO, "threads: expected %zu, got %zu",
                              want, i);
        }
        p->n_threads++;
    }
    *out = p;
    return NXC_OK;
}

void nxc__pool_free(nxc__pool *p) {
    if (!p) return;
    pthread_mutex_lock(&p->lock);
    p->quit = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < p->n_threads; i++)
        pthread_join(p->workers[i].thread, NULL);
    nxc__free(p->alloc, p->workers, (p->n_workers - 1) * sizeof *p->workers);
    pthread_cond_destroy(&p->idle);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    nxc__free(p->alloc, p, sizeof *p);
}

size_t nxc__pool_n_workers(const nxc__pool *p) { return p->n_workers; }

void nxc__pool_run(nxc__pool *p, nxc__task task, void *user, size_t n) {
    if (p->n_threads == 0 || n <= 1) {
        for (size_t i = 0; i < n; i++)
            task(user, i, 0);
        return;
    }
    pthread_mutex_lock(&p->lock);
    p->task = task;
    p->user = user;
    p->n = n;
    nxc__atomic_counter_set(&p->next, 0);
    p->active = p->n_threads;
    p->generation++;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    take_tasks(p, 0);
    pthread_mutex_lock(&p->lock);
    while (p->active)
        pthread_cond_wait(&p->idle, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

/* ---------------------------------------------------------------- team */

#define LOOKS 4000 /* some 0.1 ms; a stage of 16 tokens takes 10 us */

void nxc__team_init(nxc__team *t, size_t n_members, bool spins) {
    *t = (nxc__team){.n_members = n_members, .spins = spins};
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->met, NULL);
}

void nxc__team_release(nxc__team *t) {
    pthread_cond_destroy(&t->met);
    pthread_mutex_destroy(&t->lock);
}

void nxc__team_run(nxc__team *t, nxc__pool *pool, nxc__task task, void *user) {
    NXC_ASSERT(nxc__pool_n_workers(pool) == t->n_members);
    nxc__atomic_state_set(&t->is_awake, t->spins);
    nxc__pool_run(pool, task, user, t->n_members);
}

void nxc__team_meet(nxc__team *t) {
    uint64_t arrival = nxc__atomic_word_add(&t->n_arrived, 1);
    uint64_t meeting = arrival / t->n_members + 1;
    if ((arrival + 1) % t->n_members == 0) {
        pthread_mutex_lock(&t->lock);
        nxc__atomic_word_raise(&t->n_met, meeting);
        pthread_cond_broadcast(&t->met);
        pthread_mutex_unlock(&t->lock);
        return;
    }
    size_t looks = nxc__atomic_state_get(&t->is_awake) ? LOOKS : 0;
    for (size_t look = 0; look < looks; look++) {
        if (nxc__atomic_word_get(&t->n_met) >= meeting) return;
        nxc__atomic_pause();
    }
    nxc__atomic_state_set(&t->is_awake, 0);
    pthread_mutex_lock(&t->lock);
    while (nxc__atomic_word_get(&t->n_met) < meeting)
        pthread_cond_wait(&t->met, &t->lock);
    pthread_mutex_unlock(&t->lock);
}
