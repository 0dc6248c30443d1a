/* The table of nextcall eval: a row a method, with intervals, and how far it is
 * from the first. */
#include <math.h>

#include "eval.h"

typedef enum slice { ALL, FIRST, LATER, N_SLICES } slice;

typedef struct report {
    const cli_evaluation *e;
    uint8_t *mask[N_SLICES]; /* (n_points) */
    size_t *first;           /* (n_scenarios + 1) */
    double *values;          /* (n_points) */
    double *draws;           /* (CLI_N_DRAWS) */
} report;

/* Reciprocal ranks of a method, less those of another, into values. */
static void take_ranks(const report *r, const cli_method *m,
                       const cli_method *less) {
    for (size_t i = 0; i < r->e->dataset.n_points; i++)
        r->values[i] = m->outcomes[i].reciprocal_rank -
                       (less ? less->outcomes[i].reciprocal_rank : 0);
}
static cli_interval interval(const report *r) {
    return cli_bootstrap(r->values, r->mask[ALL], r->first, r->e->dataset.n,
                         r->draws);
}

static cli_outcome mean_outcome(const report *r, const cli_method *m, slice s) {
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

static row make_row(const report *r, const cli_method *m) {
    const cli_method *base = &r->e->methods[0];
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

/* A slice without points has no figures. */
static void print_value(const char *name, int digits, double value) {
    if (isnan(value))
        printf(",\"%s\":null", name);
    else
        printf(",\"%s\":%.*g", name, digits, value);
}

static void print_json(const row *x) {
    const cli_outcome *a = &x->mean[ALL], *f = &x->mean[FIRST],
                      *l = &x->mean[LATER];
    printf("{\"method\":\"%s\"", x->name);
    print_value("top1", 12, a->top1);
    print_value("top3", 12, a->top3);
    print_value("top5", 12, a->top5);
    print_value("mrr", 12, a->reciprocal_rank);
    print_value("mrr_low", 6, x->own.low);
    print_value("mrr_high", 6, x->own.high);
    print_value("ndcg10", 12, a->ndcg10);
    print_value("first_top1", 12, f->top1);
    print_value("first_mrr", 12, f->reciprocal_rank);
    print_value("later_top1", 12, l->top1);
    print_value("later_mrr", 12, l->reciprocal_rank);
    if (!x->is_first) {
        print_value("difference", 12, x->difference);
        print_value("difference_low", 6, x->apart.low);
        print_value("difference_high", 6, x->apart.high);
    }
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
        printf("%s: %zu scenarios, %zu of %zu decision points\n"
               "%-20s %6s %6s %6s %6s %-16s %7s   %-11s   %-11s  %s\n",
               r->e->protocol.options.is_warm ? "warm" : "cold",
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

nxc_status cli_eval_report(const cli_evaluation *e, nxc__arena *arena,
                           nxc_error *err) {
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
