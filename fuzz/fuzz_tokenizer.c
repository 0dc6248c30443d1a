/* Any bytes through the tokenizer, with a small vocabulary: every id is in
 * range, a cut list is the head of the whole one, repairing the text before
 * changes nothing. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "text/wordpiece.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_TEXT 2048
#define MAX_IDS 64

static const char vocab[] =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nab\n##a\n##b\n##ab\n##c\n"
    "create\n##ing\ninternational\n##ization\n,\n.\n[\n]\ne\n##e\n0\n##0\n"
    "\xe4\xb8\xad\n\xe2\x82\xac\n##\xe3\x80\xae\n##\xe0\xa3\x94\n"
    "\xe1\x84\x92\n##\xe1\x85\xa1\n##\xe1\x86\xab\n\xf0\x9f\x98\x80\n";

static void check(bool holds) {
    if (!holds) abort();
}

static const nxc__wordpiece *open_once(void) {
    static nxc__buffer image;
    static nxc__wordpiece wp;
    if (image.data) return &wp;
    nxc__buffer_init(&image, &nxc__allocator_default, 1 << 20);
    nxc_str text = {vocab, sizeof vocab - 1};
    check(nxc__wordpiece_compile((nxc_str){"fuzz", 4}, text, &image, NULL) ==
          NXC_OK);
    check(nxc__wordpiece_open(&wp, image.data, image.len, NULL) == NXC_OK);
    return &wp;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const nxc__wordpiece *wp = open_once();
    nxc_str text = {(const char *)data, size};
    uint32_t ids[MAX_IDS], other[MAX_IDS];
    static char repaired[3 * MAX_TEXT];
    bool is_cut, is_other_cut;
    if (size > MAX_TEXT) return 0;
    size_t n = nxc__wordpiece_tokenize(wp, text, ids, MAX_IDS, &is_cut);
    check(n >= 2 && n <= MAX_IDS && (n == MAX_IDS || !is_cut));
    check(ids[0] == wp->cls && ids[n - 1] == wp->sep);
    for (size_t i = 0; i < n; i++)
        check(ids[i] < wp->vocab_size);
    size_t max = 2 + size % 7, m;
    m = nxc__wordpiece_tokenize(wp, text, other, max, &is_other_cut);
    check(m == (n < max ? n : max) && is_other_cut == (is_cut || n > max));
    check(memcmp(ids, other, (m - 1) * sizeof *ids) == 0);
    size_t len = 0;
    for (size_t i = 0, step; i < size; i += step)
        len +=
            nxc__utf8_encode(nxc__utf8_decode(text, i, &step), repaired + len);
    text = (nxc_str){repaired, len};
    check(nxc__utf8_validate(text) == len);
    m = nxc__wordpiece_tokenize(wp, text, other, MAX_IDS, &is_other_cut);
    check(m == n && is_cut == is_other_cut);
    check(memcmp(ids, other, n * sizeof *ids) == 0);
    return 0;
}
