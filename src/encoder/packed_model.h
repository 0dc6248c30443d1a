/*
 * The packed model file: weights, biases and vocabulary in the form in which
 * the encoder uses them, mapped and read in place. Byte tables and the reasons:
 * docs/formats/packed-model.md.
 *
 *     | header | section table | section | section | ... |
 *
 * The order, shape and layout of every section follow from the header's shape
 * (nxc__packed_section_expect), so that writer and reader share one table and a
 * file can only be right or refused.
 */
#ifndef NXC_ENCODER_PACKED_MODEL_H
#define NXC_ENCODER_PACKED_MODEL_H

#include "encoder/kernels/encoder_kernel.h"
#include "text/wordpiece.h"

#define NXC_PACKED_MAGIC "NXCMODEL"
#define NXC_PACKED_VERSION 1u
#define NXC_PACKED_ALIGN ((size_t)64)
#define NXC_PACKED_CHECKSUM_FROM 24 /* the checksum covers what follows it */

/* The one architecture: MiniLM-L6-H384 and its like. */
#define NXC_HIDDEN 384u
#define NXC_HEADS 12u
#define NXC_FFN 1536u
#define NXC_MAX_LAYERS 64u
#define NXC_MAX_VOCAB (1u << 21)
#define NXC_MAX_POSITIONS (1u << 16)

typedef struct nxc__packed_header {
    char magic[8];
    uint32_t version, header_bytes; /* section table included */
    uint64_t checksum;              /* XXH3-64 of [24, header_bytes) */
    uint64_t file_bytes;
    uint32_t dtype; /* nxc_dtype of the layers' weights */
    uint32_t n_layers, hidden, n_heads, ffn, vocab_size, n_positions;
    uint32_t max_tokens;
    float layer_norm_eps;
    uint32_t n_sections;
    uint8_t source_sha256[32]; /* of the safetensors file */
    uint8_t fingerprint[32];   /* see nxc__packed_model_fingerprint */
    uint32_t n_embeddings;     /* rows of the token table; 0: one for each id */
    uint8_t reserved[116];     /* zero */
} nxc__packed_header;
_Static_assert(sizeof(nxc__packed_header) == 256, "docs/formats");

typedef struct nxc__packed_section {
    uint32_t kind;  /* nxc__section_kind */
    uint32_t layer; /* NXC_NONE: not of a layer */
    uint32_t dtype; /* nxc__section_dtype */
    uint32_t layout;
    uint32_t rows, cols; /* of a weight matrix: inputs, outputs */
    uint64_t offset;     /* from the start of the file, a multiple of 64 */
    uint64_t bytes;
} nxc__packed_section;
_Static_assert(sizeof(nxc__packed_section) == 40, "docs/formats");

/* Which of 32 ids have a row in the token table, and how many rows are before
 * them. An id without one (a piece that no text gives) takes the next row. */
typedef struct nxc__packed_rank {
    uint32_t bits, before;
} nxc__packed_rank;
_Static_assert(sizeof(nxc__packed_rank) == 8, "docs/formats");

typedef enum nxc__section_kind {
    NXC_SECTION_EMBEDDINGS = 1, /* (vocab_size, hidden) */
    NXC_SECTION_POSITIONS = 2,  /* (n_positions, hidden), type row 0 added */
    NXC_SECTION_EMBED_GAMMA = 3,
    NXC_SECTION_EMBED_BETA = 4,
    NXC_SECTION_EMBED_SCALES = 5,    /* (vocab_size), int8 */
    NXC_SECTION_POSITION_SCALES = 6, /* (n_positions), int8 */
    NXC_SECTION_EMBED_RANKS = 7,     /* nxc__packed_rank, bf16 and int8 */
    NXC_SECTION_QKV = 16,            /* (hidden, 3 hidden), per head q k v */
    NXC_SECTION_QKV_BIAS = 17,
    NXC_SECTION_OUT = 18, /* (hidden, hidden) */
    NXC_SECTION_OUT_BIAS = 19,
    NXC_SECTION_ATTENTION_GAMMA = 20,
    NXC_SECTION_ATTENTION_BETA = 21,
    NXC_SECTION_UP = 22, /* (hidden, ffn) */
    NXC_SECTION_UP_BIAS = 23,
    NXC_SECTION_DOWN = 24, /* (ffn, hidden) */
    NXC_SECTION_DOWN_BIAS = 25,
    NXC_SECTION_OUTPUT_GAMMA = 26,
    NXC_SECTION_OUTPUT_BETA = 27,
    /* int8: of the weights and bias before them. */
    NXC_SECTION_SCALES = 28,  /* (outputs) */
    NXC_SECTION_SUMS = 29,    /* (outputs) */
    NXC_SECTION_FACTORS = 30, /* (inputs) */
    NXC_SECTION_WORDPIECE = 32
} nxc__section_kind;

