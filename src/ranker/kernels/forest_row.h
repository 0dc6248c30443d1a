/* One row down its trees (forest_walk.h). The file that includes it has
 *     row_bits(walk, state, byte, field)     the six decision bits of a cluster
 * state being what it made of the row. */

static inline const uint8_t *row_step(const nxc__forest_walk *walk,
                                      row_state state, const uint8_t *at) {
    nxc__walk_place p;
    uint16_t next;
    memcpy(&p, at, sizeof p);
    uint32_t bits = row_bits(walk, state, p.byte, p.field);
    memcpy(&next, at + 2 * (size_t)walk->tables[p.shape + bits], sizeof next);
    return at + NXC_WALK_UNIT * (size_t)next;
}

static inline double row_value(const uint8_t *at) {
    double value;
    memcpy(&value, at + sizeof(nxc__walk_place), sizeof value);
    return value;
}

/* Four trees take a step in turn: if one took all its steps at once, what waits
 * for memory would fill the processor's schedulers. The sum is in the order of
 * the trees. */
static inline double row_walk(const nxc__forest_plan *plan, row_state state) {
    const nxc__forest_walk *walk = &plan->walk;
    size_t n = plan->forest->n_trees, t = 0;
    double sum = 0.0;
    for (; t + NXC_WALK_RUN <= n; t += NXC_WALK_RUN) {
        const uint8_t *a = walk->records + walk->trees[t];
        const uint8_t *b = walk->records + walk->trees[t + 1];
        const uint8_t *c = walk->records + walk->trees[t + 2];
        const uint8_t *d = walk->records + walk->trees[t + 3];
        for (size_t i = walk->n_steps[t / NXC_WALK_RUN]; i; i--) {
            a = row_step(walk, state, a);
            b = row_step(walk, state, b);
            c = row_step(walk, state, c);
            d = row_step(walk, state, d);
        }
        sum += row_value(a);
        sum += row_value(b);
        sum += row_value(c);
        sum += row_value(d);
    }
    for (; t < n; t++) {
        const uint8_t *at = walk->records + walk->trees[t];
        for (size_t i = walk->n_steps[t / NXC_WALK_RUN]; i; i--)
            at = row_step(walk, state, at);
        sum += row_value(at);
    }
    return sum;
}
