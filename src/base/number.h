/* Numbers from text, the same under every locale. */
#ifndef NXC_BASE_NUMBER_H
#define NXC_BASE_NUMBER_H

#include <nextcall/nextcall.h>

/* Longest number that is read; %f of the largest double has 309 digits. */
#define NXC_NUMBER_MAX 500

/* The double nearest to a decimal number, ties to even:
 *     [+-] digits [. digits] [e [+-] digits], a digit on one side of the point
 * or inf, infinity, nan in any case with a sign. Too large is an infinity, too
 * small a zero. The whole of s must be the number; false leaves out alone. */
bool nxc__parse_double(nxc_str s, double *out);
/* [+-] digits in [min, max]; false leaves out alone. */
bool nxc__parse_int(nxc_str s, int64_t min, int64_t max, int64_t *out);

#endif
