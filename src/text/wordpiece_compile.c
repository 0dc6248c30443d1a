/* vocab.txt to the image of wordpiece_image.h. */
#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/str.h"
#include "base/utf8.h"
#include "text/bert_normalize.h"
#include "text/wordpiece.h"
#include "text/wordpiece_image.h"

typedef struct builder {
    nxc_str name;
    uint32_t line; /* of the piece last read; its id + 1 */
    uint8_t *image;
    size_t size;
    nxc__wordpiece_header header;
    nxc__wordpiece_slot *slots;
    uint32_t *offsets;
    char *pieces;
} builder;

static nxc_status malformed(const builder *b, const char *expected, nxc_str got,
                            nxc_error *err) {
    return nxc__error(err, NXC_ERR_PARSE, "%.*s:%u: expected %s, got \"%.*s\"",
                      NXC_STR_ARG(b->name), b->line, expected,
                      NXC_STR_ARG(got));
}

/* The next line of vocab from *at, without its end; false after the last. */
static bool next_line(nxc_str vocab, size_t *at, nxc_str *line) {
    if (!vocab.ptr || *at >= vocab.len) return false;
    size_t end = nxc__str_find(vocab, '\n', *at);
    *line = (nxc_str){vocab.ptr + *at, end - *at};
    *at = end + 1;
    if (line->len && line->ptr[line->len - 1] == '\r') line->len--;
    return true;
}

static nxc_status check_piece(const builder *b, nxc_str p, nxc_error *err) {
    if (p.len == 0) return malformed(b, "a piece", p, err);
    if (p.len > NXC_WORDPIECE_MAX_PIECE)
        return malformed(b, "a piece of at most 1024 bytes", p, err);
    if (nxc__utf8_validate(p) != p.len)
        return nxc__error(err, NXC_ERR_PARSE,
                          "%.*s:%u: expected UTF-8, got byte 0x%02x",
                          NXC_STR_ARG(b->name), b->line,
                          (uint8_t)p.ptr[nxc__utf8_validate(p)]);
    for (size_t i = 0; i < p.len; i++)
        if ((uint8_t)p.ptr[i] <= ' ')
            return nxc__error(err, NXC_ERR_PARSE,
                              "%.*s:%u: expected a piece without spaces and "
                              "controls, got byte 0x%02x",
                              NXC_STR_ARG(b->name), b->line, (uint8_t)p.ptr[i]);
    return NXC_OK;
}

/* Counts and checks the pieces: vocab_size, pieces_bytes, n_slots, size. */
static nxc_status measure(builder *b, nxc_str vocab, nxc_error *err) {
    nxc__wordpiece_header *h = &b->header;
    nxc_str p;
    for (size_t at = 0; next_line(vocab, &at, &p);) {
        if (h->vocab_size == NXC_WORDPIECE_MAX_VOCAB)
            return nxc__error(err, NXC_ERR_LIMIT,
                              "%.*s: expected at most %u pieces, got more",
                              NXC_STR_ARG(b->name), NXC_WORDPIECE_MAX_VOCAB);
        b->line = ++h->vocab_size;
        NXC_TRY(check_piece(b, p, err));
        h->pieces_bytes += (uint32_t)p.len; /* at most 2^21 * 2^10 */
    }
    h->n_slots = 16;
    while (h->n_slots < 2 * h->vocab_size)
        h->n_slots *= 2;
    return NXC_OK;
}

/* One block of the exact size, zeroed, with the parts laid out in it. */
static nxc_status lay_out(builder *b, const nxc_allocator *alloc,
                          nxc_error *err) {
    const nxc__wordpiece_header *h = &b->header;
    size_t offsets = sizeof *h + (size_t)h->n_slots * sizeof *b->slots;
    size_t pieces =
        (offsets + ((size_t)h->vocab_size + 1) * sizeof(uint32_t) + 7) &
        ~(size_t)7;
    b->size = pieces + h->pieces_bytes + NXC_WORDPIECE_PAD;
    b->image = nxc__alloc_zero(alloc, b->size);
    if (!b->image) return nxc__error_nomem(err, b->size);
    b->slots = (void *)(b->image + sizeof *h);
    b->offsets = (void *)(b->image + offsets);
    b->pieces = (char *)b->image + pieces;
    return NXC_OK;
}

static nxc_str piece(const builder *b, uint32_t id) {
    uint32_t from = b->offsets[id];
    return (nxc_str){b->pieces + from, b->offsets[id + 1] - from};
}

