/*
 * The vocabulary image (docs/formats/wordpiece-image.md), shared by the code
 * that writes it and the code that reads it.
 *
 *     header | slots[n_slots] | piece_offset[vocab_size + 1] | pad | pieces |
 * pad
 *
 * A piece is looked up by its body: without "##" if it is a continuation.
 * Open addressing with linear probing; at least half of the slots are free.
 */
#ifndef NXC_TEXT_WORDPIECE_IMAGE_H
#define NXC_TEXT_WORDPIECE_IMAGE_H

#include <assert.h>
#include <string.h>

#include <nextcall/nextcall.h>

#define NXC_WORDPIECE_MAGIC "NXCWPCE"
#define NXC_WORDPIECE_VERSION 1u
#define NXC_WORDPIECE_MAX_VOCAB (1u << 21)
#define NXC_WORDPIECE_MAX_PIECE 1024u /* bytes */
#define NXC_WORDPIECE_PAD 8u          /* zeros at the end, for whole loads */
/* Used slots in a row. A table half full with a sound hash has runs of some
 * dozens; the bound keeps a crafted table from costing more. */
#define NXC_WORDPIECE_MAX_RUN 256u

typedef struct nxc__wordpiece_header {
    char magic[8];
    uint32_t version;
    uint32_t vocab_size;
    uint32_t n_slots; /* a power of two, at least 2 * vocab_size */
    uint32_t pieces_bytes;
    uint32_t cls, sep, unk, pad, mask;
    uint32_t reserved; /* 0 */
    uint64_t size;     /* of the image */
    uint64_t hash;     /* of all but these eight bytes, see wordpiece.c */
} nxc__wordpiece_header;
static_assert(sizeof(nxc__wordpiece_header) == 64, "on-disk size");

typedef struct nxc__wordpiece_slot {
    uint64_t head; /* first eight bytes of the body, the rest 0 */
    uint32_t id;
    uint32_t info; /* 31..17 tag, 16 continuation, 15..0 length; 0: free */
} nxc__wordpiece_slot;
static_assert(sizeof(nxc__wordpiece_slot) == 16, "on-disk size");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "images are mapped");

typedef struct nxc__wordpiece_key {
    uint64_t head, hash;
    uint32_t info;
} nxc__wordpiece_key;

/* Key of body[0, len), len >= 1; NXC_WORDPIECE_PAD bytes after it are readable.
 * Multipliers of splitmix64. */
static inline nxc__wordpiece_key
nxc__wordpiece_key_of(const char *body, size_t len, bool continues) {
    nxc__wordpiece_key key = {0, 0, 0};
    uint64_t h = (uint64_t)len << 1 | continues, v;
    for (size_t i = 0; i < len; i += 8) {
        memcpy(&v, body + i, 8);
        if (len - i < 8) v &= (UINT64_C(1) << (8 * (len - i))) - 1;
        if (i == 0) key.head = v;
        h = (h ^ v) * UINT64_C(0x9E3779B97F4A7C15);
        h = (h ^ h >> 32) * UINT64_C(0xBF58476D1CE4E5B9);
    }
    key.hash = h ^ h >> 29;
    key.info = (uint32_t)(key.hash >> 32) << 17 | (uint32_t)continues << 16 |
               (uint32_t)len;
    return key;
}
/* Where the body of a piece starts: 2 for a continuation, else 0. */
static inline size_t nxc__wordpiece_skip(const char *piece, size_t len) {
    return len > 2 && piece[0] == '#' && piece[1] == '#' ? 2 : 0;
}
/* Hash of the image: the header before `hash`, then what follows it. */
uint64_t nxc__wordpiece_hash(const void *image, size_t size);

#endif