typedef enum nxc__section_dtype { /* 0 to 2 as nxc_dtype */
                                  NXC_SECTION_F32 = 0,
                                  NXC_SECTION_BF16 = 1,
                                  NXC_SECTION_INT8 = 2,
                                  NXC_SECTION_BYTES = 3,
                                  NXC_SECTION_INT32 = 4
} nxc__section_dtype;

typedef enum nxc__section_layout {
    NXC_LAYOUT_ROWS = 0,      /* row-major */
    NXC_LAYOUT_PANELS48 = 1,  /* nxc__linear, nxc__linear_bf16 */
    NXC_LAYOUT_PANELS48X4 = 2 /* nxc__linear_int8 */
} nxc__section_layout;

/* As the header's dtype says. */
typedef union nxc__matrix {
    nxc__linear f32;
    nxc__linear_bf16 bf16;
    nxc__linear_int8 int8;
} nxc__matrix;

typedef struct nxc__layer {
    nxc__matrix qkv, out, up, down;
    nxc__norm attention_norm, output_norm;
} nxc__layer;

/* Rows of NXC_HIDDEN values of one dtype; the other pointers are NULL. */
typedef struct nxc__table {
    const float *f32;
    const uint16_t *bf16;
    const int8_t *int8;
    const float *scales; /* of the int8 rows */
} nxc__table;

/* Views into the bytes given to open. */
typedef struct nxc__packed_model {
    const nxc__packed_header *header;
    const nxc__packed_section *sections; /* (header->n_sections) */
    const uint8_t *bytes;
    nxc__table embeddings, positions;
    const nxc__packed_rank *ranks; /* NULL: row = id */
    nxc__norm embedding_norm;
    nxc__layer *layers; /* (header->n_layers) */
    nxc__wordpiece wordpiece;
    const nxc_allocator *alloc;
} nxc__packed_model;

/* Number of sections for a dtype and shape, and what section i of it must be,
 * but for offset; bytes and cols of the wordpiece image are left 0. */
size_t nxc__packed_n_sections(const nxc__packed_header *h);
nxc__packed_section nxc__packed_section_expect(const nxc__packed_header *h,
                                               size_t i);
/* Index of the first section of a layer. */
size_t nxc__packed_layer_section(const nxc__packed_header *h, size_t layer);
/* A file in memory (nxc__free, file_bytes) with header and section table for
 * the shape in h, all else zero. */
nxc_status nxc__packed_lay_out(const nxc__packed_header *h,
                               size_t wordpiece_bytes,
                               const nxc_allocator *alloc,
                               nxc__packed_header **file, nxc_error *err);
/* Once the sections are written: fingerprint and checksum. */
nxc_status nxc__packed_seal(nxc__packed_header *file, nxc_error *err);
static inline size_t nxc__packed_row(const nxc__packed_model *m, uint32_t id) {
    if (!m->ranks) return id;
    nxc__packed_rank r = m->ranks[id / 32];
    uint32_t below = r.bits & ((UINT32_C(1) << id % 32) - 1);
    return r.before + (size_t)__builtin_popcount(below);
}

/* Whether shape, limits and dtype of a header are ones we know. */
nxc_status nxc__packed_header_check(const char *name,
                                    const nxc__packed_header *h,
                                    nxc_error *err);
/* XXH3-64 of header and section table, as the header must carry it. */
uint64_t nxc__packed_checksum(const nxc__packed_header *h);

/* Validate header, table and vocabulary image; not the weights' values, which
 * would mean to read the whole file, but for the column sums of int8 (in whose
 * bounds no product overflows). bytes is 8-byte aligned and outlives the model.
 * Errors: NXC_ERR_FORMAT, NXC_ERR_NOMEM. */
nxc_status nxc__packed_model_open(nxc__packed_model *m, const char *name,
                                  const void *bytes, size_t size,
                                  const nxc_allocator *alloc, nxc_error *err);
void nxc__packed_model_release(nxc__packed_model *m);

/* SHA-256 over the header's shape (dtype to layer_norm_eps) and, per section
 * in order, kind to cols and the content. Reads the whole file. */
nxc_status nxc__packed_model_fingerprint(const nxc__packed_header *h,
                                         const nxc__packed_section *sections,
                                         const uint8_t *bytes, uint8_t out[32],
                                         nxc_error *err);
/* NXC_ERR_FORMAT if the stored fingerprint is not that of the content. */
nxc_status nxc__packed_model_verify(const nxc__packed_model *m,
                                    const char *name, nxc_error *err);

#endif
