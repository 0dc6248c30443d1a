/*
 * From float32 to bf16 or int8.
 *
 * bf16: every weight and embedding to the nearest bf16, ties to even; biases
 * and normalisations stay float32.
 *
 * int8:
 *     open the float32 file in memory
 *     calibrate: encode calibration_texts.def in float32, and note for every
 *                input channel of every matrix the largest absolute value
 *     quantise:  tables, then matrix by matrix; the rest is copied
 *
 * Tables (words, positions): one scale a row, symmetric, largest value = 127.
 *
 * Matrices: y = x W + b becomes y = (x f) (W / f) + b, f a vector over the
 * inputs (channel equalisation; Xiao et al. 2023, SmoothQuant, eq. 4, with
 * alpha = 1/2):
 *     1 / f[k] = sqrt(max |x[k]| / max |W[k]|)
 * which gives input k and its weights the same range. Then W / f is rounded
 * with one symmetric scale for each output. Departures: a) f multiplies when
 * the activations are quantised, for all matrices alike, and is not folded into
 * the layer before, so normalisations and residuals keep their values; b) f is
 * not normalised, because the scales of rows and outputs absorb a common
 * factor; so sqrt, which IEEE 754 rounds correctly, is the only function, and
 * the file is the same bytes wherever it is made.
 *
 * What was tried and measured: docs/adr/0005-int8.md.
 * Threading: none. Cost: both files in memory, two seconds of work.
 */
#include "encoder/model_quantize.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/str.h"
#include "encoder/encoder_forward.h"

static const char *const calibration_texts[] = {
#include "encoder/calibration_texts.def"
};
#define N_TEXTS (sizeof calibration_texts / sizeof *calibration_texts)

/* Largest absolute inputs of a layer's matrices. */
typedef struct input_range {
    float max[NXC_N_MATRICES][NXC_FFN];
} input_range;

typedef struct quantizer {
    nxc__packed_model model; /* float32 */
    nxc__forward forward;
    nxc__encoder_kernels kernels;
    input_range *ranges; /* (n_layers) */
    nxc__packed_header *file;
    const nxc__packed_section *sections;
} quantizer;

/* ------------------------------------------------------------ calibration */

static void note_range(void *user, size_t layer, nxc__matrix_id id,
                       const float *x, size_t m, size_t k) {
    quantizer *z = user;
    float *max = z->ranges[layer].max[id];
    for (size_t i = 0; i < m * k; i++) {
        float a = fabsf(x[i]);
        max[i % k] = a > max[i % k] ? a : max[i % k];
    }
}

static void calibrate(quantizer *z) {
    nxc__forward *f = &z->forward;
    f->tap = note_range;
    f->user = z;
    f->n_texts = 1;
    for (size_t i = 0; i < N_TEXTS; i++) {
        bool truncated;
        f->starts[1] = nxc__wordpiece_tokenize(
            &z->model.wordpiece, nxc__str(calibration_texts[i]), f->ids,
            z->model.header->max_tokens, &truncated);
        nxc__forward_run(f);
    }
}

/* ---------------------------------------------------------------- quantise */

static void *section_at(const quantizer *z, size_t i) {
    return (char *)z->file + z->sections[i].offset;
}

static int8_t round_s8(double v) {
    v = rint(v);
    return (int8_t)(v > 127 ? 127 : v < -127 ? -127 : v);
}

/* A row of the table in section i, and its scale in the section behind. */
static void quantize_row(const quantizer *z, size_t i, size_t row,
                         const float *x) {
    const nxc__packed_section *s = &z->sections[i];
    int8_t *q = (int8_t *)section_at(z, i) + row * s->cols;
    float *scale = (float *)section_at(z, i + 1) + row;
    float max = 0;
    for (size_t j = 0; j < s->cols; j++)
        max = fmaxf(max, fabsf(x[j]));
    *scale = max / 127;
    for (size_t j = 0; j<s->cols && * scale> 0; j++)
        q[j] = round_s8((double)x[j] / (double)*scale);
}

/* BERT vocabularies have a thousand places for pieces to come, "[unused7]".
 * The tokenizer splits at brackets, so no text gives them. */
static bool is_reachable(const nxc__wordpiece *wp, uint32_t id) {
    return id == wp->vocab_size - 1 ||
           !nxc__str_starts(nxc__wordpiece_piece(wp, id), NXC_STR("[unused"));
}

typedef void (*put_row)(const quantizer *z, size_t i, size_t row,
                        const float *x);

