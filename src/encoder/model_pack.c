/*
 * nxc_model_pack: a model folder to one packed file.
 *
 *     model.safetensors ---- shapes -> header, section table
 *     config.json (if any) - must agree with the shapes
 *     vocab.txt, or else the vocabulary of tokenizer.json -> wordpiece image
 *     then every tensor is copied into its section, hashed and written at once;
 *     for another dtype the float32 file in memory is converted first
 *     (model_quantize.c)
 *
 * Two things change on the way, both once and exactly documented: row 0 of the
 * token types (the only one ever used) is added to every position, and the
 * query, key and value columns are ordered by head: q0 k0 v0 q1 k1 v1 ...
 * The factor 1 / sqrt(32) of attention is not folded into the query weights: it
 * would round each weight once more to save one multiplication per score.
 *
 * Threading: none. Cost: the file in memory once (90 MB), a second of work.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/str.h"
#include "encoder/model_quantize.h"
#include "encoder/packed_model.h"
#include "encoder/safetensors.h"

#define MAX_SOURCE_BYTES ((size_t)4 << 30)
#define MAX_TEXT_FILE ((size_t)64 << 20)
#define MAX_PATH 1024

typedef struct pack {
    const nxc_allocator *alloc;
    const char *dir;
    char weights_path[MAX_PATH];
    nxc__mapping map;
    nxc__safetensors tensors;
    const char *prefix; /* of the tensor names: "" or "bert." */
    nxc__buffer wordpiece;
    nxc__packed_header *file; /* (file_bytes) the file in memory */
    nxc__packed_section *sections;
    nxc_error *err;
} pack;

static nxc_status join(const pack *p, const char *name, char out[MAX_PATH]) {
    int n = snprintf(out, MAX_PATH, "%s/%s", p->dir, name);
    if (n < 0 || n >= MAX_PATH)
        return nxc__error(p->err, NXC_ERR_INVALID,
                          "source_dir: expected at most %d bytes, got %d",
                          MAX_PATH - 32, n);
    return NXC_OK;
}

/* ------------------------------------------------------------ vocabulary */

static void free_text(const pack *p, nxc_str text) {
    nxc__free_str(p->alloc, text);
}

/* model.vocab of a tokenizer.json, {"piece": id}, as the lines of vocab.txt. */
static nxc_status vocab_lines(const pack *p, const nxc__json_doc *doc,
                              nxc_str *pieces, size_t n, nxc__buffer *out) {
    nxc__json_path root = {NULL, {NULL, 0}, 0};
    nxc__json_path model = {&root, NXC_STR("model"), 0};
    nxc__json_path vocab = {&model, NXC_STR("vocab"), 0};
    const nxc__json *v =
        NXC_JSON_GET(NXC_JSON_GET(nxc__json_root(doc), "model"), "vocab");
    for (nxc__json_iter it = nxc__json_each(v); nxc__json_next(&it);) {
        nxc__json_path path = {&vocab, it.key, it.index};
        uint64_t id;
        if (!nxc__json_uint(it.value, n - 1, &id))
            return nxc__json_error_type(doc, &path, p->err,
                                        "an id below the number of pieces",
                                        it.value);
        if (pieces[id].ptr)
            return nxc__json_error(doc, &path, p->err, NXC_ERR_PARSE,
                                   "expected an id of its own, got %ju again",
                                   (uintmax_t)id);
        pieces[id] = it.key;
    }
    for (size_t i = 0; i < n; i++) {
        nxc__buffer_append_str(out, pieces[i]);
        nxc__buffer_append_char(out, '\n');
    }
    return nxc__buffer_status(out, "vocabulary", p->err);
}

