/* Imports each file named on standard input and prints, a line each:
 *     <operations> <webhooks> <unresolved references> <file>
 *     error <message>
 * For corpus_test.py; also for a look at a document by hand. */
#include <stdio.h>
#include <string.h>

#include <nextcall/nextcall.h>

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
        printf("%zu %zu %zu %s\n", info.n_operations, info.n_webhooks,
               info.n_unresolved, path);
        nxc_catalog_free(catalog);
    }
    return 0;
}
