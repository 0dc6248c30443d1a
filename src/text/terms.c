/* Terms: words without stop words, with their endings stripped. The stripping
 * is light on purpose (a word is only compared with others that went the same
 * way), after the reference tokenizer of the ranking data. */
#include "text/terms.h"

#include "base/str.h"

/* Sorted. Words that a request is made of, whatever it asks for. */
static const char *const stop_words[] = {
    "a",     "an",    "and",    "are",   "as",    "at",    "be",   "by",
    "can",   "could", "do",     "for",   "from",  "get",   "give", "has",
    "have",  "how",   "i",      "if",    "in",    "into",  "is",   "it",
    "its",   "let",   "like",   "me",    "my",    "need",  "of",   "on",
    "or",    "our",   "please", "show",  "so",    "some",  "tell", "that",
    "the",   "their", "them",   "then",  "there", "these", "they", "this",
    "to",    "up",    "us",     "use",   "using", "via",   "want", "was",
    "we",    "what",  "when",   "where", "which", "who",   "will", "with",
    "would", "you",   "your"};

static bool is_stop_word(nxc_str word) {
    size_t low = 0, high = sizeof stop_words / sizeof *stop_words;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int c = nxc__str_compare(nxc__str(stop_words[mid]), word);
        if (c == 0) return true;
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}

nxc_str nxc__term_of(char *word, size_t len) {
    static const char *const endings[] = {"ies", "ing", "ed", "es", "s"};
    nxc_str w = {word, len};
    size_t apostrophe = nxc__str_find(w, '\'', 0);
    w.len = apostrophe; /* customer's */
    if (is_stop_word(w) || (w.len == 1 && !nxc__is_digit(word[0])))
        return (nxc_str){word, 0};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        nxc_str end = nxc__str(endings[i]);
        if (!nxc__str_ends(w, end) || w.len - end.len < 3) continue;
        w.len -= end.len;
        if (i == 0) word[w.len++] = 'y';
        break;
    }
    if (w.len > 4 && word[w.len - 1] == 'e') w.len--;
    return w;
}

nxc__term_iter nxc__terms(nxc_str text) {
    return (nxc__term_iter){nxc__words(text, true), {NULL, 0}};
}

bool nxc__term_next(nxc__term_iter *it) {
    while (nxc__word_next(&it->words)) {
        it->term = nxc__term_of(it->words.buf, it->words.word.len);
        if (it->term.len) return true;
    }
    return false;
}
