/*
 * Opening a packed model file.
 *
 * What is checked, in this order, each before it is relied upon:
 *     1. magic, version, sizes        the bytes are there
 *     2. checksum                     header and table are as written
 *     3. shape                        one that we know
 *     4. each section                 as the shape demands, one after another,
 *                                     64-byte aligned, the last ends the file
 *     5. the vocabulary image         every value (wordpiece.c)
 * Checksums are no defence against an author of files: 3 to 5 hold for any
 * bytes. Then every token id that the tokenizer gives is below vocab_size and
 * every position below n_positions, so the forward pass runs unchecked.
 *
 * Threading: immutable after open. Cost: a page of header, and one pass over
 * the vocabulary image; weights are paged in by the first texts.
 */
#include "encoder/packed_model.h"

#include <stddef.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "packed model files are used in place and are little-endian"
#endif

/* ------------------------------------------------------- table of sections */

typedef enum extent { ONE, HIDDEN, HIDDEN3, FFN, VOCAB, POSITIONS } extent;

typedef struct section_row {
    nxc__section_kind kind;
    nxc__section_layout layout;
    extent rows, cols;
} section_row;

static const section_row model_rows[] = {
    {NXC_SECTION_EMBEDDINGS, NXC_LAYOUT_ROWS, VOCAB, HIDDEN},
    {NXC_SECTION_POSITIONS, NXC_LAYOUT_ROWS, POSITIONS, HIDDEN},
    {NXC_SECTION_EMBED_GAMMA, NXC_LAYOUT_ROWS, ONE, HIDDEN},
    {NXC_SECTION_EMBED_BETA, NXC_LAYOUT_ROWS, ONE, HIDDEN},
};
/* In the order of use, so that prefetching runs on into the next matrix. */
static const section_row layer_rows[] = {
    {NXC_SECTION_QKV, NXC_LAYOUT_PANELS48, HIDDEN, HIDDEN3},
    {NXC_SECTION_QKV_BIAS, NXC_LAYOUT_ROWS, ONE, HIDDEN3},
    {NXC_SECTION_OUT, NXC_LAYOUT_PANELS48, HIDDEN, HIDDEN},
    {NXC_SECTION_OUT_BIAS, NXC_LAYOUT_ROWS, ONE, HIDDEN},
    {NXC_SECTION_ATTENTION_GAMMA, NXC_LAYOUT_ROWS, ONE, HIDDEN},
    {NXC_SECTION_ATTENTION_BETA, NXC_LAYOUT_ROWS, ONE, HIDDEN},
    {NXC_SECTION_UP, NXC_LAYOUT_PANELS48, HIDDEN, FFN},
    {NXC_SECTION_UP_BIAS, NXC_LAYOUT_ROWS, ONE, FFN},
    {NXC_SECTION_DOWN, NXC_LAYOUT_PANELS48, FFN, HIDDEN},
    {NXC_SECTION_DOWN_BIAS, NXC_LAYOUT_ROWS, ONE, HIDDEN},
    {NXC_SECTION_OUTPUT_GAMMA, NXC_LAYOUT_ROWS, ONE, HIDDEN},
    {NXC_SECTION_OUTPUT_BETA, NXC_LAYOUT_ROWS, ONE, HIDDEN},
};
#define N_MODEL_ROWS (sizeof model_rows / sizeof *model_rows)
#define N_LAYER_ROWS (sizeof layer_rows / sizeof *layer_rows)

size_t nxc__packed_n_sections(uint32_t n_layers) {
    return N_MODEL_ROWS + N_LAYER_ROWS * n_layers + 1;
}

static uint32_t extent_of(const nxc__packed_header *h, extent e) {
    const uint32_t values[] = {
        [ONE] = 1,      [HIDDEN] = h->hidden,    [HIDDEN3] = 3 * h->hidden,
        [FFN] = h->ffn, [VOCAB] = h->vocab_size, [POSITIONS] = h->n_positions};
    return values[e];
}

