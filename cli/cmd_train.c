/*
 * nextcall train: a ranker from sessions with known calls.
 *
 *     --data -> points -> split -> rows -> checks -> rounds -> judge -> file
 *
 * With --continue the trees of a model come first and new ones are fitted to
 * what they leave. Then there is a third side, which neither trees nor the
 * number of rounds have seen: the result is kept only if it proves better there
 * than the model it continues.
 *
 * An interrupt during the rounds ends them and keeps the best so far; a second
 * one ends the command.
 */
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/hash.h"
#include "base/number.h"
#include "features/feature.h"
#include "judge_rows.h"
#include "lightgbm_find.h"
#include "ranker/check_vectors.h"
#include "ranker/model_notes.h"
#include "ranker/ranker.h"
#include "ranker/universal_model.h"
#include "report.h"
#include "train/trainer.h"
#include "train_input.h"

enum {
    MAX_PARAMETERS = 64,
    MAX_NOTES = 32,
    MAX_MODEL_BYTES = 256 << 20,
    ENOUGH_KEYS = 20 /* held back, to prove anything */
};

typedef struct job {
    const cli_args *args;
    cli_report report;
    cli_training input;
    nxc__lightgbm lib;
    size_t seed, rounds, patience, n_threads;
    size_t max[NXC_N_SIDES]; /* candidates of a point */
    nxc__split_by by;
    double valid, held;
    nxc__buffer parameters, model, file;
    nxc__train_result result;
    /* --continue */
    nxc_str base_text;
    bool is_base_own; /* the text is to be freed */
    nxc_ranker *base;
    double *base_scores; /* (n_rows) */
    nxc_ranker *ranker;  /* the result */
    double *scores;      /* (n_rows) */
    cli_outcome outcomes[NXC_N_SIDES];
} job;

/* ----------------------------------------------------------------- options */

static nxc_status fraction_option(const job *j, const char *name, double def,
                                  double *out, nxc_error *err) {
    const char *text = cli_get(j->args, name);
    *out = def;
    if (!text) return NXC_OK;
    if (nxc__parse_double(nxc__str(text), out) && *out >= 0 && *out <= 0.9)
        return NXC_OK;
    return nxc__error(err, NXC_ERR_INVALID,
                      "--%s: expected a share from 0 to 0.9, got %s", name,
                      text);
}

/* Without --split-by: by catalog, of one catalog by session. */
static nxc_status split_option(job *j, nxc_error *err) {
    const char *text = cli_get(j->args, "split-by");
    const nxc__train_data *d = &j->input.data;
    j->by = NXC_SPLIT_SESSION;
    if (!text) {
        for (size_t i = 1; i < d->n_points && !j->base; i++)
            if (!nxc__str_eq(d->points[i].catalog, d->points[0].catalog))
                j->by = NXC_SPLIT_CATALOG;
        return NXC_OK;
    }
    for (int by = 0; by < NXC_N_SPLITS; by++)
        if (strcmp(text, nxc__split_names[by]) == 0) {
            j->by = (nxc__split_by)by;
            return NXC_OK;
        }
    return nxc__error(err, NXC_ERR_INVALID,
                      "--split-by: expected session, group, catalog or vendor, "
                      "got %.40s",
                      text);
}

static nxc_status parameters_option(job *j, nxc_error *err) {
    const char *given[MAX_PARAMETERS], *v;
    size_t n = 0, at = 0;
    if (j->base) { /* little data, and trees that know a lot already */
        given[n++] = "learning_rate=0.03";
        given[n++] = "min_data_in_leaf=10";
    }
    while ((v = cli_next(j->args, "param", &at))) {
        if (n == MAX_PARAMETERS)
            return nxc__error(err, NXC_ERR_LIMIT,
                              "--param: expected at most %d, got more",
                              MAX_PARAMETERS);
        given[n++] = v;
    }
    return nxc__train_parameters(given, n, j->seed, j->n_threads,
                                 &j->parameters, err);
}

