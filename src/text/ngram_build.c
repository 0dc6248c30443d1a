/*
 * Building an n-gram image from texts.
 *
 *     builder_new -> add(text)* -> finish(out) -> builder_free
 *
 * add() only writes down word numbers: a stream of sentences, each
 * <s> w1 ... wn </s>. finish() counts. A position p of the stream that is not
 * <s> predicts t[p] from t[p-1] and t[p-2]. The positions are sorted by
 * (t[p-2], t[p-1], t[p]) with three stable counting sorts, last word first:
 *
 *     by w, by v   -> runs of equal (v, w): the bigrams, in order, and for each
 *                     position the number of its bigram
 *     by u         -> runs of equal (u, v, w): the trigrams, in order
 *
 * The bigram of position p - 1 is the context row of the trigram at p, and the
 * bigram of p gains one word before it with each different trigram: no
 * searches. The first word of a sentence has no trigram: <s> <s> w says no more
 * than <s> w, and its probability is that of the bigram (ngram.c).
 *
 * The image does not depend on the order of the texts: words are numbered in
 * byte order, and everything else is a count or sorted.
 *
 * Threading: a builder belongs to one thread. Cost: O(words of the texts +
 * different words); about 20 bytes per word of text while finishing.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/strmap.h"
#include "text/ngram.h"
#include "text/ngram_image.h"
#include "text/words.h"

#define MAX_POSITIONS ((size_t)1 << 27)
#define MAX_BYTES ((size_t)1 << 30) /* of text, of either buffer */

struct nxc__ngram_builder {
    const nxc_allocator *alloc;
    nxc__arena text;    /* the words' bytes */
    nxc__strmap ids;    /* word -> number in order of appearance */
    nxc__buffer words;  /* nxc_str by that number */
    nxc__buffer stream; /* uint32_t: marks, and FIRST_WORD + number */
};

nxc_status nxc__ngram_builder_new(const nxc_allocator *alloc,
                                  nxc__ngram_builder **out, nxc_error *err) {
    alloc = nxc__allocator_or_default(alloc);
    nxc__ngram_builder *b = nxc__alloc_zero(alloc, sizeof *b);
    if (!b) return nxc__error_nomem(err, sizeof *b);
    b->alloc = alloc;
    nxc__arena_init(&b->text, alloc, MAX_BYTES);
    nxc__strmap_init(&b->ids, alloc);
    nxc__buffer_init(&b->words, alloc, MAX_BYTES);
    nxc__buffer_init(&b->stream, alloc, MAX_POSITIONS * sizeof(uint32_t));
    *out = b;
    return NXC_OK;
}
void nxc__ngram_builder_free(nxc__ngram_builder *b) {
    if (!b) return;
    nxc__arena_release(&b->text);
    nxc__strmap_release(&b->ids);
    nxc__buffer_release(&b->words);
    nxc__buffer_release(&b->stream);
    nxc__free(b->alloc, b, sizeof *b);
}

static size_t n_words(const nxc__ngram_builder *b) {
    return b->words.len / sizeof(nxc_str);
}
static const nxc_str *words_of(const nxc__ngram_builder *b) {
    return (const nxc_str *)(const void *)b->words.data;
}

static nxc_status number_of(nxc__ngram_builder *b, nxc_str word, uint32_t *out,
                            nxc_error *err) {
    *out = nxc__strmap_find(&b->ids, word);
    if (*out != NXC_NONE) return NXC_OK;
    nxc_str copy = nxc__arena_copy(&b->text, word);
    if (!copy.ptr) return nxc__error_nomem(err, word.len);
    nxc__buffer_append(&b->words, &copy, sizeof copy);
    NXC_TRY(nxc__buffer_status(&b->words, "n-gram words", err));
    return nxc__strmap_add(&b->ids, copy, (uint32_t)n_words(b) - 1, out, err);
}

static void append_id(nxc__buffer *stream, uint32_t id) {
    nxc__buffer_append(stream, &id, sizeof id);
}

nxc_status nxc__ngram_add(nxc__ngram_builder *b, nxc_str text, nxc_error *err) {
    size_t before = b->stream.len;
    nxc_status st = NXC_OK;
    append_id(&b->stream, NXC_NGRAM_START);
    for (nxc__word_iter it = nxc__words(text, false); nxc__word_next(&it);) {
        uint32_t number = 0;
        NXC_TRY_OR(failed, st, number_of(b, it.word, &number, err));
        append_id(&b->stream, NXC_NGRAM_FIRST_WORD + number);
    }
    append_id(&b->stream, NXC_NGRAM_END);
    st = nxc__buffer_status(&b->stream, "n-gram texts", err);
    if (st == NXC_OK) return NXC_OK;
failed: /* a word that was numbered in vain is left out by finish */
    b->stream.len = before;
    b->stream.status = b->words.status = NXC_OK;
    return st;
}

