#include <math.h>
#include <stdio.h>

#include "support/nxc_test.h"
#include "train/train_data.h"
#include "train/train_sample.h"

enum { WIDTH = 3 };
static const char *const names[WIDTH] = {"hyb", "b", "bm_full"};

/* n points of sessions s0.. with two each, groups of two sessions, catalogs of
 * two groups, vendors of two catalogs. */
typedef struct texts {
    char session[16], group[16], catalog[24];
} texts;
static texts store[400];

static void fill(nxc__train_data *d, size_t n) {
    nxc_error err;
    nxc__train_data_init(d, names, WIDTH, NULL);
    for (size_t i = 0; i < n; i++) {
        texts *t = &store[i];
        snprintf(t->session, sizeof t->session, "s%zu", i / 2);
        snprintf(t->group, sizeof t->group, "g%zu", i / 4);
        snprintf(t->catalog, sizeof t->catalog, "v%zu~c%zu", i / 16, i / 8);
        assert_ok(nxc__train_data_add(d, nxc__str(t->session),
                                      nxc__str(t->group), nxc__str(t->catalog),
                                      &err),
                  err);
    }
}

static size_t count_side(const nxc__train_data *d, nxc__side side) {
    size_t n = 0;
    for (size_t i = 0; i < d->n_points; i++)
        n += d->points[i].side == side;
    return n;
}

static void whole_keys_move(void **state) {
    (void)state;
    for (int by = 0; by < NXC_N_SPLITS; by++)
        for (uint64_t seed = 1; seed < 6; seed++) {
            nxc__train_data d;
            nxc_error err;
            fill(&d, 400);
            assert_ok(nxc__train_data_split(&d, (nxc__split_by)by, 0.25,
                                            NXC_SIDE_TRAIN, NXC_SIDE_VALID,
                                            seed, &err),
                      err);
            size_t n = count_side(&d, NXC_SIDE_VALID), size = (size_t)2 << by;
            assert_true(n + size >= 100 && n <= 100 + size);
            for (size_t i = 0; i < 400; i++)
                assert_int_equal(d.points[i].side,
                                 d.points[i / size * size].side);
            /* once more: a third side out of the first alone */
            assert_ok(nxc__train_data_split(&d, (nxc__split_by)by, 0.5,
                                            NXC_SIDE_TRAIN, NXC_SIDE_HELD, seed,
                                            &err),
                      err);
            assert_int_equal(count_side(&d, NXC_SIDE_VALID), n);
            assert_true(count_side(&d, NXC_SIDE_HELD) > 0);
            assert_true(count_side(&d, NXC_SIDE_TRAIN) > 0);
            nxc__train_data_release(&d);
        }
}

/* Who goes where follows from keys and seed, not from the order of points. */
static void order_does_not_matter(void **state) {
    (void)state;
    nxc__train_data a, b;
    nxc_error err;
    size_t n_other = 0;
    fill(&a, 64);
    nxc__train_data_init(&b, names, WIDTH, NULL);
    for (size_t i = 64; i-- > 0;)
        assert_ok(nxc__train_data_add(&b, nxc__str(store[i].session),
                                      nxc__str(store[i].group),
                                      nxc__str(store[i].catalog), &err),
                  err);
    for (int round = 0; round < 2; round++) {
        assert_ok(nxc__train_data_split(round ? &b : &a, NXC_SPLIT_SESSION, 0.3,
                                        NXC_SIDE_TRAIN, NXC_SIDE_VALID, 7,
                                        &err),
                  err);
    }
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(a.points[i].side, b.points[63 - i].side);
    nxc__train_data_release(&b);
    fill(&b, 64);
    assert_ok(nxc__train_data_split(&b, NXC_SPLIT_SESSION, 0.3, NXC_SIDE_TRAIN,
                                    NXC_SIDE_VALID, 8, &err),
              err);
    for (size_t i = 0; i < 64; i++)
        n_other += a.points[i].side != b.points[i].side;
    assert_true(n_other > 0);
    nxc__train_data_release(&a);
    nxc__train_data_release(&b);
}

