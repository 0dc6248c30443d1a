/*
 * WordPiece tokenization (wordpiece.h) over a vocabulary image.
 *
 *     open once -> tokenize, piece: any thread, no allocation
 *
 * Words come from bert_normalize.c. Each is split greedily: the longest piece
 * that starts the word, then the longest continuation, and so on; if at some
 * point there is none, the whole word is [UNK], and so is a word of more than
 * 100 code points (Wu et al. 2016, section 4.1; BERT's reference code). All as
 * the Python package tokenizers does it, truncation included: the ids of the
 * whole text are cut, not the text.
 *
 * A lookup costs one or two multiplications per eight bytes of the key and
 * normally one cache line: a slot has the first eight bytes of the piece, its
 * length and a tag, so only longer pieces are compared in the table of pieces.
 *
 *     slot    | head: 8 bytes | id: 4 | tag: 15 bits, continuation: 1, len: 16
 * |
 *
 * open checks every value: the hash of the image, all offsets, that each slot
 * agrees with its piece, that each piece is found under its own id, and that no
 * run of used slots is long. After that a lookup checks nothing and a crafted
 * image cannot make it slow.
 *
 * Cost: linear in the text until max_ids ids are there, then it stops. A word
 * has at most 100 code points, so its split is bounded too.
 */
#include "text/wordpiece.h"

#include "base/checked.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/utf8.h"
#include "text/bert_normalize.h"
#include "text/wordpiece_image.h"

uint64_t nxc__wordpiece_hash(const void *image, size_t size) {
    const size_t head = offsetof(nxc__wordpiece_header, hash);
    const size_t rest = sizeof(nxc__wordpiece_header);
    return nxc__hash64((const uint8_t *)image + rest, size - rest,
                       nxc__hash64(image, head, 0));
}

static uint32_t find(const nxc__wordpiece *wp, const char *body,
                     nxc__wordpiece_key key, size_t len) {
    const nxc__wordpiece_slot *slots = wp->slots;
    size_t mask = wp->n_slots - 1, skip = key.info >> 15 & 2u;
    for (size_t i = key.hash & mask; slots[i].info; i = (i + 1) & mask) {
        if (slots[i].head != key.head || slots[i].info != key.info) continue;
        const char *stored = wp->pieces + wp->piece_offset[slots[i].id] + skip;
        if (len <= 8 || memcmp(stored + 8, body + 8, len - 8) == 0)
            return slots[i].id;
    }
    return NXC_NONE;
}

/* ---- open ------------------------------------------------------------- */

static nxc_str piece(const nxc__wordpiece *wp, uint32_t id) {
    uint32_t from = wp->piece_offset[id];
    return (nxc_str){wp->pieces + from, wp->piece_offset[id + 1] - from};
}

static nxc_status bad(nxc_error *err, const char *expected, uint64_t got) {
    nxc__error(err, NXC_ERR_FORMAT, "vocabulary image: expected %s, got %llu",
               expected, (unsigned long long)got);
    return NXC_ERR_FORMAT;
}

