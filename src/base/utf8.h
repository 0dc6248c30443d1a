/* UTF-8: decoding with repair, encoding. */
#ifndef NXC_BASE_UTF8_H
#define NXC_BASE_UTF8_H

#include <nextcall/nextcall.h>

#define NXC_REPLACEMENT 0xFFFDu

/* Decode one code point of s at offset i < s.len; *n_bytes gets 1..4. A
 * malformed sequence gives U+FFFD for each maximal subpart (Unicode 15, table
 * 3-8; what Python's errors="replace" does). */
uint32_t nxc__utf8_decode(nxc_str s, size_t i, size_t *n_bytes);
/* Bytes written (1..4); a surrogate or a value over U+10FFFF as U+FFFD. */
size_t nxc__utf8_encode(uint32_t cp, char out[4]);
/* Offset of the first malformed byte, or s.len if there is none. */
size_t nxc__utf8_validate(nxc_str s);

#endif
