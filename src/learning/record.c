/*
 * Sessions to bytes and back, and what makes learning idempotent.
 *
 *     header | operations, 8 bytes each | calls | texts
 *
 *     call   varint operation (index above)
 *            varint 0: no time; else 1 + zigzag(ms - the time before)
 *            with texts: varint prompt + 1, varint delta + 1 (0: none)
 *     text   varint length, bytes
 *
 * The time before the first is the header's. Varints are LEB128, at most ten
 * bytes. A payload is a function of the session alone: operations stand in the
 * order of their first call.
 *
 * Sessions of a log are not named by it: they are the calls of a user up to a
 * gap. To learn a log in parts, in any order, or twice, gives the same as to
 * learn it once because sets of calls are united (the larger count of each time
 * and operation) and then cut anew, from their first call on.
 *
 * Threading: pure functions. Cost: linear; unite is quadratic in the calls of
 * one millisecond.
 */
#include "learning/record.h"

#include <string.h>

#include "base/checked.h"
#include "base/error.h"

typedef struct record_header {
    uint8_t magic[2]; /* "NL" */
    uint8_t version;  /* 1 */
    uint8_t zero;
    uint32_t n_calls, n_operations, n_texts;
    uint32_t gap_ms, zero2;
    int64_t first_ms; /* the first time, or 0 */
} record_header;
_Static_assert(sizeof(record_header) == 32, "docs/formats/store.md");

uint64_t nxc__operation_hash(nxc_str id) {
    return nxc__hash64(id.ptr, id.len, 0);
}

/* ---------------------------------------------------------------- encode */

static void put_varint(nxc__buffer *b, uint64_t v) {
    for (; v >= 0x80; v >>= 7)
        nxc__buffer_append_char(b, (char)(v | 0x80));
    nxc__buffer_append_char(b, (char)v);
}
/* Of a difference modulo 2^64, so that no pair of times overflows. */
static uint64_t zigzag(int64_t to, int64_t from) {
    uint64_t d = (uint64_t)to - (uint64_t)from;
    return d >> 63 ? ~(d << 1) : d << 1;
}
static int64_t unzigzag(uint64_t v, int64_t from) {
    uint64_t d = v & 1 ? ~(v >> 1) : v >> 1;
    return (int64_t)((uint64_t)from + d);
}

/* Indexes of the operations in the order of their first calls: a small open
 * table. slots (cap), cap a power of two over 2 n. */
typedef struct op_table {
    uint64_t *hashes; /* (n) in order */
    uint32_t *slots;  /* (cap) index + 1 */
    size_t n, cap;
} op_table;

static uint32_t op_index(op_table *t, uint64_t hash) {
    size_t i = (size_t)hash & (t->cap - 1);
    for (; t->slots[i]; i = (i + 1) & (t->cap - 1))
        if (t->hashes[t->slots[i] - 1] == hash) return t->slots[i] - 1;
    t->hashes[t->n++] = hash;
    t->slots[i] = (uint32_t)t->n;
    return (uint32_t)t->n - 1;
}

static void put_calls(nxc__buffer *b, const nxc__record *r, op_table *t,
                      int64_t first) {
    int64_t before = first;
    for (size_t i = 0; i < r->n; i++) {
        const nxc__record_call *c = &r->calls[i];
        put_varint(b, op_index(t, c->operation));
        if (c->ms == NXC_TIME_UNKNOWN) {
            put_varint(b, 0);
        } else {
            put_varint(b, zigzag(c->ms, before) + 1);
            before = c->ms;
        }
        if (!r->n_texts) continue;
        put_varint(b, c->prompt == NXC_NONE ? 0 : (uint64_t)c->prompt + 1);
        put_varint(b, c->delta == NXC_NONE ? 0 : (uint64_t)c->delta + 1);
    }
}

