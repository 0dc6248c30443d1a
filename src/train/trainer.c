/*
 * LambdaRank through LightGBM's C library.
 *
 *     data sets (training; validation by reference to it) -> booster
 *       -> update, metric, on_round ...  -> text of the best round
 *
 * LightGBM's C API trains one round a call and stops for nobody: the best round
 * is tracked here, and the text is written with the trees up to it. A data set
 * keeps bins of its own, one byte a value; the matrix is read while it is made.
 *
 * Determinism: deterministic and force_row_wise are always set, the number of
 * threads is part of the parameters. Threading: one training at a time; a
 * message of LightGBM's log is thread-local there and goes nowhere here, what a
 * failure says is kept by LGBM_GetLastError.
 */
#include "train/trainer.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* Of the C API (c_api.h). */
enum { FLOAT32 = 0, FLOAT64 = 1, INT32 = 2 };
enum { RAW_SCORE = 1 };
/* Rows of a query group (dcg_calculator.cpp). */
#define MAX_GROUP_ROWS 10000

/* ------------------------------------------------------------- parameters */

/* As bench/ and tools/train-universal found them to rank best. */
static const char *const defaults[] = {
    "objective=lambdarank", "num_leaves=31",
    "learning_rate=0.08",   "min_data_in_leaf=40",
    "feature_fraction=0.5", "bagging_fraction=0.7",
    "bagging_freq=1",       "lambdarank_truncation_level=10",
    "lambda_l2=5",          "max_bin=127",
    "verbosity=-1",
};

/* Parameters that are not the caller's, and what stands for them. */
static const char *const reserved[][2] = {
    {"seed", "--seed"},
    {"num_threads", "--threads"},
    {"num_iterations", "--rounds"},
    {"early_stopping_round", "--patience"},
    {"data", "--data"},
    {"output_model", "--output"},
    {"input_model", "--continue"},
    {"metric", "NDCG@10"},
    {"eval_at", "NDCG@10"},
    {"deterministic", "true"},
    {"force_row_wise", "true"},
};

static nxc_str name_of(const char *parameter) {
    nxc_str s = nxc__str(parameter);
    return nxc__str_slice(s, 0, nxc__str_find(s, '=', 0));
}

static nxc_status check_parameter(const char *given, nxc_error *err) {
    nxc_str name = name_of(given);
    bool has_blank = strpbrk(given, " \t\r\n") != NULL;
    if (name.len == 0 || name.len == strlen(given) || has_blank)
        return nxc__error(err, NXC_ERR_INVALID,
                          "--param: expected name=value without blanks, got "
                          "%.80s",
                          given);
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (nxc__str_eq(name, nxc__str(reserved[i][0])))
            return nxc__error(err, NXC_ERR_INVALID,
                              "--param: expected a parameter other than %s, "
                              "for which there is %s, got %.80s",
                              reserved[i][0], reserved[i][1], given);
    return NXC_OK;
}

static bool is_given(nxc_str name, const char *const *given, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (nxc__str_eq(name, name_of(given[i]))) return true;
    return false;
}

nxc_status nxc__train_parameters(const char *const *given, size_t n,
                                 uint64_t seed, size_t n_threads,
                                 nxc__buffer *out, nxc_error *err) {
    for (size_t i = 0; i < n; i++)
        NXC_TRY(check_parameter(given[i], err));
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        if (!is_given(name_of(defaults[i]), given, n))
            nxc__buffer_printf(out, "%s ", defaults[i]);
    for (size_t i = 0; i < n; i++)
        if (!is_given(name_of(given[i]), given + i + 1, n - i - 1))
            nxc__buffer_printf(out, "%s ", given[i]); /* the last one counts */
    nxc__buffer_printf(out,
                       "metric=ndcg eval_at=10 deterministic=true "
                       "force_row_wise=true num_threads=%zu seed=%llu",
                       n_threads, (unsigned long long)(seed & INT32_MAX));
    nxc__buffer_append_char(out, 0);
    out->len--;
    return nxc__buffer_status(out, "parameters", err);
}

