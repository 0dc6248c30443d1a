/* Contributions against Shapley's formula over all subsets, and each level
 * against the portable one, bit for bit. */
#include <math.h>

#include "base/cpu.h"
#include "ranker/forest_score.h"
#include "support/nxc_test.h"

#define N_FEATURES 6
#define N_ROWS 12

static uint32_t below(uint64_t *r, uint32_t n) {
    return (uint32_t)(nxc_random(r) >> 16) % n;
}

/* A leaf at a time takes the place of a random leaf; its rows are shared out,
 * sometimes none to one side. */
static void add_tree(uint64_t *r, nxc__forest *f, size_t n_leaves) {
    nxc__forest_node *nodes;
    double *leaves;
    uint32_t *leaf_counts, *node_counts;
    float *gains;
    nxc_error err;
    assert_ok(nxc__forest_add_tree(f, n_leaves, &nodes, &leaves, &err), err);
    assert_ok(
        nxc__forest_add_training(f, &leaf_counts, &node_counts, &gains, &err),
        err);
    leaf_counts[0] = 1000;
    for (size_t i = 0; i < n_leaves; i++)
        leaves[i] = (double)below(r, 2000) * 1e-3 - 1.0;
    for (size_t i = 0; i + 1 < n_leaves; i++) {
        uint32_t at = below(r, (uint32_t)i + 1);
        while (leaf_counts[at] == 0) /* 0 of 0 is no share */
            at = (at + 1) % ((uint32_t)i + 1);
        for (size_t k = 0; k < i; k++) {
            if (nodes[k].left == ~(int32_t)at) nodes[k].left = (int32_t)i;
            if (nodes[k].right == ~(int32_t)at) nodes[k].right = (int32_t)i;
        }
        nodes[i].feature = (uint16_t)below(r, N_FEATURES);
        nodes[i].decision = (uint8_t)(below(r, 3) * 4 + below(r, 2) * 2);
        nodes[i].split.threshold = (double)below(r, 9) - 4;
        nodes[i].left = ~(int32_t)at;
        nodes[i].right = ~((int32_t)i + 1);
        node_counts[i] = leaf_counts[at];
        leaf_counts[i + 1] = below(r, leaf_counts[at] + 1);
        leaf_counts[at] -= leaf_counts[i + 1];
    }
    if (n_leaves > 1) assert_ok(nxc__forest_check_tree(f, &err), err);
}

static nxc__forest *make_forest(uint64_t *r, bool is_average) {
    nxc__forest *f;
    nxc_error err;
    assert_ok(nxc__forest_new(NULL, NULL, &f, &err), err);
    f->n_features = N_FEATURES;
    f->is_average = is_average;
    for (size_t i = 0; i < 8; i++)
        add_tree(r, f, i == 3 ? 1 : 2 + below(r, 40));
    nxc__forest_seal(f);
    return f;
}

/* The game: known features follow the row, others both children. */
static double game(const nxc__forest *f, const nxc__forest_tree *t, int32_t at,
                   const double *row, uint32_t known) {
    if (at < 0) return f->leaf_values[t->first_leaf + (uint32_t)~at];
    const nxc__forest_node *node = &f->nodes[t->first_node + (uint32_t)at];
    if (known >> node->feature & 1)
        return game(f, t,
                    nxc__forest_goes_left(f, node, row[node->feature])
                        ? node->left
                        : node->right,
                    row, known);
    uint32_t left = node->left >= 0
                        ? f->node_counts[t->first_node + (uint32_t)node->left]
                        : f->leaf_counts[t->first_leaf + (uint32_t)~node->left];
    double all = (double)f->node_counts[t->first_node + (uint32_t)at];
    double share = all > 0 ? (double)left / all : 0;
    return share * game(f, t, node->left, row, known) +
           (1 - share) * game(f, t, node->right, row, known);
}

static double shapley(const nxc__forest *f, size_t feature, const double *row) {
    static const double factorial[] = {1, 1, 2, 6, 24, 120, 720};
    double sum = 0;
    for (size_t t = 0; t < f->n_trees; t++) {
        int32_t root = f->trees[t].n_nodes ? 0 : ~0;
        for (uint32_t s = 0; s < 1u << N_FEATURES; s++) {
            if (s >> feature & 1) continue;
            int n = __builtin_popcount(s);
            double weight = factorial[n] * factorial[N_FEATURES - 1 - n] /
                            factorial[N_FEATURES];
            sum +=
                weight * (game(f, &f->trees[t], root, row, s | 1u << feature) -
                          game(f, &f->trees[t], root, row, s));
        }
    }
    return f->is_average ? sum / (double)f->n_trees : sum;
}

