/*
 * nextcall eval: how well a ranker finds the true next call, beside other
 * rankers and simple methods.
 *
 *     scenarios -> every decision point, every candidate -> outcome of each
 *     method -> means, intervals
 *
 * Protocol "cold": nothing but the catalog is known of the API. The methods of
 * one decision point are judged side by side, so that differences are paired.
 *
 *     ranker             --ranker (default: universal-v2)
 *     other rankers      --compare, in the order given
 *     in order           the first, with its order of ties: what --predictions
 *                        writes (only with that)
 *     bm25, cosine       bm_full, prompt_similarity
 *     ... unseen         the same, operations already called last
 *     fusion             reciprocal ranks of the two unseen ones
 */
#include <math.h>
#include <string.h>

#include "dataset.h"
#include "judge.h"

enum {
    MAX_COMPARED = 4,
    N_SIMPLE = 5,
    MAX_METHODS = 2 + MAX_COMPARED + N_SIMPLE
};
static const char *const simple_names[N_SIMPLE] = {
    "bm25", "bm25 unseen", "cosine", "cosine unseen", "fusion"};

typedef struct method {
    const char *name;
    cli_outcome *outcomes; /* (n_points) */
} method;

typedef struct evaluation {
    const cli_args *args;
    cli_dataset dataset;
    method methods[MAX_METHODS];
    size_t n_methods;
    method *running;   /* the ranker of the pass */
    bool is_first;     /* of the passes: simple methods, predictions */
    uint8_t *counts;   /* (n_points) candidates in range and gold known */
    nxc_str *rankings; /* (n_points) lines of --predictions, or NULL */
    size_t min, max;
    size_t n_workers;
} evaluation;

/* ------------------------------------------------------- one decision point */

static double value(const nxc_ranked *item, size_t feature) {
    return (double)item->features[feature];
}

static bool find_feature(const char *set, const char *name, size_t *out) {
    nxc_feature_info info;
    for (*out = 0; nxc_feature_describe(set, *out, &info); ++*out)
        if (strcmp(info.name, name) == 0) return true;
    return false;
}

/* Scores of the simple methods: (N_SIMPLE, n), and a row of scratch. */
static void simple_scores(const nxc_ranking *r, double *scores) {
    size_t bm25 = 0, cosine = 0, called = 0, n = r->n;
    if (!find_feature(r->feature_set, "bm_full", &bm25) ||
        !find_feature(r->feature_set, "prompt_similarity", &cosine) ||
        !find_feature(r->feature_set, "called_n", &called))
        return;
    for (size_t i = 0; i < n; i++) {
        double penalty = value(&r->items[i], called) > 0 ? 1e6 : 0;
        double b = value(&r->items[i], bm25), c = value(&r->items[i], cosine);
        scores[i] = b;
        scores[n + i] = b - penalty;
        scores[2 * n + i] = c;
        scores[3 * n + i] = c - penalty;
    }
    cli_fuse(scores + n, scores + 3 * n, n, scores + 5 * n, scores + 4 * n);
}

/* {"scenario_id", "step", "ranking": [ids, best first]} */
static nxc_status keep_ranking(evaluation *e, const cli_point *p,
                               nxc_error *err) {
    nxc__buffer b;
    nxc_operation op;
    nxc__buffer_init(&b, &nxc__allocator_default, (size_t)1 << 28);
    nxc__buffer_append_z(&b, "{\"scenario_id\":");
    nxc__buffer_append_json(&b, p->scenario->id);
    nxc__buffer_printf(&b, ",\"step\":%zu,\"ranking\":[", p->step);
    for (size_t i = 0; i < p->ranking->n; i++) {
        if (!nxc_catalog_get_operation(p->ranking->catalog,
                                       p->ranking->items[i].operation, &op))
            continue;
        if (i) nxc__buffer_append_char(&b, ',');
        nxc__buffer_append_json(&b, op.id);
    }
    nxc__buffer_append_z(&b, "]}\n");
    nxc_status st = nxc__buffer_status(&b, "predictions", err);
    if (st != NXC_OK) {
        nxc__buffer_release(&b);
        return st;
    }
    char *line = nxc__alloc(&nxc__allocator_default, b.len + 1);
    if (line) {
        memcpy(line, b.data, b.len);
        line[b.len] = 0;
        e->rankings[p->scenario->first_point + p->step] =
            (nxc_str){line, b.len};
    }
    nxc__buffer_release(&b);
    return line ? NXC_OK : nxc__error_nomem(err, b.len);
}

