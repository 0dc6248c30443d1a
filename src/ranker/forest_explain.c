/*
 * TreeSHAP by quadrature over the edges of a tree.
 *
 * Of a leaf of value v, whose path splits on d different features, feature i
 * has the Shapley value
 *
 *     v (o_i - z_i)  sum over S without i of |S|! (d-1-|S|)! / d!
 *                    prod over S of o_j, prod over the others of z_j
 *
 * where z_j is the share of training rows that pass the path's splits on j and
 * o_j is 1 if the row passes them, else 0. The weight is the integral of
 * t^|S| (1-t)^(d-1-|S|) over 0 ... 1, so the sum is
 *
 *     v (o_i - z_i)  integral of  P(t) / f_i(t),   f_j = o_j t + z_j (1 - t)
 *
 * with P the product of all f_j: a polynomial of degree d - 1, which Gauss and
 * Legendre's rule of m >= d / 2 points integrates exactly. All of P and f is
 * positive, so nothing cancels.
 *
 * Edges in place of leaves (Yu et al. 2022: Linear TreeSHAP): P is made on the
 * way down, an edge at a time, S = sum of v P over the leaves below an edge on
 * the way up. A feature that is split on again further down gets a new edge e,
 * which replaces the former one u for the leaves below:
 *
 *     down   P_e = P_parent f_e / f_u
 *     up     phi[feature] += (o_e - z_e) S_e / f_e - (o_u - z_u) S_e / f_u
 *
 * Each of these is a vector of m points; the weights are in P from the
 * root on.
 *
 *     edges of a tree   | above the root | a parent before its children ...
 *     scratch           | phi (n_features) | 1/f | (o-z)/f | P, then S | o |
 *
 * A share of 0 (no training row) counts as 1e-100, which changes nothing that
 * a double shows and divides.
 *
 * Threading: any. Cost: a division and some twelve operations of m points for
 * each edge; m is 4 for up to 8 different features on a tree's
 * path, 8 for 16.
 */
#include "ranker/forest_explain.h"

#include <math.h>
#include <string.h>

#include "ranker/kernels/forest_kernel.h"

#define LANES NXC_EXPLAIN_LANES
#define LEAST_SHARE 1e-100

typedef nxc__explain_points points;
typedef nxc__explain_edge edge;

struct nxc__forest_explainer {
    const nxc__forest *forest;
    edge *edges;
    size_t *first_edge;   /* (n_trees + 1) */
    uint8_t *n_groups;    /* (n_trees) of four points, that it needs */
    points *at, *weights; /* t and weight of the rules of 1, 2, 3 ... groups */
    size_t most_edges;    /* of a tree */
    double expected;
    nxc__arena arena;
};

/* ---------------------------------------------------------------- edges */

typedef struct builder {
    nxc__forest_explainer *x;
    const nxc__forest_tree *tree;
    size_t n_edges, first;
    uint32_t *last;     /* (n_features) edge of the path that split on it */
    size_t n_different; /* features on the path */
    size_t most_different;
    double expected; /* of the tree */
} builder;

static uint32_t count_of(const builder *b, int32_t child) {
    const nxc__forest *f = b->x->forest;
    return child >= 0 ? f->node_counts[b->tree->first_node + (size_t)child]
                      : f->leaf_counts[b->tree->first_leaf + (uint32_t)~child];
}

static void add_edges(builder *b, int32_t at, uint32_t parent);

static void add_edge(builder *b, int32_t at, bool is_left, uint32_t parent) {
    const nxc__forest *f = b->x->forest;
    uint32_t node = b->tree->first_node + (uint32_t)at;
    uint16_t feature = f->nodes[node].feature;
    int32_t child = is_left ? f->nodes[node].left : f->nodes[node].right;
    uint32_t own = (uint32_t)(b->n_edges - b->first), up = b->last[feature];
    edge *edges = b->x->edges + b->first;
    double share = (double)count_of(b, child) / (double)count_of(b, at);
    share *= edges[up].share;
    if (!(share >= LEAST_SHARE)) share = LEAST_SHARE; /* 0 / 0 too */
    edges[own] = (edge){.share = share,
                        .feature = feature,
                        .parent = parent,
                        .up = up,
                        .node = (uint32_t)at,
                        .is_left = is_left};
    b->n_edges++;
    b->last[feature] = own;
    b->n_different += up == 0;
    if (b->n_different > b->most_different) b->most_different = b->n_different;
    if (child >= 0)
        add_edges(b, child, own);
    else
        edges[own].value =
            f->leaf_values[b->tree->first_leaf + (uint32_t)~child];
    b->n_different -= up == 0;
    b->last[feature] = up;
}