nxc__packed_section nxc__packed_section_expect(const nxc__packed_header *h,
                                               size_t i) {
    nxc__packed_section s = {.kind = NXC_SECTION_WORDPIECE,
                             .layer = NXC_NONE,
                             .dtype = NXC_SECTION_BYTES,
                             .layout = NXC_LAYOUT_ROWS,
                             .rows = 1};
    const section_row *row = NULL;
    if (i < N_MODEL_ROWS) {
        row = &model_rows[i];
    } else if (i - N_MODEL_ROWS < N_LAYER_ROWS * h->n_layers) {
        row = &layer_rows[(i - N_MODEL_ROWS) % N_LAYER_ROWS];
        s.layer = (uint32_t)((i - N_MODEL_ROWS) / N_LAYER_ROWS);
    }
    if (row) {
        s.kind = row->kind;
        s.dtype = NXC_SECTION_F32;
        s.layout = row->layout;
        s.rows = extent_of(h, row->rows);
        s.cols = extent_of(h, row->cols);
        s.bytes = (uint64_t)s.rows * s.cols * sizeof(float);
    }
    return s;
}

/* ---------------------------------------------------------------- checks */

static nxc_status expect_value(const char *name, const char *field,
                               uint64_t want, uint64_t got, nxc_error *err) {
    if (want == got) return NXC_OK;
    return nxc__error(err, NXC_ERR_FORMAT, "%s: %s: expected %ju, got %ju",
                      name, field, (uintmax_t)want, (uintmax_t)got);
}
static nxc_status expect_range(const char *name, const char *field,
                               uint64_t min, uint64_t max, uint64_t got,
                               nxc_error *err) {
    if (got >= min && got <= max) return NXC_OK;
    return nxc__error(err, NXC_ERR_FORMAT,
                      "%s: %s: expected %ju to %ju, got %ju", name, field,
                      (uintmax_t)min, (uintmax_t)max, (uintmax_t)got);
}

nxc_status nxc__packed_header_check(const char *name,
                                    const nxc__packed_header *h,
                                    nxc_error *err) {
    if (h->dtype == NXC_BF16 || h->dtype == NXC_INT8)
        return nxc__error(err, NXC_ERR_UNSUPPORTED,
                          "%s: expected float32 weights, got %s, which this "
                          "version does not compute with",
                          name, h->dtype == NXC_BF16 ? "bf16" : "int8");
    NXC_TRY(expect_value(name, "dtype", NXC_F32, h->dtype, err));
    NXC_TRY(expect_value(name, "hidden size", NXC_HIDDEN, h->hidden, err));
    NXC_TRY(expect_value(name, "number of heads", NXC_HEADS, h->n_heads, err));
    NXC_TRY(
        expect_value(name, "size of the hidden layer", NXC_FFN, h->ffn, err));
    NXC_TRY(expect_range(name, "number of layers", 1, NXC_MAX_LAYERS,
                         h->n_layers, err));
    NXC_TRY(expect_range(name, "vocabulary size", 1, NXC_MAX_VOCAB,
                         h->vocab_size, err));
    NXC_TRY(expect_range(name, "number of positions", 2, NXC_MAX_POSITIONS,
                         h->n_positions, err));
    uint64_t most = h->n_positions < 256 ? h->n_positions : 256;
    NXC_TRY(expect_range(name, "max_tokens", 2, most, h->max_tokens, err));
    if (!(h->layer_norm_eps >= 0 && h->layer_norm_eps <= 1))
        return nxc__error(err, NXC_ERR_FORMAT,
                          "%s: layer_norm_eps: expected 0 to 1, got %g", name,
                          (double)h->layer_norm_eps);
    for (size_t i = 0; i < sizeof h->reserved; i++)
        NXC_TRY(expect_value(name, "reserved byte", 0, h->reserved[i], err));
    return NXC_OK;
}

uint64_t nxc__packed_checksum(const nxc__packed_header *h) {
    const uint8_t *from = (const uint8_t *)h + NXC_PACKED_CHECKSUM_FROM;
    return nxc__hash64(from, h->header_bytes - NXC_PACKED_CHECKSUM_FROM, 0);
}