static void put_record(nxc__buffer *out, const nxc__record *r, op_table *t) {
    record_header h = {.magic = {'N', 'L'},
                       .version = 1,
                       .n_calls = (uint32_t)r->n,
                       .n_texts = (uint32_t)r->n_texts,
                       .gap_ms = r->gap_ms};
    for (size_t i = 0; i < r->n && h.first_ms == 0; i++)
        if (r->calls[i].ms != NXC_TIME_UNKNOWN) h.first_ms = r->calls[i].ms;
    for (size_t i = 0; i < r->n; i++)
        op_index(t, r->calls[i].operation);
    h.n_operations = (uint32_t)t->n;
    nxc__buffer_append(out, &h, sizeof h);
    nxc__buffer_append(out, t->hashes, t->n * sizeof *t->hashes);
    put_calls(out, r, t, h.first_ms);
    for (size_t i = 0; i < r->n_texts; i++) {
        put_varint(out, r->texts[i].len);
        nxc__buffer_append_str(out, r->texts[i]);
    }
}

nxc_status nxc__record_encode(const nxc__record *r, nxc__buffer *out,
                              nxc_error *err) {
    op_table t = {.cap = 16};
    nxc__arena arena;
    if (r->n == 0 || r->n > UINT32_MAX / 4 || r->n_texts > UINT32_MAX / 4)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "session: expected 1 to %u calls, got %zu",
                          UINT32_MAX / 4, r->n);
    while (t.cap < 2 * r->n)
        t.cap *= 2;
    nxc__arena_init(&arena, out->alloc, SIZE_MAX);
    t.hashes = nxc__arena_alloc_array(&arena, r->n, sizeof *t.hashes);
    t.slots = nxc__arena_alloc_array(&arena, t.cap, sizeof *t.slots);
    nxc_status st = NXC_OK;
    if (t.hashes && t.slots) {
        memset(t.slots, 0, t.cap * sizeof *t.slots);
        put_record(out, r, &t);
        st = nxc__buffer_status(out, "session", err);
    } else {
        st = nxc__error_nomem(err, t.cap * sizeof *t.slots);
    }
    nxc__arena_release(&arena);
    return st;
}

/* ---------------------------------------------------------------- decode */

typedef struct cursor {
    nxc_str bytes;
    size_t at;
    bool is_bad;
} cursor;

static uint64_t get_varint(cursor *c) {
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64 && c->at < c->bytes.len; shift += 7) {
        uint8_t byte = (uint8_t)c->bytes.ptr[c->at++];
        if (shift == 63 && byte > 1) break;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return v;
    }
    c->is_bad = true;
    return 0;
}

/* A row of texts + 1, or 0. */
static uint32_t get_text(cursor *c, uint32_t n_texts) {
    uint64_t v = n_texts ? get_varint(c) : 0;
    if (v > n_texts) c->is_bad = true;
    return v == 0 || c->is_bad ? NXC_NONE : (uint32_t)v - 1;
}

static void get_calls(cursor *c, const record_header *h,
                      const uint64_t *operations, nxc__record_call *out) {
    int64_t before = h->first_ms;
    for (uint32_t i = 0; i < h->n_calls && !c->is_bad; i++) {
        uint64_t op = get_varint(c), time = get_varint(c);
        if (op >= h->n_operations) {
            c->is_bad = true;
            return;
        }
        memcpy(&out[i].operation, operations + op, sizeof *operations);
        out[i].ms = NXC_TIME_UNKNOWN;
        if (time) out[i].ms = before = unzigzag(time - 1, before);
        out[i].prompt = get_text(c, h->n_texts);
        out[i].delta = get_text(c, h->n_texts);
    }
}

static void get_texts(cursor *c, uint32_t n, nxc_str *out) {
    for (uint32_t i = 0; i < n && !c->is_bad; i++) {
        uint64_t len = get_varint(c);
        if (len > c->bytes.len - c->at) {
            c->is_bad = true;
            return;
        }
        out[i] = (nxc_str){c->bytes.ptr + c->at, (size_t)len};
        c->at += (size_t)len;
    }
}

static nxc_status refuse(nxc_error *err) {
    return nxc__error(err, NXC_ERR_FORMAT,
                      "learned session: expected a payload of version 1, got "
                      "other bytes");
}

/* Whether the counts can be true of that many bytes: a call takes two at least,
 * a text one, an operation eight and a call. */
