/* How far the learned signals can be trusted here: how well each has done on
 * the learned sessions themselves, first and later calls apart, and how often
 * operations are called again. */
#include "features/point.h"

void nxc__family_relia(nxc__point *p) {
    const nxc__statistics_info *info = &p->learned;
    const nxc__reliability *r = &info->reliability[p->n_calls > 0];
    if (!p->statistics) return;
    nxc__point_fill(p, r->text, NXC_COL(p, rl_t));
    nxc__point_fill(p, r->transitions, NXC_COL(p, rl_m));
    nxc__point_fill(p, r->neighbours, NXC_COL(p, rl_k));
    nxc__point_fill(p, r->fusion, NXC_COL(p, rl_f));
    nxc__point_fill(p, info->repeat_rate, NXC_COL(p, rl_called));
    nxc__point_fill(p, info->same_rate, NXC_COL(p, rl_last));
    nxc__point_fill(p, info->mean_length, NXC_COL(p, rl_len));
    nxc__point_gather(p, p->transitions.repeats, NXC_COL(p, rep_c));
    nxc__point_gather(p, p->transitions.self, NXC_COL(p, self_c));
    nxc__point_gather(p, p->transitions.repeat_n, NXC_COL(p, rep_n));
    for (size_t i = 0; i < p->n; i++)
        NXC_COL(p, rep_n)[i] = log1pf(NXC_COL(p, rep_n)[i]);
}
