/*
 * The verbs of the HTTP methods and their inflected forms.
 *
 * The table (verbs.def) holds base forms. A word is brought to its base form by
 * asking of each verb with the same first letter whether the word is one of its
 * forms, so that the rules of English spelling stand once, in is_form(), and no
 * word is cut open on a guess: "budget" is no form of get, "address" none of
 * add, "newsletter" none of new.
 *
 *     base      -s         -ing                    -ed
 *     create    creates    creating                created     e drops
 *     fetch     fetches    fetching                fetched     sibilant: es
 *     modify    modifies   modifying               modified    y after
 * consonant drop      drops      dropping                dropped     DOUBLES
 *     cancel    cancels    canceling, cancelling   the same    EITHER
 *
 * A verb with a past form of its own has no regular one ("maked" is nothing);
 * where only the participle is its own, both count (showed, shown).
 * Thread-safety: any. Cost: a few comparisons per word, no allocation.
 */
#include "base/str.h"
#include "text/words.h"

enum inflection { REGULAR, DOUBLES, EITHER, NONE };

typedef struct verb {
    const char *base;
    size_t len; /* of base */
    uint32_t methods;
    enum inflection inflection;
    const char *past, *participle;
} verb;

#define G (1u << NXC_METHOD_GET)
#define O (1u << NXC_METHOD_POST)
#define U (1u << NXC_METHOD_PUT)
#define D (1u << NXC_METHOD_DELETE)
#define A (1u << NXC_METHOD_PATCH)
static const verb verbs[] = {
#define NXC_VERB(base, methods, inflection, past, participle) \
    {#base, sizeof #base - 1, (methods), inflection, past, participle},
#include "text/verbs.def"
#undef NXC_VERB
};
#undef G
#undef O
#undef U
#undef D
#undef A
enum { N_VERBS = sizeof verbs / sizeof *verbs };

static bool is_vowel(char c) {
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u';
}
static bool equals(nxc_str word, const char *z) {
    return *z && nxc__str_eq(word, nxc__str(z));
}

/* Whether word is the first n letters of base and then suffix. */
static bool is_stem(nxc_str word, nxc_str base, size_t n, const char *suffix) {
    return word.len >= n && memcmp(word.ptr, base.ptr, n) == 0 &&
           equals(nxc__str_slice(word, n, word.len), suffix);
}

static bool is_third_person(nxc_str word, nxc_str base) {
    char last = base.ptr[base.len - 1], before = base.ptr[base.len - 2];
    if (last == 'y' && !is_vowel(before))
        return is_stem(word, base, base.len - 1, "ies");
    bool sibilant = last == 's' || last == 'x' || last == 'z' ||
                    (last == 'h' && (before == 'c' || before == 's'));
    return is_stem(word, base, base.len, sibilant ? "es" : "s");
}

/* -ing or -ed after base, suffix without its e if the base ends in one. */
static bool is_participle(nxc_str word, const verb *v, nxc_str base,
                          bool is_past) {
    const char *suffix = is_past ? "ed" : "ing";
    char last = base.ptr[base.len - 1];
    if (last == 'e') return is_stem(word, base, base.len - 1, suffix);
    if (last == 'y' && is_past && !is_vowel(base.ptr[base.len - 2]))
        return is_stem(word, base, base.len - 1, "ied");
    bool is_single = is_stem(word, base, base.len, suffix);
    bool is_doubled =
        word.len > base.len && word.ptr[base.len] == last &&
        memcmp(word.ptr, base.ptr, base.len) == 0 &&
        equals(nxc__str_slice(word, base.len + 1, word.len), suffix);
    switch (v->inflection) {
    case REGULAR:
        return is_single;
    case DOUBLES:
        return is_doubled;
    case EITHER:
        return is_single || is_doubled;
    case NONE:
        return false;
    }
    return false;
}

static bool is_form(nxc_str word, const verb *v) {
    nxc_str base = {v->base, v->len};
    if (equals(word, v->past) || equals(word, v->participle)) return true;
    /* every other form begins like the base up to its last letter */
    if (word.len < base.len || memcmp(word.ptr, base.ptr, base.len - 1) != 0)
        return false;
    if (nxc__str_eq(word, base)) return true;
    if (v->inflection == NONE) return false;
    return is_third_person(word, base) || is_participle(word, v, base, false) ||
           (!*v->past && is_participle(word, v, base, true));
}

/* The verb of which word is the base or a form, or NULL. */
static const verb *find_verb(nxc_str word) {
    if (word.len == 0) return NULL;
    for (size_t i = 0; i < N_VERBS && verbs[i].base[0] <= word.ptr[0]; i++)
        if (verbs[i].base[0] == word.ptr[0] && is_form(word, &verbs[i]))
            return &verbs[i];
    return NULL;
}

nxc_str nxc__verb_base(nxc_str word, char out[NXC_WORD_MAX]) {
    const verb *v = find_verb(word);
    return nxc__word_copy(v ? nxc__str(v->base) : word, out);
}

uint32_t nxc__verb_methods(nxc_str base_form) {
    const verb *v = find_verb(base_form);
    return v && equals(base_form, v->base) ? v->methods : 0;
}

uint32_t nxc__prompt_methods(nxc_str prompt) {
    uint32_t methods = 0;
    for (nxc__word_iter it = nxc__words(prompt, false); nxc__word_next(&it);) {
        const verb *v = find_verb(it.word);
        if (v) methods |= v->methods;
    }
    return methods;
}

const char *nxc__method_verb(nxc_method method) {
    switch (method) {
    case NXC_METHOD_GET:
        return "retrieve";
    case NXC_METHOD_POST:
        return "create";
    case NXC_METHOD_PUT:
        return "update";
    case NXC_METHOD_DELETE:
        return "remove";
    case NXC_METHOD_PATCH:
        return "modify";
    case NXC_METHOD_NONE:
    case NXC_METHOD_HEAD:
    case NXC_METHOD_OPTIONS:
    case NXC_METHOD_TRACE:
    case NXC_METHOD_OTHER:
        return "";
    }
    return "";
}
