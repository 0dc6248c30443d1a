/*
 * Evidence for an explanation: the words, clauses, calls and parameters behind
 * the features, of the operation that is explained ("it") and of the other.
 *
 *     words     postings of the prompt's terms: those that it has alone
 *     clauses   the clause that the feature is about, with both cosines
 *     ids       the call that produced a path parameter
 *     sessions  how often learned sessions went on so
 *
 * Everything is read from the decision point that was ranked and through the
 * code that made the features (postings, nxc__clause_cosine,
 * nxc__flow_producer), so an explanation cannot name what the features did not
 * see. A finder that finds nothing, or finds the opposite, says so; the caller
 * then gives the two values.
 *
 * Threading: per context. Cost: a few microseconds a finder; a clause a dot
 * product.
 */
#include "engine/evidence.h"

#include <stdio.h>

#include "base/str.h"
#include "features/point.h"
#include "statistics/statistics.h"
#include "text/terms.h"

#define MAX_WORDS 3         /* that are named */
#define MAX_CLAUSE_CHARS 60 /* of one that is quoted */

static nxc_operation operation(const nxc__pair *p, uint32_t op) {
    nxc_operation o;
    if (!nxc_catalog_get_operation(p->point->catalog, op, &o))
        NXC_UNREACHABLE("a ranked operation is in its catalog");
    return o;
}

/* At most MAX_CLAUSE_CHARS bytes between quotation marks, cut at a word,
 * without the punctuation at the end. */
static void quote(nxc__buffer *out, nxc_str s) {
    while (s.len && strchr(",;. ", s.ptr[s.len - 1]))
        s.len--;
    size_t n = s.len;
    if (n > MAX_CLAUSE_CHARS) {
        n = MAX_CLAUSE_CHARS;
        while (n && !nxc__is_space(s.ptr[n]))
            n--;
        while (n && nxc__is_space(s.ptr[n - 1]))
            n--;
    }
    nxc__buffer_append_char(out, '"');
    nxc__buffer_append_str(out, nxc__str_slice(s, 0, n));
    nxc__buffer_append_z(out, n < s.len ? " ...\"" : "\"");
}

/* ---------------------------------------------------------------- words */

static float weight(const nxc__field_index *f, uint32_t term, uint32_t op) {
    for (uint32_t k = f->first[term]; k < f->first[term + 1]; k++)
        if (f->postings[k].op == op) return f->postings[k].weight;
    return 0;
}

static bool is_called_word(const nxc__pair *p, uint32_t term) {
    const nxc__field_index *f = &p->point->index->fields[NXC_TEXT_NAME];
    const nxc__session *s = p->point->session;
    for (size_t j = 0; j < s->n; j++)
        if (s->calls[j].operation != NXC_NONE &&
            weight(f, term, s->calls[j].operation) > 0)
            return true;
    return false;
}

typedef struct found_words {
    nxc_str word[MAX_WORDS]; /* as the text has them, heaviest first */
    uint32_t term[MAX_WORDS];
    float weight[MAX_WORDS];
    size_t n;
} found_words;

static void keep_word(found_words *w, nxc_str word, uint32_t term, float x) {
    for (size_t i = 0; i < w->n; i++)
        if (w->term[i] == term) return;
    size_t at = w->n;
    while (at > 0 && w->weight[at - 1] < x)
        at--;
    if (at == MAX_WORDS) return;
    if (w->n < MAX_WORDS) w->n++;
    for (size_t i = w->n - 1; i > at; i--) {
        w->word[i] = w->word[i - 1];
        w->term[i] = w->term[i - 1];
        w->weight[i] = w->weight[i - 1];
    }
    w->word[at] = word;
    w->term[at] = term;
    w->weight[at] = x;
}