/* --------------------------------------------------------------- data set */

typedef struct training {
    const nxc__lightgbm *lib;
    const nxc__train_data *data;
    const nxc__train_options *options;
    void *sets[NXC_N_SIDES]; /* of LightGBM */
    void *booster;
    int n_metrics;
    nxc_error *err;
} training;

static nxc_status failed(const training *t, const char *what) {
    return nxc__error(t->err, NXC_ERR_INVALID,
                      "lightgbm: expected to %s, got: %.300s", what,
                      t->lib->get_last_error());
}

static void no_log(const char *message) { (void)message; }

/* Labels and group sizes of a side. */
static nxc_status set_labels(const training *t, nxc__side side, float *labels,
                             int32_t *groups) {
    const nxc__train_data *d = t->data;
    size_t n_rows = d->sides[side].n_rows, n = d->sides[side].n_points;
    memset(labels, 0, n_rows * sizeof *labels);
    for (size_t i = 0; i < n; i++) {
        const nxc__train_point *p = &d->points[d->sides[side].first_point + i];
        groups[i] = (int32_t)p->n;
        labels[p->first - d->sides[side].first_row + p->gold] = 1;
    }
    void *set = t->sets[side];
    if (t->lib->dataset_set_field(set, "label", labels, (int)n_rows, FLOAT32) ||
        t->lib->dataset_set_field(set, "group", groups, (int)n, INT32))
        return failed(t, "set labels and groups");
    if (t->options->init_scores &&
        t->lib->dataset_set_field(set, "init_score",
                                  t->options->init_scores +
                                      d->sides[side].first_row,
                                  (int)n_rows, FLOAT64))
        return failed(t, "set the scores to begin from");
    return NXC_OK;
}

static nxc_status label_side(const training *t, nxc__side side) {
    const nxc_allocator *a = t->data->alloc;
    size_t rows = t->data->sides[side].n_rows * sizeof(float);
    size_t groups = t->data->sides[side].n_points * sizeof(int32_t);
    float *labels = nxc__alloc(a, rows + groups);
    if (!labels) return nxc__error_nomem(t->err, rows + groups);
    nxc_status st =
        set_labels(t, side, labels, (int32_t *)(void *)((char *)labels + rows));
    nxc__free(a, labels, rows + groups);
    return st;
}

static nxc_status check_side(const training *t, nxc__side side) {
    const nxc__train_data *d = t->data;
    if (d->sides[side].n_rows > INT32_MAX)
        return nxc__error(t->err, NXC_ERR_LIMIT,
                          "training: expected at most %d rows, got %zu",
                          INT32_MAX, d->sides[side].n_rows);
    for (size_t i = 0; i < d->sides[side].n_points; i++) {
        const nxc__train_point *p = &d->points[d->sides[side].first_point + i];
        if (p->n < 2 || p->n > MAX_GROUP_ROWS || p->gold >= p->n)
            return nxc__error(t->err, NXC_ERR_LIMIT,
                              "session %.*s: expected from 2 to %d candidates, "
                              "the true next call among them, got %u",
                              NXC_STR_ARG(p->session), MAX_GROUP_ROWS, p->n);
    }
    return NXC_OK;
}

static nxc_status make_set(training *t, nxc__side side) {
    const nxc__train_data *d = t->data;
    NXC_TRY(check_side(t, side));
    if (t->lib->dataset_create_from_mat(
            d->rows + d->sides[side].first_row * d->n_columns, FLOAT32,
            (int32_t)d->sides[side].n_rows, (int32_t)d->n_columns, 1,
            t->options->parameters,
            side == NXC_SIDE_TRAIN ? NULL : t->sets[NXC_SIDE_TRAIN],
            &t->sets[side]))
        return failed(t, "take the rows");
    if (side == NXC_SIDE_TRAIN &&
        t->lib->dataset_set_feature_names(t->sets[side], d->names,
                                          (int)d->n_columns))
        return failed(t, "take the feature names");
    return label_side(t, side);
}

