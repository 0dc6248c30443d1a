/*
 * Hit rates of eviction policies, to choose the memory tier's:
 *     bench_cache_policy [SCENARIOS.jsonl...]
 * One JSON line a trace and size: the share of hits under LRU, segmented LRU
 * (a fifth probation), SIEVE and our cache (S3-FIFO, one shard and 16), all
 * with the same number of values. Traces, seeded:
 *     zipf-A     keys drawn by rank with exponent A
 *     scan       zipf-1.0, interrupted by runs of keys that come once
 *     sessions   what an engine asks of scenarios: at each step of a session
 *                its prompt with each of the catalog's operations seen in the
 *                scenarios, sessions drawn by popularity (zipf 0.8)
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "cache/memory_cache.h"

typedef struct trace {
    uint64_t *keys;
    size_t n, cap;
} trace;

static void *must_alloc(size_t bytes) {
    void *p = nxc__alloc_zero(&nxc__allocator_default, bytes ? bytes : 1);
    if (!p) exit(1);
    return p;
}
static void add(trace *t, uint64_t key) {
    if (t->n == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 4096;
        t->keys = nxc__realloc(&nxc__allocator_default, t->keys,
                               t->cap * sizeof *t->keys, cap * sizeof *t->keys);
        if (!t->keys) exit(1);
        t->cap = cap;
    }
    t->keys[t->n++] = key;
}
static uint64_t random_of(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}
static double uniform(uint64_t *state) {
    return (double)(random_of(state) >> 11) * 0x1p-53;
}

/* ---- Zipf by the inverse of its cumulated weights */
typedef struct zipf {
    double *sums;
    size_t n;
} zipf;
static zipf zipf_new(size_t n, double alpha) {
    zipf z = {must_alloc(n * sizeof(double)), n};
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        z.sums[i] = sum += pow((double)i + 1, -alpha);
    return z;
}
static size_t zipf_draw(const zipf *z, uint64_t *state) {
    double u = uniform(state) * z->sums[z->n - 1];
    size_t lo = 0, hi = z->n - 1;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (z->sums[mid] < u)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}
static void zipf_free(zipf *z) {
    nxc__free(&nxc__allocator_default, z->sums, z->n * sizeof(double));
}

/* ---- the policies that were not taken: lists of nodes over dense keys. LRU is
 * segmented LRU without probation. */
typedef struct link {
    uint32_t prev, next;
    uint8_t list; /* 0: not there; 1 probation or the queue; 2 protected */
    uint8_t used;
} link;
typedef struct lists {
    link *links; /* (n_keys + 3); 0 and 1 and 2 are heads */
    size_t n[3];
} lists;
static void unlink_key(lists *l, uint32_t i) {
    link *x = &l->links[i];
    l->links[x->prev].next = x->next;
    l->links[x->next].prev = x->prev;
    l->n[x->list]--;
    x->list = 0;
}
static void push_key(lists *l, uint8_t list, uint32_t i) {
    link *x = &l->links[i], *head = &l->links[list];
    x->list = list;
    x->prev = list;
    x->next = head->next;
    l->links[head->next].prev = i;
    head->next = i;
    l->n[list]++;
}
static lists lists_new(size_t n_keys) {
    lists l = {must_alloc((n_keys + 3) * sizeof(link)), {0, 0, 0}};
    for (uint32_t i = 0; i < 3; i++)
        l.links[i].prev = l.links[i].next = i;
    return l;
}

static size_t hits_slru(const trace *t, size_t n_keys, size_t capacity,
                        size_t protected_room) {
    lists l = lists_new(n_keys);
    size_t hits = 0;
    for (size_t k = 0; k < t->n; k++) {
        uint32_t i = (uint32_t)t->keys[k] + 3;
        bool is_hit = l.links[i].list != 0;
        hits += is_hit;
        if (is_hit) unlink_key(&l, i);
        if (!is_hit && l.n[1] + l.n[2] == capacity)
            unlink_key(&l, l.links[l.n[1] ? 1 : 2].prev);
        push_key(&l, is_hit && protected_room ? 2 : 1, i);
        if (l.n[2] > protected_room) {
            uint32_t last = l.links[2].prev;
            unlink_key(&l, last);
            push_key(&l, 1, last);
        }
    }
    nxc__free(&nxc__allocator_default, l.links, (n_keys + 3) * sizeof(link));
    return hits;
}

