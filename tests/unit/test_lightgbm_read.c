#include <stdio.h>

#include "base/buffer.h"
#include "ranker/kernels/forest_kernel.h"
#include "ranker/lightgbm_read.h"
#include "support/nxc_test.h"
#include "support/small_model.h"

static const char model[] = NXC_SMALL_MODEL;

/* Read a copy of the exact size, so that ASan sees an over-read. */
static nxc_status read_exact(nxc_str text, const nxc__forest_limits *limits,
                             nxc__forest **out, nxc_error *err) {
    char *copy = test_malloc(text.len ? text.len : 1);
    if (text.len) memcpy(copy, text.ptr, text.len);
    nxc_status st = nxc__lightgbm_read(
        NXC_STR("m.txt"), (nxc_str){copy, text.len}, limits, NULL, out, err);
    test_free(copy);
    return st;
}

/* The small model with the n-th occurrence of from replaced by to. */
static nxc_str edit(char *buf, size_t cap, const char *from, size_t n,
                    const char *to) {
    const char *at = model - 1;
    do
        at = strstr(at + 1, from);
    while (at && n--);
    if (!at) fail_msg("the model has no \"%s\"", from);
    int len = snprintf(buf, cap, "%.*s%s%s", (int)(at - model), model, to,
                       at + strlen(from));
    assert_true(len > 0 && (size_t)len < cap);
    return (nxc_str){buf, (size_t)len};
}

static void reads_the_small_model(void **state) {
    (void)state;
    nxc__forest *f;
    nxc_error err;
    assert_ok(read_exact(nxc__str(model), NULL, &f, &err), err);
    assert_int_equal(f->n_trees, 4);
    assert_int_equal(f->n_features, 3);
    assert_string_equal(f->feature_names[1], "beta");
    assert_true(f->has_own_names);
    assert_false(f->is_average);
    assert_int_equal(f->trees[0].n_nodes, 2);
    assert_int_equal(f->nodes[1].feature, 1);
    assert_true(f->nodes[1].split.threshold == -1.5);
    assert_int_equal(f->nodes[1].left, -1);
    assert_int_equal(f->nodes[1].right, -3);
    assert_int_equal(f->trees[1].first_node, 2);
    assert_int_equal(f->trees[1].first_leaf, 3);
    assert_int_equal(f->nodes[2].split.set.n_words, 2);
    assert_int_equal(f->cat_words[1], 2);
    assert_int_equal(f->trees[2].n_nodes, 0);
    assert_true(f->leaf_values[f->trees[2].first_leaf] == 32);
    nxc__forest_free(f);
}

/* Every accepted variant must give the same forest. */
static void accepts_variants(void **state) {
    (void)state;
    static const struct {
        const char *from, *to;
        size_t n;
    } cases[] = {
        {"version=v4", "version=v2", 0},
        {"version=v4", "version=v3", 0},
        {"num_tree_per_iteration=1\n", "", 0},
        {"tree_sizes=1 1 1 1\n", "", 0},
        {"tree_sizes=1 1 1 1\n", "tree_sizes=400 200 9 99999999999\n", 0},
        {"feature_infos=[-1:1] [-2:2] 1:3:33\n", "", 0},
        {"label_index=0\n", "", 0},
        {"objective=lambdarank\n", "", 0},
        {"objective=lambdarank\n", "objective=binary sigmoid:1\n", 0},
        {"objective=lambdarank\n", "some_new_key=1=2=3\n", 0},
        {"is_linear=0\n", "", 0},
        {"shrinkage=0.1\n", "leaf_parent=0 1 1\nhas_categorical=0\n", 0},
        {"end of trees\n", "feature importances:\n", 0},
        {"end of trees\n", "end of trees", 0},
        {"end of trees\n", "end of trees\n\nparameters:\n[x: \x01\n", 0},
        {"leaf_value=1 4 2", "leaf_value=  1   4e0 2.0  ", 0},
        {"num_leaves=3", "num_leaves= 3 ", 0},
        {"\n\n\nTree=1", "\n\n\n\n\nTree=1", 0},
        {"\n\n\nTree=1", "\n\nTree=7", 0},
        {"threshold=0.5 -1.5\ndecision_type=10 4\n",
         "decision_type=10 4\nthreshold=.5 -15e-1\n", 0},
    };
    nxc__forest *want, *got;
    nxc_error err;
    char buf[4096];
    assert_ok(read_exact(nxc__str(model), NULL, &want, &err), err);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nxc_str text =
            edit(buf, sizeof buf, cases[i].from, cases[i].n, cases[i].to);
        if (read_exact(text, NULL, &got, &err) != NXC_OK)
            fail_msg("\"%s\" for \"%s\": %s", cases[i].to, cases[i].from,
                     err.message);
        assert_int_equal(got->n_trees, want->n_trees);
        assert_memory_equal(got->trees, want->trees, want->tree_buf.len);
        assert_memory_equal(got->nodes, want->nodes, want->node_buf.len);
        assert_memory_equal(got->leaf_values, want->leaf_values,
                            want->leaf_buf.len);
        assert_memory_equal(got->cat_words, want->cat_words,
                            want->word_buf.len);
        nxc__forest_free(got);
    }
    size_t n = 0; /* line ends of another system */
    for (const char *p = model; *p; p++) {
        if (*p == '\n') buf[n++] = '\r';
        buf[n++] = *p;
    }
    assert_ok(read_exact((nxc_str){buf, n}, NULL, &got, &err), err);
    assert_memory_equal(got->nodes, want->nodes, want->node_buf.len);
    nxc__forest_free(got);
    nxc__forest_free(want);
}

