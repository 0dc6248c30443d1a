#include "catalog/operation_name.h"

#include <string.h>

#include "base/str.h"

/* Where the last segment starts and ends. */
static nxc_str last_segment(nxc_str path) {
    size_t end = nxc__str_find(path, '?', 0);
    size_t hash = nxc__str_find(path, '#', 0);
    if (hash < end) end = hash;
    while (end > 0 && path.ptr[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && path.ptr[start - 1] != '/')
        start--;
    return nxc__str_slice(path, start, end);
}

nxc_str nxc__path_action(nxc_str path) {
    nxc_str segment = last_segment(path);
    for (size_t i = segment.len; i > 0; i--) {
        if (segment.ptr[i - 1] == ':')
            return i == 1 ? (nxc_str){"", 0}
                          : nxc__str_slice(segment, i, segment.len);
        if (segment.ptr[i - 1] == '}') break;
    }
    return nxc__str_find(segment, '{', 0) < segment.len ? (nxc_str){"", 0}
                                                        : segment;
}

nxc_str nxc__path_parent(nxc_str path) {
    nxc_str segment = last_segment(path);
    if (segment.len == 0) return (nxc_str){"", 0};
    return nxc__str_slice(path, 0, (size_t)(segment.ptr - path.ptr));
}

/* Whether a namespace ends before offset i. */
static bool is_border(nxc_str name, size_t i) {
    char c = name.ptr[i - 1];
    if (c == '_') return i > 1 && name.ptr[i - 2] == '_';
    return c && strchr("./:#\\", c);
}

nxc_str nxc__name_verb_part(nxc_str name) {
    size_t start = name.len;
    while (start > 0 && !is_border(name, start))
        start--;
    return start < name.len ? nxc__str_slice(name, start, name.len) : name;
}
