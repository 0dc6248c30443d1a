#include "ranker/forest.h"

#include <string.h>

#include "base/checked.h"

const nxc__forest_limits nxc__forest_limits_default = {
    .max_trees = 10000,
    .max_leaves = (size_t)1 << 20,
    .max_features = 4096,
    .max_depth = 512,
};

/* Of all names together. */
#define MAX_NAME_BYTES ((size_t)16 << 20)
/* Of all category sets, and of all linear terms, together; the reader also
 * bounds them by the text. */
#define MAX_WORD_BYTES ((size_t)256 << 20)
#define MAX_TERM_BYTES ((size_t)1 << 30)

_Static_assert(sizeof(nxc__forest_node) == 24, "three nodes in 72 bytes");

nxc_status nxc__forest_new(const nxc_allocator *alloc,
                           const nxc__forest_limits *limits, nxc__forest **out,
                           nxc_error *err) {
    alloc = nxc__allocator_or_default(alloc);
    nxc__forest *f = nxc__alloc_zero(alloc, sizeof *f);
    if (!f) return nxc__error_nomem(err, sizeof *f);
    f->alloc = alloc;
    f->limits = limits ? *limits : nxc__forest_limits_default;
    nxc__buffer_init(&f->tree_buf, alloc,
                     f->limits.max_trees * sizeof(nxc__forest_tree));
    nxc__buffer_init(&f->node_buf, alloc,
                     f->limits.max_leaves * sizeof(nxc__forest_node));
    nxc__buffer_init(&f->leaf_buf, alloc,
                     f->limits.max_leaves * sizeof(double));
    nxc__buffer_init(&f->word_buf, alloc, MAX_WORD_BYTES);
    nxc__buffer_init(&f->linear_buf, alloc,
                     f->limits.max_leaves * sizeof(nxc__linear_leaf));
    nxc__buffer_init(&f->term_buf, alloc, MAX_TERM_BYTES);
    nxc__buffer_init(&f->leaf_count_buf, alloc,
                     f->limits.max_leaves * sizeof(uint32_t));
    nxc__buffer_init(&f->node_count_buf, alloc,
                     f->limits.max_leaves * sizeof(uint32_t));
    nxc__buffer_init(&f->gain_buf, alloc, f->limits.max_leaves * sizeof(float));
    nxc__buffer_init(&f->scratch, alloc,
                     f->limits.max_leaves * 2 * sizeof(uint32_t));
    nxc__arena_init(&f->names, alloc, MAX_NAME_BYTES);
    *out = f;
    return NXC_OK;
}

void nxc__forest_free(nxc__forest *f) {
    if (!f) return;
    nxc__buffer_release(&f->tree_buf);
    nxc__buffer_release(&f->node_buf);
    nxc__buffer_release(&f->leaf_buf);
    nxc__buffer_release(&f->word_buf);
    nxc__buffer_release(&f->linear_buf);
    nxc__buffer_release(&f->term_buf);
    nxc__buffer_release(&f->leaf_count_buf);
    nxc__buffer_release(&f->node_count_buf);
    nxc__buffer_release(&f->gain_buf);
    nxc__buffer_release(&f->scratch);
    nxc__arena_release(&f->names);
    nxc__free(f->alloc, f, sizeof *f);
}

nxc_status nxc__forest_add_tree(nxc__forest *f, size_t n_leaves,
                                nxc__forest_node **nodes, double **leaves,
                                nxc_error *err) {
    size_t n_trees = f->tree_buf.len / sizeof(nxc__forest_tree);
    size_t first_node = f->node_buf.len / sizeof(nxc__forest_node);
    size_t first_leaf = f->leaf_buf.len / sizeof(double);
    if (n_trees == f->limits.max_trees)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "expected at most %zu trees, got more",
                          f->limits.max_trees);
    if (n_leaves > f->limits.max_leaves - first_leaf)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "expected at most %zu leaves in all trees, got %zu",
                          f->limits.max_leaves, first_leaf + n_leaves);
    nxc__forest_tree *tree = nxc__buffer_extend(&f->tree_buf, sizeof *tree);
    nxc__forest_node *node =
        nxc__buffer_extend(&f->node_buf, (n_leaves - 1) * sizeof *node);
    double *leaf = nxc__buffer_extend(&f->leaf_buf, n_leaves * sizeof *leaf);
    NXC_TRY(nxc__buffer_status(&f->tree_buf, "trees", err));
    NXC_TRY(nxc__buffer_status(&f->node_buf, "nodes", err));
    NXC_TRY(nxc__buffer_status(&f->leaf_buf, "leaves", err));
    *tree = (nxc__forest_tree){(uint32_t)first_node, (uint32_t)first_leaf,
                               (uint32_t)n_leaves - 1, (uint32_t)n_leaves,
                               NXC_NOT_LINEAR};
    *nodes = node;
    *leaves = leaf;
    return NXC_OK;
}