/* ---------------------------------------------------------------- counting */

/* Work memory of finish: one block. Shapes by n positions and k = n_ids. */
typedef struct counting {
    uint32_t *t;         /* (n) the stream with final ids */
    uint32_t *order;     /* (n) predicted positions, as sorted so far */
    uint32_t *sorted;    /* (n) the other half of a sort */
    uint32_t *bigram_of; /* (n) of a position */
    uint32_t *starts;    /* (k + 1) of a counting sort */
    size_t n, n_predicted, n_ids;
    uint32_t n_bigrams, n_trigrams;
} counting;

typedef struct named {
    nxc_str word;
    uint32_t number;
} named;
static int by_bytes(const void *a, const void *b) {
    const named *x = a, *y = b;
    return nxc__str_compare(x->word, y->word);
}

/* The word that stands back places before position p; before the first word of
 * a sentence <s> stands as often as asked. */
static uint32_t word_before(const counting *c, uint32_t p, size_t back) {
    if (back == 2 && c->t[p - 1] == NXC_NGRAM_START) return NXC_NGRAM_START;
    return c->t[p - back];
}
/* Order the positions by that word, equal ones as they are. */
static void sort_by(counting *c, size_t back) {
    memset(c->starts, 0, (c->n_ids + 1) * sizeof *c->starts);
    for (size_t i = 0; i < c->n_predicted; i++)
        c->starts[word_before(c, c->order[i], back) + 1]++;
    for (size_t i = 0; i < c->n_ids; i++)
        c->starts[i + 1] += c->starts[i];
    for (size_t i = 0; i < c->n_predicted; i++) {
        uint32_t p = c->order[i];
        c->sorted[c->starts[word_before(c, p, back)]++] = p;
    }
    uint32_t *swap = c->order;
    c->order = c->sorted;
    c->sorted = swap;
}

/* Whether positions p and q end the same bigram, or the same trigram. */
static bool same(const counting *c, uint32_t p, uint32_t q, bool is_trigram) {
    if (c->t[p] != c->t[q] || c->t[p - 1] != c->t[q - 1]) return false;
    return !is_trigram || c->t[p - 1] == NXC_NGRAM_START ||
           c->t[p - 2] == c->t[q - 2];
}
/* Whether position order[i] begins a run of equal bigrams or trigrams. */
static bool begins(const counting *c, size_t i, bool is_trigram) {
    return i == 0 || !same(c, c->order[i - 1], c->order[i], is_trigram);
}

/* Sort the positions and number their bigrams. */
static void sort_positions(counting *c) {
    c->n_predicted = 0;
    for (size_t p = 0; p < c->n; p++)
        if (c->t[p] != NXC_NGRAM_START)
            c->order[c->n_predicted++] = (uint32_t)p;
    sort_by(c, 0);
    sort_by(c, 1);
    c->n_bigrams = 0;
    for (size_t i = 0; i < c->n_predicted; i++) {
        c->n_bigrams += begins(c, i, false);
        c->bigram_of[c->order[i]] = c->n_bigrams - 1;
    }
    sort_by(c, 2);
    c->n_trigrams = 0;
    for (size_t i = 0; i < c->n_predicted; i++)
        c->n_trigrams +=
            c->t[c->order[i] - 1] != NXC_NGRAM_START && begins(c, i, true);
}

/* ----------------------------------------------------------------- writing */

static void *table(uint8_t *image, uint64_t offset) {
    return image + (size_t)offset;
}

static void write_bigrams(const counting *c, nxc__ngram_word *words,
                          nxc__ngram_row *bigrams) {
    for (size_t p = 0; p < c->n; p++) {
        if (c->t[p] == NXC_NGRAM_START) continue;
        uint32_t v = c->t[p - 1];
        nxc__ngram_row *row = &bigrams[c->bigram_of[p]];
        words[v].total++;
        if (row->count == 0) {
            words[v + 1].first_bigram++; /* a count, summed below */
            words[c->t[p]].n_before++;
        }
        row->word = c->t[p];
        row->count++;
        if (v == NXC_NGRAM_START) {
            row->n_before++;
            words[v].total_kinds++;
        }
    }
    for (size_t v = 0; v < c->n_ids; v++)
        words[v + 1].first_bigram += words[v].first_bigram;
}

