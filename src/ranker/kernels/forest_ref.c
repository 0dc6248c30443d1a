/* Trees as LightGBM walks them, one row and one node at a time; what the
 * contract in forest_kernel.h says, and nothing else. */
#include "ranker/kernels/forest_kernel.h"

typedef double (*load)(const void *row, size_t feature);
static inline double load_f64(const void *row, size_t feature) {
    return ((const double *)row)[feature];
}
static inline double load_f32(const void *row, size_t feature) {
    return (double)((const float *)row)[feature];
}

/* In the order of the terms, each rounded twice, as LightGBM's builds for
 * x86-64 have it. */
static inline double linear_output(const nxc__forest *forest,
                                   const nxc__linear_leaf *leaf,
                                   double fallback, const void *row,
                                   load value) {
    const nxc__linear_term *term = forest->terms + leaf->first_term;
    double sum = leaf->constant;
    for (size_t i = 0; i < leaf->n_terms; i++) {
        double x = value(row, term[i].feature);
        if (x != x) return fallback;
        sum += term[i].coefficient * (fabs(x) > NXC_FOREST_ZERO ? x : 0.0);
    }
    return sum;
}

static inline double tree_output(const nxc__forest *forest,
                                 const nxc__forest_tree *tree, const void *row,
                                 load value) {
    const nxc__forest_node *nodes = forest->nodes + tree->first_node;
    int32_t at = tree->n_nodes ? 0 : ~0;
    while (at >= 0) {
        const nxc__forest_node *node = &nodes[at];
        bool left =
            nxc__forest_goes_left(forest, node, value(row, node->feature));
        at = left ? node->left : node->right;
    }
    double leaf_value = forest->leaf_values[tree->first_leaf + (uint32_t)~at];
    if (tree->first_linear == NXC_NOT_LINEAR) return leaf_value;
    return linear_output(forest,
                         &forest->linear[tree->first_linear + (uint32_t)~at],
                         leaf_value, row, value);
}

static inline void score(const nxc__forest *forest, const void *rows,
                         size_t row_size, load value, size_t n,
                         double *scores) {
    for (size_t i = 0; i < n; i++) {
        const void *row = (const char *)rows + i * row_size;
        double sum = 0.0;
        for (size_t t = 0; t < forest->n_trees; t++)
            sum += tree_output(forest, &forest->trees[t], row, value);
        scores[i] = forest->is_average ? sum / (double)forest->n_trees : sum;
    }
}

void nxc__forest_ref_f64(const nxc__forest *forest, const double *rows,
                         size_t n, double *scores) {
    score(forest, rows, forest->n_features * sizeof *rows, load_f64, n, scores);
}
void nxc__forest_ref_f32(const nxc__forest *forest, const float *rows, size_t n,
                         double *scores) {
    score(forest, rows, forest->n_features * sizeof *rows, load_f32, n, scores);
}