static nxc_status vocab_from_tokenizer(const pack *p, const char *path,
                                       nxc_str text, nxc__buffer *out) {
    nxc__json_doc *doc = NULL;
    NXC_TRY(
        nxc__json_parse(nxc__str(path), text, NULL, p->alloc, &doc, p->err));
    nxc__json_path root = {NULL, {NULL, 0}, 0};
    nxc__json_path path_model = {&root, NXC_STR("model"), 0};
    const nxc__json *model = NXC_JSON_GET(nxc__json_root(doc), "model");
    const nxc__json *vocab = NXC_JSON_GET(model, "vocab");
    size_t n = nxc__json_is(vocab, NXC_JSON_OBJECT) ? nxc__json_size(vocab) : 0;
    nxc_status st;
    if (n == 0 || !nxc__str_eq(nxc__json_str(NXC_JSON_GET(model, "type")),
                               NXC_STR("WordPiece"))) {
        st = nxc__json_error_type(doc, &path_model, p->err,
                                  "a WordPiece model with its vocabulary",
                                  model);
    } else {
        size_t bytes = n * sizeof(nxc_str);
        nxc_str *pieces = nxc__alloc_zero(p->alloc, bytes);
        st = pieces ? vocab_lines(p, doc, pieces, n, out)
                    : nxc__error_nomem(p->err, bytes);
        nxc__free(p->alloc, pieces, bytes);
    }
    nxc__json_free(doc);
    return st;
}

/* The vocabulary image into p->wordpiece, and its number of pieces. */
static nxc_status compile_vocabulary(pack *p, uint32_t *vocab_size) {
    char path[MAX_PATH];
    nxc_str text;
    NXC_TRY(join(p, "vocab.txt", path));
    bool is_list = access(path, F_OK) == 0 || errno != ENOENT;
    if (!is_list) NXC_TRY(join(p, "tokenizer.json", path));
    NXC_TRY(nxc__file_read(path, MAX_TEXT_FILE, p->alloc, &text, p->err));
    nxc__buffer lines;
    nxc__buffer_init(&lines, p->alloc, MAX_TEXT_FILE);
    nxc_status st = NXC_OK;
    if (!is_list) st = vocab_from_tokenizer(p, path, text, &lines);
    nxc_str vocab = is_list ? text : nxc__buffer_str(&lines);
    if (st == NXC_OK)
        st = nxc__wordpiece_compile(nxc__str(path), vocab, &p->wordpiece,
                                    p->err);
    nxc__buffer_release(&lines);
    free_text(p, text);
    if (st != NXC_OK) return st;
    nxc__wordpiece wp;
    NXC_TRY(
        nxc__wordpiece_open(&wp, p->wordpiece.data, p->wordpiece.len, p->err));
    *vocab_size = wp.vocab_size;
    return NXC_OK;
}

/* ---------------------------------------------------------------- shape */

#define MAX_NAME 96
static nxc_str tensor_name(const pack *p, uint32_t layer, const char *tail,
                           char out[MAX_NAME]) {
    int n = layer == NXC_NONE ? snprintf(out, MAX_NAME, "%s%s", p->prefix, tail)
                              : snprintf(out, MAX_NAME, "%sencoder.layer.%u.%s",
                                         p->prefix, layer, tail);
    return (nxc_str){out, n > 0 && n < MAX_NAME ? (size_t)n : 0};
}

#define WORDS "embeddings.word_embeddings.weight"
#define QUERY "attention.self.query.weight"

/* Dimension d of a tensor, 0 if there is none. */
static size_t dimension(const pack *p, uint32_t layer, const char *tail,
                        size_t d) {
    char buf[MAX_NAME];
    const nxc__tensor *t =
        nxc__safetensors_find(&p->tensors, tensor_name(p, layer, tail, buf));
    return t && d < t->rank ? t->shape[d] : 0;
}

static nxc_status unsupported(const pack *p, const char *what, size_t want,
                              size_t got) {
    return nxc__error(p->err, NXC_ERR_UNSUPPORTED,
                      "%s: %s: expected %zu, got "
                      "%zu",
                      p->weights_path, what, want, got);
}

