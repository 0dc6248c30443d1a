#include <stdio.h>

#include "base/buffer.h"
#include "base/utf8.h"
#include "support/nxc_test.h"
#include "text/wordpiece.h"
#include "text/wordpiece_image.h"

/* Ids are the places in this list. */
static const char vocab[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n" /* 0..4 */
                            "a\n##b\nab\n##ab\n##ba\n"             /* 5..9 */
                            "un\n##aff\n##able\n[\n]\n"            /* 10..14 */
                            "e\n##e\n,\n#\nx\n"                    /* 15..19 */
                            "##x\n\xe4\xb8\xad\n\xe2\x82\xac\n"    /* 20..22 */
                            "##5\n5\ninternational\n##ization\n"   /* 23..26 */
                            "\xe1\x84\x92\n##\xe1\x85\xa1\n=\n`\n" /* 27..30 */
                            "##\xe1\x86\xab\n##\xe3\x80\xae\n"     /* 31, 32 */
                            "##\xe0\xa3\x94\n\xc3\x9f\ni\n;\n"     /* 33..36 */
                            "\xe3\x80\xae\n##\xe3\x80\xae\xe0\xa3\x94\n"
                            "##\xe0\xa3\x94\xe0\xa3\x95\n";
enum { PAD, UNK, CLS, SEP, MASK };

typedef struct fixture {
    nxc__buffer image;
    nxc__wordpiece wp;
} fixture;

static nxc_status compile(const char *text, nxc__buffer *out, nxc_error *err) {
    return nxc__wordpiece_compile(NXC_STR("vocab.txt"), nxc__str(text), out,
                                  err);
}

static int set_up(void **state) {
    static fixture f;
    nxc_error err;
    nxc__buffer_init(&f.image, &nxc__allocator_default, 1 << 20);
    assert_ok(compile(vocab, &f.image, &err), err);
    assert_ok(nxc__wordpiece_open(&f.wp, f.image.data, f.image.len, &err), err);
    *state = &f;
    return 0;
}
static int tear_down(void **state) {
    fixture *f = *state;
    nxc__buffer_release(&f->image);
    return 0;
}

/* ---- tokenize */

static const struct {
    const char *text;
    uint32_t ids[12]; /* without CLS and SEP; 99 ends */
} texts[] = {
    {"", {99}},
    {" \t\n\xc2\xa0\xe3\x80\x80", {99}},
    {"a", {5, 99}},
    {"A aB\tAB", {5, 7, 7, 99}},
    {"abab", {7, 8, 99}},
    {"aba", {UNK, 99}}, /* ab, then no ##a: no piece stays */
    {"abba", {7, 9, 99}},
    {"unaffable un", {10, 11, 12, 10, 99}},
    {"internationalization", {25, 26, 99}}, /* pieces over eight bytes */
    {"internationalizatiox", {UNK, 99}},
    {"intermationalization", {UNK, 99}},
    {"q a", {UNK, 5, 99}},
    {"a,a", {5, 17, 5, 99}},
    {"##b", {18, 18, UNK, 99}},
    /* special tokens: literal, case-sensitive, glued */
    {"[CLS][SEP][MASK][PAD][UNK]", {CLS, SEP, MASK, PAD, UNK, 99}},
    {"a[MASK]ab", {5, MASK, 7, 99}},
    {"[[SEP]]", {13, SEP, 14, 99}},
    {"[cls]", {13, UNK, 14, 99}},
    {"[SEP", {13, UNK, 99}},
    {"[A\xcc\x81]", {13, 5, 14, 99}},
    {"[SE\xffP]", {13, UNK, 14, 99}},
    /* cleaning joins; VT, NEL, ZWSP, BOM, U+FFFD, malformed bytes */
    {"a\x0b\xc2\x85"
     "b\xe2\x80\x8b\xef\xbb\xbf\xef\xbf\xbd"
     "ab\xff\xc3",
     {7, 8, 99}},
    {"a\x1cx", {5, 20, 99}},
    /* accents, composed or not; the mark alone vanishes */
    {"\xc3\xa9 \xc3\x89 e\xcc\x81 \xcc\x81", {15, 15, 15, 99}},
    {"\xc4\xb0 \xe1\xba\x9e", {35, 34, 99}}, /* dotted I, capital sharp s */
    /* ideographs are isolated, also compatibility ones; symbols are not */
    {"a\xe4\xb8\xad"
     "b",
     {5, 21, UNK, 99}},
    {"\xe2\x82\xac"
     "5 5",
     {22, 23, 24, 99}},
    /* what normalises to ASCII: not equal, Greek question mark, varia */
    {"\xe2\x89\xa0 \xcd\xbe \xe1\xbf\xaf", {29, 36, 30, 99}},
    {"a\xe2\x89\xa0"
     "a",
     {5, 29, 5, 99}},
    /* a Hangul syllable becomes two or three jamo */
    {"\xed\x95\x98 \xed\x95\x9c", {27, 28, 27, 28, 31, 99}},
    /* marks that stay: 302E (class 224) sorts before 08D4 (230) */
    {"a\xe3\x80\xae\xe0\xa3\x94", {5, 38, 99}},
    {"a\xe0\xa3\x94\xe3\x80\xae", {5, 38, 99}},
    {"\xe0\xa3\x94\xe3\x80\xae", {37, 33, 99}},
    /* an ASCII letter and a stripped mark of class 0 (034F; 0F93 is two) end
     * the run, a stripped one of another class (0301) and a control do not */
    {"a\xe0\xa3\x94"
     "b\xe3\x80\xae",
     {5, 33, 6, 32, 99}},
    {"a\xe0\xa3\x94\xcd\x8f\xe3\x80\xae", {5, 33, 32, 99}},
    {"a\xe0\xa3\x94\xe0\xbe\x93\xe3\x80\xae", {5, 33, 32, 99}},
    /* marks of one class stay in order */
    {"a\xe0\xa3\x94\xe0\xa3\x95", {5, 39, 99}},
    {"a\xe0\xa3\x95\xe0\xa3\x94", {UNK, 99}},
    {"a\xe0\xa3\x94\xcc\x81\xe2\x80\x8b\xe3\x80\xae", {5, 38, 99}},
};

static void tokenizes_as_the_rules_say(void **state) {
    fixture *f = *state;
    for (size_t c = 0; c < sizeof texts / sizeof texts[0]; c++) {
        uint32_t ids[32];
        bool is_cut = true;
        size_t n = nxc__wordpiece_tokenize(&f->wp, nxc__str(texts[c].text), ids,
                                           32, &is_cut),
               want = 0;
        while (texts[c].ids[want] != 99)
            want++;
        bool is_same = n == want + 2 && ids[0] == CLS && ids[n - 1] == SEP &&
                       memcmp(ids + 1, texts[c].ids, want * sizeof *ids) == 0;
        if (!is_same || is_cut)
            fail_msg("\"%s\": expected %zu ids, got %zu (%u %u %u ...)",
                     texts[c].text, want + 2, n, ids[1], ids[2], ids[3]);
    }
}

/* Repeats unit n times; returns the number of ids. */
static size_t tokenize_repeated(const fixture *f, const char *unit, size_t n,
                                uint32_t *ids, size_t max_ids, bool *is_cut) {
    size_t len = strlen(unit);
    char *text = test_malloc(n * len);
    for (size_t i = 0; i < n; i++)
        memcpy(text + i * len, unit, len);
    size_t n_ids = nxc__wordpiece_tokenize(&f->wp, (nxc_str){text, n * len},
                                           ids, max_ids, is_cut);
    test_free(text);
    return n_ids;
}

static void a_word_has_at_most_100_code_points(void **state) {
    fixture *f = *state;
    uint32_t ids[256];
    bool is_cut;
    static const struct {
        const char *unit;
        size_t fits, n_ids; /* units and ids of 100 code points */
    } rows[] = {{"x", 100, 102},
                {"E\xcc\x81", 100, 102},
                {"\xc3\xa9", 100, 102},
                {"\xe3\x80\xae", 100, 102},
                {"\xed\x95\x98", 50, 3}}; /* two jamo each, no ##\u1112 */
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        assert_int_equal(
            tokenize_repeated(f, rows[r].unit, rows[r].fits, ids, 256, &is_cut),
            rows[r].n_ids);
        assert_int_equal(tokenize_repeated(f, rows[r].unit, rows[r].fits + 1,
                                           ids, 256, &is_cut),
                         3);
        assert_int_equal(ids[1], UNK);
    }
    /* a megabyte is one unknown word, whatever it is made of */
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        assert_int_equal(
            tokenize_repeated(f, rows[r].unit, 300000, ids, 256, &is_cut), 3);
        assert_false(is_cut);
    }
}

