/*
 * How a candidate's path relates to the paths of the calls.
 *
 *     code  9 same operation   8 same path   7 collection of   6 item of
 *           5 same resource    4 child       3 parent          2 sibling
 *           1 same space       0 nothing     -1 no history
 *
 * child: the path extends the call's, or its parent is the call's resource;
 * item: it extends it by one parameter; collection: the reverse; sibling: the
 * same parent resource.
 */
#include "features/point.h"

enum {
    NOTHING,
    SAME_SPACE,
    SIBLING,
    PARENT,
    CHILD,
    SAME_RESOURCE,
    ITEM,
    COLLECTION,
    SAME_PATH,
    SAME_OPERATION
};

static uint32_t n_common(const nxc__op_index *x, const nxc__op_shape *a,
                         const nxc__op_shape *b) {
    const uint32_t *s = x->segments + a->first_segment;
    const uint32_t *t = x->segments + b->first_segment;
    uint32_t n = 0;
    while (n < a->n_segments && n < b->n_segments && s[n] == t[n])
        n++;
    return n;
}

typedef struct relation {
    int code;
    bool res, child, space;
} relation;

/* Of candidate c to call h. */
static relation relate(const nxc__point *p, uint32_t c, uint32_t h) {
    const nxc__op_index *x = p->index;
    const nxc__op_shape *a = &x->shapes[c], *b = &x->shapes[h];
    uint32_t n = n_common(x, a, b), n_a = a->n_segments, n_b = b->n_segments;
    bool extends = n_b && n == n_b && n_a > n_b;
    bool is_extended = n_a && n == n_a && n_b > n_a;
    relation r = {.res = a->resource && a->resource == b->resource,
                  .space = a->space && a->space == b->space};
    r.child = extends || (a->parent && a->parent == b->resource);
    if (c == h)
        r.code = SAME_OPERATION;
    else if (n_a && n == n_a && n == n_b)
        r.code = SAME_PATH;
    else if (is_extended && n_b == n_a + 1 && b->ends_in_parameter)
        r.code = COLLECTION;
    else if (extends && n_a == n_b + 1 && a->ends_in_parameter)
        r.code = ITEM;
    else if (r.res)
        r.code = SAME_RESOURCE;
    else if (r.child)
        r.code = CHILD;
    else if (is_extended || (b->parent && b->parent == a->resource))
        r.code = PARENT;
    else if (a->parent && a->parent == b->parent)
        r.code = SIBLING;
    else
        r.code = r.space ? SAME_SPACE : NOTHING;
    return r;
}

static void to_all(nxc__point *p, size_t i) {
    double n = 0, res = 0, space = 0;
    bool child = false;
    for (size_t j = 0; j < p->n_called; j++) {
        relation r = relate(p, p->ops[i], p->called[j]);
        double times = p->times[p->called[j]];
        n += times;
        if (r.res) res += times;
        if (r.space) space += times;
        child |= r.child;
    }
    NXC_COL(p, ra_res)[i] = n > 0 ? (float)(res / n) : 0;
    NXC_COL(p, ra_space)[i] = n > 0 ? (float)(space / n) : 0;
    NXC_COL(p, ra_child)[i] = child;
}

void nxc__family_rel(nxc__point *p) {
    const nxc__op_shape *last =
        p->last != NXC_NONE ? nxc__shape(p, p->last) : NULL;
    for (size_t i = 0; i < p->n; i++) {
        const nxc__op_shape *op = nxc__shape(p, p->ops[i]);
        NXC_ASSERT(op);
        relation r = {.code = p->n_calls ? NOTHING : -1};
        if (last) r = relate(p, p->ops[i], p->last);
        NXC_COL(p, rl_code)[i] = (float)r.code;
        NXC_COL(p, same_space)[i] = r.space;
        NXC_COL(p, depth)[i] = (float)op->n_segments;
        NXC_COL(p, tail)[i] = op->ends_in_parameter;
        if (last) NXC_COL(p, depth_diff)
        [i] = (float)op->n_segments - (float)last->n_segments;
        to_all(p, i);
    }
}
