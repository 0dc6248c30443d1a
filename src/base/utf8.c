#include "base/utf8.h"

/* The lead byte fixes the length and the range of the second byte (table 3-7);
 * every further byte is 80..BF. */
typedef struct lead {
    uint8_t n, low, high; /* n 0: not a lead byte */
} lead;

static lead lead_of(uint8_t b) {
    if (b < 0xC2 || b > 0xF4) return (lead){0, 0, 0};
    if (b < 0xE0) return (lead){2, 0x80, 0xBF};
    if (b < 0xF0)
        return (lead){3, b == 0xE0 ? 0xA0 : 0x80, b == 0xED ? 0x9F : 0xBF};
    return (lead){4, b == 0xF0 ? 0x90 : 0x80, b == 0xF4 ? 0x8F : 0xBF};
}

uint32_t nxc__utf8_decode(nxc_str s, size_t i, size_t *n_bytes) {
    const uint8_t *p = (const uint8_t *)s.ptr + i;
    size_t left = s.len - i, n = 1;
    *n_bytes = 1;
    if (p[0] < 0x80) return p[0];
    lead l = lead_of(p[0]);
    if (l.n == 0) return NXC_REPLACEMENT;
    uint32_t cp = p[0] & (0xFFu >> (l.n + 1));
    for (; n < l.n && n < left; n++) {
        if (p[n] < l.low || p[n] > l.high) break;
        cp = cp << 6 | (p[n] & 0x3Fu);
        l.low = 0x80;
        l.high = 0xBF;
    }
    *n_bytes = n;
    return n == l.n ? cp : NXC_REPLACEMENT;
}

size_t nxc__utf8_encode(uint32_t cp, char out[4]) {
    if (cp > 0x10FFFF || (cp >= 0xD800 && cp < 0xE000)) cp = NXC_REPLACEMENT;
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t i = n; --i > 0; cp >>= 6)
        out[i] = (char)(0x80u | (cp & 0x3Fu));
    out[0] = (char)((0xF00u >> n & 0xFFu) | cp);
    return n;
}

size_t nxc__utf8_validate(nxc_str s) {
    size_t i = 0, n;
    while (i < s.len) {
        if ((uint8_t)s.ptr[i] < 0x80) {
            i++;
            continue;
        }
        /* a genuine U+FFFD has three bytes, no malformed part starts so */
        if (nxc__utf8_decode(s, i, &n) == NXC_REPLACEMENT &&
            !(n == 3 && (uint8_t)s.ptr[i] == 0xEF &&
              (uint8_t)s.ptr[i + 1] == 0xBF && (uint8_t)s.ptr[i + 2] == 0xBD))
            return i;
        i += n;
    }
    return s.len;
}