static void cuts_at_max_ids(void **state) {
    fixture *f = *state;
    uint32_t ids[300];
    bool is_cut;
    for (size_t n = 0; n < 10; n++) {
        assert_int_equal(tokenize_repeated(f, "a ", n, ids, 8, &is_cut),
                         n < 6 ? n + 2 : 8);
        assert_int_equal(is_cut, n > 6);
        assert_int_equal(ids[(n < 6 ? n : 6) + 1], SEP);
    }
    for (size_t max = 2; max < 20; max++) { /* inside a word; canary behind */
        ids[max] = 12345;
        size_t n = tokenize_repeated(f, "x", 10, ids, max, &is_cut);
        assert_int_equal(n, max < 12 ? max : 12);
        assert_int_equal(is_cut, max < 12);
        assert_int_equal(ids[max], 12345);
        assert_int_equal(ids[n - 1], SEP);
    }
    /* a word that fails after the cut is one [UNK] all the same */
    size_t n = nxc__wordpiece_tokenize(&f->wp, NXC_STR("a xxxxxxxxxxq"), ids, 6,
                                       &is_cut);
    assert_int_equal(n, 4);
    assert_int_equal(ids[2], UNK);
    assert_false(is_cut);
    /* what gives no id does not cut */
    n = nxc__wordpiece_tokenize(&f->wp, NXC_STR("a a \xcc\x81 \x01 "), ids, 4,
                                &is_cut);
    assert_int_equal(n, 4);
    assert_false(is_cut);
    n = nxc__wordpiece_tokenize(&f->wp, NXC_STR("a a [SEP]"), ids, 4, NULL);
    assert_int_equal(n, 4);
}