static bool counts_fit(const record_header *h, size_t n_bytes) {
    size_t left = n_bytes - sizeof *h;
    return h->magic[0] == 'N' && h->magic[1] == 'L' && h->version == 1 &&
           h->zero == 0 && h->zero2 == 0 && h->n_calls > 0 &&
           h->n_calls <= left / 2 && h->n_operations <= left / 8 &&
           h->n_operations <= h->n_calls && h->n_texts <= left;
}

nxc_status nxc__record_decode(const nxc__learned_row *row, nxc__arena *arena,
                              nxc__record *out, nxc_error *err) {
    record_header h;
    if (row->payload.len < sizeof h) return refuse(err);
    memcpy(&h, row->payload.ptr, sizeof h);
    if (!counts_fit(&h, row->payload.len)) return refuse(err);
    nxc_str kept = nxc__arena_copy(arena, row->payload);
    nxc__record_call *calls =
        nxc__arena_alloc_array(arena, h.n_calls, sizeof *calls);
    nxc_str *texts = nxc__arena_alloc_array(arena, h.n_texts, sizeof *texts);
    if (!kept.ptr || !calls || !texts)
        return nxc__error_nomem(err, h.n_calls * sizeof *calls);
    cursor c = {kept, sizeof h + h.n_operations * sizeof(uint64_t), false};
    get_calls(&c, &h, (const uint64_t *)(const void *)(kept.ptr + sizeof h),
              calls);
    get_texts(&c, h.n_texts, texts);
    if (c.is_bad || c.at != kept.len) return refuse(err);
    *out = (nxc__record){.key = row->key,
                         .group = row->group,
                         .gap_ms = h.gap_ms,
                         .calls = calls,
                         .n = h.n_calls,
                         .texts = texts,
                         .n_texts = h.n_texts};
    return NXC_OK;
}

/* ---------------------------------------------------------- gap sessions */

/* Calls from i on that have the time of call i. */
static size_t same_time(const nxc__record_call *c, size_t n, size_t i) {
    size_t k = i;
    while (k < n && c[k].ms == c[i].ms)
        k++;
    return k - i;
}

static size_t count(const nxc__record_call *c, size_t n, uint64_t operation) {
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        k += c[i].operation == operation;
    return k;
}

/* Two runs of one time. */
static size_t unite_run(const nxc__record_call *a, size_t n_a,
                        const nxc__record_call *b, size_t n_b,
                        nxc__record_call *out) {
    size_t n = n_a;
    if (n_a) memcpy(out, a, n_a * sizeof *out);
    for (size_t i = 0; i < n_b; i++)
        if (count(b, i, b[i].operation) >= count(a, n_a, b[i].operation))
            out[n++] = b[i];
    return n;
}

size_t nxc__record_unite(const nxc__record_call *a, size_t n_a,
                         const nxc__record_call *b, size_t n_b,
                         nxc__record_call *out) {
    size_t i = 0, k = 0, n = 0;
    while (i < n_a || k < n_b) {
        bool has_a = i < n_a && (k == n_b || a[i].ms <= b[k].ms);
        bool has_b = k < n_b && (i == n_a || b[k].ms <= a[i].ms);
        size_t r_a = has_a ? same_time(a, n_a, i) : 0;
        size_t r_b = has_b ? same_time(b, n_b, k) : 0;
        n += unite_run(a + i, r_a, b + k, r_b, out + n);
        i += r_a;
        k += r_b;
    }
    return n;
}

size_t nxc__record_cut(const nxc__record_call *calls, size_t n,
                       uint32_t gap_ms) {
    size_t i = 1;
    while (i < n && i < NXC_SESSION_MAX_CALLS &&
           (uint64_t)calls[i].ms - (uint64_t)calls[i - 1].ms <= gap_ms)
        i++;
    return i;
}

nxc__hash128 nxc__record_gap_key(nxc__hash128 group, int64_t first_ms) {
    struct {
        nxc__hash128 group;
        int64_t first_ms;
        uint64_t zero;
    } parts = {group, first_ms, 0};
    return nxc__hash_128(&parts, sizeof parts);
}