static nxc_status judge_point(void *user, const cli_point *p, nxc_error *err) {
    evaluation *e = user;
    const nxc_ranking *r = p->ranking;
    size_t at = p->scenario->first_point + p->step;
    if (e->is_first && e->rankings) {
        NXC_TRY(keep_ranking(e, p, err));
        if (p->gold != SIZE_MAX)
            e->methods[e->n_methods - N_SIMPLE - 1].outcomes[at] =
                cli_judge_rank(p->gold + 1);
    }
    e->counts[at] =
        p->gold != SIZE_MAX && r->n >= e->min && (!e->max || r->n <= e->max);
    if (!e->counts[at]) return NXC_OK;
    size_t bytes = (N_SIMPLE + 1) * r->n * sizeof(double);
    double *scores = nxc__alloc(&nxc__allocator_default, bytes);
    if (!scores) return nxc__error_nomem(err, bytes);
    for (size_t i = 0; i < r->n; i++)
        scores[i] = r->items[i].score;
    e->running->outcomes[at] = cli_judge(scores, r->n, p->gold);
    if (e->is_first) {
        simple_scores(r, scores);
        method *first = e->methods + e->n_methods - N_SIMPLE;
        for (size_t k = 0; k < N_SIMPLE; k++)
            first[k].outcomes[at] = cli_judge(scores + k * r->n, r->n, p->gold);
    }
    nxc__free(&nxc__allocator_default, scores, bytes);
    return NXC_OK;
}

/* ----------------------------------------------------------------- report */

typedef enum slice { ALL, FIRST, LATER, N_SLICES } slice;

typedef struct report {
    const evaluation *e;
    uint8_t *mask[N_SLICES]; /* (n_points) */
    size_t *first;           /* (n_scenarios + 1) */
    double *values;          /* (n_points) */
    double *draws;           /* (CLI_N_DRAWS) */
} report;

/* Reciprocal ranks of a method, less those of another, into values. */
static void take_ranks(const report *r, const method *m, const method *less) {
    for (size_t i = 0; i < r->e->dataset.n_points; i++)
        r->values[i] = m->outcomes[i].reciprocal_rank -
                       (less ? less->outcomes[i].reciprocal_rank : 0);
}
static cli_interval interval(const report *r) {
    return cli_bootstrap(r->values, r->mask[ALL], r->first, r->e->dataset.n,
                         r->draws);
}

static cli_outcome mean_outcome(const report *r, const method *m, slice s) {
    cli_outcome sum = {0, 0, 0, 0, 0};
    double n = 0;
    for (size_t i = 0; i < r->e->dataset.n_points; i++) {
        if (!r->mask[s][i]) continue;
        cli_outcome_add(&sum, &m->outcomes[i], 1);
        n++;
    }
    cli_outcome mean = {0, 0, 0, 0, 0};
    cli_outcome_add(&mean, &sum, 1 / n);
    return mean;
}

/* One row: a method's means and interval, and how far it is from the first
 * method. */
typedef struct row {
    const char *name;
    cli_outcome mean[N_SLICES];
    cli_interval own, apart; /* of MRR; of the difference to the first */
    double difference;
    bool is_first;
} row;

static row make_row(const report *r, const method *m) {
    const method *base = &r->e->methods[0];
    row x = {.name = m->name, .is_first = m == base};
    for (int s = 0; s < N_SLICES; s++)
        x.mean[s] = mean_outcome(r, m, (slice)s);
    take_ranks(r, m, NULL);
    x.own = interval(r);
    if (x.is_first) return x;
    take_ranks(r, m, base);
    x.apart = interval(r);
    x.difference = cli_mean(r->values, r->mask[ALL], r->e->dataset.n_points);
    return x;
}