static bool count_options(job *j) {
    const cli_args *a = j->args;
    size_t candidates;
    if (!cli_get_count(a, "seed", 1, INT32_MAX, &j->seed) ||
        !cli_get_count(a, "rounds", 500, 10000, &j->rounds) ||
        !cli_get_count(a, "patience", 50, 10000, &j->patience) ||
        !cli_get_count(a, "candidates", 60, 10000, &candidates))
        return false;
    j->max[NXC_SIDE_TRAIN] = candidates ? candidates : 10000;
    j->max[NXC_SIDE_VALID] = j->max[NXC_SIDE_HELD] = 10000;
    return true;
}

static nxc_status library_option(job *j, nxc_error *err) {
    nxc_config *cfg;
    NXC_TRY(cli_config(j->args, &cfg, err));
    /* threads of LightGBM that wait for each other take the cores of others:
     * only as many as asked for */
    j->n_threads = cli_has(j->args, "threads")
                       ? nxc__config_int(cfg, NXC_OPT_parallel_workers)
                       : 1;
    nxc_status st = cli_find_lightgbm(cfg, &j->lib, err);
    nxc_config_free(cfg);
    return st;
}

/* The model that --continue names: a file, or universal-v2. */
static nxc_status base_option(job *j, nxc_error *err) {
    const char *path = cli_get(j->args, "continue");
    if (!path) return NXC_OK;
    if (strcmp(path, "universal-v2") == 0) {
        j->base_text = (nxc_str){(const char *)nxc__universal_model,
                                 nxc__universal_model_size};
    } else {
        NXC_TRY(nxc__file_read(path, MAX_MODEL_BYTES, &nxc__allocator_default,
                               &j->base_text, err));
        j->is_base_own = true;
    }
    return nxc__ranker_parse(nxc__str(path), j->base_text, NULL, &j->base, err);
}

/* ------------------------------------------------------------------ checks */

static nxc_status split_points(job *j, nxc_error *err) {
    nxc__train_data *d = &j->input.data;
    NXC_TRY(fraction_option(j, "valid", 0.2, &j->valid, err));
    NXC_TRY(fraction_option(j, "held", 0.3, &j->held, err));
    NXC_TRY(split_option(j, err));
    if (j->base)
        NXC_TRY(nxc__train_data_split(d, j->by, j->held, NXC_SIDE_TRAIN,
                                      NXC_SIDE_HELD, j->seed, err));
    if (j->valid > 0)
        NXC_TRY(nxc__train_data_split(d, j->by, j->valid, NXC_SIDE_TRAIN,
                                      NXC_SIDE_VALID, j->seed + 1, err));
    return NXC_OK;
}

static nxc_status check_duplicates(job *j, nxc_error *err) {
    nxc__train_data *d = &j->input.data;
    const char *how = cli_get(j->args, "duplicates");
    bool is_drop = how && strcmp(how, "drop") == 0;
    size_t n, first, second;
    nxc_str a, b;
    if (how && !is_drop && strcmp(how, "refuse") != 0)
        return nxc__error(err, NXC_ERR_INVALID,
                          "--duplicates: expected refuse or drop, got %.40s",
                          how);
    NXC_TRY(nxc__train_data_duplicates(d, false, &n, &first, &second, err));
    if (n == 0) return NXC_OK;
    a = d->points[first].session;
    b = d->points[second].session;
    if (!is_drop)
        return nxc__error(err, NXC_ERR_INVALID,
                          "split by %s: expected no row of an answer on two "
                          "sides, got %zu, as in sessions %.*s and %.*s; "
                          "--duplicates drop leaves them out",
                          nxc__split_names[j->by], n,
                          (int)(a.len < 40 ? a.len : 40), a.ptr,
                          (int)(b.len < 40 ? b.len : 40), b.ptr);
    cli_report_number(&j->report, "duplicates", n);
    return nxc__train_data_duplicates(d, true, &n, &first, &second, err);
}