/* The header's shape from the tensors. */
static nxc_status read_shape(pack *p, nxc__packed_header *h) {
    p->prefix = "";
    if (!dimension(p, NXC_NONE, WORDS, 0)) p->prefix = "bert.";
    size_t vocab = dimension(p, NXC_NONE, WORDS, 0);
    size_t positions =
        dimension(p, NXC_NONE, "embeddings.position_embeddings.weight", 0);
    if (!vocab || !positions)
        return nxc__error(
            p->err, NXC_ERR_UNSUPPORTED,
            "%s: expected the tensors of a BERT encoder, got no " WORDS,
            p->weights_path);
    size_t hidden = dimension(p, NXC_NONE, WORDS, 1);
    size_t ffn = dimension(p, 0, "intermediate.dense.weight", 0);
    if (hidden != NXC_HIDDEN)
        return unsupported(p, "hidden size", NXC_HIDDEN, hidden);
    if (ffn != NXC_FFN)
        return unsupported(p, "size of the hidden layer", NXC_FFN, ffn);
    uint32_t n_layers = 0;
    while (n_layers <= NXC_MAX_LAYERS && dimension(p, n_layers, QUERY, 0))
        n_layers++;
    if (n_layers > NXC_MAX_LAYERS || vocab > NXC_MAX_VOCAB || positions < 2 ||
        positions > NXC_MAX_POSITIONS)
        return nxc__error(p->err, NXC_ERR_LIMIT,
                          "%s: expected at most %u layers, %u pieces and 2 to "
                          "%u positions, got %u, %zu and %zu",
                          p->weights_path, NXC_MAX_LAYERS, NXC_MAX_VOCAB,
                          NXC_MAX_POSITIONS, n_layers, vocab, positions);
    h->dtype = NXC_F32;
    h->n_layers = n_layers;
    h->hidden = NXC_HIDDEN;
    h->n_heads = NXC_HEADS;
    h->ffn = NXC_FFN;
    h->vocab_size = (uint32_t)vocab;
    h->n_positions = (uint32_t)positions;
    h->max_tokens = positions < 256 ? (uint32_t)positions : 256;
    h->layer_norm_eps = 1e-12f;
    return NXC_OK;
}

static nxc_status check_config_values(const pack *p, const nxc__json_doc *doc,
                                      nxc__packed_header *h) {
    const struct {
        const char *key;
        uint32_t want;
    } numbers[] = {{"hidden_size", h->hidden},
                   {"num_attention_heads", h->n_heads},
                   {"intermediate_size", h->ffn},
                   {"num_hidden_layers", h->n_layers},
                   {"vocab_size", h->vocab_size},
                   {"max_position_embeddings", h->n_positions}};
    static const char *const words[][2] = {
        {"model_type", "bert"},
        {"hidden_act", "gelu"},
        {"position_embedding_type", "absolute"}};
    const nxc__json *root = nxc__json_root(doc);
    nxc__json_path top = {NULL, {NULL, 0}, 0};
    if (!nxc__json_is(root, NXC_JSON_OBJECT))
        return nxc__json_error_type(doc, &top, p->err, "an object", root);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        nxc__json_path path = {&top, nxc__str(numbers[i].key), 0};
        const nxc__json *v = nxc__json_get(root, path.key);
        uint64_t got;
        if (v &&
            (!nxc__json_uint(v, UINT32_MAX, &got) || got != numbers[i].want))
            return nxc__json_error(doc, &path, p->err, NXC_ERR_UNSUPPORTED,
                                   "expected %u as in the weights, got %g",
                                   numbers[i].want, nxc__json_number(v));
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        nxc__json_path path = {&top, nxc__str(words[i][0]), 0};
        const nxc__json *v = nxc__json_get(root, path.key);
        if (v && !nxc__str_eq(nxc__json_str(v), nxc__str(words[i][1])))
            return nxc__json_error(doc, &path, p->err, NXC_ERR_UNSUPPORTED,
                                   "expected \"%s\", got \"%.*s\"", words[i][1],
                                   NXC_STR_ARG(nxc__json_str(v)));
    }
    const nxc__json *eps = NXC_JSON_GET(root, "layer_norm_eps");
    if (nxc__json_is(eps, NXC_JSON_NUMBER))
        h->layer_norm_eps = (float)nxc__json_number(eps);
    return NXC_OK;
}