/* Header and sizes; wp's pointers are valid afterwards. */
static nxc_status open_header(nxc__wordpiece *wp, const uint8_t *image,
                              size_t size, nxc_error *err) {
    nxc__wordpiece_header h;
    if ((uintptr_t)image % 8)
        return bad(err, "an address that 8 divides", (uintptr_t)image % 8);
    if (size < sizeof h) return bad(err, "at least 64 bytes", size);
    memcpy(&h, image, sizeof h);
    if (memcmp(h.magic, NXC_WORDPIECE_MAGIC, sizeof h.magic) != 0)
        return bad(err, "the magic \"" NXC_WORDPIECE_MAGIC "\"",
                   (uint8_t)h.magic[0]);
    if (h.version != NXC_WORDPIECE_VERSION)
        return bad(err, "version 1", h.version);
    if (h.size != size) return bad(err, "the size that its header says", size);
    if (h.vocab_size == 0 || h.vocab_size > NXC_WORDPIECE_MAX_VOCAB)
        return bad(err, "1 to 2097152 pieces", h.vocab_size);
    if (h.n_slots < 2 * h.vocab_size || (h.n_slots & (h.n_slots - 1)) ||
        h.n_slots > 4 * NXC_WORDPIECE_MAX_VOCAB)
        return bad(err, "a power of two of slots, half of them free",
                   h.n_slots);
    if (h.reserved) return bad(err, "0 in the reserved field", h.reserved);
    size_t offsets = sizeof h + (size_t)h.n_slots * sizeof(nxc__wordpiece_slot);
    size_t n_offsets = (size_t)h.vocab_size + 1, pieces, end;
    if (!nxc__range_fits(offsets, n_offsets, sizeof(uint32_t), size))
        return bad(err, "room for slots and offsets", size);
    pieces = (offsets + n_offsets * sizeof(uint32_t) + 7) & ~(size_t)7;
    if (!nxc__add(pieces, (size_t)h.pieces_bytes + NXC_WORDPIECE_PAD, &end) ||
        end != size)
        return bad(err, "the pieces at its end", h.pieces_bytes);
    if (nxc__wordpiece_hash(image, size) != h.hash)
        return bad(err, "another hash of its content", h.hash);
    *wp = (nxc__wordpiece){
        .image = image,
        .size = size,
        .vocab_size = h.vocab_size,
        .cls = h.cls,
        .sep = h.sep,
        .unk = h.unk,
        .pad = h.pad,
        .mask = h.mask,
        .slots = image + sizeof h,
        .n_slots = h.n_slots,
        .piece_offset = (const uint32_t *)(const void *)(image + offsets),
        .pieces = (const char *)image + pieces,
    };
    if (wp->piece_offset[h.vocab_size] != h.pieces_bytes)
        return bad(err, "a last offset at the end of the pieces",
                   wp->piece_offset[h.vocab_size]);
    return NXC_OK;
}

/* Offsets ascend, pieces are well-formed; the longest body. */
static nxc_status check_pieces(nxc__wordpiece *wp, nxc_error *err) {
    if (wp->piece_offset[0] != 0)
        return bad(err, "a first offset of 0", wp->piece_offset[0]);
    for (uint32_t id = 0; id < wp->vocab_size; id++) {
        uint32_t from = wp->piece_offset[id], to = wp->piece_offset[id + 1];
        if (to <= from || to - from > NXC_WORDPIECE_MAX_PIECE ||
            to > wp->piece_offset[wp->vocab_size])
            return bad(err, "offsets that ascend by 1 to 1024", to);
        nxc_str p = piece(wp, id);
        if (nxc__utf8_validate(p) != p.len)
            return bad(err, "UTF-8 in every piece", id);
        uint32_t len = (uint32_t)(p.len - nxc__wordpiece_skip(p.ptr, p.len));
        if (len > wp->max_body) wp->max_body = len;
    }
    return NXC_OK;
}

/* Each used slot has its piece's length and kind; no run is too long. */
static nxc_status check_slots(const nxc__wordpiece *wp, nxc_error *err) {
    const nxc__wordpiece_slot *slots = wp->slots;
    uint32_t n_used = 0, run = 0;
    for (uint32_t i = 0; i < wp->n_slots; i++) {
        if (slots[i].info == 0) {
            if (slots[i].head || slots[i].id)
                return bad(err, "0 in a free slot", i);
            run = 0;
            continue;
        }
        if (slots[i].id >= wp->vocab_size)
            return bad(err, "an id below the number of pieces", slots[i].id);
        nxc_str p = piece(wp, slots[i].id);
        size_t skip = nxc__wordpiece_skip(p.ptr, p.len);
        if ((slots[i].info & 0x1FFFFu) !=
            ((uint32_t)(skip > 0) << 16 | (uint32_t)(p.len - skip)))
            return bad(err, "a slot that agrees with its piece", i);
        n_used++;
        if (++run > NXC_WORDPIECE_MAX_RUN)
            return bad(err, "no more than 256 used slots in a row", i);
    }
    if (n_used != wp->vocab_size)
        return bad(err, "one slot for each piece", n_used);
    return NXC_OK;
}

