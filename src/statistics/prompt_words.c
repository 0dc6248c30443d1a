/*
 * Distinct prompts by the words in them: TF-IDF cosines, after the reference
 * implementation of the ranking data.
 *
 *     weight of a term in a text = (1 + ln times) * ln((n + 1) / (df + .5))
 *
 * where n counts the prompts and df those with the term, without prompts that
 * only the left-out group has. Terms that no prompt has weigh nothing. The same
 * code serves with and without a group, and sums go by the order of the words
 * in a text, so that the bits are those of statistics without the group.
 *
 * Cost: the lists of the query's terms, and the words of each prompt found.
 */
#include <string.h>

#include "base/str.h"
#include "statistics/statistics_handle.h"
#include "text/terms.h"

/* ---------------------------------------------------------------- building */

typedef struct word_list {
    nxc__arena *scratch;
    uint32_t *terms, *times, *prompts; /* (room) one for each prompt and term */
    uint32_t *newest;                  /* (room_terms) entry + 1 of a term */
    size_t n, room, room_terms;
} word_list;

static nxc_status grow(word_list *w, uint32_t **array, size_t n, size_t room,
                       nxc_error *err) {
    void *p;
    NXC_TRY(nxc__statistics_zeros(w->scratch, room, sizeof **array, &p, err));
    if (n) memcpy(p, *array, n * sizeof **array);
    *array = p;
    return NXC_OK;
}

static nxc_status reserve(word_list *w, size_t n_terms, nxc_error *err) {
    if (w->n == w->room) {
        size_t room = w->room ? w->room * 2 : 1024;
        NXC_TRY(grow(w, &w->terms, w->n, room, err));
        NXC_TRY(grow(w, &w->times, w->n, room, err));
        NXC_TRY(grow(w, &w->prompts, w->n, room, err));
        w->room = room;
    }
    if (n_terms >= w->room_terms) {
        size_t room = n_terms * 2 + 1024;
        NXC_TRY(grow(w, &w->newest, w->room_terms, room, err));
        w->room_terms = room;
    }
    return NXC_OK;
}

/* Number of a term; a new one is copied. */
static nxc_status number_of(nxc__statistics *s, nxc_str term, uint32_t *out,
                            nxc_error *err) {
    *out = nxc__strmap_find(&s->words.terms, term);
    if (*out != NXC_NONE) return NXC_OK;
    nxc_str copy = nxc__arena_copy(&s->arena, term);
    if (!copy.ptr) return nxc__error_nomem(err, term.len);
    return nxc__strmap_add(&s->words.terms, copy, (uint32_t)s->words.terms.n,
                           out, err);
}

static nxc_status add_prompt(nxc__statistics *s, word_list *w, size_t prompt,
                             nxc_str text, nxc_error *err) {
    size_t first = w->n;
    for (nxc__term_iter it = nxc__terms(text); nxc__term_next(&it);) {
        uint32_t term;
        NXC_TRY(number_of(s, it.term, &term, err));
        NXC_TRY(reserve(w, s->words.terms.n, err));
        if (w->newest[term] <= first) {
            w->newest[term] = (uint32_t)++w->n;
            w->terms[w->n - 1] = term;
            w->prompts[w->n - 1] = (uint32_t)prompt;
        }
        w->times[w->newest[term] - 1]++;
    }
    return NXC_OK;
}

static nxc_status gather(nxc__statistics *s, const word_list *w,
                         nxc_error *err) {
    void *p;
    nxc__prompt_words *words = &s->words;
    NXC_TRY(nxc__lists_build(&words->terms_of, s->prompts.n, w->prompts, w->n,
                             &s->arena, err));
    NXC_TRY(nxc__lists_build(&words->prompts, words->terms.n, w->terms, w->n,
                             &s->arena, err));
    NXC_TRY(nxc__statistics_block(&s->arena, w->n, 2 * sizeof *words->times, &p,
                                  err));
    words->times = p;
    words->prompt_times = words->times + w->n;
    for (size_t i = 0; i < w->n; i++) {
        uint32_t *term = &words->terms_of.items[i],
                 *prompt = &words->prompts.items[i];
        words->times[i] = w->times[*term];
        words->prompt_times[i] = w->times[*prompt];
        *term = w->terms[*term];
        *prompt = w->prompts[*prompt];
    }
    return NXC_OK;
}

nxc_status nxc__prompt_words_build(nxc__statistics *s,
                                   const nxc__learned *learned,
                                   nxc__arena *scratch, nxc_error *err) {
    nxc_str *texts;
    word_list w = {scratch, NULL, NULL, NULL, NULL, 0, 0, 0};
    NXC_TRY(nxc__learned_texts(learned, scratch, &texts, err));
    for (size_t i = 0; i < s->prompts.n; i++)
        NXC_TRY(add_prompt(s, &w, i, texts[s->prompts.texts[i]], err));
    return gather(s, &w, err);
}

/* ---------------------------------------------------------------- queries */

#define MAX_TERMS 512 /* distinct terms of a query that count: the first */

typedef struct words_query {
    const nxc__statistics *s;
    float *idf;              /* (n_terms) */
    uint8_t *is_left_out;    /* (n_prompts) or NULL */
    uint32_t *terms, *times; /* distinct terms of the text */
    size_t n;
} words_query;

