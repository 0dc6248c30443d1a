/* What the text of a call says: a method and a path, or a name. */
#include "base/str.h"
#include "session/session.h"

nxc_method nxc__method_parse(nxc_str text) {
    text = nxc__str_trim(text);
    if (text.len == 0) return NXC_METHOD_NONE;
    for (int m = NXC_METHOD_GET; m < NXC_METHOD_OTHER; m++)
        if (nxc__str_ieq(text, nxc__str(nxc_method_name((nxc_method)m))))
            return (nxc_method)m;
    return NXC_METHOD_OTHER;
}

/* "/x" or "https://host/x". */
static bool is_path(nxc_str s) {
    if (nxc__str_starts(s, NXC_STR("/"))) return true;
    size_t colon = nxc__str_find(s, ':', 0);
    for (size_t i = 0; i < colon; i++)
        if (!nxc__is_alpha(s.ptr[i])) return false;
    return colon > 0 &&
           nxc__str_starts(nxc__str_slice(s, colon, s.len), NXC_STR("://"));
}

/* Length of the letters that s starts with, if white space follows them. */
static size_t method_word(nxc_str s) {
    size_t n = 0;
    while (n < s.len && nxc__is_alpha(s.ptr[n]))
        n++;
    return n < s.len && nxc__is_space(s.ptr[n]) ? n : 0;
}

/* "/x HTTP/1.1", as an access log has it, to "/x". */
static nxc_str without_protocol(nxc_str path) {
    for (size_t i = path.len; i > 0; i--) {
        if (!nxc__is_space(path.ptr[i - 1])) continue;
        if (nxc__str_starts(nxc__str_slice(path, i, path.len),
                            NXC_STR("HTTP/")))
            return nxc__str_trim(nxc__str_slice(path, 0, i));
        break;
    }
    return path;
}

void nxc__call_parse(nxc_str text, nxc_method *method, nxc_str *path,
                     nxc_str *name) {
    text = nxc__str_trim(text);
    *method = NXC_METHOD_NONE;
    *path = *name = (nxc_str){"", 0};
    nxc_str rest = text;
    nxc_method first = NXC_METHOD_NONE;
    for (size_t n; (n = method_word(rest)) > 0;) {
        nxc_method m = nxc__method_parse(nxc__str_slice(rest, 0, n));
        /* only the same word may come again: "GET GET /x" */
        if (first != NXC_METHOD_NONE && m != first) break;
        first = m;
        rest = nxc__str_trim(nxc__str_slice(rest, n, rest.len));
    }
    if (is_path(rest)) {
        *method = first;
        *path = without_protocol(rest);
    } else {
        *name = text;
    }
}