/* A missing decision_type is 0 for every node, as in old files. */
static void decision_type_may_be_absent(void **state) {
    (void)state;
    nxc__forest *f;
    nxc_error err;
    char buf[4096];
    assert_ok(read_exact(edit(buf, sizeof buf, "decision_type=10 4\n", 0, ""),
                         NULL, &f, &err),
              err);
    assert_int_equal(f->nodes[0].decision, 0);
    assert_int_equal(f->nodes[1].decision, 0);
    nxc__forest_free(f);
}

static const struct {
    const char *from, *to;
    size_t n; /* which occurrence */
    nxc_status status;
    const char *message;
} bad[] = {
    /* the header */
    {"tree\n", "Tree\n", 0, NXC_ERR_PARSE,
     "m.txt:1: expected \"tree\" as the first line of a LightGBM model, got "
     "\"Tree\""},
    {"version=v4\n", "", 0, NXC_ERR_PARSE,
     "m.txt:1: expected version, got none"},
    {"version=v4", "version=v5", 0, NXC_ERR_UNSUPPORTED,
     "m.txt:2: expected version v2, v3 or v4, got \"v5\""},
    {"version=v4", "version=v4\nversion=v4", 0, NXC_ERR_PARSE,
     "m.txt:3: expected one version, got a second"},
    {"num_class=1\n", "", 0, NXC_ERR_PARSE,
     "m.txt:1: expected num_class, got none"},
    {"num_class=1", "num_class=3", 0, NXC_ERR_UNSUPPORTED,
     "m.txt:3: expected num_class 1, got 3: a model of several outputs cannot "
     "rank"},
    {"num_class=1", "num_class=one", 0, NXC_ERR_PARSE,
     "m.txt:3: expected an integer as num_class, got \"one\""},
    {"iteration=1", "iteration=2", 0, NXC_ERR_UNSUPPORTED,
     "m.txt:4: expected num_tree_per_iteration 1, got 2: a model of several "
     "outputs cannot rank"},
    {"iteration=1", "iteration=", 0, NXC_ERR_PARSE,
     "m.txt:4: expected an integer as num_tree_per_iteration, got \"\""},
    {"max_feature_idx=2\n", "", 0, NXC_ERR_PARSE,
     "m.txt:1: expected max_feature_idx, got none"},
    {"max_feature_idx=2", "max_feature_idx=-1", 0, NXC_ERR_PARSE,
     "m.txt:6: expected max_feature_idx >= 0, got -1"},
    {"max_feature_idx=2", "max_feature_idx=2.5", 0, NXC_ERR_PARSE,
     "m.txt:6: expected an integer as max_feature_idx, got \"2.5\""},
    {"max_feature_idx=2", "max_feature_idx=3", 0, NXC_ERR_PARSE,
     "m.txt:8: expected 4 values in feature_names, got 3"},
    {"max_feature_idx=2", "max_feature_idx=1", 0, NXC_ERR_PARSE,
     "m.txt:8: expected 2 values in feature_names, got 3"},
    {"max_feature_idx=2", "max_feature_idx=4096", 0, NXC_ERR_LIMIT,
     "m.txt:6: expected at most 4096 features, got max_feature_idx 4096"},
    {"max_feature_idx=2", "max_feature_idx=4095", 0, NXC_ERR_PARSE,
     "m.txt:8: expected 4096 values in feature_names, got a line for at most "
     "8"},
    {"max_feature_idx=2", "max_feature_idx=9223372036854775807", 0,
     NXC_ERR_LIMIT,
     "m.txt:6: expected at most 4096 features, got max_feature_idx "
     "9223372036854775807"},
    {"max_feature_idx=2", "max_feature_idx=9223372036854775808", 0,
     NXC_ERR_PARSE,
     "m.txt:6: expected an integer as max_feature_idx, got "
     "\"9223372036854775808\""},
    {"feature_names=alpha beta gamma\n", "", 0, NXC_ERR_PARSE,
     "m.txt:1: expected feature_names, got none"},
    {"tree_sizes=1 1 1 1", "tree_sizes=1 1 1 1 1", 0, NXC_ERR_PARSE,
     "m.txt:10: expected 5 trees by tree_sizes, got 4"},
    {"tree_sizes=1 1 1 1", "tree_sizes=", 0, NXC_ERR_PARSE,
     "m.txt:10: expected 0 trees by tree_sizes, got 4"},
    /* counts of a tree */
    {"num_leaves=3\n", "", 0, NXC_ERR_PARSE,
     "m.txt:12: expected num_leaves, got none"},
    {"num_leaves=3", "num_leaves=-1", 0, NXC_ERR_PARSE,
     "m.txt:13: expected num_leaves > 0, got -1"},
    {"num_leaves=3", "num_leaves=0", 0, NXC_ERR_PARSE,
     "m.txt:13: expected num_leaves > 0, got 0"},
    {"num_leaves=3", "num_leaves=2", 0, NXC_ERR_PARSE,
     "m.txt:21: expected 2 values in leaf_value, got 3"},
    {"num_leaves=3", "num_leaves=4", 0, NXC_ERR_PARSE,
     "m.txt:21: expected 4 values in leaf_value, got a line for at most 3"},
    {"num_leaves=3", "num_leaves=1000000000000", 0, NXC_ERR_PARSE,
     "m.txt:21: expected 1000000000000 values in leaf_value, got a line for at "
     "most 3"},
    {"num_leaves=3", "num_leaves=3x", 0, NXC_ERR_PARSE,
     "m.txt:13: expected an integer as num_leaves, got \"3x\""},
    {"num_leaves=3", "num_leaves=3\nnum_leaves=3", 0, NXC_ERR_PARSE,
     "m.txt:14: expected one num_leaves, got a second"},
    {"num_cat=0\n", "", 0, NXC_ERR_PARSE,
     "m.txt:12: expected num_cat, got none"},
    {"num_cat=0", "num_cat=-1", 0, NXC_ERR_PARSE,
     "m.txt:14: expected num_cat in [0, 2], got -1"},
    {"num_cat=0", "num_cat=3", 0, NXC_ERR_PARSE,
     "m.txt:14: expected num_cat in [0, 2], got 3"},
    {"num_cat=0", "num_cat=1", 0, NXC_ERR_PARSE,
     "m.txt:12: expected cat_boundaries, got none"},
    {"num_cat=1", "num_cat=0", 0, NXC_ERR_PARSE,
     "m.txt:35: expected threshold[0] of a categorical split as one of 0 "
     "sets, got \"0\""},
    {"is_linear=0", "is_linear=1", 0, NXC_ERR_PARSE,
     "m.txt:12: expected leaf_const, got none"},
    {"is_linear=0", "is_linear=2", 0, NXC_ERR_PARSE,
     "m.txt:27: expected is_linear 0 or 1, got 2"},
    {"is_linear=0", "is_linear=-1", 0, NXC_ERR_PARSE,
     "m.txt:27: expected is_linear 0 or 1, got -1"},
    {"is_linear=0", "is_linear=", 0, NXC_ERR_PARSE,
     "m.txt:27: expected an integer as is_linear, got \"\""},
    /* lists of nodes */
    {"split_feature=0 1\n", "", 0, NXC_ERR_PARSE,
     "m.txt:12: expected split_feature, got none"},
    {"split_feature=0 1", "split_feature=0", 0, NXC_ERR_PARSE,
     "m.txt:15: expected 2 values in split_feature, got a line for at most 1"},
    {"split_feature=0 1", "split_feature=000", 0, NXC_ERR_PARSE,
     "m.txt:15: expected 2 values in split_feature, got 1"},
    {"split_feature=0 1", "split_feature=0 1 2", 0, NXC_ERR_PARSE,
     "m.txt:15: expected 2 values in split_feature, got 3"},
    {"split_feature=0 1", "split_feature=0 3", 0, NXC_ERR_PARSE,
     "m.txt:15: expected split_feature[1] in [0, 2], got \"3\""},
    {"split_feature=0 1", "split_feature=-1 1", 0, NXC_ERR_PARSE,
     "m.txt:15: expected split_feature[0] in [0, 2], got \"-1\""},
    {"split_feature=0 1", "split_feature=0\t1 1", 0, NXC_ERR_PARSE,
     "m.txt:15: expected split_feature[0] in [0, 2], got \"0?1\""},
    {"threshold=0.5 -1.5\n", "", 0, NXC_ERR_PARSE,
     "m.txt:12: expected threshold, got none"},
    {"threshold=0.5 -1.5", "threshold=0.5", 0, NXC_ERR_PARSE,
     "m.txt:17: expected 2 values in threshold, got 1"},
    {"threshold=0.5 -1.5", "threshold=0,5 -1.5", 0, NXC_ERR_PARSE,
     "m.txt:17: expected a number as threshold[0], got \"0,5\""},
    {"threshold=0.5 -1.5", "threshold=0.5 nan", 0, NXC_ERR_PARSE,
     "m.txt:17: expected a number as threshold[1], got \"nan\""},
    {"decision_type=10 4", "decision_type=10", 0, NXC_ERR_PARSE,
     "m.txt:18: expected 2 values in decision_type, got 1"},
    {"decision_type=10 4", "decision_type=12 4", 0, NXC_ERR_PARSE,
     "m.txt:18: expected decision_type[0] in [0, 11], got \"12\""},
    {"decision_type=10 4", "decision_type=10 -1", 0, NXC_ERR_PARSE,
     "m.txt:18: expected decision_type[1] in [0, 11], got \"-1\""},
    {"left_child=1 -1\n", "", 0, NXC_ERR_PARSE,
     "m.txt:12: expected left_child, got none"},
    {"left_child=1 -1", "left_child=2 -1", 0, NXC_ERR_PARSE,
     "m.txt:19: expected left_child[0] in [-3, 1], got 2"},
    {"left_child=1 -1", "left_child=1 -4", 0, NXC_ERR_PARSE,
     "m.txt:19: expected left_child[1] in [-3, 1], got -4"},
    {"left_child=1 -1", "left_child=1 -2147483648", 0, NXC_ERR_PARSE,
     "m.txt:19: expected left_child[1] in [-3, 1], got -2147483648"},
    {"left_child=1 -1", "left_child=1 2147483648", 0, NXC_ERR_PARSE,
     "m.txt:19: expected left_child[1] in [-2147483648, 2147483647], got "
     "\"2147483648\""},
    {"left_child=1 -1", "left_child=0 -1", 0, NXC_ERR_PARSE,
     "m.txt:19: expected each node once, got node 0 again in left_child[0]"},
    {"left_child=1 -1", "left_child=1 1", 0, NXC_ERR_PARSE,
     "m.txt:19: expected each node once, got node 1 again in left_child[1]"},
    {"left_child=1 -1", "left_child=1 -3", 0, NXC_ERR_PARSE,
     "m.txt:19: expected each leaf once, got leaf 2 again in right_child[1]"},
    {"left_child=1 -1", "left_child=-1 1", 0, NXC_ERR_PARSE,
     "m.txt:19: expected 2 nodes reached from the root, got 1"},
    {"right_child=-2 -3\n", "", 0, NXC_ERR_PARSE,
     "m.txt:12: expected right_child, got none"},
    {"right_child=-2 -3", "right_child=1 -3", 0, NXC_ERR_PARSE,
     "m.txt:19: expected each node once, got node 1 again in right_child[0]"},
    {"right_child=-2 -3", "right_child=5 -3", 0, NXC_ERR_PARSE,
     "m.txt:19: expected right_child[0] in [-3, 1], got 5"},
    {"leaf_value=1 4 2\n", "", 0, NXC_ERR_PARSE,
     "m.txt:12: expected leaf_value, got none"},
    {"leaf_value=1 4 2", "leaf_value=1 4 x", 0, NXC_ERR_PARSE,
     "m.txt:21: expected a finite number as leaf_value[2], got \"x\""},
    {"leaf_value=1 4 2", "leaf_value=1 4 nan", 0, NXC_ERR_PARSE,
     "m.txt:21: expected a finite number as leaf_value[2], got \"nan\""},
    {"leaf_value=1 4 2", "leaf_value=1 1e999 2", 0, NXC_ERR_PARSE,
     "m.txt:21: expected a finite number as leaf_value[1], got \"1e999\""},
    /* categories: tree 1 starts at line 31 */
    {"cat_boundaries=0 2\n", "", 0, NXC_ERR_PARSE,
     "m.txt:31: expected cat_boundaries, got none"},
    {"cat_threshold=10 2\n", "", 0, NXC_ERR_PARSE,
     "m.txt:31: expected cat_threshold, got none"},
    {"cat_boundaries=0 2", "cat_boundaries=0", 0, NXC_ERR_PARSE,
     "m.txt:40: expected 2 values in cat_boundaries, got a line for at most 1"},
    {"cat_boundaries=0 2", "cat_boundaries=0 2 2", 0, NXC_ERR_PARSE,
     "m.txt:40: expected 2 values in cat_boundaries, got 3"},
    {"cat_boundaries=0 2", "cat_boundaries=1 2", 0, NXC_ERR_PARSE,
     "m.txt:40: expected cat_boundaries[0] in [0, 0], got \"1\""},
    {"cat_boundaries=0 2", "cat_boundaries=0 3", 0, NXC_ERR_PARSE,
     "m.txt:40: expected cat_boundaries[1] in [0, 2], got \"3\""},
    {"cat_boundaries=0 2", "cat_boundaries=0 4294967298", 0, NXC_ERR_PARSE,
     "m.txt:40: expected cat_boundaries[1] in [0, 2], got \"4294967298\""},
    {"cat_boundaries=0 2", "cat_boundaries=0 -2", 0, NXC_ERR_PARSE,
     "m.txt:40: expected cat_boundaries[1] in [0, 2], got \"-2\""},
    {"cat_boundaries=0 2", "cat_boundaries=0 1", 0, NXC_ERR_PARSE,
     "m.txt:40: expected cat_boundaries to end at 2 words, got 1"},
    {"cat_threshold=10 2", "cat_threshold=10 4294967296", 0, NXC_ERR_PARSE,
     "m.txt:41: expected cat_threshold[1] in [0, 4294967295], got "
     "\"4294967296\""},
    {"cat_threshold=10 2", "cat_threshold=10 -2", 0, NXC_ERR_PARSE,
     "m.txt:41: expected cat_threshold[1] in [0, 4294967295], got \"-2\""},
    {"cat_threshold=10 2", "cat_threshold=", 0, NXC_ERR_PARSE,
     "m.txt:40: expected cat_boundaries[1] in [0, 0], got \"2\""},
    {"threshold=0\n", "threshold=1\n", 0, NXC_ERR_PARSE,
     "m.txt:35: expected threshold[0] of a categorical split as one of 1 "
     "sets, got \"1\""},
    {"threshold=0\n", "threshold=-1\n", 0, NXC_ERR_PARSE,
     "m.txt:35: expected threshold[0] of a categorical split as one of 1 "
     "sets, got \"-1\""},
    {"threshold=0\n", "threshold=0.5\n", 0, NXC_ERR_PARSE,
     "m.txt:35: expected threshold[0] of a categorical split as one of 1 "
     "sets, got \"0.5\""},
    {"threshold=0\n", "threshold=inf\n", 0, NXC_ERR_PARSE,
     "m.txt:35: expected threshold[0] of a categorical split as one of 1 "
     "sets, got \"inf\""},
    /* between trees and at the end */
    {"Tree=2\n", "Tre=2\n", 0, NXC_ERR_PARSE,
     "m.txt:44: expected \"Tree=\" or \"end of trees\", got \"Tre=2\""},
    {"end of trees\n", "", 0, NXC_ERR_PARSE,
     "m.txt:62: expected \"end of trees\", got the end of the file after 4 "
     "trees"},
};

