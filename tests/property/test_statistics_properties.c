/*
 * Laws of statistics over random sessions, bit for bit: the order in which
 * sessions were added does not matter, a group left out in a query was never
 * learnt, fewer sessions are a subset of more.
 */
#include <stdio.h>

#include "statistics/snapshot.h"
#include "support/learned_test.h"

#define N_OPS 9
#define N_SESSIONS 70
#define N_GROUPS 12
#define N_PROMPTS 25
#define MAX_CALLS 9

typedef struct world {
    nxc__learned_session sessions[N_SESSIONS];
    nxc__learned_call calls[N_SESSIONS][MAX_CALLS]; /* prompt: of prompts */
    char prompts[N_PROMPTS][64];
    float vectors[N_PROMPTS][NXC_DIM];
    float op_rows[N_OPS * NXC_DIM];
} world;

static double uniform(uint64_t *seed) {
    return (double)(nxc_random(seed) >> 11) * 0x1p-53;
}

/* Unit vectors near one of three directions, so that some are alike. */
static void random_vector(uint64_t *seed, float *out) {
    double norm = 0;
    size_t center = nxc_random(seed) % 3;
    for (size_t d = 0; d < NXC_DIM; d++) {
        double x = uniform(seed) - 0.5 + (d % 3 == center ? 0.6 : 0);
        out[d] = (float)x;
        norm += x * x;
    }
    for (size_t d = 0; d < NXC_DIM; d++)
        out[d] = (float)((double)out[d] / sqrt(norm));
}

static void random_prompt(uint64_t *seed, char *out, size_t i) {
    static const char *const words[] = {"find",   "pay",    "refund", "the",
                                        "card",   "walk",   "list",   "users",
                                        "delete", "orders", "twice",  "all"};
    size_t at = (size_t)snprintf(out, 64, "%zu", i);
    for (size_t n = nxc_random(seed) % 5; n-- > 0;)
        at += (size_t)snprintf(out + at, 64 - at, " %s",
                               words[nxc_random(seed) % 12]);
}

static world *make_world(uint64_t seed) {
    world *w = test_calloc(1, sizeof *w);
    for (size_t i = 0; i < N_PROMPTS; i++) {
        random_prompt(&seed, w->prompts[i], i);
        random_vector(&seed, w->vectors[i]);
    }
    for (size_t o = 0; o < N_OPS; o++)
        random_vector(&seed, w->op_rows + o * NXC_DIM);
    for (size_t i = 0; i < N_SESSIONS; i++) {
        uint64_t group = 1 + nxc_random(&seed) % N_GROUPS;
        double time = nxc_random(&seed) % 4 ? (double)(nxc_random(&seed) % 50)
                                            : (double)NAN;
        uint32_t n = (uint32_t)(nxc_random(&seed) % (MAX_CALLS + 1));
        w->sessions[i] = (nxc__learned_session){short_hash(nxc_random(&seed)),
                                                short_hash(group), time, 0, n};
        uint32_t prompt = (uint32_t)(nxc_random(&seed) % N_PROMPTS),
                 delta = prompt;
        for (uint32_t t = 0; t < n; t++) {
            if (nxc_random(&seed) % 4 == 0) {
                prompt = (uint32_t)(nxc_random(&seed) % N_PROMPTS);
                delta = (uint32_t)(nxc_random(&seed) % N_PROMPTS);
            }
            bool is_kept = nxc_random(&seed) % 8 != 0;
            w->calls[i][t] = (nxc__learned_call){
                (uint32_t)(nxc_random(&seed) % N_OPS),
                is_kept ? prompt : NXC_NONE, is_kept ? delta : NXC_NONE, 1};
        }
    }
    return w;
}

/* ------------------------------------------------------------ statistics */

static uint32_t learn_text(nxc__learned *l, const world *w, uint32_t prompt,
                           float *embeddings) {
    nxc_error err;
    uint32_t row;
    if (prompt == NXC_NONE) return NXC_NONE;
    assert_ok(nxc__learned_text(l, nxc__str(w->prompts[prompt]), &row, &err),
              err);
    memcpy(embeddings + row * (size_t)NXC_DIM, w->vectors[prompt],
           sizeof w->vectors[prompt]);
    return row;
}

