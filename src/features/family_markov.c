/* Transitions of learned sessions: what came after the last calls, and how
 * much evidence there is of it. The first family that asks the statistics; the
 * others go by what it finds. */
#include "features/point.h"

/* Whether anything was learnt; what the statistics are asked is then there. */
static bool begin_learned(nxc__point *p) {
    const nxc__query *query = p->dp->query;
    if (!p->dp->statistics) return false;
    nxc__statistics_get_info(p->dp->statistics, &p->learned);
    if (p->learned.n_sessions == 0) return false;
    p->statistics = p->dp->statistics;
    p->learned_query = (nxc__statistics_query){
        .calls = p->calls, .n_calls = p->n_calls, .prompt_text = p->dp->prompt};
    if (!nxc__point_is_encoded(p)) return true;
    p->learned_query.prompt = query->embeddings;
    p->learned_query.delta = query->embeddings + NXC_DIM;
    p->learned_query.op_rows = p->dp->rows[0];
    return true;
}

void nxc__family_markov(nxc__point *p) {
    nxc__transitions *t = &p->transitions;
    if (!begin_learned(p)) return;
    if (nxc__statistics_transitions(p->statistics, &p->learned_query, p->arena,
                                    t, NULL) != NXC_OK) {
        p->failed = true;
        return;
    }
    nxc__point_gather(p, t->popularity, NXC_COL(p, w_pop));
    nxc__point_gather(p, t->first, NXC_COL(p, w_first));
    nxc__point_gather(p, t->order1, NXC_COL(p, w_m1));
    nxc__point_gather(p, t->order2, NXC_COL(p, w_m2));
    nxc__point_gather(p, t->sessions, NXC_COL(p, w_sk));
    nxc__point_fill(p, log1pf(t->n1), NXC_COL(p, w_n1));
    nxc__point_fill(p, log1pf(t->n2), NXC_COL(p, w_n2));
    nxc__point_fill(p, log1pf((float)p->learned.n_sessions),
                    NXC_COL(p, w_sessions));
}
