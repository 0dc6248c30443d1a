/*
 * Cuts trees into clusters and writes their records (forest_walk.h).
 *
 *     per tree: sizes of subtrees -> root cluster -> its exits -> ...
 *
 * A cluster grows from its root by the node with the largest subtree, which
 * keeps the longest path short; its nodes are then numbered in preorder. The
 * bits of a root begin at a byte, those of an inner cluster at any bit: seven
 * always end within the second byte.
 *
 * Room: a node is one decision, a tree may take 7 more; there is at most one
 * inner cluster for each node.
 *
 * Threading: no state. Cost: linear in the nodes, times 15 for the growing.
 */
#include "ranker/forest_walk.h"

#include <string.h>

#define MAX_NODES NXC_WALK_ROOT
#define MAX_EXITS (MAX_NODES + 1)
/* Decisions that are there after the last: see NXC_WALK_AFTER. */
#define AFTER ((size_t)8 * NXC_WALK_AFTER)

_Static_assert(sizeof(nxc__walk_root) == 144, "the essay of forest_walk.h");
_Static_assert(sizeof(nxc__walk_inner) == 64, "a cache line");
_Static_assert(NXC_WALK_LEAVES * sizeof(nxc__walk_inner) <= 65536, "16 bits");

typedef struct cluster {
    int32_t nodes[MAX_NODES]; /* in preorder */
    size_t n, n_exits;
    int32_t exits[MAX_EXITS]; /* child numbers as in forest.h */
    uint32_t mask[MAX_EXITS], value[MAX_EXITS]; /* bit i: node i */
} cluster;

typedef struct walker {
    const nxc__forest *forest;
    const uint32_t *node_column;
    const uint8_t *node_threshold;
    uint8_t *columns, *thresholds;
    size_t n_decisions;
    nxc__walk_root *roots;
    nxc__walk_inner *inner;
    size_t n_inner;
    /* the tree at hand */
    const nxc__forest_tree *tree;
    const nxc__forest_node *nodes;
    size_t first, before; /* decision of the tree; cluster before its own */
    uint16_t size[NXC_WALK_LEAVES]; /* nodes of the subtree */
    bool is_taken[NXC_WALK_LEAVES]; /* by the cluster that grows */
} walker;

/* Depth is below the number of leaves, 256. */
static uint16_t measure(walker *w, int32_t at) {
    if (at < 0) return 0;
    w->size[at] = (uint16_t)(1 + measure(w, w->nodes[at].left) +
                             measure(w, w->nodes[at].right));
    return w->size[at];
}

/* Takes up to max nodes from root on. Those that could be next are kept. */
static void grow(walker *w, int32_t root, size_t max) {
    int32_t open[MAX_EXITS] = {root};
    size_t n_open = root >= 0;
    for (size_t n = 0; n < max && n_open; n++) {
        size_t best = 0;
        for (size_t i = 1; i < n_open; i++)
            if (w->size[open[i]] > w->size[open[best]]) best = i;
        const nxc__forest_node *node = &w->nodes[open[best]];
        w->is_taken[open[best]] = true;
        open[best] = open[--n_open];
        if (node->left >= 0) open[n_open++] = node->left;
        if (node->right >= 0) open[n_open++] = node->right;
    }
}

/* What is taken below at, in preorder, with the exits. */
static void put_in_order(walker *w, int32_t at, uint32_t mask, uint32_t value,
                         cluster *out) {
    if (at < 0 || !w->is_taken[at]) {
        out->mask[out->n_exits] = mask;
        out->value[out->n_exits] = value;
        out->exits[out->n_exits++] = at;
        return;
    }
    uint32_t bit = (uint32_t)1 << out->n;
    out->nodes[out->n++] = at;
    w->is_taken[at] = false; /* for the next cluster */
    put_in_order(w, w->nodes[at].left, mask | bit, value | bit, out);
    put_in_order(w, w->nodes[at].right, mask | bit, value, out);
}

/* A cluster and its decisions; the result is the first of them. */
static size_t make_cluster(walker *w, int32_t root, size_t max, cluster *out) {
    size_t first = w->n_decisions;
    memset(out, 0, sizeof *out);
    grow(w, root, max);
    put_in_order(w, root, 0, 0, out);
    for (size_t i = 0; i < out->n; i++) {
        size_t node = w->tree->first_node + (size_t)out->nodes[i];
        w->columns[w->n_decisions] = (uint8_t)w->node_column[node];
        w->thresholds[w->n_decisions++] = w->node_threshold[node];
    }
    return first;
}

static void put_lanes(const cluster *c, size_t shift, size_t n, uint16_t *mask,
                      uint16_t *value) {
    for (size_t i = 0; i < n; i++) {
        bool is_exit = i < c->n_exits;
        mask[i] = (uint16_t)(is_exit ? c->mask[i] << shift : 0);
        value[i] = (uint16_t)(is_exit ? c->value[i] << shift : 1); /* never */
    }
}

