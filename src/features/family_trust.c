/*
 * Text, transitions and neighbours as one opinion, each as far as it has proved
 * itself on the learned sessions: its mean reciprocal rank r there.
 *
 *     t  softmax of 2 x, x the mean of hyb and 0.7 fresh (calls not counted)
 *     m  w_m2
 *     k  mean of kt and kd; without embeddings tf_fo as shares
 *     a  how often a called operation is called again (rep_c), else 1
 *
 *     w_odds   r_k ln(k + e) + 0.6 r_m ln(m + e) + r_t ln(t + e / n) + 0.3 ln a
 *     w_trust  r_k^2 (0.8 k + 0.2 kda a) + 0.6 r_m^2 m + r_t^2 t a^1/2
 *
 * The first is a logarithmic opinion pool, in which one signal can rule an
 * operation out; the second a linear one, in which one can carry it (Genest and
 * Zidek 1986). Neither wins everywhere; a ranker has both. The constants were
 * chosen on the training parts, by their mean (docs/adr/0019).
 */
#include "features/point.h"

#define EPSILON 1e-3f
#define UNPROVEN 0.3f /* reliability of a signal that could not be judged */

static float known_or(float x, float otherwise) {
    return isnan(x) ? otherwise : x;
}

static float text_score(const nxc__point *p, size_t i) {
    float hyb = NXC_COL(p, hyb)[i], fresh = NXC_COL(p, fresh)[i];
    if (p->times[p->ops[i]]) fresh += 9;
    return known_or(hyb, 0) / 2 + 0.35f * known_or(fresh, 0);
}

/* Shares that add up to 1 by text. */
static void text_shares(const nxc__point *p, float *out) {
    float best = -INFINITY, sum = 0;
    for (size_t i = 0; i < p->n; i++) {
        out[i] = text_score(p, i);
        if (out[i] > best) best = out[i];
    }
    for (size_t i = 0; i < p->n; i++) {
        out[i] = expf(2 * (out[i] - best));
        sum += out[i];
    }
    for (size_t i = 0; i < p->n; i++)
        out[i] /= sum;
}

static void neighbour_shares(const nxc__point *p, float *out) {
    const float *kt = NXC_COL(p, kt), *kd = NXC_COL(p, kd);
    const float *words = NXC_COL(p, tf_fo);
    float sum = 0;
    for (size_t i = 0; i < p->n; i++)
        sum += known_or(words[i], 0);
    for (size_t i = 0; i < p->n; i++)
        out[i] = nxc__point_is_encoded(p)
                     ? (known_or(kt[i], 0) + known_or(kd[i], 0)) / 2
                 : sum > 0 ? known_or(words[i], 0) / sum
                           : 0;
}

void nxc__family_trust(nxc__point *p) {
    const nxc__reliability *r = &p->learned.reliability[p->n_calls > 0];
    float rt = known_or(r->text, UNPROVEN);
    float rm = known_or(r->transitions, UNPROVEN);
    float rk = known_or(r->neighbours, UNPROVEN);
    if (!p->statistics) return;
    float *text = nxc__point_alloc(p, p->n, sizeof *text);
    float *near = nxc__point_alloc(p, p->n, sizeof *near);
    if (p->failed) return;
    text_shares(p, text);
    neighbour_shares(p, near);
    for (size_t i = 0; i < p->n; i++) {
        float m = known_or(NXC_COL(p, w_m2)[i], 0), again = 1;
        if (p->times[p->ops[i]]) again = known_or(NXC_COL(p, rep_c)[i], 1);
        if (again < 0.02f) again = 0.02f;
        NXC_COL(p, w_odds)
        [i] = rk * logf(near[i] + EPSILON) + 0.6f * rm * logf(m + EPSILON) +
              rt * logf(text[i] + EPSILON / (float)p->n) + 0.3f * logf(again);
        NXC_COL(p, w_trust)
        [i] = rk * rk *
                  (0.8f * near[i] +
                   0.2f * known_or(NXC_COL(p, kda)[i], 0) * again) +
              0.6f * rm * rm * m + rt * rt * text[i] * sqrtf(again);
    }
}