static void print_json(const row *x) {
    const cli_outcome *a = &x->mean[ALL];
    printf("{\"method\":\"%s\",\"top1\":%.12g,\"top3\":%.12g,\"top5\":%.12g,"
           "\"mrr\":%.12g,\"mrr_low\":%.6g,\"mrr_high\":%.6g,"
           "\"ndcg10\":%.12g,\"first_top1\":%.12g,\"first_mrr\":%.12g,"
           "\"later_top1\":%.12g,\"later_mrr\":%.12g",
           x->name, a->top1, a->top3, a->top5, a->reciprocal_rank, x->own.low,
           x->own.high, a->ndcg10, x->mean[FIRST].top1,
           x->mean[FIRST].reciprocal_rank, x->mean[LATER].top1,
           x->mean[LATER].reciprocal_rank);
    if (!x->is_first)
        printf(",\"difference\":%.12g,\"difference_low\":%.6g,"
               "\"difference_high\":%.6g",
               x->difference, x->apart.low, x->apart.high);
    puts("}");
}

static void print_row(const row *x) {
    const cli_outcome *a = &x->mean[ALL];
    printf("%-20s %6.3f %6.3f %6.3f %6.3f [%.3f, %.3f] %7.3f   %.3f %.3f   "
           "%.3f %.3f",
           x->name, a->top1, a->top3, a->top5, a->reciprocal_rank, x->own.low,
           x->own.high, a->ndcg10, x->mean[FIRST].top1,
           x->mean[FIRST].reciprocal_rank, x->mean[LATER].top1,
           x->mean[LATER].reciprocal_rank);
    if (!x->is_first)
        printf("  %+.3f [%+.3f, %+.3f]", x->difference, x->apart.low,
               x->apart.high);
    putchar('\n');
}

static void fill_masks(const report *r) {
    const cli_dataset *d = &r->e->dataset;
    for (size_t s = 0; s < d->n; s++) {
        const cli_scenario *of = &d->scenarios[s];
        size_t first = of->first_point;
        r->first[s] = first;
        for (size_t k = 0; k < of->n; k++) {
            uint8_t counts = r->e->counts[first + k];
            r->mask[ALL][first + k] = counts;
            r->mask[FIRST][first + k] = counts && of->n_before + k == 0;
            r->mask[LATER][first + k] = counts && of->n_before + k > 0;
        }
    }
    r->first[d->n] = d->n_points;
}

static void print_report(const report *r) {
    bool json = cli_has(r->e->args, "json");
    size_t n = 0;
    for (size_t i = 0; i < r->e->dataset.n_points; i++)
        n += r->mask[ALL][i];
    if (!json)
        printf("cold: %zu scenarios, %zu of %zu decision points\n"
               "%-20s %6s %6s %6s %6s %-16s %7s   %-11s   %-11s  %s\n",
               r->e->dataset.n, n, r->e->dataset.n_points, "method", "top-1",
               "top-3", "top-5", "MRR", "95 %", "NDCG@10", "first",
               "later calls", "MRR to the first row, 95 %");
    for (size_t k = 0; n && k < r->e->n_methods; k++) {
        row x = make_row(r, &r->e->methods[k]);
        if (json)
            print_json(&x);
        else
            print_row(&x);
    }
}

static nxc_status report_all(evaluation *e, nxc__arena *arena, nxc_error *err) {
    size_t n = e->dataset.n_points;
    report r = {.e = e};
    for (int s = 0; s < N_SLICES; s++)
        r.mask[s] = nxc__arena_alloc(arena, n + 1);
    r.first = nxc__arena_alloc_array(arena, e->dataset.n + 1, sizeof *r.first);
    r.values = nxc__arena_alloc_array(arena, n + 1, sizeof *r.values);
    r.draws = nxc__arena_alloc_array(arena, CLI_N_DRAWS, sizeof *r.draws);
    if (!r.mask[ALL] || !r.mask[FIRST] || !r.mask[LATER] || !r.first ||
        !r.values || !r.draws)
        return nxc__error_nomem(err, n * sizeof *r.values);
    fill_masks(&r);
    print_report(&r);
    return NXC_OK;
}

/* ----------------------------------------------------------------- passes */

