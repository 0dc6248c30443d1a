/* What the operation speaks of: does the prompt name its resource, and where.
 */
#include "features/point.h"

typedef struct named {
    float share;    /* of the name's words in the prompt, by idf */
    float position; /* of the first of them, 0 to 1; 1 if none */
} named;

static float relative(size_t position, size_t length) {
    return length ? (float)position / (float)length : 1;
}

/* place (n_terms): 1 + position of a term in the prompt, 0: not there. */
static named look_up(const nxc__point *p, const uint32_t *place,
                     uint32_t resource) {
    const float *idf = p->index->fields[NXC_TEXT_FULL].idf;
    double all = 0, said = 0;
    size_t first = p->prompt_length;
    const uint32_t *end = p->index->resource_first + resource + 1;
    for (uint32_t k = end[-1]; k < *end; k++) {
        uint32_t t = p->index->resource_terms[k];
        all += (double)idf[t];
        if (place[t] == 0) continue;
        said += (double)idf[t];
        if (place[t] - 1 < first) first = place[t] - 1;
    }
    return (named){all > 0 ? (float)(said / all) : (float)NXC_NAN,
                   relative(first, p->prompt_length)};
}

static void op_columns(nxc__point *p, const named *resources) {
    const nxc_catalog *c = p->dp->catalog;
    float last = 1;
    if (p->last != NXC_NONE)
        last = resources[nxc__catalog_resource(c, p->last)].position;
    for (size_t i = 0; i < p->n; i++) {
        const named *r = &resources[nxc__catalog_resource(c, p->ops[i])];
        size_t n_parents;
        const uint32_t *parents =
            nxc__catalog_parents(c, p->ops[i], &n_parents);
        NXC_COL(p, res_in_prompt)[i] = r->share;
        if (n_parents) NXC_COL(p, par_in_prompt)
        [i] = resources[parents[n_parents - 1]].share;
        NXC_COL(p, res_pos)[i] = r->position;
        NXC_COL(p, res_pos_diff)[i] = r->position - last;
    }
}

void nxc__family_verbres(nxc__point *p) {
    for (size_t i = 0; i < p->n; i++) {
        const nxc__op_shape *op = nxc__shape(p, p->ops[i]);
        NXC_COL(p, state)[i] = op->state;
        NXC_COL(p, verb_method)[i] = nxc__method_category(op->method);
    }
    if (p->dp->prompt.len == 0 || !p->terms) return;
    size_t n = nxc__catalog_n_resources(p->dp->catalog);
    uint32_t *place = nxc__point_alloc(p, p->index->n_terms, sizeof *place);
    named *resources = nxc__point_alloc(p, n, sizeof *resources);
    if (p->failed) return;
    memset(place, 0, p->index->n_terms * sizeof *place);
    for (size_t i = 0; i < p->n_terms; i++)
        place[p->terms[i].term] = p->terms[i].position + 1;
    for (uint32_t r = 0; r < n; r++)
        resources[r] = r > NXC_RESOURCE_UNKNOWN ? look_up(p, place, r)
                                                : (named){(float)NXC_NAN, 1};
    op_columns(p, resources);
}
