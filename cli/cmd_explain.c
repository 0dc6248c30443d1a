/* nextcall features and nextcall explain: what the ranker saw, and why. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "command.h"
#include "npy.h"
#include "table.h"

typedef struct ranked_request {
    nxc_engine *engine;
    nxc_ctx *ctx;
    nxc_request request;
    nxc_ranking ranking;
    nxc_ranked *items; /* of the ranking in another order, n_items of room */
    size_t n_items;
} ranked_request;

static nxc_status rank_all(const cli_args *args, ranked_request *r,
                           nxc_error *err) {
    memset(r, 0, sizeof *r);
    r->request = (nxc_request)NXC_REQUEST_INIT;
    NXC_TRY(cli_engine(args, &r->engine, err));
    NXC_TRY(nxc_ctx_new(r->engine, &r->ctx, err));
    NXC_TRY(cli_request(args, r->ctx, &r->request, err));
    NXC_TRY(cli_precompute(r->engine, &r->request, err));
    return nxc_rank(r->ctx, &r->request, &r->ranking, err);
}

static nxc_status reserve_items(ranked_request *r, size_t n, nxc_error *err) {
    r->n_items = n;
    r->items = nxc__alloc_zero(&nxc__allocator_default, n * sizeof *r->items);
    return r->items ? NXC_OK : nxc__error_nomem(err, n * sizeof *r->items);
}

static void close_all(ranked_request *r) {
    nxc__free(&nxc__allocator_default, r->items, r->n_items * sizeof *r->items);
    cli_request_free();
    nxc_ctx_free(r->ctx);
    nxc_engine_close(r->engine);
}

static nxc_status print_json(ranked_request *r, nxc_error *err) {
    nxc_str json;
    NXC_TRY(
        nxc_ranking_format(r->ctx, &r->request, &r->ranking, true, &json, err));
    fwrite(json.ptr, 1, json.len, stdout);
    putchar('\n');
    return NXC_OK;
}

static void print_matrix(const nxc_ranking *r) {
    nxc_feature_info info;
    char buf[64];
    for (size_t f = 0;
         f < r->n_features && nxc_feature_describe(r->feature_set, f, &info);
         f++)
        printf("%s\t", info.name);
    puts("operation");
    for (size_t i = 0; i < r->n; i++) {
        nxc_operation op;
        if (!nxc_catalog_get_operation(r->catalog, r->items[i].operation, &op))
            continue;
        for (size_t f = 0; f < r->n_features; f++)
            printf("%s\t", cli_feature_text(r, f, r->items[i].features[f], buf,
                                            sizeof buf));
        cli_print_text(stdout, op.id, false);
        putchar('\n');
    }
}

/* From the ranking's order to that of the candidates as they were given, or of
 * the catalog: rows that a program can match with what it has. */
static nxc_status order_as_given(ranked_request *r, nxc_error *err) {
    nxc_ranking *all = &r->ranking;
    size_t n = nxc_catalog_n_operations(all->catalog), at = 0;
    const nxc_request *q = &r->request;
    NXC_TRY(reserve_items(r, n + all->n, err));
    nxc_ranked *by_operation = r->items + all->n; /* rank 0: no candidate */
    for (size_t i = 0; i < all->n; i++)
        by_operation[all->items[i].operation] = all->items[i];
    for (size_t i = 0; q->candidates && i < q->n_candidates; i++)
        r->items[at++] =
            by_operation[nxc_catalog_find(all->catalog, q->candidates[i])];
    for (size_t i = 0; !q->candidates && i < n; i++)
        if (by_operation[i].rank) r->items[at++] = by_operation[i];
    all->items = r->items;
    return NXC_OK;
}

static nxc_status write_matrix(const nxc_ranking *r, const char *path,
                               nxc_error *err) {
    cli_npy npy;
    NXC_TRY(cli_npy_open(&npy, path, r->n_features, err));
    for (size_t i = 0; i < r->n; i++)
        cli_npy_append(&npy, r->items[i].features, 1);
    return cli_npy_close(&npy, NXC_OK, err);
}