/* Each piece is found under its id; implies that no two are equal. */
static nxc_status check_lookup(const nxc__wordpiece *wp, nxc_error *err) {
    for (uint32_t id = 0; id < wp->vocab_size; id++) {
        nxc_str p = piece(wp, id);
        size_t skip = nxc__wordpiece_skip(p.ptr, p.len), len = p.len - skip;
        nxc__wordpiece_key key =
            nxc__wordpiece_key_of(p.ptr + skip, len, skip > 0);
        if (find(wp, p.ptr + skip, key, len) != id)
            return bad(err, "each piece to be found once", id);
    }
    return NXC_OK;
}

static uint32_t special_id(const nxc__wordpiece *wp,
                           nxc__bert_special special) {
    const uint32_t ids[] = {
        [NXC_BERT_NONE] = wp->unk, [NXC_BERT_CLS] = wp->cls,
        [NXC_BERT_SEP] = wp->sep,  [NXC_BERT_MASK] = wp->mask,
        [NXC_BERT_PAD] = wp->pad,  [NXC_BERT_UNK] = wp->unk,
    };
    return ids[special];
}

nxc_status nxc__wordpiece_open(nxc__wordpiece *out, const void *image,
                               size_t size, nxc_error *err) {
    nxc__wordpiece wp;
    NXC_TRY(open_header(&wp, image, size, err));
    NXC_TRY(check_pieces(&wp, err));
    NXC_TRY(check_slots(&wp, err));
    NXC_TRY(check_lookup(&wp, err));
    for (int s = NXC_BERT_CLS; s <= NXC_BERT_UNK; s++) {
        uint32_t id = special_id(&wp, (nxc__bert_special)s);
        if (id >= wp.vocab_size ||
            !nxc__str_eq(piece(&wp, id),
                         nxc__bert_special_text((nxc__bert_special)s)))
            return bad(err, "the ids of the special tokens", id);
    }
    *out = wp;
    return NXC_OK;
}

nxc_str nxc__wordpiece_piece(const nxc__wordpiece *wp, uint32_t id) {
    return id < wp->vocab_size ? piece(wp, id) : (nxc_str){"", 0};
}

/* ---- tokenize --------------------------------------------------------- */

typedef struct id_list {
    uint32_t *ids;
    size_t n, cap;
    bool is_cut;
} id_list;

static void push(id_list *list, uint32_t id) {
    if (list->n < list->cap)
        list->ids[list->n++] = id;
    else
        list->is_cut = true;
}

/* The longest piece that starts body[0, left); *len gets its length. */
static uint32_t longest(const nxc__wordpiece *wp, const char *body, size_t left,
                        bool continues, size_t *len) {
    size_t n = left < wp->max_body ? left : wp->max_body;
    for (; n > 0; n--) {
        if (n < left && ((uint8_t)body[n] & 0xC0) == 0x80) continue;
        uint32_t id =
            find(wp, body, nxc__wordpiece_key_of(body, n, continues), n);
        if (id != NXC_NONE) {
            *len = n;
            return id;
        }
    }
    return NXC_NONE;
}

static void push_word(const nxc__wordpiece *wp, const nxc__bert_word *w,
                      id_list *list) {
    id_list before = *list;
    for (size_t at = 0, n; at < w->len; at += n) {
        uint32_t id = longest(wp, w->bytes + at, w->len - at, at > 0, &n);
        if (id == NXC_NONE) {
            *list = before;
            push(list, wp->unk);
            return;
        }
        push(list, id);
    }
}

size_t nxc__wordpiece_tokenize(const nxc__wordpiece *wp, nxc_str text,
                               uint32_t *ids, size_t max_ids, bool *truncated) {
    NXC_ASSERT(max_ids >= 2);
    id_list list = {ids, 1, max_ids - 1, false};
    nxc__bert_word w;
    ids[0] = wp->cls;
    nxc__bert_iter it = nxc__bert_words(text);
    while (!list.is_cut && nxc__bert_next(&it, &w)) {
        if (w.special != NXC_BERT_NONE || w.is_too_long)
            push(&list, special_id(wp, w.special));
        else
            push_word(wp, &w, &list);
    }
    ids[list.n++] = wp->sep;
    if (truncated) *truncated = list.is_cut;
    return list.n;
}
