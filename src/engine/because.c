/*
 * Why one item of a ranking stands before another, in words.
 *
 *     contributions of both -> differences -> summed by reason -> sentences
 *
 * Contributions add up to the scores, so differences add up to the lead. The
 * features that say one thing in several ways (phrases.def) make one reason. A
 * reason speaks if its sum is at least NXC_BECAUSE_SHARE of all that speaks for
 * the item, at most NXC_MAX_REASONS of them, heaviest first; its sentence is
 * about its heaviest feature that has a value: the evidence behind it
 * (evidence.c), or else what the feature is, with the two values. A feature
 * that did not tell the two apart is thus never named.
 *
 * Threading: per context; memory in its arena. Cost: two explanations, if they
 * are not there yet, and a few microseconds.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"
#include "engine/engine.h"
#include "engine/evidence.h"
#include "engine/phrases.h"

/* Of all that speaks for the item: a reason whose heaviest feature has less is
 * a sum of many that have nothing to tell. */
#define LEAD_SHARE 0.03

enum reason {
    REASON_WORDS,
    REASON_MEANING,
    REASON_CLAUSES,
    REASON_RESOURCE,
    REASON_VERB,
    REASON_REST,
    REASON_RELATION,
    REASON_IDS,
    REASON_FIELDS,
    REASON_REPEATS,
    REASON_STEPS,
    REASON_SHAPE,
    REASON_SITUATION,
    REASON_SESSIONS,
    REASON_PROMPTS,
    REASON_TRUST,
    N_REASONS
};