static void a_split_must_be_possible(void **state) {
    (void)state;
    nxc__train_data d;
    nxc_error err;
    fill(&d, 2);
    assert_int_equal(nxc__train_data_split(&d, NXC_SPLIT_SESSION, 0.2,
                                           NXC_SIDE_TRAIN, NXC_SIDE_VALID, 1,
                                           &err),
                     NXC_ERR_INVALID);
    assert_string_equal(err.message,
                        "split: expected decision points of at least two "
                        "sessions, got 1");
    nxc__train_data_release(&d);
    /* a session of two catalogs, which go to different sides */
    nxc__train_data_init(&d, names, WIDTH, NULL);
    for (size_t i = 0; i < 2; i++)
        assert_ok(nxc__train_data_add(&d, NXC_STR("s"), NXC_STR("g"),
                                      i ? NXC_STR("a") : NXC_STR("b"), &err),
                  err);
    assert_int_equal(nxc__train_data_split(&d, NXC_SPLIT_CATALOG, 0.5,
                                           NXC_SIDE_TRAIN, NXC_SIDE_VALID, 1,
                                           &err),
                     NXC_ERR_INVALID);
    assert_non_null(strstr(err.message, "expected session s on one side"));
    nxc__train_data_release(&d);
}

/* Point i has 2 + i % 3 rows of (i, row, constant), gold the last. */
static void set_all(nxc__train_data *d) {
    nxc_error err;
    static const uint32_t all[] = {0, 1, 2, 3};
    for (size_t i = 0; i < d->n_points; i++)
        nxc__train_data_set_size(d, i, 4);
    assert_ok(nxc__train_data_reserve(d, &err), err);
    for (size_t i = 0; i < d->n_points; i++) {
        float rows[4 * WIDTH];
        size_t n = 2 + i % 3;
        for (size_t k = 0; k < n; k++) {
            rows[k * WIDTH] = (float)i;
            rows[k * WIDTH + 1] = (float)k;
            rows[k * WIDTH + 2] = NAN;
        }
        if (i % 5 != 4) /* the others have no rows */
            assert_ok(nxc__train_data_set_rows(d, i, rows, all, n, n - 1, &err),
                      err);
    }
}

static void sides_follow_each_other(void **state) {
    (void)state;
    nxc__train_data d;
    nxc_error err;
    nxc__column_check check[WIDTH];
    fill(&d, 100);
    for (size_t i = 0; i < 100; i++)
        d.points[i].side = (nxc__side)(i * 7 % NXC_N_SIDES);
    set_all(&d);
    assert_ok(nxc__train_data_assemble(&d, &err), err);
    assert_int_equal(d.n_points, 80);
    size_t row = 0, point = 0;
    for (int side = 0; side < NXC_N_SIDES; side++) {
        float last = -1;
        assert_int_equal(d.sides[side].first_point, point);
        assert_int_equal(d.sides[side].first_row, row);
        for (size_t i = 0; i < d.sides[side].n_points; i++, point++) {
            const nxc__train_point *p = &d.points[point];
            const float *rows = d.rows + p->first * WIDTH;
            assert_int_equal(p->side, side);
            assert_int_equal(p->first, row);
            assert_int_equal(p->gold, p->n - 1);
            assert_true(rows[0] > last); /* in the order they came */
            last = rows[0];
            for (size_t k = 0; k < p->n; k++)
                assert_true(rows[k * WIDTH + 1] == (float)k);
            row += p->n;
        }
    }
    assert_int_equal(point, 80);
    assert_int_equal(row, d.n_rows);
    assert_ok(nxc__train_data_check(&d, check, &err), err);
    assert_false(check[0].is_constant || check[1].is_constant);
    assert_true(check[2].is_constant && check[2].is_missing);
    for (size_t r = 0; r < d.n_rows; r++)
        d.rows[r * WIDTH + 2] = 4;
    assert_ok(nxc__train_data_check(&d, check, &err), err);
    assert_true(check[2].is_constant && !check[2].is_missing);
    d.rows[WIDTH + 2] = NAN; /* a value and a missing one are two */
    assert_ok(nxc__train_data_check(&d, check, &err), err);
    assert_false(check[2].is_constant || check[2].is_missing);
    d.rows[2] = NAN; /* the first is missing, others are not */
    assert_ok(nxc__train_data_check(&d, check, &err), err);
    assert_false(check[2].is_constant || check[2].is_missing);
    d.rows[(d.n_rows - 1) * WIDTH + 1] = -INFINITY;
    assert_int_equal(nxc__train_data_check(&d, check, &err), NXC_ERR_INVALID);
    assert_non_null(strstr(err.message, "finite values in column b"));
    nxc__train_data_release(&d);
}

