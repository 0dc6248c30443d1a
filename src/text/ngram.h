/*
 * A word n-gram language model of order 3: interpolated Kneser-Ney, or
 * Witten-Bell where the counts of counts are too few for the discounts
 * (Chen and Goodman 1998). Trained once from a catalog's texts, stored as an
 * image with a hash, used in place; nothing is recomputed in a request.
 *     builder_new -> add* -> finish (image) -> builder_free; open -> prob*
 */
#ifndef NXC_TEXT_NGRAM_H
#define NXC_TEXT_NGRAM_H

#include "base/buffer.h"

typedef struct nxc__ngram_builder nxc__ngram_builder;
nxc_status nxc__ngram_builder_new(const nxc_allocator *alloc,
                                  nxc__ngram_builder **out, nxc_error *err);
void nxc__ngram_builder_free(nxc__ngram_builder *b);
/* Count one text as one sentence. Errors: NXC_ERR_LIMIT (over 2^27 words),
 * NXC_ERR_NOMEM. */
nxc_status nxc__ngram_add(nxc__ngram_builder *b, nxc_str text, nxc_error *err);
/* Append the image to out; the same texts in any order give the same bytes. Its
 * size is a multiple of 8. Errors: NXC_ERR_NOMEM, NXC_ERR_LIMIT; out is then as
 * before. */
nxc_status nxc__ngram_finish(nxc__ngram_builder *b, nxc__buffer *out,
                             nxc_error *err);

typedef struct nxc__ngram {
    const uint8_t *image; /* borrowed, 8-byte aligned; NULL: no model */
    size_t size;
    uint32_t n_words, n_bigrams, n_trigrams;
    uint64_t hash;         /* XXH3-64 of the content, checked at open */
    const void *tables[4]; /* set by open: see ngram_image.h */
    /* Kneser-Ney discounts of trigram counts, of bigram counts, of bigram
     * continuation counts and of unigram continuation counts, derived at open;
     * 0: this order is Witten-Bell. */
    double discount[4];
} nxc__ngram;
/* Every value is validated. The image must outlive m; it is as long as size
 * says. Errors: NXC_ERR_FORMAT. */
nxc_status nxc__ngram_open(nxc__ngram *m, const void *image, size_t size,
                           nxc_error *err);

/* Mean smoothed P(w2 | w1) and P(w3 | w1 w2) over the words of text, sentence
 * marks included: bigrams <s> w1, w1 w2, ..., wn </s>; trigrams <s> <s> w1,
 * ..., w(n-1) wn </s>. An empty text has the bigram <s> </s>. Both in [0, 1];
 * NaN without an image.
 */
void nxc__ngram_prob(const nxc__ngram *m, nxc_str text, double *bigram,
                     double *trigram);

/* Word ids: the marks, then the words in byte order. NXC_NONE is <unk>. */
enum { NXC_NGRAM_START = 0, NXC_NGRAM_END = 1, NXC_NGRAM_FIRST_WORD = 2 };
/* Id of a folded word (words.h), or NXC_NONE. */
uint32_t nxc__ngram_find(const nxc__ngram *m, nxc_str word);
/* P(w2 | w1) and P(w3 | w1 w2). w1 and w2 are words, NXC_NGRAM_START or
 * NXC_NONE; the predicted one is a word, NXC_NGRAM_END or NXC_NONE. Over all of
 * these the probabilities of one context sum to 1. */
double nxc__ngram_bigram(const nxc__ngram *m, uint32_t w1, uint32_t w2);
double nxc__ngram_trigram(const nxc__ngram *m, uint32_t w1, uint32_t w2,
                          uint32_t w3);

#endif