nxc_status nxc__forest_add_linear(nxc__forest *f, nxc__linear_leaf **leaves,
                                  nxc_error *err) {
    nxc__forest_tree *tree =
        (nxc__forest_tree *)(void *)(f->tree_buf.data + f->tree_buf.len) - 1;
    size_t first = f->linear_buf.len / sizeof **leaves;
    *leaves =
        nxc__buffer_extend(&f->linear_buf, tree->n_leaves * sizeof **leaves);
    NXC_TRY(nxc__buffer_status(&f->linear_buf, "linear leaves", err));
    tree->first_linear = (uint32_t)first;
    return NXC_OK;
}

nxc_status nxc__forest_add_terms(nxc__forest *f, size_t n, uint32_t *first,
                                 nxc__linear_term **terms, nxc_error *err) {
    size_t bytes;
    if (!nxc__mul(n, sizeof **terms, &bytes)) bytes = SIZE_MAX;
    *first = (uint32_t)(f->term_buf.len / sizeof **terms);
    *terms = nxc__buffer_extend(&f->term_buf, bytes);
    return nxc__buffer_status(&f->term_buf, "linear terms", err);
}

nxc_status nxc__forest_add_training(nxc__forest *f, uint32_t **leaf_counts,
                                    uint32_t **node_counts, float **gains,
                                    nxc_error *err) {
    size_t n_leaves = f->leaf_buf.len / sizeof(double);
    size_t n_nodes = f->node_buf.len / sizeof(nxc__forest_node);
    size_t leaves = n_leaves * sizeof(uint32_t) - f->leaf_count_buf.len;
    size_t nodes = n_nodes * sizeof(uint32_t) - f->node_count_buf.len;
    *leaf_counts = nxc__buffer_extend(&f->leaf_count_buf, leaves);
    *node_counts = nxc__buffer_extend(&f->node_count_buf, nodes);
    *gains = nxc__buffer_extend(&f->gain_buf, nodes);
    NXC_TRY(nxc__buffer_status(&f->leaf_count_buf, "leaf counts", err));
    NXC_TRY(nxc__buffer_status(&f->node_count_buf, "node counts", err));
    NXC_TRY(nxc__buffer_status(&f->gain_buf, "gains", err));
    return NXC_OK;
}

nxc_status nxc__forest_add_words(nxc__forest *f, size_t n, uint32_t *first,
                                 uint32_t **words, nxc_error *err) {
    size_t bytes;
    if (!nxc__mul(n, sizeof(uint32_t), &bytes)) bytes = SIZE_MAX;
    *first = (uint32_t)(f->word_buf.len / sizeof(uint32_t));
    *words = nxc__buffer_extend(&f->word_buf, bytes);
    return nxc__buffer_status(&f->word_buf, "category sets", err);
}

/* What check_tree keeps while it walks one tree breadth-first. */
typedef struct walk {
    const nxc__forest_node *nodes;
    size_t n_nodes, n_leaves, max_depth;
    uint32_t *queue;     /* (n_nodes) reached nodes, in order */
    size_t n_queued;     /* node 0 is the first */
    uint16_t *depth;     /* (n_nodes) steps from the root, 0: not reached */
    uint8_t *leaf_taken; /* (n_leaves) */
} walk;

