/*
 * Singular of English nouns, as they stand in paths, names and prompts.
 *
 *     nxc__singular(word) = table of whole words     (irregular_nouns.def)
 *                         | table of word ends       (same file)
 *                         | rules by ending          (below)
 *
 * The rules, the first whose ending fits; -x takes x away:
 *
 *     's                  -'s          customer's     customer
 *     (no s), ss, us, is  stays        metadata, address, status, basis
 *     ies                 -ies +y      companies (ties, movies: -s)
 *     sses, shes, ches,
 *     xes, zzes, tzes     -es          addresses, batches, boxes
 *     ouses, auses        -s           houses, clauses
 *     uses                -es          buses, statuses
 *     oes                 -es          heroes (toes, shoes: -s)
 *     any other s         -s           keys, licenses, releases, archives
 *
 * Why so: of all words in s those in ss, us and is are singular far more often
 * than plural, so their plurals (skus, apis) are listed; those in ses are in
 * doubt between -s and -es (cases, aliases), and -s is the common one, so the
 * others are listed. Words of one or two bytes stay (as, is, us).
 *
 * Idempotent: what a rule gives is looked up in the table once more (peoples,
 * criterias) and else ends in no s, or in ss, us or is, so no rule changes it
 * again; what the table gives is a fixed point (tested for every row). One word
 * is one form even where English has two: bases is basis, leaves is leaf.
 *
 * Thread-safety: any. Cost: one binary search, a scan of the ends, no
 * allocation.
 */
#include "base/str.h"
#include "text/words.h"

typedef struct noun {
    const char *word, *singular;
} noun;

#define NXC_NOUN_END(end, singular)
static const noun nouns[] = {
#define NXC_NOUN(word, singular) {#word, #singular},
#include "text/irregular_nouns.def"
#undef NXC_NOUN
};
#undef NXC_NOUN_END
#define NXC_NOUN(word, singular)
static const noun ends[] = {
#define NXC_NOUN_END(end, singular) {#end, #singular},
#include "text/irregular_nouns.def"
#undef NXC_NOUN_END
};
#undef NXC_NOUN
enum {
    N_NOUNS = sizeof nouns / sizeof *nouns,
    N_ENDS = sizeof ends / sizeof *ends
};

/* Row of the table of whole words, or NULL. */
static const noun *find_noun(nxc_str word) {
    size_t low = 0, high = N_NOUNS;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int c = nxc__str_compare(nxc__str(nouns[mid].word), word);
        if (c == 0) return &nouns[mid];
        if (c < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return NULL;
}
/* Row of the table of ends that word has, or NULL. */
static const noun *find_end(nxc_str word) {
    for (size_t i = 0; i < N_ENDS; i++)
        if (nxc__str_ends(word, nxc__str(ends[i].word))) return &ends[i];
    return NULL;
}

static bool ends_in(nxc_str word, const char *suffix) {
    return nxc__str_ends(word, nxc__str(suffix));
}

/* Letters that the rules take from the end of a word in s. */
static size_t n_taken(nxc_str word) {
    static const char *const stays[] = {"ss", "us", "is"};
    static const char *const sibilants[] = {"sses", "shes", "ches",
                                            "xes",  "zzes", "tzes"};
    for (size_t i = 0; i < sizeof stays / sizeof *stays; i++)
        if (ends_in(word, stays[i])) return 0;
    for (size_t i = 0; i < sizeof sibilants / sizeof *sibilants; i++)
        if (ends_in(word, sibilants[i])) return 2;
    if (ends_in(word, "ouses") || ends_in(word, "auses")) return 1;
    if (ends_in(word, "uses")) return 2;
    if (ends_in(word, "oes") && word.len > 4) return 2;
    return 1;
}

/* The singular that the table gives, or a view without ptr. */
static nxc_str by_table(nxc_str word, char out[NXC_WORD_MAX]) {
    const noun *row = find_noun(word);
    if (!row) row = find_end(word);
    if (!row) return (nxc_str){NULL, 0};
    size_t stem = word.len - strlen(row->word), n = strlen(row->singular);
    if (stem + n > NXC_WORD_MAX) return word;
    memcpy(out + stem, row->singular, n);
    return (nxc_str){out, stem + n};
}

nxc_str nxc__singular(nxc_str word, char out[NXC_WORD_MAX]) {
    word = nxc__word_copy(word, out);
    while (word.len > 2 && ends_in(word, "'s"))
        word.len -= 2;
    nxc_str singular = by_table(word, out);
    if (singular.ptr) return singular;
    if (word.len <= 2 || !ends_in(word, "s")) return word;
    if (ends_in(word, "ies") && word.len > 4) {
        word.len -= 2;
        out[word.len - 1] = 'y';
    } else {
        word.len -= n_taken(word);
    }
    singular = by_table(word, out); /* peoples, criterias */
    return singular.ptr ? singular : word;
}
