/*
 * The risk label of an operation.
 *
 *     words     method, path, name and summary against risk_rules.def
 *     hints     what the document says: may raise the label; may lower it only
 *               to what the words do not contradict
 *     label     a label that the document gives itself is taken as it is
 *
 * Of POST /v1/charges/{charge}/refund the parts are
 *
 *     action  refund    last segment that is no parameter
 *     owner   charges   the segment before
 *     thing   refund    the action again, by its end, if nothing follows it
 *
 * DELETE destroys; a reading method reads, unless path or name deny it. Else
 * the action, then the verb of the name: the first that reads, destroys or
 * moves money decides. Then what the operation makes or acts on (THING,
 * ON_MONEY), then the summary's first word. In doubt the stronger label: a tool
 * that does not say that it reads is a write.
 *
 * The table is sorted by word; a look-up is a binary search and a walk over the
 * rows of the word.
 *
 * Threading: pure. Cost: a search a word, about a microsecond an operation.
 */
#include "catalog/risk.h"

#include <string.h>

#include "base/config.h"
#include "base/str.h"
#include "catalog/operation_name.h"
#include "text/words.h"

enum place {
    ACTION = 1,
    NAME = 2,
    LATER = 4,
    ABOUT = 8,
    THING = 16,
    OWNER = 32,
    ON_MONEY = 64
};
enum group { READ = 1, POST = 2, EDIT = 4, TOOL = 8 };

