/*
 * A packed model file. Whole files hold megabytes of weights, so an input is an
 * abridged one: the header and section table, then the vocabulary image. The
 * target puts the zeros between them back, as the header's file size says, and
 * repairs the checksum if the first byte asks for it.
 *     | repair: 1 byte | header and table: header_bytes | image |
 */
#include <string.h>

#include "base/str.h"
#include "encoder/packed_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_FILE ((size_t)16 << 20)

static void use(const nxc__packed_model *m) {
    uint32_t ids[16];
    bool truncated;
    size_t n = nxc__wordpiece_tokenize(&m->wordpiece,
                                       NXC_STR("list invoices \xC3\xA9 [SEP]"),
                                       ids, 16, &truncated);
    volatile float sink = 0;
    for (size_t i = 0; i < n; i++)
        sink += m->embeddings[(size_t)ids[i] * NXC_HIDDEN] +
                m->positions[i % m->header->max_tokens * NXC_HIDDEN];
    const nxc__linear *last = &m->layers[m->header->n_layers - 1].down;
    sink += last->panels[last->k * last->n - 1] + last->bias[last->n - 1];
    (void)sink;
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
    nxc__packed_model m;
    nxc_error err;
    if (nxc__packed_model_open(&m, "fuzz", file, n, NULL, &err) == NXC_OK) {
        use(&m);
        nxc__packed_model_release(&m);
    }
    memset(file, 0, table);
    memset(file + n - image, 0, image);
    return 0;
}
