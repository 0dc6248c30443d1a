/* A tree's part of an explanation, on the way down and up (forest_explain.c).
 * Four points are as many registers as the file that includes it has. */
typedef nxc__explain_points explain_points;

static inline void explain_decide(const nxc__explain_job *j) {
    const nxc__forest_node *nodes = j->forest->nodes + j->tree->first_node;
    const nxc__explain_edge *edges = j->edges;
    uint8_t *left = j->left, *passes = j->passes;
    size_t n_nodes = j->tree->n_nodes, n_edges = j->n_edges;
    for (size_t i = 0; i < n_nodes; i++)
        left[i] = nxc__forest_goes_left(j->forest, &nodes[i],
                                        j->row[nodes[i].feature]);
    passes[0] = 1;
    for (size_t e = 1; e < n_edges; e++)
        passes[e] = (uint8_t)((left[edges[e].node] == edges[e].is_left) &
                              passes[edges[e].up]);
}

static inline void explain_down(const nxc__explain_job *j, size_t group) {
    const nxc__explain_edge *edges = j->edges;
    const uint8_t *passes = j->passes;
    explain_points *inverse = j->inverse, *part = j->part, *down = j->down;
    explain_points t = j->at[group], rest = 1.0 - t;
    size_t n_edges = j->n_edges;
    const explain_points zero = {0};
    inverse[0] = zero + 1.0;
    down[0] = j->weights[group];
    part[0] = zero;
    for (size_t e = 1; e < n_edges; e++) {
        const nxc__explain_edge *at = &edges[e];
        double o = (double)passes[e];
        explain_points f = rest * at->share + t * o, i = 1.0 / f;
        inverse[e] = i;
        part[e] = (o - at->share) * i;
        down[e] = f * inverse[at->up] * down[at->parent];
    }
    for (size_t e = 1; e < n_edges; e++) /* a node's: 0 so far */
        down[e] *= edges[e].value;
}

static inline void explain_up(const nxc__explain_job *j) {
    const nxc__explain_edge *edges = j->edges;
    const explain_points *part = j->part;
    explain_points *down = j->down, *phi = j->phi;
    for (size_t e = j->n_edges - 1; e > 0; e--) {
        const nxc__explain_edge *at = &edges[e];
        explain_points below = down[e];
        phi[at->feature] += (part[e] - part[at->up]) * below;
        down[at->parent] += below;
    }
}

static void explain_tree(const nxc__explain_job *j) {
    explain_decide(j);
    for (size_t group = 0; group < j->n_groups; group++) {
        explain_down(j, group);
        explain_up(j);
    }
}