static const nxc__phrase phrases[] = {
#define NXC_PHRASE(column, reason, evidence, text) \
    {#column, REASON_##reason, NXC_EVIDENCE_##evidence, text},
#include "engine/phrases.def"
#undef NXC_PHRASE
};

const nxc__phrase *nxc__phrase_at(size_t i) {
    return i < sizeof phrases / sizeof *phrases ? &phrases[i] : NULL;
}

static const nxc__phrase *find(nxc_str column) {
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (nxc__str_eq(nxc__str(phrases[i].column), column))
            return &phrases[i];
    return NULL;
}

const nxc__phrase *nxc__phrase_find(nxc_str column, bool *is_rank) {
    static const char *const copies[] = {"_rank", "_gap", "_z"};
    const nxc__phrase *phrase = find(column);
    *is_rank = false;
    for (size_t i = 0; i < 3 && !phrase; i++) {
        if (!nxc__str_ends(column, nxc__str(copies[i]))) continue;
        *is_rank = i == 0;
        phrase =
            find(nxc__str_slice(column, 0, column.len - strlen(copies[i])));
    }
    return phrase;
}

/* ------------------------------------------------------------- sentences */

static size_t column_of(const nxc_ranking *r, const char *name) {
    nxc_feature_info info;
    for (size_t f = 0; nxc_feature_describe(r->feature_set, f, &info); f++)
        if (strcmp(info.name, name) == 0) return f;
    return NXC_NONE;
}

static void value(const nxc_ranking *r, size_t f, float x, bool is_rank,
                  nxc__buffer *out) {
    nxc_feature_info info = {"", "", "", ""};
    nxc_str label = nxc_feature_label(r->catalog, r->feature_set, f, x);
    if (!nxc_feature_describe(r->feature_set, f, &info))
        NXC_UNREACHABLE("a ranking has the features of its set");
    if (isnan(x))
        nxc__buffer_append_z(out, "unknown");
    else if (label.len)
        nxc__buffer_append_str(out, label);
    else if (strcmp(info.kind, "flag") == 0)
        nxc__buffer_append_z(out, x > 0 ? "yes" : "no");
    else if (is_rank)
        nxc__buffer_printf(out, "%.0f", round(exp((double)x)));
    else
        nxc__buffer_printf(out, "%.3g", (double)x);
}

/* "the prompt's words in its path: 3.1 against 0.4". Of a copy that is a gap or
 * standardised the values of what it was copied from. */
static void plain(const nxc__pair *p, const nxc__phrase *phrase, size_t f,
                  bool is_rank, nxc__buffer *out) {
    const nxc_ranking *r = p->ranking;
    size_t own = is_rank ? f : column_of(r, phrase->column);
    if (own >= r->n_features) own = f;
    float x = p->it->features[own], y = p->other->features[own];
    if (is_rank) nxc__buffer_append_z(out, "its place by ");
    nxc__buffer_append_z(out, phrase->text);
    nxc__buffer_append_z(out, ": ");
    value(r, own, x, is_rank, out);
    if (x == y) {
        nxc__buffer_append_z(out, " for both");
    } else {
        nxc__buffer_append_z(out, " against ");
        value(r, own, y, is_rank, out);
    }
}

typedef struct weighed {
    double sum, heaviest;
    size_t lead; /* feature */
} weighed;

/* Sums by reason; returns the sum of the positive ones. */
static double weigh(const nxc__pair *p, weighed sums[N_REASONS]) {
    nxc_feature_info info;
    bool is_rank;
    double all = 0;
    memset(sums, 0, N_REASONS * sizeof *sums);
    for (size_t f = 0; f < p->ranking->n_features; f++) {
        double d = p->it->contributions[f] - p->other->contributions[f];
        if (d == 0 || !nxc_feature_describe(p->ranking->feature_set, f, &info))
            continue;
        const nxc__phrase *phrase =
            nxc__phrase_find(nxc__str(info.name), &is_rank);
        weighed *w = &sums[phrase ? phrase->reason : REASON_SITUATION];
        w->sum += d;
        /* what is missing of both cannot be told */
        bool is_missing =
            isnan(p->it->features[f]) && isnan(p->other->features[f]);
        if (d <= w->heaviest || is_missing) continue;
        w->heaviest = d;
        w->lead = f;
    }
    for (size_t i = 0; i < N_REASONS; i++)
        if (sums[i].sum > 0) all += sums[i].sum;
    return all;
}

static nxc_status say(nxc_ctx *ctx, const nxc__pair *p, size_t f, nxc_str *out,
                      nxc_error *err) {
    nxc_feature_info info;
    bool is_rank;
    nxc__buffer b;
    if (!nxc_feature_describe(p->ranking->feature_set, f, &info))
        NXC_UNREACHABLE("a ranking has the features of its set");
    const nxc__phrase *phrase = nxc__phrase_find(nxc__str(info.name), &is_rank);
    nxc__phrase bare = {info.name, REASON_SITUATION, NXC_EVIDENCE_NONE,
                        info.doc};
    if (!phrase) phrase = &bare;
    nxc__buffer_init(&b, ctx->engine->alloc, (size_t)1 << 20);
    if (!nxc__evidence(phrase->evidence, p, &b))
        plain(p, phrase, f, is_rank, &b);
    nxc_status st = nxc__buffer_status(&b, "explanation", err);
    if (st == NXC_OK) *out = nxc__arena_copy(&ctx->arena, nxc__buffer_str(&b));
    size_t len = b.len;
    nxc__buffer_release(&b);
    if (st == NXC_OK && !out->ptr) return nxc__error_nomem(err, len);
    return st;
}

static nxc_status because(nxc_ctx *ctx, const nxc__pair *p, nxc_because *out,
                          nxc_error *err) {
    weighed sums[N_REASONS];
    nxc_because b = {.n = 0};
    double all = weigh(p, sums);
    while (all > 0 && b.n < NXC_MAX_REASONS) {
        size_t best = 0;
        for (size_t i = 1; i < N_REASONS; i++)
            if (sums[i].sum > sums[best].sum) best = i;
        weighed w = sums[best];
        if (w.sum < NXC_BECAUSE_SHARE * all) break;
        sums[best].sum = 0;
        if (w.heaviest < LEAD_SHARE * all) continue;
        NXC_TRY(say(ctx, p, w.lead, &b.reasons[b.n].text, err));
        b.reasons[b.n].feature = w.lead;
        b.reasons[b.n++].share = w.sum / all;
    }
    *out = b;
    return NXC_OK;
}

nxc_status nxc_ranking_because(nxc_ctx *ctx, nxc_ranking *r, size_t first,
                               size_t second, nxc_because *out,
                               nxc_error *err) {
    if (!ctx || !r || !out || first >= r->n || second >= r->n ||
        first == second)
        return nxc__error(err, NXC_ERR_INVALID,
                          "ranking because: expected a context, two items of "
                          "its ranking and an output, got others");
    if (!ctx->point)
        return nxc__error(err, NXC_ERR_STATE,
                          "ranking because: expected the last ranking of the "
                          "context, got none");
    NXC_TRY(nxc_ranking_explain(ctx, r, first, 1, err));
    NXC_TRY(nxc_ranking_explain(ctx, r, second, 1, err));
    nxc__pair pair = {ctx->point, r, &r->items[first], &r->items[second]};
    if (!pair.it->contributions || !pair.other->contributions)
        return nxc__error(err, NXC_ERR_UNSUPPORTED,
                          "ranking because: expected contributions, got a "
                          "ranker without");
    return because(ctx, &pair, out, err);
}