/* Names of the columns that are constant, those without any value apart. */
static nxc_status report_columns(job *j, nxc_error *err) {
    const nxc__train_data *d = &j->input.data;
    nxc__column_check *check =
        nxc__arena_alloc_array(&j->input.arena, d->n_columns, sizeof *check);
    if (!check) return nxc__error_nomem(err, d->n_columns * sizeof *check);
    NXC_TRY(nxc__train_data_check(d, check, err));
    for (int missing = 0; missing < 2; missing++) {
        nxc__buffer b;
        nxc__buffer_init(&b, &nxc__allocator_default, (size_t)1 << 20);
        for (size_t i = 0; i < d->n_columns; i++)
            if (check[i].is_constant && check[i].is_missing == missing)
                nxc__buffer_printf(&b, "%s%s", b.len ? " " : "", d->names[i]);
        nxc__buffer_append_char(&b, 0);
        nxc_status st = nxc__buffer_status(&b, "columns", err);
        if (st == NXC_OK && b.len > 1)
            cli_report_text(&j->report, missing ? "missing" : "constant",
                            b.data);
        nxc__buffer_release(&b);
        NXC_TRY(st);
    }
    return NXC_OK;
}

static nxc_status prepare(job *j, nxc_error *err) {
    const nxc__train_data *d = &j->input.data;
    NXC_TRY(split_points(j, err));
    size_t n_read = d->n_points;
    if (j->base) cli_training_narrow(&j->input, j->base);
    NXC_TRY(cli_training_fill(&j->input, j->max, j->seed, err));
    if (j->base)
        NXC_TRY(
            nxc__ranker_check_features(j->base, d->names, d->n_columns, err));
    cli_report_number(&j->report, "sessions", j->input.n_sessions);
    cli_report_number(&j->report, "points", n_read);
    cli_report_number(&j->report, "not_candidates", j->input.n_unknown);
    cli_report_number(&j->report, "single", j->input.n_single);
    cli_report_number(&j->report, "features", d->n_columns);
    cli_report_text(&j->report, "split_by", nxc__split_names[j->by]);
    NXC_TRY(report_columns(j, err));
    NXC_TRY(check_duplicates(j, err));
    cli_report_number(&j->report, "train_points",
                      d->sides[NXC_SIDE_TRAIN].n_points);
    cli_report_number(&j->report, "train_rows",
                      d->sides[NXC_SIDE_TRAIN].n_rows);
    cli_report_number(&j->report, "valid_points",
                      d->sides[NXC_SIDE_VALID].n_points);
    cli_report_number(&j->report, "valid_rows",
                      d->sides[NXC_SIDE_VALID].n_rows);
    cli_report_text(&j->report, "lightgbm", j->lib.version);
    fflush(stdout);
    return NXC_OK;
}

/* ------------------------------------------------------------------ rounds */

static volatile sig_atomic_t is_interrupted;
static void interrupt(int signal_number) {
    (void)signal_number;
    is_interrupted = 1;
}

/* One line a round; on a terminal always the same one. */
static bool show_round(void *user, const nxc__train_round *r) {
    const bool *is_terminal = user;
    fprintf(stderr, "%sround %zu: NDCG@10 %.5f, best %.5f in round %zu%s",
            *is_terminal ? "\r\x1b[K" : "", r->round, r->ndcg, r->best_ndcg,
            r->best_round, *is_terminal ? "" : "\n");
    return !is_interrupted;
}

static nxc_status run_rounds(job *j, nxc_error *err) {
    struct sigaction ours, before;
    bool is_terminal = isatty(STDERR_FILENO) == 1;
    nxc__train_options options = {.parameters = j->parameters.data,
                                  .rounds = j->rounds,
                                  .patience = j->valid > 0 ? j->patience : 0,
                                  .init_scores = j->base_scores,
                                  .on_round = show_round,
                                  .user = &is_terminal};
    memset(&ours, 0, sizeof ours);
    ours.sa_handler = interrupt;
    ours.sa_flags = (int)SA_RESETHAND; /* a second one ends the command */
    sigaction(SIGINT, &ours, &before);
    nxc_status st = nxc__train(&j->lib, &j->input.data, &options, &j->model,
                               &j->result, err);
    sigaction(SIGINT, &before, NULL);
    if (is_terminal) fputs("\r\x1b[K", stderr);
    return st;
}

static nxc_status alloc_scores(const job *j, double **out, nxc_error *err) {
    *out = nxc__alloc(&nxc__allocator_default,
                      j->input.data.n_rows * sizeof **out);
    return *out ? NXC_OK
                : nxc__error_nomem(err, j->input.data.n_rows * sizeof **out);
}

