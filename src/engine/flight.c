/*
 * Single flight: threads that want the embedding of one text at the same time
 * wait for the first of them.
 *
 * A flight lies on the stack of the thread that computes, in a list under the
 * tiers' lock. It does not leave before everyone who waits has copied its row.
 * When it fails, one of those who waited begins a new one.
 */
#include <string.h>

#include "engine/tiers.h"

static nxc__flight *find(const nxc__tiers *t, nxc__hash128 text) {
    nxc__flight *f = t->flights;
    while (f && !nxc__hash128_eq(f->text, text))
        f = f->next;
    return f;
}

static bool wait_for(nxc__tiers *t, nxc__flight *f, float *row) {
    f->n_waiting++;
    while (!f->has_landed)
        pthread_cond_wait(&t->landed, &t->lock);
    bool is_ok = f->is_ok;
    if (is_ok) memcpy(row, f->row, t->dim * sizeof *row);
    if (--f->n_waiting == 0) pthread_cond_broadcast(&t->landed);
    return is_ok;
}

bool nxc__flight_begin(nxc__tiers *t, nxc__flight *flight, nxc__hash128 text,
                       float *row) {
    bool is_first = true;
    pthread_mutex_lock(&t->lock);
    for (nxc__flight *f; is_first && (f = find(t, text));)
        is_first = !wait_for(t, f, row);
    if (is_first) {
        *flight = (nxc__flight){.text = text, .row = row, .next = t->flights};
        t->flights = flight;
    }
    pthread_mutex_unlock(&t->lock);
    return is_first;
}

void nxc__flight_end(nxc__tiers *t, nxc__flight *flight, bool is_ok) {
    pthread_mutex_lock(&t->lock);
    nxc__flight **at = &t->flights;
    while (*at != flight)
        at = &(*at)->next;
    *at = flight->next;
    flight->is_ok = is_ok;
    flight->has_landed = true;
    if (flight->n_waiting) pthread_cond_broadcast(&t->landed);
    while (flight->n_waiting)
        pthread_cond_wait(&t->landed, &t->lock);
    pthread_mutex_unlock(&t->lock);
}