static void names_what_is_wrong(void **state) {
    (void)state;
    char buf[4096];
    nxc_error err;
    nxc__forest *const none = (nxc__forest *)(uintptr_t)16;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nxc__forest *f = none;
        nxc_str text = edit(buf, sizeof buf, bad[i].from, bad[i].n, bad[i].to);
        nxc_status st = read_exact(text, NULL, &f, &err);
        if (st != bad[i].status || st != err.code ||
            strcmp(err.message, bad[i].message) != 0)
            fail_msg("\"%s\" for \"%s\": expected %s: %s; got %s: %s",
                     bad[i].to, bad[i].from, nxc_status_name(bad[i].status),
                     bad[i].message, nxc_status_name(st), err.message);
        assert_ptr_equal(f, none);
    }
}

/* Tree 0 of the small model with a sum in its leaves 0 and 2. */
#define LINEAR                                               \
    "is_linear=1\nleaf_const=0.5 3 -1\nnum_features=2 0 1\n" \
    "leaf_features=2 0   1 \nleaf_coeff=10 100   -0.25 \n"

static nxc_str linear_model(char *buf, size_t cap) {
    return edit(buf, cap, "is_linear=0\n", 0, LINEAR);
}

static void reads_linear_leaves(void **state) {
    (void)state;
    char buf[4096];
    nxc__forest *f;
    nxc_error err;
    nxc_str text = linear_model(buf, sizeof buf);
    assert_ok(read_exact(text, NULL, &f, &err), err);
    assert_int_equal(f->trees[0].first_linear, 0);
    assert_int_equal(f->trees[1].first_linear, NXC_NOT_LINEAR);
    assert_true(f->linear[0].constant == 0.5);
    assert_int_equal(f->linear[1].n_terms, 0);
    assert_int_equal(f->linear[2].first_term, 2);
    assert_true(f->terms[2].coefficient == -0.25);
    assert_int_equal(f->terms[1].feature, 0);
    /* other trees: 8 + 32 + 64 for f2 not in the set, f0 <= inf */
    static const struct {
        double row[3], score;
    } cases[] = {
        {{0.25, -2, 5}, 104 + (0.5 + 10 * 5.0 + 100 * 0.25)}, /* leaf 0 */
        {{0.25, 1, 5}, 104 + (-1 - 0.25 * 1)},                /* leaf 2 */
        {{0.75, 1, 5}, 104 + 3},      /* leaf 1: no terms */
        {{0.25, -2, NAN}, 104 + 1},   /* falls back to leaf_value */
        {{NAN, -2, 5}, 104 + 1},      /* so does it for the split's */
        {{0.75, NAN, NAN}, 104 + 3},  /* but not for others */
        {{1e-35, -2, 5}, 104 + 50.5}, /* counts as 0 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double got;
        nxc__forest_ref_f64(f, cases[i].row, 1, &got);
        if (got != cases[i].score)
            fail_msg("row %zu: expected %.17g, got %.17g", i, cases[i].score,
                     got);
    }
    nxc__forest_free(f);
}

static const struct {
    const char *from, *to, *message;
} bad_linear[] = {
    {"leaf_const=0.5 3 -1\n", "", "m.txt:12: expected leaf_const, got none"},
    {"leaf_const=0.5 3 -1", "leaf_const=0.5 3",
     "m.txt:28: expected 3 values in leaf_const, got 2"},
    {"leaf_const=0.5", "leaf_const=inf",
     "m.txt:28: expected a finite number as leaf_const[0], got \"inf\""},
    {"num_features=2 0 1\n", "", "m.txt:12: expected num_features, got none"},
    {"num_features=2 0 1", "num_features=2 0",
     "m.txt:29: expected 3 values in num_features, got 2"},
    {"num_features=2 0 1", "num_features=-1 0 1",
     "m.txt:29: expected num_features[0] in [0, 3], got \"-1\""},
    {"num_features=2 0 1", "num_features=4 0 1",
     "m.txt:29: expected num_features[0] in [0, 3], got \"4\""},
    {"num_features=2 0 1", "num_features=3 0 1",
     "m.txt:30: expected 4 values in leaf_features, got 3"},
    {"num_features=2 0 1", "num_features=1 0 1",
     "m.txt:30: expected 2 values in leaf_features, got 3"},
    {"num_features=2 0 1", "num_features=3 3 3",
     "m.txt:30: expected 9 values in leaf_features, got a line for at most 4"},
    {"leaf_features=2 0   1 \n", "",
     "m.txt:12: expected leaf_features, got none"},
    {"leaf_features=2 0   1", "leaf_features=2 3   1",
     "m.txt:30: expected leaf_features[1] in [0, 2], got \"3\""},
    {"leaf_features=2 0   1", "leaf_features=2 -1   1",
     "m.txt:30: expected leaf_features[1] in [0, 2], got \"-1\""},
    {"leaf_coeff=10 100   -0.25 \n", "",
     "m.txt:12: expected leaf_coeff, got none"},
    {"leaf_coeff=10 100", "leaf_coeff=10",
     "m.txt:31: expected 3 values in leaf_coeff, got 2"},
    {"leaf_coeff=10 100", "leaf_coeff=10 nan",
     "m.txt:31: expected a finite number as leaf_coeff[1], got \"nan\""},
};

static void names_what_is_wrong_with_a_linear_tree(void **state) {
    (void)state;
    char text[4096], buf[4096];
    nxc__forest *f;
    nxc_error err;
    nxc_str whole = linear_model(text, sizeof text);
    for (size_t i = 0; i < sizeof bad_linear / sizeof *bad_linear; i++) {
        const char *at = strstr(text, bad_linear[i].from);
        assert_non_null(at);
        int n = snprintf(buf, sizeof buf, "%.*s%s%s", (int)(at - text), text,
                         bad_linear[i].to, at + strlen(bad_linear[i].from));
        nxc_status st = read_exact((nxc_str){buf, (size_t)n}, NULL, &f, &err);
        if (st != NXC_ERR_PARSE ||
            strcmp(err.message, bad_linear[i].message) != 0)
            fail_msg("\"%s\": expected %s; got %s: %s", bad_linear[i].to,
                     bad_linear[i].message, nxc_status_name(st), err.message);
    }
    for (size_t n = 0; n < whole.len - 2; n++)
        assert_int_not_equal(read_exact((nxc_str){text, n}, NULL, &f, &err),
                             NXC_OK);
    uint64_t seed = 3;
    for (int round = 0; round < 20000; round++) { /* what is read is walked */
        static const double row[3] = {0.25, -2, 5};
        double score;
        memcpy(buf, text, whole.len);
        size_t at = (size_t)(strstr(text, "is_linear") - text);
        buf[at + nxc_random(&seed) % 100] =
            "0123456789-. \n="[nxc_random(&seed) % 15];
        if (read_exact((nxc_str){buf, whole.len}, NULL, &f, &err) != NXC_OK)
            continue;
        nxc__forest_ref_f64(f, row, 1, &score);
        nxc__forest_free(f);
    }
}