/* The words of text that the field of it has and that of the other has not. */
static found_words own_words(const nxc__pair *p, nxc__text_field field,
                             nxc_str text, bool is_rest) {
    found_words w = {.n = 0};
    const nxc__op_index *index = p->point->index;
    if (!index) return w;
    const nxc__field_index *f = &index->fields[field];
    for (nxc__term_iter it = nxc__terms(text); nxc__term_next(&it);) {
        uint32_t t = nxc__strmap_find(&index->terms, it.term);
        if (t == NXC_NONE || weight(f, t, p->other->operation) > 0) continue;
        float own = weight(f, t, p->it->operation);
        if (own > 0 && !(is_rest && is_called_word(p, t)))
            keep_word(&w, nxc__str_slice(text, it.words.start, it.words.end), t,
                      own);
    }
    return w;
}

static void list_words(nxc__buffer *out, const found_words *w) {
    for (size_t i = 0; i < w->n; i++) {
        if (i) nxc__buffer_append_z(out, i + 1 < w->n ? ", " : " and ");
        quote(out, w->word[i]);
    }
}

static bool words(const nxc__pair *p, nxc__text_field field, bool is_rest,
                  nxc__buffer *out) {
    static const char *const places[] = {"its texts say", "its name says",
                                         "its name, path or tags say",
                                         "its path says"};
    found_words w = own_words(p, field, p->point->prompt, is_rest);
    if (w.n == 0) return false;
    nxc__buffer_append_z(out, places[field]);
    nxc__buffer_append_char(out, ' ');
    list_words(out, &w);
    bool is_plural = field == NXC_TEXT_FULL || field == NXC_TEXT_MAIN;
    nxc__buffer_append_z(out, is_plural ? ", the other's do not"
                                        : ", the other's does not");
    if (is_rest) nxc__buffer_append_z(out, ", and no call has said it yet");
    return true;
}

/* -------------------------------------------------------------- clauses */

static bool has_clauses(const nxc__pair *p) {
    const nxc__decision_point *dp = p->point;
    return dp->index && dp->query && dp->query->embeddings && dp->rows[0] &&
           dp->encoder && dp->query->n_clauses > 0;
}

/* The clause that op is nearest to, of those not in skip. */
static size_t nearest_clause(const nxc__pair *p, uint32_t op, uint32_t skip) {
    size_t best = SIZE_MAX, n = p->point->query->n_clauses;
    float top = 0;
    for (size_t k = 0; k < n; k++) {
        if (skip >> k & 1) continue;
        float x = nxc__clause_cosine(p->point, op, k);
        if (best == SIZE_MAX || x > top) {
            best = k;
            top = x;
        }
    }
    return best;
}

/* SIZE_MAX: there is none. */
static size_t clause_of(const nxc__pair *p, nxc__evidence_kind kind) {
    const nxc__session *s = p->point->session;
    size_t n = p->point->query->n_clauses;
    uint32_t covered = 0;
    if (kind == NXC_EVIDENCE_LAST_CLAUSE) return n - 1;
    if (kind == NXC_EVIDENCE_NEXT_CLAUSE) {
        uint32_t last = s->n ? s->calls[s->n - 1].operation : NXC_NONE;
        size_t next = last == NXC_NONE ? 0 : nearest_clause(p, last, 0) + 1;
        return next < n ? next : n - 1;
    }
    for (size_t j = 0; j < s->n && kind == NXC_EVIDENCE_OPEN_CLAUSE; j++)
        if (s->calls[j].operation != NXC_NONE)
            covered |= 1u << nearest_clause(p, s->calls[j].operation, 0);
    return nearest_clause(p, p->it->operation, covered);
}

