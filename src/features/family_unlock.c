/*
 * What a candidate would make possible: the prompt may want an operation that
 * cannot be called yet, because nothing has produced a parameter of it.
 *
 *     U(r)   best score of a candidate with an open parameter whose owner or
 *            base is r
 *     maker  GET or POST whose path does not end in a parameter: of resource r
 *            it makes r
 *
 * The score is half of hyb; operations that were called are out of the race.
 * us_*: the same by schema: r is a required id, and a maker is an operation
 * whose response has it by name or has an id and is of that resource or schema.
 */
#include "features/point.h"

#define NOTHING (-4.0f)
#define CALLED (-9.0f)

typedef struct unlock {
    nxc__point *p;
    const float *score; /* (n) */
    float *wanted;      /* (n_keys) U */
    float *wanted_id;   /* (n_keys) U of required ids */
    float *maker;       /* (n_keys) best score of a maker, -INFINITY: none */
    uint8_t *produced;  /* (n_keys) */
} unlock;

static bool is_maker(const nxc__op_shape *op) {
    return (op->method == NXC_METHOD_GET || op->method == NXC_METHOD_POST) &&
           !op->ends_in_parameter;
}
static void raise(float *at, float x) {
    if (x > *at) *at = x;
}

static bool is_open(const unlock *u, const nxc__need *need) {
    return !u->produced[need->owner] && !u->produced[need->base] &&
           !u->produced[need->pair];
}

static void mark_calls(unlock *u) {
    const nxc__point *p = u->p;
    const nxc__op_index *x = p->index;
    for (size_t j = 0; j < p->n_calls; j++) {
        const nxc__op_shape *op = nxc__shape(p, p->calls[j]);
        u->produced[op->resource] = 1;
        u->produced[op->returns_schema] = 1;
        for (uint32_t k = 0; k < op->n_path; k++)
            u->produced[x->needs[op->first_need + k].pair] = 1;
        for (uint32_t k = 0; k < op->n_gives; k++)
            u->produced[x->gives[op->first_give + k]] = 1;
    }
    u->produced[NXC_KEY_NONE] = 0;
}

static void survey(unlock *u) {
    const nxc__point *p = u->p;
    const nxc__op_index *x = p->index;
    for (size_t i = 0; i < p->n; i++) {
        const nxc__op_shape *op = nxc__shape(p, p->ops[i]);
        if (is_maker(op)) raise(&u->maker[op->resource], u->score[i]);
        for (uint32_t k = 0; k < op->n_needs; k++) {
            const nxc__need *need = &x->needs[op->first_need + k];
            if (!need->is_required || !need->is_id || !is_open(u, need))
                continue;
            if (k < op->n_path) {
                raise(&u->wanted[need->owner], u->score[i]);
                raise(&u->wanted[need->base], u->score[i]);
            } else {
                raise(&u->wanted_id[need->base], u->score[i]);
            }
            if (need->base) raise(&u->wanted_id[need->key], u->score[i]);
        }
    }
    u->wanted[NXC_KEY_NONE] = u->wanted_id[NXC_KEY_NONE] = NOTHING;
    u->maker[NXC_KEY_NONE] = -INFINITY;
}

/* Open path parameters of a candidate, and who could make them. */
static void pending(unlock *u, size_t i) {
    nxc__point *p = u->p;
    const nxc__op_shape *op = nxc__shape(p, p->ops[i]);
    size_t n = 0;
    float best = -INFINITY;
    for (uint32_t k = 0; k < op->n_path; k++) {
        const nxc__need *need = &p->index->needs[op->first_need + k];
        if (!is_open(u, need)) continue;
        float m = u->maker[need->owner];
        raise(&m, u->maker[need->base]);
        n += m > -INFINITY;
        raise(&best, m);
    }
    NXC_COL(p, un_pend)[i] = (float)n;
    if (n) NXC_COL(p, un_makerscore)[i] = best;
}

static void enables(unlock *u, size_t i) {
    nxc__point *p = u->p;
    const nxc__op_shape *op = nxc__shape(p, p->ops[i]);
    float path = is_maker(op) ? u->wanted[op->resource] : NOTHING;
    float by_schema = NOTHING;
    if (op->gives_id) {
        raise(&by_schema, u->wanted_id[op->resource]);
        raise(&by_schema, u->wanted_id[op->returns_schema]);
    }
    for (uint32_t k = 0; k < op->n_gives; k++)
        raise(&by_schema, u->wanted_id[p->index->gives[op->first_give + k]]);
    NXC_COL(p, un_enables)[i] = path;
    NXC_COL(p, un_diff)[i] = path - u->score[i];
    NXC_COL(p, us_enables)[i] = by_schema;
    NXC_COL(p, us_diff)[i] = by_schema - u->score[i];
}

void nxc__family_unlock(nxc__point *p) {
    const float *hyb = NXC_COL(p, hyb);
    size_t n_keys = p->index->n_keys;
    if (p->n == 0 || isnan(hyb[0])) return;
    unlock u = {.p = p};
    float *score = nxc__point_alloc(p, p->n, sizeof *score);
    u.wanted = nxc__point_alloc(p, n_keys, 3 * sizeof(float));
    u.produced = nxc__point_alloc(p, n_keys, 1);
    if (p->failed) return;
    u.wanted_id = u.wanted + n_keys;
    u.maker = u.wanted_id + n_keys;
    u.score = score;
    memset(u.produced, 0, n_keys);
    for (size_t k = 0; k < n_keys; k++) {
        u.wanted[k] = u.wanted_id[k] = NOTHING;
        u.maker[k] = -INFINITY;
    }
    for (size_t i = 0; i < p->n; i++)
        score[i] = p->times[p->ops[i]] ? CALLED : hyb[i] / 2;
    mark_calls(&u);
    survey(&u);
    float best = NOTHING;
    for (size_t i = 0; i < p->n; i++) {
        pending(&u, i);
        enables(&u, i);
        raise(&best, NXC_COL(p, un_enables)[i]);
    }
    for (size_t i = 0; i < p->n; i++)
        NXC_COL(p, un_gap)[i] = NXC_COL(p, un_enables)[i] - best;
}