static nxc_status pass(evaluation *e, const char *ranker, method *m,
                       nxc__arena *arena, nxc_error *err) {
    nxc_engine *engine;
    NXC_TRY(cli_engine_with(e->args, ranker, NULL, &engine, err));
    nxc_status st = nxc_engine_set_features(engine, "v2", err);
    nxc_str name = nxc__arena_copy(arena, nxc__str(nxc_engine_ranker(engine)));
    m->name = name.ptr;
    e->running = m;
    if (st == NXC_OK && !name.ptr) st = nxc__error_nomem(err, 64);
    if (st == NXC_OK)
        st = cli_dataset_rank(engine, &e->dataset, e->n_workers, judge_point, e,
                              err);
    nxc_engine_close(engine);
    return st;
}

static nxc_status reserve(evaluation *e, nxc__arena *arena, nxc_error *err) {
    size_t n = e->dataset.n_points + 1, at = 0;
    const char *path;
    bool in_order = cli_has(e->args, "predictions");
    e->n_methods = 1 + in_order + N_SIMPLE;
    while ((path = cli_next(e->args, "compare", &at)))
        if (e->n_methods++ == (size_t)MAX_METHODS - !in_order)
            return nxc__error(err, NXC_ERR_LIMIT,
                              "--compare: expected at most %d, got %s as well",
                              MAX_COMPARED, path);
    for (size_t k = 0; k < e->n_methods; k++) {
        e->methods[k].outcomes =
            nxc__arena_alloc_array(arena, n, sizeof(cli_outcome));
        if (!e->methods[k].outcomes)
            return nxc__error_nomem(err, n * sizeof(cli_outcome));
        memset(e->methods[k].outcomes, 0, n * sizeof(cli_outcome));
    }
    for (size_t k = 0; k < N_SIMPLE; k++)
        e->methods[e->n_methods - N_SIMPLE + k].name = simple_names[k];
    e->counts = nxc__arena_alloc(arena, n);
    e->rankings = nxc__arena_alloc_array(arena, n, sizeof *e->rankings);
    if (!e->counts || !e->rankings) return nxc__error_nomem(err, n);
    memset(e->rankings, 0, n * sizeof *e->rankings);
    if (in_order)
        e->methods[e->n_methods - N_SIMPLE - 1].name = "in order";
    else
        e->rankings = NULL;
    return NXC_OK;
}

static nxc_status write_predictions(evaluation *e, nxc_error *err) {
    cli_output out;
    if (!e->rankings) return NXC_OK;
    NXC_TRY(cli_output_open(&out, cli_get(e->args, "predictions"), err));
    for (size_t i = 0; i < e->dataset.n_points; i++)
        fwrite(e->rankings[i].ptr, 1, e->rankings[i].len, out.file);
    return cli_output_close(&out, NXC_OK, err);
}

static nxc_status evaluate(evaluation *e, nxc__arena *arena, nxc_error *err) {
    size_t at = 0;
    const char *ranker;
    NXC_TRY(reserve(e, arena, err));
    e->is_first = true;
    NXC_TRY(pass(e, cli_get(e->args, "ranker"), &e->methods[0], arena, err));
    e->is_first = false;
    for (size_t k = 1; (ranker = cli_next(e->args, "compare", &at)); k++)
        NXC_TRY(pass(e, ranker, &e->methods[k], arena, err));
    NXC_TRY(write_predictions(e, err));
    return report_all(e, arena, err);
}

int cli_eval(const cli_args *args) {
    evaluation e = {.args = args};
    nxc_error err;
    nxc__arena arena;
    size_t every;
    const char *path = cli_get(args, "scenarios");
    if (!path)
        return cli_usage(cli_command_of(args),
                         "--scenarios: expected a file, got none");
    if (!cli_get_count(args, "every", 1, 1000000, &every) || every == 0 ||
        !cli_get_count(args, "min-candidates", 0, 1000000, &e.min) ||
        !cli_get_count(args, "max-candidates", 0, 1000000, &e.max))
        return CLI_USAGE;
    nxc_status st = cli_workers(args, &e.n_workers, &err);
    if (st == NXC_OK) st = cli_dataset_read(path, every, &e.dataset, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    nxc__arena_init(&arena, &nxc__allocator_default, SIZE_MAX);
    st = evaluate(&e, &arena, &err);
    for (size_t i = 0; e.rankings && i < e.dataset.n_points; i++)
        nxc__free_str(&nxc__allocator_default, e.rankings[i]);
    nxc__arena_release(&arena);
    cli_dataset_release(&e.dataset);
    return st == NXC_OK ? CLI_OK : cli_fail(st, &err);
}