static void write_trigrams(const counting *c, nxc__ngram_word *words,
                           nxc__ngram_row *bigrams, nxc__ngram_leaf *leaves) {
    size_t n = 0;
    for (size_t i = 0; i < c->n_predicted; i++) {
        uint32_t p = c->order[i], v = c->t[p - 1];
        if (v == NXC_NGRAM_START) continue;
        if (begins(c, i, true)) {
            leaves[n++].word = c->t[p];
            bigrams[c->bigram_of[p - 1] + 1].first_trigram++;
            bigrams[c->bigram_of[p]].n_before++;
            words[v].total_kinds++;
        }
        leaves[n - 1].count++;
    }
    for (size_t i = 0; i < c->n_bigrams; i++)
        bigrams[i + 1].first_trigram += bigrams[i].first_trigram;
}

static nxc_status write_image(const counting *c, const named *names,
                              const nxc_allocator *alloc, nxc__buffer *out,
                              nxc_error *err) {
    nxc__ngram_header h = {NXC_NGRAM_MAGIC,
                           0,
                           NXC_NGRAM_VERSION,
                           (uint32_t)(c->n_ids - NXC_NGRAM_FIRST_WORD),
                           c->n_bigrams,
                           c->n_trigrams,
                           0,
                           0};
    for (size_t i = 0; i < h.n_words; i++)
        h.text_bytes += (uint32_t)names[i].word.len;
    nxc__ngram_layout at = nxc__ngram_lay_out(&h);
    size_t size = (size_t)at.size;
    uint8_t *image = nxc__alloc_zero(alloc, size);
    if (!image) return nxc__error_nomem(err, size);
    nxc__ngram_word *words = table(image, at.words);
    nxc__ngram_row *bigrams = table(image, at.bigrams);
    write_bigrams(c, words, bigrams);
    write_trigrams(c, words, bigrams, table(image, at.trigrams));
    uint32_t text = 0;
    for (size_t i = 0; i < h.n_words; i++) {
        words[NXC_NGRAM_FIRST_WORD + i].text_offset = text;
        memcpy(image + at.text + text, names[i].word.ptr, names[i].word.len);
        text += (uint32_t)names[i].word.len;
    }
    words[c->n_ids].text_offset = text;
    memcpy(image, &h, sizeof h);
    h.hash = nxc__hash64(image + NXC_NGRAM_HASHED, size - NXC_NGRAM_HASHED, 0);
    memcpy(image, &h, sizeof h);
    nxc__buffer_append(out, image, size);
    nxc__free(alloc, image, size);
    return nxc__buffer_status(out, "n-gram image", err);
}

/* Give the words that the stream has their final ids, in byte order; names gets
 * them in that order. map (number) is scratch. */
static void number_words(const nxc__ngram_builder *b, counting *c, named *names,
                         uint32_t *map) {
    const uint32_t *stream = (const uint32_t *)(const void *)b->stream.data;
    size_t n = 0;
    memset(map, 0, n_words(b) * sizeof *map);
    for (size_t p = 0; p < c->n; p++)
        if (stream[p] >= NXC_NGRAM_FIRST_WORD)
            map[stream[p] - NXC_NGRAM_FIRST_WORD] = 1;
    for (size_t i = 0; i < n_words(b); i++)
        if (map[i]) names[n++] = (named){words_of(b)[i], (uint32_t)i};
    if (n) qsort(names, n, sizeof *names, by_bytes);
    for (size_t i = 0; i < n; i++)
        map[names[i].number] = NXC_NGRAM_FIRST_WORD + (uint32_t)i;
    for (size_t p = 0; p < c->n; p++)
        c->t[p] = stream[p] < NXC_NGRAM_FIRST_WORD
                      ? stream[p]
                      : map[stream[p] - NXC_NGRAM_FIRST_WORD];
    c->n_ids = n + NXC_NGRAM_FIRST_WORD;
}

nxc_status nxc__ngram_finish(nxc__ngram_builder *b, nxc__buffer *out,
                             nxc_error *err) {
    size_t n = b->stream.len / sizeof(uint32_t), k = n_words(b);
    size_t names_bytes = (k + 1) * sizeof(named);
    /* t, order, sorted, bigram_of, starts (k + 3), map */
    size_t bytes = names_bytes + (4 * n + 2 * k + 3) * sizeof(uint32_t);
    named *names = nxc__alloc(b->alloc, bytes);
    if (!names) return nxc__error_nomem(err, bytes);
    counting c = {.n = n};
    c.t = (uint32_t *)(names + k + 1);
    c.order = c.t + n;
    c.sorted = c.order + n;
    c.bigram_of = c.sorted + n;
    c.starts = c.bigram_of + n;
    number_words(b, &c, names, c.starts + k + 3);
    sort_positions(&c);
    size_t before = out->len;
    nxc_status st = write_image(&c, names, b->alloc, out, err);
    if (st != NXC_OK) out->len = before;
    nxc__free(b->alloc, names, bytes);
    return st;
}