/* Section 0 by put, and the ranks into section ranks_at. */
static void put_embeddings(const quantizer *z, size_t ranks_at, put_row put) {
    const nxc__wordpiece *wp = &z->model.wordpiece;
    nxc__packed_rank *ranks = section_at(z, ranks_at);
    uint32_t row = 0;
    for (uint32_t id = 0; id < wp->vocab_size; id++) {
        if (id % 32 == 0) ranks[id / 32].before = row;
        if (!is_reachable(wp, id)) continue;
        ranks[id / 32].bits |= UINT32_C(1) << id % 32;
        put(z, 0, row++, z->model.embeddings.f32 + (size_t)id * NXC_HIDDEN);
    }
}

static size_t f32_at(size_t k_all, size_t k, size_t j) {
    return (j / NXC_PANEL * k_all + k) * NXC_PANEL + j % NXC_PANEL;
}
static size_t int8_at(size_t k_all, size_t k, size_t j) {
    return j / NXC_PANEL * NXC_PANEL * k_all + k / 4 * 4 * NXC_PANEL +
           j % NXC_PANEL * 4 + k % 4;
}

/* Channels that are never or hardly used must not get a factor without bound:
 * a maximum counts as at least this share of the largest. */
#define LEAST_SHARE 1e-4f

static void equalize(const nxc__linear *w, const float *input, float *factors) {
    float *weight = factors; /* the largest weights at first */
    float top_input = 0, top_weight = 0;
    for (size_t k = 0; k < w->k; k++) {
        weight[k] = 0;
        for (size_t j = 0; j < w->n; j++)
            weight[k] = fmaxf(weight[k], fabsf(w->panels[f32_at(w->k, k, j)]));
        top_input = fmaxf(top_input, input[k]);
        top_weight = fmaxf(top_weight, weight[k]);
    }
    for (size_t k = 0; k < w->k; k++) {
        float x = fmaxf(input[k], LEAST_SHARE * top_input);
        float v = fmaxf(weight[k], LEAST_SHARE * top_weight);
        factors[k] = x > 0 && v > 0 ? sqrtf(v / x) : 1;
    }
}

/* Sections i to i + 4: weights, bias, scales, sums, factors. */
static void quantize_matrix(const quantizer *z, size_t i, const nxc__linear *w,
                            const float *input) {
    int8_t *q = section_at(z, i);
    float *bias = section_at(z, i + 1), *scales = section_at(z, i + 2);
    int32_t *sums = section_at(z, i + 3);
    float *factors = section_at(z, i + 4);
    memcpy(bias, w->bias, w->n * sizeof *bias);
    equalize(w, input, factors);
    for (size_t j = 0; j < w->n; j++) {
        double max = 0;
        for (size_t k = 0; k < w->k; k++)
            max = fmax(max, fabs((double)w->panels[f32_at(w->k, k, j)] /
                                 (double)factors[k]));
        scales[j] = (float)(max / 127);
        for (size_t k = 0; k < w->k && scales[j] > 0; k++) {
            double v =
                (double)w->panels[f32_at(w->k, k, j)] / (double)factors[k];
            int8_t b = round_s8(v / (double)scales[j]);
            q[int8_at(w->k, k, j)] = b;
            sums[j] += b;
        }
    }
}

static void copy_norm(const quantizer *z, size_t i, const nxc__norm *norm) {
    memcpy(section_at(z, i), norm->gamma, norm->dim * sizeof(float));
    memcpy(section_at(z, i + 1), norm->beta, norm->dim * sizeof(float));
}

static void fill_int8(const quantizer *z) {
    const nxc__packed_header *h = z->file;
    put_embeddings(z, 4, quantize_row);
    for (size_t i = 0; i < h->n_positions; i++)
        quantize_row(z, 2, i, z->model.positions.f32 + i * NXC_HIDDEN);
    copy_norm(z, 5, &z->model.embedding_norm);
    for (size_t l = 0; l < h->n_layers; l++) {
        const nxc__layer *layer = &z->model.layers[l];
        const input_range *in = &z->ranges[l];
        size_t i = nxc__packed_layer_section(h, l);
        quantize_matrix(z, i, &layer->qkv.f32, in->max[NXC_MATRIX_QKV]);
        quantize_matrix(z, i + 5, &layer->out.f32, in->max[NXC_MATRIX_OUT]);
        copy_norm(z, i + 10, &layer->attention_norm);
        quantize_matrix(z, i + 12, &layer->up.f32, in->max[NXC_MATRIX_UP]);
        quantize_matrix(z, i + 17, &layer->down.f32, in->max[NXC_MATRIX_DOWN]);
        copy_norm(z, i + 22, &layer->output_norm);
    }
}

/* ------------------------------------------------------------------- bf16 */

