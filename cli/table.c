#include "table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "command.h"

#define MAX_FEATURES 64

const char *cli_feature_text(const nxc_catalog *catalog, size_t feature,
                             float value, char *buf, size_t cap) {
    nxc_str label = nxc_feature_label(catalog, feature, value);
    if (isnan(value))
        snprintf(buf, cap, "-");
    else if (label.len)
        snprintf(buf, cap, "%.*s", NXC_STR_ARG(label));
    else
        snprintf(buf, cap, "%.3g", (double)value);
    return buf;
}

void cli_mean_contributions(const nxc_ranking *r, double *out) {
    for (size_t f = 0; f < r->n_features; f++) {
        out[f] = 0;
        for (size_t i = 0; i < r->n && r->items[i].contributions; i++)
            out[f] += r->items[i].contributions[f] / (double)r->n;
    }
}

void cli_moving_features(const nxc_ranking *r, const nxc_ranked *item,
                         const double *mean, size_t out[2]) {
    double best[2] = {0, 0};
    out[0] = out[1] = SIZE_MAX;
    if (!item->contributions) return;
    for (size_t f = 0; f < r->n_features; f++) {
        double moved = fabs(item->contributions[f] - mean[f]);
        if (moved > best[0]) {
            best[1] = best[0];
            out[1] = out[0];
            best[0] = moved;
            out[0] = f;
        } else if (moved > best[1]) {
            best[1] = moved;
            out[1] = f;
        }
    }
}

void cli_print_request(const nxc_request *request) {
    bool color = cli_color(stdout);
    printf("%s%.*s%s\n", color ? "\x1b[1m" : "", (int)request->prompt.len,
           request->prompt.ptr ? request->prompt.ptr : "",
           color ? "\x1b[0m" : "");
    for (size_t i = 0; i < request->n_history; i++) {
        const nxc_call *c = &request->history[i];
        printf("  after ");
        if (c->call.len)
            printf("%.*s\n", NXC_STR_ARG(c->call));
        else
            printf("%.*s %.*s\n", NXC_STR_ARG(c->method), NXC_STR_ARG(c->path));
    }
}

static void print_why(const nxc_ranking *r, const nxc_ranked *item,
                      const double *mean) {
    size_t moving[2];
    char buf[64];
    nxc_feature_info info;
    cli_moving_features(r, item, mean, moving);
    for (int k = 0; k < 2; k++) {
        if (moving[k] == SIZE_MAX || !nxc_feature_describe(moving[k], &info))
            continue;
        printf("%s%s %s", k ? ", " : "", info.name,
               cli_feature_text(r->catalog, moving[k],
                                item->features[moving[k]], buf, sizeof buf));
    }
}

static void print_rows(const nxc_ranking *r, size_t top, const double *mean) {
    bool color = cli_color(stdout);
    size_t columns = cli_columns();
    size_t path = columns > 132 ? 64 : columns > 68 ? columns - 68 : 24;
    if (path < 34) path = 34;
    printf("%srank   score  method  ", color ? "\x1b[2m" : "");
    cli_print_cell(stdout, NXC_STR("path"), path);
    printf("  why%s\n", color ? "\x1b[0m" : "");
    for (size_t i = 0; i < r->n && i < top; i++) {
        nxc_operation op;
        if (!nxc_catalog_get_operation(r->catalog, r->items[i].operation, &op))
            continue;
        printf("%s%4u  %6.3f  %-6s  ", color && i == 0 ? "\x1b[32m" : "",
               r->items[i].rank, r->items[i].score, nxc_method_name(op.method));
        cli_print_cell(stdout, op.path.len ? op.path : op.id, path);
        printf("%s  ", color && i == 0 ? "\x1b[0m" : "");
        print_why(r, &r->items[i], mean);
        putchar('\n');
    }
}

static void print_missing(const nxc_ranking *r) {
    static const char *const reasons[] = {"", "no encoder", "no --now",
                                          "no prompt", "no n-gram model"};
    const char *before = "; missing: ";
    nxc_feature_info info;
    for (size_t f = 0; f < r->n_features; f++) {
        if (r->feature_status[f] == NXC_FEATURE_OK ||
            !nxc_feature_describe(f, &info))
            continue;
        printf("%s%s (%s)", before, info.name, reasons[r->feature_status[f]]);
        before = ", ";
    }
}

void cli_print_ranking(const nxc_ranking *r, size_t top) {
    double mean[MAX_FEATURES];
    cli_mean_contributions(r, mean);
    print_rows(r, top, mean);
    printf("pattern %s (%.2f); %zu candidates, ranker %s; resolve %.0f, encode "
           "%.0f (%zu texts), features %.0f, score %.0f, order %.0f us",
           r->workflow_pattern, r->pattern_confidence, r->n_candidates,
           r->ranker, r->timing.resolve_us, r->timing.encode_us, r->n_encoded,
           r->timing.features_us, r->timing.score_us, r->timing.order_us);
    if (r->n_unknown_calls)
        printf("; %zu calls unknown to the catalog", r->n_unknown_calls);
    if (r->prompt_truncated) printf("; prompt truncated at 256 tokens");
    print_missing(r);
    putchar('\n');
}
