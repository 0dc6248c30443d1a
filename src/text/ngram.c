/*
 * Reading an n-gram image: validation, then probabilities in place.
 *
 *     open(image) -> find(word) / bigram / trigram / prob(text)
 *
 * Layout: ngram_image.h. Counts are stored, not probabilities: they can be
 * validated exactly (every total is the sum of its row), and the discounts
 * follow from them.
 *
 * Algorithm: interpolated Kneser-Ney (Chen and Goodman 1998, section 2.7), one
 * discount an order, D = n1 / (n1 + 2 n2) with n1, n2 the numbers of n-grams
 * counted once and twice. With c a count, T the total of its row and F the
 * number of n-grams in the row:
 *
 *     P(w | h) = (c - D) / T + D F / T * P(w | shorter h)
 *
 * Where n1 or n2 is zero there is no such discount, and the order is
 * Witten-Bell (ibid., section 2.5):
 *
 *     P(w | h) = (c + F * P(w | shorter h)) / (T + F)
 *
 * The chain of a trigram is counts of u v w, then kinds of words before v w
 * (continuation counts), then kinds of words before w, then 1 / V, where V
 * counts the words, </s> and <unk>. The chain of a bigram starts at its own
 * counts. A row that is not there passes on to the shorter history unchanged.
 * Departures: a) what follows <s> has no continuation counts, since nothing
 * stands before <s>; its counts take their place, as is usual; b) so <s> <s> w
 * has no row of its own and is P(w | <s>).
 *
 * Thread-safety: any. Cost: per word of text one binary search of the words and
 * three of rows; no allocation.
 */
#include "text/ngram.h"

#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"
#include "text/ngram_image.h"
#include "text/words.h"

enum { TRIGRAM, BIGRAM, KINDS, UNIGRAM }; /* nxc__ngram.discount */

static const nxc__ngram_word *words_of(const nxc__ngram *m) {
    return m->tables[0];
}
static const nxc__ngram_row *bigrams_of(const nxc__ngram *m) {
    return m->tables[1];
}
static const nxc__ngram_leaf *trigrams_of(const nxc__ngram *m) {
    return m->tables[2];
}
static nxc_str text_of(const nxc__ngram *m, uint32_t id) {
    const nxc__ngram_word *w = words_of(m) + id;
    return (nxc_str){(const char *)m->tables[3] + w->text_offset,
                     w[1].text_offset - w->text_offset};
}

/* -------------------------------------------------------------- validation */

/* Counts of counts: n-grams that were counted once and twice. */
typedef struct tally {
    uint64_t once, twice;
} tally;
static void count_in(tally *t, uint32_t count) {
    t->once += count == 1;
    t->twice += count == 2;
}
static double discount_of(const tally *t) {
    if (t->once == 0 || t->twice == 0) return 0;
    return (double)t->once / ((double)t->once + 2 * (double)t->twice);
}

/* A macro, so that an analyzer sees the code that it returns. */
#define WRONG(err, what, row)                                            \
    nxc__error((err), NXC_ERR_FORMAT,                                    \
               "n-gram image, row %llu: expected " what ", got another", \
               (unsigned long long)(row))

/* The words: text in byte order, children in order. */
static nxc_status check_words(const nxc__ngram *m, uint32_t text_bytes,
                              tally *unigrams, nxc_error *err) {
    const nxc__ngram_word *w = words_of(m);
    uint32_t n_ids = m->n_words + NXC_NGRAM_FIRST_WORD;
    uint64_t n_before = 0;
    if (w[0].text_offset != 0 || w[0].first_bigram != 0 || w[0].n_before != 0)
        return WRONG(err, "a first word without text", 0);
    for (uint32_t i = 0; i < n_ids; i++) {
        bool is_mark = i < NXC_NGRAM_FIRST_WORD;
        if (w[i + 1].text_offset < w[i].text_offset ||
            w[i + 1].text_offset > text_bytes ||
            w[i + 1].first_bigram < w[i].first_bigram ||
            w[i + 1].first_bigram > m->n_bigrams)
            return WRONG(err, "words and their bigrams in order", i);
        size_t len = text_of(m, i).len;
        if (is_mark ? len != 0 : len == 0 || len > NXC_WORD_MAX)
            return WRONG(err, "a word of 1 to 64 bytes", i);
        if (i > NXC_NGRAM_FIRST_WORD &&
            nxc__str_compare(text_of(m, i - 1), text_of(m, i)) >= 0)
            return WRONG(err, "words in byte order", i);
        if (i != NXC_NGRAM_START && m->n_bigrams && w[i].n_before == 0)
            return WRONG(err, "a word that was seen", i);
        n_before += w[i].n_before;
        count_in(unigrams, w[i].n_before);
    }
    if (w[NXC_NGRAM_END].first_bigram != w[NXC_NGRAM_END + 1].first_bigram)
        return WRONG(err, "no bigram after the end mark", NXC_NGRAM_END);
    if (n_before != m->n_bigrams || w[n_ids].text_offset != text_bytes ||
        w[n_ids].first_bigram != m->n_bigrams)
        return WRONG(err, "totals of the words that agree", n_ids);
    return NXC_OK;
}