static bool clause(const nxc__pair *p, nxc__evidence_kind kind,
                   nxc__buffer *out) {
    static const char *const ordinals[] = {"first",   "second", "third",
                                           "fourth",  "fifth",  "sixth",
                                           "seventh", "eighth", "ninth"};
    if (!has_clauses(p)) return false;
    const nxc__query *q = p->point->query;
    size_t k = clause_of(p, kind);
    if (k == SIZE_MAX) return false;
    float x = nxc__clause_cosine(p->point, p->it->operation, k);
    float y = nxc__clause_cosine(p->point, p->other->operation, k);
    if (!(x > y)) return false;
    found_words w = own_words(p, NXC_TEXT_NAME, q->clauses[k], false);
    if (q->n_clauses == 1)
        nxc__buffer_append_z(out, "the prompt");
    else if (k < sizeof ordinals / sizeof *ordinals)
        nxc__buffer_printf(out, "the prompt's %s clause, ", ordinals[k]);
    else
        nxc__buffer_printf(out, "the prompt's clause %zu, ", k + 1);
    if (q->n_clauses > 1) quote(out, q->clauses[k]);
    if (q->n_clauses > 1) nxc__buffer_append_char(out, ',');
    if (w.n) {
        nxc__buffer_append_z(out, " shares ");
        list_words(out, &w);
        nxc__buffer_append_z(out, " with its name alone");
    } else {
        nxc__buffer_append_z(out, " is nearer to it than to the other");
    }
    nxc__buffer_printf(out, " (cosine %.2f against %.2f)", (double)x,
                       (double)y);
    return true;
}

/* ------------------------------------------------------ resource and verb */

static bool is_v2(const nxc__pair *p) {
    return p->ranking->n_features == NXC_V2_N_FEATURES;
}

/* The resource, or the parent, whose name only it has in the prompt. */
static bool resource(const nxc__pair *p, bool is_parent, nxc__buffer *out) {
    size_t f = is_parent ? NXC_V2_par_in_prompt : NXC_V2_res_in_prompt, n;
    const nxc_catalog *c = p->point->catalog;
    if (!is_v2(p) || !(p->it->features[f] > 0) || p->other->features[f] > 0)
        return false;
    uint32_t id = nxc__catalog_resource(c, p->it->operation);
    if (is_parent) {
        const uint32_t *parents = nxc__catalog_parents(c, p->it->operation, &n);
        if (n == 0) return false;
        id = parents[n - 1];
    }
    nxc__buffer_append_z(out, is_parent ? "the prompt names its parent, "
                                        : "the prompt names its resource, ");
    quote(out, nxc__catalog_resource_name(c, id));
    nxc__buffer_append_z(out, ", and not the other's");
    return true;
}

static nxc_method method_of(const nxc__pair *p, uint32_t op) {
    return p->point->index ? p->point->index->shapes[op].method
                           : nxc__catalog_method(p->point->catalog, op);
}

/* A word of the prompt that is a verb of its method and not of the other's. */
static bool verb(const nxc__pair *p, nxc__buffer *out) {
    nxc_method own = method_of(p, p->it->operation);
    nxc_method others = method_of(p, p->other->operation);
    char base[NXC_WORD_MAX];
    for (nxc__word_iter it = nxc__words(p->point->prompt, false);
         nxc__word_next(&it);) {
        uint32_t methods = nxc__verb_methods(nxc__verb_base(it.word, base));
        if (!(methods >> own & 1) || (methods >> others & 1)) continue;
        nxc__buffer_append_z(out, "the prompt's ");
        quote(out, nxc__str_slice(p->point->prompt, it.start, it.end));
        nxc__buffer_printf(
            out, " is a verb of %s and not of %s", nxc_method_name(own),
            *nxc_method_name(others) ? nxc_method_name(others) : "the other");
        return true;
    }
    return false;
}

/* -------------------------------------------------------------- history */

/* By rl_code (family_rel.c). */
static bool relation(const nxc__pair *p, nxc__buffer *out) {
    static const char *const texts[] = {"has nothing in common with",
                                        "is of the group of",
                                        "is beside",
                                        "is above",
                                        "is below",
                                        "is of the same resource as",
                                        "is one item of",
                                        "is the collection of",
                                        "has the path of",
                                        "is the same as"};
    const nxc__session *s = p->point->session;
    if (!is_v2(p) || s->n == 0 || s->calls[s->n - 1].operation == NXC_NONE)
        return false;
    float x = p->it->features[NXC_V2_rl_code];
    float y = p->other->features[NXC_V2_rl_code];
    if (!(x >= 0 && x <= 9 && y >= 0 && y <= 9) || x == y) return false;
    nxc__buffer_printf(out, "it %s the last call, ", texts[(size_t)x]);
    nxc__buffer_append_str(out, operation(p, s->calls[s->n - 1].operation).id);
    nxc__buffer_printf(out, "; the other %s it", texts[(size_t)y]);
    return true;
}

