/*
 * Data flow by paths: which parameters of a candidate the calls have produced.
 *
 * A call produces its resource and its path parameters. A path parameter is
 * satisfied if its owner (the static segment before it) or its base name is a
 * produced resource, or the same owner and name was used. Marks by key, one
 * byte each, in two bits: before the last call, and by it.
 */
#include "features/point.h"

enum { BEFORE = 1, BY_LAST = 2, TAKEN = 4, TAKEN_LAST = 8 };
enum { CREATED = 16, LISTED = 32, DELETED = 64 };

typedef struct flow {
    nxc__point *p;
    uint8_t *marks; /* (n_keys) */
} flow;

static void mark_call(flow *f, uint32_t call, bool is_last) {
    const nxc__op_index *x = f->p->index;
    const nxc__op_shape *op = &x->shapes[call];
    uint8_t produced = is_last ? BY_LAST : BEFORE;
    f->marks[op->resource] |= produced;
    for (uint32_t k = 0; k < op->n_needs; k++) {
        const nxc__need *need = &x->needs[op->first_need + k];
        if (k < op->n_path) f->marks[need->pair] |= produced;
        f->marks[need->key] |= is_last ? TAKEN_LAST : TAKEN;
    }
    if (op->method == NXC_METHOD_POST && !op->is_action)
        f->marks[op->resource] |= CREATED;
    if (op->method == NXC_METHOD_GET && !op->ends_in_parameter)
        f->marks[op->resource] |= LISTED;
    if (op->method == NXC_METHOD_DELETE) f->marks[op->resource] |= DELETED;
    f->marks[NXC_KEY_NONE] = 0;
}

/* The marks that satisfy a need. */
static uint8_t satisfied(const flow *f, const nxc__need *need) {
    uint8_t m = f->marks[need->base];
    if (need->in == NXC_NEED_PATH)
        m |= f->marks[need->owner] | f->marks[need->pair];
    return m & (BEFORE | BY_LAST);
}

typedef struct tally {
    size_t n, satisfied, fresh;
} tally;
static void count(tally *t, uint8_t marks) {
    t->n++;
    t->satisfied += marks != 0;
    t->fresh += marks == BY_LAST;
}
static float share(const tally *t) {
    return t->n ? (float)t->satisfied / (float)t->n : (float)NXC_NAN;
}

static void needs_columns(flow *f, size_t i) {
    nxc__point *p = f->p;
    const nxc__op_shape *op = nxc__shape(p, p->ops[i]);
    const nxc__need *needs = p->index->needs + op->first_need;
    tally path = {0}, other = {0};
    double all = 0, last = 0, any = 0;
    for (uint32_t k = 0; k < op->n_needs; k++) {
        uint8_t marks = f->marks[needs[k].key];
        double w = (double)p->index->key_idf[needs[k].key];
        if (k < op->n_path)
            count(&path, satisfied(f, &needs[k]));
        else if (needs[k].is_id)
            count(&other, satisfied(f, &needs[k]));
        all += w;
        if (marks & TAKEN_LAST) last += w;
        if (marks & (TAKEN | TAKEN_LAST)) any += w;
    }
    NXC_COL(p, pp_n)[i] = (float)path.n;
    NXC_COL(p, pp_sat)[i] = share(&path);
    NXC_COL(p, pp_unsat)[i] = (float)(path.n - path.satisfied);
    NXC_COL(p, pp_new)[i] = (float)path.fresh;
    if (op->n_path)
        NXC_COL(p, pp_tail_sat)[i] = satisfied(f, &needs[op->n_path - 1]) != 0;
    NXC_COL(p, sp_n)[i] = (float)other.n;
    NXC_COL(p, sp_sat)[i] = share(&other);
    NXC_COL(p, sp_new)[i] = (float)other.fresh;
    NXC_COL(p, nparam)[i] = op->n_parameters;
    if (all <= 0) return;
    NXC_COL(p, pov_last)[i] = (float)(last / all);
    NXC_COL(p, pov_any)[i] = (float)(any / all);
}

void nxc__family_flow(nxc__point *p) {
    flow f = {.p = p};
    f.marks = nxc__point_alloc(p, p->index->n_keys, 1);
    if (!f.marks) return;
    memset(f.marks, 0, p->index->n_keys);
    for (size_t j = 0; j < p->n_calls; j++)
        mark_call(&f, p->calls[j], j + 1 == p->n_calls);
    for (size_t i = 0; i < p->n; i++) {
        uint8_t m = f.marks[nxc__shape(p, p->ops[i])->resource];
        needs_columns(&f, i);
        NXC_COL(p, res_created)[i] = (m & CREATED) != 0;
        NXC_COL(p, res_listed)[i] = (m & LISTED) != 0;
        NXC_COL(p, res_deleted)[i] = (m & DELETED) != 0;
    }
}