static nxc_status train(job *j, nxc_error *err) {
    if (j->base) {
        NXC_TRY(alloc_scores(j, &j->base_scores, err));
        NXC_TRY(cli_score_rows(j->base, &j->input.data, j->base_scores, err));
    }
    NXC_TRY(run_rounds(j, err));
    if (j->base) {
        nxc__buffer joined;
        nxc__buffer_init(&joined, &nxc__allocator_default, MAX_MODEL_BYTES);
        nxc_status st = nxc__train_join(
            j->base_text, nxc__buffer_str(&j->model), &joined, err);
        nxc__buffer_release(&j->model);
        j->model = joined;
        NXC_TRY(st);
    }
    NXC_TRY(nxc__ranker_parse(NXC_STR("the trained model"),
                              nxc__buffer_str(&j->model), NULL, &j->ranker,
                              err));
    NXC_TRY(alloc_scores(j, &j->scores, err));
    return cli_score_rows(j->ranker, &j->input.data, j->scores, err);
}

/* ------------------------------------------------------------------- notes */

typedef struct notes {
    nxc__arena *arena;
    nxc__model_note items[MAX_NOTES];
    size_t n;
    bool is_short; /* of memory */
} notes;

static void add_text(notes *n, const char *key, const char *value) {
    nxc_str copy = nxc__arena_copy(n->arena, nxc__str(value));
    n->is_short |= !copy.ptr || n->n == MAX_NOTES;
    if (!n->is_short) n->items[n->n++] = (nxc__model_note){key, copy.ptr};
}
static void add_number(notes *n, const char *key, size_t value) {
    char text[32];
    snprintf(text, sizeof text, "%zu", value);
    add_text(n, key, text);
}
static void add_real(notes *n, const char *key, double value) {
    nxc__buffer b;
    nxc__buffer_init(&b, &nxc__allocator_default, 64);
    nxc__buffer_append_double(&b, value);
    nxc__buffer_append_char(&b, 0);
    add_text(n, key, b.data ? b.data : "");
    nxc__buffer_release(&b);
}

static nxc_status base_notes(const job *j, notes *n, nxc_error *err) {
    uint8_t digest[NXC_SHA256_BYTES];
    char hex[65];
    if (!j->base) return NXC_OK;
    NXC_TRY(nxc__sha256_bytes(j->base_text.ptr, j->base_text.len, digest, err));
    nxc__sha256_format(digest, hex);
    add_text(n, "continues", nxc_ranker_name(j->base));
    add_text(n, "continues_sha256", hex);
    return NXC_OK;
}

static void side_notes(const job *j, notes *n) {
    static const char *const keys[NXC_N_SIDES][4] = {
        {"train_points", "train_rows", "train_ndcg10", "train_mrr"},
        {"valid_points", "valid_rows", "valid_ndcg10", "valid_mrr"},
        {"held_points", "held_rows", "held_ndcg10", "held_mrr"}};
    for (int side = 0; side < NXC_N_SIDES; side++) {
        size_t points = j->input.data.sides[side].n_points;
        if (points == 0) continue;
        add_number(n, keys[side][0], points);
        add_number(n, keys[side][1], j->input.data.sides[side].n_rows);
        add_real(n, keys[side][2], j->outcomes[side].ndcg10);
        add_real(n, keys[side][3], j->outcomes[side].reciprocal_rank);
    }
}

/* The file: the model, and how it came about. */
static nxc_status compose(job *j, nxc_error *err) {
    notes n = {.arena = &j->input.arena};
    char hash[65], fingerprint[17], version[64];
    const nxc__feature_set *set =
        j->input.set ? nxc__feature_set_find(nxc__str(j->input.set)) : NULL;
    if (set) {
        nxc__feature_set_fingerprint(set, j->input.data.n_columns, fingerprint);
        add_text(&n, "feature_set", j->input.set);
        add_text(&n, "feature_fingerprint", fingerprint);
    }
    NXC_TRY(nxc__train_data_hash(&j->input.data, hash, err));
    add_text(&n, "data_sha256", hash);
    add_text(&n, "parameters", j->parameters.data);
    add_text(&n, "split_by", nxc__split_names[j->by]);
    add_real(&n, "valid", j->valid);
    add_number(&n, "seed", j->seed);
    add_number(&n, "best_round", j->result.last.best_round);
    side_notes(j, &n);
    NXC_TRY(base_notes(j, &n, err));
    snprintf(version, sizeof version, "nextcall %s, LightGBM %s", nxc_version(),
             j->lib.version);
    add_text(&n, "created_by", version);
    if (n.is_short) return nxc__error_nomem(err, sizeof n);
    return nxc__model_notes_set(NXC_STR("the trained model"),
                                nxc__buffer_str(&j->model), n.items, n.n,
                                &j->file, err);
}