/* Two texts with one slot, length, head and tag: only bytes tell them apart. */
static void equal_keys_are_told_apart(void **state) {
    (void)state;
    nxc__buffer out;
    nxc__wordpiece wp;
    nxc_error err;
    uint32_t ids[8];
    char other[] = "aaaaaaaab0000000", padded[sizeof other + 8] = {0};
    nxc__buffer_init(&out, &nxc__allocator_default, 1 << 20);
    assert_ok(compile("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"
                      "aaaaaaaab0000000\n",
                      &out, &err),
              err);
    assert_ok(nxc__wordpiece_open(&wp, out.data, out.len, &err), err);
    assert_int_equal(nxc__wordpiece_tokenize(&wp, nxc__str(other), ids, 8, 0),
                     3);
    assert_int_equal(ids[1], 5);
    memcpy(padded, other, sizeof other);
    nxc__wordpiece_key a = nxc__wordpiece_key_of(padded, 16, false), b = a;
    for (unsigned i = 1;; i++) { /* about 2^19 tries */
        snprintf(other, sizeof other, "aaaaaaaac%07x", i);
        memcpy(padded, other, sizeof other);
        b = nxc__wordpiece_key_of(padded, 16, false);
        if (b.info == a.info && (b.hash ^ a.hash) % wp.n_slots == 0) break;
    }
    assert_true(a.head == b.head);
    assert_int_equal(nxc__wordpiece_tokenize(&wp, nxc__str(other), ids, 8, 0),
                     3);
    assert_int_equal(ids[1], UNK);
    nxc__buffer_release(&out);
}

static void gives_the_pieces_back(void **state) {
    fixture *f = *state;
    assert_str(nxc__wordpiece_piece(&f->wp, 0), "[PAD]");
    assert_str(nxc__wordpiece_piece(&f->wp, 26), "##ization");
    assert_int_equal(f->wp.vocab_size, 40);
    assert_int_equal(nxc__wordpiece_piece(&f->wp, 40).len, 0);
    assert_int_equal(nxc__wordpiece_piece(&f->wp, UINT32_MAX).len, 0);
    assert_int_equal(f->wp.cls, CLS);
    assert_int_equal(f->wp.sep, SEP);
    assert_int_equal(f->wp.unk, UNK);
    assert_int_equal(f->wp.pad, PAD);
    assert_int_equal(f->wp.mask, MASK);
}

/* ---- compile */

#define SPECIALS "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"

