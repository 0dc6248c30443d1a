/*
 * The memory tier: S3-FIFO over a hash index, in shards.
 *
 *     new -> (get | get_many | put)* -> free
 *
 * A shard, all arrays of fixed size:
 *
 *     slots   (power of two, at least twice the capacity) node number + 1, or 0
 *     nodes   (capacity) key, uses since it came in
 *     values  (capacity, value_bytes)
 *     small   ring of node numbers: what came in for the first time
 *     main    ring of node numbers: what was used again
 *     ghosts  (power of two) tags of keys that left small unused
 *
 * The index is linear probing from the key's low bits; removal shifts the rest
 * of the run back, so there are no tombstones. The key's high bits choose the
 * shard, its middle the ghost.
 *
 * S3-FIFO (Yang et al., SOSP 2023, algorithm 1): a new key enters small, a
 * tenth of the room; a key that a ghost remembers enters main. What leaves
 * small after two uses moves to main, else it leaves a ghost; what leaves main
 * goes round once for each use. A hit only counts a use (up to 3), so a scan of
 * cold keys passes through small and leaves main alone. Departures:
 *   a) ghosts are an array that a later key of the same place overwrites, not a
 *      queue: no second index, and the expected age at which one is lost is
 *      about the same;
 *   b) room is made when the shard is full, not when small or main is, so
 *      either may use what the other leaves.
 * Invariants, checked by shard_check: n = n_small + n_main <= capacity; each
 * node is in one ring and found by its key.
 *
 * Threading: one lock a shard, held for an index walk and a copy.
 * Cost: a get is one probe run and one copy; a put adds at most 3 turns of main
 * amortised over the uses that gave them.
 */
#include "cache/memory_cache.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"

enum { MAX_USES = 3, MAX_SHARDS = 64, CHUNK = 256 };
#define MAX_CAPACITY ((size_t)1 << 30)

typedef struct node {
    nxc__hash128 key;
    uint32_t uses;
} node;

typedef struct ring {
    uint32_t *nodes; /* (capacity of the shard) */
    uint32_t first, n;
} ring;

typedef struct shard {
    pthread_mutex_t lock;
    uint32_t *slots;
    node *nodes;
    uint8_t *values;
    uint32_t *ghosts;
    ring small, main;
    uint32_t capacity, n, slot_mask, ghost_mask, small_target;
    void *block;
    size_t block_bytes;
} shard;

struct nxc__memory_cache {
    const nxc_allocator *alloc;
    size_t value_bytes, n_shards;
    shard shards[MAX_SHARDS];
};

static shard *shard_of(nxc__memory_cache *c, nxc__hash128 key) {
    return &c->shards[(key.high >> 32) * c->n_shards >> 32];
}
static uint8_t *value_of(const nxc__memory_cache *c, const shard *s,
                         uint32_t i) {
    return s->values + (size_t)i * c->value_bytes;
}

/* ---- index */

static uint32_t home(const shard *s, nxc__hash128 key) {
    return (uint32_t)key.low & s->slot_mask;
}
/* Its slot, or the empty one where it would go. */
static uint32_t find_slot(const shard *s, nxc__hash128 key) {
    uint32_t at = home(s, key);
    while (s->slots[at] &&
           !nxc__hash128_eq(s->nodes[s->slots[at] - 1].key, key))
        at = (at + 1) & s->slot_mask;
    return at;
}
static void remove_slot(shard *s, uint32_t at) {
    uint32_t hole = at;
    for (;;) {
        at = (at + 1) & s->slot_mask;
        if (s->slots[at] == 0) break;
        uint32_t from = home(s, s->nodes[s->slots[at] - 1].key);
        if (((at - from) & s->slot_mask) >= ((at - hole) & s->slot_mask)) {
            s->slots[hole] = s->slots[at];
            hole = at;
        }
    }
    s->slots[hole] = 0;
}

/* ---- queues */

static void push(const shard *s, ring *r, uint32_t i) {
    uint32_t at = r->first + r->n++;
    r->nodes[at < s->capacity ? at : at - s->capacity] = i;
}
static uint32_t pop(const shard *s, ring *r) {
    uint32_t i = r->nodes[r->first];
    r->first = r->first + 1 < s->capacity ? r->first + 1 : 0;
    r->n--;
    return i;
}
static uint32_t *ghost_of(const shard *s, nxc__hash128 key) {
    return &s->ghosts[(uint32_t)(key.low >> 32) & s->ghost_mask];
}
static uint32_t tag_of(nxc__hash128 key) { return (uint32_t)key.high | 1; }