static void every_truncation_is_refused(void **state) {
    (void)state;
    nxc__forest *f;
    nxc_error err;
    for (size_t n = 0; n < sizeof model - 2; n++) {
        nxc_status st = read_exact((nxc_str){model, n}, NULL, &f, &err);
        /* "version=v" and "num_class=" cut short read as another value */
        if (st != NXC_ERR_PARSE && st != NXC_ERR_UNSUPPORTED)
            fail_msg("%zu bytes: expected a refusal, got %s", n,
                     nxc_status_name(st));
    }
    assert_int_equal(nxc__lightgbm_read(NXC_STR("m"), (nxc_str){NULL, 0}, NULL,
                                        NULL, &f, NULL),
                     NXC_ERR_PARSE);
}

/* Any one byte changed: refused or read, never a crash; what is read holds the
 * invariants that the walk relies on. */
static void check_invariants(const nxc__forest *f) {
    for (size_t t = 0; t < f->n_trees; t++) {
        const nxc__forest_tree *tree = &f->trees[t];
        assert_int_equal(tree->n_leaves, tree->n_nodes + 1);
        for (size_t i = 0; i < tree->n_nodes; i++) {
            const nxc__forest_node *node = &f->nodes[tree->first_node + i];
            assert_in_range(node->left + (int64_t)tree->n_leaves, 0,
                            2 * tree->n_leaves - 2);
            assert_in_range(node->right + (int64_t)tree->n_leaves, 0,
                            2 * tree->n_leaves - 2);
            assert_true(node->feature < f->n_features);
            if (node->decision & NXC_DECISION_CATEGORICAL)
                assert_true(node->split.set.first_word +
                                node->split.set.n_words <=
                            f->word_buf.len / sizeof(uint32_t));
        }
    }
}
static void flipped_bits(void **state) {
    (void)state;
    char buf[sizeof model];
    nxc__forest *f;
    nxc_error err;
    size_t n_read = 0;
    for (size_t i = 0; i < sizeof model - 1; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(buf, model, sizeof model);
            buf[i] = (char)(buf[i] ^ (1 << bit));
            if (read_exact((nxc_str){buf, sizeof model - 1}, NULL, &f, &err) !=
                NXC_OK)
                continue;
            n_read++;
            check_invariants(f);
            nxc__forest_free(f);
        }
    assert_true(n_read > 0);
}

