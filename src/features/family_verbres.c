/* Verbs and resources: does the prompt name them, and where. */
#include "features/point.h"
#include "text/words.h"

typedef struct named {
    float share;    /* of the name's words in the prompt, by idf */
    float position; /* of the first of them, 0 to 1; 1 if none */
} named;

typedef struct verbres {
    nxc__point *p;
    uint32_t *place; /* (n_terms) 1 + position in the prompt, 0: not there */
    uint32_t *verbs; /* (n_keys) the same for base forms of verbs */
    size_t n_words;
    named *resources; /* (n_resources of the catalog) */
} verbres;

static float relative(size_t position, size_t length) {
    return length ? (float)position / (float)length : 1;
}

static void read_prompt(verbres *v) {
    const nxc__point *p = v->p;
    char buf[NXC_WORD_MAX];
    for (size_t i = 0; i < p->n_terms; i++)
        v->place[p->terms[i].term] = p->terms[i].position + 1;
    for (nxc__word_iter it = nxc__words(p->dp->prompt, false);
         nxc__word_next(&it); v->n_words++) {
        uint32_t key =
            nxc__strmap_find(&p->index->keys, nxc__verb_base(it.word, buf));
        if (key != NXC_NONE && v->verbs[key] == 0)
            v->verbs[key] = (uint32_t)v->n_words + 1;
    }
}

static named look_up(const verbres *v, uint32_t resource) {
    const nxc__point *p = v->p;
    const float *idf = p->index->fields[NXC_TEXT_FULL].idf;
    double all = 0, said = 0;
    size_t first = p->prompt_length;
    const uint32_t *end = p->index->resource_first + resource + 1;
    for (uint32_t k = end[-1]; k < *end; k++) {
        uint32_t t = p->index->resource_terms[k];
        all += (double)idf[t];
        if (v->place[t] == 0) continue;
        said += (double)idf[t];
        if (v->place[t] - 1 < first) first = v->place[t] - 1;
    }
    return (named){all > 0 ? (float)(said / all) : (float)NXC_NAN,
                   relative(first, p->prompt_length)};
}

static float verb_position(const verbres *v, const nxc__op_shape *op) {
    uint32_t at = op->verb ? v->verbs[op->verb] : 0;
    return at ? relative(at - 1, v->n_words) : 1;
}

static void op_columns(verbres *v) {
    nxc__point *p = v->p;
    const nxc_catalog *c = p->dp->catalog;
    float last_res = 1, last_verb = 1;
    if (p->last != NXC_NONE) {
        last_res = v->resources[nxc__catalog_resource(c, p->last)].position;
        last_verb = verb_position(v, nxc__shape(p, p->last));
    }
    for (size_t i = 0; i < p->n; i++) {
        uint32_t op = p->ops[i];
        const nxc__op_shape *shape = nxc__shape(p, op);
        const named *r = &v->resources[nxc__catalog_resource(c, op)];
        size_t n_parents;
        const uint32_t *parents = nxc__catalog_parents(c, op, &n_parents);
        float verb = verb_position(v, shape);
        NXC_COL(p, res_in_prompt)[i] = r->share;
        if (n_parents) NXC_COL(p, par_in_prompt)
        [i] = v->resources[parents[n_parents - 1]].share;
        NXC_COL(p, verb_in_prompt)[i] = verb < 1;
        NXC_COL(p, res_pos)[i] = r->position;
        NXC_COL(p, verb_pos)[i] = verb;
        NXC_COL(p, res_pos_diff)[i] = r->position - last_res;
        NXC_COL(p, verb_pos_diff)[i] = verb - last_verb;
    }
}

void nxc__family_verbres(nxc__point *p) {
    for (size_t i = 0; i < p->n; i++) {
        const nxc__op_shape *op = nxc__shape(p, p->ops[i]);
        NXC_COL(p, state)[i] = op->state;
        NXC_COL(p, is_action)[i] = op->is_action;
        NXC_COL(p, verb_method)[i] = nxc__method_category(op->method);
    }
    if (p->dp->prompt.len == 0 || !p->terms) return;
    size_t n_resources = nxc__catalog_n_resources(p->dp->catalog);
    verbres v = {.p = p};
    v.place = nxc__point_alloc(p, p->index->n_terms, sizeof *v.place);
    v.verbs = nxc__point_alloc(p, p->index->n_keys, sizeof *v.verbs);
    v.resources = nxc__point_alloc(p, n_resources, sizeof *v.resources);
    if (p->failed) return;
    memset(v.place, 0, p->index->n_terms * sizeof *v.place);
    memset(v.verbs, 0, p->index->n_keys * sizeof *v.verbs);
    read_prompt(&v);
    v.resources[NXC_RESOURCE_NONE] = v.resources[NXC_RESOURCE_UNKNOWN] =
        (named){(float)NXC_NAN, 1};
    for (uint32_t r = NXC_RESOURCE_UNKNOWN + 1; r < n_resources; r++)
        v.resources[r] = look_up(&v, r);
    op_columns(&v);
    static const nxc_method methods[] = {NXC_METHOD_GET, NXC_METHOD_POST,
                                         NXC_METHOD_PUT, NXC_METHOD_DELETE,
                                         NXC_METHOD_PATCH};
    for (size_t k = 0; k < 5; k++)
        for (size_t i = 0; i < p->n; i++)
            p->columns[NXC_V2_pv_get + k][i] =
                (float)(p->dp->prompt_methods >> methods[k] & 1);
}
