#include <stdio.h>

#include "base/buffer.h"
#include "encoder/safetensors.h"
#include "support/counting_alloc.h"
#include "support/nxc_test.h"

/* A file in an exact-size heap block, so that ASan sees an over-read. */
typedef struct file {
    uint8_t *bytes;
    size_t n;
} file;

static file file_new(uint64_t length, const char *header, size_t header_bytes,
                     size_t data_bytes) {
    file f = {NULL, 8 + header_bytes + data_bytes};
    f.bytes = nxc__alloc(&nxc__allocator_default, f.n);
    assert_non_null(f.bytes);
    for (size_t i = 0; i < 8; i++)
        f.bytes[i] = (uint8_t)(length >> 8 * i);
    memcpy(f.bytes + 8, header, header_bytes);
    for (size_t i = 0; i < data_bytes; i++)
        f.bytes[8 + header_bytes + i] = (uint8_t)i;
    return f;
}
static void file_free(file *f) {
    nxc__free(&nxc__allocator_default, f->bytes, f->n);
}
static nxc_status open_bytes(const void *bytes, size_t n, nxc_error *err) {
    nxc__safetensors st;
    nxc_status status =
        nxc__safetensors_open(&st, NXC_STR("f"), bytes, n, NULL, err);
    if (status == NXC_OK) nxc__safetensors_release(&st);
    return status;
}
static nxc_status open_header(const char *header, size_t data_bytes,
                              nxc_error *err) {
    file f = file_new(strlen(header), header, strlen(header), data_bytes);
    nxc_status status = open_bytes(f.bytes, f.n, err);
    file_free(&f);
    return status;
}

static const char small[] =
    "{\"__metadata__\":{\"format\":\"pt\"},"
    "\"b\":{\"dtype\":\"I64\",\"shape\":[1,2],\"data_offsets\":[24,40]},"
    "\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
    "\"e\":{\"dtype\":\"F16\",\"shape\":[0],\"data_offsets\":[40,40]},"
    "\"s\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[40,44]}}  ";
#define SMALL_DATA 44

static void reads_a_small_file(void **state) {
    (void)state;
    nxc__safetensors st;
    nxc_error err;
    file f = file_new(sizeof small - 1, small, sizeof small - 1, SMALL_DATA);
    assert_ok(
        nxc__safetensors_open(&st, NXC_STR("f"), f.bytes, f.n, NULL, &err),
        err);
    assert_int_equal(st.n, 4);
    const nxc__tensor *b = nxc__safetensors_find(&st, NXC_STR("b"));
    assert_non_null(b);
    assert_int_equal(b->data[0], 24);
    assert_null(nxc__safetensors_find(&st, NXC_STR("__metadata__")));
    const size_t shape[2] = {2, 3}, turned[2] = {3, 2};
    const uint8_t *data = NULL;
    assert_ok(
        nxc__safetensors_get_f32(&st, NXC_STR("a"), 2, shape, &data, &err),
        err);
    assert_int_equal(data[5], 5);
    assert_ok(nxc__safetensors_get_f32(&st, NXC_STR("s"), 0, NULL, &data, &err),
              err);
    assert_int_equal(data[0], 40);
    assert_int_equal(
        nxc__safetensors_get_f32(&st, NXC_STR("a"), 2, turned, &data, &err),
        NXC_ERR_FORMAT);
    assert_string_equal(err.message, "f: a: expected shape [3, 2], got [2, 3]");
    assert_int_equal(
        nxc__safetensors_get_f32(&st, NXC_STR("x"), 2, shape, &data, &err),
        NXC_ERR_FORMAT);
    assert_string_equal(err.message, "f: expected a tensor x, got none");
    assert_int_equal(
        nxc__safetensors_get_f32(&st, NXC_STR("e"), 1, shape, &data, &err),
        NXC_ERR_UNSUPPORTED);
    assert_string_equal(
        err.message,
        "f: e: expected dtype F32, got F16, which is not supported");
    nxc__safetensors_release(&st);
    file_free(&f);
}

