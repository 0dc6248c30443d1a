/* Rows: float16 over all its values, int8 and float16 error, checksums. */
#include <stdlib.h>

#include "support/embedding_test.h"

static float bits_to_float(uint32_t bits) {
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* By the definition of binary16. */
static double half_value(uint16_t h) {
    int exponent = h >> 10 & 31, mantissa = h & 1023;
    double v = exponent == 0    ? ldexp(mantissa, -24)
               : exponent == 31 ? (mantissa ? (double)NAN : (double)INFINITY)
                                : ldexp(1024 + mantissa, exponent - 25);
    return h & 0x8000 ? -v : v;
}

static void every_half_decodes_and_encodes(void **state) {
    (void)state;
    for (uint32_t h = 0; h < 65536; h++) {
        float got = nxc__f16_decode((uint16_t)h);
        double want = half_value((uint16_t)h);
        uint16_t back = nxc__f16_encode(got);
        if (isnan(want)) {
            assert_true(isnan(got));
            assert_true(isnan(half_value(back)));
            continue;
        }
        if ((double)got != want || !signbit(got) != !signbit(want))
            fail_msg("half %04x: expected %g, got %g", h, want, (double)got);
        if (back != h) fail_msg("half %04x: encoded again as %04x", h, back);
    }
}

/* Between two neighbours the nearer one, at the middle the even one. */
static void floats_round_to_the_nearest_half(void **state) {
    (void)state;
    for (uint32_t h = 0; h < 0x7c00; h++) {
        double low = half_value((uint16_t)h);
        double high = h == 0x7bff ? 65536 : half_value((uint16_t)(h + 1));
        float middle = (float)((low + high) / 2);
        uint16_t even = (uint16_t)(h & 1 ? h + 1 : h);
        uint32_t bits;
        memcpy(&bits, &middle, sizeof bits);
        assert_int_equal(nxc__f16_encode(middle), even);
        assert_int_equal(nxc__f16_encode(-middle), even | 0x8000);
        assert_int_equal(nxc__f16_encode(bits_to_float(bits - 1)), h);
        assert_int_equal(nxc__f16_encode(bits_to_float(bits + 1)), h + 1);
    }
    assert_int_equal(nxc__f16_encode(INFINITY), 0x7c00);
    assert_int_equal(nxc__f16_encode(3e38f), 0x7c00);
    assert_int_equal(nxc__f16_encode(1e-45f), 0);
}

static double dot(const float *a, const float *b, size_t dim) {
    double sum = 0;
    for (size_t i = 0; i < dim; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static void rows_keep_the_vector(void **state) {
    static const struct {
        nxc__row_type type;
        size_t stride;
        double min_cosine, norm_error;
    } cases[] = {{NXC_ROW_F32, 1568, 1, 0},
                 {NXC_ROW_F16, 800, 0.9999999, 1e-3},
                 {NXC_ROW_INT8, 416, 0.9995, 1e-6}};
    (void)state;
    for (size_t c = 0; c < 3; c++) {
        const nxc__row_shape shape = {cases[c].type, TEST_MAX_DIM, 7};
        float in[TEST_MAX_DIM], out[TEST_MAX_DIM];
        _Alignas(8) uint8_t row[1568];
        assert_int_equal(nxc__row_stride(&shape), cases[c].stride);
        for (uint64_t i = 0; i < 300; i++) {
            test_vector(i, TEST_MAX_DIM, in);
            nxc__row_encode(&shape, test_text(i), in, row);
            assert_true(nxc__row_is_sound(&shape, row));
            nxc__row_decode(&shape, row, out);
            double aa = dot(in, in, TEST_MAX_DIM);
            double bb = dot(out, out, TEST_MAX_DIM);
            double cosine = dot(in, out, TEST_MAX_DIM) / sqrt(aa * bb);
            if (cosine < cases[c].min_cosine - 1e-12 ||
                fabs(sqrt(bb / aa) - 1) > cases[c].norm_error)
                fail_msg("type %zu: cosine %.9f, norm %.9f", c, cosine,
                         sqrt(bb / aa));
        }
    }
    static const struct {
        size_t dim, stride[3];
    } shapes[] = {{1, {40, 40, 40}}, {5, {56, 48, 40}}, {8, {64, 48, 40}}};
    for (size_t i = 0; i < 3; i++)
        for (size_t t = 0; t < 3; t++) {
            const nxc__row_shape shape = {(nxc__row_type)t, shapes[i].dim, 0};
            assert_int_equal(nxc__row_stride(&shape), shapes[i].stride[t]);
        }
}

static void odd_vectors(void **state) {
    static const float cases[][4] = {{0, 0, 0, 0},
                                     {1, 0, 0, 0},
                                     {-1, 1, -1, 1},
                                     {1e-42f, 0, 0, 0},
                                     {3e38f, -3e38f, 1, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (nxc__row_type t = NXC_ROW_F32; t <= NXC_ROW_INT8; t++) {
            const nxc__row_shape shape = {t, 4, 7};
            float out[4];
            _Alignas(8) uint8_t row[64];
            nxc__row_encode(&shape, test_text(i), cases[i], row);
            nxc__row_decode(&shape, row, out);
            for (size_t k = 0; k < 4; k++)
                assert_true(t == NXC_ROW_F16 ||
                            fabs((double)out[k] - (double)cases[i][k]) <=
                                fabs((double)cases[i][0]) / 127 + 1e-38);
        }
}

static void any_other_bit_is_no_sound_row(void **state) {
    (void)state;
    for (nxc__row_type t = NXC_ROW_F32; t <= NXC_ROW_INT8; t++) {
        const nxc__row_shape shape = {t, 5, 7}, other = {t, 5, 8};
        float in[5];
        _Alignas(8) uint8_t row[64];
        size_t n = nxc__row_stride(&shape);
        test_vector(1, 5, in);
        nxc__row_encode(&shape, test_text(1), in, row);
        for (size_t bit = 0; bit < n * 8; bit++) {
            row[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_false(nxc__row_is_sound(&shape, row));
            row[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_true(nxc__row_is_sound(&shape, row));
        assert_false(nxc__row_is_sound(&other, row));
        memset(row, 0, n);
        assert_false(nxc__row_is_sound(&shape, row));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_decodes_and_encodes),
        cmocka_unit_test(floats_round_to_the_nearest_half),
        cmocka_unit_test(rows_keep_the_vector),
        cmocka_unit_test(odd_vectors),
        cmocka_unit_test(any_other_bit_is_no_sound_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
