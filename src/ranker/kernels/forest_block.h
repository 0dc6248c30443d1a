/* A block of rows through the programs of all trees, over the vectors of the
 * file that includes it: it defines BLOCK(name) and
 *     bytes                      a vector of BLOCK_ROWS bytes
 *     bytes_load, bytes_store    from and to memory, unaligned
 *     bytes_select(c, t, l, r)   per byte: c <= t ? l : r, unsigned; t a byte
 *     BLOCK_ROWS
 * once for each width. */
static inline void BLOCK(tree)(const nxc__forest_plan *plan,
                               const nxc__plan_tree *tree,
                               const uint8_t *columns, uint8_t *slots) {
    const nxc__plan_node *node = plan->nodes + tree->first_node;
    const nxc__plan_node *end = node + tree->n_nodes;
    for (; node < end; node++) {
        BLOCK(bytes)
        c = BLOCK(bytes_load)(columns + (size_t)node->column * BLOCK_ROWS);
        BLOCK(bytes)
        l = BLOCK(bytes_load)(slots + (size_t)node->left * NXC_PLAN_SLOT_BYTES);
        BLOCK(bytes)
        r = BLOCK(bytes_load)(slots +
                              (size_t)node->right * NXC_PLAN_SLOT_BYTES);
        BLOCK(bytes_store)
        (slots + (size_t)node->out * NXC_PLAN_SLOT_BYTES,
         BLOCK(bytes_select)(c, node->threshold, l, r));
    }
}

static void BLOCK(score)(const nxc__forest_plan *plan, const uint8_t *columns,
                         uint8_t *slots, double *sums) {
    for (size_t t = 0; t < plan->forest->n_trees; t++) {
        const nxc__plan_tree *tree = &plan->trees[t];
        const double *leaves = plan->forest->leaf_values + tree->first_leaf;
        BLOCK(tree)(plan, tree, columns, slots);
        BLOCK(add_leaves)
        (slots + (size_t)tree->root_slot * NXC_PLAN_SLOT_BYTES, leaves,
         plan->forest->trees[t].n_leaves, sums);
    }
}
