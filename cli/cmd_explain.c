/* nextcall features and nextcall explain: what the ranker saw, and why. */
#include <math.h>
#include <string.h>

#include "command.h"
#include "npy.h"
#include "table.h"

typedef struct ranked_request {
    nxc_engine *engine;
    nxc_ctx *ctx;
    nxc_request request;
    nxc_ranking ranking;
} ranked_request;

static nxc_status rank_all(const cli_args *args, ranked_request *r,
                           nxc_error *err) {
    memset(r, 0, sizeof *r);
    r->request = (nxc_request)NXC_REQUEST_INIT;
    NXC_TRY(cli_engine(args, &r->engine, err));
    NXC_TRY(nxc_ctx_new(r->engine, &r->ctx, err));
    NXC_TRY(cli_request(args, r->ctx, &r->request, err));
    return nxc_rank(r->ctx, &r->request, &r->ranking, err);
}

static void close_all(ranked_request *r) {
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
    for (size_t f = 0; f < r->n_features && nxc_feature_describe(f, &info); f++)
        printf("%s\t", info.name);
    puts("operation");
    for (size_t i = 0; i < r->n; i++) {
        nxc_operation op;
        if (!nxc_catalog_get_operation(r->catalog, r->items[i].operation, &op))
            continue;
        for (size_t f = 0; f < r->n_features; f++)
            printf("%s\t",
                   cli_feature_text(r->catalog, f, r->items[i].features[f], buf,
                                    sizeof buf));
        printf("%.*s\n", (int)op.id.len, op.id.ptr);
    }
}

static nxc_status write_matrix(const nxc_ranking *r, const char *path,
                               nxc_error *err) {
    cli_npy npy;
    NXC_TRY(cli_npy_open(&npy, path, r->n_features, err));
    for (size_t i = 0; i < r->n; i++)
        cli_npy_append(&npy, r->items[i].features, 1);
    return cli_npy_close(&npy, NXC_OK, err);
}

int cli_features(const cli_args *args) {
    ranked_request r;
    nxc_error err;
    const char *output = cli_get(args, "output");
    nxc_status st = rank_all(args, &r, &err);
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

static nxc_str id_of(const nxc_ranking *r, const nxc_ranked *item) {
    nxc_operation op;
    return nxc_catalog_get_operation(r->catalog, item->operation, &op)
               ? op.id
               : (nxc_str){"", 0};
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

static void print_sentence(const nxc_ranking *r, const nxc_ranked *a,
                           const nxc_ranked *b) {
    size_t best = SIZE_MAX;
    double largest = 0;
    nxc_feature_info info;
    char x[64], y[64];
    bool ahead = a->rank < b->rank;
    for (size_t f = 0; f < r->n_features; f++) {
        double d = a->contributions[f] - b->contributions[f];
        if (!ahead) d = -d;
        if (d > largest) {
            largest = d;
            best = f;
        }
    }
    if (best == SIZE_MAX || !nxc_feature_describe(best, &info)) {
        puts("Both have the same score; the catalog's order decides.");
        return;
    }
    nxc_str id_a = id_of(r, a), id_b = id_of(r, b);
    printf("%.*s ranks %s %.*s mostly by %s: %s against %s.\n", (int)id_a.len,
           id_a.ptr, ahead ? "before" : "after", (int)id_b.len, id_b.ptr,
           info.name,
           cli_feature_text(r->catalog, best, a->features[best], x, sizeof x),
           cli_feature_text(r->catalog, best, b->features[best], y, sizeof y));
}

static void print_explanation(const nxc_ranking *r, const nxc_ranked *a) {
    const nxc_ranked *b = a == r->items ? (r->n > 1 ? a + 1 : NULL) : r->items;
    nxc_feature_info info;
    char x[64], y[64];
    nxc_str id = id_of(r, a);
    printf("%.*s: rank %u of %zu, score %.6f, ranker %s, pattern %s (%.2f)\n",
           (int)id.len, id.ptr, a->rank, r->n_candidates, a->score, r->ranker,
           r->workflow_pattern, r->pattern_confidence);
    printf("%-20s %14s %13s", "feature", "value", "contribution");
    if (b) printf(" | %14s %13s", "other's value", "contribution");
    putchar('\n');
    for (size_t f = 0; f < r->n_features && nxc_feature_describe(f, &info);
         f++) {
        printf("%-20s %14s", info.name,
               cli_feature_text(r->catalog, f, a->features[f], x, sizeof x));
        if (a->contributions)
            printf(" %+13.6f", a->contributions[f]);
        else
            printf(" %13s", "-");
        if (b)
            printf(" | %14s", cli_feature_text(r->catalog, f, b->features[f], y,
                                               sizeof y));
        if (b && b->contributions) printf(" %+13.6f", b->contributions[f]);
        putchar('\n');
    }
    if (b) {
        nxc_str other = id_of(r, b);
        printf("other: %.*s, rank %u, score %.6f\n", (int)other.len, other.ptr,
               b->rank, b->score);
    }
    if (b && a->contributions) print_sentence(r, a, b);
    if (!a->contributions)
        puts("This ranker is a tree ensemble: it gives scores, no "
             "contributions.");
}

int cli_explain(const cli_args *args) {
    ranked_request r;
    nxc_error err;
    nxc_status st = rank_all(args, &r, &err);
    if (st == NXC_OK) {
        const nxc_ranked *item =
            subject(&r.ranking, cli_get(args, "operation"), &err);
        if (!item)
            st = NXC_ERR_NOT_FOUND;
        else if (cli_has(args, "json"))
            st = print_json(&r, &err);
        else
            print_explanation(&r.ranking, item);
    }
    int code = st == NXC_OK ? CLI_OK : cli_fail(st, &err);
    close_all(&r);
    return code;
}
