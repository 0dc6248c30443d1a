/*
 * BertNormalizer and BertPreTokenizer of the Python package tokenizers.
 *
 * The reference makes five passes over the text: clean (drop controls, spaces
 * to U+0020), spaces around CJK ideographs, NFD without category Mn, lower
 * case, split. Each but the reordering of NFD works on one code point at a
 * time, so they are composed here into one table: code point -> value.
 *
 *     KEEP     0             it is itself, in its word
 *     REMOVE   1             as if it were not there
 *     SPACE    2             ends the word
 *     ISOLATE  3             a word of its own: punctuation, ideographs
 *     BARRIER  4             removed, but ends a run of marks (see below)
 *     CLASS    0x100 + c     kept combining mark of class c
 *     MAPPED   0x200 + i     replaced by pool[i], pool[i + 1], ... up to LAST
 *
 *     value    value_of[block_of[cp >> BLOCK_SHIFT] << BLOCK_SHIFT | low bits]
 *              below FIRST_RANGE, then the few ranges[]; Hangul syllables are
 *              computed
 *     pool     | 31 LAST | 28..21 class, or ALONE: isolate | 20..0 cp, or 0 |
 *              cp 0 is a BARRIER
 *
 * The table is generated from the reference (tools/gen_bert_tables.py) and not
 * from a Unicode library: the reference strips the marks and splits at the
 * punctuation of an old Unicode, and what it does must not move with the
 * version of a system library.
 *
 * Reordering. NFD sorts each run of marks of non-zero class by class, stably.
 * Nearly all marks are dropped afterwards; those that the reference keeps are
 * inserted into the word at their place. Dropping first gives the same order,
 * as the sort is stable, except that a dropped mark of class 0 still ends the
 * run: BARRIER.
 *
 * Threading: none of it has state outside the caller's iterator and word.
 * Cost: one table byte per byte of ASCII; one decoding and two loads per other
 * code point; a kept mark moves at most the rest of its word (100 code points).
 */
#include "text/bert_normalize.h"

#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "base/utf8.h"

typedef struct value_range {
    uint32_t first, last, value;
} value_range;

#include "text/bert_tables.inc"

enum { KEEP, REMOVE, SPACE, ISOLATE, BARRIER, CLASS = 0x100, MAPPED = 0x200 };
#define POOL_CP(w) ((w)&0x1FFFFFu)
#define POOL_CLASS(w) ((w) >> 21 & 0xFFu)
#define POOL_LAST 0x80000000u
#define ALONE 0xFFu

#define HANGUL_FIRST 0xAC00u
#define HANGUL_COUNT 11172u

static const nxc_str specials[] = {
    [NXC_BERT_NONE] = {"", 0},     [NXC_BERT_CLS] = {"[CLS]", 5},
    [NXC_BERT_SEP] = {"[SEP]", 5}, [NXC_BERT_MASK] = {"[MASK]", 6},
    [NXC_BERT_PAD] = {"[PAD]", 5}, [NXC_BERT_UNK] = {"[UNK]", 5},
};

nxc_str nxc__bert_special_text(nxc__bert_special special) {
    return specials[special];
}

static nxc__bert_special special_at(nxc_str text, size_t i) {
    nxc_str rest = {text.ptr + i, text.len - i};
    for (int s = NXC_BERT_CLS; s <= NXC_BERT_UNK; s++)
        if (nxc__str_starts(rest, specials[s])) return (nxc__bert_special)s;
    return NXC_BERT_NONE;
}

static uint32_t value(uint32_t cp) {
    if (cp < FIRST_RANGE) {
        uint32_t block = block_of[cp >> BLOCK_SHIFT];
        return value_of[block << BLOCK_SHIFT |
                        (cp & ((1u << BLOCK_SHIFT) - 1u))];
    }
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (cp >= ranges[i].first && cp <= ranges[i].last)
            return ranges[i].value;
    return KEEP;
}

/* Room for one more code point; otherwise the word is too long. */
static bool has_room(nxc__bert_word *w) {
    if (w->n_code_points == NXC_BERT_WORD_MAX) {
        w->is_too_long = true;
        return false;
    }
    w->n_code_points++;
    return true;
}

static void append_starter(nxc__bert_word *w, uint32_t cp) {
    if (!has_room(w)) return;
    w->len += nxc__utf8_encode(cp, w->bytes + w->len);
    w->run = w->len;
}