/* Puts piece id into a free slot, or says that it is there already. */
static nxc_status insert(builder *b, uint32_t id, nxc_error *err) {
    nxc_str p = piece(b, id);
    size_t skip = nxc__wordpiece_skip(p.ptr, p.len), n = 0;
    size_t mask = b->header.n_slots - 1;
    nxc__wordpiece_key key =
        nxc__wordpiece_key_of(p.ptr + skip, p.len - skip, skip > 0);
    size_t i = key.hash & mask;
    for (; b->slots[i].info; i = (i + 1) & mask) {
        if (nxc__str_eq(p, piece(b, b->slots[i].id)))
            return malformed(b, "a piece that no line before has", p, err);
        if (++n == NXC_WORDPIECE_MAX_RUN)
            return nxc__error(err, NXC_ERR_LIMIT,
                              "%.*s:%u: expected pieces that spread over the "
                              "hash table, got too many in one place",
                              NXC_STR_ARG(b->name), b->line);
    }
    b->slots[i] = (nxc__wordpiece_slot){key.head, id, key.info};
    return NXC_OK;
}

static nxc_status fill(builder *b, nxc_str vocab, nxc_error *err) {
    nxc__wordpiece_header *h = &b->header;
    uint32_t *const special[] = {
        [NXC_BERT_NONE] = NULL,   [NXC_BERT_CLS] = &h->cls,
        [NXC_BERT_SEP] = &h->sep, [NXC_BERT_MASK] = &h->mask,
        [NXC_BERT_PAD] = &h->pad, [NXC_BERT_UNK] = &h->unk,
    };
    uint32_t id = 0;
    nxc_str p;
    for (int s = NXC_BERT_CLS; s <= NXC_BERT_UNK; s++)
        *special[s] = NXC_NONE;
    for (size_t at = 0; next_line(vocab, &at, &p); id++) {
        b->line = id + 1;
        memcpy(b->pieces + b->offsets[id], p.ptr, p.len);
        b->offsets[id + 1] = b->offsets[id] + (uint32_t)p.len;
        NXC_TRY(insert(b, id, err));
        for (int s = NXC_BERT_CLS; s <= NXC_BERT_UNK; s++)
            if (nxc__str_eq(p, nxc__bert_special_text((nxc__bert_special)s)))
                *special[s] = id;
    }
    for (int s = NXC_BERT_CLS; s <= NXC_BERT_UNK; s++)
        if (*special[s] == NXC_NONE)
            return nxc__error(err, NXC_ERR_PARSE,
                              "%.*s: expected a line %s, got none",
                              NXC_STR_ARG(b->name),
                              nxc__bert_special_text((nxc__bert_special)s).ptr);
    return NXC_OK;
}

/* Runs of used slots are bounded for the reader; see wordpiece_image.h. */
static nxc_status check_runs(const builder *b, nxc_error *err) {
    uint32_t run = 0;
    for (uint32_t i = 0; i < b->header.n_slots; i++) {
        run = b->slots[i].info ? run + 1 : 0;
        if (run > NXC_WORDPIECE_MAX_RUN)
            return nxc__error(err, NXC_ERR_LIMIT,
                              "%.*s: expected pieces that spread over the hash "
                              "table, got %u in a row",
                              NXC_STR_ARG(b->name), run);
    }
    return NXC_OK;
}

nxc_status nxc__wordpiece_compile(nxc_str name, nxc_str vocab_txt,
                                  nxc__buffer *out, nxc_error *err) {
    builder b = {.name = name};
    nxc_status st;
    NXC_TRY(measure(&b, vocab_txt, err));
    NXC_TRY(lay_out(&b, out->alloc, err));
    NXC_TRY_OR(done, st, fill(&b, vocab_txt, err));
    NXC_TRY_OR(done, st, check_runs(&b, err));
    memcpy(b.header.magic, NXC_WORDPIECE_MAGIC, sizeof b.header.magic);
    b.header.version = NXC_WORDPIECE_VERSION;
    b.header.size = b.size;
    memcpy(b.image, &b.header, sizeof b.header);
    b.header.hash = nxc__wordpiece_hash(b.image, b.size);
    memcpy(b.image, &b.header, sizeof b.header);
    nxc__buffer_append(out, b.image, b.size);
    st = nxc__buffer_status(out, "vocabulary image", err);
done:
    nxc__free(out->alloc, b.image, b.size);
    return st;
}
