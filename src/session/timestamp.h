/* Timestamps: RFC 3339 with any offset and fraction, epoch s or ms. */
#ifndef NXC_SESSION_TIMESTAMP_H
#define NXC_SESSION_TIMESTAMP_H

#include <nextcall/nextcall.h>

/* Text to seconds since 1970-01-01 UTC. A date without an offset is UTC (the
 * seed's system dropped offsets; documented in docs/sessions.md). A number with
 * an absolute value of 1e11 or more is milliseconds. Leap second 60 is the next
 * minute's 0. Errors: NXC_ERR_INVALID. */
nxc_status nxc__timestamp_parse(nxc_str text, double *seconds, nxc_error *err);
/* A number: seconds or milliseconds by size; NaN and infinities are errors. */
nxc_status nxc__timestamp_from_number(double number, double *seconds,
                                      nxc_error *err);

#endif
