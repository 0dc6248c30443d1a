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
    uint32_t common;
    bool res, path, child, parent, space;
} relation;

/* Of candidate c to call h. */
static relation relate(const nxc__point *p, uint32_t c, uint32_t h) {
    const nxc__op_index *x = p->index;
    const nxc__op_shape *a = &x->shapes[c], *b = &x->shapes[h];
    relation r = {.common = n_common(x, a, b)};
    bool extends = b->n_segments && r.common == b->n_segments &&
                   a->n_segments > b->n_segments;
    bool is_extended = a->n_segments && r.common == a->n_segments &&
                       b->n_segments > a->n_segments;
    r.res = a->resource && a->resource == b->resource;
    r.path = a->n_segments && r.common == a->n_segments &&
             a->n_segments == b->n_segments;
    r.child = extends || (a->parent && a->parent == b->resource);
    r.parent = is_extended || (b->parent && b->parent == a->resource);
    r.space = a->space && a->space == b->space;
    bool item =
        extends && a->n_segments == b->n_segments + 1 && a->ends_in_parameter;
    bool collection = is_extended && b->n_segments == a->n_segments + 1 &&
                      b->ends_in_parameter;
    r.code = c == h                                ? SAME_OPERATION
             : r.path                              ? SAME_PATH
             : collection                          ? COLLECTION
             : item                                ? ITEM
             : r.res                               ? SAME_RESOURCE
             : r.child                             ? CHILD
             : r.parent                            ? PARENT
             : a->parent && a->parent == b->parent ? SIBLING
             : r.space                             ? SAME_SPACE
                                                   : NOTHING;
    return r;
}

static void to_last(nxc__point *p, size_t i) {
    relation r = {.code = p->n_calls ? NOTHING : -1};
    if (p->last != NXC_NONE) r = relate(p, p->ops[i], p->last);
    NXC_COL(p, rl_code)[i] = (float)r.code;
    NXC_COL(p, same_res)[i] = r.res;
    NXC_COL(p, same_path)[i] = r.path;
    NXC_COL(p, is_child)[i] = r.child;
    NXC_COL(p, is_parent)[i] = r.parent;
    NXC_COL(p, same_space)[i] = r.space;
    NXC_COL(p, pref)[i] = (float)r.common;
}

static void to_all(nxc__point *p, size_t i) {
    double n = 0, res = 0, space = 0;
    uint32_t common = 0;
    bool path = false, child = false, parent = false;
    for (size_t j = 0; j < p->n_called; j++) {
        relation r = relate(p, p->ops[i], p->called[j]);
        double times = p->times[p->called[j]];
        n += times;
        if (r.res) res += times;
        if (r.space) space += times;
        path |= r.path;
        child |= r.child;
        parent |= r.parent;
        if (r.common > common) common = r.common;
    }
    NXC_COL(p, ra_res)[i] = n > 0 ? (float)(res / n) : 0;
    NXC_COL(p, ra_space)[i] = n > 0 ? (float)(space / n) : 0;
    NXC_COL(p, ra_path)[i] = path;
    NXC_COL(p, ra_child)[i] = child;
    NXC_COL(p, ra_parent)[i] = parent;
    NXC_COL(p, ra_pref)[i] = (float)common;
}

void nxc__family_rel(nxc__point *p) {
    const nxc__op_shape *last =
        p->last != NXC_NONE ? nxc__shape(p, p->last) : NULL;
    for (size_t i = 0; i < p->n; i++) {
        const nxc__op_shape *op = nxc__shape(p, p->ops[i]);
        to_last(p, i);
        to_all(p, i);
        NXC_COL(p, depth)[i] = (float)op->n_segments;
        NXC_COL(p, tail)[i] = op->ends_in_parameter;
        if (!last) continue;
        NXC_COL(p, depth_diff)
        [i] = (float)op->n_segments - (float)last->n_segments;
        NXC_COL(p, last_tail)[i] = last->ends_in_parameter;
        NXC_COL(p, last_state)[i] = last->state;
    }
}