/* The number of a node that is free again. */
static uint32_t evict(shard *s) {
    for (;;) {
        bool is_small = s->small.n >= s->small_target || s->main.n == 0;
        uint32_t i = pop(s, is_small ? &s->small : &s->main);
        node *x = &s->nodes[i];
        if (x->uses > (is_small ? 1 : 0)) {
            x->uses = is_small ? 0 : x->uses - 1;
            push(s, &s->main, i);
            continue;
        }
        if (is_small) *ghost_of(s, x->key) = tag_of(x->key);
        remove_slot(s, find_slot(s, x->key));
        return i;
    }
}

static bool shard_check(const shard *s) {
    if (s->n > s->capacity || s->small.n + s->main.n != s->n) return false;
    for (uint32_t k = 0; k < s->n; k++) {
        const ring *r = k < s->small.n ? &s->small : &s->main;
        uint32_t at = r->first + (k < s->small.n ? k : k - s->small.n);
        uint32_t i = r->nodes[at < s->capacity ? at : at - s->capacity];
        if (s->slots[find_slot(s, s->nodes[i].key)] != i + 1) return false;
    }
    return true;
}

/* ---- life */

static size_t power_of_two(size_t at_least) {
    size_t p = 2;
    while (p < at_least)
        p *= 2;
    return p;
}

static nxc_status init_shard(const nxc__memory_cache *c, shard *s,
                             size_t capacity, nxc_error *err) {
    size_t n_slots = power_of_two(2 * capacity),
           n_ghosts = power_of_two(capacity), values;
    if (!nxc__mul(capacity, c->value_bytes, &values) || values > SIZE_MAX / 2)
        return nxc__error_nomem(err, SIZE_MAX);
    size_t nodes = capacity * sizeof(node), rings = capacity * sizeof(uint32_t),
           ghosts = n_ghosts * sizeof(uint32_t);
    s->block_bytes =
        nodes + n_slots * sizeof(uint32_t) + ghosts + 2 * rings + values;
    uint8_t *p = nxc__alloc(c->alloc, s->block_bytes);
    if (!p) return nxc__error_nomem(err, s->block_bytes);
    memset(p, 0, s->block_bytes - values); /* those are written when used */
    s->block = p;
    s->nodes = (void *)p;
    s->slots = (void *)(p += nodes);
    s->ghosts = (void *)(p += n_slots * sizeof(uint32_t));
    s->small.nodes = (void *)(p += ghosts);
    s->main.nodes = (void *)(p += rings);
    s->values = p + rings;
    s->slot_mask = (uint32_t)n_slots - 1;
    s->ghost_mask = (uint32_t)n_ghosts - 1;
    s->small_target = capacity < 10 ? 1 : (uint32_t)capacity / 10;
    s->capacity = (uint32_t)capacity;
    return NXC_OK;
}

nxc_status nxc__memory_cache_new(size_t capacity, size_t value_bytes,
                                 size_t n_shards, const nxc_allocator *alloc,
                                 nxc__memory_cache **out, nxc_error *err) {
    if (capacity > MAX_CAPACITY)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "memory cache: expected at most %zu values, got %zu",
                          MAX_CAPACITY, capacity);
    nxc__memory_cache *c = nxc__alloc_zero(alloc, sizeof *c);
    if (!c) return nxc__error_nomem(err, sizeof *c);
    if (n_shards > MAX_SHARDS) n_shards = MAX_SHARDS;
    if (n_shards > capacity) n_shards = capacity;
    c->alloc = alloc;
    c->value_bytes = value_bytes;
    nxc_status st = NXC_OK;
    while (st == NXC_OK && c->n_shards < n_shards) {
        size_t i = c->n_shards, share = capacity / n_shards;
        st = init_shard(c, &c->shards[i], share + (i < capacity % n_shards),
                        err);
        if (st != NXC_OK) break;
        pthread_mutex_init(&c->shards[i].lock, NULL);
        c->n_shards++;
    }
    if (st != NXC_OK) {
        nxc__memory_cache_free(c);
        return st;
    }
    *out = c;
    return NXC_OK;
}

void nxc__memory_cache_free(nxc__memory_cache *c) {
    if (!c) return;
    for (size_t i = 0; i < c->n_shards; i++) {
        pthread_mutex_destroy(&c->shards[i].lock);
        nxc__free(c->alloc, c->shards[i].block, c->shards[i].block_bytes);
    }
    nxc__free(c->alloc, c, sizeof *c);
}

/* ---- use */

