/*
 * Terms and postings of a catalog.
 *
 * Pass 1, for each field, operation by operation: (term, operation, count),
 * a term of an operation once. Pass 2: counting sort by term, which keeps the
 * operations ascending, and the BM25 weight of each.
 *
 *     first[term] .. first[term + 1]  of  postings {operation, weight}
 *
 * Source: Robertson and Zaragoza 2009, with idf ln(1 + (N - df + .5) /
 * (df + .5)), which is never negative.
 */
#include <math.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/str.h"
#include "features/op_index.h"
#include "text/terms.h"

#define BM25_K1 1.2
#define BM25_B 0.75

typedef struct occurrence {
    uint32_t term, op, count;
} occurrence;

typedef struct scan {
    nxc__op_index *index;
    nxc__buffer seen;  /* by field: occurrence */
    nxc__buffer where; /* (n_terms) uint32_t: 1 + its newest occurrence */
    size_t op_start;   /* first occurrence of the operation */
    uint32_t op;
    double *length; /* (n_ops) terms of the field */
    nxc_error *err;
} scan;

static nxc_status term_number(scan *s, nxc_str term, uint32_t *out) {
    nxc__op_index *index = s->index;
    *out = nxc__strmap_find(&index->terms, term);
    if (*out == NXC_NONE) {
        nxc_str kept = nxc__arena_copy(&index->arena, term);
        if (!kept.ptr) return nxc__error_nomem(s->err, term.len);
        *out = (uint32_t)index->n_terms++;
        NXC_TRY(nxc__strmap_add(&index->terms, kept, *out, NULL, s->err));
    }
    while (s->where.len <= *out * sizeof(uint32_t)) {
        nxc__buffer_extend(&s->where, sizeof(uint32_t));
        NXC_TRY(nxc__buffer_status(&s->where, "terms", s->err));
    }
    return NXC_OK;
}

static nxc_status add_text(scan *s, nxc_str text) {
    for (nxc__term_iter it = nxc__terms(text); nxc__term_next(&it);) {
        uint32_t term;
        NXC_TRY(term_number(s, it.term, &term));
        uint32_t *where = (uint32_t *)(void *)s->where.data + term;
        occurrence *seen = (occurrence *)(void *)s->seen.data;
        s->length[s->op]++;
        if (*where > s->op_start) {
            seen[*where - 1].count++;
            continue;
        }
        occurrence o = {term, s->op, 1};
        nxc__buffer_append(&s->seen, &o, sizeof o);
        NXC_TRY(nxc__buffer_status(&s->seen, "postings", s->err));
        *where = (uint32_t)(s->seen.len / sizeof o);
    }
    return NXC_OK;
}

static nxc_status add_fields(scan *s, const nxc_operation *op) {
    static const nxc_field_kind kinds[] = {NXC_FIELD_PARAMETER, NXC_FIELD_BODY};
    uint32_t n[] = {op->n_parameters, op->n_body};
    nxc_field f;
    for (size_t k = 0; k < 2; k++)
        for (uint32_t i = 0; i < n[k]; i++)
            if (nxc_catalog_get_field(s->index->catalog, s->op, kinds[k], i,
                                      &f))
                NXC_TRY(add_text(s, f.name));
    return NXC_OK;
}

static nxc_status add_operation(scan *s, nxc__text_field field) {
    nxc_operation op;
    if (!nxc_catalog_get_operation(s->index->catalog, s->op, &op))
        NXC_UNREACHABLE("op is below the number of operations");
    nxc_str name = op.operation_id.len ? op.operation_id : op.id;
    switch (field) {
    case NXC_TEXT_FULL:
        NXC_TRY(add_text(s, nxc__str(nxc_method_name(op.method))));
        NXC_TRY(add_text(s, op.path));
        NXC_TRY(add_text(s, name));
        NXC_TRY(add_text(s, op.summary));
        NXC_TRY(add_text(s, op.description));
        NXC_TRY(add_text(s, op.tags));
        return add_fields(s, &op);
    case NXC_TEXT_NAME:
        return add_text(s, s->index->texts[2][s->op]);
    case NXC_TEXT_MAIN:
        NXC_TRY(add_text(s, s->index->texts[2][s->op]));
        NXC_TRY(add_text(s, op.path));
        return add_text(s, op.tags);
    case NXC_TEXT_PATH:
        return add_text(s, op.path.len ? op.path : name);
    case NXC_N_TEXT_FIELDS:
        break;
    }
    NXC_UNREACHABLE("a field of the enumeration");
}