typedef struct rule {
    const char *word;
    unsigned places, methods;
    nxc_risk label;
} rule;
static const rule rules[] = {
#define NXC_RISK_RULE(word, places, methods, label) \
    {#word, places, methods, NXC_RISK_##label},
#include "catalog/risk_rules.def"
#undef NXC_RISK_RULE
};
#define N_RULES (sizeof rules / sizeof *rules)

/* What is looked for. */
typedef struct query {
    unsigned place, group;
} query;

/* The row of a word, or NULL. */
static const rule *find_rule(nxc_str word, query q) {
    size_t low = 0, high = N_RULES;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (nxc__str_compare(nxc__str(rules[mid].word), word) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < N_RULES && nxc__str_eq(nxc__str(rules[low].word), word); low++)
        if ((rules[low].places & q.place) && (rules[low].methods & q.group))
            return &rules[low];
    return NULL;
}

/* "check" and "in" to "check_in". */
static nxc_str join(nxc_str a, nxc_str b, char out[2 * NXC_WORD_MAX + 1]) {
    memcpy(out, a.ptr, a.len);
    out[a.len] = '_';
    memcpy(out + a.len + 1, b.ptr, b.len);
    return (nxc_str){out, a.len + 1 + b.len};
}

/* The row of the first two words or the first. */
static const rule *find_lead(nxc_str text, query q) {
    char first[NXC_WORD_MAX], pair_buf[2 * NXC_WORD_MAX + 1];
    nxc__word_iter it = nxc__words(text, true);
    if (!nxc__word_next(&it)) return NULL;
    nxc_str one = nxc__word_copy(it.word, first);
    const rule *pair = NULL;
    if (nxc__word_next(&it)) pair = find_rule(join(one, it.word, pair_buf), q);
    return pair ? pair : find_rule(one, q);
}

/* The row of a later word that can be no noun: the last one that destroys or
 * writes, or one at the end. */
static const rule *find_later(nxc_str text, query q) {
    const rule *found = NULL;
    q.place = LATER;
    nxc__word_iter it = nxc__words(text, true);
    for (size_t n = 0; nxc__word_next(&it); n++) {
        bool is_weak = found && (found->label == NXC_RISK_READ ||
                                 found->label == NXC_RISK_MONEY);
        const rule *row = n ? find_rule(it.word, q) : NULL;
        if (row || is_weak) found = row;
    }
    return found;
}

/* "github_list_issues": what follows the first of three words or more. */
static nxc_str without_prefix(nxc_str text) {
    size_t end = 0, n = 0;
    nxc__word_iter it = nxc__words(text, true);
    for (; n < 3 && nxc__word_next(&it); n++)
        if (n == 0) end = it.end;
    return n == 3 ? nxc__str_slice(text, end, text.len) : (nxc_str){"", 0};
}

/* What a segment or a name says that is done. Its first word may be a noun
 * ("list_create"); then a later verb speaks. */
static const rule *find_verb(nxc_str text, query q) {
    const rule *lead = find_lead(text, q);
    if (!lead && q.group == TOOL) {
        lead = find_lead(without_prefix(text), q);
        if (lead && lead->label != NXC_RISK_READ) lead = NULL; /* BestBuy... */
    }
    if (q.group == READ || (lead && (lead->places & LATER))) return lead;
    const rule *later = find_later(text, q);
    return lead && (!later || later->label == NXC_RISK_READ) ? lead : later;
}

/* The row of the last two words or the last, as they are or in singular. */
static const rule *find_end(nxc_str text, query q) {
    char bufs[2][NXC_WORD_MAX], singular[NXC_WORD_MAX];
    char pair_buf[2 * NXC_WORD_MAX + 1];
    nxc_str words[2] = {{bufs[0], 0}, {bufs[1], 0}}; /* before the last, last */
    for (nxc__word_iter it = nxc__words(text, true); nxc__word_next(&it);) {
        words[0] = nxc__word_copy(words[1], bufs[0]);
        words[1] = nxc__word_copy(it.word, bufs[1]);
    }
    nxc_str ends[2] = {words[1], nxc__singular(words[1], singular)};
    const rule *found = NULL;
    for (int i = 0; i < 2 && !found && words[0].len; i++)
        found = find_rule(join(words[0], ends[i], pair_buf), q);
    for (int i = 0; i < 2 && !found; i++)
        found = find_rule(ends[i], q);
    return found;
}

/* The row of the first word behind "This API": "Retrieves" as it is, or without
 * its s. */
static const rule *find_first(nxc_str text, query q) {
    static const char *const passed[] = {
        "this", "api", "endpoint", "function", "tool", "method", "operation"};
    char singular[NXC_WORD_MAX];
    nxc__word_iter it = nxc__words(text, false);
    while (nxc__word_next(&it)) {
        size_t i = 0, n = sizeof passed / sizeof *passed;
        while (i < n && !nxc__str_eq(it.word, nxc__str(passed[i])))
            i++;
        if (i < n) continue;
        const rule *found = find_rule(it.word, q);
        return found ? found : find_rule(nxc__singular(it.word, singular), q);
    }
    return NULL;
}

/* ---------------------------------------------------------------- words */

typedef struct parts {
    nxc_str action, owner;
    bool ends_static;
} parts;

static nxc_str without_ending(nxc_str s) {
    static const char *const endings[] = {".json", ".xml", ".php"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (nxc__str_ends(s, nxc__str(endings[i])))
            return nxc__str_slice(s, 0, s.len - strlen(endings[i]));
    return s;
}

/* The next segment from the end that is no parameter; *path loses it. */
static nxc_str next_static(nxc_str *path, bool *is_last) {
    *is_last = true;
    while (path->len > 1) {
        nxc_str action = nxc__path_action(*path);
        *path = nxc__path_parent(*path);
        if (action.len) return without_ending(action);
        *is_last = false;
    }
    return (nxc_str){"", 0};
}

static parts parts_of(nxc_str path) {
    parts p;
    bool ignored;
    p.action = next_static(&path, &p.ends_static);
    p.owner = next_static(&path, &ignored);
    return p;
}

static unsigned group_of(nxc_method method) {
    switch (method) {
    case NXC_METHOD_GET:
    case NXC_METHOD_HEAD:
    case NXC_METHOD_OPTIONS:
    case NXC_METHOD_TRACE:
        return READ;
    case NXC_METHOD_POST:
        return POST;
    case NXC_METHOD_PUT:
    case NXC_METHOD_PATCH:
        return EDIT;
    case NXC_METHOD_DELETE: /* decided before */
    case NXC_METHOD_NONE:
    case NXC_METHOD_OTHER:
        return TOOL;
    }
    return TOOL;
}

static bool is_final(const rule *r) { return r && r->label != NXC_RISK_WRITE; }

/* Whether the words of text are those of the row and no others. */
static bool is_whole(nxc_str text, const rule *r) {
    size_t n_words = 0, n = 1;
    nxc__word_iter it = nxc__words(text, true);
    while (nxc__word_next(&it))
        n_words++;
    for (const char *c = r->word; *c; c++)
        n += *c == '_';
    return n == n_words;
}

/* The row of what is made or acted on; NULL if none says more than WRITE. */
static const rule *find_thing(const parts *p, nxc_str verb, unsigned group) {
    const rule *found = NULL;
    if (group == TOOL)
        found = find_end(verb, (query){THING, group});
    else if (p->ends_static)
        found = find_end(p->action, (query){THING, group});
    if (!found && group != TOOL && find_end(p->owner, (query){OWNER, group}))
        found = find_verb(p->action, (query){ON_MONEY, group});
    return is_final(found) ? found : NULL;
}

/* A reading method reads, unless its path or name says otherwise and its
 * summary does not say that it reads. */
static nxc_risk of_reading(const nxc__risk_input *in, const parts *p,
                           nxc_str verb) {
    const rule *action = find_verb(p->action, (query){ACTION, READ});
    bool is_verb = action && ((action->places & LATER) || is_final(action) ||
                              is_whole(p->action, action));
    if (!is_verb) action = NULL; /* sendInfo, restart_count */
    const rule *found = action ? action : find_verb(verb, (query){NAME, READ});
    if (!found || find_first(in->about, (query){ABOUT, READ}))
        return NXC_RISK_READ;
    return found->label;
}

static nxc_risk by_words(const nxc__risk_input *in) {
    if (in->method == NXC_METHOD_DELETE) return NXC_RISK_DESTRUCTIVE;
    unsigned group = group_of(in->method);
    parts p = parts_of(in->path);
    nxc_str verb = nxc__name_verb_part(in->name);
    if (group == READ) return of_reading(in, &p, verb);
    const rule *action = find_verb(p.action, (query){ACTION, group});
    if (is_final(action)) return action->label;
    const rule *name = find_verb(verb, (query){NAME, group});
    if (is_final(name)) return name->label;
    const rule *thing = find_thing(&p, verb, group);
    if (thing) return thing->label;
    const rule *about = find_first(in->about, (query){ABOUT, group});
    bool says_write = action || name;
    if (!about || (about->label == NXC_RISK_READ && says_write))
        return NXC_RISK_WRITE;
    return about->label;
}

/* ---------------------------------------------------------------- hints */

static const char *const names[] = {"read", "write", "destructive", "money"};
#define N_NAMES (sizeof names / sizeof *names)

static const char *nearest(nxc_str name) {
    return names[nxc__nearest_name(name, names, N_NAMES)];
}

nxc_risk nxc__risk_of(const nxc__risk_input *in) {
    const nxc__risk_hints *h = &in->hints;
    if (h->label_one) return (nxc_risk)(h->label_one - 1);
    nxc_risk risk = by_words(in);
    if (risk == NXC_RISK_READ &&
        (h->read_only == NXC_HINT_FALSE || h->consequential == NXC_HINT_TRUE))
        risk = NXC_RISK_WRITE;
    if (h->read_only == NXC_HINT_TRUE)
        return risk == NXC_RISK_WRITE ? NXC_RISK_READ : risk;
    if (h->destructive == NXC_HINT_TRUE && risk != NXC_RISK_MONEY)
        return NXC_RISK_DESTRUCTIVE;
    return risk;
}

static void read_hint(const nxc__json *v, uint8_t *out) {
    if (*out == NXC_HINT_NONE && nxc__json_is(v, NXC_JSON_BOOL))
        *out = nxc__json_bool(v) ? NXC_HINT_TRUE : NXC_HINT_FALSE;
}

void nxc__risk_read_annotations(const nxc__json *v, nxc__risk_hints *out) {
    const nxc__json *inner = NXC_JSON_GET(v, "annotations");
    const nxc__json *at[] = {inner, v};
    for (size_t i = 0; i < 2; i++) {
        if (!nxc__json_is(at[i], NXC_JSON_OBJECT)) continue;
        read_hint(NXC_JSON_GET(at[i], "readOnlyHint"), &out->read_only);
        read_hint(NXC_JSON_GET(at[i], "destructiveHint"), &out->destructive);
    }
}

static bool find_risk(nxc_str name, nxc_risk *out) {
    for (size_t i = 0; i < N_NAMES; i++) {
        if (!nxc__str_ieq(name, nxc__str(names[i]))) continue;
        *out = (nxc_risk)i;
        return true;
    }
    return false;
}

nxc_status nxc__risk_read(const nxc__json_doc *doc, const nxc__json_path *path,
                          const nxc__json *v, nxc_risk *out, nxc_error *err) {
    nxc_str name = nxc__json_str(v);
    if (find_risk(name, out)) return NXC_OK;
    return nxc__json_error(doc, path, err, NXC_ERR_INVALID,
                           "expected read, write, destructive or money "
                           "(nearest: %s), got \"%.*s\"",
                           nearest(name), NXC_STR_ARG(name));
}

nxc_status nxc__risk_read_label(const nxc__json_doc *doc,
                                const nxc__json_path *path, const nxc__json *v,
                                const char *key, nxc__risk_hints *out,
                                nxc_error *err) {
    nxc_risk risk;
    nxc__json_path step = {path, nxc__str(key), 0};
    const nxc__json *label = nxc__json_get(v, nxc__str(key));
    if (!label || nxc__json_is(label, NXC_JSON_NULL)) return NXC_OK;
    NXC_TRY(nxc__risk_read(doc, &step, label, &risk, err));
    out->label_one = (uint8_t)((unsigned)risk + 1);
    return NXC_OK;
}

/* ---------------------------------------------------------------- names */

const char *nxc_risk_name(nxc_risk risk) {
    return (unsigned)risk < N_NAMES ? names[(unsigned)risk] : "";
}

nxc_status nxc_risk_parse(nxc_str text, uint32_t *out, nxc_error *err) {
    uint32_t set = 0;
    if (!out)
        return nxc__error(err, NXC_ERR_INVALID,
                          "risk: expected an output, got NULL");
    for (size_t start = 0; start <= text.len;) {
        size_t end = nxc__str_find(text, ',', start);
        nxc_str name = nxc__str_trim(nxc__str_slice(text, start, end));
        nxc_risk risk;
        if (!find_risk(name, &risk))
            return nxc__error(err, NXC_ERR_INVALID,
                              "risk: expected read, write, destructive or "
                              "money (nearest: %s), got \"%.*s\"",
                              nearest(name), NXC_STR_ARG(name));
        set |= NXC_RISK_BIT(risk);
        start = end + 1;
    }
    *out = set;
    return NXC_OK;
}