/* name, kind, what it depends on, definition: a line a feature. */
static int list_features(const cli_args *args) {
    const char *set = cli_get(args, "set");
    nxc_feature_info info;
    size_t i = 0;
    for (; nxc_feature_describe(set ? set : "v2", i, &info); i++)
        printf("%s\t%s\t%s\t%s\n", info.name, info.kind, info.depends_on,
               info.doc);
    return i ? CLI_OK
             : cli_usage(cli_command_of(args),
                         "--set: expected v1 or v2, got %s", set);
}

int cli_features(const cli_args *args) {
    ranked_request r;
    nxc_error err;
    const char *output = cli_get(args, "output");
    if (cli_has(args, "list")) return list_features(args);
    if (cli_has(args, "scenarios")) return cli_features_dataset(args);
    nxc_status st = rank_all(args, &r, &err);
    if (st == NXC_OK) st = order_as_given(&r, &err);
    if (st == NXC_OK) {
        if (output)
            st = write_matrix(&r.ranking, output, &err);
        else if (cli_has(args, "json"))
            st = print_json(&r, &err);
        else
            print_matrix(&r.ranking);
    }
    int code = st == NXC_OK ? CLI_OK : cli_fail(st, &err);
    close_all(&r);
    return code;
}

/* --------------------------------------------------------------- explain */

static void print_id(const nxc_ranking *r, const nxc_ranked *item) {
    nxc_operation op;
    if (nxc_catalog_get_operation(r->catalog, item->operation, &op))
        cli_print_text(stdout, op.id, false);
}

/* The item to explain: the named operation, or the best. */
static const nxc_ranked *subject(const nxc_ranking *r, const char *key,
                                 nxc_error *err) {
    uint32_t op = key ? nxc_catalog_find(r->catalog, nxc__str(key)) : NXC_NONE;
    for (size_t i = 0; i < r->n; i++)
        if (!key || r->items[i].operation == op) return &r->items[i];
    nxc__error(err, NXC_ERR_NOT_FOUND,
               "--operation: expected one of the candidates, got %s",
               key ? key : "none");
    return NULL;
}

/* The best candidate beside a; NULL if there is none. */
static const nxc_ranked *other_than(const nxc_ranking *r, const nxc_ranked *a) {
    if (a != r->items) return r->items;
    return r->n > 1 ? a + 1 : NULL;
}

/* The answer of rank, with two entries: the explained one and the other. */
static nxc_status print_pair(ranked_request *r, const nxc_ranked *a,
                             nxc_error *err) {
    const nxc_ranked *b = other_than(&r->ranking, a);
    NXC_TRY(reserve_items(r, 2, err));
    r->items[0] = *a;
    if (b) r->items[1] = *b;
    r->ranking.items = r->items;
    r->ranking.n = b ? 2 : 1;
    return print_json(r, err);
}

static void print_reasons(const nxc_because *why) {
    for (size_t i = 0; i < why->n; i++) {
        fputs("  - ", stdout);
        cli_print_text(stdout, why->reasons[i].text, false);
        printf(" (%.0f %%)\n", why->reasons[i].share * 100);
    }
}

/* What speaks for the one that is ahead, then what speaks for the other. */
static nxc_status print_because(ranked_request *r, size_t first, size_t second,
                                nxc_error *err) {
    nxc_because why, against;
    nxc_ranking *all = &r->ranking;
    NXC_TRY(nxc_ranking_because(r->ctx, all, first, second, &why, err));
    NXC_TRY(nxc_ranking_because(r->ctx, all, second, first, &against, err));
    print_id(all, &all->items[first]);
    fputs(" ranks before ", stdout);
    print_id(all, &all->items[second]);
    puts(why.n ? " because" : ":");
    print_reasons(&why);
    if (against.n) puts("Against it, for the other:");
    print_reasons(&against);
    if (!why.n && !against.n)
        puts("  - both have the same score; the catalog's order decides");
    return NXC_OK;
}

