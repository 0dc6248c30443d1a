/* A block of rows through the programs of all trees, over the vectors of the
 * file that includes it: it defines BLOCK(name) and
 *     bytes                      a vector of BLOCK_ROWS bytes
 *     bytes_load, bytes_store    from and to memory, unaligned
 *     bytes_select(c, t, l, r)   per byte: c <= t ? l : r, unsigned; t a byte
 *     add_few(leaf, values, n_leaves, sums, n)    sums += values[leaf], for
 *                     trees of up to FEW_LEAVES; a macro of 0 if there is none
 *     BLOCK_ROWS
 * once for each width. */
static inline void BLOCK(program)(const nxc__plan_node *node, size_t n,
                                  uint8_t *slots, uint8_t *temporaries) {
    for (const nxc__plan_node *end = node + n; node < end; node++) {
        BLOCK(bytes) c = BLOCK(bytes_load)(slots + node->column);
        BLOCK(bytes) l = BLOCK(bytes_load)(slots + node->left);
        BLOCK(bytes) r = BLOCK(bytes_load)(slots + node->right);
        BLOCK(bytes_store)
        (temporaries + node->out,
         BLOCK(bytes_select)(c, node->threshold, l, r));
    }
}

/* The trees of a program, whose leaf numbers stand at leaf[]; n rows. */
static inline void BLOCK(add_leaves)(const uint8_t *const *leaf,
                                     const double *const *values,
                                     size_t n_trees, size_t n, double *sums) {
    for (size_t i = 0; i < n; i++) {
        double sum = sums[i];
#pragma GCC unroll 8
        for (size_t k = 0; k < n_trees; k++)
            sum += values[k][leaf[k][i]];
        sums[i] = sum;
    }
}

static inline void BLOCK(add_program)(const nxc__forest_plan *plan,
                                      const nxc__plan_program *program,
                                      const uint8_t *slots, size_t n,
                                      double *sums) {
    const nxc__forest *f = plan->forest;
    const nxc__forest_tree *tree = f->trees + program->first_tree;
    const uint8_t *leaf[NXC_PLAN_TOGETHER];
    const double *values[NXC_PLAN_TOGETHER];
    size_t most = 0;
    for (size_t k = 0; k < program->n_trees; k++) {
        leaf[k] = slots + program->roots[k];
        values[k] = f->leaf_values + tree[k].first_leaf;
        most = tree[k].n_leaves > most ? tree[k].n_leaves : most;
    }
    if (most <= FEW_LEAVES) {
        for (size_t k = 0; k < program->n_trees; k++)
            add_few(leaf[k], values[k], tree[k].n_leaves, sums, n);
    } else if (program->n_trees == NXC_PLAN_TOGETHER) {
        BLOCK(add_leaves)(leaf, values, NXC_PLAN_TOGETHER, n, sums);
    } else {
        BLOCK(add_leaves)(leaf, values, program->n_trees, n, sums);
    }
}

static void BLOCK(score)(const nxc__forest_plan *plan, uint8_t *slots, size_t n,
                         double *sums) {
    uint8_t *temporaries = slots + plan->first_temporary;
    for (size_t p = 0; p < plan->n_programs; p++) {
        const nxc__plan_program *program = &plan->programs[p];
        BLOCK(program)
        (plan->nodes + program->first_node, program->n_nodes, slots,
         temporaries);
        BLOCK(add_program)(plan, program, slots, n, sums);
    }
}