/* order (N_SESSIONS): in which the sessions are added to l. */
static nxc__statistics *build_from(const world *w, const size_t *order,
                                   nxc__statistics_options options,
                                   nxc__learned *l) {
    nxc_error err;
    nxc__statistics *s;
    float *embeddings = test_calloc(N_PROMPTS, NXC_DIM * sizeof(float));
    nxc__learned_init(l, NULL);
    for (size_t k = 0; k < N_SESSIONS; k++) {
        size_t i = order[k];
        nxc__learned_call calls[MAX_CALLS];
        memcpy(calls, w->calls[i], sizeof calls);
        for (size_t t = 0; t < w->sessions[i].n; t++) {
            calls[t].prompt = learn_text(l, w, calls[t].prompt, embeddings);
            calls[t].delta = learn_text(l, w, calls[t].delta, embeddings);
        }
        assert_ok(nxc__learned_add(l, &w->sessions[i], calls, &err), err);
    }
    options.n_operations = N_OPS;
    options.embeddings = embeddings;
    assert_ok(nxc__statistics_new(l, &options, NULL, &s, &err), err);
    test_free(embeddings);
    return s;
}
static nxc__statistics *build(const world *w, const size_t *order,
                              nxc__statistics_options options) {
    nxc__learned l;
    nxc__statistics *s = build_from(w, order, options, &l);
    nxc__learned_release(&l);
    return s;
}

static void in_order(size_t order[N_SESSIONS]) {
    for (size_t i = 0; i < N_SESSIONS; i++)
        order[i] = i;
}
static void shuffle(uint64_t *seed, size_t order[N_SESSIONS]) {
    for (size_t i = N_SESSIONS; i-- > 1;) {
        size_t j = nxc_random(seed) % (i + 1), t = order[i];
        order[i] = order[j];
        order[j] = t;
    }
}

/* ------------------------------------------------------------ comparing */