static void print_feature(const nxc_ranking *r, size_t f, const nxc_ranked *a,
                          const nxc_ranked *b) {
    nxc_feature_info info;
    char x[64], y[64];
    if (!nxc_feature_describe(r->feature_set, f, &info)) return;
    printf("%-20s %14s", info.name,
           cli_feature_text(r, f, a->features[f], x, sizeof x));
    if (a->contributions)
        printf(" %+13.6f", a->contributions[f]);
    else
        printf(" %13s", "-");
    if (b)
        printf(" | %14s", cli_feature_text(r, f, b->features[f], y, sizeof y));
    if (b && b->contributions) printf(" %+13.6f", b->contributions[f]);
    putchar('\n');
}

#define EXPLAIN_MAX_ROWS 12

/* How much feature f tells the two apart; without another, how much it tells.
 */
static double weight(const nxc_ranked *a, const nxc_ranked *b, size_t f) {
    if (!a->contributions) return 0;
    return fabs(a->contributions[f] -
                (b && b->contributions ? b->contributions[f] : 0));
}

/* The features that tell the two apart most, in their order in the set; all of
 * a small set. */
static void print_features(const nxc_ranking *r, const nxc_ranked *a,
                           const nxc_ranked *b, bool is_all) {
    size_t n = r->n_features, shown = 0;
    for (size_t f = 0; f < n; f++) {
        size_t heavier = 0;
        double own = weight(a, b, f);
        for (size_t g = 0; g < n; g++)
            heavier +=
                weight(a, b, g) > own || (g < f && weight(a, b, g) == own);
        if (!is_all && n > EXPLAIN_MAX_ROWS && heavier >= EXPLAIN_MAX_ROWS)
            continue;
        print_feature(r, f, a, b);
        shown++;
    }
    if (shown < n)
        printf("and %zu features that tell them apart less (--all)\n",
               n - shown);
}

static nxc_status print_explanation(ranked_request *request,
                                    const nxc_ranked *a, bool is_all,
                                    nxc_error *err) {
    const nxc_ranking *r = &request->ranking;
    const nxc_ranked *b = other_than(r, a);
    print_id(r, a);
    printf(": rank %u of %zu, score %.6f, ranker %s, pattern %s (%.2f)\n",
           a->rank, r->n_candidates, a->score, r->ranker, r->workflow_pattern,
           r->pattern_confidence);
    printf("%-20s %14s %13s", "feature", "value", "contribution");
    if (b) printf(" | %14s %13s", "other's value", "contribution");
    putchar('\n');
    print_features(r, a, b, is_all);
    if (b) {
        fputs("other: ", stdout);
        print_id(r, b);
        printf(", rank %u, score %.6f\n", b->rank, b->score);
    }
    if (!b || !a->contributions) return NXC_OK;
    size_t x = a->rank - 1, y = b->rank - 1;
    return print_because(request, x < y ? x : y, x < y ? y : x, err);
}

/* The item of the named operation, or the best, with contributions. */
static nxc_status explained(ranked_request *r, const char *key,
                            const nxc_ranked **out, nxc_error *err) {
    const nxc_ranked *item = subject(&r->ranking, key, err);
    if (!item) return NXC_ERR_NOT_FOUND;
    size_t at = (size_t)(item - r->ranking.items), n = r->ranking.n;
    NXC_TRY(nxc_ranking_explain(r->ctx, &r->ranking, at, 1, err));
    NXC_TRY(nxc_ranking_explain(r->ctx, &r->ranking, 0, n < 2 ? n : 2, err));
    *out = &r->ranking.items[at];
    return NXC_OK;
}

int cli_explain(const cli_args *args) {
    ranked_request r;
    nxc_error err;
    const nxc_ranked *item = NULL;
    nxc_status st = rank_all(args, &r, &err);
    if (st == NXC_OK)
        st = explained(&r, cli_get(args, "operation"), &item, &err);
    if (st == NXC_OK) {
        if (cli_has(args, "json"))
            st = print_pair(&r, item, &err);
        else
            st = print_explanation(&r, item, cli_has(args, "all"), &err);
    }
    int code = st == NXC_OK ? CLI_OK : cli_fail(st, &err);
    close_all(&r);
    return code;
}
