/* Every level of tree scoring against the reference, bit for bit: random
 * forests of every kind of node, decisive values, 1 to 130 rows a call. */
#include <math.h>

#include "base/cpu.h"
#include "ranker/forest_score.h"
#include "support/nxc_test.h"

#define N_FEATURES 40
#define MAX_ROWS 130

typedef struct shape {
    const char *name;
    size_t n_trees, max_leaves, n_features, n_thresholds, n_categories;
    bool is_average;
} shape;

static const shape shapes[] = {
    {"small", 20, 31, 11, 60, 0, false},
    {"two registers of columns", 30, 63, 40, 200, 0, false},
    {"categories", 20, 31, 11, 60, 70, false},
    {"many category sets", 60, 31, 20, 60, 300, false},
    {"more thresholds than a column", 80, 200, 3, 5000, 0, false},
    {"all leaves of a slot", 12, 256, 20, 250, 20, false},
    {"one leaf too many", 3, 257, 5, 60, 10, false},
    {"stumps", 50, 2, 11, 60, 3, true},
    {"one leaf", 5, 1, 3, 60, 0, false},
};

static uint32_t below(uint64_t *r, uint32_t n) {
    return (uint32_t)(nxc_random(r) >> 16) % n;
}

static double pick_threshold(uint64_t *r, const shape *s) {
    static const double odd[] = {0.0,      -0.0,  1e-35, (double)1e-35f,
                                 INFINITY, 1e300, -1.5,  5e-324};
    if (below(r, 10) == 0) return odd[below(r, sizeof odd / sizeof *odd)];
    return (double)below(r, (uint32_t)s->n_thresholds) * 0.25 -
           (double)s->n_thresholds / 8;
}

static void make_node(uint64_t *r, const shape *s, nxc__forest *f,
                      nxc__forest_node *node) {
    nxc_error err;
    node->feature = (uint16_t)below(r, (uint32_t)s->n_features);
    node->decision = (uint8_t)(below(r, 3) * 4 + below(r, 2) * 2);
    node->split.threshold = pick_threshold(r, s);
    if (s->n_categories == 0 || below(r, 4)) return;
    uint32_t first, *words, n = below(r, 3) + 1;
    assert_ok(nxc__forest_add_words(f, n, &first, &words, &err), err);
    for (uint32_t i = 0; i < n; i++)
        words[i] = below(r, UINT32_MAX);
    node->decision |= NXC_DECISION_CATEGORICAL;
    node->split.set.first_word = first;
    node->split.set.n_words = n;
}

/* Leaf by leaf: the newest node takes the place of a random leaf, which
 * becomes its left child; its right child is the new leaf. */
static void make_tree(uint64_t *r, const shape *s, nxc__forest *f,
                      size_t n_leaves) {
    nxc__forest_node *nodes;
    double *leaves;
    nxc_error err;
    assert_ok(nxc__forest_add_tree(f, n_leaves, &nodes, &leaves, &err), err);
    for (size_t i = 0; i < n_leaves; i++)
        leaves[i] = (double)below(r, 1000000) * 1e-6 - 0.4;
    for (size_t i = 0; i + 1 < n_leaves; i++) {
        int32_t leaf = ~(int32_t)below(r, (uint32_t)i + 1);
        for (size_t k = 0; k < i; k++) {
            if (nodes[k].left == leaf) nodes[k].left = (int32_t)i;
            if (nodes[k].right == leaf) nodes[k].right = (int32_t)i;
        }
        make_node(r, s, f, &nodes[i]);
        nodes[i].left = i ? leaf : ~0;
        nodes[i].right = ~((int32_t)i + 1);
    }
    if (n_leaves > 1) assert_ok(nxc__forest_check_tree(f, &err), err);
}

static nxc__forest *make_forest(uint64_t *r, const shape *s) {
    nxc__forest *f;
    nxc_error err;
    assert_ok(nxc__forest_new(NULL, NULL, &f, &err), err);
    f->n_features = s->n_features;
    f->is_average = s->is_average;
    for (size_t i = 0; i < s->n_trees; i++)
        make_tree(r, s, f,
                  i % 4 ? s->max_leaves
                        : below(r, (uint32_t)s->max_leaves) + 1);
    nxc__forest_seal(f);
    return f;
}

