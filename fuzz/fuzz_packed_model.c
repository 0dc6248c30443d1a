/*
 * A packed model file. Whole files hold megabytes of weights, so an input is an
 * abridged one: the header and section table, then the vocabulary image. The
 * target puts the zeros between them back, as the header's file size says, and
 * repairs the checksum if the first byte asks for it (1); of a bf16 or int8
 * file also the ranks, as for a row for each id (2).
 *     | repair: 1 byte | header and table: header_bytes | image |
 */
#include <string.h>

#include "base/str.h"
#include "encoder/packed_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_FILE ((size_t)16 << 20)

static float value_of(const nxc__table *t, size_t row) {
    size_t i = row * NXC_HIDDEN;
    return t->f32    ? t->f32[i]
           : t->bf16 ? nxc__bf16_widen(t->bf16[i])
                     : t->scales[row] * (float)t->int8[i];
}

/* Whatever opens must multiply without overflow (under UBSan). */
static void use_int8(const nxc__linear_int8 *w) {
    static uint8_t q[NXC_FFN];
    static float x[NXC_FFN], y[NXC_FFN];
    static const nxc__int8_row row = {1.0f, 255};
    nxc__int8_row rows[1];
    nxc__encoder_kernels k;
    nxc__encoder_kernels_select(&k, 0);
    k.quantize_rows(x, w->factors, 1, w->k, q, rows);
    memset(q, 255, sizeof q);
    nxc__linear_int8 first = *w;
    first.n = NXC_PANEL;
    k.linear_int8(&first, q, &row, 1, y, NXC_EPILOGUE_NONE);
}

static void use(const nxc__packed_model *m) {
    uint32_t ids[16];
    bool truncated;
    size_t n = nxc__wordpiece_tokenize(&m->wordpiece,
                                       NXC_STR("list invoices \xC3\xA9 [SEP]"),
                                       ids, 16, &truncated);
    volatile float sink = 0;
    const nxc__matrix *last = &m->layers[m->header->n_layers - 1].down;
    for (size_t i = 0; i < n; i++)
        sink += value_of(&m->embeddings, nxc__packed_row(m, ids[i])) +
                value_of(&m->positions, i % m->header->max_tokens);
    if (m->header->dtype == NXC_F32) {
        const nxc__linear *w = &last->f32;
        sink += w->panels[w->k * w->n - 1] + w->bias[w->n - 1];
    } else if (m->header->dtype == NXC_BF16) {
        const nxc__linear_bf16 *w = &last->bf16;
        sink += nxc__bf16_widen(w->panels[w->k * w->n - 1]) + w->bias[w->n - 1];
    } else {
        use_int8(&last->int8);
    }
    (void)sink;
}

/* The ranks' section of a file of n bytes, if all of it lies inside. */
static nxc__packed_rank *find_ranks(uint8_t *file, size_t n, size_t n_ranks) {
    const nxc__packed_header *h = (const nxc__packed_header *)(void *)file;
    const nxc__packed_section *s = (const nxc__packed_section *)(h + 1);
    if (n < sizeof *h + 8 * sizeof *s) return NULL;
    for (size_t i = 0; i < 8; i++)
        if (s[i].kind == NXC_SECTION_EMBED_RANKS && s[i].offset % 8 == 0 &&
            s[i].offset < n &&
            (n - s[i].offset) / sizeof(nxc__packed_rank) >= n_ranks)
            return (nxc__packed_rank *)(void *)(file + s[i].offset);
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nxc__packed_header h;
    if (size < 1 + sizeof h) return 0;
    memcpy(&h, data + 1, sizeof h);
    size_t table = h.header_bytes, image = 0, n = size - 1;
    if (table > n) table = n;
    image = n - table;
    if (h.file_bytes >= n && h.file_bytes <= MAX_FILE) n = h.file_bytes;
    /* at the end of a block of zeros, 16-byte aligned; zero again at the end */
    static _Alignas(16) uint8_t zeros[MAX_FILE + 64];
    if (n > MAX_FILE) return 0;
    uint8_t *file = zeros + (sizeof zeros - n) / 16 * 16;
    memcpy(file, data + 1, table);
    memcpy(file + n - image, data + 1 + table, image);
    nxc__packed_header *header = (nxc__packed_header *)(void *)file;
    if (data[0] & 1 && h.header_bytes >= sizeof h && h.header_bytes <= n)
        header->checksum = nxc__packed_checksum(header);
    size_t n_ranks =
        h.vocab_size <= NXC_MAX_VOCAB ? (h.vocab_size + 31) / 32 : 0;
    nxc__packed_rank *ranks =
        data[0] & 2 ? find_ranks(file, n - image, n_ranks) : NULL;
    for (uint32_t i = 0; ranks && i < n_ranks; i++)
        ranks[i] = (nxc__packed_rank){
            h.vocab_size - i * 32 < 32
                ? (UINT32_C(1) << (h.vocab_size - i * 32)) - 1
                : UINT32_MAX,
            i * 32};
    nxc__packed_model m;
    nxc_error err;
    if (nxc__packed_model_open(&m, "fuzz", file, n, NULL, &err) == NXC_OK) {
        use(&m);
        nxc__packed_model_release(&m);
    }
    if (ranks) memset(ranks, 0, n_ranks * sizeof *ranks);
    memset(file, 0, table);
    memset(file + n - image, 0, image);
    return 0;
}