/* ------------------------------------------------------------------ verdict */

static void report_result(job *j) {
    static const char *const names[NXC_N_SIDES][2] = {
        {"train_ndcg10", "train_mrr"},
        {"valid_ndcg10", "valid_mrr"},
        {"held_ndcg10", "held_mrr"}};
    for (int side = 0; side < NXC_N_SIDES; side++) {
        if (j->input.data.sides[side].n_points == 0) continue;
        j->outcomes[side] =
            cli_judge_side(&j->input.data, (nxc__side)side, j->scores, NULL);
        cli_report_real(&j->report, names[side][0], j->outcomes[side].ndcg10);
        cli_report_real(&j->report, names[side][1],
                        j->outcomes[side].reciprocal_rank);
    }
    cli_report_number(&j->report, "rounds", j->result.last.round);
    cli_report_number(&j->report, "best_round", j->result.last.best_round);
    if (j->result.is_stopped)
        cli_report_text(&j->report, "stopped", "by an interrupt");
}

static const char too_few[] = "kept: too few are held back to tell";

/* Whether what is held back proves the new model better. */
static nxc_status compare(job *j, bool *is_better, nxc_error *err) {
    const nxc__train_data *d = &j->input.data;
    size_t n = d->sides[NXC_SIDE_HELD].n_points;
    double *a = nxc__arena_alloc_array(&j->input.arena, 2 * n + 1, sizeof *a);
    cli_paired p;
    if (!a) return nxc__error_nomem(err, 2 * n * sizeof *a);
    cli_outcome base = cli_judge_side(d, NXC_SIDE_HELD, j->base_scores, a);
    (void)cli_judge_side(d, NXC_SIDE_HELD, j->scores, a + n);
    NXC_TRY(cli_compare_side(d, NXC_SIDE_HELD, j->by, a, a + n, &p, err));
    *is_better = p.n_keys >= ENOUGH_KEYS && p.interval.low > 0;
    cli_report_number(&j->report, "held_points", n);
    cli_report_number(&j->report, "held_keys", p.n_keys);
    cli_report_real(&j->report, "held_base_mrr", base.reciprocal_rank);
    cli_report_real(&j->report, "difference", p.difference);
    cli_report_real(&j->report, "difference_low", p.interval.low);
    cli_report_real(&j->report, "difference_high", p.interval.high);
    cli_report_text(&j->report, "verdict",
                    p.n_keys < ENOUGH_KEYS ? too_few
                    : *is_better ? "switched: better on what was held back"
                                 : "kept: not proved better on what was held "
                                   "back");
    return NXC_OK;
}

/* How many keys of the split are held back: no more than there are points. */
static nxc_status count_held(const job *j, size_t *n, nxc_error *err) {
    const nxc__train_data *d = &j->input.data;
    size_t n_points = d->sides[NXC_SIDE_HELD].n_points;
    double *none =
        nxc__alloc_zero(&nxc__allocator_default, (n_points + 1) * sizeof *none);
    cli_paired p;
    if (!none) return nxc__error_nomem(err, n_points * sizeof *none);
    nxc_status st =
        cli_compare_side(d, NXC_SIDE_HELD, j->by, none, none, &p, err);
    nxc__free(&nxc__allocator_default, none, (n_points + 1) * sizeof *none);
    *n = p.n_keys;
    return st;
}

/* Rows that the splits care about, with LightGBM's own scores of the file: what
 * loads it later can prove that it scores as the trainer did. Our own must be
 * the same bits. */