static nxc_status make_booster(training *t) {
    const nxc__lightgbm *lib = t->lib;
    bool has_valid = t->data->sides[NXC_SIDE_VALID].n_points > 0;
    lib->register_log_callback(no_log);
    NXC_TRY(make_set(t, NXC_SIDE_TRAIN));
    if (has_valid) NXC_TRY(make_set(t, NXC_SIDE_VALID));
    if (lib->booster_create(t->sets[NXC_SIDE_TRAIN], t->options->parameters,
                            &t->booster))
        return failed(t, "begin");
    if (!has_valid) return NXC_OK;
    if (lib->booster_add_valid_data(t->booster, t->sets[NXC_SIDE_VALID]) ||
        lib->booster_get_eval_counts(t->booster, &t->n_metrics))
        return failed(t, "judge by the validation rows");
    if (t->n_metrics == 1) return NXC_OK;
    return nxc__error(t->err, NXC_ERR_INVALID,
                      "lightgbm: expected one metric, got %d", t->n_metrics);
}

/* ------------------------------------------------------------------ rounds */

static nxc_status one_round(const training *t, nxc__train_result *r) {
    int is_finished = 0, n = 0;
    if (t->lib->booster_update_one_iter(t->booster, &is_finished))
        return failed(t, "add a tree");
    r->is_finished = is_finished != 0;
    if (r->is_finished) return NXC_OK;
    r->last.round++;
    if (t->n_metrics &&
        t->lib->booster_get_eval(t->booster, 1, &n, &r->last.ndcg))
        return failed(t, "judge a round");
    if (t->n_metrics && r->last.best_round &&
        !(r->last.ndcg > r->last.best_ndcg))
        return NXC_OK;
    r->last.best_round = r->last.round;
    r->last.best_ndcg = r->last.ndcg;
    return NXC_OK;
}

static nxc_status run_rounds(const training *t, nxc__train_result *r) {
    const nxc__train_options *o = t->options;
    while (r->last.round < o->rounds && !r->is_finished) {
        NXC_TRY(one_round(t, r));
        if (r->is_finished) break;
        if (o->on_round && !o->on_round(o->user, &r->last)) {
            r->is_stopped = true;
            break;
        }
        if (o->patience && r->last.round - r->last.best_round >= o->patience)
            break;
    }
    if (r->last.best_round) return NXC_OK;
    return nxc__error(t->err, NXC_ERR_INVALID,
                      "training: expected a split that tells candidates apart, "
                      "got none: too few rows for min_data_in_leaf, or no "
                      "column that helps");
}

static nxc_status save(const training *t, size_t best, nxc__buffer *model) {
    int64_t len = 0;
    int n = (int)best;
    char none;
    if (t->lib->booster_save_model_to_string(t->booster, 0, n, 0, 0, &len,
                                             &none))
        return failed(t, "write the model");
    size_t from = model->len;
    char *to = nxc__buffer_extend(model, (size_t)len);
    NXC_TRY(nxc__buffer_status(model, "model", t->err));
    if (t->lib->booster_save_model_to_string(t->booster, 0, n, 0, len, &len,
                                             to))
        return failed(t, "write the model");
    model->len = from + strlen(to); /* len counts the NUL */
    return NXC_OK;
}

