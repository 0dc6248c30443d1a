/*
 * A forest prepared for few rows: the part of a plan (forest_plan.h) that takes
 * one row down its trees, several nodes a step and without a branch.
 *
 * Decision i compares a column byte with a threshold byte; its bit says whether
 * it goes left. A tree is cut into *clusters* of connected nodes: up to 15 at
 * the root, up to 7 elsewhere. The bits of a cluster lie within two bytes, in
 * preorder. An exit is where its path's bits say so:
 *
 *     (the two bytes & mask) == value
 *
 * which one vector instruction asks of all exits. Of a cluster's exits exactly
 * one is true; lanes behind them never are.
 *
 *     roots    | tree 0 | tree 1 | ...     144 bytes each
 *     inner    | - | of tree 0 ... | ...    64 bytes each, a cache line
 *
 * An exit says what is behind it:
 *
 *     a leaf      its number << 16
 *     a cluster   bytes from the tree's record before its first one
 *                 | where its two bytes are among the tree's decisions << 16
 *
 * The trees of a run take the same number of steps, so that no branch depends
 * on the row: who is at a leaf stays there.
 *
 * The cut is ours. Each tree is evaluated as a whole, a path at a time; nothing
 * is traversed by feature.
 */
#ifndef NXC_RANKER_FOREST_WALK_H
#define NXC_RANKER_FOREST_WALK_H

#include "ranker/forest.h"

#define NXC_WALK_ROOT 15 /* nodes of a root cluster: one fewer than exits */
#define NXC_WALK_INNER 7 /* of another one */
#define NXC_WALK_RUN 4   /* trees of one number of steps */
/* Bytes of bits after the last, which may be read: a leaf's number stands for
 * where two bytes are. What they hold does not matter. */
#define NXC_WALK_AFTER 258
#define NXC_WALK_COLUMNS ((size_t)256)
#define NXC_WALK_LEAVES 256 /* of a tree */

typedef struct nxc__walk_root {
    uint16_t mask[NXC_WALK_ROOT + 1], value[NXC_WALK_ROOT + 1];
    uint32_t exits[NXC_WALK_ROOT + 1];
    uint32_t byte;       /* of the row's decision bits: the tree's first */
    uint32_t before;     /* bytes to the record before the tree's first */
    uint32_t first_leaf; /* of the forest's */
    uint32_t unused;
} nxc__walk_root;

typedef struct nxc__walk_inner {
    uint16_t mask[NXC_WALK_INNER + 1], value[NXC_WALK_INNER + 1];
    uint32_t exits[NXC_WALK_INNER + 1];
} nxc__walk_inner;

typedef struct nxc__forest_walk {
    const nxc__walk_root *roots; /* (n_trees) */
    const uint8_t *inner;        /* nxc__walk_inner, aligned to 64; the first
                                    belongs to no tree */
    const uint8_t *n_steps;      /* of each run of trees, after the roots */
    const uint8_t *columns;      /* of the decisions, padded to 64 */
    const uint8_t *thresholds;   /* likewise */
    size_t n_decisions;
} nxc__forest_walk;

/* Of a forest whose trees have at most 256 leaves and whose node i asks for
 * column node_column[i] < 256 with threshold byte node_threshold[i]. The
 * memory comes from arena. Errors: NXC_ERR_NOMEM. */
nxc_status nxc__forest_walk_build(const nxc__forest *forest,
                                  const uint32_t *node_column,
                                  const uint8_t *node_threshold,
                                  nxc__arena *arena, nxc__forest_walk *out,
                                  nxc_error *err);

#endif