/* Zhang et al., NSDI 2024: a queue whose hand passes over what was used. */
static size_t hits_sieve(const trace *t, size_t n_keys, size_t capacity) {
    lists l = lists_new(n_keys);
    size_t hits = 0;
    uint32_t hand = 1;
    for (size_t k = 0; k < t->n; k++) {
        uint32_t i = (uint32_t)t->keys[k] + 3;
        if (l.links[i].list) {
            l.links[i].used = 1;
            hits++;
            continue;
        }
        if (l.n[1] == capacity) {
            if (hand == 1) hand = l.links[1].prev;
            while (l.links[hand].used) {
                l.links[hand].used = 0;
                hand = l.links[hand].prev;
                if (hand == 1) hand = l.links[1].prev;
            }
            uint32_t victim = hand;
            hand = l.links[hand].prev;
            unlink_key(&l, victim);
        }
        push_key(&l, 1, i);
    }
    nxc__free(&nxc__allocator_default, l.links, (n_keys + 3) * sizeof(link));
    return hits;
}

static size_t hits_ours(const trace *t, size_t capacity, size_t n_shards) {
    nxc__memory_cache *c;
    uint64_t value = 0;
    size_t hits = 0;
    if (nxc__memory_cache_new(capacity, sizeof value, n_shards,
                              &nxc__allocator_default, &c, NULL) != NXC_OK)
        exit(1);
    for (size_t k = 0; k < t->n; k++) {
        nxc__hash128 key = nxc__hash_128(&t->keys[k], sizeof t->keys[k]);
        if (nxc__memory_cache_get(c, key, &value))
            hits++;
        else
            (void)nxc__memory_cache_put(c, key, &value);
    }
    nxc__memory_cache_free(c);
    return hits;
}

static void report(const char *name, const trace *t, size_t n_keys) {
    static const double shares[] = {0.01, 0.05, 0.2};
    for (size_t s = 0; s < sizeof shares / sizeof *shares; s++) {
        size_t capacity = (size_t)(shares[s] * (double)n_keys);
        double n = (double)t->n;
        if (capacity < 10) continue;
        printf(
            "{\"trace\":\"%s\",\"requests\":%zu,\"keys\":%zu,\"capacity\":%zu,"
            "\"lru\":%.4f,\"slru\":%.4f,\"sieve\":%.4f,\"s3fifo\":%.4f,"
            "\"s3fifo_16_shards\":%.4f}\n",
            name, t->n, n_keys, capacity,
            (double)hits_slru(t, n_keys, capacity, 0) / n,
            (double)hits_slru(t, n_keys, capacity, capacity * 4 / 5) / n,
            (double)hits_sieve(t, n_keys, capacity) / n,
            (double)hits_ours(t, capacity, 1) / n,
            (double)hits_ours(t, capacity, 16) / n);
    }
}
static void forget(trace *t) {
    nxc__free(&nxc__allocator_default, t->keys, t->cap * sizeof *t->keys);
    *t = (trace){0};
}

static void synthetic(const char *name, double alpha, bool has_scans) {
    enum { N_KEYS = 100000, N_REQUESTS = 1000000, SCAN = 20000 };
    zipf z = zipf_new(N_KEYS, alpha);
    uint64_t seed = 1, n_keys = N_KEYS;
    trace t = {0};
    while (t.n < N_REQUESTS) {
        add(&t, zipf_draw(&z, &seed));
        if (has_scans && t.n % 100000 == 0)
            for (size_t i = 0; i < SCAN; i++)
                add(&t, n_keys++);
    }
    report(name, &t, n_keys);
    zipf_free(&z);
    forget(&t);
}

