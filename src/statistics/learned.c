/*
 * Learned sessions in memory: two arrays that grow, an index of keys and the
 * distinct texts.
 *
 *     sessions   [key group time first n] ...
 *                             |
 *     calls      [session 0 ...][session 1 ...][zeros of one that left] ...
 *
 * A session that is replaced by a longer one, or forgotten, leaves zeros among
 * the calls; when they are more than half, the calls move together. The index
 * is open addressing with linear probing, at most half full; a key that leaves
 * closes its gap (Knuth 6.4, algorithm R).
 *
 * Threading: one thread at a time; reading by any number meanwhile nothing is
 * added. Cost: adding is amortised O(calls).
 */
#include "statistics/learned.h"

#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/str.h"

#define MAX_CALLS ((size_t)1 << 31)
#define SEED UINT64_C(0x6e78636c6561726e)

void nxc__learned_init(nxc__learned *l, const nxc_allocator *alloc) {
    memset(l, 0, sizeof *l);
    l->alloc = nxc__allocator_or_default(alloc);
    nxc__strmap_init(&l->texts, l->alloc);
}

void nxc__learned_release(nxc__learned *l) {
    for (size_t i = 0; i < l->texts.cap; i++)
        if (l->texts.slots[i].hash)
            nxc__free_str(l->alloc, l->texts.slots[i].key);
    nxc__strmap_release(&l->texts);
    nxc__free(l->alloc, l->sessions, l->room_sessions * sizeof *l->sessions);
    nxc__free(l->alloc, l->calls, l->room_calls * sizeof *l->calls);
    nxc__free(l->alloc, l->slots, l->n_slots * sizeof *l->slots);
    nxc__learned_init(l, l->alloc);
}

nxc_status nxc__learned_text(nxc__learned *l, nxc_str text, uint32_t *row,
                             nxc_error *err) {
    uint32_t known = nxc__strmap_find(&l->texts, text);
    if (known != NXC_NONE) {
        *row = known;
        return NXC_OK;
    }
    if (text.len >= SIZE_MAX || l->texts.n >= NXC_NONE)
        return nxc__error_nomem(err, SIZE_MAX);
    char *copy = nxc__alloc(l->alloc, text.len + 1);
    if (!copy) return nxc__error_nomem(err, text.len + 1);
    if (text.len) memcpy(copy, text.ptr, text.len);
    copy[text.len] = 0;
    nxc_str key = {copy, text.len};
    nxc_status st =
        nxc__strmap_add(&l->texts, key, (uint32_t)l->texts.n, row, err);
    if (st != NXC_OK) nxc__free_str(l->alloc, key);
    return st;
}

nxc_status nxc__learned_texts(const nxc__learned *l, nxc__arena *arena,
                              nxc_str **texts, nxc_error *err) {
    size_t n = l->texts.n;
    nxc_str *out = nxc__arena_alloc_array(arena, n ? n : 1, sizeof *out);
    if (!out) return nxc__error_nomem(err, n * sizeof *out);
    for (size_t i = 0; i < l->texts.cap; i++)
        if (l->texts.slots[i].hash)
            out[l->texts.slots[i].value] = l->texts.slots[i].key;
    *texts = out;
    return NXC_OK;
}

/* ---------------------------------------------------------------- keys */

static size_t home(const nxc__learned *l, nxc__hash128 key) {
    return (size_t)nxc__hash64(&key, sizeof key, SEED) & (l->n_slots - 1);
}

/* The slot of a key, or the free one where it belongs. */
static size_t probe(const nxc__learned *l, nxc__hash128 key) {
    size_t i = home(l, key);
    while (l->slots[i] &&
           !nxc__hash128_eq(l->sessions[l->slots[i] - 1].key, key))
        i = (i + 1) & (l->n_slots - 1);
    return i;
}

static nxc_status reserve_slots(nxc__learned *l, nxc_error *err) {
    if ((l->n_sessions + 1) * 2 <= l->n_slots) return NXC_OK;
    size_t n = l->n_slots ? l->n_slots * 2 : 16;
    uint32_t *slots = nxc__alloc_zero(l->alloc, n * sizeof *slots);
    if (!slots) return nxc__error_nomem(err, n * sizeof *slots);
    nxc__free(l->alloc, l->slots, l->n_slots * sizeof *l->slots);
    l->slots = slots;
    l->n_slots = n;
    for (size_t s = 0; s < l->n_sessions; s++)
        l->slots[probe(l, l->sessions[s].key)] = (uint32_t)s + 1;
    return NXC_OK;
}

/* Free slot i and move up those behind it that would not be found any more. */
static void close_gap(nxc__learned *l, size_t i) {
    size_t mask = l->n_slots - 1;
    l->slots[i] = 0;
    for (size_t j = (i + 1) & mask; l->slots[j]; j = (j + 1) & mask) {
        size_t at = home(l, l->sessions[l->slots[j] - 1].key);
        if (((j - at) & mask) < ((j - i) & mask)) continue;
        l->slots[i] = l->slots[j];
        l->slots[j] = 0;
        i = j;
    }
}