/* The trigrams of bigram b: words ascending, counts that sum to the bigram's;
 * none after </s>. */
static nxc_status check_trigrams(const nxc__ngram *m, uint32_t b, tally *t,
                                 nxc_error *err) {
    const nxc__ngram_row *row = bigrams_of(m) + b;
    const nxc__ngram_leaf *leaf = trigrams_of(m);
    uint64_t sum = 0;
    if (row[1].first_trigram < row->first_trigram ||
        row[1].first_trigram > m->n_trigrams)
        return WRONG(err, "trigrams in order", b);
    for (uint32_t i = row->first_trigram; i < row[1].first_trigram; i++) {
        if (leaf[i].word == NXC_NGRAM_START ||
            leaf[i].word >= m->n_words + NXC_NGRAM_FIRST_WORD ||
            (i > row->first_trigram && leaf[i].word <= leaf[i - 1].word) ||
            leaf[i].count == 0)
            return WRONG(err, "a trigram in order with a count", i);
        sum += leaf[i].count;
        count_in(t, leaf[i].count);
    }
    if (sum != (row->word == NXC_NGRAM_END ? 0 : row->count))
        return WRONG(err, "trigrams that sum to their bigram", b);
    return NXC_OK;
}

/* The bigrams of word v, likewise. */
static nxc_status check_bigrams(const nxc__ngram *m, uint32_t v, tally t[3],
                                nxc_error *err) {
    const nxc__ngram_word *w = words_of(m) + v;
    const nxc__ngram_row *row = bigrams_of(m);
    uint64_t sum = 0, kinds = 0;
    for (uint32_t b = w->first_bigram; b < w[1].first_bigram; b++) {
        if (row[b].word == NXC_NGRAM_START ||
            row[b].word >= m->n_words + NXC_NGRAM_FIRST_WORD ||
            (b > w->first_bigram && row[b].word <= row[b - 1].word) ||
            row[b].count == 0 || row[b].n_before == 0)
            return WRONG(err, "a bigram in order with counts", b);
        NXC_TRY(check_trigrams(m, b, &t[TRIGRAM], err));
        sum += row[b].count;
        kinds += row[b].n_before;
        count_in(&t[BIGRAM], row[b].count);
        count_in(&t[KINDS], row[b].n_before);
    }
    if (sum != w->total || kinds != w->total_kinds)
        return WRONG(err, "bigrams that sum to their word", v);
    return NXC_OK;
}

static nxc_status check_tables(nxc__ngram *m, uint32_t text_bytes,
                               nxc_error *err) {
    tally t[4] = {{0, 0}};
    if (m->n_words > NXC_NONE - 3 || m->n_bigrams == NXC_NONE)
        return WRONG(err, "fewer words and bigrams", 0);
    NXC_TRY(check_words(m, text_bytes, &t[UNIGRAM], err));
    const nxc__ngram_row *rows = bigrams_of(m);
    if (rows[0].first_trigram != 0 ||
        rows[m->n_bigrams].first_trigram != m->n_trigrams)
        return WRONG(err, "bigrams that span the trigrams", 0);
    for (uint32_t v = 0; v < m->n_words + NXC_NGRAM_FIRST_WORD; v++)
        NXC_TRY(check_bigrams(m, v, t, err));
    for (size_t i = 0; i < 4; i++)
        m->discount[i] = discount_of(&t[i]);
    return NXC_OK;
}

nxc_status nxc__ngram_open(nxc__ngram *m, const void *image, size_t size,
                           nxc_error *err) {
    nxc__ngram_header h;
    if ((uintptr_t)image % 8)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "n-gram image: expected an address aligned to 8 "
                          "bytes, got another");
    if (size < sizeof h)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "n-gram image: expected at least %zu bytes, got %zu",
                          sizeof h, size);
    memcpy(&h, image, sizeof h);
    if (memcmp(h.magic, NXC_NGRAM_MAGIC, sizeof h.magic) != 0 ||
        h.version != NXC_NGRAM_VERSION || h.reserved != 0)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "n-gram image: expected version %u, got another "
                          "version or no such image",
                          NXC_NGRAM_VERSION);
    nxc__ngram_layout at = nxc__ngram_lay_out(&h);
    if (at.size != size)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "n-gram image: expected %llu bytes, got %zu",
                          (unsigned long long)at.size, size);
    const uint8_t *bytes = image;
    if (nxc__hash64(bytes + NXC_NGRAM_HASHED, size - NXC_NGRAM_HASHED, 0) !=
        h.hash)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "n-gram image: expected the hash of its content, "
                          "got another");
    nxc__ngram opened = {bytes,
                         size,
                         h.n_words,
                         h.n_bigrams,
                         h.n_trigrams,
                         h.hash,
                         {bytes + (size_t)at.words, bytes + (size_t)at.bigrams,
                          bytes + (size_t)at.trigrams, bytes + (size_t)at.text},
                         {0}};
    NXC_TRY(check_tables(&opened, h.text_bytes, err));
    *m = opened;
    return NXC_OK;
}

/* ----------------------------------------------------------- probabilities */

