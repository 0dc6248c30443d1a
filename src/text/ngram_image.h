/*
 * Layout of an n-gram image (docs/formats/ngram.md), shared by ngram_build.c,
 * which writes it, and ngram.c, which reads it in place.
 *
 *     header | word rows | bigram rows | trigram rows | text | zero padding
 *              n + 3       n_bigrams+1   n_trigrams     of the words
 *
 * Rows are sorted; a row's children are the range up to the next row's first
 * child, so each table but the last ends in a sentinel:
 *
 *     words    [v]      first_bigram ----> bigrams  [v w]  sorted by w
 *     bigrams  [u v]    first_trigram ---> trigrams [u v w] sorted by w
 */
#ifndef NXC_TEXT_NGRAM_IMAGE_H
#define NXC_TEXT_NGRAM_IMAGE_H

#include <assert.h>
#include <stdint.h>

#define NXC_NGRAM_MAGIC "NXCNGRAM"
#define NXC_NGRAM_VERSION 1u

typedef struct nxc__ngram_header {
    char magic[8];
    uint64_t hash; /* XXH3-64 of all bytes after this field */
    uint32_t version;
    uint32_t n_words; /* without the two marks */
    uint32_t n_bigrams;
    uint32_t n_trigrams;
    uint32_t text_bytes;
    uint32_t reserved; /* 0 */
} nxc__ngram_header;
#define NXC_NGRAM_HASHED 16 /* offset of the hashed bytes */

/* Rows: <s>, </s>, the words in byte order, a sentinel. */
typedef struct nxc__ngram_word {
    uint32_t text_offset;
    uint32_t first_bigram;
    uint32_t total;       /* of count over the bigrams of this row */
    uint32_t total_kinds; /* of n_before over the bigrams of this row */
    uint32_t n_before;    /* N1+(. w): different words before this one */
} nxc__ngram_word;

typedef struct nxc__ngram_row {
    uint32_t word;
    uint32_t first_trigram;
    uint32_t count;
    uint32_t n_before; /* N1+(. v w); after <s>, where nothing stands: count */
} nxc__ngram_row;

typedef struct nxc__ngram_leaf {
    uint32_t word;
    uint32_t count;
} nxc__ngram_leaf;

static_assert(sizeof(nxc__ngram_header) == 40, "on-disk size");
static_assert(sizeof(nxc__ngram_word) == 20, "on-disk size");
static_assert(sizeof(nxc__ngram_row) == 16, "on-disk size");
static_assert(sizeof(nxc__ngram_leaf) == 8, "on-disk size");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "images are little-endian and used in place");

/* Offsets of the tables, and the size of the whole image. */
typedef struct nxc__ngram_layout {
    uint64_t words, bigrams, trigrams, text, size;
} nxc__ngram_layout;
/* The counts are 32-bit, so nothing wraps. */
static inline nxc__ngram_layout nxc__ngram_lay_out(const nxc__ngram_header *h) {
    nxc__ngram_layout at;
    at.words = sizeof *h;
    at.bigrams =
        at.words + ((uint64_t)h->n_words + 3) * sizeof(nxc__ngram_word);
    at.trigrams =
        at.bigrams + ((uint64_t)h->n_bigrams + 1) * sizeof(nxc__ngram_row);
    at.text = at.trigrams + (uint64_t)h->n_trigrams * sizeof(nxc__ngram_leaf);
    at.size = (at.text + h->text_bytes + 7) / 8 * 8;
    return at;
}

#endif
