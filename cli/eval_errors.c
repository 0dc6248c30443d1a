/*
 * The decision points at which a ranker was worst, with what it saw: prompt,
 * history, the true call and its rank, the three that came first, and the
 * features that put the first before the true one (the differences of their
 * contributions).
 *
 * They are few, so each scenario is ranked once more rather than every ranking
 * kept.
 */
#include <math.h>
#include <stdlib.h>

#include "eval.h"

enum { N_BEST = 3, N_DECIDED = 5 };

typedef struct failure {
    double reciprocal_rank;
    size_t scenario, step, number;
} failure;

static int worse_first(const void *a, const void *b) {
    const failure *x = a, *y = b;
    if (x->reciprocal_rank != y->reciprocal_rank)
        return x->reciprocal_rank < y->reciprocal_rank ? -1 : 1;
    if (x->scenario != y->scenario) return x->scenario < y->scenario ? -1 : 1;
    return x->step < y->step ? -1 : x->step > y->step;
}

static void print_operation(const nxc_ranking *r, size_t i) {
    nxc_operation op;
    if (!nxc_catalog_get_operation(r->catalog, r->items[i].operation, &op))
        return;
    cli_print_text(stdout, op.id, false);
    printf("  %.3f\n", r->items[i].score);
}

static void print_asked(const cli_point *p, const failure *f) {
    const cli_scenario *s = p->scenario;
    printf("\n%zu. ", f->number);
    cli_print_text(stdout, s->id, false);
    printf(", step %zu: rank %zu of %zu, %zu sessions known\n   prompt   ",
           p->step, p->gold + 1, p->ranking->n_candidates, p->n_learned);
    cli_print_text(stdout, s->prompts[p->step], false);
    printf("\n   history  ");
    for (size_t i = 0; i < p->step; i++) {
        if (i) printf(" > ");
        cli_print_text(stdout, s->calls[i].call, false);
    }
    printf("%s\n   true     ", p->step ? "" : "none");
    print_operation(p->ranking, p->gold);
    for (size_t i = 0; i < N_BEST && i < p->ranking->n; i++) {
        printf("   %-9s", i ? "" : "best");
        print_operation(p->ranking, i);
    }
}

/* Features by what they add to the first less what they add to the true one. */
static void print_decided(const nxc_ranking *r, size_t gold) {
    const nxc_ranked *best = &r->items[0], *t = &r->items[gold];
    double last = INFINITY;
    if (!best->contributions || !t->contributions) return;
    for (size_t k = 0; k < N_DECIDED; k++) {
        size_t at = r->n_features;
        double most = 0;
        nxc_feature_info info;
        for (size_t f = 0; f < r->n_features; f++) {
            double d = best->contributions[f] - t->contributions[f];
            if (d > most && d < last) {
                most = d;
                at = f;
            }
        }
        if (!nxc_feature_describe(r->feature_set, at, &info)) return;
        printf("   %-9s%-20s %+.3f  (best %.4g, true %.4g)\n",
               k ? "" : "decided", info.name, most, (double)best->features[at],
               (double)t->features[at]);
        last = most;
    }
}

static nxc_status print_failure(void *user, const cli_point *p,
                                nxc_error *err) {
    const failure *f = user;
    if (p->step != f->step) return NXC_OK;
    print_asked(p, f);
    if (p->gold == 0) return NXC_OK;
    NXC_TRY(nxc_ranking_explain(p->ctx, p->ranking, 0, 1, err));
    NXC_TRY(nxc_ranking_explain(p->ctx, p->ranking, p->gold, 1, err));
    print_decided(p->ranking, p->gold);
    return NXC_OK;
}

nxc_status cli_eval_errors(const cli_evaluation *e, size_t n, nxc__arena *arena,
                           nxc_error *err) {
    const cli_dataset *d = &e->dataset;
    size_t m = 0;
    failure *all = nxc__arena_alloc_array(arena, d->n_points + 1, sizeof *all);
    if (!all) return nxc__error_nomem(err, d->n_points * sizeof *all);
    for (size_t s = 0; s < d->n; s++)
        for (size_t k = 0; k < d->scenarios[s].n; k++) {
            size_t at = d->scenarios[s].first_point + k;
            double r = e->methods[0].outcomes[at].reciprocal_rank;
            if (e->counts[at]) all[m++] = (failure){r, s, k, 0};
        }
    qsort(all, m, sizeof *all, worse_first);
    for (size_t i = 0; i < n && i < m; i++) {
        cli_dataset one = {.scenarios = &d->scenarios[all[i].scenario], .n = 1};
        all[i].number = i + 1;
        NXC_TRY(cli_dataset_rank(&e->protocol, &one, 1, print_failure, &all[i],
                                 err));
    }
    return NXC_OK;
}