/* ---- sessions of scenarios */
typedef struct scenario {
    uint64_t catalog; /* hash of its name */
    size_t n_calls;
} scenario;
typedef struct scenarios {
    scenario items[16384];
    size_t n;
    uint64_t calls[65536][2]; /* (catalog, call) seen, once each */
    size_t n_seen;
} scenarios;

static uint64_t hash_of(nxc_str s) { return nxc__hash64(s.ptr, s.len, 0); }
static void note_call(scenarios *all, uint64_t catalog, uint64_t call) {
    for (size_t i = all->n_seen; i-- > 0;)
        if (all->calls[i][0] == catalog && all->calls[i][1] == call) return;
    if (all->n_seen == 65536) return;
    all->calls[all->n_seen][0] = catalog;
    all->calls[all->n_seen++][1] = call;
}
static void read_line(scenarios *all, nxc_str line) {
    nxc__json_doc *doc;
    if (all->n == 16384 ||
        nxc__json_parse(NXC_STR("scenario"), line, NULL,
                        &nxc__allocator_default, &doc, NULL) != NXC_OK)
        return;
    const nxc__json *root = nxc__json_root(doc);
    nxc__json_iter it = nxc__json_each(NXC_JSON_GET(root, "calls"));
    scenario s = {hash_of(nxc__json_str(NXC_JSON_GET(root, "catalog"))), 0};
    while (nxc__json_next(&it)) {
        note_call(all, s.catalog, hash_of(nxc__json_str(it.value)));
        s.n_calls++;
    }
    all->items[all->n++] = s;
    nxc__json_free(doc);
}
static void read_file(scenarios *all, const char *path) {
    nxc_str bytes;
    nxc_error err;
    if (nxc__file_read(path, (size_t)1 << 30, &nxc__allocator_default, &bytes,
                       &err) != NXC_OK) {
        fprintf(stderr, "bench_cache_policy: %s\n", err.message);
        exit(1);
    }
    for (size_t at = 0; at < bytes.len;) {
        const char *end = memchr(bytes.ptr + at, '\n', bytes.len - at);
        size_t len = end ? (size_t)(end - bytes.ptr) - at : bytes.len - at;
        read_line(all, (nxc_str){bytes.ptr + at, len});
        at += len + 1;
    }
    nxc__free_str(&nxc__allocator_default, bytes);
}

/* A vector's key is (prompt, context, candidate); a prompt and a step of its
 * session stand for the first two. Keys become dense in order of first use. */
static void session_trace(const scenarios *all) {
    enum { N_SESSIONS = 20000 };
    zipf z = zipf_new(all->n, 0.8);
    uint64_t seed = 1;
    trace t = {0};
    size_t n_keys = 0, *first = must_alloc((all->n + 1) * sizeof *first);
    for (size_t i = 0; i < all->n; i++) { /* (step, candidate) numbers of i */
        size_t n_candidates = 0;
        for (size_t k = 0; k < all->n_seen; k++)
            n_candidates += all->calls[k][0] == all->items[i].catalog;
        if (n_candidates > 64) n_candidates = 64;
        first[i] = n_keys;
        n_keys += all->items[i].n_calls * n_candidates;
    }
    first[all->n] = n_keys;
    for (size_t s = 0; s < N_SESSIONS; s++) {
        size_t i = zipf_draw(&z, &seed) * 7919 % all->n; /* mixes the files */
        for (size_t k = first[i]; k < first[i + 1]; k++)
            add(&t, k);
    }
    report("sessions", &t, n_keys);
    zipf_free(&z);
    nxc__free(&nxc__allocator_default, first, (all->n + 1) * sizeof *first);
    forget(&t);
}

int main(int argc, char **argv) {
    static scenarios all;
    synthetic("zipf-0.7", 0.7, false);
    synthetic("zipf-1.0", 1.0, false);
    synthetic("scan", 1.0, true);
    for (int i = 1; i < argc; i++)
        read_file(&all, argv[i]);
    if (all.n) session_trace(&all);
    return 0;
}