/* Several bytes replaced by what the format is made of. */
static void scrambled(void **state) {
    (void)state;
    static const char alphabet[] = "0123456789-=. \n\reTinfax";
    char buf[sizeof model];
    nxc__forest *f;
    nxc_error err;
    uint64_t seed = 11;
    for (int round = 0; round < 20000; round++) {
        memcpy(buf, model, sizeof model);
        for (uint64_t k = 1 + nxc_random(&seed) % 4; k > 0; k--)
            buf[nxc_random(&seed) % (sizeof model - 1)] =
                alphabet[nxc_random(&seed) % (sizeof alphabet - 1)];
        if (read_exact((nxc_str){buf, sizeof model - 1}, NULL, &f, &err) !=
            NXC_OK)
            continue;
        check_invariants(f);
        nxc__forest_free(f);
    }
}

/* --------------------------------------------------------------- limits */

static void append_head(nxc__buffer *b, size_t n_features) {
    nxc__buffer_printf(b,
                       "tree\nversion=v4\nnum_class=1\nmax_feature_idx=%zu\n"
                       "feature_names=f",
                       n_features - 1);
    for (size_t i = 1; i < n_features; i++)
        nxc__buffer_append_z(b, " f");
    nxc__buffer_append_z(b, "\n\n");
}
static void append_row(nxc__buffer *b, const char *key, size_t n,
                       const char *value) {
    nxc__buffer_append_z(b, key);
    for (size_t i = 0; i < n; i++)
        nxc__buffer_append_z(b, value);
    nxc__buffer_append_char(b, '\n');
}
/* A tree that goes down by one node at each step. */
static void append_chain(nxc__buffer *b, size_t n_leaves) {
    nxc__buffer_printf(b, "Tree=0\nnum_leaves=%zu\nnum_cat=0\n", n_leaves);
    append_row(b, "split_feature=", n_leaves - 1, "0 ");
    append_row(b, "threshold=", n_leaves - 1, "0 ");
    append_row(b, "leaf_value=", n_leaves, "1 ");
    nxc__buffer_append_z(b, "left_child=");
    for (size_t i = 1; i < n_leaves; i++)
        nxc__buffer_printf(b, "-%zu ", i);
    nxc__buffer_append_z(b, "\nright_child=");
    for (size_t i = 1; i < n_leaves - 1; i++)
        nxc__buffer_printf(b, "%zu ", i);
    nxc__buffer_printf(b, "-%zu\n\n", n_leaves);
}
static void expect(nxc__buffer *b, const nxc__forest_limits *limits,
                   nxc_status status, const char *message) {
    nxc__forest *f;
    nxc_error err = {NXC_OK, ""};
    nxc__buffer_append_z(b, "end of trees\n");
    assert_int_equal(b->status, NXC_OK);
    nxc_status st = read_exact(nxc__buffer_str(b), limits, &f, &err);
    if (st != status || strcmp(err.message, message) != 0)
        fail_msg("expected %s: %s; got %s: %s", nxc_status_name(status),
                 message, nxc_status_name(st), err.message);
    if (st == NXC_OK) nxc__forest_free(f);
    b->len = 0;
}

