/*
 * What a path or a tool name speaks of (docs/resources.md has the rules with
 * examples and the lists of words).
 *
 * Interface, in any order
 *     nxc__resource_of_path(template)   resource, parents, depth
 *     nxc__resource_of_name(tool name)  resource alone
 *     nxc__resource_fold(name)          a name that a caller gives, folded
 *
 * A path is cut into items, an item is classified by itself and its neighbours
 * from the right, and the last noun is the resource:
 *
 *     /v1/customers/{customer}/tax_ids/{id}/verify.json
 *     SKIP NOUN     PARAMETER  NOUN    PAR. SKIP            customer > tax_id
 *     version                               action word
 *
 *     /api/conversations.list     /2.0/files:batchGet     /odata/Users('{id}')
 *     SKIP NOUN          SKIP     SKIP NOUN SKIP          SKIP  NOUN  PARAMETER
 *
 * A name is cut into words; verbs around, prepositions and what follows them
 * are dropped; a namespace speaks where nothing is left.
 *
 * Action words are one sorted table (action_words.def), verbs of methods come
 * from text/verbs.def. Nothing here looks at the method of an operation: the
 * resource of a path is the same for all of them.
 *
 * Threading: no state. Cost: linear in the name; a binary search a word.
 * Memory: the stack.
 */
#include "catalog/resource.h"

#include <string.h>

#include "base/str.h"
#include "catalog/path_index_image.h"

#define MAX_ITEMS 48 /* of a path; the first ones of a longer path are lost */
#define MAX_WORDS 24 /* of an item */

/* ---------------------------------------------------------------- words */

/* The words of an identifier, folded. */
typedef struct phrase {
    char text[192];
    size_t used, n;
    uint8_t at[MAX_WORDS], len[MAX_WORDS];
    bool glued[MAX_WORDS]; /* digits right after the word before: oauth2 */
} phrase;

static void read_phrase(nxc_str text, phrase *p) {
    char decoded[sizeof p->text];
    size_t end = SIZE_MAX;
    if (text.len <= sizeof decoded) text = nxc__path_decode(text, decoded);
    p->used = p->n = 0;
    for (nxc__word_iter it = nxc__words(text, true); nxc__word_next(&it);) {
        if (p->n == MAX_WORDS || it.word.len > sizeof p->text - p->used) break;
        memcpy(p->text + p->used, it.word.ptr, it.word.len);
        p->at[p->n] = (uint8_t)p->used;
        p->len[p->n] = (uint8_t)it.word.len;
        p->glued[p->n] =
            p->n > 0 && it.start == end && nxc__is_digit(it.word.ptr[0]);
        p->used += it.word.len;
        end = it.end;
        p->n++;
    }
}

static nxc_str word_at(const phrase *p, size_t i) {
    return (nxc_str){p->text + p->at[i], p->len[i]};
}

/* Words [from, to) joined by '_', NUL-terminated; leading ones that do not fit
 * are left out. */
static size_t join(const phrase *p, size_t from, size_t to, bool singular,
                   char out[NXC_WORD_MAX]) {
    char last[NXC_WORD_MAX];
    size_t n = 0, start = to;
    nxc_str end = to > from ? word_at(p, to - 1) : (nxc_str){"", 0};
    if (singular) end = nxc__singular(end, last);
    if (end.len > NXC_WORD_MAX - 1) end.len = NXC_WORD_MAX - 1;
    size_t total = end.len;
    if (to > from) start = to - 1;
    while (start > from && total + p->len[start - 1] + 1 < NXC_WORD_MAX) {
        start--;
        total += p->len[start] + 1u;
    }
    for (size_t i = start; i < to; i++) {
        nxc_str w = i + 1 == to ? end : word_at(p, i);
        if (i > start && !p->glued[i]) out[n++] = '_';
        memcpy(out + n, w.ptr, w.len);
        n += w.len;
    }
    out[n] = 0;
    return n;
}

static bool is_plural(const phrase *p) {
    char out[NXC_WORD_MAX];
    return p->n && !nxc__str_eq(nxc__singular(word_at(p, p->n - 1), out),
                                word_at(p, p->n - 1));
}

/* --------------------------------------------------------------- tables */

