/* A damaged image: the input is a list of edits {offset (2 bytes), value} to
 * the image of a small catalog, whose checksum is then made good again, so that
 * every later check is reached and no seed grows old. */
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/str.h"
#include "catalog/catalog_format.h"
#include "fuzz_catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char document[] =
    "{\"openapi\":\"3.1.0\",\"servers\":[{\"url\":\"/api\"}],\"paths\":{"
    "\"/pets\":{\"get\":{\"operationId\":\"listPets\",\"summary\":\"List all "
    "pets\",\"security\":[{\"key\":[]}],\"parameters\":[{\"name\":\"page\","
    "\"in\":\"query\"}]}},\"/pets/{id}/toys/{toy}\":{\"delete\":{"
    "\"responses\":{\"200\":{\"content\":{\"a/json\":{\"schema\":{"
    "\"properties\":{\"id\":{\"type\":\"string\"}}}}}}}}}},\"webhooks\":{"
    "\"petBorn\":{\"post\":{\"summary\":\"A pet was born\"}}}}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nxc_catalog *c, *damaged;
    nxc_error err;
    size_t n;
    if (nxc_catalog_import(NXC_STR("fuzz"), nxc__str(document), NULL, NULL,
                           NULL, &c, NULL, &err) != NXC_OK)
        __builtin_trap();
    const uint8_t *image = nxc__catalog_image(c, &n);
    uint8_t *copy = nxc__alloc(&nxc__allocator_default, n);
    if (!copy) __builtin_trap();
    memcpy(copy, image, n);
    for (size_t i = 0; i + 3 <= size; i += 3)
        copy[(data[i] | (size_t)data[i + 1] << 8) % n] = data[i + 2];
    uint64_t sum = nxc__hash64(copy + NXC_CATALOG_CHECKED_FROM,
                               n - NXC_CATALOG_CHECKED_FROM, 0);
    memcpy(copy + offsetof(nxc__catalog_header, checksum), &sum, sizeof sum);
    if (nxc__catalog_open_borrowed(copy, n, NULL, &damaged, &err) == NXC_OK) {
        fuzz_walk(damaged);
        nxc_catalog_free(damaged);
    }
    nxc__free(&nxc__allocator_default, copy, n);
    nxc_catalog_free(c);
    return 0;
}
