/* Learned sessions from short strings, for tests of statistics. */
#ifndef NXC_LEARNED_TEST_H
#define NXC_LEARNED_TEST_H

#include <math.h>
#include <string.h>

#include "statistics/statistics.h"
#include "support/nxc_test.h"

/* A session whose key and group are small numbers; calls are letters from 'a'
 * (operation 0) on; prompt NULL: none was kept. */
typedef struct short_session {
    uint64_t key, group;
    const char *calls;
    const char *prompt;
} short_session;

static inline nxc__hash128 short_hash(uint64_t number) {
    return (nxc__hash128){number, 0};
}

static inline void learn_timed(nxc__learned *l, const short_session *x,
                               double time) {
    nxc_error err;
    nxc__learned_call calls[64];
    uint32_t row = NXC_NONE;
    size_t n = strlen(x->calls);
    if (x->prompt)
        assert_ok(nxc__learned_text(l, nxc__str(x->prompt), &row, &err), err);
    for (size_t t = 0; t < n; t++)
        calls[t] =
            (nxc__learned_call){(uint32_t)(x->calls[t] - 'a'), row, row, NAN};
    nxc__learned_session session = {short_hash(x->key), short_hash(x->group),
                                    time, 0, (uint32_t)n};
    assert_ok(nxc__learned_add(l, &session, calls, &err), err);
}
static inline void learn_short(nxc__learned *l, const short_session *x) {
    learn_timed(l, x, (double)NAN);
}

/* History of letters. */
static inline nxc__statistics_query short_query(const char *calls,
                                                uint32_t room[64]) {
    nxc__statistics_query q;
    memset(&q, 0, sizeof q);
    q.calls = room;
    q.n_calls = strlen(calls);
    for (size_t t = 0; t < q.n_calls; t++)
        room[t] = (uint32_t)(calls[t] - 'a');
    return q;
}

#endif