/* Steps 1 to 3. */
static nxc_status check_header(const char *name, const nxc__packed_header *h,
                               size_t size, nxc_error *err) {
    if (size < sizeof *h)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "%s: expected a header of %zu bytes, got %zu", name,
                          sizeof *h, size);
    if (memcmp(h->magic, NXC_PACKED_MAGIC, sizeof h->magic) != 0)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "%s: expected a packed model file, got another kind",
                          name);
    NXC_TRY(expect_value(name, "version", NXC_PACKED_VERSION, h->version, err));
    NXC_TRY(expect_range(name, "header size", sizeof *h, size, h->header_bytes,
                         err));
    NXC_TRY(expect_value(name, "header checksum", nxc__packed_checksum(h),
                         h->checksum, err));
    NXC_TRY(expect_value(name, "file size", h->file_bytes, size, err));
    NXC_TRY(nxc__packed_header_check(name, h, err));
    size_t n = nxc__packed_n_sections(h->n_layers);
    NXC_TRY(expect_value(name, "number of sections", n, h->n_sections, err));
    return expect_value(name, "header size",
                        sizeof *h + n * sizeof(nxc__packed_section),
                        h->header_bytes, err);
}

/* Step 4 for one section; *end is where the one before ended. */
static nxc_status check_section(const char *name, const nxc__packed_header *h,
                                const nxc__packed_section *s, size_t i,
                                uint64_t *end, nxc_error *err) {
    nxc__packed_section want = nxc__packed_section_expect(h, i);
    if (want.kind == NXC_SECTION_WORDPIECE) {
        want.cols = s->cols;
        want.bytes = s->cols;
    }
    want.offset =
        (*end + NXC_PACKED_ALIGN - 1) / NXC_PACKED_ALIGN * NXC_PACKED_ALIGN;
    const struct {
        const char *field;
        uint64_t want, got;
    } rows[] = {
        {"kind", want.kind, s->kind},       {"layer", want.layer, s->layer},
        {"dtype", want.dtype, s->dtype},    {"layout", want.layout, s->layout},
        {"rows", want.rows, s->rows},       {"cols", want.cols, s->cols},
        {"offset", want.offset, s->offset}, {"bytes", want.bytes, s->bytes}};
    for (size_t j = 0; j < sizeof rows / sizeof *rows; j++)
        if (rows[j].want != rows[j].got)
            return nxc__error(err, NXC_ERR_FORMAT,
                              "%s: section %zu: %s: expected %ju, got %ju",
                              name, i, rows[j].field, (uintmax_t)rows[j].want,
                              (uintmax_t)rows[j].got);
    if (s->offset > h->file_bytes || s->bytes > h->file_bytes - s->offset)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "%s: section %zu: expected it to end within %ju "
                          "bytes, got %ju",
                          name, i, (uintmax_t)h->file_bytes,
                          (uintmax_t)(s->offset + s->bytes));
    *end = s->offset + s->bytes;
    return NXC_OK;
}

/* ---------------------------------------------------------------- open */

static const float *floats(const nxc__packed_model *m, size_t i) {
    return (const float *)(const void *)(m->bytes + m->sections[i].offset);
}
static nxc__linear linear_at(const nxc__packed_model *m, size_t i) {
    const nxc__packed_section *s = &m->sections[i];
    return (nxc__linear){floats(m, i), floats(m, i + 1), s->rows, s->cols};
}
static nxc__norm norm_at(const nxc__packed_model *m, size_t i) {
    return (nxc__norm){floats(m, i), floats(m, i + 1), m->header->hidden,
                       m->header->layer_norm_eps};
}