static void insert_mark(nxc__bert_word *w, uint32_t cp, uint32_t class) {
    char utf8[4];
    size_t at = w->len, n;
    if (!has_room(w)) return;
    while (at > w->run) {
        size_t before = at - 1;
        while (((uint8_t)w->bytes[before] & 0xC0) == 0x80)
            before--;
        uint32_t v =
            value(nxc__utf8_decode((nxc_str){w->bytes, at}, before, &n));
        NXC_ASSERT(v > CLASS && v < MAPPED);
        if (v - CLASS <= class) break;
        at = before;
    }
    n = nxc__utf8_encode(cp, utf8);
    memmove(w->bytes + at + n, w->bytes + at, w->len - at);
    memcpy(w->bytes + at, utf8, n);
    w->len += n;
}

static void append_hangul(nxc__bert_word *w, uint32_t s) {
    append_starter(w, 0x1100u + s / 588u);
    append_starter(w, 0x1161u + s % 588u / 28u);
    if (s % 28u) append_starter(w, 0x11A7u + s % 28u);
}

static void append_pool(nxc__bert_word *w, size_t i) {
    for (;; i++) {
        uint32_t cp = POOL_CP(pool[i]), class = POOL_CLASS(pool[i]);
        if (cp == 0)
            w->run = w->len;
        else if (class == 0)
            append_starter(w, cp);
        else
            insert_mark(w, cp, class);
        if (pool[i] & POOL_LAST) break;
    }
}

/* The code point at it->pos. True if the word ends before it or with it; what
 * must start the next word is not consumed. */
static bool step(nxc__bert_iter *it, nxc__bert_word *w) {
    size_t n;
    uint32_t cp = nxc__utf8_decode(it->text, it->pos, &n);
    uint32_t v = value(cp);
    bool is_mapped = v >= MAPPED;
    bool is_empty = w->len == 0;
    if (v == ISOLATE || (is_mapped && POOL_CLASS(pool[v - MAPPED]) == ALONE)) {
        if (!is_empty) return true;
        w->special = cp == '[' ? special_at(it->text, it->pos) : NXC_BERT_NONE;
        it->pos += w->special ? specials[w->special].len : n;
        append_starter(w, is_mapped ? POOL_CP(pool[v - MAPPED]) : cp);
        return true;
    }
    it->pos += n;
    if (v == SPACE) return !is_empty;
    if (v == BARRIER)
        w->run = w->len;
    else if (is_mapped)
        append_pool(w, v - MAPPED);
    else if (v >= CLASS)
        insert_mark(w, cp, v - CLASS);
    else if (v == KEEP && cp - HANGUL_FIRST < HANGUL_COUNT)
        append_hangul(w, cp - HANGUL_FIRST);
    else if (v == KEEP)
        append_starter(w, cp);
    return false;
}

/* ASCII letters and digits at it->pos. */
static void take_ascii(nxc__bert_iter *it, nxc__bert_word *w) {
    const uint8_t *p = (const uint8_t *)it->text.ptr + it->pos;
    size_t left = it->text.len - it->pos, i = 0;
    size_t room = NXC_BERT_WORD_MAX - w->n_code_points;
    size_t n = left < room ? left : room;
    char *out = w->bytes + w->len;
    while (i < n && ascii_word[p[i]]) {
        out[i] = (char)ascii_word[p[i]];
        i++;
    }
    if (i > 0) {
        w->len += i;
        w->n_code_points += (uint32_t)i;
        w->run = w->len;
    }
    for (; i < left && ascii_word[p[i]]; i++) /* only if the room is used up */
        w->is_too_long = true;
    it->pos += i;
}

bool nxc__bert_next(nxc__bert_iter *it, nxc__bert_word *w) {
    w->special = NXC_BERT_NONE;
    w->is_too_long = false;
    w->n_code_points = 0;
    w->len = w->run = 0;
    while (it->pos < it->text.len) {
        uint8_t b = (uint8_t)it->text.ptr[it->pos];
        if (ascii_word[b]) {
            take_ascii(it, w);
        } else if (b == ' ') {
            it->pos++;
            if (w->len > 0) break;
        } else if (step(it, w)) {
            break;
        }
    }
    memset(w->bytes + w->len, 0, 8);
    return w->len > 0;
}
