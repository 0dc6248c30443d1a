/*
 * The bytes of a catalog image, version 2 (docs/formats/catalog.md): header,
 * section table, sections; behind it, in a file, optionally the embeddings.
 * Little-endian; every section starts at a multiple of 64. Private to the
 * catalog module.
 */
#ifndef NXC_CATALOG_FORMAT_H
#define NXC_CATALOG_FORMAT_H

#include <assert.h>

#include "catalog/catalog.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "catalog images are read in place on little-endian machines"
#endif

#define NXC_CATALOG_MAGIC "NXCCATL\x1a"
#define NXC_CATALOG_VERSION 2u
#define NXC_CATALOG_ALIGN 64u
/* The checksum covers the image from here on. */
#define NXC_CATALOG_CHECKED_FROM 32u
/* Further server base paths of a document are not matched. */
#define NXC_CATALOG_MAX_BASE_PATHS 256u
#define NXC_EMBEDDINGS_MAGIC "NXCEMBD\x1a"
#define NXC_EMBEDDINGS_DIM 384u

typedef enum nxc__section_kind {
    NXC_SECTION_STRING_OFFSETS = 1, /* (n_strings + 1) uint32 */
    NXC_SECTION_STRING_BYTES = 2,
    NXC_SECTION_OPERATIONS = 3, /* (n_operations) nxc__op_record */
    NXC_SECTION_FIELDS = 4,     /* (n_fields) nxc__field_record */
    NXC_SECTION_PARENTS = 5,    /* (n) uint32 resource */
    NXC_SECTION_RESOURCES = 6,  /* (n_resources) uint32 string */
    NXC_SECTION_RELATED = 7,    /* (n) nxc__related_record, sorted */
    NXC_SECTION_ID_SLOTS = 8,   /* (power of two) nxc__id_slot */
    NXC_SECTION_PATH_INDEX = 9, /* path_index.h */
    NXC_SECTION_NGRAM = 10,     /* ngram.h; empty: no model */
    NXC_N_SECTIONS = 10
} nxc__section_kind;

typedef struct nxc__catalog_header {
    char magic[8];
    uint32_t version;
    uint32_t n_sections;
    uint64_t size; /* of the image, without embeddings */
    uint64_t checksum;
    uint32_t n_operations; /* webhooks included */
    uint32_t n_webhooks;
    uint32_t name; /* string */
    uint32_t n_duplicate_ids;
    uint32_t n_unresolved; /* references that could not be followed */
    uint32_t reserved;
    char format[32];        /* NUL-padded */
    char source_sha256[72]; /* 64 hex digits, NUL-padded */
} nxc__catalog_header;
static_assert(sizeof(nxc__catalog_header) == 160, "docs/formats/catalog.md");

typedef struct nxc__section_record {
    uint32_t kind;
    uint32_t reserved;
    uint64_t offset, length; /* bytes */
} nxc__section_record;
static_assert(sizeof(nxc__section_record) == 24, "docs/formats/catalog.md");

typedef struct nxc__op_record {
    /* strings */
    uint32_t id, path, operation_id, summary, description, tags, text;
    uint32_t body_schema, returns_schema;
    uint32_t resource;
    uint32_t first_parent;
    uint32_t first_field; /* parameters, body, returns, scopes */
    uint32_t n_fields[4]; /* by nxc_field_kind */
    uint32_t flags;
    uint8_t method, n_parents, depth, risk;
} nxc__op_record;
static_assert(sizeof(nxc__op_record) == 72, "docs/formats/catalog.md");

typedef struct nxc__field_record {
    uint32_t name, in, type; /* strings */
    uint32_t required;       /* 0 or 1 */
} nxc__field_record;
static_assert(sizeof(nxc__field_record) == 16, "docs/formats/catalog.md");

typedef struct nxc__related_record {
    uint32_t low, high; /* resources, low < high */
} nxc__related_record;
static_assert(sizeof(nxc__related_record) == 8, "docs/formats/catalog.md");

typedef struct nxc__id_slot {
    uint32_t hash;   /* low half of XXH3-64 of the key */
    uint32_t op_one; /* operation + 1; 0: free */
} nxc__id_slot;
static_assert(sizeof(nxc__id_slot) == 8, "docs/formats/catalog.md");

typedef struct nxc__embeddings_header {
    char magic[8];
    uint32_t dim, n;       /* (n, dim) float32 behind the header */
    uint64_t checksum;     /* XXH3-64 of all that follows it */
    char fingerprint[104]; /* of the encoder, NUL-padded */
} nxc__embeddings_header;
static_assert(sizeof(nxc__embeddings_header) == 128, "docs/formats/catalog.md");

/* Seed of the id hash. */
#define NXC_ID_SEED UINT64_C(0x6e78636174696431)

/* Take a block of bytes as a catalog. On success the catalog owns it (frees it
 * with alloc, block_size bytes); on failure it stays the caller's. */
nxc_status nxc__catalog_open_owned(uint8_t *block, size_t block_size,
                                   size_t size, const nxc_allocator *alloc,
                                   nxc_catalog **out, nxc_error *err);
/* Bytes that outlive the catalog, 64-byte aligned or at least 8. */
nxc_status nxc__catalog_open_borrowed(const uint8_t *bytes, size_t size,
                                      const nxc_allocator *alloc,
                                      nxc_catalog **out, nxc_error *err);
/* The image without embeddings. */
const uint8_t *nxc__catalog_image(const nxc_catalog *c, size_t *size);
const nxc__catalog_header *nxc__catalog_header_of(const nxc_catalog *c);
bool nxc__catalog_is_compiled(nxc_str bytes);

#endif