static nxc_status reach(walk *w, uint32_t parent, bool is_left,
                        nxc_error *err) {
    const nxc__forest_node *node = &w->nodes[parent];
    const char *field = is_left ? "left_child" : "right_child";
    int64_t child = is_left ? node->left : node->right;
    if (child >= (int64_t)w->n_nodes || ~child >= (int64_t)w->n_leaves)
        return nxc__error(
            err, NXC_ERR_PARSE, "expected %s[%u] in [-%zu, %zu], got %lld",
            field, parent, w->n_leaves, w->n_nodes - 1, (long long)child);
    if (child < 0) {
        if (w->leaf_taken[~child])
            return nxc__error(err, NXC_ERR_PARSE,
                              "expected each leaf once, got leaf %lld again "
                              "in %s[%u]",
                              (long long)~child, field, parent);
        w->leaf_taken[~child] = 1;
        return NXC_OK;
    }
    if (child == 0 || w->depth[child])
        return nxc__error(err, NXC_ERR_PARSE,
                          "expected each node once, got node %lld again in "
                          "%s[%u]",
                          (long long)child, field, parent);
    size_t depth = w->depth[parent] + 1u; /* of the child */
    if (depth >= w->max_depth)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "expected a depth of at most %zu, got more",
                          w->max_depth);
    w->depth[child] = (uint16_t)depth;
    w->queue[w->n_queued++] = (uint32_t)child;
    return NXC_OK;
}

/* Every node has two children, and none is taken twice. So if n_nodes nodes are
 * reached, n_nodes + 1 leaves are, which is all of them. */
nxc_status nxc__forest_check_tree(nxc__forest *f, nxc_error *err) {
    size_t n_trees = f->tree_buf.len / sizeof(nxc__forest_tree);
    nxc__forest_tree tree;
    memcpy(&tree, f->tree_buf.data + (n_trees - 1) * sizeof tree, sizeof tree);
    walk w = {.n_nodes = tree.n_nodes,
              .n_leaves = tree.n_leaves,
              .max_depth = f->limits.max_depth};
    f->scratch.len = 0;
    size_t n = tree.n_nodes;
    char *p = nxc__buffer_extend(
        &f->scratch, n * (sizeof *w.queue + sizeof *w.depth) + tree.n_leaves);
    NXC_TRY(nxc__buffer_status(&f->scratch, "tree check", err));
    w.nodes = (const nxc__forest_node *)(const void *)f->node_buf.data +
              tree.first_node;
    w.queue = (uint32_t *)(void *)p;
    w.depth = (uint16_t *)(void *)(p + n * sizeof *w.queue);
    w.leaf_taken = (uint8_t *)p + n * (sizeof *w.queue + sizeof *w.depth);
    w.queue[w.n_queued++] = 0;
    for (size_t i = 0; i < w.n_queued; i++) {
        NXC_TRY(reach(&w, w.queue[i], true, err));
        NXC_TRY(reach(&w, w.queue[i], false, err));
    }
    if (w.n_queued != n)
        return nxc__error(err, NXC_ERR_PARSE,
                          "expected %zu nodes reached from the root, got %zu",
                          n, w.n_queued);
    return NXC_OK;
}

void nxc__forest_seal(nxc__forest *f) {
    nxc__buffer_release(&f->scratch);
    f->n_trees = f->tree_buf.len / sizeof(nxc__forest_tree);
    f->trees = (const nxc__forest_tree *)(const void *)f->tree_buf.data;
    f->nodes = (const nxc__forest_node *)(const void *)f->node_buf.data;
    f->leaf_values = (const double *)(const void *)f->leaf_buf.data;
    f->cat_words = (const uint32_t *)(const void *)f->word_buf.data;
    if (f->linear_buf.len) {
        f->linear = (const nxc__linear_leaf *)(const void *)f->linear_buf.data;
        f->terms = (const nxc__linear_term *)(const void *)f->term_buf.data;
    }
    size_t n_leaves = f->leaf_buf.len / sizeof(double);
    if (f->leaf_count_buf.len != n_leaves * sizeof(uint32_t)) return;
    if (!f->lacks_counts) {
        f->leaf_counts = (const uint32_t *)(const void *)f->leaf_count_buf.data;
        f->node_counts = (const uint32_t *)(const void *)f->node_count_buf.data;
    }
    if (!f->lacks_gains)
        f->gains = (const float *)(const void *)f->gain_buf.data;
}
