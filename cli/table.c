#include "table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "command.h"

#define MAX_FEATURES 256 /* of the feature sets */

const char *cli_feature_text(const nxc_ranking *r, size_t feature, float value,
                             char *buf, size_t cap) {
    nxc_str label =
        nxc_feature_label(r->catalog, r->feature_set, feature, value);
    if (isnan(value))
        snprintf(buf, cap, "-");
    else if (label.len)
        snprintf(buf, cap, "%.*s", NXC_STR_ARG(label));
    else if (fabsf(value) >= 1000)
        snprintf(buf, cap, "%.0f", (double)value); /* seconds, not 8.6e+04 */
    else
        snprintf(buf, cap, "%.3g", (double)value);
    for (unsigned char *p = (unsigned char *)buf; *p; p++)
        if (*p < 0x20 || *p == 0x7f || (*p == 0xC2 && p[1] < 0xA0))
            *p = '?'; /* see cli_print_text */
    return buf;
}

void cli_mean_contributions(const nxc_ranking *r, double *out) {
    bool has_all = r->n && r->items[r->n - 1].contributions;
    for (size_t f = 0; f < r->n_features; f++) {
        out[f] = 0;
        for (size_t i = 0; has_all && i < r->n; i++)
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
    if (color) fputs("\x1b[1m", stdout);
    cli_print_text(stdout, request->prompt, false);
    puts(color ? "\x1b[0m" : "");
    for (size_t i = 0; i < request->n_history; i++) {
        const nxc_call *c = &request->history[i];
        printf("  after ");
        cli_print_text(stdout, c->call.len ? c->call : c->method, false);
        if (!c->call.len) putchar(' ');
        if (!c->call.len) cli_print_text(stdout, c->path, false);
        putchar('\n');
    }
}

/* The moving features in at most width columns: a second one only where it
 * fits. */
static void print_why(const nxc_ranking *r, const nxc_ranked *item,
                      const double *mean, size_t width) {
    size_t moving[2], len = 0;
    char buf[64], why[256] = "";
    nxc_feature_info info;
    cli_moving_features(r, item, mean, moving);
    for (int k = 0; k < 2; k++) {
        if (moving[k] == SIZE_MAX ||
            !nxc_feature_describe(r->feature_set, moving[k], &info))
            continue;
        int n = snprintf(
            why + len, sizeof why - len, "%s%s %s", k ? ", " : "", info.name,
            cli_feature_text(r, moving[k], item->features[moving[k]], buf,
                             sizeof buf));
        if (k && len + (size_t)n > width) break;
        len += (size_t)n;
    }
    if (len > width)
        cli_print_cell(stdout, (nxc_str){why, len}, width);
    else
        cli_print_text(stdout, (nxc_str){why, len}, false);
}

#define LEFT_COLUMNS 22 /* rank, score, method and what is between */
#define RISK_COLUMNS 13
#define SHARE_COLUMNS 7
#define WHY_COLUMNS 46
static size_t path_columns(size_t columns) {
    if (columns == SIZE_MAX) return 34; /* no terminal */
    if (columns < LEFT_COLUMNS + 2 + 30) return columns - LEFT_COLUMNS - 2;
    size_t path = columns > LEFT_COLUMNS + WHY_COLUMNS
                      ? columns - LEFT_COLUMNS - WHY_COLUMNS
                      : 0;
    return path < 30 ? 30 : path > 64 ? 64 : path;
}

static void print_rows(const nxc_ranking *r, size_t top, const double *mean) {
    bool color = cli_color(stdout);
    size_t columns = cli_columns();
    bool has_risk = columns >= 100; /* a narrow table is for why */
    bool has_share = has_risk && !isnan(r->best_probability);
    if (has_risk && columns != SIZE_MAX)
        columns -= RISK_COLUMNS + (has_share ? SHARE_COLUMNS : 0);
    size_t path = path_columns(columns),
           why = columns - LEFT_COLUMNS - path - 2;
    printf("%srank   score  %s%smethod  ", color ? "\x1b[2m" : "",
           has_share ? "prob   " : "", has_risk ? "risk         " : "");
    cli_print_cell(stdout, NXC_STR("path"), path);
    printf("%s%s\n", why >= 3 ? "  why" : "", color ? "\x1b[0m" : "");
    for (size_t i = 0; i < r->n && i < top; i++) {
        nxc_operation op;
        if (!nxc_catalog_get_operation(r->catalog, r->items[i].operation, &op))
            continue;
        printf("%s%4u  %6.3f  ", color && i == 0 ? "\x1b[32m" : "",
               r->items[i].rank, r->items[i].score);
        if (has_share) printf("%5.3f  ", r->items[i].probability);
        if (has_risk) printf("%-11s  ", nxc_risk_name(op.risk));
        printf("%-6s  ", nxc_method_name(op.method));
        cli_print_cell(stdout, op.path.len ? op.path : op.id, path);
        if (color && i == 0) fputs("\x1b[0m", stdout);
        if (why >= 3) fputs("  ", stdout);
        if (why >= 3) print_why(r, &r->items[i], mean, why);
        putchar('\n');
    }
}

/* That a request has no evidence for a feature of set v2 is nothing to mend. */
static void print_missing(const nxc_ranking *r) {
    static const char *const reasons[] = {"", "no encoder", "no --now",
                                          "no prompt", "no n-gram model"};
    const char *before = "; missing: ";
    nxc_feature_info info;
    for (size_t f = 0; f < r->n_features; f++) {
        if (r->feature_status[f] == NXC_FEATURE_OK ||
            r->feature_status[f] == NXC_FEATURE_NO_EVIDENCE ||
            !nxc_feature_describe(r->feature_set, f, &info))
            continue;
        printf("%s%s (%s)", before, info.name, reasons[r->feature_status[f]]);
        before = ", ";
    }
}

void cli_print_ranking(const nxc_ranking *r, size_t top) {
    double mean[MAX_FEATURES];
    cli_mean_contributions(r, mean);
    if (r->abstained)
        printf("no answer: the best candidate's probability is %.3f\n",
               r->best_probability);
    else
        print_rows(r, top, mean);
    printf("pattern %s (%.2f); %zu candidates, ranker %s; resolve %.0f, encode "
           "%.0f (%zu texts), features %.0f, score %.0f, order %.0f us",
           r->workflow_pattern, r->pattern_confidence, r->n_candidates,
           r->ranker, r->timing.resolve_us, r->timing.encode_us, r->n_encoded,
           r->timing.features_us, r->timing.score_us, r->timing.order_us);
    if (r->n_not_allowed) printf("; %zu not allowed", r->n_not_allowed);
    if (r->n_unknown_calls)
        printf("; %zu calls unknown to the catalog", r->n_unknown_calls);
    if (r->prompt_truncated) printf("; prompt truncated at 256 tokens");
    print_missing(r);
    putchar('\n');
}
