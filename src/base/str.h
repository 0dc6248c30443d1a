/* String views. A view never owns; see nxc_str. ASCII rules only: anything
 * about Unicode lives in text/. */
#ifndef NXC_BASE_STR_H
#define NXC_BASE_STR_H

#include <string.h>

#include <nextcall/nextcall.h>

#define NXC_STR(literal) ((nxc_str){("" literal), sizeof(literal) - 1})

static inline nxc_str nxc__str(const char *z) {
    return (nxc_str){z, z ? strlen(z) : 0};
}
static inline bool nxc__str_eq(nxc_str a, nxc_str b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}
static inline int nxc__str_compare(nxc_str a, nxc_str b) {
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.ptr, b.ptr, n) : 0;
    return c ? c : (a.len > b.len) - (a.len < b.len);
}
static inline char nxc__lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}
static inline bool nxc__is_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool nxc__is_alpha(char c) {
    char l = nxc__lower(c);
    return l >= 'a' && l <= 'z';
}
static inline bool nxc__is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}
static inline bool nxc__str_ieq(nxc_str a, nxc_str b) {
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++)
        if (nxc__lower(a.ptr[i]) != nxc__lower(b.ptr[i])) return false;
    return true;
}
static inline bool nxc__str_starts(nxc_str s, nxc_str prefix) {
    return s.len >= prefix.len &&
           (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}
static inline bool nxc__str_ends(nxc_str s, nxc_str suffix) {
    return s.len >= suffix.len &&
           (suffix.len == 0 ||
            memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0);
}
static inline nxc_str nxc__str_slice(nxc_str s, size_t from, size_t to) {
    return s.ptr ? (nxc_str){s.ptr + from, to - from} : (nxc_str){NULL, 0};
}
static inline nxc_str nxc__str_trim(nxc_str s) {
    size_t a = 0, b = s.ptr ? s.len : 0;
    while (a < b && nxc__is_space(s.ptr[a]))
        a++;
    while (b > a && nxc__is_space(s.ptr[b - 1]))
        b--;
    return nxc__str_slice(s, a, b);
}
/* Index of c at or after from, or s.len. */
static inline size_t nxc__str_find(nxc_str s, char c, size_t from) {
    const char *p =
        s.ptr && from < s.len ? memchr(s.ptr + from, c, s.len - from) : NULL;
    return p ? (size_t)(p - s.ptr) : s.len;
}

#endif
