/* The session itself, and what does not depend on it at all. */
#include "features/point.h"

enum { NEVER = 99 };

void nxc__family_hist(nxc__point *p) {
    float *ago = nxc__point_alloc(p, p->index->n_ops, sizeof *ago);
    if (!ago) return;
    for (size_t k = 0; k < p->index->n_ops; k++)
        ago[k] = NEVER;
    size_t distinct = 0;
    for (size_t j = 0; j < p->n_calls; j++) {
        size_t back = p->n_calls - 1 - j;
        distinct += ago[p->calls[j]] == (float)NEVER;
        ago[p->calls[j]] = (float)(back < NEVER ? back : NEVER - 1);
    }
    double step = (double)p->dp->session->n;
    for (size_t i = 0; i < p->n; i++) {
        uint32_t op = p->ops[i];
        NXC_COL(p, called_n)[i] = p->times[op];
        NXC_COL(p, called_ago)[i] = ago[op];
        NXC_COL(p, step)[i] = (float)step;
        NXC_COL(p, n_distinct)[i] = (float)distinct;
        NXC_COL(p, n_cand)[i] = logf((float)p->n);
    }
}

void nxc__family_static(nxc__point *p) {
    size_t last = p->index->n_ops > 1 ? p->index->n_ops - 1 : 1;
    for (size_t i = 0; i < p->n; i++) {
        const nxc__op_shape *op = nxc__shape(p, p->ops[i]);
        NXC_COL(p, cat_pos)[i] = (float)p->ops[i] / (float)last;
        NXC_COL(p, tlen)[i] = (float)op->n_words;
        NXC_COL(p, rescount)[i] = (float)op->resourcemates;
    }
}
