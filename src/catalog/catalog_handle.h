/* What an nxc_catalog is, for catalog_image.c and catalog_file.c. */
#ifndef NXC_CATALOG_CATALOG_HANDLE_H
#define NXC_CATALOG_CATALOG_HANDLE_H

#include "base/file.h"
#include "catalog/catalog_format.h"
#include "catalog/path_index.h"

struct nxc_catalog {
    const nxc_allocator *alloc;
    const uint8_t *image;
    size_t size;    /* of the image */
    uint8_t *owned; /* the block the image lies in, or NULL */
    size_t owned_size;
    nxc__mapping mapping; /* or the file it lies in */
    nxc__catalog_header header;
    const void *section[NXC_N_SECTIONS];
    size_t n[NXC_N_SECTIONS]; /* rows */
    uint32_t n_strings;
    nxc__path_index paths;
    nxc__ngram ngram;
    const float *embeddings; /* (n_operations, 384) or NULL */
    char fingerprint[104];
};

#define SECTION(c, kind) ((c)->section[NXC_SECTION_##kind - 1])
#define COUNT(c, kind) ((c)->n[NXC_SECTION_##kind - 1])

static inline nxc_str nxc__catalog_string(const nxc_catalog *c, uint32_t i) {
    const uint32_t *offsets = SECTION(c, STRING_OFFSETS);
    return (nxc_str){(const char *)SECTION(c, STRING_BYTES) + offsets[i],
                     offsets[i + 1] - offsets[i]};
}

#endif
