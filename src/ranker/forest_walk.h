/*
 * A forest prepared for few rows: the part of a plan (forest_plan.h) that takes
 * one row down its trees, several nodes a step and without a branch.
 *
 * Decision i compares a column byte with a threshold byte; its bit says whether
 * it goes left. A tree is cut into *clusters* of up to 6 connected nodes, whose
 * bits are neighbours, in preorder. The six bits look the exit up in a table of
 * 64 bytes that depends on the cluster's shape alone, so that all clusters of
 * all trees share a few tables; the exit leads to the next record.
 *
 *     records of a tree   | root cluster | cluster ... | leaf | leaf ...
 *     cluster             byte, field, shape, exit 0 ... 6      24 bytes
 *     leaf                0, 0, 0, value                        16 bytes
 *
 * An exit says how far the next record is. A leaf leads to itself, so that the
 * paths of a run of trees take the same number of steps and no branch depends
 * on the row. Small records count
 * here: a row reads all trees, and what bounds it is the cache lines.
 *
 * The cut is ours. Each tree is evaluated as a whole; nothing is traversed by
 * feature.
 */
#ifndef NXC_RANKER_FOREST_WALK_H
#define NXC_RANKER_FOREST_WALK_H

#include "ranker/forest.h"

#define NXC_WALK_NODES 6    /* of a cluster */
#define NXC_WALK_TABLE 64   /* bytes of a shape's table: 2 to the nodes */
#define NXC_WALK_SHAPES 198 /* trees of 0 to 6 nodes */
#define NXC_WALK_RUN 4      /* trees of one number of steps */
#define NXC_WALK_COLUMNS ((size_t)256)
#define NXC_WALK_LEAVES 256 /* of a tree */
#define NXC_WALK_UNIT ((size_t)8)

/* Where a cluster finds its bits and its table; zeros in a leaf. */
typedef struct nxc__walk_place {
    uint32_t byte;  /* of the row's decision bits: where the cluster's are */
    uint16_t field; /* the first bit there, their number << 8: for BEXTR */
    uint16_t shape; /* where its table begins */
} nxc__walk_place;

/* A table's bytes count half-words from the record: exit i is 4 + i. Exits are
 * distances in units of 8 bytes from the record. The leaves' table is zero, and
 * so is what it leads to: byte. */
typedef struct nxc__walk_cluster {
    nxc__walk_place place;
    uint16_t exits[NXC_WALK_NODES + 1];
    uint16_t unused;
} nxc__walk_cluster;

typedef struct nxc__walk_leaf {
    nxc__walk_place place;
    double value;
} nxc__walk_leaf;

typedef struct nxc__forest_walk {
    const uint8_t *records;
    const size_t *trees;    /* (n_trees) bytes to the root's record */
    const uint8_t *n_steps; /* of each run of trees */
    const uint8_t *tables;
    const uint8_t *columns;    /* of the decisions, padded to 64 */
    const uint8_t *thresholds; /* likewise */
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
