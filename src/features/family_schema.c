/*
 * Data flow by schema: which fields of a candidate the responses of earlier
 * calls had.
 *
 * A response gives the names of its properties, the name of its schema and,
 * if it has an id of its own, the id of the call's resource. A required id is
 * filled
 *     by name       a response has a property of that name, or a call was given
 *                   one
 *     by id         its base or owner is the resource or the schema of a call
 *                   whose response has an id; its base is a property of one
 * Names that many operations take count little (idf over the catalog).
 */
#include "features/point.h"

enum {
    GIVEN = 1, /* a property of a response */
    MADE = 2,  /* resource or schema with an id */
    TAKEN = 4  /* a required field that a call was given */
};

/* marks (n_keys) */
static void mark_call(const nxc__point *p, uint32_t call, uint8_t *marks) {
    const nxc__op_index *x = p->index;
    const nxc__op_shape *op = &x->shapes[call];
    for (uint32_t k = 0; k < op->n_gives; k++)
        marks[x->gives[op->first_give + k]] |= GIVEN;
    if (op->gives_id || op->n_gives == 0) marks[op->resource] |= MADE;
    if (op->gives_id) marks[op->returns_schema] |= MADE;
    for (uint32_t k = 0; k < op->n_needs; k++) {
        const nxc__need *need = &x->needs[op->first_need + k];
        if (need->is_required) marks[need->key] |= TAKEN;
    }
    marks[NXC_KEY_NONE] = 0;
}

static bool is_filled(const uint8_t *marks, const nxc__need *need) {
    bool is_generic = need->base == NXC_KEY_NONE; /* "id" says nothing */
    return (!is_generic && marks[need->key] & (GIVEN | TAKEN)) ||
           marks[need->base] & (GIVEN | MADE) || marks[need->owner] & MADE;
}

static float ratio(double part, double all) {
    return all > 0 ? (float)(part / all) : (float)NXC_NAN;
}

static void op_columns(nxc__point *p, const uint8_t *marks, size_t i) {
    const nxc__op_index *x = p->index;
    const nxc__op_shape *op = nxc__shape(p, p->ops[i]);
    double all = 0, returned = 0;
    size_t n_ids = 0, n_filled = 0;
    for (uint32_t k = 0; k < op->n_needs; k++) {
        const nxc__need *need = &x->needs[op->first_need + k];
        double w = (double)x->key_idf[need->key];
        all += w;
        if (marks[need->key] & GIVEN) returned += w;
        if (!need->is_required || !need->is_id) continue;
        n_ids++;
        n_filled += is_filled(marks, need);
    }
    NXC_COL(p, rq_id_sat)[i] = ratio((double)n_filled, (double)n_ids);
    NXC_COL(p, rq_id_open)[i] = (float)(n_ids - n_filled);
    NXC_COL(p, in_returned)[i] = ratio(returned, all);
    NXC_COL(p, gives_n)[i] = (float)op->n_gives;
}

void nxc__family_schema(nxc__point *p) {
    uint8_t *marks = nxc__point_alloc(p, p->index->n_keys, 1);
    if (!marks) return;
    memset(marks, 0, p->index->n_keys);
    for (size_t j = 0; j < p->n_calls; j++)
        mark_call(p, p->calls[j], marks);
    for (size_t i = 0; i < p->n; i++)
        op_columns(p, marks, i);
}