static void compile_names_the_bad_line(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", "vocab.txt: expected a line [CLS], got none"},
        {"[PAD]\n[UNK]\n[CLS]\n[SEP]\n",
         "vocab.txt: expected a line [MASK], got none"},
        {SPECIALS "a\nb\na\n", "vocab.txt:8: expected a piece that no line "
                               "before has, got \"a\""},
        {SPECIALS "a\n\nb\n", "vocab.txt:7: expected a piece, got \"\""},
        {SPECIALS "a\xc3\n", "vocab.txt:6: expected UTF-8, got byte 0xc3"},
        {SPECIALS "a b\n", "vocab.txt:6: expected a piece without spaces and "
                           "controls, got byte 0x20"},
        {SPECIALS "\t\n", "vocab.txt:6: expected a piece without spaces and "
                          "controls, got byte 0x09"},
    };
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        nxc__buffer out;
        nxc_error err;
        nxc__buffer_init(&out, &nxc__allocator_default, 1 << 20);
        assert_int_equal(compile(rows[r].text, &out, &err), NXC_ERR_PARSE);
        assert_string_equal(err.message, rows[r].message);
        assert_int_equal(out.len, 0);
        nxc__buffer_release(&out);
    }
}

static void line_ends_may_vary(void **state) {
    fixture *f = *state;
    nxc_error err;
    static const char *const rows[] = {
        "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n[MASK]\r\na\r\n", SPECIALS "a"};
    for (size_t r = 0; r < 2; r++) {
        nxc__buffer out;
        nxc__wordpiece wp;
        nxc__buffer_init(&out, f->image.alloc, 1 << 20);
        assert_ok(compile(rows[r], &out, &err), err);
        assert_ok(nxc__wordpiece_open(&wp, out.data, out.len, &err), err);
        assert_int_equal(wp.vocab_size, 6);
        assert_str(nxc__wordpiece_piece(&wp, 5), "a");
        nxc__buffer_release(&out);
    }
}

/* SPECIALS and a piece of n bytes. */
static nxc_status compile_long_piece(size_t n, nxc_error *err) {
    nxc__buffer text, out;
    nxc__buffer_init(&text, &nxc__allocator_default, 1 << 20);
    nxc__buffer_init(&out, &nxc__allocator_default, 1 << 20);
    nxc__buffer_append_z(&text, SPECIALS);
    for (size_t i = 0; i < n; i++)
        nxc__buffer_append_char(&text, 'y');
    nxc_status st = nxc__wordpiece_compile(NXC_STR("vocab.txt"),
                                           nxc__buffer_str(&text), &out, err);
    if (st == NXC_OK) {
        nxc__wordpiece wp;
        assert_ok(nxc__wordpiece_open(&wp, out.data, out.len, err), *err);
        assert_int_equal(wp.max_body, n);
    }
    nxc__buffer_release(&text);
    nxc__buffer_release(&out);
    return st;
}

static nxc_status compile_many_pieces(size_t n, nxc_error *err) {
    nxc__buffer text, out;
    nxc__buffer_init(&text, &nxc__allocator_default, (size_t)64 << 20);
    nxc__buffer_init(&out, &nxc__allocator_default, (size_t)256 << 20);
    nxc__buffer_append_z(&text, SPECIALS);
    for (size_t i = 5; i < n; i++)
        nxc__buffer_printf(&text, "%zx\n", i);
    nxc_status st = nxc__wordpiece_compile(NXC_STR("vocab.txt"),
                                           nxc__buffer_str(&text), &out, err);
    if (st == NXC_OK) {
        nxc__wordpiece wp;
        assert_ok(nxc__wordpiece_open(&wp, out.data, out.len, err), *err);
        assert_int_equal(wp.vocab_size, n);
    }
    nxc__buffer_release(&text);
    nxc__buffer_release(&out);
    return st;
}

static void compile_has_limits(void **state) {
    (void)state;
    nxc_error err;
    assert_ok(compile_long_piece(NXC_WORDPIECE_MAX_PIECE, &err), err);
    assert_int_equal(compile_long_piece(NXC_WORDPIECE_MAX_PIECE + 1, &err),
                     NXC_ERR_PARSE);
    assert_non_null(strstr(err.message, "vocab.txt:6: expected a piece of at "
                                        "most 1024 bytes, got \"yyy"));
    assert_ok(compile_many_pieces(NXC_WORDPIECE_MAX_VOCAB, &err), err);
    assert_int_equal(compile_many_pieces(NXC_WORDPIECE_MAX_VOCAB + 1, &err),
                     NXC_ERR_LIMIT);
    assert_string_equal(err.message, "vocab.txt: expected at most 2097152 "
                                     "pieces, got more");
    nxc__buffer small;
    nxc__buffer_init(&small, &nxc__allocator_default, 100);
    assert_int_equal(compile(vocab, &small, &err), NXC_ERR_LIMIT);
    nxc__buffer_release(&small);
}

