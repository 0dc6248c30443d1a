/* Neighbours: what was called after prompts like this one, by embeddings and by
 * words; and the three simple signals added. */
#include "features/point.h"

static void by_meaning(nxc__point *p, const nxc__neighbours *k) {
    nxc__point_gather(p, k->after1, NXC_COL(p, kn_fo));
    nxc__point_gather(p, k->after2, NXC_COL(p, kn_fo2));
    nxc__point_gather(p, k->any, NXC_COL(p, kn_any));
    nxc__point_gather(p, k->kernel_last, NXC_COL(p, kt));
    nxc__point_gather(p, k->kernel_all, NXC_COL(p, ka));
    nxc__point_gather(p, k->delta_last, NXC_COL(p, kd));
    nxc__point_gather(p, k->delta_all, NXC_COL(p, kda));
    nxc__point_gather(p, k->soft, NXC_COL(p, soft));
    nxc__point_fill(p, k->top, NXC_COL(p, kn_top));
    nxc__point_fill(p, k->mean5, NXC_COL(p, kn_m5));
    nxc__point_fill(p, k->mass_last, NXC_COL(p, ktz));
    nxc__point_fill(p, k->mass_all, NXC_COL(p, kaz));
    nxc__point_fill(p, k->mass_delta_last, NXC_COL(p, kdz));
}

static void by_words(nxc__point *p, const nxc__neighbours *k) {
    nxc__point_gather(p, k->words_after1, NXC_COL(p, tf_fo));
    nxc__point_gather(p, k->words_after2, NXC_COL(p, tf_fo2));
    nxc__point_gather(p, k->words_any, NXC_COL(p, tf_any));
    nxc__point_fill(p, k->words_top, NXC_COL(p, tf_top));
}

/* What makes the best of a column 1; 0 where there is nothing. */
static float scale(const float *x, size_t n) {
    float best = 0;
    for (size_t i = 0; i < n; i++)
        if (x[i] > best) best = x[i];
    return best > 0 ? 1 / best : 0;
}

static void mix(nxc__point *p) {
    const float *near = NXC_COL(p, kn_fo), *m1 = NXC_COL(p, w_m1);
    const float *words = NXC_COL(p, bm_name);
    float by_near = scale(near, p->n), by_words = scale(words, p->n);
    for (size_t i = 0; i < p->n; i++) {
        float sum = 0, text = words[i] * by_words;
        if (p->times[p->ops[i]]) text *= 0.5f;
        if (!isnan(near[i])) sum += near[i] * by_near;
        if (!isnan(m1[i])) sum += m1[i];
        if (!isnan(text)) sum += text;
        NXC_COL(p, w_mix)[i] = sum;
    }
}

void nxc__family_knn(nxc__point *p) {
    nxc__neighbours k;
    if (!p->statistics) return;
    if (nxc__statistics_neighbours(p->statistics, &p->learned_query, p->arena,
                                   &k, NULL) != NXC_OK) {
        p->failed = true;
        return;
    }
    by_meaning(p, &k);
    by_words(p, &k);
    mix(p);
}
