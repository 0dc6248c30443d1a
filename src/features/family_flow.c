/*
 * Data flow by paths: which parameters of a candidate the calls have produced.
 *
 * A call produces its resource and its path parameters. A path parameter is
 * satisfied if its owner (the static segment before it) or its base name is a
 * produced resource, or the same owner and name was used.
 */
#include "features/point.h"

enum { PRODUCED = 1, CREATED = 2 };

/* marks (n_keys) */
static void mark_call(const nxc__point *p, uint32_t call, uint8_t *marks) {
    const nxc__op_shape *op = nxc__shape(p, call);
    marks[op->resource] |= PRODUCED;
    if (op->method == NXC_METHOD_POST && !op->is_action)
        marks[op->resource] |= CREATED;
    for (uint32_t k = 0; k < op->n_path; k++)
        marks[p->index->needs[op->first_need + k].pair] |= PRODUCED;
    marks[NXC_KEY_NONE] = 0;
}

static bool is_satisfied(const uint8_t *marks, const nxc__need *need) {
    return (marks[need->base] | marks[need->owner] | marks[need->pair]) &
           PRODUCED;
}

/* Newest first: whether a call alone would satisfy the need. */
uint32_t nxc__flow_producer(const nxc__op_index *index, const uint32_t *calls,
                            size_t n_calls, const nxc__need *need) {
    for (size_t j = n_calls; j-- > 0;) {
        const nxc__op_shape *op = &index->shapes[calls[j]];
        bool is_made =
            op->resource != NXC_KEY_NONE &&
            (op->resource == need->base || op->resource == need->owner);
        for (uint32_t k = 0; k < op->n_path && !is_made; k++) {
            uint32_t pair = index->needs[op->first_need + k].pair;
            is_made = pair != NXC_KEY_NONE &&
                      (pair == need->pair || pair == need->base ||
                       pair == need->owner);
        }
        if (is_made) return calls[j];
    }
    return NXC_NONE;
}

void nxc__family_flow(nxc__point *p) {
    uint8_t *marks = nxc__point_alloc(p, p->index->n_keys, 1);
    if (!marks) return;
    memset(marks, 0, p->index->n_keys);
    for (size_t j = 0; j < p->n_calls; j++)
        mark_call(p, p->calls[j], marks);
    for (size_t i = 0; i < p->n; i++) {
        const nxc__op_shape *op = nxc__shape(p, p->ops[i]);
        const nxc__need *needs = p->index->needs + op->first_need;
        uint32_t n = 0;
        for (uint32_t k = 0; k < op->n_path; k++)
            n += is_satisfied(marks, &needs[k]);
        NXC_COL(p, pp_unsat)[i] = (float)(op->n_path - n);
        NXC_COL(p, res_created)[i] = (marks[op->resource] & CREATED) != 0;
        if (op->n_path == 0) continue;
        NXC_COL(p, pp_sat)[i] = (float)n / (float)op->n_path;
        NXC_COL(p, pp_tail_sat)
        [i] = is_satisfied(marks, &needs[op->n_path - 1]);
    }
}