/* config.json, where there is one. */
static nxc_status check_config(const pack *p, nxc__packed_header *h) {
    char path[MAX_PATH];
    NXC_TRY(join(p, "config.json", path));
    if (access(path, F_OK) != 0 && errno == ENOENT) return NXC_OK;
    nxc_str text;
    nxc__json_doc *doc = NULL;
    NXC_TRY(nxc__file_read(path, MAX_TEXT_FILE, p->alloc, &text, p->err));
    nxc_status st =
        nxc__json_parse(nxc__str(path), text, NULL, p->alloc, &doc, p->err);
    if (st == NXC_OK) {
        st = check_config_values(p, doc, h);
        nxc__json_free(doc);
    }
    free_text(p, text);
    return st;
}

/* ---------------------------------------------------------------- content */

/* n finite floats from unaligned little-endian bytes, to out[i * stride]. */
static bool copy_floats(const uint8_t *from, size_t n, float *out,
                        size_t stride) {
    uint32_t all = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, from + 4 * i, sizeof bits);
        memcpy(out + i * stride, &bits, sizeof bits);
        all |= (uint32_t)((bits & 0x7F800000u) == 0x7F800000u);
    }
    return !all;
}

static nxc_status not_finite(const pack *p, nxc_str name) {
    return nxc__error(p->err, NXC_ERR_FORMAT,
                      "%s: %.*s: expected finite numbers, got NaN or infinity",
                      p->weights_path, NXC_STR_ARG(name));
}

static float *section_floats(const pack *p, const nxc__packed_section *s) {
    return (float *)(void *)((char *)p->file + s->offset);
}

/* A tensor of rows x cols (or of cols, if rows is 0) as it is. */
static nxc_status copy_tensor(const pack *p, uint32_t layer, const char *tail,
                              size_t rows, size_t cols, float *out) {
    char buf[MAX_NAME];
    nxc_str name = tensor_name(p, layer, tail, buf);
    const size_t matrix[2] = {rows, cols};
    const uint8_t *data;
    NXC_TRY(nxc__safetensors_get_f32(&p->tensors, name, rows ? 2 : 1,
                                     rows ? matrix : &cols, &data, p->err));
    return copy_floats(data, (rows ? rows : 1) * cols, out, 1)
               ? NXC_OK
               : not_finite(p, name);
}

static nxc_status copy_positions(const pack *p, const nxc__packed_section *s) {
    float *out = section_floats(p, s);
    char buf[MAX_NAME];
    nxc_str name = tensor_name(p, NXC_NONE,
                               "embeddings.token_type_embeddings.weight", buf);
    const nxc__tensor *t = nxc__safetensors_find(&p->tensors, name);
    const size_t shape[2] = {t && t->rank == 2 && t->shape[0] ? t->shape[0] : 1,
                             s->cols};
    const uint8_t *data;
    float type[NXC_HIDDEN];
    NXC_TRY(
        nxc__safetensors_get_f32(&p->tensors, name, 2, shape, &data, p->err));
    if (!copy_floats(data, NXC_HIDDEN, type, 1)) return not_finite(p, name);
    NXC_TRY(copy_tensor(p, NXC_NONE, "embeddings.position_embeddings.weight",
                        s->rows, s->cols, out));
    for (size_t i = 0; i < (size_t)s->rows * s->cols; i++)
        out[i] += type[i % s->cols];
    return NXC_OK;
}