/* Occurrences of a field, sorted by term, with weights. */
static nxc_status index_field(scan *s, nxc__field_index *out) {
    nxc__op_index *index = s->index;
    const occurrence *seen = (const occurrence *)(void *)s->seen.data;
    size_t n = s->seen.len / sizeof *seen, n_terms = index->n_terms;
    uint32_t *first =
        nxc__arena_alloc_array(&index->arena, n_terms + 2, sizeof *first);
    nxc__posting *postings =
        nxc__arena_alloc_array(&index->arena, n + 1, sizeof *postings);
    float *idf =
        nxc__arena_alloc_array(&index->arena, n_terms + 1, sizeof *idf);
    float *mass =
        nxc__arena_alloc_array(&index->arena, index->n_ops + 1, sizeof *mass);
    if (!first || !postings || !idf || !mass)
        return nxc__error_nomem(s->err, n * sizeof *postings);
    memset(first, 0, (n_terms + 2) * sizeof *first);
    memset(mass, 0, (index->n_ops + 1) * sizeof *mass);
    double total = 0, n_ops = (double)index->n_ops;
    for (size_t i = 0; i < index->n_ops; i++)
        total += s->length[i];
    double mean = total > 0 ? total / n_ops : 1;
    for (size_t i = 0; i < n; i++)
        first[seen[i].term + 2]++;
    for (size_t t = 0; t < n_terms; t++) {
        double df = first[t + 2];
        idf[t] = df > 0 ? (float)log(1 + (n_ops - df + 0.5) / (df + 0.5)) : 0;
        first[t + 2] += first[t + 1];
    }
    for (size_t i = 0; i < n; i++) {
        const occurrence *o = &seen[i];
        double norm = BM25_K1 * (1 - BM25_B + BM25_B * s->length[o->op] / mean);
        double tf = o->count * (BM25_K1 + 1) / (o->count + norm);
        postings[first[o->term + 1]++] =
            (nxc__posting){o->op, (float)((double)idf[o->term] * tf)};
        mass[o->op] += idf[o->term];
    }
    *out = (nxc__field_index){first, postings, idf, mass};
    return NXC_OK;
}

static nxc_status scan_field(scan *s, nxc__text_field field) {
    size_t n_ops = s->index->n_ops;
    s->seen.len = 0;
    s->where.len = 0;
    memset(s->length, 0, (n_ops + 1) * sizeof *s->length);
    for (s->op = 0; s->op < n_ops; s->op++) {
        s->op_start = s->seen.len / sizeof(occurrence);
        NXC_TRY(add_operation(s, field));
    }
    return NXC_OK;
}

/* Terms of the resources' names; those that no text has are left out. */
static nxc_status resource_terms(scan *s) {
    nxc__op_index *index = s->index;
    const nxc_catalog *c = index->catalog;
    size_t n = nxc__catalog_n_resources(c);
    uint32_t *first =
        nxc__arena_alloc_array(&index->arena, n + 1, sizeof *first);
    if (!first) return nxc__error_nomem(s->err, n * sizeof *first);
    s->where.len = 0;
    for (uint32_t r = 0; r < n; r++) {
        first[r] = (uint32_t)(s->where.len / sizeof(uint32_t));
        if (r <= NXC_RESOURCE_UNKNOWN) continue;
        nxc__term_iter it = nxc__terms(nxc__catalog_resource_name(c, r));
        while (nxc__term_next(&it)) {
            uint32_t t = nxc__strmap_find(&index->terms, it.term);
            if (t != NXC_NONE) nxc__buffer_append(&s->where, &t, sizeof t);
        }
    }
    first[n] = (uint32_t)(s->where.len / sizeof(uint32_t));
    NXC_TRY(nxc__buffer_status(&s->where, "resource terms", s->err));
    uint32_t *terms = nxc__arena_alloc(&index->arena, s->where.len + 1);
    if (!terms) return nxc__error_nomem(s->err, s->where.len);
    if (s->where.len) memcpy(terms, s->where.data, s->where.len);
    index->resource_first = first;
    index->resource_terms = terms;
    return NXC_OK;
}

nxc_status nxc__op_terms(nxc__op_index *index, nxc_error *err) {
    size_t bytes = (index->n_ops + 1) * sizeof(double);
    scan s = {.index = index, .err = err};
    nxc_status st = NXC_OK;
    nxc__buffer_init(&s.seen, index->alloc, SIZE_MAX / 2);
    nxc__buffer_init(&s.where, index->alloc, SIZE_MAX / 2);
    s.length = nxc__alloc(index->alloc, bytes);
    if (!s.length) st = nxc__error_nomem(err, bytes);
    /* the full text first: it has nearly all terms of the others, and a field
     * that is indexed before a term is known just does not have it */
    for (int f = 0; st == NXC_OK && f < NXC_N_TEXT_FIELDS; f++)
        st = scan_field(&s, (nxc__text_field)f);
    for (int f = 0; st == NXC_OK && f < NXC_N_TEXT_FIELDS; f++) {
        st = scan_field(&s, (nxc__text_field)f);
        if (st == NXC_OK) st = index_field(&s, &index->fields[f]);
    }
    if (st == NXC_OK) st = resource_terms(&s);
    nxc__buffer_release(&s.seen);
    nxc__buffer_release(&s.where);
    nxc__free(index->alloc, s.length, bytes);
    return st;
}