static size_t emit_inner(walker *w, int32_t at, uint32_t *exit);

/* What is behind a cluster's exits; the result is the most steps that any path
 * takes from them on. */
static size_t emit_exits(walker *w, const cluster *c, uint32_t *exits) {
    size_t most = 0;
    for (size_t i = 0; i < c->n_exits; i++) {
        size_t n = 0;
        exits[i] = (uint32_t)~c->exits[i] << 16;
        if (c->exits[i] >= 0) n = emit_inner(w, c->exits[i], &exits[i]);
        if (n > most) most = n;
    }
    return most;
}

static size_t emit_inner(walker *w, int32_t at, uint32_t *exit) {
    cluster c;
    size_t number = w->n_inner++ - w->before;
    nxc__walk_inner *out = &w->inner[w->before + number];
    size_t first = make_cluster(w, at, NXC_WALK_INNER, &c);
    memset(out, 0, sizeof *out);
    put_lanes(&c, first % 8, NXC_WALK_INNER + 1, out->mask, out->value);
    *exit = (uint32_t)(number * sizeof *out) |
            (uint32_t)(first / 8 - w->first / 8) << 16;
    return 1 + emit_exits(w, &c, out->exits);
}

static size_t emit_root(walker *w, nxc__walk_root *out) {
    cluster c;
    int32_t root = w->tree->n_nodes ? 0 : ~0;
    w->first = w->n_decisions = (w->n_decisions + 7) / 8 * 8;
    w->before = w->n_inner - 1;
    (void)measure(w, root);
    (void)make_cluster(w, root, NXC_WALK_ROOT, &c);
    memset(out, 0, sizeof *out);
    put_lanes(&c, 0, NXC_WALK_ROOT + 1, out->mask, out->value);
    out->byte = (uint32_t)(w->first / 8);
    out->before = (uint32_t)(w->before * sizeof *w->inner);
    out->first_leaf = w->tree->first_leaf;
    return emit_exits(w, &c, out->exits);
}

static void emit_trees(walker *w, uint8_t *run_steps) {
    memset(&w->inner[w->n_inner++], 0, sizeof *w->inner); /* of no tree */
    for (size_t t = 0; t < w->forest->n_trees; t++) {
        w->tree = &w->forest->trees[t];
        w->nodes = w->forest->nodes + w->tree->first_node;
        size_t n_steps = emit_root(w, &w->roots[t]);
        uint8_t *run = &run_steps[t / NXC_WALK_RUN];
        if (n_steps > *run) *run = (uint8_t)n_steps;
    }
}

static size_t pad_decisions(size_t n) { return (n + 63) / 64 * 64; }

nxc_status nxc__forest_walk_build(const nxc__forest *f,
                                  const uint32_t *node_column,
                                  const uint8_t *node_threshold,
                                  nxc__arena *arena, nxc__forest_walk *out,
                                  nxc_error *err) {
    const nxc__forest_tree *last = &f->trees[f->n_trees - 1];
    size_t n_nodes = last->first_node + (size_t)last->n_nodes;
    size_t room = pad_decisions(n_nodes + 7 * f->n_trees + AFTER);
    size_t n_runs = f->n_trees / NXC_WALK_RUN + 1;
    walker *w = nxc__alloc_zero(f->alloc, sizeof *w);
    if (!w) return nxc__error_nomem(err, sizeof *w);
    w->forest = f;
    w->node_column = node_column;
    w->node_threshold = node_threshold;
    w->columns = nxc__arena_alloc(arena, room);
    w->thresholds = nxc__arena_alloc(arena, room);
    w->roots = nxc__arena_alloc_array(arena, f->n_trees, sizeof *w->roots);
    char *inner = nxc__arena_alloc_array(arena, n_nodes + 2, sizeof *w->inner);
    uint8_t *n_steps = nxc__arena_alloc(arena, n_runs);
    nxc_status st = NXC_ERR_NOMEM;
    if (w->columns && w->thresholds && w->roots && inner && n_steps) {
        inner += (64 - (uintptr_t)inner % 64) % 64;
        w->inner = (nxc__walk_inner *)(void *)inner;
        memset(w->columns, 0, room);
        memset(w->thresholds, 0, room);
        memset(n_steps, 0, n_runs);
        emit_trees(w, n_steps);
        *out = (nxc__forest_walk){.roots = w->roots,
                                  .inner = (const uint8_t *)inner,
                                  .n_steps = n_steps,
                                  .columns = w->columns,
                                  .thresholds = w->thresholds,
                                  .n_decisions = pad_decisions(w->n_decisions)};
        st = NXC_OK;
    }
    nxc__free(f->alloc, w, sizeof *w);
    return st == NXC_OK ? st : nxc__error_nomem(err, 0);
}