/* W (outputs, inputs) of one tensor into the panels of a section. Output row r
 * goes to column r / group * group * n_parts + part * group + r % group, which
 * interleaves q, k and v by head; n_parts = 1 leaves the order alone. */
typedef struct weights {
    const char *tail; /* without ".weight" or ".bias" */
    size_t part, n_parts;
} weights;
static size_t column_of(const weights *w, size_t row) {
    return w->n_parts == 1 ? row
                           : row / NXC_HEAD_DIM * NXC_HEAD_DIM * w->n_parts +
                                 w->part * NXC_HEAD_DIM + row % NXC_HEAD_DIM;
}

static nxc_status copy_linear(const pack *p, const nxc__packed_section *weight,
                              const nxc__packed_section *bias,
                              const weights *w) {
    char buf[MAX_NAME], tail[MAX_NAME];
    float *panels = section_floats(p, weight), *b = section_floats(p, bias);
    const uint8_t *data;
    size_t k = weight->rows;
    const size_t shape[2] = {weight->cols / w->n_parts, k};
    snprintf(tail, sizeof tail, "%s.weight", w->tail);
    nxc_str name = tensor_name(p, weight->layer, tail, buf);
    NXC_TRY(
        nxc__safetensors_get_f32(&p->tensors, name, 2, shape, &data, p->err));
    for (size_t row = 0; row < shape[0]; row++) {
        size_t j = column_of(w, row);
        float *column = panels + j / NXC_PANEL * NXC_PANEL * k + j % NXC_PANEL;
        if (!copy_floats(data + row * k * 4, k, column, NXC_PANEL))
            return not_finite(p, name);
    }
    snprintf(tail, sizeof tail, "%s.bias", w->tail);
    name = tensor_name(p, weight->layer, tail, buf);
    NXC_TRY(
        nxc__safetensors_get_f32(&p->tensors, name, 1, shape, &data, p->err));
    for (size_t row = 0; row < shape[0]; row++)
        if (!copy_floats(data + row * 4, 1, b + column_of(w, row), 1))
            return not_finite(p, name);
    return NXC_OK;
}

static nxc_status copy_qkv(const pack *p, const nxc__packed_section *s) {
    static const weights parts[] = {{"attention.self.query", 0, 3},
                                    {"attention.self.key", 1, 3},
                                    {"attention.self.value", 2, 3}};
    for (size_t i = 0; i < 3; i++)
        NXC_TRY(copy_linear(p, s, s + 1, &parts[i]));
    return NXC_OK;
}

/* Vectors that go over as they are, by section. */
static const char *vector_name(uint32_t kind) {
    switch (kind) {
    case NXC_SECTION_EMBED_GAMMA:
        return "embeddings.LayerNorm.weight";
    case NXC_SECTION_EMBED_BETA:
        return "embeddings.LayerNorm.bias";
    case NXC_SECTION_ATTENTION_GAMMA:
        return "attention.output.LayerNorm.weight";
    case NXC_SECTION_ATTENTION_BETA:
        return "attention.output.LayerNorm.bias";
    case NXC_SECTION_OUTPUT_GAMMA:
        return "output.LayerNorm.weight";
    case NXC_SECTION_OUTPUT_BETA:
        return "output.LayerNorm.bias";
    default:
        return NULL;
    }
}

static nxc_status fill_section(const pack *p, const nxc__packed_section *s) {
    static const weights out = {"attention.output.dense", 0, 1},
                         up = {"intermediate.dense", 0, 1},
                         down = {"output.dense", 0, 1};
    const char *vector = vector_name(s->kind);
    if (vector)
        return copy_tensor(p, s->layer, vector, 0, s->cols,
                           section_floats(p, s));
    switch (s->kind) {
    case NXC_SECTION_EMBEDDINGS:
        return copy_tensor(p, NXC_NONE, WORDS, s->rows, s->cols,
                           section_floats(p, s));
    case NXC_SECTION_POSITIONS:
        return copy_positions(p, s);
    case NXC_SECTION_QKV:
        return copy_qkv(p, s);
    case NXC_SECTION_OUT:
        return copy_linear(p, s, s + 1, &out);
    case NXC_SECTION_UP:
        return copy_linear(p, s, s + 1, &up);
    case NXC_SECTION_DOWN:
        return copy_linear(p, s, s + 1, &down);
    case NXC_SECTION_WORDPIECE:
        memcpy((char *)p->file + s->offset, p->wordpiece.data,
               p->wordpiece.len);
        return NXC_OK;
    default:
        return NXC_OK; /* a bias: written with its weights */
    }
}

