/*
 * Set v2 of one decision point: begin, families in order, rows.
 *
 *     column-major  (features, n)  families write whole columns
 *     row-major     (n, features)  what the ranker reads
 *
 * Order matters where a family reads another's columns: hybrid reads lex, emb
 * and resid; sibling and unlock read hybrid; knn and relia read what markov
 * asked the statistics; norm reads all.
 *
 * Which columns depend on the other candidates: those with an A in
 * depends_on (registry); all others are the same for a subset of candidates,
 * and no column depends on their order.
 *
 * Cost: linear in the candidates, but for the ranks, which are sorted by radix.
 */
#include "base/str.h"
#include "features/point.h"

void *nxc__point_alloc(nxc__point *p, size_t n, size_t size) {
    void *block = nxc__arena_alloc_array(p->arena, n + 1, size);
    if (!block) p->failed = true;
    return block;
}
float *nxc__point_zeros(nxc__point *p, size_t n) {
    float *x = nxc__point_alloc(p, n, sizeof *x);
    if (x) memset(x, 0, n * sizeof *x);
    return x;
}

void nxc__point_gather(const nxc__point *p, const float *all, float *column) {
    for (size_t i = 0; all && i < p->n; i++)
        column[i] = all[p->ops[i]];
}
void nxc__point_fill(const nxc__point *p, float x, float *column) {
    for (size_t i = 0; i < p->n; i++)
        column[i] = x;
}

/* Known calls, and the distinct ones of them, newest first. */
static void read_calls(nxc__point *p) {
    const nxc__session *s = p->dp->session;
    uint32_t *calls = nxc__point_alloc(p, s->n, sizeof *calls);
    uint8_t *times = nxc__point_alloc(p, p->index->n_ops, 1);
    uint32_t *ops = nxc__point_alloc(p, p->n + NXC_MAX_CALLED, sizeof *ops);
    p->last = NXC_NONE;
    if (p->failed) return;
    memset(times, 0, p->index->n_ops);
    if (p->n) memcpy(ops, p->dp->candidates, p->n * sizeof *ops);
    for (size_t j = 0; j < s->n; j++)
        if (s->calls[j].operation != NXC_NONE)
            calls[p->n_calls++] = s->calls[j].operation;
    for (size_t j = p->n_calls; j-- > 0;) {
        if (times[calls[j]] == 0 && p->n_called < NXC_MAX_CALLED)
            ops[p->n + p->n_called++] = calls[j];
        if (times[calls[j]] < UINT8_MAX) times[calls[j]]++;
    }
    if (s->n) p->last = s->calls[s->n - 1].operation;
    p->ops = ops;
    p->called = ops + p->n;
    p->calls = calls;
    p->times = times;
}

static void begin(nxc__point *p, const nxc__decision_point *dp) {
    memset(p, 0, sizeof *p);
    p->dp = dp;
    p->index = dp->index;
    p->arena = dp->arena;
    p->n = dp->n;
    float *block =
        nxc__point_alloc(p, dp->n * NXC_V2_N_FEATURES, sizeof *block);
    if (!block) return;
    for (size_t f = 0; f < NXC_V2_N_FEATURES; f++)
        p->columns[f] = block + f * dp->n;
    for (size_t k = NXC_V1_N_FEATURES * dp->n; k < NXC_V2_N_FEATURES * dp->n;
         k++)
        block[k] = (float)NXC_NAN;
    read_calls(p);
}

static nxc_feature_status status_of(const nxc__point *p, const float *column) {
    for (size_t i = 0; i < p->n; i++)
        if (!isnan(column[i])) return NXC_FEATURE_OK;
    if (p->n == 0) return NXC_FEATURE_OK;
    if (p->dp->prompt.len == 0) return NXC_FEATURE_NO_PROMPT;
    return nxc__point_is_encoded(p) ? NXC_FEATURE_NO_EVIDENCE
                                    : NXC_FEATURE_NO_ENCODER;
}

static float plain(float x) { return isnan(x) ? (float)NXC_NAN : x; }

/* Tiles of 16 by 16, so that both sides stay in the cache. Every NaN is the
 * plain one. */
static void transpose(const nxc__point *p, float *out) {
    enum { TILE = 16 };
    for (size_t i0 = 0; i0 < p->n; i0 += TILE)
        for (size_t f0 = 0; f0 < NXC_V2_N_FEATURES; f0 += TILE)
            for (size_t i = i0; i < p->n && i < i0 + TILE; i++)
                for (size_t f = f0; f < NXC_V2_N_FEATURES && f < f0 + TILE; f++)
                    out[i * NXC_V2_N_FEATURES + f] = plain(p->columns[f][i]);
}

nxc_status nxc__point_extract(const nxc__decision_point *dp, float *out,
                              uint8_t *status, nxc_error *err) {
    static void (*const families[])(nxc__point *) = {
        nxc__family_lex,     nxc__family_emb,    nxc__family_clause,
        nxc__family_verbres, nxc__family_resid,  nxc__family_rel,
        nxc__family_flow,    nxc__family_schema, nxc__family_hist,
        nxc__family_static,  nxc__family_hybrid, nxc__family_sibling,
        nxc__family_unlock,  nxc__family_markov, nxc__family_knn,
        nxc__family_relia,   nxc__family_trust,  nxc__family_prior,
        nxc__family_norm};
    nxc__point p;
    begin(&p, dp);
    for (size_t f = 0; !p.failed && f < NXC_V1_N_FEATURES; f++)
        status[f] = (uint8_t)nxc__features_v1[f].extract(dp, p.columns[f], 1);
    for (size_t k = 0; !p.failed && k < sizeof families / sizeof *families; k++)
        families[k](&p);
    if (p.failed)
        return nxc__error_nomem(err, dp->n * NXC_V2_N_FEATURES * sizeof *out);
    for (size_t f = NXC_V1_N_FEATURES; f < NXC_V2_N_FEATURES; f++)
        status[f] = (uint8_t)status_of(&p, p.columns[f]);
    transpose(&p, out);
    return NXC_OK;
}

nxc_status nxc__point_text_scores(const nxc__decision_point *dp, float *out,
                                  nxc_error *err) {
    nxc__point p;
    begin(&p, dp);
    if (!p.failed) nxc__family_lex(&p);
    if (!p.failed) nxc__family_emb(&p);
    if (!p.failed) nxc__family_hybrid(&p);
    if (p.failed)
        return nxc__error_nomem(err, dp->n * NXC_V2_N_FEATURES * sizeof *out);
    if (p.n) memcpy(out, NXC_COL(&p, hyb), p.n * sizeof *out);
    return NXC_OK;
}
