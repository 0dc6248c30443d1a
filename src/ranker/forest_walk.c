/*
 * Cuts trees into clusters and writes their records (forest_walk.h).
 *
 *     per tree: sizes of subtrees -> cluster from the root -> its exits -> ...
 *
 * A cluster grows from its root by the node with the largest subtree, which
 * keeps the longest path short; its nodes are then put into preorder, so that
 * equal shapes have equal tables. A shape is coded by a bit for each position
 * in preorder, 1 for a node and 0 for an exit: at most 13 bits, after a 1.
 *
 * Room: a node is one decision, a cluster
 * takes 24 bytes and there is at most one for each node; a leaf takes 16.
 *
 * Threading: no state. Cost: linear in the nodes, times 6 for the growing.
 */
#include "ranker/forest_walk.h"

#include <string.h>

#define UNIT NXC_WALK_UNIT
#define LEAF_UNITS (sizeof(nxc__walk_leaf) / UNIT)
#define LEAF 0x8000u
#define FIRST_EXIT (sizeof(nxc__walk_place) / sizeof(uint16_t))
#define N_CODES ((size_t)1 << (2 * NXC_WALK_NODES + 2))

_Static_assert(sizeof(nxc__walk_cluster) == 3 * UNIT, "whole units");
_Static_assert(sizeof(nxc__walk_leaf) == 2 * UNIT, "whole units");

typedef struct cluster {
    int32_t nodes[NXC_WALK_NODES]; /* in preorder */
    size_t n, n_exits;
    int32_t exits[NXC_WALK_NODES + 1]; /* child numbers as in forest.h */
    uint32_t code;
} cluster;

typedef struct walker {
    const nxc__forest *forest;
    const uint32_t *node_column;
    const uint8_t *node_threshold;
    uint8_t *columns, *thresholds;
    size_t n_decisions;
    uint64_t *records;
    size_t n_units;
    uint8_t *tables;
    size_t n_shapes;
    uint16_t shape_at[N_CODES]; /* of a code; 0: not seen yet */
    /* the tree at hand */
    const nxc__forest_tree *tree;
    const nxc__forest_node *nodes;
    size_t first_unit;
    uint16_t size[NXC_WALK_LEAVES]; /* nodes of the subtree */
} walker;

/* Depth is below the number of leaves, 256. */
static uint16_t measure(walker *w, int32_t at) {
    if (at < 0) return 0;
    w->size[at] = (uint16_t)(1 + measure(w, w->nodes[at].left) +
                             measure(w, w->nodes[at].right));
    return w->size[at];
}

static bool has_node(const cluster *c, int32_t node) {
    for (size_t i = 0; i < c->n; i++)
        if (c->nodes[i] == node) return true;
    return false;
}

static void grow(const walker *w, cluster *c) {
    while (c->n < NXC_WALK_NODES) {
        int32_t best = -1;
        for (size_t i = 0; i < c->n; i++) {
            const nxc__forest_node *node = &w->nodes[c->nodes[i]];
            const int32_t children[2] = {node->left, node->right};
            for (size_t k = 0; k < 2; k++)
                if (children[k] >= 0 && !has_node(c, children[k]) &&
                    (best < 0 || w->size[children[k]] > w->size[best]))
                    best = children[k];
        }
        if (best < 0) return;
        c->nodes[c->n++] = best;
    }
}

/* The grown nodes in preorder into out, with the exits and the code. */
static void put_in_order(const walker *w, const cluster *grown, int32_t at,
                         cluster *out) {
    bool is_node = at >= 0 && has_node(grown, at);
    out->code = out->code << 1 | is_node;
    if (!is_node) {
        out->exits[out->n_exits++] = at;
        return;
    }
    out->nodes[out->n++] = at;
    put_in_order(w, grown, w->nodes[at].left, out);
    put_in_order(w, grown, w->nodes[at].right, out);
}

static void make_cluster(const walker *w, int32_t root, cluster *out) {
    cluster grown = {.nodes = {root}, .n = 1};
    grow(w, &grown);
    memset(out, 0, sizeof *out);
    out->code = 1;
    put_in_order(w, &grown, root, out);
}

/* The exit that the bits lead to from the node or exit at *position of the
 * code, counting nodes and exits on the way. */
static void pass_subtree(uint32_t code, uint32_t *position, size_t *n_nodes,
                         size_t *n_exits) {
    for (size_t open = 1; open; open--) {
        if (code >> --*position & 1) {
            ++*n_nodes;
            open += 2;
        } else {
            ++*n_exits;
        }
    }
}

static uint8_t exit_of(uint32_t code, uint32_t length, uint32_t bits) {
    uint32_t position = length;
    size_t n_nodes = 0, n_exits = 0;
    while (code >> --position & 1) {
        bool left = bits >> n_nodes & 1;
        n_nodes++;
        if (!left) pass_subtree(code, &position, &n_nodes, &n_exits);
    }
    return (uint8_t)n_exits;
}

/* Where the table of a cluster's shape begins; the first is the leaves'. */
static uint16_t shape_of(walker *w, const cluster *c) {
    if (!w->shape_at[c->code]) {
        uint16_t first = (uint16_t)(w->n_shapes++ * NXC_WALK_TABLE);
        uint32_t length = (uint32_t)(c->n + c->n_exits);
        for (uint32_t bits = 0; bits < NXC_WALK_TABLE; bits++)
            w->tables[first + bits] =
                (uint8_t)(FIRST_EXIT + exit_of(c->code, length, bits));
        w->shape_at[c->code] = first;
    }
    return w->shape_at[c->code];
}

/* The record's offset; a leaf is LEAF and its number until its place is known.
 * *n_steps becomes the most that any path from it takes. */
