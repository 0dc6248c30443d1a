/*
 * Which part of the prompt comes next.
 *
 * Three matrices of (candidates and called operations, clauses):
 *
 *     S  cosine with the texts      B  BM25 of the name
 *     C  S + .02 min(B, 15) + .08 v + .05 o, where v: the clause has a verb of
 *        the operation's method, o: its own verb
 *
 * and of each the same questions. A call covers the clause it is nearest to
 * (by S): `al` is that of the last call, -1 without one; the next clause is
 * al + 1 or the last.
 *
 * Cost: 2 dot products and a few flops for each candidate and clause.
 */
#include "features/point.h"
#include "text/words.h"

typedef struct clause_view {
    const float *m; /* (n + n_called, n_clauses) */
    float *max, *next, *unc, *after, *argdiff, *bestgap, *unc_bestgap;
    float nothing_left, nothing_left_gap; /* taken off if all are covered */
} clause_view;

typedef struct clauses {
    nxc__point *p;
    size_t n; /* clauses */
    const nxc_str *text;
    float *s, *b, *c; /* (n_rows, n) */
    size_t n_rows;
    uint32_t methods[NXC_MAX_CLAUSES];
    uint32_t *verbs;  /* (n_keys) set of clauses that have the verb */
    uint32_t covered; /* set of clauses */
    int al;
    size_t next;
} clauses;

static size_t best_clause(const float *row, size_t n) {
    size_t best = 0;
    for (size_t k = 1; k < n; k++)
        if (row[k] > row[best]) best = k;
    return best;
}

static void fill_bm25(clauses *q) {
    nxc__point *p = q->p;
    float *all = nxc__point_alloc(p, p->index->n_ops, sizeof *all);
    for (size_t k = 0; all && !p->failed && k < q->n; k++) {
        memset(all, 0, p->index->n_ops * sizeof *all);
        nxc__point_bm25(p, NXC_TEXT_NAME, q->text[k], all);
        for (size_t i = 0; i < q->n_rows; i++)
            q->b[i * q->n + k] = all[p->ops[i]];
    }
}

static float dot(const nxc__decision_point *dp, size_t kind, uint32_t op,
                 const float *x) {
    return nxc__encoder_dot(dp->encoder, dp->rows[kind] + (size_t)op * NXC_DIM,
                            x);
}

/* Of an operation with a path the mean over its texts, of a tool, whose texts
 * say the same, the better of two. */
float nxc__clause_cosine(const nxc__decision_point *dp, uint32_t op,
                         size_t clause) {
    const float *c = dp->query->embeddings + (2 + clause) * (size_t)NXC_DIM;
    float x = dot(dp, 0, op, c), y = dot(dp, 2, op, c);
    if (dp->index->shapes[op].is_path) return (x + y + dot(dp, 1, op, c)) / 3;
    return x > y ? x : y;
}

static void fill_cosines(clauses *q) {
    for (size_t i = 0; i < q->n_rows; i++)
        for (size_t k = 0; k < q->n; k++)
            q->s[i * q->n + k] = nxc__clause_cosine(q->p->dp, q->p->ops[i], k);
}

static void read_verbs(clauses *q) {
    char buf[NXC_WORD_MAX];
    for (size_t k = 0; k < q->n; k++) {
        q->methods[k] = nxc__prompt_methods(q->text[k]);
        for (nxc__word_iter it = nxc__words(q->text[k], false);
             nxc__word_next(&it);) {
            uint32_t key = nxc__strmap_find(&q->p->index->keys,
                                            nxc__verb_base(it.word, buf));
            if (key != NXC_NONE) q->verbs[key] |= 1u << k;
        }
    }
}

static bool has_method_verb(const clauses *q, const nxc__op_shape *op,
                            size_t k) {
    return q->methods[k] >> op->method & 1;
}
static bool has_own_verb(const clauses *q, const nxc__op_shape *op, size_t k) {
    return op->verb != NXC_KEY_NONE && q->verbs[op->verb] >> k & 1;
}

static void combine(clauses *q) {
    for (size_t i = 0; i < q->n_rows; i++) {
        const nxc__op_shape *op = nxc__shape(q->p, q->p->ops[i]);
        for (size_t k = 0; k < q->n; k++) {
            size_t at = i * q->n + k;
            float b = q->b[at] < 15 ? q->b[at] : 15;
            q->c[at] = q->s[at] + 0.02f * b +
                       0.08f * (float)has_method_verb(q, op, k) +
                       0.05f * (float)has_own_verb(q, op, k);
        }
    }
}

/* Which clauses the calls cover, by m. */
static void cover(clauses *q, const float *m) {
    const nxc__point *p = q->p;
    q->al = -1;
    q->covered = 0;
    for (size_t j = 0; j < p->n_called; j++) {
        size_t arg = best_clause(m + (p->n + j) * q->n, q->n);
        q->covered |= 1u << arg;
        if (p->called[j] == p->last) q->al = (int)arg;
    }
    size_t after = (size_t)q->al + 1; /* of -1: 0 */
    q->next = after < q->n ? after : q->n - 1;
}