static void limits_hold(void **state) {
    (void)state;
    nxc__buffer b;
    nxc__buffer_init(&b, &nxc__allocator_default, (size_t)4 << 20);
    const nxc__forest_limits *def = &nxc__forest_limits_default;
    for (size_t over = 0; over < 2; over++) {
        append_head(&b, 1);
        for (size_t i = 0; i < def->max_trees + over; i++)
            nxc__buffer_append_z(
                &b, "Tree=0\nnum_leaves=1\nnum_cat=0\nleaf_value=1\n\n");
        expect(&b, NULL, over ? NXC_ERR_LIMIT : NXC_OK,
               over ? "m.txt:50008: expected at most 10000 trees, got more"
                    : "");
        append_head(&b, def->max_features + over);
        append_chain(&b, 2);
        expect(&b, NULL, over ? NXC_ERR_LIMIT : NXC_OK,
               over ? "m.txt:4: expected at most 4096 features, got "
                      "max_feature_idx 4096"
                    : "");
        append_head(&b, 1);
        append_chain(&b, def->max_depth + 1 + over);
        expect(&b, NULL, over ? NXC_ERR_LIMIT : NXC_OK,
               over ? "m.txt:13: expected a depth of at most 512, got more"
                    : "");
        nxc__forest_limits few = *def;
        few.max_leaves = 10; /* over all trees */
        append_head(&b, 1);
        append_chain(&b, 4);
        append_chain(&b, 6 + over);
        expect(&b, &few, over ? NXC_ERR_LIMIT : NXC_OK,
               over ? "m.txt:17: expected at most 10 leaves in all trees, got "
                      "11"
                    : "");
    }
    append_head(&b, 1);
    expect(&b, NULL, NXC_ERR_PARSE,
           "m.txt:7: expected a tree, got \"end of trees\"");
    nxc__buffer_release(&b);
}

