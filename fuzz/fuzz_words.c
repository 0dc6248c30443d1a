/* Any bytes as a text and as identifiers: words, singular, verb base. The
 * inflections must be idempotent. */
#include "base/str.h"
#include "text/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(nxc_str word) {
    char a[NXC_WORD_MAX], b[NXC_WORD_MAX];
    nxc_str one = nxc__singular(word, a);
    if (!nxc__str_eq(one, nxc__singular(one, b))) __builtin_trap();
    one = nxc__verb_base(word, a);
    if (!nxc__str_eq(one, nxc__verb_base(one, b))) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nxc_str text = {(const char *)data, size};
    for (int identifiers = 0; identifiers < 2; identifiers++)
        for (nxc__word_iter it = nxc__words(text, identifiers != 0);
             nxc__word_next(&it);)
            check(it.word);
    check(text);
    nxc__prompt_methods(text);
    return 0;
}