static double pick_value(uint64_t *r, const shape *s) {
    static const double odd[] = {
        0.0,     -0.0,   1e-35,    (double)1e-35f, -(double)1e-35f,
        1.1e-35, 5e-324, INFINITY, -INFINITY,      (double)NAN,
        -1.0,    -0.5,   31.5,     2147483647.0,   2147483648.0,
        1e19,    -1e19};
    switch (below(r, 6)) {
    case 0:
        return odd[below(r, sizeof odd / sizeof *odd)];
    case 1:
        return (double)below(r, 100);
    case 2:
        return nextafter(pick_threshold(r, s), INFINITY);
    case 3:
        return nextafter(pick_threshold(r, s), -INFINITY);
    default:
        return pick_threshold(r, s);
    }
}

static double rows64[MAX_ROWS * N_FEATURES];
static float rows32[MAX_ROWS * N_FEATURES];

static void compare(nxc__forest_scorer *s, const shape *shape_) {
    const nxc__forest *f = nxc__forest_scorer_forest(s);
    double want64[MAX_ROWS], want32[MAX_ROWS], got[MAX_ROWS + 1];
    nxc__forest_ref_f64(f, rows64, MAX_ROWS, want64);
    nxc__forest_ref_f32(f, rows32, MAX_ROWS, want32);
    for (size_t n = 0; n <= MAX_ROWS; n++) {
        size_t from = n % 7 + n <= MAX_ROWS ? n % 7 : 0;
        got[n] = 77;
        nxc__forest_score_f64(s, rows64 + from * f->n_features, n, got);
        if (memcmp(got, want64 + from, n * sizeof *got) != 0 || got[n] != 77)
            fail_msg("%s, %s: %zu rows of doubles differ", shape_->name,
                     nxc__forest_scorer_kernels(s), n);
        nxc__forest_score_f32(s, rows32 + from * f->n_features, n, got);
        if (memcmp(got, want32 + from, n * sizeof *got) != 0)
            fail_msg("%s, %s: %zu rows of floats differ", shape_->name,
                     nxc__forest_scorer_kernels(s), n);
    }
}

/* A flag of no x86 level selects the portable one. */
static const struct {
    const char *name;
    uint32_t needs, cpu;
} levels[] = {
    {"ref", 0, 0},
    {"portable", 0, NXC_CPU_DOTPROD},
    {"avx2", NXC_CPU_AVX2, NXC_CPU_AVX2},
    {"avx512", NXC_CPU_AVX512 | NXC_CPU_AVX512_VBMI,
     NXC_CPU_AVX512 | NXC_CPU_AVX512_VBMI},
};

static void every_level_is_the_reference(void **state) {
    (void)state;
    uint32_t cpu = nxc__cpu_detect();
    for (size_t k = 0; k < sizeof levels / sizeof *levels; k++) {
        if ((cpu & levels[k].needs) != levels[k].needs) {
            print_message("not on this processor: %s\n", levels[k].name);
            continue;
        }
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
            uint64_t r = 1000 + i;
            nxc__forest *f = make_forest(&r, &shapes[i]);
            nxc__forest_scorer *s;
            nxc_error err;
            for (size_t j = 0; j < MAX_ROWS * f->n_features; j++) {
                rows64[j] = pick_value(&r, &shapes[i]);
                rows32[j] = (float)rows64[j];
            }
            assert_ok(nxc__forest_scorer_new(f, levels[k].cpu, &s, &err), err);
            bool fits = shapes[i].max_leaves <= NXC_PLAN_LEAVES;
            assert_string_equal(nxc__forest_scorer_kernels(s),
                                fits ? levels[k].name : "ref");
            compare(s, &shapes[i]);
            nxc__forest_scorer_free(s);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_is_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
