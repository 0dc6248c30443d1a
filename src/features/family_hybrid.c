/* Embedding and words together: the sum of two standardised scores, and what
 * the best sibling of the same resource has of it. */
#include "features/point.h"

static void add_standardized(nxc__point *p, const float *a, const float *b,
                             float *out) {
    float *x = nxc__point_alloc(p, p->n, sizeof *x);
    if (!x) return;
    nxc__standardize(a, p->n, x);
    nxc__standardize(b, p->n, out);
    for (size_t i = 0; i < p->n; i++)
        if (!isnan(x[i])) out[i] = isnan(out[i]) ? x[i] : out[i] + x[i];
}

void nxc__family_hybrid(nxc__point *p) {
    add_standardized(p, NXC_COL(p, cos_mean), NXC_COL(p, bm_name),
                     NXC_COL(p, hyb));
    if (p->failed) return;
    add_standardized(p, NXC_COL(p, cos_resid), NXC_COL(p, bm_rest),
                     NXC_COL(p, hyr));
    if (p->failed) return;
    float *fresh = NXC_COL(p, fresh);
    add_standardized(p, NXC_COL(p, cl_comb_unc), NXC_COL(p, hyr), fresh);
    for (size_t i = 0; !p->failed && i < p->n; i++)
        if (p->times[p->ops[i]]) fresh[i] -= 9;
}

/* Best and second best of a resource. */
typedef struct pair {
    float best, second;
} pair;

void nxc__family_sibling(nxc__point *p) {
    const float *score = NXC_COL(p, hyb);
    pair *by_resource = nxc__point_alloc(p, p->index->n_keys, sizeof(pair));
    if (!by_resource || p->n == 0 || isnan(score[0])) return;
    for (size_t k = 0; k < p->index->n_keys; k++)
        by_resource[k] = (pair){-INFINITY, -INFINITY};
    float best = -INFINITY;
    for (size_t i = 0; i < p->n; i++) {
        pair *r = &by_resource[nxc__shape(p, p->ops[i])->resource];
        if (score[i] > best) best = score[i];
        if (score[i] > r->best) {
            r->second = r->best;
            r->best = score[i];
        } else if (score[i] > r->second) {
            r->second = score[i];
        }
    }
    for (size_t i = 0; i < p->n; i++) {
        uint32_t resource = nxc__shape(p, p->ops[i])->resource;
        if (resource == NXC_KEY_NONE) continue;
        const pair *r = &by_resource[resource];
        float other = score[i] < r->best ? r->best : r->second;
        NXC_COL(p, res_max)[i] = r->best;
        if (other > -INFINITY) NXC_COL(p, res_gap)[i] = score[i] - other;
        NXC_COL(p, res_resgap)[i] = r->best - best;
    }
}
