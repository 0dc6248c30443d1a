/*
 * Single flight: threads that want one value at the same time, the embeddings
 * of a prompt or the vectors of a request, wait for the first of them.
 *
 * A flight belongs to the thread that computes, in a list under the tiers'
 * lock. It does not leave before everyone who waits has copied its value. When
 * it fails, one of those who waited begins a new one. Who computes vectors may
 * wait for a text; who computes a text waits for nothing, so no circle closes.
 */
#include <string.h>

#include "engine/tiers.h"

static nxc__flight *find(const nxc__tiers *t, nxc__hash128 key, size_t bytes) {
    nxc__flight *f = t->flights;
    while (f && !(nxc__hash128_eq(f->key, key) && f->bytes == bytes))
        f = f->next;
    return f;
}

static bool wait_for(nxc__tiers *t, nxc__flight *f, void *value) {
    f->n_waiting++;
    while (!f->has_landed)
        pthread_cond_wait(&t->landed, &t->lock);
    bool is_ok = f->is_ok;
    if (is_ok) memcpy(value, f->value, f->bytes);
    if (--f->n_waiting == 0) pthread_cond_broadcast(&t->landed);
    return is_ok;
}

bool nxc__flight_begin(nxc__tiers *t, nxc__flight *flight, nxc__hash128 key,
                       void *value, size_t bytes) {
    bool is_first = true;
    pthread_mutex_lock(&t->lock);
    for (nxc__flight *f; is_first && (f = find(t, key, bytes));)
        is_first = !wait_for(t, f, value);
    if (is_first) {
        *flight = (nxc__flight){
            .key = key, .value = value, .bytes = bytes, .next = t->flights};
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
