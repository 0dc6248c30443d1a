/* The memory tier against a map that forgets nothing, at all small capacities,
 * under scans, and from several threads. */
#include <pthread.h>
#include <string.h>

#include "cache/memory_cache.h"
#include "support/nxc_test.h"

typedef struct value {
    uint64_t words[5]; /* 40 bytes */
} value;

static nxc__hash128 key_of(uint64_t i) { return nxc__hash_128(&i, sizeof i); }
static value value_of(uint64_t i, uint64_t version) {
    value v;
    for (size_t k = 0; k < 5; k++)
        v.words[k] = i * 1000003 + version * 31 + k;
    return v;
}
static nxc__memory_cache *new_cache(size_t capacity, size_t n_shards) {
    nxc__memory_cache *c;
    nxc_error err;
    assert_ok(nxc__memory_cache_new(capacity, sizeof(value), n_shards,
                                    &nxc__allocator_default, &c, &err),
              err);
    return c;
}

#define N_KEYS 200
static void agrees_with_a_map(void **state) {
    static const size_t capacities[] = {0, 1, 2, 3, 9, 10, 11, 64, 150, 1000};
    (void)state;
    for (size_t k = 0; k < sizeof capacities / sizeof *capacities; k++) {
        size_t capacity = capacities[k], n_hits = 0, n_puts = 0, n_gone = 0;
        for (size_t n_shards = 1; n_shards <= 100; n_shards *= 10) {
            uint64_t seed = 7 + k, version[N_KEYS] = {0};
            nxc__memory_cache *c = new_cache(capacity, n_shards);
            for (uint64_t step = 1; step < 20000; step++) {
                uint64_t i = nxc_random(&seed) % N_KEYS;
                value v = value_of(0, 0), want = value_of(i, version[i]);
                bool is_found = nxc__memory_cache_get(c, key_of(i), &v);
                if (is_found) assert_memory_equal(&v, &want, sizeof v);
                if (is_found) assert_true(version[i] > 0);
                n_hits += is_found;
                if (is_found && nxc_random(&seed) % 4) continue;
                version[i] = step;
                v = value_of(i, step);
                bool evicted = nxc__memory_cache_put(c, key_of(i), &v);
                assert_true(!evicted || !is_found);
                n_gone += evicted;
                n_puts += !is_found;
                assert_int_equal(nxc__memory_cache_get(c, key_of(i), &want),
                                 capacity > 0);
                if (capacity) assert_memory_equal(&v, &want, sizeof v);
                if (step % 64 == 0) assert_true(nxc__memory_cache_check(c));
            }
            assert_true(nxc__memory_cache_n(c) <= capacity);
            if (n_shards == 1 && capacity)
                assert_int_equal(nxc__memory_cache_n(c), n_puts - n_gone);
            nxc__memory_cache_free(c);
        }
        if (capacity == 0) assert_int_equal(n_hits, 0);
        if (capacity == 1000) assert_int_equal(n_gone, 0);
    }
}

static void many_are_single_ones(void **state) {
    enum { N = 1000 };
    static nxc__hash128 keys[N];
    static value values[N];
    static uint8_t is_found[N];
    (void)state;
    for (size_t n_shards = 1; n_shards < 100; n_shards += 9) {
        nxc__memory_cache *c = new_cache(2000, n_shards);
        for (uint64_t i = 0; i < N; i++) {
            value v = value_of(i, 1);
            keys[i] = key_of(i);
            if (i % 3) (void)nxc__memory_cache_put(c, keys[i], &v);
        }
        static const size_t counts[] = {0, 1, 2, 20, 255, 256, 257, N};
        for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
            size_t n = counts[k];
            memset(values, 0xEE, sizeof values);
            memset(is_found, 7, sizeof is_found);
            assert_int_equal(
                nxc__memory_cache_get_many(c, keys, n, values, is_found),
                n - (n + 2) / 3);
            for (uint64_t i = 0; i < N; i++) {
                value want = value_of(i, 1);
                if (i >= n || i % 3 == 0) memset(&want, 0xEE, sizeof want);
                assert_memory_equal(&values[i], &want, sizeof want);
                assert_int_equal(is_found[i], i >= n ? 7 : i % 3 != 0);
            }
        }
        nxc__memory_cache_free(c);
    }
    nxc__memory_cache *none = new_cache(0, 16);
    is_found[0] = 7;
    assert_int_equal(
        nxc__memory_cache_get_many(none, keys, 1, values, is_found), 0);
    assert_int_equal(is_found[0], 0);
    nxc__memory_cache_free(none);
}

