/* Tool lists and JSONL catalogs: the readers themselves, so that nothing is
 * lost to telling the format. */
#include "base/error.h"
#include "catalog/import.h"
#include "fuzz_catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static nxc_status read_tools(nxc_str text, nxc__catalog_builder *b,
                             nxc_import_info *info, nxc_error *err) {
    nxc__json_doc *doc;
    NXC_TRY(nxc__json_parse((nxc_str){"fuzz", 4}, text, NULL, NULL, &doc, err));
    nxc_status st = nxc__import_tools(doc, NULL, b, info, err);
    nxc__json_free(doc);
    return st;
}

/* The first byte chooses the reader. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nxc_str name = {"fuzz", 4};
    nxc__catalog_builder *b;
    nxc_import_info info = {0};
    nxc_catalog *c = NULL;
    nxc_error err;
    if (size == 0 || size > 16384) return 0;
    nxc_str text = {(const char *)data + 1, size - 1};
    if (nxc__catalog_builder_new(name, NULL, NULL, &b, &err) != NXC_OK)
        return 0;
    nxc_status st =
        data[0] == 'L' || data[0] == 'F'
            ? nxc__import_jsonl(name, text, data[0] == 'F' ? "shop" : NULL,
                                NULL, b, &info, &err)
            : read_tools(text, b, &info, &err);
    if (st == NXC_OK)
        st = nxc__catalog_builder_finish(b, info.format, "", &c, &err);
    if (st != NXC_OK) {
        nxc__catalog_builder_free(b);
        return 0;
    }
    fuzz_walk(c);
    nxc_catalog_free(c);
    return 0;
}
