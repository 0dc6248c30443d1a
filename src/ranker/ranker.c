/*
 * A ranker: rows of numbers in, scores out. Either the linear default or a
 * LightGBM forest with the kernels for this processor.
 *
 *     load | default | parse -> score* (any thread) -> free
 *
 * Immutable after load; scoring allocates nothing.
 */
#include "ranker/ranker.h"

#include <string.h>

#include "base/cpu.h"
#include "base/file.h"
#include "base/str.h"
#include "ranker/forest_score.h"
#include "ranker/lightgbm_read.h"
#include "ranker/linear.h"
#include "ranker/model_notes.h"
#include "ranker/universal_model.h"

struct nxc_ranker {
    const nxc_allocator *alloc;
    nxc__forest_scorer *trees; /* NULL: the linear default */
    nxc__model_notes notes;
    nxc__calibration calibration[2]; /* cold, warm */
    size_t size;                     /* of this block, the name included */
    char name[];
};

static nxc_status new_ranker(nxc_str name, const nxc_allocator *alloc,
                             nxc_ranker **out, nxc_error *err) {
    size_t size = sizeof **out + name.len + 1;
    nxc_ranker *r = nxc__alloc_zero(alloc, size);
    if (!r) return nxc__error_nomem(err, size);
    r->alloc = alloc;
    r->size = size;
    if (name.len) memcpy(r->name, name.ptr, name.len);
    *out = r;
    return NXC_OK;
}

static nxc_str file_name(nxc_str path) {
    size_t from = path.len;
    while (from && path.ptr[from - 1] != '/')
        from--;
    return nxc__str_slice(path, from, path.len);
}

static nxc_status read_notes(nxc_ranker *r, nxc_str name, nxc_str text,
                             nxc_error *err) {
    NXC_TRY(nxc__model_notes_read(name, text, r->alloc, &r->notes, err));
    nxc_status st =
        nxc__calibration_read(&r->notes, "cold", &r->calibration[0], err);
    if (st == NXC_OK)
        st = nxc__calibration_read(&r->notes, "warm", &r->calibration[1], err);
    if (st == NXC_OK) return st;
    return nxc__error_prefix(err, st, "%.*s", NXC_STR_ARG(name));
}

const nxc__calibration *nxc__ranker_calibration(const nxc_ranker *ranker,
                                                bool is_warm) {
    return &ranker->calibration[is_warm];
}

nxc_status nxc__ranker_parse_as(nxc_str name, nxc_str path, nxc_str text,
                                const nxc_allocator *alloc, nxc_ranker **out,
                                nxc_error *err) {
    alloc = nxc__allocator_or_default(alloc);
    nxc_ranker *r;
    nxc__forest *forest = NULL;
    NXC_TRY(new_ranker(name, alloc, &r, err));
    nxc_status st = nxc__lightgbm_read(path, text, NULL, alloc, &forest, err);
    if (st == NXC_OK) st = read_notes(r, path, text, err);
    if (st == NXC_OK)
        st = nxc__forest_scorer_new(forest, nxc__cpu_detect(), &r->trees, err);
    if (st != NXC_OK) {
        nxc__forest_free(forest);
        nxc_ranker_free(r);
        return st;
    }
    *out = r;
    return NXC_OK;
}

nxc_status nxc__ranker_parse(nxc_str path, nxc_str text,
                             const nxc_allocator *alloc, nxc_ranker **out,
                             nxc_error *err) {
    return nxc__ranker_parse_as(file_name(path), path, text, alloc, out, err);
}

nxc_status nxc_ranker_load(const char *path, const nxc_allocator *alloc,
                           nxc_ranker **out, nxc_error *err) {
    if (!path || !out)
        return nxc__error(err, NXC_ERR_INVALID,
                          "%s: expected a pointer, got NULL",
                          path ? "out" : "path");
    alloc = nxc__allocator_or_default(alloc);
    nxc_str text;
    NXC_TRY(nxc__file_read(path, NXC_MODEL_MAX_BYTES, alloc, &text, err));
    nxc_status st = nxc__ranker_parse(nxc__str(path), text, alloc, out, err);
    nxc__free_str(alloc, text);
    return st;
}