static nxc_status build(pack *p) {
    nxc__packed_header h = {0};
    uint32_t vocab_size = 0;
    NXC_TRY(read_shape(p, &h));
    NXC_TRY(check_config(p, &h));
    NXC_TRY(compile_vocabulary(p, &vocab_size));
    if (vocab_size != h.vocab_size)
        return nxc__error(p->err, NXC_ERR_FORMAT,
                          "%s: expected %u embeddings for the vocabulary, got "
                          "%u",
                          p->weights_path, vocab_size, h.vocab_size);
    NXC_TRY(nxc__packed_header_check(p->weights_path, &h, p->err));
    NXC_TRY(
        nxc__sha256_bytes(p->map.data, p->map.size, h.source_sha256, p->err));
    NXC_TRY(
        nxc__packed_lay_out(&h, p->wordpiece.len, p->alloc, &p->file, p->err));
    p->sections = (nxc__packed_section *)(void *)(p->file + 1);
    for (size_t i = 0; i < p->file->n_sections; i++)
        NXC_TRY(fill_section(p, &p->sections[i]));
    return nxc__packed_seal(p->file, p->err);
}

static void free_file(const pack *p, nxc__packed_header *file) {
    nxc__free(p->alloc, file, file ? (size_t)file->file_bytes : 0);
}

/* Build the float32 file, make of it that of the dtype, write it. */
static nxc_status write_file(pack *p, nxc_dtype dtype, const char *path) {
    NXC_TRY(build(p));
    if (dtype != NXC_F32) {
        nxc__packed_header *file = NULL;
        NXC_TRY(nxc__model_quantize(p->file, dtype, p->alloc, &file, p->err));
        free_file(p, p->file);
        p->file = file;
    }
    return nxc__file_replace(path, p->file, (size_t)p->file->file_bytes,
                             p->err);
}

nxc_status nxc_model_pack(const char *source_dir, const char *out_path,
                          nxc_dtype dtype, const nxc_allocator *alloc,
                          nxc_error *err) {
    if (!source_dir || !out_path)
        return nxc__error(err, NXC_ERR_INVALID,
                          "nxc_model_pack: expected source_dir and out_path, "
                          "got NULL");
    if (dtype != NXC_F32 && dtype != NXC_BF16 && dtype != NXC_INT8)
        return nxc__error(err, NXC_ERR_INVALID,
                          "dtype: expected f32, bf16 or int8, got %d",
                          (int)dtype);
    pack p = {.alloc = nxc__allocator_or_default(alloc),
              .dir = source_dir,
              .err = err};
    nxc__buffer_init(&p.wordpiece, p.alloc, MAX_TEXT_FILE * 4);
    NXC_TRY(join(&p, "model.safetensors", p.weights_path));
    NXC_TRY(nxc__file_map(p.weights_path, MAX_SOURCE_BYTES, &p.map, err));
    nxc_status st = nxc__safetensors_open(&p.tensors, nxc__str(p.weights_path),
                                          p.map.data, p.map.size, p.alloc, err);
    if (st == NXC_OK) {
        st = write_file(&p, dtype, out_path);
        free_file(&p, p.file);
        nxc__safetensors_release(&p.tensors);
    }
    nxc__buffer_release(&p.wordpiece);
    nxc__file_unmap(&p.map);
    return st;
}