/* Keys that were used stay when ten times the capacity passes by once. */
static void a_scan_leaves_hot_keys_alone(void **state) {
    (void)state;
    nxc__memory_cache *c = new_cache(100, 1);
    value v;
    for (int round = 0; round < 3; round++)
        for (uint64_t i = 0; i < 50; i++)
            if (!nxc__memory_cache_get(c, key_of(i), &v)) {
                v = value_of(i, 1);
                (void)nxc__memory_cache_put(c, key_of(i), &v);
            }
    for (uint64_t i = 1000; i < 2000; i++) {
        v = value_of(i, 1);
        (void)nxc__memory_cache_put(c, key_of(i), &v);
    }
    for (uint64_t i = 0; i < 50; i++)
        assert_true(nxc__memory_cache_get(c, key_of(i), &v));
    nxc__memory_cache_free(c);
}

typedef struct worker {
    nxc__memory_cache *cache;
    uint64_t seed;
    size_t n_wrong, n_hits;
} worker;
static void *use_cache(void *user) {
    worker *w = user;
    nxc__hash128 keys[16];
    value values[16];
    uint8_t is_found[16];
    uint64_t ids[16];
    for (int step = 0; step < 3000; step++) {
        for (size_t i = 0; i < 16; i++)
            keys[i] = key_of(ids[i] = nxc_random(&w->seed) % 500);
        w->n_hits +=
            nxc__memory_cache_get_many(w->cache, keys, 16, values, is_found);
        for (size_t i = 0; i < 16; i++) {
            value want = value_of(ids[i], 1);
            if (is_found[i])
                w->n_wrong += memcmp(&values[i], &want, sizeof want) != 0;
            else
                (void)nxc__memory_cache_put(w->cache, keys[i], &want);
        }
    }
    return NULL;
}
static void threads_never_see_a_torn_value(void **state) {
    (void)state;
    nxc__memory_cache *c = new_cache(300, 4);
    pthread_t threads[4];
    worker workers[4];
    for (size_t i = 0; i < 4; i++) {
        workers[i] = (worker){.cache = c, .seed = i};
        assert_int_equal(
            pthread_create(&threads[i], NULL, use_cache, &workers[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].n_wrong, 0);
        assert_true(workers[i].n_hits > 0);
    }
    assert_int_equal(nxc__memory_cache_n(c), 300);
    assert_int_equal(nxc__memory_cache_capacity(c), 300);
    assert_true(nxc__memory_cache_check(c));
    nxc__memory_cache_free(c);
}

static void too_large_is_refused(void **state) {
    nxc__memory_cache *c = NULL;
    nxc_error err;
    (void)state;
    assert_int_equal(nxc__memory_cache_new(((size_t)1 << 30) + 1, 1, 1,
                                           &nxc__allocator_default, &c, &err),
                     NXC_ERR_LIMIT);
    assert_int_equal(nxc__memory_cache_new((size_t)1 << 30, SIZE_MAX / 4, 1,
                                           &nxc__allocator_default, &c, &err),
                     NXC_ERR_NOMEM);
    assert_null(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_a_map),
        cmocka_unit_test(many_are_single_ones),
        cmocka_unit_test(a_scan_leaves_hot_keys_alone),
        cmocka_unit_test(threads_never_see_a_torn_value),
        cmocka_unit_test(too_large_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