static size_t times_called(const nxc__pair *p, uint32_t op) {
    const nxc__session *s = p->point->session;
    size_t n = 0;
    for (size_t j = 0; j < s->n; j++)
        n += s->calls[j].operation == op;
    return n;
}
static void times(nxc__buffer *out, size_t n) {
    if (n == 0)
        nxc__buffer_append_z(out, "not yet");
    else if (n == 1)
        nxc__buffer_append_z(out, "once");
    else
        nxc__buffer_printf(out, "%zu times", n);
}
static bool repeats(const nxc__pair *p, nxc__buffer *out) {
    size_t x = times_called(p, p->it->operation),
           y = times_called(p, p->other->operation);
    if (x == y) return false;
    nxc__buffer_append_z(out, "it has been called ");
    times(out, x);
    nxc__buffer_append_z(out, ", the other ");
    times(out, y);
    return true;
}

/* ------------------------------------------------------------------ ids */

/* The known calls, oldest first, at most max of the newest. */
static size_t known_calls(const nxc__pair *p, uint32_t *out, size_t max) {
    const nxc__session *s = p->point->session;
    size_t n = 0;
    for (size_t j = s->n > max ? s->n - max : 0; j < s->n; j++)
        if (s->calls[j].operation != NXC_NONE) out[n++] = s->calls[j].operation;
    return n;
}

/* "{charge}": parameter k of a path. */
static nxc_str parameter(nxc_str path, size_t k) {
    for (size_t i = 0; i < path.len;) {
        size_t open = nxc__str_find(path, '{', i);
        size_t close = nxc__str_find(path, '}', open);
        if (close == path.len) break;
        if (k-- == 0) return nxc__str_slice(path, open, close + 1);
        i = close + 1;
    }
    return (nxc_str){"", 0};
}

typedef struct path_state {
    nxc_str produced, open; /* a parameter of each kind, or "" */
    uint32_t producer;
} path_state;

#define MAX_CALLS 256
static path_state path_state_of(const nxc__pair *p, uint32_t op) {
    uint32_t calls[MAX_CALLS];
    path_state s = {{"", 0}, {"", 0}, NXC_NONE};
    const nxc__op_index *index = p->point->index;
    const nxc__op_shape *shape = &index->shapes[op];
    size_t n = known_calls(p, calls, MAX_CALLS);
    for (uint32_t k = 0; k < shape->n_path; k++) {
        nxc_str name = parameter(operation(p, op).path, k);
        uint32_t call = nxc__flow_producer(
            index, calls, n, &index->needs[shape->first_need + k]);
        if (call == NXC_NONE) {
            s.open = name;
        } else {
            s.produced = name;
            s.producer = call;
        }
    }
    return s;
}

static bool path_ids(const nxc__pair *p, nxc__buffer *out) {
    if (!p->point->index) return false;
    path_state x = path_state_of(p, p->it->operation);
    path_state y = path_state_of(p, p->other->operation);
    if (x.open.len || (!x.produced.len && !y.open.len)) return false;
    if (x.produced.len) {
        nxc__buffer_append_z(out, "its path parameter ");
        nxc__buffer_append_str(out, x.produced);
        nxc__buffer_append_z(out, " was produced by ");
        nxc__buffer_append_str(out, operation(p, x.producer).id);
        if (y.open.len) nxc__buffer_append_z(out, "; ");
    }
    if (y.open.len) {
        nxc__buffer_append_z(out, "no call has produced the other's ");
        nxc__buffer_append_str(out, y.open);
    }
    return true;
}