/* An allocator whose n-th request fails. */
static void *failing_realloc(void *ctx, void *ptr, size_t old, size_t size) {
    int *left = ctx;
    if ((*left)-- == 0) return NULL;
    return nxc__realloc(&nxc__allocator_default, ptr, old, size);
}
static void failing_free(void *ctx, void *ptr, size_t size) {
    (void)ctx;
    nxc__free(&nxc__allocator_default, ptr, size);
}

static void compile_survives_failed_allocations(void **state) {
    fixture *f = *state;
    nxc_error err;
    for (int n = 0;; n++) {
        int left = n;
        nxc_allocator alloc = {failing_realloc, failing_free, &left};
        nxc__buffer out;
        nxc__buffer_init(&out, &alloc, 1 << 20);
        nxc_status st = compile(vocab, &out, &err);
        size_t len = out.len;
        nxc__buffer_release(&out);
        if (st == NXC_OK) {
            assert_true(n > 0);
            assert_int_equal(len, f->image.len);
            return;
        }
        assert_int_equal(st, NXC_ERR_NOMEM);
        assert_int_equal(len, 0);
    }
}

/* ---- open */

typedef union image_block {
    uint8_t bytes[1];
    uint64_t align;
    nxc__wordpiece_header header;
} image_block;

/* A copy of n bytes in a block of the exact size. */
static image_block *copy_image(const fixture *f, size_t n) {
    image_block *copy = test_malloc(n ? n : 1);
    memcpy(copy, f->image.data, n);
    return copy;
}

static void open_refuses_truncations(void **state) {
    fixture *f = *state;
    nxc__wordpiece wp;
    nxc_error err;
    for (size_t n = 0; n < f->image.len; n++) {
        image_block *copy = copy_image(f, n);
        assert_int_equal(nxc__wordpiece_open(&wp, copy, n, &err),
                         NXC_ERR_FORMAT);
        test_free(copy);
    }
    nxc__buffer longer;
    nxc__buffer_init(&longer, &nxc__allocator_default, 1 << 20);
    nxc__buffer_append(&longer, f->image.data, f->image.len);
    nxc__buffer_append_char(&longer, '\0');
    assert_int_equal(nxc__wordpiece_open(&wp, longer.data, longer.len, &err),
                     NXC_ERR_FORMAT);
    memmove(longer.data + 1, longer.data, f->image.len);
    assert_int_equal(
        nxc__wordpiece_open(&wp, longer.data + 1, f->image.len, &err),
        NXC_ERR_FORMAT);
    nxc__buffer_release(&longer);
}

