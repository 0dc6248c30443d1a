/* Imports each file named on standard input and prints, a line each:
 *     <operations> <webhooks> <unresolved references> <digest> <file>
 *     error <message>
 * The digest (FNV-1a) is over everything that is kept of the operations. For
 * corpus_test.py and yaml_test.py; also for a look at a document by hand. */
#include <stdio.h>
#include <string.h>

#include <nextcall/nextcall.h>

static uint64_t mix(uint64_t h, nxc_str s) {
    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (unsigned char)s.ptr[i]) * UINT64_C(0x100000001b3);
    return (h ^ s.len) * UINT64_C(0x100000001b3);
}

static uint64_t digest_of(const nxc_catalog *catalog) {
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    nxc_operation op;
    nxc_field f;
    for (uint32_t i = 0; nxc_catalog_get_operation(catalog, i, &op); i++) {
        const nxc_str all[] = {
            op.id,          op.path,          op.operation_id, op.summary,
            op.description, op.tags,          op.text,         op.resource,
            op.body_schema, op.returns_schema};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++)
            h = mix(h, all[k]);
        h = (h ^ op.flags ^ op.depth) * UINT64_C(0x100000001b3);
        for (int kind = NXC_FIELD_PARAMETER; kind <= NXC_FIELD_SCOPE; kind++)
            for (uint32_t k = 0;
                 nxc_catalog_get_field(catalog, i, (nxc_field_kind)kind, k, &f);
                 k++)
                h = mix(mix(mix(h, f.name), f.in), f.type) + f.required;
    }
    return h;
}

int main(void) {
    char path[4096];
    while (fgets(path, sizeof path, stdin)) {
        nxc_catalog *catalog;
        nxc_import_info info;
        nxc_error err;
        path[strcspn(path, "\n")] = 0;
        if (nxc_catalog_open(path, NULL, NULL, NULL, &catalog, &info, &err) !=
            NXC_OK) {
            printf("error %s\n", err.message);
            continue;
        }
        printf("%zu %zu %zu %016llx %s\n", info.n_operations, info.n_webhooks,
               info.n_unresolved, (unsigned long long)digest_of(catalog), path);
        nxc_catalog_free(catalog);
    }
    return 0;
}
