/* Untrusted vocabularies. The bytes are taken as an image, as one whose size
 * and hash are put right (so that the checks behind them are reached), and as
 * vocab.txt; what opens must tokenize. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "text/wordpiece.h"
#include "text/wordpiece_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds) {
    if (!holds) abort();
}

static void use(const nxc__wordpiece *wp) {
    static const char text[] =
        "a ab abc create international [CLS] \xe4\xb8\xad\xff e\xcc\x81, "
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    uint32_t ids[32];
    bool is_cut;
    size_t n = nxc__wordpiece_tokenize(wp, (nxc_str){text, sizeof text - 1},
                                       ids, 32, &is_cut);
    check(n >= 2 && n <= 32);
    for (size_t i = 0; i < n; i++) {
        nxc_str piece = nxc__wordpiece_piece(wp, ids[i]);
        check(ids[i] < wp->vocab_size && piece.len > 0);
    }
}

static void as_vocab(const uint8_t *data, size_t size) {
    nxc__buffer image;
    nxc__wordpiece wp;
    nxc_error err;
    nxc__buffer_init(&image, &nxc__allocator_default, 1 << 20);
    if (nxc__wordpiece_compile((nxc_str){"fuzz", 4},
                               (nxc_str){(const char *)data, size}, &image,
                               &err) == NXC_OK) {
        check(nxc__wordpiece_open(&wp, image.data, image.len, &err) == NXC_OK);
        use(&wp);
    }
    nxc__buffer_release(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nxc__wordpiece wp;
    nxc_error err;
    if (size > 8192) return 0;
    as_vocab(data, size);
    uint8_t *copy = nxc__alloc(&nxc__allocator_default, size ? size : 1);
    check(copy != NULL);
    if (size) memcpy(copy, data, size);
    if (nxc__wordpiece_open(&wp, copy, size, &err) == NXC_OK) use(&wp);
    if (size >= sizeof(nxc__wordpiece_header)) {
        uint64_t total = size, hash;
        memcpy(copy + offsetof(nxc__wordpiece_header, size), &total, 8);
        hash = nxc__wordpiece_hash(copy, size);
        memcpy(copy + offsetof(nxc__wordpiece_header, hash), &hash, 8);
        if (nxc__wordpiece_open(&wp, copy, size, &err) == NXC_OK) use(&wp);
    }
    nxc__free(&nxc__allocator_default, copy, size);
    return 0;
}