static void open_refuses_bit_flips(void **state) {
    fixture *f = *state;
    nxc__wordpiece wp;
    nxc_error err;
    image_block *copy = copy_image(f, f->image.len);
    for (size_t bit = 0; bit < 8 * f->image.len; bit++) {
        copy->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (nxc__wordpiece_open(&wp, copy, f->image.len, &err) !=
            NXC_ERR_FORMAT)
            fail_msg("bit %zu of byte %zu was not noticed", bit % 8, bit / 8);
        copy->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_ok(nxc__wordpiece_open(&wp, copy, f->image.len, &err), err);
    test_free(copy);
}

/* A forged image has the right hash. Each edit must be refused for its own
 * reason. */
typedef struct parts {
    nxc__wordpiece_header *h;
    nxc__wordpiece_slot *slots;
    uint32_t *offsets;
    char *pieces;
} parts;

static parts parts_of(image_block *b) {
    parts p = {.h = &b->header};
    size_t at = sizeof *p.h;
    p.slots = (void *)(b->bytes + at);
    at += p.h->n_slots * sizeof *p.slots;
    p.offsets = (void *)(b->bytes + at);
    at += (p.h->vocab_size + 1) * sizeof *p.offsets;
    p.pieces = (char *)b->bytes + (at + 7) / 8 * 8;
    return p;
}
static nxc__wordpiece_slot *used(parts p) {
    nxc__wordpiece_slot *s = p.slots;
    while (!s->info)
        s++;
    return s;
}
static nxc__wordpiece_slot *unused(parts p) {
    nxc__wordpiece_slot *s = p.slots;
    while (s->info)
        s++;
    return s;
}

static void no_pieces(parts p) { p.h->vocab_size = 0; }
static void many_pieces(parts p) { p.h->vocab_size = 1u << 22; }
static void other_version(parts p) { p.h->version = 2; }
static void odd_slots(parts p) { p.h->n_slots--; }
static void few_slots(parts p) { p.h->n_slots /= 2; }
static void huge_slots(parts p) { p.h->n_slots = 1u << 31; }
static void more_slots(parts p) { p.h->n_slots *= 2; }
static void reserved_set(parts p) { p.h->reserved = 1; }
static void no_special(parts p) { p.h->mask = p.h->vocab_size; }
static void other_special(parts p) { p.h->cls = p.h->sep; }
static void first_offset(parts p) { p.offsets[0] = 1; }
static void last_offset(parts p) { p.offsets[p.h->vocab_size]--; }
static void same_offset(parts p) { p.offsets[3] = p.offsets[2]; }
static void far_offset(parts p) { p.offsets[3] = UINT32_MAX; }
static void bad_utf8(parts p) { p.pieces[p.offsets[5]] = '\x80'; }
static void id_past_end(parts p) { used(p)->id = p.h->vocab_size; }
static void other_id(parts p) { used(p)->id = (used(p)->id + 1) % 5; }
static void other_length(parts p) { used(p)->info += 400; }
static void other_kind(parts p) { used(p)->info ^= 1u << 16; }
static void other_tag(parts p) { used(p)->info ^= 1u << 20; }
static void other_head(parts p) { used(p)->head ^= 1; }
static void slot_lost(parts p) { memset(used(p), 0, sizeof *p.slots); }
static void slot_twice(parts p) { *unused(p) = *used(p); }
static void free_with_id(parts p) { unused(p)->id = 1; }
static void slot_moved(parts p) {
    size_t mask = p.h->n_slots - 1, i = (size_t)(used(p) - p.slots);
    size_t far = (i + mask / 2) & mask;
    while (p.slots[far].info || p.slots[(far - 1) & mask].info)
        far = (far + 1) & mask;
    p.slots[far] = p.slots[i];
    memset(&p.slots[i], 0, sizeof p.slots[i]);
}

static const struct {
    void (*edit)(parts);
    const char *expected;
} forgeries[] = {
    {no_pieces, "1 to 2097152 pieces"},
    {many_pieces, "1 to 2097152 pieces"},
    {other_version, "version 1"},
    {odd_slots, "a power of two of slots"},
    {few_slots, "a power of two of slots"},
    {huge_slots, "a power of two of slots"},
    {more_slots, "room for slots and offsets"},
    {reserved_set, "0 in the reserved field"},
    {no_special, "the ids of the special tokens"},
    {other_special, "the ids of the special tokens"},
    {first_offset, "a first offset of 0"},
    {last_offset, "a last offset at the end"},
    {same_offset, "offsets that ascend"},
    {far_offset, "offsets that ascend"},
    {bad_utf8, "UTF-8 in every piece"},
    {id_past_end, "an id below the number of pieces"},
    {other_id, "a slot that agrees with its piece"},
    {other_length, "a slot that agrees with its piece"},
    {other_kind, "a slot that agrees with its piece"},
    {other_tag, "each piece to be found once"},
    {other_head, "each piece to be found once"},
    {slot_lost, "one slot for each piece"},
    {slot_twice, "one slot for each piece"},
    {free_with_id, "0 in a free slot"},
    {slot_moved, "each piece to be found once"},
};

static void open_refuses_forgeries(void **state) {
    fixture *f = *state;
    nxc__wordpiece wp;
    for (size_t i = 0; i < sizeof forgeries / sizeof forgeries[0]; i++) {
        nxc_error err = {0};
        image_block *copy = copy_image(f, f->image.len);
        forgeries[i].edit(parts_of(copy));
        copy->header.hash = nxc__wordpiece_hash(copy, f->image.len);
        nxc_status st = nxc__wordpiece_open(&wp, copy, f->image.len, &err);
        if (st != NXC_ERR_FORMAT || !strstr(err.message, forgeries[i].expected))
            fail_msg("forgery %zu: expected \"%s\", got %s: %s", i,
                     forgeries[i].expected, nxc_status_name(st), err.message);
        test_free(copy);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokenizes_as_the_rules_say),
        cmocka_unit_test(a_word_has_at_most_100_code_points),
        cmocka_unit_test(cuts_at_max_ids),
        cmocka_unit_test(equal_keys_are_told_apart),
        cmocka_unit_test(gives_the_pieces_back),
        cmocka_unit_test(compile_names_the_bad_line),
        cmocka_unit_test(line_ends_may_vary),
        cmocka_unit_test(compile_has_limits),
        cmocka_unit_test(compile_survives_failed_allocations),
        cmocka_unit_test(open_refuses_truncations),
        cmocka_unit_test(open_refuses_bit_flips),
        cmocka_unit_test(open_refuses_forgeries),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