enum { ACTION = 1, UNLESS_ID = 2, NOUN_TOO = 4, QUALIFIER = 8, LEADS = 16 };
typedef struct action_word {
    const char *word;
    unsigned class;
} action_word;
static const action_word action_words[] = {
#define NXC_ACTION_WORD(word, class) {#word, class},
#include "catalog/action_words.def"
#undef NXC_ACTION_WORD
};

/* Class bits of a word, 0 if it is not in the table. */
static unsigned class_of(nxc_str word) {
    size_t lo = 0, hi = sizeof action_words / sizeof *action_words;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = nxc__str_compare(nxc__str(action_words[mid].word), word);
        if (c == 0) return action_words[mid].class;
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return 0;
}

static bool is_one_of(nxc_str s, const char *const *words, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (nxc__str_eq(s, nxc__str(words[i]))) return true;
    return false;
}
#define IS_ONE_OF(s, words) \
    is_one_of((s), (words), sizeof(words) / sizeof *(words))

/* What stands before the resources of a path. */
static bool is_prefix(nxc_str name) {
    static const char *const prefixes[] = {
        "api",     "admin",    "ajax",    "internal", "json",
        "odata",   "open_api", "public",  "rest",     "rest_api",
        "restapi", "rpc",      "wp_json", "xml",      "_api"};
    return IS_ONE_OF(name, prefixes);
}

static bool is_file_ending(nxc_str s) {
    static const char *const endings[] = {
        "action", "ashx", "asmx", "aspx", "atom", "csv", "do",
        "html",   "js",   "json", "jsp",  "php",  "rss", "svc",
        "txt",    "xml",  "yaml", "yml",  "pdf",  "ics"};
    return IS_ONE_OF(s, endings);
}

static bool is_preposition(nxc_str s) {
    static const char *const words[] = {"as",  "at",   "by",    "for", "from",
                                        "in",  "into", "of",    "on",  "to",
                                        "via", "with", "within"};
    return IS_ONE_OF(s, words);
}

/* v1, v1.2, v1beta1, v2-preview, 2024-01, 2024-01-15, 1.0, 3. */
static bool is_version(nxc_str s) {
    static const char *const stages[] = {"alpha", "a",   "beta",    "b",  "p",
                                         "rc",    "dev", "preview", "eap"};
    size_t i = s.len && (s.ptr[0] == 'v' || s.ptr[0] == 'V');
    bool has_v = i == 1;
    if (i == s.len || !nxc__is_digit(s.ptr[i])) return false;
    while (i < s.len) {
        size_t start = i;
        while (i < s.len && nxc__is_alpha(s.ptr[i]))
            i++;
        nxc_str stage = nxc__str_slice(s, start, i);
        if (stage.len && !(has_v && IS_ONE_OF(stage, stages))) return false;
        if (i < s.len && stage.len == 0 && !nxc__is_digit(s.ptr[i]) &&
            !strchr("._-", s.ptr[i]))
            return false;
        if (stage.len == 0) i++;
    }
    return true;
}

/* ---------------------------------------------------------------- items */

typedef enum item_kind { WORDS, PARAMETER, CALL } item_kind;
typedef enum item_role { SKIP, NOUN, VERB_PHRASE } item_role;
typedef struct item {
    nxc_str text; /* of WORDS */
    item_kind kind;
    item_role role;
} item;
typedef struct items {
    item at[MAX_ITEMS];
    size_t n;
} items;

static void add_item(items *list, item_kind kind, nxc_str text) {
    if (list->n == MAX_ITEMS) {
        memmove(list->at, list->at + 1, (MAX_ITEMS - 1) * sizeof *list->at);
        list->n--;
    }
    list->at[list->n++] = (item){text, kind, SKIP};
}

/* "users.profile.get.json": parts between dots, a file's ending left out. */
static void add_dotted(items *list, nxc_str s) {
    if (is_version(s)) {
        add_item(list, WORDS, s);
        return;
    }
    for (size_t start = 0; start <= s.len;) {
        size_t end = nxc__str_find(s, '.', start);
        nxc_str part = nxc__str_slice(s, start, end);
        bool is_ending = end == s.len && start > 0 && is_file_ending(part);
        if (part.len && !is_ending) add_item(list, WORDS, part);
        start = end + 1;
    }
}