nxc_status nxc__train(const nxc__lightgbm *lib, const nxc__train_data *data,
                      const nxc__train_options *options, nxc__buffer *model,
                      nxc__train_result *result, nxc_error *err) {
    training t = {.lib = lib, .data = data, .options = options, .err = err};
    memset(result, 0, sizeof *result);
    if (data->sides[NXC_SIDE_TRAIN].n_points == 0)
        return nxc__error(err, NXC_ERR_INVALID,
                          "training: expected decision points, got none");
    nxc_status st = make_booster(&t);
    if (st == NXC_OK) st = run_rounds(&t, result);
    if (st == NXC_OK) st = save(&t, result->last.best_round, model);
    if (t.booster) lib->booster_free(t.booster);
    for (int side = 0; side < NXC_N_SIDES; side++)
        if (t.sets[side]) lib->dataset_free(t.sets[side]);
    return st;
}

nxc_status nxc__train_predict(const nxc__lightgbm *lib, const char *model,
                              const double *rows, size_t n, size_t n_columns,
                              double *scores, nxc_error *err) {
    training t = {.lib = lib, .err = err};
    int n_rounds;
    int64_t len = 0;
    nxc_status st = NXC_OK;
    lib->register_log_callback(no_log);
    if (lib->booster_load_model_from_string(model, &n_rounds, &t.booster))
        return failed(&t, "read the model again");
    if (lib->booster_predict_for_mat(t.booster, rows, FLOAT64, (int32_t)n,
                                     (int32_t)n_columns, 1, RAW_SCORE, 0, -1,
                                     "num_threads=1", &len, scores) ||
        (size_t)len != n)
        st = failed(&t, "score rows");
    lib->booster_free(t.booster);
    return st;
}

/* -------------------------------------------------------------------- join */

/* From the first "Tree=" line to before the line that ends the trees; false:
 * there is none. */
static bool find_trees(nxc_str text, size_t *from, size_t *to) {
    bool has_from = false;
    for (size_t i = 0; i < text.len;) {
        size_t end = nxc__str_find(text, '\n', i);
        nxc_str line = nxc__str_trim(nxc__str_slice(text, i, end));
        if (!has_from && nxc__str_starts(line, NXC_STR("Tree="))) {
            *from = i;
            has_from = true;
        }
        *to = i;
        if (nxc__str_eq(line, NXC_STR("end of trees"))) return has_from;
        i = end + 1;
    }
    return false;
}

/* Trees with their numbers made new from *n on. */
static void append_trees(nxc_str trees, size_t *n, nxc__buffer *out) {
    for (size_t i = 0; i < trees.len;) {
        size_t end = nxc__str_find(trees, '\n', i);
        nxc_str line = nxc__str_slice(trees, i, end);
        if (nxc__str_starts(line, NXC_STR("Tree=")))
            nxc__buffer_printf(out, "Tree=%zu", (*n)++);
        else
            nxc__buffer_append_str(out, line);
        nxc__buffer_append_char(out, '\n');
        i = end + 1;
    }
}

/* A model's head without the sizes of its trees, which are others now. */
static void append_head(nxc_str head, nxc__buffer *out) {
    for (size_t i = 0; i < head.len;) {
        size_t end = nxc__str_find(head, '\n', i);
        nxc_str line = nxc__str_slice(head, i, end);
        if (!nxc__str_starts(line, NXC_STR("tree_sizes="))) {
            nxc__buffer_append_str(out, line);
            nxc__buffer_append_char(out, '\n');
        }
        i = end + 1;
    }
}

nxc_status nxc__train_join(nxc_str base, nxc_str added, nxc__buffer *out,
                           nxc_error *err) {
    size_t base_from, base_to, from, to, n = 0;
    if (!find_trees(base, &base_from, &base_to) ||
        !find_trees(added, &from, &to))
        return nxc__error(err, NXC_ERR_PARSE,
                          "joining models: expected trees, got none");
    append_head(nxc__str_slice(added, 0, from), out);
    append_trees(nxc__str_slice(base, base_from, base_to), &n, out);
    append_trees(nxc__str_slice(added, from, to), &n, out);
    nxc__buffer_append_z(out, "end of trees\n");
    return nxc__buffer_status(out, "joined model", err);
}
