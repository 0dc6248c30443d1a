/* What the calls leave of the prompt: its embedding less its projection on the
 * embeddings of the called operations (the newest eight; Gram-Schmidt). */
#include "features/point.h"

enum { MAX_BASIS = 8 };

typedef struct residual {
    nxc__point *p;
    float *basis; /* (MAX_BASIS, NXC_DIM) */
    size_t n_basis;
    float *rest;  /* (NXC_DIM) unit length, unless norm is 0 */
    float *mixed; /* (NXC_DIM) unit of prompt + last / 2 */
    double norm;
} residual;

static double length_of(const residual *r, const float *v) {
    return sqrt((double)nxc__point_dot(r->p, v, v));
}
static void subtract(const residual *r, float *v, const float *unit) {
    float along = nxc__point_dot(r->p, v, unit);
    for (size_t k = 0; k < NXC_DIM; k++)
        v[k] -= along * unit[k];
}
static double normalize(const residual *r, float *v) {
    double n = length_of(r, v);
    for (size_t k = 0; n > 1e-6 && k < NXC_DIM; k++)
        v[k] = (float)((double)v[k] / n);
    return n;
}

static void make_basis(residual *r) {
    const nxc__point *p = r->p;
    for (size_t j = 0; j < p->n_called && r->n_basis < MAX_BASIS; j++) {
        float *b = r->basis + r->n_basis * NXC_DIM;
        memcpy(b, nxc__op_row(p, 0, p->called[j]), NXC_DIM * sizeof *b);
        for (size_t k = 0; k < r->n_basis; k++)
            subtract(r, b, r->basis + k * NXC_DIM);
        if (normalize(r, b) > 1e-3) r->n_basis++;
    }
    memcpy(r->rest, p->dp->query->embeddings, NXC_DIM * sizeof(float));
    for (size_t k = 0; k < r->n_basis; k++)
        subtract(r, r->rest, r->basis + k * NXC_DIM);
    r->norm = normalize(r, r->rest);
    memcpy(r->mixed, p->dp->query->embeddings, NXC_DIM * sizeof(float));
    if (p->last == NXC_NONE) return;
    const float *last = nxc__op_row(p, 0, p->last);
    for (size_t k = 0; k < NXC_DIM; k++)
        r->mixed[k] += last[k] / 2;
    normalize(r, r->mixed);
}

static void row_columns(const residual *r, size_t i) {
    nxc__point *p = r->p;
    const float *row = nxc__op_row(p, 0, p->ops[i]);
    float cos = p->cos_prompt[i], nearest = 0, last = 0;
    for (size_t j = 0; j < p->n_called && j < MAX_BASIS; j++) {
        float c = nxc__point_dot(p, row, nxc__op_row(p, 0, p->called[j]));
        if (j == 0 || c > nearest) nearest = c;
        if (p->called[j] == p->last) last = c;
    }
    bool has_calls = p->n_called > 0;
    NXC_COL(p, resid_norm)[i] = (float)r->norm;
    NXC_COL(p, cos_resid)
    [i] = has_calls ? nxc__point_dot(p, row, r->rest) : cos;
    NXC_COL(p, cos_hist_max)[i] = nearest;
    NXC_COL(p, cos_last)[i] = last;
    NXC_COL(p, cos_mmr)[i] = cos - nearest / 2;
    NXC_COL(p, cos_p_plus_last)
    [i] = has_calls ? nxc__point_dot(p, row, r->mixed) : cos;
}

void nxc__family_resid(nxc__point *p) {
    if (!nxc__point_is_encoded(p) || !p->cos_prompt) return;
    residual r = {.p = p};
    r.basis = nxc__point_alloc(p, MAX_BASIS + 2, NXC_DIM * sizeof(float));
    if (!r.basis) return;
    r.rest = r.basis + (size_t)MAX_BASIS * NXC_DIM;
    r.mixed = r.rest + NXC_DIM;
    make_basis(&r);
    for (size_t i = 0; i < p->n; i++)
        row_columns(&r, i);
}