static void add_edges(builder *b, int32_t at, uint32_t parent) {
    add_edge(b, at, true, parent);
    add_edge(b, at, false, parent);
}

/* Mean of the leaves over the training rows. */
static double expected_of(const builder *b) {
    const nxc__forest *f = b->x->forest;
    const double *values = f->leaf_values + b->tree->first_leaf;
    if (b->tree->n_nodes == 0) return values[0];
    double sum = 0.0, total = (double)count_of(b, 0);
    for (size_t i = 0; i < b->tree->n_leaves; i++)
        sum += (double)count_of(b, ~(int32_t)i) / total * values[i];
    return sum;
}

/* ----------------------------------------------------------- quadrature */

/* Legendre's polynomial of degree n at x, and its derivative. */
static double legendre(size_t n, double x, double *derivative) {
    double p = 1.0, q = 0.0;
    for (size_t k = 1; k <= n; k++) {
        double next =
            ((double)(2 * k - 1) * x * p - (double)(k - 1) * q) / (double)k;
        q = p;
        p = next;
    }
    *derivative = (double)n * (x * p - q) / (x * x - 1.0);
    return p;
}

/* The rule of n points over 0 ... 1: roots by Newton's iteration. */
static void make_rule(size_t n, double *at, double *weights) {
    for (size_t i = 0; i < n; i++) {
        double d, t = cos(3.14159265358979323846 * ((double)i + 0.75) /
                          ((double)n + 0.5));
        for (size_t k = 0; k < 8; k++) {
            double p = legendre(n, t, &d);
            t -= p / d;
        }
        (void)legendre(n, t, &d);
        at[i] = (1.0 + t) / 2.0;
        weights[i] = 1.0 / ((1.0 - t * t) * d * d);
    }
}

/* Groups before those of the rule of n groups. */
static size_t rule_at(size_t n) { return n * (n - 1) / 2; }

static nxc_status make_rules(nxc__forest_explainer *x, size_t most,
                             nxc_error *err) {
    size_t bytes = rule_at(most + 1) * sizeof(points);
    char *rules = nxc__arena_alloc(&x->arena, 2 * bytes + 64);
    if (!rules) return nxc__error_nomem(err, 2 * bytes);
    rules += (64 - (uintptr_t)rules % 64) % 64;
    x->at = (points *)(void *)rules;
    x->weights = (points *)(void *)(rules + bytes);
    for (size_t n = 1; n <= most; n++)
        make_rule(n * LANES, (double *)(x->at + rule_at(n)),
                  (double *)(x->weights + rule_at(n)));
    return NXC_OK;
}

/* ------------------------------------------------------------ lifecycle */