/* Index of c outside braces, or s.len. */
static size_t find_outside(nxc_str s, char c, size_t from) {
    for (size_t i = from; i < s.len; i++) {
        if (s.ptr[i] == c) return i;
        if (s.ptr[i] != '{') continue;
        i = nxc__str_find(s, '}', i);
    }
    return s.len;
}

static void add_segment(items *list, nxc_str s) {
    bool is_colon = s.len > 1 && s.ptr[0] == ':';
    size_t colon = is_colon ? s.len : find_outside(s, ':', 0);
    size_t open = find_outside(s, '(', 0);
    if (is_colon || nxc__str_eq(s, NXC_STR("*")) ||
        nxc__str_eq(s, NXC_STR("**"))) {
        add_item(list, PARAMETER, s);
    } else if (open < s.len) { /* Users('{id}'), delta(), ns.function(x=1) */
        nxc_str before = nxc__str_slice(s, 0, open);
        bool is_call = open + 1 >= s.len || s.ptr[open + 1] == ')' ||
                       nxc__str_find(before, '.', 0) < before.len;
        if (is_call) {
            add_item(list, CALL, s);
        } else {
            add_item(list, WORDS, before);
            add_item(list, PARAMETER, s);
        }
    } else if (colon > 0 && colon < s.len) { /* databases:export */
        add_segment(list, nxc__str_slice(s, 0, colon));
        add_item(list, CALL, s);
    } else {
        size_t brace = nxc__str_find(s, '{', 0);
        bool has_query = brace + 1 < s.len && strchr("?&#", s.ptr[brace + 1]);
        if (brace == s.len || has_query)
            add_dotted(list, nxc__str_slice(s, 0, brace));
        else
            add_item(list, PARAMETER, s);
    }
}

/* What the item at i is, given that only what names no resource follows it
 * (nothing_after) and what its neighbours are. */
static item_role classify(const items *list, size_t i, bool nothing_after) {
    const item *it = &list->at[i];
    phrase p;
    char name[NXC_WORD_MAX];
    bool before_id = i + 1 < list->n && list->at[i + 1].kind == PARAMETER;
    if (it->kind != WORDS || is_version(it->text)) return SKIP;
    read_phrase(it->text, &p);
    if (p.n == 0) return SKIP;
    nxc_str whole = {name, join(&p, 0, p.n, false, name)};
    if (!before_id && is_prefix(whole)) return SKIP;
    if (!before_id && nxc__str_eq(whole, NXC_STR("apis")) && i + 1 < list->n)
        return SKIP;
    unsigned class = class_of(whole);
    if ((class & (ACTION | QUALIFIER)) || ((class & UNLESS_ID) && !before_id))
        return SKIP;
    if ((class & NOUN_TOO) && nothing_after && !before_id && i > 0) {
        const item *before = &list->at[i - 1];
        if (before->kind == PARAMETER) return SKIP;
        read_phrase(before->text, &p);
        if (before->kind == WORDS && is_plural(&p)) return SKIP;
        read_phrase(it->text, &p);
    }
    return p.n > 1 && (class_of(word_at(&p, 0)) & LEADS) ? VERB_PHRASE : NOUN;
}

/* ---------------------------------------------------------------- names */

/* A verb where it stands at the edge of a name. */
static bool is_verb(nxc_str word) {
    return nxc__verb_methods(word) != 0 ||
           (class_of(word) & (ACTION | LEADS | QUALIFIER)) != 0;
}
static bool is_noise(nxc_str w) {
    return nxc__is_digit(w.ptr[0]) || nxc__str_eq(w, NXC_STR("v")) ||
           nxc__str_eq(w, NXC_STR("of")) || is_prefix(w);
}

/* The nouns among the words of one name; "" if there is none. */
static void nouns_of(nxc_str text, char out[NXC_WORD_MAX]) {
    phrase p;
    read_phrase(text, &p);
    size_t from = 0, to = p.n;
    while (from < to &&
           (is_verb(word_at(&p, from)) || is_noise(word_at(&p, from))))
        from++;
    for (size_t i = from; i < to; i++)
        if (is_preposition(word_at(&p, i))) to = i;
    while (to > from + 1 && is_verb(word_at(&p, to - 1)))
        to--;
    if (from == to) { /* get_post: the last of several verbs is the noun */
        while (to > 0 && is_noise(word_at(&p, to - 1)))
            to--;
        from = to > 1 ? to - 1 : to;
    }
    join(&p, from, to, true, out);
}