static uint16_t emit_cluster(walker *w, int32_t at, size_t *n_steps) {
    cluster c;
    nxc__walk_cluster out;
    *n_steps = 0;
    if (at < 0) return (uint16_t)(LEAF | (uint32_t)~at);
    uint64_t *place = w->records + w->n_units;
    uint16_t own = (uint16_t)(w->n_units - w->first_unit);
    w->n_units += sizeof out / UNIT;
    make_cluster(w, at, &c);
    memset(&out, 0, sizeof out);
    out.place.shape = shape_of(w, &c);
    out.place.byte = (uint32_t)(w->n_decisions / 8);
    out.place.field =
        (uint16_t)(w->n_decisions % 8 | (size_t)NXC_WALK_NODES << 8);
    for (size_t i = 0; i < c.n; i++) {
        size_t node = w->tree->first_node + (size_t)c.nodes[i];
        w->columns[w->n_decisions] = (uint8_t)w->node_column[node];
        w->thresholds[w->n_decisions++] = w->node_threshold[node];
    }
    for (size_t i = 0; i < c.n_exits; i++) {
        size_t n;
        out.exits[i] = emit_cluster(w, c.exits[i], &n);
        if (n > *n_steps) *n_steps = n;
    }
    ++*n_steps;
    memcpy(place, &out, sizeof out);
    return own;
}

/* The leaves behind the clusters; exits become distances. */
static void emit_leaves(walker *w) {
    uint64_t *first = w->records + w->first_unit;
    size_t n_clusters =
        (w->n_units - w->first_unit) / (sizeof(nxc__walk_cluster) / UNIT);
    size_t after = w->n_units - w->first_unit;
    for (size_t k = 0; k < n_clusters; k++) {
        nxc__walk_cluster c;
        uint64_t *place = first + k * (sizeof c / UNIT);
        memcpy(&c, place, sizeof c);
        for (size_t i = 0; i < NXC_WALK_NODES + 1; i++) {
            size_t to = c.exits[i] & LEAF
                            ? after + (c.exits[i] & ~LEAF) * LEAF_UNITS
                            : c.exits[i];
            c.exits[i] = (uint16_t)(to - (size_t)(place - first));
        }
        memcpy(place, &c, sizeof c);
    }
    for (size_t i = 0; i < w->tree->n_leaves; i++) {
        nxc__walk_leaf leaf = {
            .value = w->forest->leaf_values[w->tree->first_leaf + i]};
        memcpy(first + after + i * LEAF_UNITS, &leaf, sizeof leaf);
    }
    w->n_units += w->tree->n_leaves * LEAF_UNITS;
}

static void emit_trees(walker *w, size_t *trees, uint8_t *run_steps) {
    for (size_t t = 0; t < w->forest->n_trees; t++) {
        size_t n_steps;
        w->tree = &w->forest->trees[t];
        w->nodes = w->forest->nodes + w->tree->first_node;
        w->first_unit = w->n_units;
        int32_t root = w->tree->n_nodes ? 0 : ~0;
        (void)measure(w, root);
        (void)emit_cluster(w, root, &n_steps);
        emit_leaves(w);
        trees[t] = w->first_unit * UNIT;
        uint8_t *run = &run_steps[t / NXC_WALK_RUN];
        if (n_steps > *run) *run = (uint8_t)n_steps;
    }
}

nxc_status nxc__forest_walk_build(const nxc__forest *f,
                                  const uint32_t *node_column,
                                  const uint8_t *node_threshold,
                                  nxc__arena *arena, nxc__forest_walk *out,
                                  nxc_error *err) {
    const nxc__forest_tree *last = &f->trees[f->n_trees - 1];
    size_t n_nodes = last->first_node + (size_t)last->n_nodes;
    size_t n_leaves = last->first_leaf + (size_t)last->n_leaves;
    size_t n_decisions = (n_nodes + 63) / 64 * 64 + 64;
    size_t n_runs = f->n_trees / NXC_WALK_RUN + 1;
    walker *w = nxc__alloc_zero(f->alloc, sizeof *w);
    if (!w) return nxc__error_nomem(err, sizeof *w);
    w->forest = f;
    w->node_column = node_column;
    w->node_threshold = node_threshold;
    w->n_shapes = 1;
    w->columns = nxc__arena_alloc(arena, n_decisions);
    w->thresholds = nxc__arena_alloc(arena, n_decisions);
    w->records = nxc__arena_alloc_array(arena, n_nodes * 3 + n_leaves * 2,
                                        sizeof *w->records);
    w->tables =
        nxc__arena_alloc(arena, (size_t)NXC_WALK_SHAPES * NXC_WALK_TABLE);
    size_t *trees = nxc__arena_alloc_array(arena, f->n_trees, sizeof *trees);
    uint8_t *n_steps = nxc__arena_alloc(arena, n_runs);
    nxc_status st = NXC_ERR_NOMEM;
    if (w->columns && w->thresholds && w->records && w->tables && trees &&
        n_steps) {
        memset(w->columns, 0, n_decisions);
        memset(w->thresholds, 0, n_decisions);
        memset(w->tables, 0, NXC_WALK_TABLE);
        memset(n_steps, 0, n_runs);
        emit_trees(w, trees, n_steps);
        *out = (nxc__forest_walk){(const uint8_t *)w->records,
                                  trees,
                                  n_steps,
                                  w->tables,
                                  w->columns,
                                  w->thresholds,
                                  w->n_decisions};
        st = NXC_OK;
    }
    nxc__free(f->alloc, w, sizeof *w);
    return st == NXC_OK ? st : nxc__error_nomem(err, 0);
}