/* A message has room for both what is wrong and a cut name; an error that
 * nobody wants is not written. */
static void names_are_cut(void **state) {
    (void)state;
    char name[500], expected[sizeof(nxc_error)];
    nxc__forest *f;
    nxc_error err;
    memset(name, 'n', sizeof name);
    snprintf(expected, sizeof expected,
             "%.80s:2: expected version v2, v3 or "
             "v4, got \"%.80s\"",
             name, name);
    char text[600];
    int len = snprintf(text, sizeof text, "tree\nversion=%.500s\n", name);
    nxc_str t = {text, (size_t)len};
    assert_int_equal(nxc__lightgbm_read((nxc_str){name, sizeof name}, t, NULL,
                                        NULL, &f, &err),
                     NXC_ERR_UNSUPPORTED);
    assert_true(strstr(err.message, "got \"nnn") != NULL);
    assert_string_equal(err.message, expected);
    assert_int_equal(
        nxc__lightgbm_read((nxc_str){NULL, 0}, t, NULL, NULL, &f, NULL),
        NXC_ERR_UNSUPPORTED);
}

/* A ring of nodes beside the tree that the root reaches. */
static void finds_a_detached_ring(void **state) {
    (void)state;
    static const char tail[] =
        "Tree=0\nnum_leaves=5\nnum_cat=0\nsplit_feature=0 0 0 0\n"
        "threshold=0 0 0 0\nleaf_value=1 1 1 1 1\n"
        "left_child=1 -1 3 2\nright_child=-2 -3 -4 -5\n\n";
    nxc__buffer b;
    nxc__buffer_init(&b, &nxc__allocator_default, 4096);
    append_head(&b, 1);
    nxc__buffer_append_z(&b, tail);
    expect(&b, NULL, NXC_ERR_PARSE,
           "m.txt:13: expected 4 nodes reached from the root, got 2");
    nxc__buffer_release(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_small_model),
        cmocka_unit_test(accepts_variants),
        cmocka_unit_test(decision_type_may_be_absent),
        cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(reads_linear_leaves),
        cmocka_unit_test(names_what_is_wrong_with_a_linear_tree),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(flipped_bits),
        cmocka_unit_test(scrambled),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(names_are_cut),
        cmocka_unit_test(finds_a_detached_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
