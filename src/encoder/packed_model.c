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
 *     6. ranks (bf16, int8)           every id has its row in the token table
 *     7. column sums (int8)           products with them do not overflow
 * Checksums are no defence against an author of files: 3 to 7 hold for any
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
    NXC_TRY(expect_range(name, "dtype", NXC_F32, NXC_INT8, h->dtype, err));
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
    bool has_ranks = h->dtype != NXC_F32;
    NXC_TRY(expect_range(name, "number of embeddings", has_ranks ? 1 : 0,
                         has_ranks ? h->vocab_size : 0, h->n_embeddings, err));
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
    size_t n = nxc__packed_n_sections(h);
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

static const void *section_at(const nxc__packed_model *m, size_t i) {
    return m->bytes + m->sections[i].offset;
}
static nxc__norm norm_at(const nxc__packed_model *m, size_t i) {
    return (nxc__norm){section_at(m, i), section_at(m, i + 1),
                       m->header->hidden, m->header->layer_norm_eps};
}
/* The table at section *i; *i goes to the section behind it. */
static nxc__table table_at(const nxc__packed_model *m, size_t *i) {
    const void *values = section_at(m, (*i)++);
    if (m->header->dtype == NXC_F32) return (nxc__table){.f32 = values};
    if (m->header->dtype == NXC_BF16) return (nxc__table){.bf16 = values};
    return (nxc__table){.int8 = values, .scales = section_at(m, (*i)++)};
}
static nxc__matrix matrix_at(const nxc__packed_model *m, size_t *i) {
    nxc__matrix w;
    const nxc__packed_section *s = &m->sections[*i];
    if (m->header->dtype == NXC_F32) {
        w.f32 = (nxc__linear){section_at(m, *i), section_at(m, *i + 1), s->rows,
                              s->cols, s->cols};
        *i += 2;
    } else if (m->header->dtype == NXC_BF16) {
        w.bf16 = (nxc__linear_bf16){section_at(m, *i), section_at(m, *i + 1),
                                    s->rows, s->cols, s->cols};
        *i += 2;
    } else {
        w.int8 = (nxc__linear_int8){section_at(m, *i),
                                    section_at(m, *i + 1),
                                    section_at(m, *i + 2),
                                    section_at(m, *i + 3),
                                    section_at(m, *i + 4),
                                    s->rows,
                                    s->cols,
                                    s->cols};
        *i += 5;
    }
    return w;
}

/* Sections in the order of packed_sections.c. */
static void set_views(nxc__packed_model *m) {
    size_t i = 0;
    m->embeddings = table_at(m, &i);
    m->positions = table_at(m, &i);
    if (m->header->dtype != NXC_F32) m->ranks = section_at(m, i++);
    m->embedding_norm = norm_at(m, i);
    for (size_t l = 0; l < m->header->n_layers; l++) {
        i = nxc__packed_layer_section(m->header, l);
        nxc__layer *layer = &m->layers[l];
        layer->qkv = matrix_at(m, &i);
        layer->out = matrix_at(m, &i);
        layer->attention_norm = norm_at(m, i);
        i += 2;
        layer->up = matrix_at(m, &i);
        layer->down = matrix_at(m, &i);
        layer->output_norm = norm_at(m, i);
    }
}

/* Step 6: counts that add up and a row for the last id, so that every id below
 * vocab_size has its row below n_embeddings. */
static nxc_status check_ranks(const char *name, const nxc__packed_model *m,
                              nxc_error *err) {
    uint32_t vocab = m->header->vocab_size, n = 0, last = vocab - 1;
    if (!m->ranks) return NXC_OK;
    for (size_t i = 0; i < (vocab + 31) / 32; i++) {
        NXC_TRY(expect_value(name, "rows before a rank", n, m->ranks[i].before,
                             err));
        n += (uint32_t)__builtin_popcount(m->ranks[i].bits);
    }
    NXC_TRY(expect_value(name, "rows of all ranks", m->header->n_embeddings, n,
                         err));
    return expect_value(name, "row of the last id and none after it", 1,
                        m->ranks[last / 32].bits >> last % 32, err);
}

/* Step 7: |sum| <= 128 k, so that zero * sum is in the bounds of the kernel. */
static nxc_status check_sums(const char *name, const nxc__packed_model *m,
                             nxc_error *err) {
    uint32_t k = 0; /* of the matrix before */
    for (size_t i = 0; i < m->header->n_sections; i++) {
        const nxc__packed_section *s = &m->sections[i];
        if (s->layout == NXC_LAYOUT_PANELS48X4) k = s->rows;
        if (s->kind != NXC_SECTION_SUMS) continue;
        const int32_t *sums = section_at(m, i), limit = (int32_t)(128 * k);
        for (size_t j = 0; j < s->cols; j++)
            if (sums[j] < -limit || sums[j] > limit)
                return nxc__error(err, NXC_ERR_FORMAT,
                                  "%s: section %zu: expected a column sum from "
                                  "%d to %d, got %d",
                                  name, i, -limit, limit, sums[j]);
    }
    return NXC_OK;
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
    NXC_TRY(check_sums(name, &model, err));
    model.alloc = nxc__allocator_or_default(alloc);
    size_t layer_bytes = h->n_layers * sizeof *model.layers;
    model.layers = nxc__alloc_zero(model.alloc, layer_bytes);
    if (!model.layers) return nxc__error_nomem(err, layer_bytes);
    set_views(&model);
    nxc_status st = check_ranks(name, &model, err);
    if (st != NXC_OK) {
        nxc__packed_model_release(&model);
        return st;
    }
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

nxc_status nxc__packed_seal(nxc__packed_header *file, nxc_error *err) {
    const nxc__packed_section *sections =
        (const nxc__packed_section *)(const void *)(file + 1);
    NXC_TRY(nxc__packed_model_fingerprint(file, sections, (const uint8_t *)file,
                                          file->fingerprint, err));
    file->checksum = nxc__packed_checksum(file);
    return NXC_OK;
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
