/*
 * Clauses: a prompt often tells several steps, and each is worth a look of its
 * own. It is cut
 *
 *     after . ! ? ; : and a blank, after ", ", at newlines,
 *     around the connectives below (and then, after that, finally, ...)
 *
 * and a piece of fewer than two words joins the piece before it (the first one
 * the piece after it).
 *
 * Thread-safety: any. Cost: one pass, no allocation.
 */
#include "features/clauses.h"

#include "base/str.h"
#include "text/words.h"

/* Longest first where one begins with another. */
static const char *const connectives[] = {
    "and then", "after that", "afterwards", "finally", "then",
    "next",     "and",        "before",     "after",   "by"};

typedef struct splitter {
    nxc_str prompt, *out;
    size_t n;          /* pieces so far; the last NXC_MAX_CLAUSES are kept */
    size_t last_words; /* of the newest piece */
} splitter;

static size_t count_words(nxc_str s) {
    size_t n = 0;
    for (nxc__word_iter it = nxc__words(s, false);
         n < 2 && nxc__word_next(&it);)
        n++;
    return n;
}

static void add_piece(splitter *s, size_t from, size_t to) {
    nxc_str piece = nxc__str_trim(nxc__str_slice(s->prompt, from, to));
    size_t n_words = count_words(piece);
    if (n_words == 0) return;
    nxc_str *last = s->n ? &s->out[(s->n - 1) % NXC_MAX_CLAUSES] : NULL;
    if (last && (n_words < 2 || s->last_words < 2)) {
        last->len = (size_t)(piece.ptr + piece.len - last->ptr);
        s->last_words += n_words;
        return;
    }
    s->out[s->n++ % NXC_MAX_CLAUSES] = piece;
    s->last_words = n_words;
}

/* Length of the connective that stands as whole words at i, or 0. */
static size_t connective_at(nxc_str prompt, size_t i) {
    for (size_t k = 0; k < sizeof connectives / sizeof *connectives; k++) {
        nxc_str c = nxc__str(connectives[k]);
        if (prompt.len - i <= c.len || !nxc__is_space(prompt.ptr[i + c.len]))
            continue;
        if (nxc__str_ieq(nxc__str_slice(prompt, i, i + c.len), c)) return c.len;
    }
    return 0;
}

/* Whether a piece ends with the character at i. */
static bool is_end(nxc_str prompt, size_t i) {
    char c = prompt.ptr[i];
    if (c == '\n') return true;
    return c && strchr(".!?;:,", c) && i + 1 < prompt.len &&
           nxc__is_space(prompt.ptr[i + 1]);
}

size_t nxc__clauses(nxc_str prompt, nxc_str out[NXC_MAX_CLAUSES]) {
    nxc_str ring[NXC_MAX_CLAUSES];
    splitter s = {.prompt = prompt, .out = ring};
    size_t from = 0;
    for (size_t i = 0; i < prompt.len; i++) {
        if (is_end(prompt, i)) {
            add_piece(&s, from, i + 1);
            from = i + 1;
            continue;
        }
        bool starts = i == 0 || nxc__is_space(prompt.ptr[i - 1]);
        size_t n = starts ? connective_at(prompt, i) : 0;
        if (n == 0) continue;
        add_piece(&s, from, i);
        i += n;
        from = i;
    }
    add_piece(&s, from, prompt.len);
    size_t n = s.n < NXC_MAX_CLAUSES ? s.n : NXC_MAX_CLAUSES;
    for (size_t k = 0; k < n; k++)
        out[k] = ring[(s.n - n + k) % NXC_MAX_CLAUSES];
    return n;
}

nxc_str nxc__prompt_delta(nxc_str prompt, nxc_str previous) {
    if (previous.len == 0 || !nxc__str_starts(prompt, previous)) return prompt;
    nxc_str rest =
        nxc__str_trim(nxc__str_slice(prompt, previous.len, prompt.len));
    return rest.len ? rest : prompt;
}
