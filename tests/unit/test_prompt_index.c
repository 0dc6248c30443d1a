/* The index finds what looking at every row finds, bit for bit, with the
 * kernels of the reference and of this machine, whoever is left out. */
#include "base/cpu.h"
#include "statistics/statistics_handle.h"
#include "support/learned_test.h"

#define N_PROMPTS 9000
#define N_GROUPS 5
#define N_CENTERS 40

typedef struct fixture {
    nxc__statistics *s;
    float *embeddings, *centers;
} fixture;

static float uniform(uint64_t *seed) {
    return (float)(nxc_random(seed) >> 40) * 0x1p-24f - 0.5f;
}

/* Unit length, less of it along the later directions. */
static void vector_near(uint64_t *seed, const float *center, float own,
                        float *out) {
    double norm = 0;
    for (size_t d = 0; d < NXC_DIM; d++) {
        out[d] = (center ? center[d] : 0) +
                 own * uniform(seed) / sqrtf(1 + (float)d * 0.2f);
        norm += (double)out[d] * (double)out[d];
    }
    for (size_t d = 0; d < NXC_DIM; d++)
        out[d] = (float)((double)out[d] / sqrt(norm));
}

static int setup(void **state) {
    fixture *f = test_calloc(1, sizeof *f);
    nxc_error err;
    nxc__learned l;
    uint64_t seed = 11;
    f->embeddings = test_calloc(N_PROMPTS, NXC_DIM * sizeof(float));
    f->centers = test_calloc(N_CENTERS, NXC_DIM * sizeof(float));
    for (size_t i = 0; i < N_CENTERS; i++)
        vector_near(&seed, i ? f->centers : NULL, 2, f->centers + i * NXC_DIM);
    nxc__learned_init(&l, NULL);
    for (uint32_t i = 0; i < N_PROMPTS; i++) {
        uint32_t row;
        nxc_str text = {(const char *)&i, sizeof i};
        assert_ok(nxc__learned_text(&l, text, &row, &err), err);
        nxc__learned_call call = {i % 7, row, row, NAN};
        nxc__learned_session x = {short_hash(i + 1),
                                  short_hash(1 + i % N_CENTERS % N_GROUPS), 0,
                                  0, 1};
        assert_ok(nxc__learned_add(&l, &x, &call, &err), err);
        /* Every 100th is the same as the one before: equal cosines. */
        float *to = f->embeddings + row * (size_t)NXC_DIM;
        if (i % 100 == 99)
            memcpy(to, to - NXC_DIM, NXC_DIM * sizeof *to);
        else if (i % 1000 != 500) /* a few have no direction at all */
            vector_near(&seed, f->centers + i % N_CENTERS * NXC_DIM, 0.4f, to);
    }
    nxc__statistics_options options;
    memset(&options, 0, sizeof options);
    options.n_operations = 7;
    options.embeddings = f->embeddings;
    assert_ok(nxc__statistics_new(&l, &options, NULL, &f->s, &err), err);
    nxc__learned_release(&l);
    *state = f;
    return 0;
}
static int teardown(void **state) {
    fixture *f = *state;
    nxc__statistics_free(f->s);
    test_free(f->embeddings);
    test_free(f->centers);
    test_free(f);
    return 0;
}

static void check_query(nxc__statistics *s, const float *x, uint32_t group) {
    nxc_error err;
    nxc__arena arena;
    nxc__near_rows near, all;
    nxc__prompt_bytes q = nxc__prompt_quantize(x);
    nxc__prompt_index *index = s->prompts.index;
    assert_non_null(index);
    nxc__arena_init(&arena, &nxc__allocator_default, SIZE_MAX);
    assert_ok(nxc__prompt_rows_nearest(s, &s->prompts, &q, group, &arena, &near,
                                       &err),
              err);
    s->prompts.index = NULL;
    assert_ok(
        nxc__prompt_rows_nearest(s, &s->prompts, &q, group, &arena, &all, &err),
        err);
    s->prompts.index = index;
    assert_int_equal(all.n, NXC_N_NEAR_ROWS);
    assert_int_equal(near.n, all.n);
    for (size_t i = 0; i < all.n; i++) {
        if (near.of[i].row != all.of[i].row ||
            near.of[i].cosine != all.of[i].cosine)
            fail_msg("at %zu: expected row %u (%.9g), got row %u (%.9g)", i,
                     all.of[i].row, (double)all.of[i].cosine, near.of[i].row,
                     (double)near.of[i].cosine);
        if (group != NXC_NONE)
            assert_int_not_equal(
                s->group_of[s->session_of[s->prompts.calls
                                              .items[s->prompts.calls.starts
                                                         [near.of[i].row]]]],
                group);
    }
    nxc__arena_release(&arena);
}

static void finds_what_all_rows_give(void **state) {
    fixture *f = *state;
    uint64_t seed = 3;
    float x[NXC_DIM];
    for (size_t level = 0; level < 2; level++) {
        nxc__encoder_kernels_select(&f->s->kernels,
                                    level ? nxc__cpu_detect() : 0);
        for (size_t i = 0; i < 60; i++) {
            uint32_t group = i % 2 ? (uint32_t)(i / 2 % N_GROUPS) : NXC_NONE;
            float own = i % 3 == 0 ? 0.01f : i % 3 == 1 ? 0.4f : 20;
            vector_near(&seed, f->centers + i % N_CENTERS * NXC_DIM, own, x);
            check_query(f->s, x, group);
        }
    }
}

/* Lengths and directions that no encoder gives. */
static void odd_queries(void **state) {
    fixture *f = *state;
    float x[NXC_DIM] = {0};
    check_query(f->s, x, NXC_NONE);
    x[383] = -1;
    check_query(f->s, x, NXC_NONE);
    for (size_t d = 0; d < NXC_DIM; d++)
        x[d] = d % 2 ? 1000.0f : -1000.0f;
    check_query(f->s, x, 2);
    x[5] = NAN;
    check_query(f->s, x, NXC_NONE);
    check_query(f->s, f->embeddings, NXC_NONE);
    check_query(f->s, f->embeddings + (size_t)99 * NXC_DIM, NXC_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_all_rows_give),
        cmocka_unit_test(odd_queries),
    };
    return cmocka_run_group_tests_name("prompt_index", tests, setup, teardown);
}