/* ---------------------------------------------------------------- sessions */

/* Room for n elements of size bytes in *array, which has *room. */
static nxc_status reserve(nxc__learned *l, void **array, size_t *room, size_t n,
                          size_t size, nxc_error *err) {
    if (n <= *room) return NXC_OK;
    size_t more = *room + *room / 2 + 64, bytes;
    if (more < n) more = n;
    if (!nxc__mul(more, size, &bytes)) return nxc__error_nomem(err, SIZE_MAX);
    void *p = nxc__realloc(l->alloc, *array, *room * size, bytes);
    if (!p) return nxc__error_nomem(err, bytes);
    *array = p;
    *room = more;
    return NXC_OK;
}

static nxc_status reserve_sessions(nxc__learned *l, nxc_error *err) {
    void *p = l->sessions;
    NXC_TRY(reserve(l, &p, &l->room_sessions, l->n_sessions + 1,
                    sizeof *l->sessions, err));
    l->sessions = p;
    return NXC_OK;
}
static nxc_status reserve_calls(nxc__learned *l, size_t n, nxc_error *err) {
    void *p = l->calls;
    NXC_TRY(
        reserve(l, &p, &l->room_calls, l->n_calls + n, sizeof *l->calls, err));
    l->calls = p;
    return NXC_OK;
}

/* What a session had is nowhere in memory any more. */
static void clear_calls(nxc__learned *l, size_t first, size_t n) {
    if (n) memset(l->calls + first, 0, n * sizeof *l->calls);
    l->n_unused += n;
}

/* Move the calls together when less than half of them are in use; without
 * memory for it they stay as they are. */
static void compact(nxc__learned *l) {
    if (l->n_unused * 2 <= l->n_calls) return;
    size_t n = l->n_calls - l->n_unused;
    nxc__learned_call *calls = nxc__alloc(l->alloc, n * sizeof *calls);
    if (!calls) return;
    size_t at = 0;
    for (size_t s = 0; s < l->n_sessions; s++) {
        nxc__learned_session *x = &l->sessions[s];
        if (x->n) memcpy(calls + at, l->calls + x->first, x->n * sizeof *calls);
        x->first = at;
        at += x->n;
    }
    nxc__free(l->alloc, l->calls, l->room_calls * sizeof *calls);
    l->calls = calls;
    l->n_calls = l->room_calls = n;
    l->n_unused = 0;
}

const nxc__learned_session *nxc__learned_find(const nxc__learned *l,
                                              nxc__hash128 key) {
    if (l->n_slots == 0) return NULL;
    uint32_t s = l->slots[probe(l, key)];
    return s ? &l->sessions[s - 1] : NULL;
}

nxc_status nxc__learned_add(nxc__learned *l,
                            const nxc__learned_session *session,
                            const nxc__learned_call *calls, nxc_error *err) {
    size_t n = session->n;
    if (n > MAX_CALLS - l->n_calls)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "learned sessions: expected at most %zu calls, got "
                          "more",
                          MAX_CALLS);
    NXC_TRY(reserve_slots(l, err));
    NXC_TRY(reserve_sessions(l, err));
    NXC_TRY(reserve_calls(l, n, err));
    size_t slot = probe(l, session->key);
    bool is_new = l->slots[slot] == 0;
    if (is_new) l->slots[slot] = (uint32_t)++l->n_sessions;
    nxc__learned_session *to = &l->sessions[l->slots[slot] - 1];
    size_t old_n = is_new ? 0 : to->n, first = is_new ? 0 : to->first;
    if (n > old_n) {
        clear_calls(l, first, old_n);
        first = l->n_calls;
        l->n_calls += n;
    } else {
        clear_calls(l, first + n, old_n - n);
    }
    *to = *session;
    to->first = first;
    if (n) memcpy(l->calls + first, calls, n * sizeof *calls);
    compact(l);
    return NXC_OK;
}

bool nxc__learned_forget(nxc__learned *l, nxc__hash128 key) {
    if (l->n_slots == 0) return false;
    size_t slot = probe(l, key);
    if (!l->slots[slot]) return false;
    size_t s = l->slots[slot] - 1, last = l->n_sessions - 1;
    close_gap(l, slot);
    clear_calls(l, l->sessions[s].first, l->sessions[s].n);
    if (s != last) {
        l->slots[probe(l, l->sessions[last].key)] = (uint32_t)s + 1;
        l->sessions[s] = l->sessions[last];
    }
    memset(&l->sessions[last], 0, sizeof l->sessions[last]);
    l->n_sessions--;
    compact(l);
    return true;
}
