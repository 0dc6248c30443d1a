/*
 * What the same user did in earlier sessions.
 *
 *     weight of a session  2^-(age / 30 days), 1 where its age is not known
 *     prior_op    calls of the candidate, by weight, of all earlier calls
 *     prior_res   calls of its resource, likewise
 *     prior_last  its resource is that of the last call of the newest session
 *     prior_n     ln of one more than the sessions, by weight
 *
 * All are missing where there is no earlier session. The newest session is the
 * one of the least age; of those whose age is not known, the last.
 */
#include "features/point.h"

#define HALF_LIFE (30 * 86400.0)

static double weight_of(const nxc__earlier *e) {
    return isnan(e->age) ? 1 : exp2(-e->age / HALF_LIFE);
}

static const nxc__earlier *newest(const nxc__session *s) {
    const nxc__earlier *best = &s->earlier[0];
    for (size_t i = 1; i < s->n_earlier; i++) {
        const nxc__earlier *e = &s->earlier[i];
        if (!(e->age > best->age)) best = e;
    }
    return best;
}

void nxc__family_prior(nxc__point *p) {
    const nxc__session *s = p->dp->session;
    double sum = 0, n = 0;
    if (s->n_earlier == 0) return;
    size_t n_resources = nxc__catalog_n_resources(p->dp->catalog);
    double *ops = nxc__point_alloc(p, p->index->n_ops, sizeof *ops);
    double *resources = nxc__point_alloc(p, n_resources, sizeof *resources);
    if (p->failed) return;
    memset(ops, 0, p->index->n_ops * sizeof *ops);
    memset(resources, 0, n_resources * sizeof *resources);
    for (size_t i = 0; i < s->n_earlier; i++) {
        const nxc__earlier *e = &s->earlier[i];
        double weight = weight_of(e);
        n += weight;
        sum += weight * (double)e->n;
        for (size_t k = 0; k < e->n; k++) {
            ops[e->operations[k]] += weight;
            resources[nxc__catalog_resource(p->dp->catalog,
                                            e->operations[k])] += weight;
        }
    }
    const nxc__earlier *last = newest(s);
    uint32_t last_resource =
        nxc__catalog_resource(p->dp->catalog, last->operations[last->n - 1]);
    for (size_t i = 0; i < p->n; i++) {
        uint32_t op = p->ops[i];
        uint32_t resource = nxc__catalog_resource(p->dp->catalog, op);
        NXC_COL(p, prior_op)[i] = sum > 0 ? (float)(ops[op] / sum) : 0;
        NXC_COL(p, prior_res)
        [i] = sum > 0 ? (float)(resources[resource] / sum) : 0;
        NXC_COL(p, prior_last)
        [i] = resource > NXC_RESOURCE_UNKNOWN && resource == last_resource;
        NXC_COL(p, prior_n)[i] = (float)log1p(n);
    }
}
