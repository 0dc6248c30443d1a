/*
 * Words of a text or an identifier, folded to one case.
 *
 *     nxc__words(text, identifiers) -> nxc__word_next* until false
 *
 * A word is a run of letters (L*) and decimal digits (Nd); combining marks (M*)
 * continue a word but do not start one; an apostrophe (' or U+2019, written as
 * ') stays where letters stand on both sides. With identifiers these borders
 * split a run further (| is the border, U upper, l lower, d digit):
 *
 *     l|U          customerTax     customer tax
 *     U|Ul         HTTPServer      http server
 *     d|letter     v2Charges       v 2 charges
 *
 * with one exception: the plural s of an abbreviation stays with it (userIDs is
 * user ids, not user i ds).
 *
 * Folding is simple case folding: the fold of utf8proc where that is a single
 * code point, its lower case where it is several (U+1E9E is U+00DF, not "ss").
 * So a word has as many code points as its source, and no locale is involved.
 * A malformed byte separates words. A word is cut to NXC_WORD_MAX bytes at a
 * code point; the rest of its run is skipped.
 *
 * Thread-safety: any. Cost: one pass, no allocation.
 */
#include "text/words.h"

#include <utf8proc.h>

#include "base/str.h"
#include "base/utf8.h"

typedef enum char_class { OTHER, LOWER, UPPER, DIGIT, MARK, APOSTROPHE } class;

static class ascii_class(unsigned char c) {
    if (c >= 'a' && c <= 'z') return LOWER;
    if (c >= 'A' && c <= 'Z') return UPPER;
    if (c >= '0' && c <= '9') return DIGIT;
    return c == '\'' ? APOSTROPHE : OTHER;
}
static class class_of(uint32_t cp) {
    if (cp == 0x2019) return APOSTROPHE;
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LT:
        return UPPER;
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
        return LOWER;
    case UTF8PROC_CATEGORY_ND:
        return DIGIT;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
        return MARK;
    default:
        return OTHER;
    }
}
static bool is_letter(class c) { return c == LOWER || c == UPPER; }

/* Class of the code point at i, its value and its bytes; OTHER at the end. */
static class look(nxc_str text, size_t i, uint32_t *cp, size_t *n) {
    if (i >= text.len) {
        *cp = 0;
        *n = 0;
        return OTHER;
    }
    *cp = (unsigned char)text.ptr[i];
    *n = 1;
    if (*cp < 0x80) return ascii_class((unsigned char)*cp);
    *cp = nxc__utf8_decode(text, i, n);
    return class_of(*cp);
}

static uint32_t fold(uint32_t cp) {
    if (cp < 0x80) return (unsigned char)nxc__lower((char)cp);
    utf8proc_int32_t out[4];
    int last = 0;
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)cp, out, 4,
                                                 UTF8PROC_CASEFOLD, &last);
    return (uint32_t)(n == 1 ? out[0] : utf8proc_tolower((utf8proc_int32_t)cp));
}

/* Whether an identifier splits before a letter or digit of class c at i, where
 * next is the offset after it. */
static bool splits(nxc_str text, class before, class c, size_t next) {
    uint32_t cp;
    size_t n;
    if ((before == DIGIT) != (c == DIGIT)) return true;
    if (c != UPPER) return false;
    if (before == LOWER) return true;
    if (look(text, next, &cp, &n) != LOWER) return false;
    bool plural = cp == 's' && look(text, next + n, &cp, &n) != LOWER;
    return !plural;
}

nxc__word_iter nxc__words(nxc_str text, bool identifiers) {
    nxc__word_iter it;
    memset(&it, 0, sizeof it);
    it.text = text;
    it.identifiers = identifiers;
    return it;
}

/* Append cp to the word unless it is full; a full word takes nothing more. */
static void put(nxc__word_iter *it, uint32_t cp, bool *full) {
    char bytes[4] = {(char)cp};
    size_t n = cp < 0x80 ? 1 : nxc__utf8_encode(cp, bytes);
    if (*full || it->word.len + n > NXC_WORD_MAX) {
        *full = true;
        return;
    }
    for (size_t i = 0; i < n; i++)
        it->buf[it->word.len++] = bytes[i];
}

/* Whether the apostrophe before offset i stands inside a word. */
static bool joins(const nxc__word_iter *it, class before, size_t i) {
    uint32_t cp;
    size_t n;
    class c = look(it->text, i, &cp, &n);
    if (!is_letter(before) || !is_letter(c)) return false;
    return !it->identifiers || !splits(it->text, before, c, i + n);
}

bool nxc__word_next(nxc__word_iter *it) {
    size_t i = it->end, n;
    uint32_t cp;
    class c = look(it->text, i, &cp, &n);
    while (i < it->text.len && !is_letter(c) && c != DIGIT) {
        i += n;
        c = look(it->text, i, &cp, &n);
    }
    it->start = i;
    it->word = (nxc_str){it->buf, 0};
    class before = OTHER;
    for (bool full = false; i < it->text.len; i += n) {
        c = look(it->text, i, &cp, &n);
        if (c == OTHER) break;
        if (c == APOSTROPHE) {
            if (!joins(it, before, i + n)) break;
            cp = '\'';
        } else if (c != MARK) {
            if (it->identifiers && before != OTHER &&
                splits(it->text, before, c, i + n))
                break;
            before = c;
        }
        put(it, fold(cp), &full);
    }
    it->end = i;
    return it->word.len > 0;
}

nxc_str nxc__word_copy(nxc_str word, char out[NXC_WORD_MAX]) {
    if (word.len > NXC_WORD_MAX) {
        word.len = NXC_WORD_MAX;
        while (word.len && ((unsigned char)word.ptr[word.len] & 0xC0) == 0x80)
            word.len--;
    }
    if (word.len) memmove(out, word.ptr, word.len);
    return (nxc_str){out, word.len};
}