static void answers_on_two_sides(void **state) {
    (void)state;
    nxc__train_data d;
    nxc_error err;
    char before[65], after[65];
    size_t n, first, second;
    static const uint32_t all[] = {0, 1};
    fill(&d, 9);
    for (size_t i = 0; i < 9; i++) {
        d.points[i].side = i < 5   ? NXC_SIDE_TRAIN
                           : i < 7 ? NXC_SIDE_VALID
                                   : NXC_SIDE_HELD;
        nxc__train_data_set_size(&d, i, 2);
    }
    assert_ok(nxc__train_data_reserve(&d, &err), err);
    for (size_t i = 0; i < 9; i++) {
        /* points 0 .. 4 train, the rest do not; 6 and 8 answer as 2 does */
        float id = i == 6 || i == 8 ? 2 : (float)i;
        float rows[2 * WIDTH] = {50, (float)i, 0, id, id, 1};
        assert_ok(nxc__train_data_set_rows(&d, i, rows, all, 2, 1, &err), err);
    }
    assert_int_equal(nxc__train_data_set_rows(
                         &d, 0, d.rows, (uint32_t[]){0, 0, 0}, 3, 1, &err),
                     NXC_ERR_LIMIT);
    assert_ok(nxc__train_data_assemble(&d, &err), err);
    assert_ok(nxc__train_data_hash(&d, before, &err), err);
    assert_ok(nxc__train_data_duplicates(&d, false, &n, &first, &second, &err),
              err);
    assert_int_equal(n, 2);
    assert_int_equal(first, 2);
    assert_int_equal(second, 6);
    assert_int_equal(d.sides[NXC_SIDE_VALID].n_points, 2);
    assert_ok(nxc__train_data_hash(&d, after, &err), err);
    assert_string_equal(before, after);
    assert_ok(nxc__train_data_duplicates(&d, true, &n, &first, &second, &err),
              err);
    assert_int_equal(d.sides[NXC_SIDE_VALID].n_points, 1);
    assert_int_equal(d.sides[NXC_SIDE_VALID].n_rows, 2);
    assert_int_equal(d.sides[NXC_SIDE_HELD].n_points, 1);
    const nxc__train_point *held =
        &d.points[d.sides[NXC_SIDE_HELD].first_point];
    assert_true(d.rows[held->first * WIDTH + 1] == 7.0f);
    assert_ok(nxc__train_data_hash(&d, after, &err), err);
    assert_string_not_equal(before, after);
    nxc__train_data_release(&d);
}

static void a_sample_keeps_what_is_hard(void **state) {
    (void)state;
    enum { N = 200 };
    static float rows[N * WIDTH];
    uint32_t signals[NXC_MAX_SIGNALS], kept[N], again[N];
    size_t at = 99, n_signals = nxc__train_find_signals(names, WIDTH, signals);
    uint64_t seed = 11;
    assert_int_equal(n_signals, 2);
    assert_int_equal(signals[0], 0);
    assert_int_equal(signals[1], 2);
    for (size_t i = 0; i < N * WIDTH; i++)
        rows[i] = (float)(nxc_random(&seed) % 1000);
    rows[17 * WIDTH] = 5000;
    rows[18 * WIDTH + 2] = 5000;
    rows[19 * WIDTH] = NAN; /* nothing to go by: last */
    for (size_t limit = 2; limit <= N + 1; limit += 11) {
        const nxc__train_sampler s = {signals, n_signals, WIDTH, limit};
        size_t want = limit < N ? limit : N;
        size_t n = nxc__train_sample(&s, rows, N, 100, 5, kept, &at);
        assert_int_equal(n, want);
        assert_int_equal(kept[at], 100);
        size_t hard = 0;
        for (size_t i = 0; i < n; i++) {
            assert_true(kept[i] < N && (i == 0 || kept[i] > kept[i - 1]));
            hard += kept[i] == 17 || kept[i] == 18;
        }
        if (limit >= 13) assert_int_equal(hard, 2);
        assert_int_equal(nxc__train_sample(&s, rows, N, 100, 5, again, &at), n);
        assert_memory_equal(kept, again, n * sizeof *kept);
        if (limit == 101) {
            (void)nxc__train_sample(&s, rows, N, 100, 6, again, &at);
            assert_memory_not_equal(kept, again, n * sizeof *kept);
        }
    }
    /* no signal at all: gold and others */
    const nxc__train_sampler s = {signals, 0, WIDTH, 10};
    assert_int_equal(nxc__train_sample(&s, rows, N, 0, 5, kept, &at), 10);
    assert_int_equal(at, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_keys_move),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(a_split_must_be_possible),
        cmocka_unit_test(sides_follow_each_other),
        cmocka_unit_test(answers_on_two_sides),
        cmocka_unit_test(a_sample_keeps_what_is_hard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