static void view(clauses *q, const clause_view *v) {
    const nxc__point *p = q->p;
    float best[NXC_MAX_CLAUSES];
    for (size_t k = 0; k < q->n; k++) {
        best[k] = p->n ? v->m[k] : 0;
        for (size_t i = 1; i < p->n; i++)
            if (v->m[i * q->n + k] > best[k]) best[k] = v->m[i * q->n + k];
    }
    uint32_t all = q->n < 32 ? (1u << q->n) - 1 : UINT32_MAX;
    bool is_done = (q->covered & all) == all;
    for (size_t i = 0; i < p->n; i++) {
        const float *row = v->m + i * q->n;
        float max = -INFINITY, unc = -INFINITY, after = -INFINITY;
        float gap = -INFINITY, unc_gap = -INFINITY;
        for (size_t k = 0; k < q->n; k++) {
            float x = row[k], g = x - best[k];
            if (x > max) max = x;
            if (g > gap) gap = g;
            if ((int)k > q->al && x > after) after = x;
            if (q->covered >> k & 1) continue;
            if (x > unc) unc = x;
            if (g > unc_gap) unc_gap = g;
        }
        v->max[i] = max;
        v->next[i] = row[q->next];
        v->unc[i] = is_done ? max - v->nothing_left : unc;
        if (v->after) v->after[i] = after > -INFINITY ? after : 0;
        v->argdiff[i] = (float)((int)best_clause(row, q->n) - q->al);
        v->bestgap[i] = gap;
        if (v->unc_bestgap)
            v->unc_bestgap[i] = is_done ? gap - v->nothing_left_gap : unc_gap;
    }
}

static void place_columns(clauses *q) {
    nxc__point *p = q->p;
    size_t step = p->n_calls < q->n ? p->n_calls : q->n - 1;
    for (size_t i = 0; i < p->n; i++) {
        const float *row = q->s + i * q->n;
        size_t arg = best_clause(row, q->n);
        NXC_COL(p, cl_step)[i] = row[step];
        NXC_COL(p, cl_last)[i] = row[q->n - 1];
        NXC_COL(p, cl_argrel)
        [i] = q->n > 1 ? (float)arg / (float)(q->n - 1) : 0;
        NXC_COL(p, cl_is_best)[i] = NXC_COL(p, cl_bestgap)[i] >= 0;
    }
}

static void view_bm25(clauses *q) {
    const nxc__point *p = q->p;
    const clause_view v = {q->b,
                           NXC_COL(p, clb_max),
                           NXC_COL(p, clb_next),
                           NXC_COL(p, clb_unc),
                           NXC_COL(p, clb_after),
                           NXC_COL(p, clb_argdiff),
                           NXC_COL(p, clb_bestgap),
                           NULL,
                           3,
                           2};
    view(q, &v);
}
static void view_cosines(clauses *q) {
    const nxc__point *p = q->p;
    const clause_view s = {q->s,
                           NXC_COL(p, cl_max),
                           NXC_COL(p, cl_next),
                           NXC_COL(p, cl_unc),
                           NXC_COL(p, cl_after),
                           NXC_COL(p, cl_argdiff),
                           NXC_COL(p, cl_bestgap),
                           NXC_COL(p, cl_unc_bestgap),
                           0.2f,
                           0.1f};
    view(q, &s);
    const clause_view c = {q->c,
                           NXC_COL(p, cl_comb_max),
                           NXC_COL(p, cl_comb_next),
                           NXC_COL(p, cl_comb_unc),
                           NULL,
                           NXC_COL(p, cl_comb_argdiff),
                           NXC_COL(p, cl_comb_bestgap),
                           NXC_COL(p, cl_comb_unc_bestgap),
                           0.2f,
                           0.1f};
    view(q, &c);
}

void nxc__family_clause(nxc__point *p) {
    const nxc__query *query = p->dp->query;
    if (!query || query->n_clauses == 0) return;
    clauses q = {.p = p,
                 .n = query->n_clauses,
                 .text = query->clauses,
                 .n_rows = p->n + p->n_called};
    size_t room = q.n_rows * q.n;
    bool is_encoded = nxc__point_is_encoded(p);
    q.b = nxc__point_alloc(p, room, sizeof(float));
    q.verbs = nxc__point_alloc(p, p->index->n_keys, sizeof *q.verbs);
    if (is_encoded) {
        q.s = nxc__point_alloc(p, room, sizeof(float));
        q.c = nxc__point_alloc(p, room, sizeof(float));
    }
    if (p->failed) return;
    memset(q.verbs, 0, p->index->n_keys * sizeof *q.verbs);
    read_verbs(&q);
    fill_bm25(&q);
    if (p->failed) return;
    if (is_encoded) {
        fill_cosines(&q);
        combine(&q);
    }
    cover(&q, is_encoded ? q.s : q.b);
    view_bm25(&q);
    if (!is_encoded) return;
    view_cosines(&q);
    place_columns(&q);
}
