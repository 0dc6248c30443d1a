/* YAML text: parse, walk everything, locate each line. The JSON that we write
 * for it must be valid, and no line may lie past the end of the text. */
#include <string.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const nxc__json_doc *doc, const nxc__json *v,
                 const nxc__json_path *path, size_t n_lines) {
    nxc_error err;
    size_t line = 0;
    nxc__json_error_type(doc, path, &err, "something else", v);
    for (const char *p = strchr(err.message, ':') + 1; *p >= '0' && *p <= '9';
         p++)
        line = line * 10 + (size_t)(*p - '0');
    if (line == 0 || line > n_lines) __builtin_trap();
    for (nxc__json_iter it = nxc__json_each(v); nxc__json_next(&it);) {
        nxc__json_path step = {path, it.key, it.index};
        walk(doc, it.value, &step, n_lines);
    }
}

/* What YAML 1.1 takes for line breaks, at most. */
static size_t count_lines(const uint8_t *data, size_t size) {
    size_t n = 1;
    for (size_t i = 0; i < size; i++)
        n += data[i] == '\n' || data[i] == '\r' || data[i] == 0x85 ||
             data[i] == 0xA8 || data[i] == 0xA9;
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nxc__json_doc *doc;
    nxc_error err;
    nxc_str text = {(const char *)data, size};
    nxc__json_limits limits = {4096, 64, 2000};
    nxc_status st =
        nxc__yaml_parse((nxc_str){"fuzz", 4}, text, &limits, NULL, &doc, &err);
    if (st != NXC_OK) {
        /* "fuzz:LINE: expected JSON, ...": what we wrote was refused */
        const char *p = strchr(err.message, 0x20);
        if (p && strncmp(p, " expected JSON,", 15) == 0) __builtin_trap();
        return 0;
    }
    nxc__json_path root = {NULL, {NULL, 0}, 0};
    walk(doc, nxc__json_root(doc), &root, count_lines(data, size));
    nxc__json_free(doc);
    return 0;
}