nxc_status nxc_ranker_default(const nxc_allocator *alloc, nxc_ranker **out,
                              nxc_error *err) {
    if (!out)
        return nxc__error(err, NXC_ERR_INVALID,
                          "out: expected a pointer, got NULL");
    return new_ranker(NXC_STR(NXC_LINEAR_NAME),
                      nxc__allocator_or_default(alloc), out, err);
}

nxc_status nxc_ranker_universal(const nxc_allocator *alloc, nxc_ranker **out,
                                nxc_error *err) {
    nxc_str text = {(const char *)nxc__universal_model,
                    nxc__universal_model_size};
    if (!out)
        return nxc__error(err, NXC_ERR_INVALID,
                          "out: expected a pointer, got NULL");
    return nxc__ranker_parse(NXC_STR("universal-v2"), text, alloc, out, err);
}

void nxc_ranker_free(nxc_ranker *ranker) {
    if (!ranker) return;
    nxc__forest_scorer_free(ranker->trees);
    nxc__model_notes_release(&ranker->notes);
    nxc__free(ranker->alloc, ranker, ranker->size);
}

const char *nxc_ranker_name(const nxc_ranker *ranker) { return ranker->name; }

const char *nxc_ranker_note(const nxc_ranker *ranker, const char *key) {
    return key ? nxc__model_notes_get(&ranker->notes, key) : NULL;
}
bool nxc_ranker_get_note(const nxc_ranker *ranker, size_t i, const char **key,
                         const char **value) {
    if (i >= ranker->notes.n) return false;
    *key = ranker->notes.items[i].key;
    *value = ranker->notes.items[i].value;
    return true;
}

const nxc__forest *nxc__ranker_forest(const nxc_ranker *ranker) {
    return ranker->trees ? nxc__forest_scorer_forest(ranker->trees) : NULL;
}

bool nxc__ranker_is_linear(const nxc_ranker *ranker) { return !ranker->trees; }

size_t nxc_ranker_n_features(const nxc_ranker *ranker) {
    return ranker->trees ? nxc__forest_scorer_forest(ranker->trees)->n_features
                         : NXC_V1_N_FEATURES;
}

nxc_status nxc_ranker_score(const nxc_ranker *ranker, const double *rows,
                            size_t n, double *scores, nxc_error *err) {
    if (!ranker || (n && (!rows || !scores)))
        return nxc__error(err, NXC_ERR_INVALID,
                          "ranker score: expected ranker, rows and scores, got "
                          "NULL");
    if (ranker->trees)
        nxc__forest_score_f64(ranker->trees, rows, n, scores);
    else
        nxc__linear_score_f64(0, rows, n, scores, NULL);
    return NXC_OK;
}

nxc_status nxc__ranker_score_rows(const nxc_ranker *ranker, uint32_t group,
                                  const float *rows, size_t n, double *scores,
                                  double *contributions,
                                  bool *has_contributions, nxc_error *err) {
    if (ranker->trees) {
        nxc__forest_score_f32(ranker->trees, rows, n, scores);
        if (has_contributions) *has_contributions = false;
        return NXC_OK;
    }
    if (group >= NXC_LINEAR_N_GROUPS)
        return nxc__error(err, NXC_ERR_INVALID,
                          "ranker %s: expected a group below %d, got %u",
                          ranker->name, NXC_LINEAR_N_GROUPS, group);
    nxc__linear_score_f32(group, rows, n, scores, contributions);
    if (has_contributions) *has_contributions = contributions != NULL;
    return NXC_OK;
}

/* The model's name before what its inside says. */
static nxc_status blame(const nxc_ranker *r, nxc_status st, nxc_error *err) {
    if (st == NXC_OK || st == NXC_ERR_NOMEM) return st;
    return nxc__error_prefix(err, st, "%.80s", r->name);
}

