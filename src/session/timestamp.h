/* Timestamps: RFC 3339 with any offset and fraction, epoch s or ms. */
#ifndef NXC_SESSION_TIMESTAMP_H
#define NXC_SESSION_TIMESTAMP_H

#include <nextcall/nextcall.h>

/* Every message of this module starts with it; a reader that has a better place
 * to name skips it. */
#define NXC_TIMESTAMP_WHERE "timestamp: "

/* Text to seconds since 1970-01-01 UTC. A date-time without an offset is UTC
 * (docs/sessions.md). A number with an absolute value of 1e11 or more is
 * milliseconds. Leap second 60 is the next minute's 0.
 * Errors: NXC_ERR_INVALID. */
nxc_status nxc__timestamp_parse(nxc_str text, double *seconds, nxc_error *err);
/* A number: seconds or milliseconds by size; NaN and infinities are errors. */
nxc_status nxc__timestamp_from_number(double number, double *seconds,
                                      nxc_error *err);

#endif