typedef struct named_array {
    const char *name;
    size_t offset;
} named_array;
#define OF(type, name) \
    { #name, offsetof(type, name) }
static const named_array transition_arrays[] = {
    OF(nxc__transitions, popularity), OF(nxc__transitions, first),
    OF(nxc__transitions, order1),     OF(nxc__transitions, count1),
    OF(nxc__transitions, order2),     OF(nxc__transitions, count2),
    OF(nxc__transitions, sessions),   OF(nxc__transitions, repeats),
    OF(nxc__transitions, repeat_n),   OF(nxc__transitions, self),
};
static const named_array transition_values[] = {
    OF(nxc__transitions, n_popularity),
    OF(nxc__transitions, n1),
    OF(nxc__transitions, n2),
};
static const named_array neighbour_arrays[] = {
    OF(nxc__neighbours, after1),       OF(nxc__neighbours, after2),
    OF(nxc__neighbours, any),          OF(nxc__neighbours, kernel_last),
    OF(nxc__neighbours, kernel_all),   OF(nxc__neighbours, delta_last),
    OF(nxc__neighbours, delta_all),    OF(nxc__neighbours, soft),
    OF(nxc__neighbours, words_after1), OF(nxc__neighbours, words_after2),
    OF(nxc__neighbours, words_any),
};
static const named_array neighbour_values[] = {
    OF(nxc__neighbours, mass_last),
    OF(nxc__neighbours, mass_all),
    OF(nxc__neighbours, mass_delta_last),
    OF(nxc__neighbours, mass_delta_all),
    OF(nxc__neighbours, top),
    OF(nxc__neighbours, mean5),
    OF(nxc__neighbours, n_near),
    OF(nxc__neighbours, words_top),
    OF(nxc__neighbours, words_mean5),
};
#define N_OF(a) (sizeof(a) / sizeof *(a))

/* NaN is equal to NaN: all bits count. */
static void same_arrays(const char *law, const named_array *names, size_t n,
                        const void *a, const void *b) {
    for (size_t k = 0; k < n; k++) {
        const float *x, *y;
        memcpy(&x, (const char *)a + names[k].offset, sizeof x);
        memcpy(&y, (const char *)b + names[k].offset, sizeof y);
        if ((x == NULL) != (y == NULL))
            fail_msg("%s: %s is there in one alone", law, names[k].name);
        for (size_t o = 0; x && o < N_OPS; o++)
            if (memcmp(&x[o], &y[o], sizeof *x) != 0)
                fail_msg("%s: %s[%zu] is %.9g and %.9g", law, names[k].name, o,
                         (double)x[o], (double)y[o]);
    }
}
static void same_values(const char *law, const named_array *names, size_t n,
                        const void *a, const void *b) {
    for (size_t k = 0; k < n; k++) {
        float x, y;
        memcpy(&x, (const char *)a + names[k].offset, sizeof x);
        memcpy(&y, (const char *)b + names[k].offset, sizeof y);
        if (memcmp(&x, &y, sizeof x) != 0)
            fail_msg("%s: %s is %.9g and %.9g", law, names[k].name, (double)x,
                     (double)y);
    }
}

/* Answers of a and b to a query; exclude is for a alone. */
static void same_answers(const char *law, const nxc__statistics *a,
                         const nxc__statistics *b, nxc__statistics_query q,
                         nxc__hash128 exclude) {
    nxc_error err;
    nxc__arena arena;
    nxc__transitions t[2];
    nxc__neighbours n[2];
    nxc__transition_evidence e[2];
    nxc__arena_init(&arena, &nxc__allocator_default, SIZE_MAX);
    for (size_t k = 0; k < 2; k++) {
        const nxc__statistics *s = k ? b : a;
        q.exclude = k ? short_hash(0) : exclude;
        assert_ok(nxc__statistics_transitions(s, &q, &arena, &t[k], &err), err);
        assert_ok(nxc__statistics_neighbours(s, &q, &arena, &n[k], &err), err);
        nxc__statistics_evidence(s, &q, 3, &e[k]);
    }
    same_arrays(law, transition_arrays, N_OF(transition_arrays), &t[0], &t[1]);
    same_values(law, transition_values, N_OF(transition_values), &t[0], &t[1]);
    same_arrays(law, neighbour_arrays, N_OF(neighbour_arrays), &n[0], &n[1]);
    same_values(law, neighbour_values, N_OF(neighbour_values), &n[0], &n[1]);
    assert_memory_equal(&e[0], &e[1], sizeof e[0]);
    nxc__arena_release(&arena);
}

/* A random history with the prompt and delta of some learned call. */
static nxc__statistics_query random_query(const world *w, uint64_t *seed,
                                          uint32_t room[64]) {
    nxc__statistics_query q = short_query("", room);
    q.n_calls = nxc_random(seed) % 6;
    for (size_t t = 0; t < q.n_calls; t++)
        room[t] = (uint32_t)(nxc_random(seed) % N_OPS);
    size_t prompt = nxc_random(seed) % N_PROMPTS;
    q.prompt = w->vectors[prompt];
    q.delta = w->vectors[nxc_random(seed) % N_PROMPTS];
    q.prompt_text = nxc__str(w->prompts[prompt]);
    q.op_rows = w->op_rows;
    return q;
}

/* ------------------------------------------------------------ laws */

static const nxc__statistics_options plain,
    decayed = {.now = 60, .half_life = 17};

static void order_does_not_matter(void **state) {
    (void)state;
    uint32_t room[64];
    for (uint64_t seed = 1; seed <= 12; seed++) {
        uint64_t random = seed * 1000;
        world *w = make_world(seed);
        size_t order[N_SESSIONS];
        nxc__statistics_options options = seed % 2 ? plain : decayed;
        in_order(order);
        nxc__statistics *a = build(w, order, options);
        shuffle(&random, order);
        nxc__statistics *b = build(w, order, options);
        for (size_t i = 0; i < 20; i++)
            same_answers("order", a, b, random_query(w, &random, room),
                         short_hash(0));
        nxc__statistics_info x, y;
        nxc__statistics_get_info(a, &x);
        nxc__statistics_get_info(b, &y);
        assert_memory_equal(&x, &y, sizeof x);
        nxc__statistics_free(a);
        nxc__statistics_free(b);
        test_free(w);
    }
}

static void excluding_is_not_having_learnt(void **state) {
    (void)state;
    uint32_t room[64];
    for (uint64_t seed = 1; seed <= 12; seed++) {
        uint64_t random = seed * 1000;
        world *w = make_world(seed);
        size_t order[N_SESSIONS];
        nxc__statistics_options options = seed % 2 ? plain : decayed;
        in_order(order);
        nxc__statistics *all = build(w, order, options);
        for (uint64_t group = 1; group <= N_GROUPS; group++) {
            nxc__hash128 key = short_hash(group);
            options.exclude = &key;
            options.n_exclude = 1;
            nxc__statistics *without = build(w, order, options);
            for (size_t i = 0; i < 10; i++)
                same_answers("exclude", all, without,
                             random_query(w, &random, room), key);
            nxc__statistics_free(without);
        }
        nxc__statistics_free(all);
        test_free(w);
    }
}

/* Of a single group nothing is left. */
static void excluding_the_only_group(void **state) {
    (void)state;
    uint32_t room[64];
    uint64_t random = 5;
    world *w = make_world(3);
    size_t order[N_SESSIONS];
    nxc__hash128 key = short_hash(1);
    for (size_t i = 0; i < N_SESSIONS; i++)
        w->sessions[i].group = key;
    in_order(order);
    nxc__statistics *all = build(w, order, plain);
    nxc__statistics_options options = plain;
    options.exclude = &key;
    options.n_exclude = 1;
    nxc__statistics *without = build(w, order, options);
    for (size_t i = 0; i < 20; i++)
        same_answers("only group", all, without, random_query(w, &random, room),
                     key);
    nxc__statistics_free(all);
    nxc__statistics_free(without);
    test_free(w);
}

/* Keys of the sessions in s, by the samples: every session gives one. */
static size_t keys_of(const nxc__statistics *s, uint64_t keys[N_SESSIONS]) {
    nxc__statistics_info info;
    size_t n = 0;
    nxc__statistics_get_info(s, &info);
    for (size_t i = 0; i < nxc__statistics_n_samples(s); i++) {
        nxc__sample x;
        nxc__statistics_sample(s, i, &x);
        size_t k = 0;
        while (k < n && keys[k] != x.session->key.low)
            k++;
        if (k == n) keys[n++] = x.session->key.low;
    }
    assert_int_equal(n, info.n_sessions);
    return n;
}

static void fewer_sessions_are_a_subset(void **state) {
    (void)state;
    world *w = make_world(4);
    size_t order[N_SESSIONS];
    uint64_t before[N_SESSIONS], keys[N_SESSIONS];
    in_order(order);
    for (uint64_t seed = 0; seed < 3; seed++) {
        size_t n_before = 0;
        for (size_t n = 1; n <= N_SESSIONS; n++) {
            nxc__statistics_options options = plain;
            options.max_sessions = n;
            options.seed = seed;
            nxc__statistics *s = build(w, order, options);
            size_t n_keys = keys_of(s, keys);
            for (size_t i = 0; i < n_before; i++) {
                size_t k = 0;
                while (k < n_keys && keys[k] != before[i])
                    k++;
                assert_true(k < n_keys);
            }
            assert_true(n_keys <= n && n_keys >= n_before);
            memcpy(before, keys, sizeof keys);
            n_before = n_keys;
            nxc__statistics_free(s);
        }
        assert_true(n_before > N_SESSIONS / 2);
    }
    test_free(w);
}

/* Written, read, written again. */
static void saved_statistics_answer_the_same(void **state) {
    (void)state;
    nxc_error err;
    uint32_t room[64];
    for (uint64_t seed = 1; seed <= 6; seed++) {
        uint64_t random = seed;
        world *w = make_world(seed);
        size_t order[N_SESSIONS];
        float ranks[120];
        nxc__learned l;
        nxc__buffer image;
        nxc__statistics *opened;
        const nxc__snapshot_options o = {N_OPS, short_hash(9), NULL};
        in_order(order);
        nxc__statistics *s =
            build_from(w, order, seed % 2 ? plain : decayed, &l);
        for (size_t i = 0; i < 120; i++)
            ranks[i] = i % 7 ? (float)uniform(&random) : NAN;
        nxc__statistics_set_text_ranks(s, ranks);
        nxc__buffer_init(&image, &nxc__allocator_default, SIZE_MAX / 2);
        assert_ok(nxc__snapshot_write(s, &l, short_hash(9), &image, &err), err);
        assert_ok(nxc__snapshot_read((const uint8_t *)image.data, image.len, &o,
                                     NULL, &opened, &err),
                  err);
        for (size_t i = 0; i < 20; i++)
            same_answers("saved", s, opened, random_query(w, &random, room),
                         short_hash(0));
        nxc__statistics_info x, y;
        nxc__statistics_get_info(s, &x);
        nxc__statistics_get_info(opened, &y);
        assert_memory_equal(&x, &y, sizeof x);
        nxc__buffer_release(&image);
        nxc__learned_release(&l);
        nxc__statistics_free(opened);
        nxc__statistics_free(s);
        test_free(w);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(excluding_is_not_having_learnt),
        cmocka_unit_test(excluding_the_only_group),
        cmocka_unit_test(fewer_sessions_are_a_subset),
        cmocka_unit_test(saved_statistics_answer_the_same),
    };
    return cmocka_run_group_tests_name("statistics_properties", tests, NULL,
                                       NULL);
}