static double pick(uint64_t *r) {
    static const double odd[] = {0.0, -0.0, 1e-36, (double)NAN, INFINITY};
    uint32_t k = below(r, 10);
    return k < 5 ? odd[k] : (double)below(r, 11) - 5;
}

static void contributions_are_shapley_values(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        uint64_t r = seed;
        nxc__forest_scorer *s;
        nxc_error err;
        nxc__forest *f = make_forest(&r, seed % 3 == 0);
        assert_ok(nxc__forest_scorer_new(f, nxc__cpu_detect(), &s, &err), err);
        double rows[N_ROWS * N_FEATURES], got[N_ROWS * N_FEATURES];
        double expected, scores[N_ROWS];
        for (size_t i = 0; i < N_ROWS * N_FEATURES; i++)
            rows[i] = pick(&r);
        assert_ok(nxc__forest_scorer_explain(s, rows, NULL, N_ROWS, got,
                                             &expected, &err),
                  err);
        nxc__forest_score_f64(s, rows, N_ROWS, scores);
        for (size_t i = 0; i < N_ROWS; i++) {
            double sum = expected;
            for (size_t k = 0; k < N_FEATURES; k++) {
                double want = shapley(f, k, rows + i * N_FEATURES);
                if (!(fabs(got[i * N_FEATURES + k] - want) < 1e-12))
                    fail_msg("seed %u row %zu feature %zu: expected %.17g, got "
                             "%.17g",
                             (unsigned)seed, i, k, want,
                             got[i * N_FEATURES + k]);
                sum += got[i * N_FEATURES + k];
            }
            assert_true(fabs(sum - scores[i]) < 1e-12);
        }
        nxc__forest_scorer_free(s);
    }
}

static void levels_agree_in_every_bit(void **state) {
    static const struct {
        uint32_t needs, cpu;
    } levels[] = {{0, 0},
                  {0, NXC_CPU_DOTPROD},
                  {NXC_CPU_AVX2, NXC_CPU_AVX2},
                  {NXC_CPU_AVX512 | NXC_CPU_AVX512_VBMI,
                   NXC_CPU_AVX512 | NXC_CPU_AVX512_VBMI}};
    (void)state;
    uint64_t r = 77;
    nxc__forest_scorer *s;
    nxc_error err;
    double row[N_FEATURES], want[N_FEATURES], got[N_FEATURES], expected;
    float row32[N_FEATURES];
    assert_ok(nxc__forest_scorer_new(make_forest(&r, false), 0, &s, &err), err);
    for (size_t n = 0; n < 50; n++) {
        for (size_t i = 0; i < N_FEATURES; i++) {
            row32[i] = (float)pick(&r);
            row[i] = (double)row32[i];
        }
        for (size_t k = 0; k < sizeof levels / sizeof *levels; k++) {
            if ((nxc__cpu_detect() & levels[k].needs) != levels[k].needs)
                continue;
            nxc__forest_scorer_set_cpu(s, levels[k].cpu);
            assert_ok(nxc__forest_scorer_explain(s, k % 2 ? NULL : row,
                                                 k % 2 ? row32 : NULL, 1, got,
                                                 &expected, &err),
                      err);
            if (k == 0) memcpy(want, got, sizeof want);
            assert_memory_equal(got, want, sizeof want);
        }
    }
    nxc__forest_scorer_free(s);
}

static void without_counts_there_are_none(void **state) {
    (void)state;
    nxc__forest *f;
    nxc__forest_scorer *s;
    nxc__forest_node *nodes;
    nxc_error err;
    double *leaves, row[1] = {0}, out[1], expected;
    assert_ok(nxc__forest_new(NULL, NULL, &f, &err), err);
    f->n_features = 1;
    assert_ok(nxc__forest_add_tree(f, 2, &nodes, &leaves, &err), err);
    nodes[0].left = ~0;
    nodes[0].right = ~1;
    nxc__forest_seal(f);
    assert_ok(nxc__forest_scorer_new(f, 0, &s, &err), err);
    assert_int_equal(
        nxc__forest_scorer_explain(s, row, NULL, 1, out, &expected, &err),
        NXC_ERR_UNSUPPORTED);
    nxc__forest_scorer_free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contributions_are_shapley_values),
        cmocka_unit_test(levels_agree_in_every_bit),
        cmocka_unit_test(without_counts_there_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