/* Prompts that no one but the group has. */
static nxc_status leave_out(words_query *w, uint32_t group, uint32_t *df,
                            size_t *n_left, nxc__arena *arena, nxc_error *err) {
    const nxc__statistics *s = w->s;
    const nxc__lists *calls = &s->prompts.calls;
    void *p;
    NXC_TRY(nxc__statistics_zeros(arena, s->prompts.n, 1, &p, err));
    w->is_left_out = p;
    for (size_t i = 0; i < s->prompts.n; i++) {
        size_t c = calls->starts[i], end = calls->starts[i + 1];
        while (c < end && s->group_of[s->session_of[calls->items[c]]] == group)
            c++;
        if (c < end) continue;
        w->is_left_out[i] = 1;
        --*n_left;
        const nxc__lists *terms = &s->words.terms_of;
        for (size_t k = terms->starts[i]; k < terms->starts[i + 1]; k++)
            df[terms->items[k]]--;
    }
    return NXC_OK;
}

static nxc_status weigh_terms(words_query *w, uint32_t group, nxc__arena *arena,
                              nxc_error *err) {
    const nxc__statistics *s = w->s;
    const nxc__lists *prompts = &s->words.prompts;
    size_t n_terms = s->words.terms.n, n = s->prompts.n;
    void *p;
    NXC_TRY(nxc__statistics_block(arena, n_terms, sizeof(uint32_t), &p, err));
    uint32_t *df = p;
    NXC_TRY(nxc__statistics_block(arena, n_terms, sizeof *w->idf, &p, err));
    w->idf = p;
    for (size_t k = 0; k < n_terms; k++)
        df[k] = prompts->starts[k + 1] - prompts->starts[k];
    if (group != NXC_NONE) NXC_TRY(leave_out(w, group, df, &n, arena, err));
    for (size_t k = 0; k < n_terms; k++)
        w->idf[k] =
            df[k] ? (float)log(((double)n + 1) / ((double)df[k] + 0.5)) : 0;
    return NXC_OK;
}

static nxc_status read_text(words_query *w, nxc_str text, nxc__arena *arena,
                            nxc_error *err) {
    const nxc__strmap *known = &w->s->words.terms;
    void *p;
    size_t room = text.len < MAX_TERMS ? text.len + 1 : MAX_TERMS;
    NXC_TRY(nxc__statistics_block(arena, room, 2 * sizeof *w->terms, &p, err));
    w->terms = p;
    w->times = w->terms + room;
    for (nxc__term_iter it = nxc__terms(text); nxc__term_next(&it);) {
        uint32_t term = nxc__strmap_find(known, it.term);
        size_t k = 0;
        if (term == NXC_NONE) continue;
        while (k < w->n && w->terms[k] != term)
            k++;
        if (k == w->n) {
            if (w->n == room) continue;
            w->terms[w->n] = term;
            w->times[w->n++] = 0;
        }
        w->times[k]++;
    }
    return NXC_OK;
}

static double weight_of(const words_query *w, uint32_t term, uint32_t times) {
    return (1 + log((double)times)) * (double)w->idf[term];
}

static double norm_of(const words_query *w, const uint32_t *terms,
                      const uint32_t *times, size_t n) {
    double squares = 0;
    for (size_t k = 0; k < n; k++) {
        double x = weight_of(w, terms[k], times[k]);
        squares += x * x;
    }
    return sqrt(squares);
}

static void divide(const words_query *w, double *dots, float *out) {
    const nxc__lists *terms = &w->s->words.terms_of;
    double norm = norm_of(w, w->terms, w->times, w->n);
    for (size_t i = 0; i < w->s->prompts.n; i++) {
        out[i] = 0;
        if (dots[i] <= 0 || (w->is_left_out && w->is_left_out[i])) continue;
        size_t at = terms->starts[i];
        double other = norm_of(w, terms->items + at, w->s->words.times + at,
                               terms->starts[i + 1] - at);
        out[i] = (float)(dots[i] / (norm * other));
    }
}

nxc_status nxc__prompt_words_cosines(const nxc__statistics *s, nxc_str text,
                                     uint32_t group, nxc__arena *arena,
                                     const float **out, nxc_error *err) {
    words_query w = {s, NULL, NULL, NULL, NULL, 0};
    const nxc__lists *prompts = &s->words.prompts;
    void *p;
    *out = NULL;
    NXC_TRY(read_text(&w, text, arena, err));
    if (w.n == 0) return NXC_OK;
    NXC_TRY(weigh_terms(&w, group, arena, err));
    NXC_TRY(
        nxc__statistics_zeros(arena, s->prompts.n, sizeof(double), &p, err));
    double *dots = p;
    for (size_t k = 0; k < w.n; k++) {
        uint32_t term = w.terms[k];
        double weight = weight_of(&w, term, w.times[k]);
        for (size_t i = prompts->starts[term]; i < prompts->starts[term + 1];
             i++)
            dots[prompts->items[i]] +=
                weight * weight_of(&w, term, s->words.prompt_times[i]);
    }
    NXC_TRY(nxc__statistics_block(arena, s->prompts.n, sizeof(float), &p, err));
    divide(&w, dots, p);
    *out = p;
    return NXC_OK;
}
