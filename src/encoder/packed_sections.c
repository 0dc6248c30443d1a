/*
 * The table of sections of a packed model file, for writer and reader: what
 * stands in which order for a dtype and shape, and the empty file of it.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "encoder/packed_model.h"

typedef enum extent {
    ONE,
    HIDDEN,
    HIDDEN3,
    FFN,
    VOCAB,
    POSITIONS,
    EMBEDDINGS,
    RANKS
} extent;

typedef struct section_row {
    nxc__section_kind kind;
    nxc__section_dtype dtype;
    nxc__section_layout layout;
    extent rows, cols;
} section_row;

#define VECTOR(kind, cols) \
    { NXC_SECTION_##kind, NXC_SECTION_F32, NXC_LAYOUT_ROWS, ONE, cols }
#define TABLE(kind, dtype, rows) \
    { NXC_SECTION_##kind, NXC_SECTION_##dtype, NXC_LAYOUT_ROWS, rows, HIDDEN }
#define RANKS_ROW \
    { NXC_SECTION_EMBED_RANKS, NXC_SECTION_INT32, NXC_LAYOUT_ROWS, ONE, RANKS }
/* A matrix and its bias; for int8 the three vectors that go with them. */
#define F32_MATRIX(kind, k, n)                                        \
    {NXC_SECTION_##kind, NXC_SECTION_F32, NXC_LAYOUT_PANELS48, k, n}, \
        VECTOR(kind##_BIAS, n)
#define BF16_MATRIX(kind, k, n)                                        \
    {NXC_SECTION_##kind, NXC_SECTION_BF16, NXC_LAYOUT_PANELS48, k, n}, \
        VECTOR(kind##_BIAS, n)
#define INT8_MATRIX(kind, k, n)                                          \
    {NXC_SECTION_##kind, NXC_SECTION_INT8, NXC_LAYOUT_PANELS48X4, k, n}, \
        VECTOR(kind##_BIAS, n), VECTOR(SCALES, n),                       \
        {NXC_SECTION_SUMS, NXC_SECTION_INT32, NXC_LAYOUT_ROWS, ONE, n},  \
        VECTOR(FACTORS, k)

static const section_row f32_model[] = {
    TABLE(EMBEDDINGS, F32, VOCAB), TABLE(POSITIONS, F32, POSITIONS),
    VECTOR(EMBED_GAMMA, HIDDEN), VECTOR(EMBED_BETA, HIDDEN)};
static const section_row bf16_model[] = {
    TABLE(EMBEDDINGS, BF16, EMBEDDINGS), TABLE(POSITIONS, BF16, POSITIONS),
    RANKS_ROW, VECTOR(EMBED_GAMMA, HIDDEN), VECTOR(EMBED_BETA, HIDDEN)};
static const section_row int8_model[] = {TABLE(EMBEDDINGS, INT8, EMBEDDINGS),
                                         VECTOR(EMBED_SCALES, EMBEDDINGS),
                                         TABLE(POSITIONS, INT8, POSITIONS),
                                         VECTOR(POSITION_SCALES, POSITIONS),
                                         RANKS_ROW,
                                         VECTOR(EMBED_GAMMA, HIDDEN),
                                         VECTOR(EMBED_BETA, HIDDEN)};

/* In the order of use, so that prefetching runs on into the next matrix. */
#define LAYER(MATRIX)                                                        \
    {                                                                        \
        MATRIX(QKV, HIDDEN, HIDDEN3), MATRIX(OUT, HIDDEN, HIDDEN),           \
            VECTOR(ATTENTION_GAMMA, HIDDEN), VECTOR(ATTENTION_BETA, HIDDEN), \
            MATRIX(UP, HIDDEN, FFN), MATRIX(DOWN, FFN, HIDDEN),              \
            VECTOR(OUTPUT_GAMMA, HIDDEN), VECTOR(OUTPUT_BETA, HIDDEN)        \
    }
static const section_row f32_layer[] = LAYER(F32_MATRIX);
static const section_row bf16_layer[] = LAYER(BF16_MATRIX);
static const section_row int8_layer[] = LAYER(INT8_MATRIX);

typedef struct section_table {
    const section_row *model, *layer;
    size_t n_model, n_layer;
} section_table;
#define COUNT(a) (sizeof(a) / sizeof *(a))
static section_table table_of(const nxc__packed_header *h) {
    static const section_table tables[] = {
        [NXC_F32] = {f32_model, f32_layer, COUNT(f32_model), COUNT(f32_layer)},
        [NXC_BF16] = {bf16_model, bf16_layer, COUNT(bf16_model),
                      COUNT(bf16_layer)},
        [NXC_INT8] = {int8_model, int8_layer, COUNT(int8_model),
                      COUNT(int8_layer)}};
    return tables[h->dtype];
}

size_t nxc__packed_layer_section(const nxc__packed_header *h, size_t layer) {
    section_table t = table_of(h);
    return t.n_model + t.n_layer * layer;
}

size_t nxc__packed_n_sections(const nxc__packed_header *h) {
    return nxc__packed_layer_section(h, h->n_layers) + 1;
}

static uint32_t extent_of(const nxc__packed_header *h, extent e) {
    const uint32_t values[] = {[ONE] = 1,
                               [HIDDEN] = h->hidden,
                               [HIDDEN3] = 3 * h->hidden,
                               [FFN] = h->ffn,
                               [VOCAB] = h->vocab_size,
                               [POSITIONS] = h->n_positions,
                               [EMBEDDINGS] = h->n_embeddings,
                               [RANKS] = (h->vocab_size + 31) / 32 * 2};
    return values[e];
}

static size_t element_bytes(nxc__section_dtype dtype) {
    return dtype == NXC_SECTION_INT8   ? 1
           : dtype == NXC_SECTION_BF16 ? sizeof(uint16_t)
                                       : sizeof(float);
}

nxc__packed_section nxc__packed_section_expect(const nxc__packed_header *h,
                                               size_t i) {
    nxc__packed_section s = {.kind = NXC_SECTION_WORDPIECE,
                             .layer = NXC_NONE,
                             .dtype = NXC_SECTION_BYTES,
                             .layout = NXC_LAYOUT_ROWS,
                             .rows = 1};
    const section_table t = table_of(h);
    const section_row *row = NULL;
    if (i < t.n_model) {
        row = &t.model[i];
    } else if (i - t.n_model < t.n_layer * h->n_layers) {
        row = &t.layer[(i - t.n_model) % t.n_layer];
        s.layer = (uint32_t)((i - t.n_model) / t.n_layer);
    }
    if (row) {
        s.kind = row->kind;
        s.dtype = row->dtype;
        s.layout = row->layout;
        s.rows = extent_of(h, row->rows);
        s.cols = extent_of(h, row->cols);
        s.bytes = (uint64_t)s.rows * s.cols * element_bytes(row->dtype);
    }
    return s;
}

/* Write the sections' table, or with NULL only find where they end. */
static size_t place_sections(const nxc__packed_header *h, size_t wordpiece,
                             nxc__packed_section *sections) {
    size_t end = h->header_bytes;
    for (size_t i = 0; i < h->n_sections; i++) {
        nxc__packed_section s = nxc__packed_section_expect(h, i);
        if (s.kind == NXC_SECTION_WORDPIECE) {
            s.cols = (uint32_t)wordpiece;
            s.bytes = wordpiece;
        }
        end =
            (end + NXC_PACKED_ALIGN - 1) / NXC_PACKED_ALIGN * NXC_PACKED_ALIGN;
        s.offset = end;
        end += (size_t)s.bytes;
        if (sections) sections[i] = s;
    }
    return end;
}

nxc_status nxc__packed_lay_out(const nxc__packed_header *shape,
                               size_t wordpiece_bytes,
                               const nxc_allocator *alloc,
                               nxc__packed_header **file, nxc_error *err) {
    nxc__packed_header h = *shape;
    size_t n = nxc__packed_n_sections(&h);
    memcpy(h.magic, NXC_PACKED_MAGIC, sizeof h.magic);
    h.version = NXC_PACKED_VERSION;
    h.header_bytes = (uint32_t)(sizeof h + n * sizeof(nxc__packed_section));
    h.n_sections = (uint32_t)n;
    h.file_bytes = place_sections(&h, wordpiece_bytes, NULL);
    *file = nxc__alloc_zero(alloc, (size_t)h.file_bytes);
    if (!*file) return nxc__error_nomem(err, (size_t)h.file_bytes);
    **file = h;
    place_sections(&h, wordpiece_bytes,
                   (nxc__packed_section *)(void *)(*file + 1));
    return NXC_OK;
}