static bool get_locked(const nxc__memory_cache *c, shard *s, nxc__hash128 key,
                       void *value) {
    uint32_t slot = s->slots[find_slot(s, key)];
    if (!slot) return false;
    node *x = &s->nodes[slot - 1];
    if (x->uses < MAX_USES) x->uses++;
    memcpy(value, value_of(c, s, slot - 1), c->value_bytes);
    return true;
}

bool nxc__memory_cache_get(nxc__memory_cache *c, nxc__hash128 key,
                           void *value) {
    if (c->n_shards == 0) return false;
    shard *s = shard_of(c, key);
    pthread_mutex_lock(&s->lock);
    bool is_found = get_locked(c, s, key, value);
    pthread_mutex_unlock(&s->lock);
    return is_found;
}

/* At most CHUNK keys: sorted by shard, so that each lock is taken once; the
 * slots are fetched while they are being sorted. */
static size_t get_chunk(nxc__memory_cache *c, const nxc__hash128 *keys,
                        size_t n, uint8_t *values, uint8_t *is_found) {
    uint16_t end[MAX_SHARDS + 1] = {0}, order[CHUNK] = {0};
    size_t n_found = 0;
    for (size_t i = 0; i < n; i++) {
        const shard *s = shard_of(c, keys[i]);
        __builtin_prefetch(&s->slots[home(s, keys[i])]);
        end[s - c->shards + 1]++;
    }
    for (size_t k = 1; k <= c->n_shards; k++)
        end[k] = (uint16_t)(end[k] + end[k - 1]);
    for (size_t i = 0; i < n; i++)
        order[end[shard_of(c, keys[i]) - c->shards]++] = (uint16_t)i;
    for (size_t k = 0, at = 0; k < c->n_shards; k++) {
        shard *s = &c->shards[k];
        if (at == end[k]) continue;
        pthread_mutex_lock(&s->lock);
        for (; at < end[k]; at++) {
            size_t i = order[at];
            is_found[i] =
                get_locked(c, s, keys[i], values + i * c->value_bytes);
            n_found += is_found[i];
        }
        pthread_mutex_unlock(&s->lock);
    }
    return n_found;
}

size_t nxc__memory_cache_get_many(nxc__memory_cache *c,
                                  const nxc__hash128 *keys, size_t n,
                                  void *values, uint8_t *is_found) {
    size_t n_found = 0;
    memset(is_found, 0, n);
    for (size_t i = 0; c->n_shards && i < n; i += CHUNK)
        n_found +=
            get_chunk(c, keys + i, n - i < CHUNK ? n - i : CHUNK,
                      (uint8_t *)values + i * c->value_bytes, is_found + i);
    return n_found;
}

static bool put_locked(const nxc__memory_cache *c, shard *s, nxc__hash128 key,
                       const void *value) {
    uint32_t slot = s->slots[find_slot(s, key)];
    bool is_full = s->n == s->capacity;
    if (slot) {
        memcpy(value_of(c, s, slot - 1), value, c->value_bytes);
        return false;
    }
    uint32_t i = is_full ? evict(s) : s->n++;
    uint32_t *ghost = ghost_of(s, key);
    bool was_here = *ghost == tag_of(key);
    if (was_here) *ghost = 0;
    s->nodes[i] = (node){.key = key};
    s->slots[find_slot(s, key)] = i + 1;
    memcpy(value_of(c, s, i), value, c->value_bytes);
    push(s, was_here ? &s->main : &s->small, i);
    return is_full;
}

bool nxc__memory_cache_put(nxc__memory_cache *c, nxc__hash128 key,
                           const void *value) {
    if (c->n_shards == 0) return false;
    shard *s = shard_of(c, key);
    pthread_mutex_lock(&s->lock);
    bool evicted = put_locked(c, s, key, value);
    pthread_mutex_unlock(&s->lock);
    return evicted;
}

size_t nxc__memory_cache_capacity(const nxc__memory_cache *c) {
    size_t capacity = 0;
    for (size_t i = 0; i < c->n_shards; i++)
        capacity += c->shards[i].capacity;
    return capacity;
}

size_t nxc__memory_cache_n(nxc__memory_cache *c) {
    size_t n = 0;
    for (size_t i = 0; i < c->n_shards; i++) {
        pthread_mutex_lock(&c->shards[i].lock);
        n += c->shards[i].n;
        pthread_mutex_unlock(&c->shards[i].lock);
    }
    return n;
}

bool nxc__memory_cache_check(nxc__memory_cache *c) {
    bool is_ok = true;
    for (size_t i = 0; i < c->n_shards; i++) {
        pthread_mutex_lock(&c->shards[i].lock);
        is_ok &= shard_check(&c->shards[i]);
        pthread_mutex_unlock(&c->shards[i].lock);
    }
    return is_ok;
}
