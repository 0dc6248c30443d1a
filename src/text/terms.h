/* Index terms of a text: what lexical features count and compare. */
#ifndef NXC_TEXT_TERMS_H
#define NXC_TEXT_TERMS_H

#include "text/words.h"

/* Iterate the terms of a text: its words (identifiers split, lower case)
 * without stop words and single letters, plural, -ing and -ed stripped, so that
 * "creating" and "creates" are one term.
 *     for (nxc__term_iter it = nxc__terms(text); nxc__term_next(&it);)
 *         it.term (valid until the next step)                               */
typedef struct nxc__term_iter {
    nxc__word_iter words;
    nxc_str term;
} nxc__term_iter;
nxc__term_iter nxc__terms(nxc_str text);
bool nxc__term_next(nxc__term_iter *it);

/* The term of one lower-case word; it may shrink in place. Stop words and
 * single letters give an empty term. */
nxc_str nxc__term_of(char *word, size_t len);

#endif