uint32_t nxc__ngram_find(const nxc__ngram *m, nxc_str word) {
    uint32_t low = NXC_NGRAM_FIRST_WORD,
             high = NXC_NGRAM_FIRST_WORD + m->n_words;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        int c = nxc__str_compare(text_of(m, mid), word);
        if (c == 0) return mid;
        if (c < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return NXC_NONE;
}

/* The row of bigram v w, or NXC_NONE. */
static uint32_t find_bigram(const nxc__ngram *m, uint32_t v, uint32_t w) {
    if (v == NXC_NONE || w == NXC_NONE) return NXC_NONE;
    const nxc__ngram_row *rows = bigrams_of(m);
    uint32_t low = words_of(m)[v].first_bigram;
    uint32_t end = words_of(m)[v + 1].first_bigram, high = end;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (rows[mid].word < w) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < end && rows[low].word == w ? low : NXC_NONE;
}

/* Count of w among the trigrams of bigram b. */
static uint32_t trigram_count(const nxc__ngram *m, uint32_t b, uint32_t w) {
    const nxc__ngram_leaf *leaves = trigrams_of(m);
    uint32_t low = bigrams_of(m)[b].first_trigram;
    uint32_t end = bigrams_of(m)[b + 1].first_trigram, high = end;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (leaves[mid].word < w) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < end && leaves[low].word == w ? leaves[low].count : 0;
}

/* One step of the chain: count of total in a row of n_kinds n-grams, lower the
 * probability by the shorter history. discount 0: Witten-Bell. */
static double interpolate(double discount, uint32_t count, uint32_t total,
                          uint32_t n_kinds, double lower) {
    if (n_kinds == 0) return lower;
    double c = count, t = total, f = n_kinds;
    if (discount == 0) return (c + f * lower) / (t + f);
    double kept = count ? c - discount : 0;
    return (kept + discount * f * lower) / t;
}

static double unigram(const nxc__ngram *m, uint32_t w) {
    uint32_t n_before = w == NXC_NONE ? 0 : words_of(m)[w].n_before;
    uint32_t n_kinds = m->n_bigrams ? m->n_words + 1 : 0; /* and </s> */
    return interpolate(m->discount[UNIGRAM], n_before, m->n_bigrams, n_kinds,
                       1 / ((double)m->n_words + 2));
}

static uint32_t n_bigrams_of(const nxc__ngram *m, uint32_t v) {
    if (v == NXC_NONE) return 0;
    return words_of(m)[v + 1].first_bigram - words_of(m)[v].first_bigram;
}

/* P(w | v) from counts. */
static double bigram_at(const nxc__ngram *m, uint32_t v, uint32_t b,
                        double lower) {
    if (v == NXC_NONE) return lower;
    uint32_t count = b == NXC_NONE ? 0 : bigrams_of(m)[b].count;
    return interpolate(m->discount[BIGRAM], count, words_of(m)[v].total,
                       n_bigrams_of(m, v), lower);
}
/* P(w | u v): context is the row of u v, b that of v w. */
static double trigram_at(const nxc__ngram *m, uint32_t context, uint32_t v,
                         uint32_t w, uint32_t b, double lower) {
    if (v == NXC_NONE) return lower;
    uint32_t kinds = b == NXC_NONE ? 0 : bigrams_of(m)[b].n_before;
    double p =
        interpolate(m->discount[KINDS], kinds, words_of(m)[v].total_kinds,
                    n_bigrams_of(m, v), lower);
    if (context == NXC_NONE) return p;
    const nxc__ngram_row *row = bigrams_of(m) + context;
    return interpolate(m->discount[TRIGRAM], trigram_count(m, context, w),
                       row->count, row[1].first_trigram - row->first_trigram,
                       p);
}

double nxc__ngram_bigram(const nxc__ngram *m, uint32_t w1, uint32_t w2) {
    return bigram_at(m, w1, find_bigram(m, w1, w2), unigram(m, w2));
}
double nxc__ngram_trigram(const nxc__ngram *m, uint32_t w1, uint32_t w2,
                          uint32_t w3) {
    return trigram_at(m, find_bigram(m, w1, w2), w2, w3, find_bigram(m, w2, w3),
                      unigram(m, w3));
}

void nxc__ngram_prob(const nxc__ngram *m, nxc_str text, double *bigram,
                     double *trigram) {
    *bigram = *trigram = NXC_NAN;
    if (!m->image) return;
    double sum2 = 0, sum3 = 0, n = 0;
    uint32_t v = NXC_NGRAM_START, context = NXC_NONE, w;
    nxc__word_iter it = nxc__words(text, false);
    do {
        w = nxc__word_next(&it) ? nxc__ngram_find(m, it.word) : NXC_NGRAM_END;
        uint32_t b = find_bigram(m, v, w);
        double lower = unigram(m, w);
        sum2 += bigram_at(m, v, b, lower);
        sum3 += trigram_at(m, context, v, w, b, lower);
        n++;
        context = b;
        v = w;
    } while (w != NXC_NGRAM_END);
    *bigram = sum2 / n;
    *trigram = sum3 / n;
}
