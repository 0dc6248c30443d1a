/* One row down its trees (forest_walk.h). The file that includes it has
 *     row_root_exit(walk, state, byte, root)      what is behind the exit
 *     row_inner_exit(walk, state, byte, inner)    that the row takes
 * state being what it made of the row, byte where the cluster's two bytes are
 * among its decision bits. */

/* A leaf stays as it is, without a branch: the record before the tree's stands
 * in for it. */
static inline uint32_t row_step(const nxc__forest_walk *walk, row_state state,
                                const nxc__walk_root *root, uint32_t at) {
    uint32_t offset = at & 0xffff;
    const nxc__walk_inner *inner =
        (const nxc__walk_inner *)(const void *)(walk->inner + root->before +
                                                offset);
    uint32_t next =
        row_inner_exit(walk, state, root->byte + (size_t)(at >> 16), inner);
    uint32_t stays = (uint32_t)((int32_t)(offset - 1) >> 31);
    return next ^ ((next ^ at) & stays);
}

static inline double row_leaf(const double *leaves, const nxc__walk_root *root,
                              uint32_t at) {
    return leaves[root->first_leaf + (size_t)(at >> 16)];
}

/* Four trees take a step in turn: if one took all its steps at once, what waits
 * for memory would fill the processor's schedulers. The sum is in the order of
 * the trees. */
static inline double row_walk(const nxc__forest_plan *plan, row_state state) {
    const nxc__forest_walk *walk = &plan->walk;
    const double *leaves = plan->forest->leaf_values;
    const uint8_t *n_steps = walk->n_steps;
    const nxc__walk_root *r = walk->roots;
    size_t left = plan->forest->n_trees;
    double sum = 0.0;
    for (; left >= NXC_WALK_RUN; left -= NXC_WALK_RUN, r += NXC_WALK_RUN) {
        uint32_t a = row_root_exit(walk, state, r[0].byte, &r[0]);
        uint32_t b = row_root_exit(walk, state, r[1].byte, &r[1]);
        uint32_t c = row_root_exit(walk, state, r[2].byte, &r[2]);
        uint32_t d = row_root_exit(walk, state, r[3].byte, &r[3]);
        for (size_t i = *n_steps++; i; i--) {
            a = row_step(walk, state, &r[0], a);
            b = row_step(walk, state, &r[1], b);
            c = row_step(walk, state, &r[2], c);
            d = row_step(walk, state, &r[3], d);
        }
        sum += row_leaf(leaves, &r[0], a);
        sum += row_leaf(leaves, &r[1], b);
        sum += row_leaf(leaves, &r[2], c);
        sum += row_leaf(leaves, &r[3], d);
    }
    for (; left; left--, r++) {
        uint32_t at = row_root_exit(walk, state, r->byte, r);
        for (size_t i = *n_steps; i; i--)
            at = row_step(walk, state, r, at);
        sum += row_leaf(leaves, r, at);
    }
    return sum;
}