/* Start of what follows the last separator of a namespace, at most end. */
static size_t local_part(nxc_str s, size_t end) {
    for (size_t i = end; i > 0; i--) {
        char c = s.ptr[i - 1];
        if (strchr("./:#\\", c) && c) return i;
        if (c == '_' && i > 1 && s.ptr[i - 2] == '_') return i;
    }
    return 0;
}

void nxc__resource_of_name(nxc_str tool_name, nxc__resource_words *out) {
    memset(out, 0, sizeof *out);
    for (size_t end = tool_name.len; end > 0 && !out->name[0];) {
        size_t start = local_part(tool_name, end);
        nouns_of(nxc__str_slice(tool_name, start, end), out->name);
        end = start ? start - 1 : 0;
    }
    out->depth = out->name[0] != 0;
}

/* ---------------------------------------------------------------- paths */

static void set_name(const items *list, size_t i, char out[NXC_WORD_MAX]) {
    phrase p;
    if (list->at[i].role == VERB_PHRASE) {
        nouns_of(list->at[i].text, out);
        return;
    }
    read_phrase(list->at[i].text, &p);
    join(&p, 0, p.n, true, out);
}

static void add_parent(nxc__resource_words *out,
                       const char name[NXC_WORD_MAX]) {
    if (out->n_parents && strcmp(out->parents[out->n_parents - 1], name) == 0)
        return;
    if (out->n_parents == NXC_RESOURCE_MAX_PARENTS) { /* the outermost goes */
        memmove(out->parents[0], out->parents[1],
                sizeof out->parents - sizeof out->parents[0]);
        out->n_parents--;
    }
    memcpy(out->parents[out->n_parents++], name, NXC_WORD_MAX);
}

/* ?method=photos.getInfo&x=1, #Action=DescribeInstances */
static void name_of_tail(nxc_str tail, nxc__resource_words *out) {
    size_t from = nxc__str_find(tail, '=', 0);
    if (from == tail.len) return;
    size_t to = nxc__str_find(tail, '&', from);
    nxc__resource_of_name(nxc__str_slice(tail, from + 1, to), out);
}

void nxc__resource_of_path(nxc_str path_template, nxc__resource_words *out) {
    items list;
    nxc_str segment;
    list.n = 0;
    memset(out, 0, sizeof *out);
    nxc__path_scan scan = nxc__path_scan_start(path_template);
    while (nxc__path_scan_next(&scan, &segment))
        add_segment(&list, segment);
    size_t found = list.n;
    bool nothing_after = true;
    for (size_t i = list.n; i-- > 0;) {
        item *it = &list.at[i];
        it->role = classify(&list, i, nothing_after);
        nothing_after =
            nothing_after && it->kind != PARAMETER && it->role != NOUN;
        if (it->role == NOUN && found == list.n) found = i;
    }
    for (size_t i = list.n; found == list.n && i-- > 0;)
        if (list.at[i].role == VERB_PHRASE) found = i;
    if (found == list.n) {
        name_of_tail(nxc__path_scan_tail(&scan), out);
        return;
    }
    set_name(&list, found, out->name);
    for (size_t i = 0; i < found; i++) {
        char parent[NXC_WORD_MAX] = "";
        if (list.at[i].role != NOUN) continue;
        set_name(&list, i, parent);
        add_parent(out, parent);
    }
    if (out->n_parents &&
        strcmp(out->parents[out->n_parents - 1], out->name) == 0)
        memset(out->parents[--out->n_parents], 0, NXC_WORD_MAX);
    out->depth = out->name[0] ? out->n_parents + 1 : 0;
}

nxc_str nxc__resource_fold(nxc_str name, char out[NXC_WORD_MAX]) {
    phrase p;
    read_phrase(name, &p);
    return (nxc_str){out, join(&p, 0, p.n, true, out)};
}
