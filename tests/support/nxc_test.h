/* Common head of the cmocka programs. */
#ifndef NXC_TEST_H
#define NXC_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"

/* Fails with the message that the library gave. */
#define assert_ok(expr, err)                                    \
    do {                                                        \
        nxc_status st_ = (expr);                                \
        if (st_ != NXC_OK)                                      \
            fail_msg("%s: %s: %s", #expr, nxc_status_name(st_), \
                     (err).message);                            \
    } while (0)
#define assert_str(view, literal)                                             \
    do {                                                                      \
        nxc_str s_ = (view);                                                  \
        if (!nxc__str_eq(s_, nxc__str(literal)))                              \
            fail_msg("expected \"%s\", got \"%.*s\"", (literal), (int)s_.len, \
                     s_.ptr ? s_.ptr : "");                                   \
    } while (0)

/* Seeded numbers (splitmix64): a failing case is repeated by its seed. */
static inline uint64_t nxc_random(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

#endif
