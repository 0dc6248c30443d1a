/*
 * An n-gram image and a text. Input: a flag byte (1: make the image's hash
 * good, so that the checks behind it are reached), a length byte, that many
 * bytes of text, the image. The text is also counted, one sentence a line, and
 * the image of it must open.
 */
#include "base/alloc.h"
#include "base/hash.h"
#include "base/str.h"
#include "text/ngram.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const nxc__ngram *m, nxc_str text) {
    double bigram, trigram;
    nxc__ngram_prob(m, text, &bigram, &trigram);
    if (!(bigram >= 0 && bigram <= 1 && trigram >= 0 && trigram <= 1))
        __builtin_trap();
}

static void open_image(const uint8_t *bytes, size_t n, bool rehash,
                       nxc_str text) {
    nxc__ngram m;
    nxc_error err;
    uint8_t *image = nxc__alloc(&nxc__allocator_default, n ? n : 1);
    if (!image) return;
    if (n) memcpy(image, bytes, n);
    if (rehash && n >= 16) {
        uint64_t hash = nxc__hash64(image + 16, n - 16, 0);
        memcpy(image + 8, &hash, sizeof hash);
    }
    if (nxc__ngram_open(&m, image, n, &err) == NXC_OK) check(&m, text);
    nxc__free(&nxc__allocator_default, image, n);
}

static void build_image(nxc_str text) {
    nxc__ngram_builder *b;
    nxc__ngram m;
    nxc__buffer image;
    nxc_error err;
    if (nxc__ngram_builder_new(NULL, &b, &err) != NXC_OK) return;
    nxc__buffer_init(&image, &nxc__allocator_default, (size_t)1 << 20);
    nxc_status st = NXC_OK;
    for (size_t i = 0; st == NXC_OK && i < text.len;) {
        size_t end = nxc__str_find(text, '\n', i);
        st = nxc__ngram_add(b, nxc__str_slice(text, i, end), &err);
        i = end + 1;
    }
    if (st == NXC_OK) st = nxc__ngram_finish(b, &image, &err);
    if (st == NXC_OK) {
        if (nxc__ngram_open(&m, image.data, image.len, &err) != NXC_OK)
            __builtin_trap();
        check(&m, text);
    }
    nxc__ngram_builder_free(b);
    nxc__buffer_release(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    size_t n = data[1] < size - 2 ? data[1] : size - 2;
    nxc_str text = {(const char *)data + 2, n};
    open_image(data + 2 + n, size - 2 - n, data[0] & 1, text);
    build_image(text);
    return 0;
}
