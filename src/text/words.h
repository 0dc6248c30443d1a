/*
 * Words of English text and of identifiers; inflection; verbs of methods.
 * All output is lower case ASCII-folded UTF-8 (simple case folding of
 * utf8proc); nothing depends on the locale.
 */
#ifndef NXC_TEXT_WORDS_H
#define NXC_TEXT_WORDS_H

#include <nextcall/nextcall.h>

#define NXC_WORD_MAX 64 /* bytes; a longer word is cut */

/* Iterate the words of a text: runs of letters and digits of any script, an
 * apostrophe inside a word kept ("customer's"). identifiers: camelCase,
 * snake_case, kebab-case and letter/digit borders also split
 * ("listCustomerTax_ids" -> list customer tax ids; "HTTPServer" -> http
 * server).
 *     for (nxc__word_iter it = nxc__words(text, false); nxc__word_next(&it);)
 *         it.word (folded; valid until the next step), it.start, it.end      */
typedef struct nxc__word_iter {
    nxc_str text;
    size_t start, end; /* bytes of the word in text */
    bool identifiers;
    nxc_str word;
    char buf[NXC_WORD_MAX];
} nxc__word_iter;
nxc__word_iter nxc__words(nxc_str text, bool identifiers);
bool nxc__word_next(nxc__word_iter *it);

/* Copy at most NXC_WORD_MAX bytes of word, cut at a code point; the view of the
 * copy. word may lie in out. */
nxc_str nxc__word_copy(nxc_str word, char out[NXC_WORD_MAX]);

/* Singular of a lower-case English noun, by table and rules: addresses ->
 * address, statuses -> status, analyses -> analysis, series -> series, people
 * -> person, companies -> company, indices -> index, data -> data. A word that
 * is singular already stays. out gets at most NXC_WORD_MAX bytes; returns its
 * view into out. Idempotent. */
nxc_str nxc__singular(nxc_str word, char out[NXC_WORD_MAX]);

/* Base form of a lower-case English verb: cancelling, cancelled, cancels ->
 * cancel; created -> create; made -> make; got -> get; a word that is no
 * inflected form of a verb in verbs.def stays as it is. */
nxc_str nxc__verb_base(nxc_str word, char out[NXC_WORD_MAX]);

/* Methods for which a base form is a verb (SPEC section 3; verbs.def), as a set
 * of 1u << nxc_method. 0 for any other word. */
uint32_t nxc__verb_methods(nxc_str base_form);
/* Union over the words of a prompt, each brought to its base form first. */
uint32_t nxc__prompt_methods(nxc_str prompt);
/* The verb that a candidate's text starts with: get -> "retrieve", post ->
 * "create", put -> "update", delete -> "remove", patch -> "modify"; "" for the
 * others. */
const char *nxc__method_verb(nxc_method method);

#endif
