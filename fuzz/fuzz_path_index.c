/* Path index. First byte 'i': a path up to the first NUL, then an image to open
 * and to match the path in. Otherwise lines: "path", then templates; a line
 * that begins with "@" is a base path. What is written must open. */
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "catalog/path_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void match_all(const nxc__path_index *idx, nxc_str path) {
    for (int m = 0; m <= NXC_METHOD_OTHER; m++)
        nxc__path_index_match(idx, (nxc_method)m, path);
}

static void fuzz_image(nxc_str text) {
    size_t at = nxc__str_find(text, 0, 0);
    nxc__path_index idx;
    nxc_error err;
    if (at == text.len) return;
    size_t n = text.len - at - 1;
    void *copy = nxc__alloc(&nxc__allocator_default, n + 1); /* aligned */
    if (!copy) return;
    if (n) memcpy(copy, text.ptr + at + 1, n);
    if (nxc__path_index_open(&idx, copy, n, 100, &err) == NXC_OK)
        match_all(&idx, nxc__str_slice(text, 0, at));
    nxc__free(&nxc__allocator_default, copy, n + 1);
}

static void fuzz_templates(nxc_str text) {
    enum { MAX = 64 };
    nxc__path_template t[MAX];
    nxc_str bases[8];
    size_t n = 0, n_bases = 0, at = nxc__str_find(text, '\n', 0);
    nxc_str path = nxc__str_slice(text, 0, at);
    while (at < text.len && n < MAX && n_bases < 8) {
        size_t end = nxc__str_find(text, '\n', at + 1);
        nxc_str line = nxc__str_slice(text, at + 1, end);
        if (nxc__str_starts(line, NXC_STR("@"))) {
            bases[n_bases++] = nxc__str_slice(line, 1, line.len);
        } else {
            t[n] = (nxc__path_template){NXC_METHOD_GET, line, (uint32_t)n};
            n++;
        }
        at = end;
    }
    nxc__buffer out;
    nxc__path_index idx;
    nxc_error err;
    nxc__buffer_init(&out, &nxc__allocator_default, SIZE_MAX / 2);
    nxc_status st =
        nxc__path_index_write(t, n, bases, n_bases, NULL, &out, &err);
    if (st == NXC_OK) {
        if (nxc__path_index_open(&idx, out.data, out.len, n, &err) != NXC_OK)
            __builtin_trap();
        match_all(&idx, path);
        for (size_t i = 0; i < n; i++)
            nxc__path_index_match(&idx, NXC_METHOD_GET, t[i].path);
    }
    nxc__buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    nxc_str text = {(const char *)data + 1, size - 1};
    if (data[0] == 'i')
        fuzz_image(text);
    else
        fuzz_templates(text);
    return 0;
}