/* The best other candidate whose open path parameter it would produce. */
static bool unlocks(const nxc__pair *p, nxc__buffer *out) {
    const nxc__op_index *index = p->point->index;
    uint32_t calls[MAX_CALLS], own = p->it->operation;
    if (!index || index->shapes[own].ends_in_parameter) return false;
    size_t n = known_calls(p, calls, MAX_CALLS);
    for (size_t i = 0; i < p->ranking->n; i++) {
        uint32_t op = p->ranking->items[i].operation;
        const nxc__op_shape *shape = &index->shapes[op];
        for (uint32_t k = 0; op != own && k < shape->n_path; k++) {
            const nxc__need *need = &index->needs[shape->first_need + k];
            if (nxc__flow_producer(index, calls, n, need) != NXC_NONE ||
                nxc__flow_producer(index, &own, 1, need) == NXC_NONE)
                continue;
            nxc__buffer_append_z(out, "it can produce the ");
            nxc__buffer_append_str(out, parameter(operation(p, op).path, k));
            nxc__buffer_append_z(out, " that ");
            nxc__buffer_append_str(out, operation(p, op).id);
            nxc__buffer_append_z(out, " needs");
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------- sessions */

static bool transitions(const nxc__pair *p, nxc__buffer *out) {
    uint32_t calls[MAX_CALLS];
    const nxc__statistics *s = p->point->statistics;
    nxc__transition_evidence x, y;
    if (!s) return false;
    nxc__statistics_query q = {.calls = calls,
                               .n_calls = known_calls(p, calls, MAX_CALLS)};
    nxc__statistics_evidence(s, &q, p->it->operation, &x);
    nxc__statistics_evidence(s, &q, p->other->operation, &y);
    if (x.n_points == 0 || x.n_went <= y.n_went) return false;
    if (q.n_calls == 0) {
        nxc__buffer_printf(out,
                           "%zu of %zu learned sessions began with it, %zu "
                           "with the other",
                           x.n_went, x.n_points, y.n_went);
        return true;
    }
    nxc__buffer_printf(out, "%zu of %zu times learned sessions went from ",
                       x.n_went, x.n_points);
    nxc__buffer_append_str(out, operation(p, calls[q.n_calls - 1]).id);
    nxc__buffer_printf(out, " to it, %zu to the other", y.n_went);
    return true;
}

bool nxc__evidence(nxc__evidence_kind kind, const nxc__pair *p,
                   nxc__buffer *out) {
    switch (kind) {
    case NXC_EVIDENCE_NONE:
        return false;
    case NXC_EVIDENCE_NAME_WORDS:
        return words(p, NXC_TEXT_NAME, false, out);
    case NXC_EVIDENCE_TEXT_WORDS:
        return words(p, NXC_TEXT_FULL, false, out);
    case NXC_EVIDENCE_MAIN_WORDS:
        return words(p, NXC_TEXT_MAIN, false, out);
    case NXC_EVIDENCE_PATH_WORDS:
        return words(p, NXC_TEXT_PATH, false, out);
    case NXC_EVIDENCE_REST_WORDS:
        return words(p, NXC_TEXT_NAME, true, out);
    case NXC_EVIDENCE_BEST_CLAUSE:
    case NXC_EVIDENCE_NEXT_CLAUSE:
    case NXC_EVIDENCE_OPEN_CLAUSE:
    case NXC_EVIDENCE_LAST_CLAUSE:
        return clause(p, kind, out);
    case NXC_EVIDENCE_RESOURCE_WORDS:
        return resource(p, false, out);
    case NXC_EVIDENCE_PARENT_WORDS:
        return resource(p, true, out);
    case NXC_EVIDENCE_VERB_WORDS:
        return verb(p, out);
    case NXC_EVIDENCE_RELATION:
        return relation(p, out);
    case NXC_EVIDENCE_PATH_IDS:
        return path_ids(p, out);
    case NXC_EVIDENCE_REPEATS:
        return repeats(p, out);
    case NXC_EVIDENCE_UNLOCKS:
        return unlocks(p, out);
    case NXC_EVIDENCE_TRANSITIONS:
        return transitions(p, out);
    }
    return false;
}