static nxc_status build(nxc__forest_explainer *x, nxc_error *err) {
    const nxc__forest *f = x->forest;
    const nxc__forest_tree *last = &f->trees[f->n_trees - 1];
    size_t n_edges = 2 * (last->first_node + (size_t)last->n_nodes) +
                     f->n_trees; /* and what is above the roots */
    size_t most_groups = 1;
    builder b = {.x = x};
    x->edges = nxc__arena_alloc_array(&x->arena, n_edges + 1, sizeof(edge));
    x->first_edge =
        nxc__arena_alloc_array(&x->arena, f->n_trees + 1, sizeof(size_t));
    b.last = nxc__arena_alloc_array(&x->arena, f->n_features, sizeof *b.last);
    x->n_groups = nxc__arena_alloc(&x->arena, f->n_trees);
    if (!x->edges || !x->first_edge || !x->n_groups || !b.last)
        return nxc__error_nomem(err, n_edges * sizeof(edge));
    memset(b.last, 0, f->n_features * sizeof *b.last);
    for (size_t t = 0; t < f->n_trees; t++) {
        b.tree = &f->trees[t];
        x->first_edge[t] = b.first = b.n_edges;
        b.most_different = 1;
        x->edges[b.n_edges++] = (edge){.share = 1.0};
        if (b.tree->n_nodes) add_edges(&b, 0, 0);
        if (b.n_edges - b.first > x->most_edges)
            x->most_edges = b.n_edges - b.first;
        x->expected += expected_of(&b);
        const size_t group = (size_t)2 * LANES;
        size_t n = (b.most_different + group - 1) / group;
        x->n_groups[t] = (uint8_t)n;
        most_groups = n > most_groups ? n : most_groups;
    }
    x->first_edge[f->n_trees] = b.n_edges;
    if (f->is_average) x->expected /= (double)f->n_trees;
    return make_rules(x, most_groups, err);
}

nxc_status nxc__forest_explainer_new(const nxc__forest *forest,
                                     nxc__forest_explainer **out,
                                     nxc_error *err) {
    if (forest->linear)
        return nxc__error(err, NXC_ERR_UNSUPPORTED,
                          "explain: expected trees with constant leaves, got "
                          "linear trees, whose contributions are not defined");
    if (!forest->leaf_counts)
        return nxc__error(err, NXC_ERR_UNSUPPORTED,
                          "explain: expected a model with leaf_count and "
                          "internal_count in every tree, got one without");
    nxc__forest_explainer *x = nxc__alloc_zero(forest->alloc, sizeof *x);
    if (!x) return nxc__error_nomem(err, sizeof *x);
    x->forest = forest;
    nxc__arena_init(&x->arena, forest->alloc, SIZE_MAX);
    nxc_status st = build(x, err);
    if (st == NXC_OK)
        *out = x;
    else
        nxc__forest_explainer_free(x);
    return st;
}

void nxc__forest_explainer_free(nxc__forest_explainer *x) {
    if (!x) return;
    nxc__arena_release(&x->arena);
    nxc__free(x->forest->alloc, x, sizeof *x);
}

double nxc__forest_explainer_expected(const nxc__forest_explainer *x) {
    return x->expected;
}

/* -------------------------------------------------------------- explain */

size_t nxc__forest_explainer_scratch(const nxc__forest_explainer *x) {
    return (x->forest->n_features + 3 * x->most_edges) * sizeof(points) +
           2 * x->most_edges + 64;
}

void nxc__forest_explain(const nxc__forest_explainer *x, const double *row,
                         const nxc__forest_level *level, void *scratch,
                         double *out) {
    const nxc__forest *f = x->forest;
    nxc__explain_job j = {.forest = f, .row = row, .phi = scratch};
    if (!level) level = &nxc__forest_level_portable;
    j.inverse = j.phi + f->n_features;
    j.part = j.inverse + x->most_edges;
    j.down = j.part + x->most_edges;
    j.passes = (uint8_t *)(j.down + x->most_edges);
    j.left = j.passes + x->most_edges;
    memset(j.phi, 0, f->n_features * sizeof *j.phi);
    for (size_t t = 0; t < f->n_trees; t++) {
        j.tree = &f->trees[t];
        j.edges = x->edges + x->first_edge[t];
        j.n_edges = x->first_edge[t + 1] - x->first_edge[t];
        j.n_groups = x->n_groups[t];
        j.at = x->at + rule_at(j.n_groups);
        j.weights = x->weights + rule_at(j.n_groups);
        level->explain_tree(&j);
    }
    for (size_t i = 0; i < f->n_features; i++) {
        points phi = j.phi[i];
        out[i] = (phi[0] + phi[1]) + (phi[2] + phi[3]);
        if (f->is_average) out[i] /= (double)f->n_trees;
    }
}