nxc_status nxc__ranker_explain_rows(const nxc_ranker *ranker, const float *rows,
                                    size_t n, double *contributions,
                                    nxc_error *err) {
    double expected;
    return blame(ranker,
                 nxc__forest_scorer_explain(ranker->trees, NULL, rows, n,
                                            contributions, &expected, err),
                 err);
}

nxc_status nxc_ranker_explain(const nxc_ranker *ranker, const double *rows,
                              size_t n, double *contributions, double *expected,
                              nxc_error *err) {
    if (!ranker || !expected || (n && (!rows || !contributions)))
        return nxc__error(
            err, NXC_ERR_INVALID,
            "ranker explain: expected ranker, rows, contributions "
            "and expected, got NULL");
    if (ranker->trees)
        return blame(ranker,
                     nxc__forest_scorer_explain(ranker->trees, rows, NULL, n,
                                                contributions, expected, err),
                     err);
    for (size_t i = 0; i < n; i++) {
        double score;
        nxc__linear_score_f64(0, rows + i * NXC_V1_N_FEATURES, 1, &score,
                              contributions + i * NXC_V1_N_FEATURES);
    }
    *expected = 0.0;
    return NXC_OK;
}

nxc_status nxc_ranker_get_importance(const nxc_ranker *ranker,
                                     nxc_importance kind, double *out,
                                     nxc_error *err) {
    if (!ranker || !out)
        return nxc__error(err, NXC_ERR_INVALID,
                          "ranker importance: expected ranker and out, got "
                          "NULL");
    const nxc__forest *f = nxc__ranker_forest(ranker);
    if (!f || !f->gains)
        return nxc__error(err, NXC_ERR_UNSUPPORTED,
                          "%.80s: expected a LightGBM model with split_gain in "
                          "every tree, got one without",
                          ranker->name);
    memset(out, 0, f->n_features * sizeof *out);
    size_t n_nodes = f->trees[f->n_trees - 1].first_node +
                     (size_t)f->trees[f->n_trees - 1].n_nodes;
    for (size_t i = 0; i < n_nodes; i++)
        if (f->gains[i] > 0)
            out[f->nodes[i].feature] +=
                kind == NXC_IMPORTANCE_GAIN ? (double)f->gains[i] : 1.0;
    return NXC_OK;
}

const char *nxc_ranker_feature_name(const nxc_ranker *ranker, size_t i) {
    return ranker->trees
               ? nxc__forest_scorer_forest(ranker->trees)->feature_names[i]
               : nxc__linear_feature_names[i];
}

nxc_status nxc_ranker_set_cpu(nxc_ranker *ranker, const char *level,
                              nxc_error *err) {
    uint32_t cpu;
    if (!ranker || !level)
        return nxc__error(err, NXC_ERR_INVALID,
                          "ranker cpu: expected ranker and level, got NULL");
    NXC_TRY(nxc__cpu_cap(nxc__str(level), nxc__cpu_detect(), &cpu, err));
    if (ranker->trees) nxc__forest_scorer_set_cpu(ranker->trees, cpu);
    return NXC_OK;
}

bool nxc__ranker_has_names(const nxc_ranker *ranker) {
    return !ranker->trees ||
           nxc__forest_scorer_forest(ranker->trees)->has_own_names;
}

nxc_status nxc__ranker_check_features(const nxc_ranker *ranker,
                                      const char *const *names, size_t n,
                                      nxc_error *err) {
    const nxc__forest *f = nxc__ranker_forest(ranker);
    size_t own = nxc_ranker_n_features(ranker);
    if (own != n)
        return nxc__error(err, NXC_ERR_MISMATCH,
                          "%.80s: expected a model of %zu features, got %zu",
                          ranker->name, n, own);
    if (f && !f->has_own_names) return NXC_OK;
    for (size_t i = 0; i < n; i++) {
        const char *name =
            f ? f->feature_names[i] : nxc__linear_feature_names[i];
        if (strcmp(name, names[i]) != 0)
            return nxc__error(err, NXC_ERR_MISMATCH,
                              "%.80s: expected feature %zu to be %.40s, got "
                              "%.60s",
                              ranker->name, i, names[i], name);
    }
    return NXC_OK;
}
