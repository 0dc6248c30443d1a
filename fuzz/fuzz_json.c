/* JSON text: parse, walk everything, locate a line. */
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const nxc__json_doc *doc, const nxc__json *v,
                 const nxc__json_path *path) {
    nxc_error err;
    nxc__json_error_type(doc, path, &err, "something else", v);
    for (nxc__json_iter it = nxc__json_each(v); nxc__json_next(&it);) {
        nxc__json_path step = {path, it.key, it.index};
        walk(doc, it.value, &step);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nxc__json_doc *doc;
    nxc_error err;
    nxc_str text = {(const char *)data, size};
    if (size > 4096) return 0;
    if (nxc__json_parse((nxc_str){"fuzz", 4}, text, NULL, NULL, &doc, &err) !=
        NXC_OK)
        return 0;
    nxc__json_path root = {NULL, {NULL, 0}, 0};
    walk(doc, nxc__json_root(doc), &root);
    nxc__json_free(doc);
    return 0;
}