/* To the nearest, ties to even; a value may become infinite. */
static uint16_t narrow(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (uint16_t)((bits + 0x7FFFu + (bits >> 16 & 1)) >> 16);
}

static void narrow_row(const quantizer *z, size_t i, size_t row,
                       const float *x) {
    size_t cols = z->sections[i].cols;
    uint16_t *out = (uint16_t *)section_at(z, i) + row * cols;
    for (size_t j = 0; j < cols; j++)
        out[j] = narrow(x[j]);
}

/* Sections 0 and 1 are tables, 2 the ranks; from there on each section is the
 * one before it in the float32 file, narrowed or as it is. */
static void fill_bf16(const quantizer *z) {
    put_embeddings(z, 2, narrow_row);
    for (size_t i = 0; i < z->file->n_positions; i++)
        narrow_row(z, 1, i, z->model.positions.f32 + i * NXC_HIDDEN);
    for (size_t i = 3; i + 1 < z->file->n_sections; i++) {
        const nxc__packed_section *s = &z->sections[i];
        const void *from = z->model.bytes + z->model.sections[i - 1].offset;
        if (s->dtype != NXC_SECTION_BF16)
            memcpy(section_at(z, i), from, (size_t)s->bytes);
        else
            for (size_t k = 0; k < s->rows; k++)
                narrow_row(z, i, k, (const float *)from + k * s->cols);
    }
}

static nxc_status check_bf16(const quantizer *z, nxc_error *err) {
    for (size_t i = 0; i < z->file->n_sections; i++) {
        const nxc__packed_section *s = &z->sections[i];
        const uint16_t *x = section_at(z, i);
        for (size_t j = 0;
             s->dtype == NXC_SECTION_BF16 && j < (size_t)s->rows * s->cols; j++)
            if ((x[j] & 0x7F80) == 0x7F80)
                return nxc__error(err, NXC_ERR_FORMAT,
                                  "weights: section %zu: expected at most "
                                  "3.39e38, got more, which bf16 cannot hold",
                                  i);
    }
    return NXC_OK;
}

/* ------------------------------------------------------------------- file */

/* Positions past max_tokens are never read and are left out. */
static nxc_status write_file(quantizer *z, nxc_dtype dtype,
                             const nxc_allocator *alloc, nxc_error *err) {
    nxc__packed_header h = *z->model.header;
    h.dtype = dtype;
    h.n_positions = h.max_tokens;
    for (uint32_t id = 0; id < h.vocab_size; id++)
        h.n_embeddings += is_reachable(&z->model.wordpiece, id);
    NXC_TRY(
        nxc__packed_lay_out(&h, z->model.wordpiece.size, alloc, &z->file, err));
    z->sections = (const nxc__packed_section *)(const void *)(z->file + 1);
    if (dtype == NXC_BF16) {
        fill_bf16(z);
        NXC_TRY(check_bf16(z, err));
    } else {
        fill_int8(z);
    }
    const nxc__packed_section *image = &z->sections[z->file->n_sections - 1];
    memcpy((char *)z->file + image->offset, z->model.wordpiece.image,
           (size_t)image->bytes);
    return nxc__packed_seal(z->file, err);
}

/* The largest inputs of each matrix into z->ranges. */
static nxc_status find_ranges(quantizer *z, const nxc_allocator *alloc,
                              nxc_error *err) {
    nxc__encoder_kernels_select(&z->kernels, nxc__cpu_detect());
    NXC_TRY(
        nxc__forward_init(&z->forward, &z->model, &z->kernels, 1, alloc, err));
    calibrate(z);
    nxc__forward_release(&z->forward, alloc);
    return NXC_OK;
}

nxc_status nxc__model_quantize(const nxc__packed_header *f32, nxc_dtype dtype,
                               const nxc_allocator *alloc,
                               nxc__packed_header **file, nxc_error *err) {
    size_t bytes = f32->n_layers * sizeof(input_range);
    quantizer *z = nxc__alloc_zero(alloc, sizeof *z);
    if (!z) return nxc__error_nomem(err, sizeof *z);
    nxc_status st = nxc__packed_model_open(&z->model, "weights", f32,
                                           (size_t)f32->file_bytes, alloc, err);
    if (st == NXC_OK) {
        if (dtype == NXC_INT8) {
            z->ranges = nxc__alloc_zero(alloc, bytes);
            st = z->ranges ? find_ranges(z, alloc, err)
                           : nxc__error_nomem(err, bytes);
        }
        if (st == NXC_OK) st = write_file(z, dtype, alloc, err);
        nxc__free(alloc, z->ranges, bytes);
        nxc__packed_model_release(&z->model);
    }
    *file = z->file;
    nxc__free(alloc, z, sizeof *z);
    return st;
}
