/* Tokenizes texts for tests/golden/compare_tokenizer.py.
 *     tokenize_lines VOCAB_TXT MAX_IDS < texts > ids
 * In: per text its length (uint32, little-endian) and its bytes. Out: per text
 * the number of ids, bit 31 set if it was truncated, and the ids (uint32). */
#include <stdio.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "text/wordpiece.h"

#define MAX_TEXT ((size_t)64 << 20)
#define MAX_IDS 512

static nxc_status open_vocab(const char *path, nxc__buffer *image,
                             nxc__wordpiece *wp, nxc_error *err) {
    nxc__mapping vocab;
    NXC_TRY(nxc__file_map(path, (size_t)1 << 30, &vocab, err));
    nxc_status st = nxc__wordpiece_compile(
        nxc__str(path), (nxc_str){(const char *)vocab.data, vocab.size}, image,
        err);
    nxc__file_unmap(&vocab);
    NXC_TRY(st);
    return nxc__wordpiece_open(wp, image->data, image->len, err);
}

/* 1: a text was answered, 0: end of input, -1: failure. */
static int answer(const nxc__wordpiece *wp, size_t max_ids, nxc__buffer *text) {
    uint32_t len, ids[MAX_IDS + 1];
    bool is_cut;
    if (fread(&len, 4, 1, stdin) != 1) return feof(stdin) ? 0 : -1;
    text->len = 0;
    if (len && !nxc__buffer_extend(text, len)) return -1;
    if (len && fread(text->data, len, 1, stdin) != 1) return -1;
    ids[0] = (uint32_t)nxc__wordpiece_tokenize(wp, nxc__buffer_str(text),
                                               ids + 1, max_ids, &is_cut);
    size_t n = ids[0] + 1;
    if (is_cut) ids[0] |= 1u << 31;
    return fwrite(ids, 4, n, stdout) == n ? 1 : -1;
}

int main(int argc, char **argv) {
    nxc__wordpiece wp;
    nxc__buffer image, text;
    nxc_error err;
    size_t max_ids = 0;
    for (const char *p = argc == 3 ? argv[2] : ""; nxc__is_digit(*p); p++)
        max_ids =
            max_ids < MAX_IDS ? max_ids * 10 + (size_t)(*p - '0') : MAX_IDS + 1;
    if (max_ids < 2 || max_ids > MAX_IDS) {
        fprintf(stderr, "usage: tokenize_lines VOCAB_TXT MAX_IDS (2..512)\n");
        return 2;
    }
    nxc__buffer_init(&image, &nxc__allocator_default, (size_t)1 << 30);
    nxc__buffer_init(&text, &nxc__allocator_default, MAX_TEXT);
    int st = -1;
    if (open_vocab(argv[1], &image, &wp, &err) == NXC_OK)
        while ((st = answer(&wp, max_ids, &text)) > 0) {
        }
    else
        fprintf(stderr, "%s\n", err.message);
    nxc__buffer_release(&text);
    nxc__buffer_release(&image);
    return st == 0 ? 0 : 1;
}
