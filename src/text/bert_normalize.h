/*
 * The words of a text as bert-base-uncased sees them: cleaned, lower-cased,
 * without accents, split at spaces and around punctuation and ideographs.
 *     for (nxc__bert_iter it = nxc__bert_words(text); nxc__bert_next(&it, &w);)
 */
#ifndef NXC_TEXT_BERT_NORMALIZE_H
#define NXC_TEXT_BERT_NORMALIZE_H

#include <nextcall/nextcall.h>

#define NXC_BERT_WORD_MAX 100 /* code points; a longer word is unknown */
#define NXC_BERT_WORD_BYTES (4 * NXC_BERT_WORD_MAX)

/* Literal control tokens of a text, by the case-sensitive spelling. */
typedef enum nxc__bert_special {
    NXC_BERT_NONE = 0,
    NXC_BERT_CLS,
    NXC_BERT_SEP,
    NXC_BERT_MASK,
    NXC_BERT_PAD,
    NXC_BERT_UNK
} nxc__bert_special;

typedef struct nxc__bert_word {
    nxc__bert_special special; /* not NONE: bytes does not matter */
    bool is_too_long;          /* neither: bytes has the head of the word */
    uint32_t n_code_points;
    size_t len;
    size_t run; /* where the trailing run of combining marks starts */
    char bytes[NXC_BERT_WORD_BYTES + 8]; /* 8 zeros after len */
} nxc__bert_word;

typedef struct nxc__bert_iter {
    nxc_str text;
    size_t pos;
} nxc__bert_iter;

static inline nxc__bert_iter nxc__bert_words(nxc_str text) {
    return (nxc__bert_iter){text, 0};
}
/* False at the end of the text. */
bool nxc__bert_next(nxc__bert_iter *it, nxc__bert_word *word);
/* Spelling of a special token, "[CLS]" and so on; "" for NONE. */
nxc_str nxc__bert_special_text(nxc__bert_special special);

#endif