/* Sections as the rows of the tables above have them. */
static void set_views(nxc__packed_model *m) {
    m->embeddings = floats(m, 0);
    m->positions = floats(m, 1);
    m->embedding_norm = norm_at(m, 2);
    for (size_t l = 0; l < m->header->n_layers; l++) {
        size_t first = N_MODEL_ROWS + l * N_LAYER_ROWS;
        nxc__layer *layer = &m->layers[l];
        layer->qkv = linear_at(m, first);
        layer->out = linear_at(m, first + 2);
        layer->attention_norm = norm_at(m, first + 4);
        layer->up = linear_at(m, first + 6);
        layer->down = linear_at(m, first + 8);
        layer->output_norm = norm_at(m, first + 10);
    }
}

static nxc_status open_wordpiece(nxc__packed_model *m, const char *name,
                                 nxc_error *err) {
    const nxc__packed_section *s = &m->sections[m->header->n_sections - 1];
    nxc_status st = nxc__wordpiece_open(&m->wordpiece, m->bytes + s->offset,
                                        (size_t)s->bytes, err);
    if (st != NXC_OK) return nxc__error_prefix(err, st, "%s", name);
    return expect_value(name, "vocabulary size", m->header->vocab_size,
                        m->wordpiece.vocab_size, err);
}

nxc_status nxc__packed_model_open(nxc__packed_model *m, const char *name,
                                  const void *bytes, size_t size,
                                  const nxc_allocator *alloc, nxc_error *err) {
    nxc__packed_model model = {.header = bytes, .bytes = bytes};
    const nxc__packed_header *h = model.header;
    NXC_TRY(check_header(name, h, size, err));
    model.sections = (const nxc__packed_section *)(const void *)(h + 1);
    uint64_t end = h->header_bytes;
    for (size_t i = 0; i < h->n_sections; i++)
        NXC_TRY(check_section(name, h, &model.sections[i], i, &end, err));
    NXC_TRY(
        expect_value(name, "end of the last section", h->file_bytes, end, err));
    NXC_TRY(open_wordpiece(&model, name, err));
    model.alloc = nxc__allocator_or_default(alloc);
    size_t layer_bytes = h->n_layers * sizeof *model.layers;
    model.layers = nxc__alloc_zero(model.alloc, layer_bytes);
    if (!model.layers) return nxc__error_nomem(err, layer_bytes);
    set_views(&model);
    *m = model;
    return NXC_OK;
}

void nxc__packed_model_release(nxc__packed_model *m) {
    nxc__free(m->alloc, m->layers, m->header->n_layers * sizeof *m->layers);
    m->layers = NULL;
}

/* ------------------------------------------------------------ fingerprint */

nxc_status nxc__packed_model_fingerprint(const nxc__packed_header *h,
                                         const nxc__packed_section *sections,
                                         const uint8_t *bytes, uint8_t out[32],
                                         nxc_error *err) {
    nxc__sha256 *sha;
    NXC_TRY(nxc__sha256_new(&sha, err));
    nxc__sha256_update(sha, &h->dtype,
                       offsetof(nxc__packed_header, n_sections) -
                           offsetof(nxc__packed_header, dtype));
    for (size_t i = 0; i < h->n_sections; i++) {
        const nxc__packed_section *s = &sections[i];
        nxc__sha256_update(sha, s, offsetof(nxc__packed_section, offset));
        nxc__sha256_update(sha, bytes + s->offset, (size_t)s->bytes);
    }
    return nxc__sha256_finish(sha, out, err);
}

nxc_status nxc__packed_model_verify(const nxc__packed_model *m,
                                    const char *name, nxc_error *err) {
    uint8_t digest[32];
    NXC_TRY(nxc__packed_model_fingerprint(m->header, m->sections, m->bytes,
                                          digest, err));
    if (memcmp(digest, m->header->fingerprint, sizeof digest) == 0)
        return NXC_OK;
    char want[65], got[65];
    nxc__sha256_format(m->header->fingerprint, want);
    nxc__sha256_format(digest, got);
    return nxc__error(err, NXC_ERR_FORMAT,
                      "%s: expected content of fingerprint %.16s..., got "
                      "%.16s...",
                      name, want, got);
}
