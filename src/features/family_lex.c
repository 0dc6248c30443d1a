/* Lexical scores: BM25 of the prompt and four fields of each operation. Each
 * query runs over the postings of its terms into one dense array of the whole
 * catalog, from which the candidates are read. */
#include "features/point.h"
#include "text/terms.h"

/* Distinct terms of a text that the catalog knows, in order; *length gets all
 * its terms. */
static nxc__query_term *read_terms(nxc__point *p, nxc_str text, size_t *n,
                                   size_t *length) {
    size_t total = 0;
    for (nxc__term_iter it = nxc__terms(text); nxc__term_next(&it);)
        total++;
    nxc__query_term *terms = nxc__point_alloc(p, total, sizeof *terms);
    uint8_t *seen = nxc__point_alloc(p, p->index->n_terms, 1);
    *n = *length = 0;
    if (!terms || !seen) return NULL;
    memset(seen, 0, p->index->n_terms);
    for (nxc__term_iter it = nxc__terms(text); nxc__term_next(&it);) {
        uint32_t t = nxc__strmap_find(&p->index->terms, it.term);
        uint32_t position = (uint32_t)(*length)++;
        if (t == NXC_NONE || seen[t]) continue;
        seen[t] = 1;
        terms[(*n)++] = (nxc__query_term){t, position};
    }
    return terms;
}

static void add_term(const nxc__field_index *f, uint32_t term, float *out) {
    for (uint32_t k = f->first[term]; k < f->first[term + 1]; k++)
        out[f->postings[k].op] += f->postings[k].weight;
}

void nxc__point_bm25(nxc__point *p, nxc__text_field field, nxc_str text,
                     float *out) {
    size_t n, length;
    const nxc__query_term *terms = read_terms(p, text, &n, &length);
    for (size_t i = 0; terms && i < n; i++)
        add_term(&p->index->fields[field], terms[i].term, out);
}

/* Whether a called operation's name has the term. */
static bool is_called_term(const nxc__point *p, const nxc__field_index *f,
                           uint32_t term) {
    for (uint32_t k = f->first[term]; k < f->first[term + 1]; k++)
        if (p->times[f->postings[k].op]) return true;
    return false;
}

static void name_columns(nxc__point *p) {
    const nxc__field_index *f = &p->index->fields[NXC_TEXT_NAME];
    float *all = nxc__point_zeros(p, p->index->n_ops);
    float *rest = nxc__point_zeros(p, p->index->n_ops);
    float *said = nxc__point_zeros(p, p->index->n_ops);
    if (p->failed) return;
    double mass = 0;
    for (size_t i = 0; i < p->n_terms; i++) {
        uint32_t t = p->terms[i].term;
        mass += (double)f->idf[t];
        add_term(f, t, all);
        if (!is_called_term(p, f, t)) add_term(f, t, rest);
        for (uint32_t k = f->first[t]; k < f->first[t + 1]; k++)
            said[f->postings[k].op] += f->idf[t];
    }
    p->bm_name = all;
    nxc__point_gather(p, all, NXC_COL(p, bm_name));
    nxc__point_gather(p, rest, NXC_COL(p, bm_rest));
    for (size_t i = 0; i < p->n; i++) {
        float own = f->mass[p->ops[i]];
        if (own > 0) NXC_COL(p, cov_name)[i] = said[p->ops[i]] / own;
        if (mass > 0)
            NXC_COL(p, bm_name_frac)[i] = all[p->ops[i]] / (float)mass;
    }
}

static void field_column(nxc__point *p, nxc__text_field field, float *column) {
    float *all = nxc__point_zeros(p, p->index->n_ops);
    if (p->failed) return;
    for (size_t i = 0; i < p->n_terms; i++)
        add_term(&p->index->fields[field], p->terms[i].term, all);
    nxc__point_gather(p, all, column);
}

void nxc__family_lex(nxc__point *p) {
    if (p->dp->prompt.len == 0) return;
    p->terms = read_terms(p, p->dp->prompt, &p->n_terms, &p->prompt_length);
    if (p->failed) return;
    name_columns(p);
    field_column(p, NXC_TEXT_FULL, NXC_COL(p, bm_full));
    field_column(p, NXC_TEXT_MAIN, NXC_COL(p, bm_main));
    field_column(p, NXC_TEXT_PATH, NXC_COL(p, bm_path));
    for (size_t i = 0; i < p->n; i++)
        NXC_COL(p, prompt_len)[i] = (float)p->prompt_length;
    nxc_str delta = p->dp->query ? p->dp->query->delta : p->dp->prompt;
    if (delta.len == p->dp->prompt.len) {
        memcpy(NXC_COL(p, bm_delta), NXC_COL(p, bm_name), p->n * sizeof(float));
        return;
    }
    float *all = nxc__point_zeros(p, p->index->n_ops);
    if (p->failed) return;
    nxc__point_bm25(p, NXC_TEXT_NAME, delta, all);
    nxc__point_gather(p, all, NXC_COL(p, bm_delta));
}
