/* A document of any kind, imported and read; what it gives must also survive
 * being opened again. */
#include "catalog/catalog_format.h"
#include "fuzz_catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nxc_catalog *c, *again;
    nxc_error err;
    if (size > 16384) return 0;
    if (nxc_catalog_import((nxc_str){"fuzz", 4},
                           (nxc_str){(const char *)data, size}, NULL, NULL,
                           NULL, &c, NULL, &err) != NXC_OK)
        return 0;
    fuzz_walk(c);
    size_t n;
    const uint8_t *image = nxc__catalog_image(c, &n);
    if (nxc__catalog_open_borrowed(image, n, NULL, &again, &err) != NXC_OK)
        __builtin_trap();
    nxc_catalog_free(again);
    nxc_catalog_free(c);
    return 0;
}
