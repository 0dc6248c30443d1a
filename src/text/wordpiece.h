/*
 * WordPiece tokenization of bert-base-uncased, id for id what the Python
 * package tokenizers gives with the model's tokenizer.json and truncation at
 * max_ids.
 *
 * The vocabulary is compiled once (by nxc_model_pack) into an image: a hash
 * table over the pieces that is used in place, from a read-only mapping.
 *     compile -> (image in the packed model file) -> open -> tokenize*
 */
#ifndef NXC_TEXT_WORDPIECE_H
#define NXC_TEXT_WORDPIECE_H

#include "base/buffer.h"

typedef struct nxc__wordpiece {
    const uint8_t *image; /* borrowed */
    size_t size;
    uint32_t vocab_size;
    uint32_t cls, sep, unk, pad, mask; /* ids of the special tokens */
    uint32_t max_body; /* bytes of the longest piece without its "##" */
    /* offsets into image, set by open: see wordpiece.c */
    const void *slots;
    uint32_t n_slots;
    const uint32_t *piece_offset;
    const char *pieces;
} nxc__wordpiece;

/* vocab.txt (one piece a line, the line number is the id) to an image appended
 * to out. Errors: NXC_ERR_PARSE (a special token missing, a duplicate, a
 * malformed line, with its number), NXC_ERR_LIMIT (over 2^21 pieces). */
nxc_status nxc__wordpiece_compile(nxc_str name, nxc_str vocab_txt,
                                  nxc__buffer *out, nxc_error *err);
/* image must be 8-byte aligned and outlive wp; every value is validated.
 * Errors: NXC_ERR_FORMAT. */
nxc_status nxc__wordpiece_open(nxc__wordpiece *wp, const void *image,
                               size_t size, nxc_error *err);

/* ids (max_ids >= 2), [CLS] first and [SEP] last; returns their number; the
 * text is cut so that both fit and *truncated says so. No allocation, linear
 * time. Malformed UTF-8 is repaired as in utf8.h (U+FFFD is then removed, as
 * the reference removes it). Thread-safety: any. */
size_t nxc__wordpiece_tokenize(const nxc__wordpiece *wp, nxc_str text,
                               uint32_t *ids, size_t max_ids, bool *truncated);
/* The piece of an id, with "##" for a continuation; "" past the vocabulary. */
nxc_str nxc__wordpiece_piece(const nxc__wordpiece *wp, uint32_t id);

#endif
