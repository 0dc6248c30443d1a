/* A block of rows through the programs of all trees, over the vectors of the
 * file that includes it: it defines BLOCK(name) and
 *     bytes                      a vector of BLOCK_ROWS bytes
 *     bytes_load, bytes_store    from and to memory, unaligned
 *     bytes_select(c, t, l, r)   per byte: c <= t ? l : r, unsigned; t a byte
 *     add_leaves(leaf, values, n_leaves, sums)     sums += values[leaf]
 *     BLOCK_ROWS
 * once for each width. */
static inline void BLOCK(program)(const nxc__plan_node *node, size_t n,
                                  const uint8_t *columns, uint8_t *slots) {
    uint8_t *temporaries = slots + NXC_PLAN_LEAVES * NXC_PLAN_SLOT_BYTES;
    for (const nxc__plan_node *end = node + n; node < end; node++) {
        BLOCK(bytes)
        c = BLOCK(bytes_load)(columns + (size_t)node->column * BLOCK_ROWS);
        BLOCK(bytes)
        l = BLOCK(bytes_load)(slots + (size_t)node->left * NXC_PLAN_SLOT_BYTES);
        BLOCK(bytes)
        r = BLOCK(bytes_load)(slots +
                              (size_t)node->right * NXC_PLAN_SLOT_BYTES);
        BLOCK(bytes_store)
        (temporaries + (size_t)node->out * NXC_PLAN_SLOT_BYTES,
         BLOCK(bytes_select)(c, node->threshold, l, r));
    }
}

static void BLOCK(score)(const nxc__forest_plan *plan, const uint8_t *columns,
                         uint8_t *slots, double *sums) {
    const nxc__forest *f = plan->forest;
    const nxc__forest_tree *tree = f->trees, *end = tree + f->n_trees;
    for (size_t p = 0; p < plan->n_programs; p++) {
        const nxc__plan_program *program = &plan->programs[p];
        BLOCK(program)
        (plan->nodes + program->first_node, program->n_nodes, columns, slots);
        for (size_t k = 0; k < NXC_PLAN_TOGETHER && tree < end; k++, tree++)
            BLOCK(add_leaves)
        (slots + (size_t)program->root_slots[k] * NXC_PLAN_SLOT_BYTES,
         f->leaf_values + tree->first_leaf, tree->n_leaves, sums);
    }
}
