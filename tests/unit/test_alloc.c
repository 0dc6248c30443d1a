#include <stdio.h>

#include "base/buffer.h"
#include "base/config.h"
#include "base/executor.h"
#include "base/hash.h"
#include "base/strmap.h"
#include "support/nxc_test.h"

static void arena_reuses_its_blocks(void **state) {
    (void)state;
    nxc__arena a;
    nxc__arena_init(&a, &nxc__allocator_default, (size_t)1 << 20);
    for (int round = 0; round < 3; round++) {
        for (size_t n = 1; n < 5000; n += 37) {
            char *p = nxc__arena_alloc(&a, n);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % 16, 0);
            memset(p, 0x5a, n);
        }
        size_t total = a.total;
        nxc__arena_reset(&a);
        if (round) assert_int_equal(a.total, total);
    }
    assert_null(nxc__arena_alloc(&a, (size_t)2 << 20)); /* over max_bytes */
    assert_null(nxc__arena_alloc_array(&a, SIZE_MAX / 2, 3));
    nxc__arena_release(&a);
}

static void buffer_keeps_its_maximum(void **state) {
    (void)state;
    nxc__buffer b;
    nxc_error err;
    nxc__buffer_init(&b, &nxc__allocator_default, 8);
    nxc__buffer_append(&b, "12345678", 8);
    assert_ok(nxc__buffer_status(&b, "b", &err), err);
    nxc__buffer_append_char(&b, '9');
    assert_int_equal(nxc__buffer_status(&b, "b", &err), NXC_ERR_LIMIT);
    assert_string_equal(err.message, "b: expected at most 8 bytes, got more");
    assert_str(nxc__buffer_str(&b), "12345678");
    nxc__buffer_release(&b);
}

static void buffer_writes_json(void **state) {
    (void)state;
    static const struct {
        double in;
        const char *out;
    } numbers[] = {{0, "0"},
                   {-3, "-3"},
                   {0.1, "0.1"},
                   {1e300, "1e300"},
                   {1.0 / 3, "0.3333333333333333"},
                   {NXC_NAN, "null"},
                   {-2.5, "-2.5"}};
    nxc__buffer b;
    nxc__buffer_init(&b, &nxc__allocator_default, 1000);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        b.len = 0;
        nxc__buffer_append_double(&b, numbers[i].in);
        assert_str(nxc__buffer_str(&b), numbers[i].out);
    }
    b.len = 0;
    nxc__buffer_append_json(&b, NXC_STR("a\"\\\n\x01\xC3\xA9\xFF"));
    assert_str(nxc__buffer_str(&b),
               "\"a\\\"\\\\\\n\\u0001\xC3\xA9\xEF\xBF\xBD\"");
    nxc__buffer_release(&b);
}

static void strmap_finds_what_was_added(void **state) {
    (void)state;
    static char keys[2000][8];
    nxc__strmap m;
    nxc_error err;
    nxc__strmap_init(&m, &nxc__allocator_default);
    assert_int_equal(nxc__strmap_find(&m, NXC_STR("x")), NXC_NONE);
    for (uint32_t i = 0; i < 2000; i++) {
        snprintf(keys[i], sizeof keys[i], "k%u", i);
        uint32_t found;
        assert_ok(nxc__strmap_add(&m, nxc__str(keys[i]), i, &found, &err), err);
        assert_int_equal(found, i);
        assert_ok(nxc__strmap_add(&m, nxc__str(keys[i]), 7, &found, &err), err);
        assert_int_equal(found, i);
    }
    for (uint32_t i = 0; i < 2000; i++)
        assert_int_equal(nxc__strmap_find(&m, nxc__str(keys[i])), i);
    assert_int_equal(nxc__strmap_find(&m, NXC_STR("k2000")), NXC_NONE);
    nxc__strmap_release(&m);
}

static void config_names_the_nearest_key(void **state) {
    (void)state;
    nxc_config *cfg;
    nxc_error err;
    assert_ok(nxc_config_new(NULL, &cfg, &err), err);
    assert_int_equal(nxc_config_set(cfg, "batchsize", "3", &err),
                     NXC_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "nearest: batch_size"));
    assert_int_equal(nxc_config_set(cfg, "batch_size", "0", &err),
                     NXC_ERR_INVALID);
    assert_int_equal(nxc_config_set(cfg, "batch_size", "1.5", &err),
                     NXC_ERR_INVALID);
    assert_ok(nxc_config_set(cfg, "BATCH_SIZE", "7", &err), err);
    assert_int_equal(nxc__config_int(cfg, NXC_OPT_batch_size), 7);
    assert_int_equal(nxc__config_int(NULL, NXC_OPT_batch_size), 100);
    nxc_config_free(cfg);
}

static void sha256_of_abc(void **state) {
    (void)state;
    uint8_t d[NXC_SHA256_BYTES];
    char hex[65];
    nxc_error err;
    assert_ok(nxc__sha256_bytes("abc", 3, d, &err), err);
    nxc__sha256_format(d, hex);
    assert_string_equal(
        hex,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void count_task(void *user, size_t i, size_t worker) {
    (void)worker;
    ((size_t *)user)[i]++;
}
static void pool_runs_each_task_once(void **state) {
    (void)state;
    nxc_error err;
    for (size_t workers = 1; workers <= 4; workers++) {
        nxc__pool *pool;
        assert_ok(nxc__pool_new(workers, NULL, &pool, &err), err);
        for (size_t round = 0; round < 50; round++) {
            size_t counts[64] = {0};
            nxc__pool_run(pool, count_task, counts, 64);
            for (size_t i = 0; i < 64; i++)
                assert_int_equal(counts[i], 1);
        }
        nxc__pool_free(pool);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_reuses_its_blocks),
        cmocka_unit_test(buffer_keeps_its_maximum),
        cmocka_unit_test(buffer_writes_json),
        cmocka_unit_test(strmap_finds_what_was_added),
        cmocka_unit_test(config_names_the_nearest_key),
        cmocka_unit_test(sha256_of_abc),
        cmocka_unit_test(pool_runs_each_task_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
