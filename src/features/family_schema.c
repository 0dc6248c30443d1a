/*
 * Data flow by schema: which required fields of a candidate the responses of
 * earlier calls had.
 *
 * A response gives the names of its properties, the name of its schema and,
 * if it has an id of its own, the id of the call's resource. A required field
 * is filled
 *     by name       a response has a property of that name
 *     by id         its base is the resource or the schema of a call whose
 *                   response has an id, or a property of a response
 *     as before     a call was given a field of that name already
 * Names that many operations take count little (idf over the catalog).
 */
#include "features/point.h"

enum {
    GIVEN = 1,      /* a property of an earlier response */
    GIVEN_LAST = 2, /* of the last */
    MADE = 4,       /* resource or schema with an id, earlier */
    MADE_LAST = 8,
    TAKEN = 16 /* a field that a call was given */
};

typedef struct schema {
    nxc__point *p;
    uint8_t *marks;  /* (n_keys) */
    uint8_t *bodies; /* (n_keys) schemas of responses: 1, of the last: 2 */
} schema;

static void mark_call(schema *s, uint32_t call, bool is_last) {
    const nxc__op_index *x = s->p->index;
    const nxc__op_shape *op = &x->shapes[call];
    uint8_t made = is_last ? MADE_LAST : MADE;
    for (uint32_t k = 0; k < op->n_gives; k++)
        s->marks[x->gives[op->first_give + k]] |= is_last ? GIVEN_LAST : GIVEN;
    if (op->gives_id || op->n_gives == 0) s->marks[op->resource] |= made;
    if (op->gives_id) s->marks[op->returns_schema] |= made;
    for (uint32_t k = 0; k < op->n_needs; k++) {
        const nxc__need *need = &x->needs[op->first_need + k];
        if (need->is_required) s->marks[need->key] |= TAKEN;
    }
    s->bodies[op->returns_schema] |= is_last ? 2 : 1;
    s->marks[NXC_KEY_NONE] = s->bodies[NXC_KEY_NONE] = 0;
}

typedef struct totals {
    double all, returned, last, known;
    size_t n, n_ids, filled, fresh;
} totals;

static void count(totals *t, const schema *s, const nxc__need *need) {
    uint8_t by_name = s->marks[need->key], by_id = s->marks[need->base];
    uint8_t by_owner = s->marks[need->owner];
    double w = (double)s->p->index->key_idf[need->key];
    bool is_generic = need->is_id && need->base == NXC_KEY_NONE;
    t->n++;
    t->all += w;
    if (by_name & (GIVEN | GIVEN_LAST)) t->returned += w;
    if (by_name & GIVEN_LAST) t->last += w;
    if (by_name & TAKEN) t->known += w;
    if (!need->is_id) return;
    if (is_generic) by_name = 0;
    uint8_t old = (by_name & (GIVEN | TAKEN)) | (by_id & (GIVEN | MADE)) |
                  (by_owner & MADE);
    uint8_t fresh = (by_name & GIVEN_LAST) |
                    (by_id & (GIVEN_LAST | MADE_LAST)) | (by_owner & MADE_LAST);
    t->n_ids++;
    t->filled += old || fresh;
    t->fresh += fresh && !old;
}

static float ratio(double part, double all) {
    return all > 0 ? (float)(part / all) : (float)NXC_NAN;
}

static void op_columns(schema *s, size_t i) {
    nxc__point *p = s->p;
    const nxc__op_index *x = p->index;
    const nxc__op_shape *op = nxc__shape(p, p->ops[i]);
    totals required = {0}, all = {0};
    for (uint32_t k = 0; k < op->n_needs; k++) {
        const nxc__need *need = &x->needs[op->first_need + k];
        count(&all, s, need);
        if (need->is_required) count(&required, s, need);
    }
    NXC_COL(p, rq_n)[i] = (float)required.n;
    NXC_COL(p, rq_id_n)[i] = (float)required.n_ids;
    NXC_COL(p, rq_returned)[i] = ratio(required.returned, required.all);
    NXC_COL(p, rq_last)[i] = ratio(required.last, required.all);
    NXC_COL(p, rq_known)[i] = ratio(required.known, required.all);
    NXC_COL(p, rq_id_sat)
    [i] = ratio((double)required.filled, (double)required.n_ids);
    NXC_COL(p, rq_id_open)[i] = (float)(required.n_ids - required.filled);
    NXC_COL(p, rq_id_new)[i] = (float)required.fresh;
    NXC_COL(p, in_returned)[i] = ratio(all.returned, all.all);
    NXC_COL(p, in_last)[i] = ratio(all.last, all.all);
    NXC_COL(p, schema_in)[i] = s->bodies[op->body_schema] != 0;
    NXC_COL(p, schema_same_last)[i] = s->bodies[op->returns_schema] >> 1;
    NXC_COL(p, gives_n)[i] = (float)op->n_gives;
    NXC_COL(p, gives_id)[i] = op->gives_id;
}

/* Share of the last call's required names that the candidate's response has. */
static void gives_last(schema *s) {
    nxc__point *p = s->p;
    const nxc__op_index *x = p->index;
    if (p->last == NXC_NONE) return;
    const nxc__op_shape *last = nxc__shape(p, p->last);
    double all = 0;
    memset(s->marks, 0, x->n_keys);
    for (uint32_t k = 0; k < last->n_needs; k++) {
        const nxc__need *need = &x->needs[last->first_need + k];
        if (!need->is_required || s->marks[need->key]) continue;
        s->marks[need->key] = 1;
        all += (double)x->key_idf[need->key];
    }
    for (size_t i = 0; i < p->n; i++) {
        const nxc__op_shape *op = nxc__shape(p, p->ops[i]);
        double given = 0;
        for (uint32_t k = 0; k < op->n_gives; k++) {
            uint32_t key = x->gives[op->first_give + k];
            if (s->marks[key]) given += (double)x->key_idf[key];
        }
        NXC_COL(p, gives_last)[i] = ratio(given, all);
    }
}

void nxc__family_schema(nxc__point *p) {
    schema s = {.p = p};
    s.marks = nxc__point_alloc(p, p->index->n_keys, 2);
    if (!s.marks) return;
    s.bodies = s.marks + p->index->n_keys;
    memset(s.marks, 0, 2 * p->index->n_keys);
    for (size_t j = 0; j < p->n_calls; j++)
        mark_call(&s, p->calls[j], j + 1 == p->n_calls);
    for (size_t i = 0; i < p->n; i++)
        op_columns(&s, i);
    gives_last(&s);
}