static nxc_status write_check(job *j, const char *output, nxc_error *err) {
    char path[4096 - 512];
    size_t width = j->input.data.n_columns, n = NXC_CHECK_ROWS;
    double *rows = nxc__arena_alloc_array(&j->input.arena, n * width + 2 * n,
                                          sizeof *rows);
    if (!rows) return nxc__error_nomem(err, n * width * sizeof *rows);
    double *scores = rows + n * width, *own = scores + n;
    nxc__buffer_append_char(&j->file, 0);
    j->file.len--;
    NXC_TRY(nxc__buffer_status(&j->file, "model", err));
    NXC_TRY(nxc__check_make(j->ranker, n, rows, own, err));
    NXC_TRY(
        nxc__train_predict(&j->lib, j->file.data, rows, n, width, scores, err));
    if (memcmp(own, scores, n * sizeof *own) != 0)
        return nxc__error(err, NXC_ERR_INTERNAL,
                          "the trained model: expected LightGBM's scores, got "
                          "others");
    snprintf(path, sizeof path, "%s%s", output, NXC_CHECK_SUFFIX);
    return nxc__check_write(path, nxc__buffer_str(&j->file), rows, scores, n,
                            width, err);
}

static nxc_status run(job *j, nxc_error *err) {
    const char *output = cli_get(j->args, "output");
    size_t n_held = ENOUGH_KEYS;
    bool is_better = true;
    NXC_TRY(parameters_option(j, err));
    NXC_TRY(prepare(j, err));
    if (j->base) NXC_TRY(count_held(j, &n_held, err));
    if (n_held < ENOUGH_KEYS) {
        cli_report_number(&j->report, "held_keys", n_held);
        cli_report_text(&j->report, "verdict", too_few);
        return NXC_OK;
    }
    NXC_TRY(train(j, err));
    report_result(j);
    if (j->base) NXC_TRY(compare(j, &is_better, err));
    if (!is_better) return NXC_OK;
    NXC_TRY(compose(j, err));
    NXC_TRY(write_check(j, output, err));
    NXC_TRY(nxc__file_replace(output, j->file.data, j->file.len, err));
    cli_report_text(&j->report, "model", output);
    return NXC_OK;
}

static void close_job(job *j) {
    const nxc_allocator *a = &nxc__allocator_default;
    size_t bytes = j->input.data.n_rows * sizeof(double);
    nxc__free(a, j->base_scores, bytes);
    nxc__free(a, j->scores, bytes);
    nxc_ranker_free(j->base);
    nxc_ranker_free(j->ranker);
    if (j->is_base_own) nxc__free_str(a, j->base_text);
    nxc__buffer_release(&j->parameters);
    nxc__buffer_release(&j->model);
    nxc__buffer_release(&j->file);
    cli_training_close(&j->input);
}

int cli_train(const cli_args *args) {
    job j = {.args = args, .report = {cli_has(args, "json"), 0}};
    nxc_error err;
    if (!cli_has(args, "data") || !cli_has(args, "output"))
        return cli_usage(cli_command_of(args),
                         "expected --data and --output, got %s",
                         cli_has(args, "data") ? "no --output" : "no --data");
    if (!count_options(&j)) return CLI_USAGE;
    /* what LightGBM frees after it has found its bins goes back at once, or it
     * stays beside the matrix to the end: glibc's own value, kept fixed */
    mallopt(M_TRIM_THRESHOLD, 128 * 1024);
    nxc__buffer_init(&j.parameters, &nxc__allocator_default, 1 << 16);
    nxc__buffer_init(&j.model, &nxc__allocator_default, MAX_MODEL_BYTES);
    nxc__buffer_init(&j.file, &nxc__allocator_default, MAX_MODEL_BYTES);
    nxc_status st = library_option(&j, &err);
    if (st == NXC_OK) st = base_option(&j, &err);
    if (st == NXC_OK) st = cli_training_open(&j.input, args, &err);
    if (st == NXC_OK) st = run(&j, &err);
    if (j.report.json && j.report.n) puts("}");
    close_job(&j);
    return st == NXC_OK ? CLI_OK : cli_fail(st, &err);
}