static void refuses_each_truncation(void **state) {
    (void)state;
    file f = file_new(sizeof small - 1, small, sizeof small - 1, SMALL_DATA);
    for (size_t n = 0; n < f.n; n++) {
        nxc_error err;
        uint8_t *cut = nxc__alloc(&nxc__allocator_default, n ? n : 1);
        assert_non_null(cut);
        memcpy(cut, f.bytes, n);
        if (open_bytes(cut, n, &err) == NXC_OK) fail_msg("%zu bytes: ok", n);
        nxc__free(&nxc__allocator_default, cut, n ? n : 1);
    }
    file_free(&f);
}

/* Any flipped bit is refused or leaves a file that still is within bounds. */
static void survives_each_flipped_bit(void **state) {
    (void)state;
    file f = file_new(sizeof small - 1, small, sizeof small - 1, SMALL_DATA);
    size_t n_ok = 0;
    for (size_t bit = 0; bit < 8 * (8 + sizeof small - 1); bit++) {
        nxc__safetensors st;
        nxc_error err;
        f.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (nxc__safetensors_open(&st, NXC_STR("f"), f.bytes, f.n, NULL,
                                  &err) == NXC_OK) {
            n_ok++;
            for (size_t i = 0; i < st.n; i++)
                assert_true(st.tensors[i].data + st.tensors[i].bytes <=
                            f.bytes + f.n);
            nxc__safetensors_release(&st);
        }
        f.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(n_ok < 600); /* a name or the metadata may change unnoticed */
    file_free(&f);
}

#define T(dtype, shape, offsets)                   \
    "{\"t\":{\"dtype\":" dtype ",\"shape\":" shape \
    ",\"data_offsets\":" offsets "}}"

static const struct {
    const char *header;
    size_t data;
    nxc_status status;
    const char *says; /* part of the message */
} bad[] = {
    {"[]", 0, NXC_ERR_FORMAT, "begins with {"},
    {"{", 0, NXC_ERR_FORMAT, "f"},
    {"{]", 0, NXC_ERR_PARSE, "f"},
    {"{} x", 0, NXC_ERR_PARSE, "f"},
    {"{}", 1, NXC_ERR_FORMAT, "expected 0 bytes of data for 0 tensors, got 1"},
    {"{\"t\":1}", 0, NXC_ERR_INVALID, "$.t: expected an object"},
    {"{\"t\":{}}", 0, NXC_ERR_FORMAT, "got 0 members"},
    {"{\"t\":{\"dtype\":\"U8\",\"shape\":[1],\"shape\":[1]}}", 1,
     NXC_ERR_INVALID, "$.t.data_offsets"},
    {"{\"t\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"x\":1}}",
     1, NXC_ERR_FORMAT, "got 4 members"},
    {"{\"__metadata__\":[]}", 0, NXC_ERR_INVALID, "$.__metadata__"},
    {"{\"__metadata__\":{\"a\":1}}", 0, NXC_ERR_INVALID, "$.__metadata__.a"},
    {T("\"F33\"", "[1]", "[0,4]"), 4, NXC_ERR_INVALID, "a safetensors dtype"},
    {T("4", "[1]", "[0,4]"), 4, NXC_ERR_INVALID, "$.t.dtype"},
    {T("\"F32\"", "1", "[0,4]"), 4, NXC_ERR_INVALID, "$.t.shape"},
    {T("\"F32\"", "[-1]", "[0,4]"), 4, NXC_ERR_INVALID, "$.t.shape[0]"},
    {T("\"F32\"", "[1.5]", "[0,4]"), 4, NXC_ERR_INVALID, "$.t.shape[0]"},
    {T("\"F32\"", "[\"1\"]", "[0,4]"), 4, NXC_ERR_INVALID, "$.t.shape[0]"},
    {T("\"F32\"", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4, NXC_ERR_LIMIT,
     "at most 8 dimensions, got 9"},
    {T("\"F32\"", "[9223372036854775807]", "[0,4]"), 4, NXC_ERR_FORMAT,
     "fits in memory"},
    {T("\"F32\"", "[4294967296,4294967296]", "[0,4]"), 4, NXC_ERR_FORMAT,
     "more elements than can be counted"},
    {T("\"F32\"", "[4611686018427387904,4]", "[0,4]"), 4, NXC_ERR_FORMAT,
     "more elements"},
    {T("\"F32\"", "[18446744073709551615]", "[0,4]"), 4, NXC_ERR_INVALID,
     "$.t.shape[0]"},
    {T("\"F32\"", "[1]", "4"), 4, NXC_ERR_INVALID, "$.t.data_offsets"},
    {T("\"F32\"", "[1]", "[0]"), 4, NXC_ERR_INVALID, "$.t.data_offsets"},
    {T("\"F32\"", "[1]", "[0,4,8]"), 4, NXC_ERR_INVALID, "two offsets"},
    {T("\"F32\"", "[1]", "[-4,0]"), 4, NXC_ERR_INVALID, "data_offsets[0]"},
    {T("\"F32\"", "[1]", "[4,0]"), 4, NXC_ERR_FORMAT, "got [4, 0]"},
    {T("\"F32\"", "[1]", "[0,5]"), 5, NXC_ERR_FORMAT, "got 5"},
    {T("\"F32\"", "[1]", "[4,8]"), 4, NXC_ERR_FORMAT, "within 4 bytes"},
    {T("\"F32\"", "[1]", "[4,8]"), 8, NXC_ERR_FORMAT, "from byte 0"},
    {T("\"F32\"", "[1]", "[0,4]"), 8, NXC_ERR_FORMAT, "got 8"},
    {T("\"F32\"", "[250000000]", "[0,1000000000]"), 4, NXC_ERR_FORMAT,
     "within 4 bytes"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
     "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[3,7]}}",
     7, NXC_ERR_FORMAT, "b: expected data from byte 4"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
     "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[5,9]}}",
     9, NXC_ERR_FORMAT, "b: expected data from byte 4"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
     "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
     2, NXC_ERR_FORMAT, "a: expected one tensor of this name"},
    {"{\"a\":[[[[[1]]]]]}", 0, NXC_ERR_LIMIT, "f"},
};

static void says_what_is_wrong(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nxc_error err = {0};
        nxc_status st = open_header(bad[i].header, bad[i].data, &err);
        if (st != bad[i].status || !strstr(err.message, bad[i].says))
            fail_msg("%s\nexpected %s with \"%s\", got %s: %s", bad[i].header,
                     nxc_status_name(bad[i].status), bad[i].says,
                     nxc_status_name(st), err.message);
    }
}

static void limits_the_header(void **state) {
    (void)state;
    static const uint64_t lengths[] = {
        0, 3, 100000000, 100000001, UINT64_C(1) << 40, UINT64_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        nxc_error err;
        file f = file_new(lengths[i], "{}", 2, 0);
        nxc_status st = open_bytes(f.bytes, f.n, &err);
        assert_int_equal(st, lengths[i] > 100000000 ? NXC_ERR_LIMIT
                                                    : NXC_ERR_FORMAT);
        file_free(&f);
    }
}

static void survives_each_failed_allocation(void **state) {
    (void)state;
    file f = file_new(sizeof small - 1, small, sizeof small - 1, SMALL_DATA);
    for (size_t n = 0;; n++) {
        counting_alloc counts = {.fail_at = n};
        nxc_allocator alloc = counting_allocator(&counts);
        nxc__safetensors st;
        nxc_error err;
        nxc_status status = nxc__safetensors_open(&st, NXC_STR("f"), f.bytes,
                                                  f.n, &alloc, &err);
        if (status == NXC_OK) nxc__safetensors_release(&st);
        assert_int_equal(counts.live, 0);
        if (status == NXC_OK) {
            assert_true(n > 2);
            break;
        }
        assert_int_equal(status, NXC_ERR_NOMEM);
    }
    file_free(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_small_file),
        cmocka_unit_test(refuses_each_truncation),
        cmocka_unit_test(survives_each_flipped_bit),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(limits_the_header),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
