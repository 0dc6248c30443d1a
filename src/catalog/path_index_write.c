/*
 * Path templates -> the image of a path index (docs/formats/path-index.md).
 *
 * Interface and call order
 *     nxc__path_index_write, once per catalog
 *
 * Each template is split into segments and each segment reduced to what can be
 * matched: static bytes (escapes decoded), a pattern, or a parameter. The
 * templates are sorted by their segments, in the order in which the children
 * of a node stand: static by bytes, patterns from the most to the least
 * literal, then the parameter; a prefix before what it begins. Then every node
 * is a range of sorted templates that agree in their first segments:
 *
 *     users                GET 0          node 0  [0,4) depth 0
 *     users  {}            GET 1            node 1  [0,4) depth 1   users
 *     users  {}  orders    GET 2              node 2  [1,4) depth 2   {}
 *     users  {}  orders    POST 3               node 3  [2,4) depth 3  orders
 *
 * and the nodes, put into a queue range by range, come out in breadth-first
 * order with their children side by side. Templates of one node and one method
 * differ in parameter names only; the sort is stable, so the first given wins.
 *
 * Syntax understood besides {name}: a segment :name, * or **; {+x}, {x*} and
 * {x=projects/star} (a '/' inside braces does not split); {?x}, {&x} and {#x}
 * are left out. An unbalanced brace is static text.
 *
 * Threading: none. Cost: O(n log n) comparisons of templates, memory about 60
 * bytes a segment besides the image.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/str.h"
#include "catalog/path_index_image.h"

#define MAX_PATH_BYTES 65535 /* of a template; a piece has a 16-bit length */

typedef enum segment_kind { STATIC, PATTERN, PARAMETER } segment_kind;

typedef struct segment {
    nxc_str text;                 /* static bytes, or the pieces of a pattern */
    uint32_t n_literal, n_pieces; /* of a pattern */
    segment_kind kind;
    bool spans;
} segment;

typedef struct entry {
    const segment *segments;
    uint32_t n;
    uint32_t method, operation;
} entry;

/* A node while it is built: the sorted templates [lo, hi) that agree in their
 * first depth segments. */
typedef struct range {
    uint32_t lo, hi, depth;
    uint32_t last_child; /* one past */
} range;

typedef struct writer {
    nxc__arena arena;
    entry *entries; /* sorted, once sort() has run */
    size_t n;
    size_t n_segments; /* over all entries */
    range *ranges;
    nxc__path_node *nodes;
    nxc__path_end *ends;
    nxc__path_base *bases;
    nxc__path_text *base_segments;
    nxc__path_header h;
    nxc__buffer text;
} writer;

/* ------------------------------------------------------------- segments */

/* Names of parameters whose values hold slashes: files, git references. */
static const char *const span_names[] = {
    "path", "file_path", "filepath", "subpath", "dir",   "ref",
    "base", "head",      "basehead", "branch",  "proxy", "wildcard"};
/* Names that do so directly after a version: /v1/{parent}/databases. */
static const char *const name_names[] = {"name", "parent", "resource"};

static bool is_one_of(nxc_str name, const char *const *names, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (nxc__str_ieq(name, nxc__str(names[i]))) return true;
    return false;
}

static bool is_version(nxc_str s) {
    return s.len > 1 && (s.ptr[0] == 'v' || s.ptr[0] == 'V') &&
           nxc__is_digit(s.ptr[1]);
}

static bool parameter_spans(nxc_str name, nxc_str before) {
    if (!name.ptr || !name.len) return false;
    if (name.ptr[0] == '+' || name.ptr[name.len - 1] == '*' ||
        nxc__str_find(name, '=', 0) < name.len)
        return true;
    return is_one_of(name, span_names,
                     sizeof span_names / sizeof *span_names) ||
           (is_version(before) &&
            is_one_of(name, name_names,
                      sizeof name_names / sizeof *name_names));
}

static bool is_colon_parameter(nxc_str s) {
    if (s.len < 2 || s.ptr[0] != ':') return false;
    for (size_t i = 1; i < s.len; i++)
        if (!nxc__is_alpha(s.ptr[i]) && s.ptr[i] != '_' &&
            (i == 1 || !nxc__is_digit(s.ptr[i])))
            return false;
    return true;
}

/* Cut the pieces of raw into blob: raw.len + 2 bytes suffice, as the two bytes
 * of each further piece take the place of a parameter's braces. */
static void cut_pieces(nxc_str raw, nxc_str before, char *blob, segment *out) {
    size_t at = 0, i = 0;
    bool more = true;
    while (more) {
        size_t open, close;
        open = nxc__str_find(raw, '{', i);
        close = nxc__str_find(raw, '}', open);
        more = close < raw.len;
        if (!more) open = raw.len;
        nxc_str lit = nxc__str_slice(raw, i, open);
        nxc_str name =
            more ? nxc__str_slice(raw, open + 1, close) : NXC_STR("");
        nxc_str bytes = nxc__path_decode(lit, blob + at + 2);
        if (bytes.len) memmove(blob + at + 2, bytes.ptr, bytes.len);
        blob[at] = (char)(bytes.len & 255);
        blob[at + 1] = (char)(bytes.len >> 8);
        at += 2 + bytes.len;
        out->n_literal += (uint32_t)bytes.len;
        out->n_pieces++;
        out->spans = out->spans || parameter_spans(name, before);
        i = close + 1;
    }
    out->text = (nxc_str){blob, at};
}

/* Without {?x}, {&x} and {#x}. */
static nxc_str without_query_parts(nxc_str raw, char *out) {
    size_t n = 0;
    for (size_t i = 0; i < raw.len; i++) {
        char next = i + 1 < raw.len ? raw.ptr[i + 1] : 0;
        if (raw.ptr[i] == '{' && (next == '?' || next == '&' || next == '#'))
            i = nxc__str_find(raw, '}', i);
        else
            out[n++] = raw.ptr[i];
    }
    return (nxc_str){out, n};
}

/* kind, text and marks of one raw segment; before: the one in front of it. A
 * segment that was only {?x} gets an empty static text. */
static bool read_segment(writer *w, nxc_str raw, nxc_str before, segment *out) {
    memset(out, 0, sizeof *out);
    bool is_star =
        nxc__str_eq(raw, NXC_STR("*")) || nxc__str_eq(raw, NXC_STR("**"));
    if (is_star || is_colon_parameter(raw)) {
        out->kind = PARAMETER;
        out->spans =
            is_star || parameter_spans(nxc__str_slice(raw, 1, raw.len), before);
        return true;
    }
    bool has_brace = nxc__str_find(raw, '{', 0) < raw.len;
    if (!has_brace && nxc__str_find(raw, '%', 0) == raw.len) {
        out->text = raw;
        return true;
    }
    char *copy = nxc__arena_alloc(&w->arena, raw.len);
    char *blob = nxc__arena_alloc(&w->arena, raw.len + 2);
    if (!copy || !blob) return false;
    raw = without_query_parts(raw, copy);
    cut_pieces(raw, before, blob, out);
    out->kind = PATTERN;
    if (out->n_pieces == 1) { /* no parameter in it */
        out->text = nxc__str_slice(out->text, 2, out->text.len);
        out->kind = STATIC;
        out->spans = false;
    } else if (!out->n_literal) {
        out->text = NXC_STR("");
        out->kind = PARAMETER;
    }
    return true;
}

static size_t count_segments(nxc_str path) {
    size_t n = 1; /* for a tail */
    nxc_str s;
    for (nxc__path_scan scan = nxc__path_scan_start(path);
         nxc__path_scan_next(&scan, &s);)
        n++;
    return n;
}

static nxc_status read_path(writer *w, nxc_str path, entry *out,
                            nxc_error *err) {
    if (path.len > MAX_PATH_BYTES)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "path template: expected at most %d bytes, got %zu",
                          MAX_PATH_BYTES, path.len);
    size_t cap = count_segments(path);
    segment *segs = nxc__arena_alloc_array(&w->arena, cap, sizeof *segs);
    if (!segs) return nxc__error_nomem(err, cap * sizeof *segs);
    nxc_str raw, before = NXC_STR("");
    nxc__path_scan scan = nxc__path_scan_start(path);
    out->segments = segs;
    out->n = 0;
    for (bool more = true; more;) {
        more = nxc__path_scan_next(&scan, &raw);
        if (!more) raw = nxc__path_scan_tail(&scan);
        if (!raw.len) break;
        if (!read_segment(w, raw, before, &segs[out->n]))
            return nxc__error_nomem(err, raw.len);
        if (segs[out->n].kind != STATIC || segs[out->n].text.len) out->n++;
        if (!more) w->h.flags |= NXC_PATH_HAS_TAILS;
        before = raw;
    }
    return NXC_OK;
}

/* -------------------------------------------------------------- sorting */

static int compare_u32(uint32_t a, uint32_t b) { return (a > b) - (a < b); }

static int compare_segments(const segment *a, const segment *b) {
    int c = compare_u32(a->kind, b->kind);
    if (!c && a->kind == PATTERN) {
        c = compare_u32(b->n_literal, a->n_literal);
        if (!c) c = compare_u32(a->n_pieces, b->n_pieces);
    }
    return c || a->kind == PARAMETER ? c : nxc__str_compare(a->text, b->text);
}

static int compare_entries(const entry *a, const entry *b) {
    for (uint32_t i = 0; i < a->n && i < b->n; i++) {
        int c = compare_segments(&a->segments[i], &b->segments[i]);
        if (c) return c;
    }
    int c = compare_u32(a->n, b->n);
    return c ? c : compare_u32(a->method, b->method);
}

/* Most segments first. */
static int compare_bases(const entry *a, const entry *b) {
    int c = compare_u32(b->n, a->n);
    return c ? c : compare_entries(a, b);
}

/* Stable, bottom up: runs of 1, 2, 4 ... merged from one array to the other. */
static nxc_status sort(writer *w, entry **entries, size_t n,
                       int (*compare)(const entry *, const entry *),
                       nxc_error *err) {
    entry *from = *entries;
    if (!from || n < 2) return NXC_OK;
    entry *to = nxc__arena_alloc_array(&w->arena, n, sizeof *to);
    if (!to) return nxc__error_nomem(err, n * sizeof *to);
    for (size_t run = 1; run < n; run *= 2) {
        for (size_t lo = 0; lo < n; lo += 2 * run) {
            size_t mid = n - lo > run ? lo + run : n;
            size_t hi = n - mid > run ? mid + run : n;
            size_t a = lo, b = mid;
            for (size_t k = lo; k < hi; k++)
                to[k] = a < mid && (b == hi || compare(&from[a], &from[b]) <= 0)
                            ? from[a++]
                            : from[b++];
        }
        entry *other = from;
        from = to;
        to = other;
    }
    *entries = from;
    return NXC_OK;
}

/* ---------------------------------------------------------------- nodes */

static uint32_t add_text(writer *w, nxc_str s) {
    uint32_t at = (uint32_t)w->text.len;
    nxc__buffer_append_str(&w->text, s);
    return at;
}

/* The children of node k: the groups of its templates from lo on. */
static void add_children(writer *w, uint32_t k, uint32_t lo) {
    const range r = w->ranges[k];
    nxc__path_node *node = &w->nodes[k];
    node->first_child = w->h.n_nodes;
    while (lo < r.hi) {
        const segment *s = &w->entries[lo].segments[r.depth];
        uint32_t hi = lo, c = w->h.n_nodes++;
        bool spans = false;
        for (; hi < r.hi; hi++) {
            const segment *x = &w->entries[hi].segments[r.depth];
            if (compare_segments(s, x) != 0) break;
            /* a pattern spans as the last segment only */
            spans = spans || (x->spans && (x->kind == PARAMETER ||
                                           w->entries[hi].n == r.depth + 1));
        }
        w->ranges[c] = (range){lo, hi, r.depth + 1, 0};
        w->nodes[c].text = add_text(w, s->text);
        w->nodes[c].text_len = (uint32_t)s->text.len;
        w->nodes[c].flags = spans ? NXC_PATH_NODE_SPAN : 0;
        w->h.flags |= spans ? NXC_PATH_HAS_SPANS : 0;
        node->n_static += s->kind == STATIC;
        node->n_mixed += s->kind == PATTERN;
        node->flags |= s->kind == PARAMETER ? NXC_PATH_NODE_PARAM : 0;
        lo = hi;
    }
    w->ranges[k].last_child = w->h.n_nodes;
}

/* The operations of the templates that end at node k; where they stop. */
static uint32_t add_ends(writer *w, uint32_t k) {
    const range r = w->ranges[k];
    nxc__path_node *node = &w->nodes[k];
    uint32_t lo = r.lo;
    node->first_end = w->h.n_ends;
    for (; lo < r.hi && w->entries[lo].n == r.depth; lo++) {
        const entry *e = &w->entries[lo];
        if (node->n_ends && w->ends[w->h.n_ends - 1].method == e->method)
            continue;
        w->ends[w->h.n_ends++] = (nxc__path_end){e->method, e->operation};
        node->n_ends++;
    }
    return lo;
}

static nxc_status make_nodes(writer *w, nxc_error *err) {
    size_t cap = w->n_segments + 1;
    w->nodes = nxc__arena_alloc_array(&w->arena, cap, sizeof *w->nodes);
    w->ranges = nxc__arena_alloc_array(&w->arena, cap, sizeof *w->ranges);
    w->ends = nxc__arena_alloc_array(&w->arena, w->n, sizeof *w->ends);
    if (!w->nodes || !w->ranges || !w->ends)
        return nxc__error_nomem(err, cap * sizeof *w->nodes);
    memset(w->nodes, 0, cap * sizeof *w->nodes);
    w->ranges[0] = (range){0, (uint32_t)w->n, 0, 0};
    w->h.n_nodes = 1;
    for (uint32_t k = 0; k < w->h.n_nodes; k++)
        add_children(w, k, add_ends(w, k));
    return NXC_OK;
}

/* ----------------------------------------------------------- base paths */

/* The child of node k with such a segment, or NXC_NONE. */
static uint32_t find_child(const writer *w, uint32_t k, const segment *s) {
    uint32_t lo = w->nodes[k].first_child, hi = w->ranges[k].last_child;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        const entry *e = &w->entries[w->ranges[mid].lo];
        int c = compare_segments(&e->segments[w->ranges[k].depth], s);
        if (c == 0) return mid;
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NXC_NONE;
}

static void add_base(writer *w, const entry *e) {
    nxc__path_base *b = &w->bases[w->h.n_bases++];
    *b = (nxc__path_base){w->h.n_base_segments, e->n, 0};
    for (uint32_t i = 0; i < e->n; i++) {
        const segment *s = &e->segments[i];
        nxc_str text = s->kind == STATIC ? s->text : NXC_STR("");
        w->base_segments[w->h.n_base_segments++] =
            (nxc__path_text){add_text(w, text), (uint32_t)text.len};
        if (b->node != NXC_NONE) b->node = find_child(w, b->node, s);
    }
}

static nxc_status make_bases(writer *w, const nxc_str *paths, size_t n,
                             nxc_error *err) {
    entry *bases = nxc__arena_alloc_array(&w->arena, n, sizeof *bases);
    if (!bases) return nxc__error_nomem(err, n * sizeof *bases);
    size_t n_segments = 0;
    uint32_t flags = w->h.flags;
    for (size_t i = 0; i < n; i++) {
        w->h.flags &= ~NXC_PATH_HAS_TAILS;
        NXC_TRY(read_path(w, paths[i], &bases[i], err));
        if (w->h.flags & NXC_PATH_HAS_TAILS) bases[i].n--; /* no "?x" here */
        bases[i].method = 0;
        n_segments += bases[i].n;
    }
    w->h.flags = flags;
    NXC_TRY(sort(w, &bases, n, compare_bases, err));
    w->bases = nxc__arena_alloc_array(&w->arena, n, sizeof *w->bases);
    w->base_segments =
        nxc__arena_alloc_array(&w->arena, n_segments, sizeof(nxc__path_text));
    if (!w->bases || !w->base_segments)
        return nxc__error_nomem(err, n_segments * sizeof(nxc__path_text));
    for (size_t i = 0; i < n && bases[i].n; i++)
        if (i == 0 || compare_bases(&bases[i - 1], &bases[i]) != 0)
            add_base(w, &bases[i]);
    return NXC_OK;
}

/* ------------------------------------------------------------------ all */

static nxc_status read_templates(writer *w, const nxc__path_template *t,
                                 size_t n, nxc_error *err) {
    if (n >= NXC_NONE)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "path index: expected fewer than %u templates, got "
                          "%zu",
                          NXC_NONE, n);
    w->entries = nxc__arena_alloc_array(&w->arena, n, sizeof *w->entries);
    if (!w->entries) return nxc__error_nomem(err, n * sizeof *w->entries);
    for (size_t i = 0; i < n; i++) {
        entry *e = &w->entries[w->n];
        if (!t[i].path.len) continue; /* a tool */
        NXC_TRY(read_path(w, t[i].path, e, err));
        e->method = (uint32_t)t[i].method;
        e->operation = t[i].operation;
        w->n_segments += e->n;
        w->n++;
    }
    if (w->n_segments >= NXC_NONE / sizeof(nxc__path_node))
        return nxc__error(err, NXC_ERR_LIMIT,
                          "path index: expected fewer than %zu segments, got "
                          "%zu",
                          NXC_NONE / sizeof(nxc__path_node), w->n_segments);
    return NXC_OK;
}

static nxc_status put(writer *w, nxc__buffer *out, nxc_error *err) {
    nxc__buffer_extend(&w->text, (4 - (w->text.len & 3)) & 3);
    NXC_TRY(nxc__buffer_status(&w->text, "path index", err));
    nxc__path_header *h = &w->h;
    size_t nodes = h->n_nodes * sizeof *w->nodes,
           ends = h->n_ends * sizeof *w->ends,
           bases = h->n_bases * sizeof *w->bases,
           segs = h->n_base_segments * sizeof *w->base_segments;
    size_t size = sizeof *h + nodes + ends + bases + segs + w->text.len;
    if (size > UINT32_MAX)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "path index: expected at most %u bytes, got %zu",
                          UINT32_MAX, size);
    h->magic = NXC_PATH_MAGIC;
    h->version = NXC_PATH_VERSION;
    h->size = (uint32_t)size;
    h->n_text = (uint32_t)w->text.len;
    size_t before = out->len;
    nxc__buffer_append(out, h, sizeof *h);
    nxc__buffer_append(out, w->nodes, nodes);
    nxc__buffer_append(out, w->ends, ends);
    nxc__buffer_append(out, w->bases, bases);
    nxc__buffer_append(out, w->base_segments, segs);
    nxc__buffer_append(out, w->text.data, w->text.len);
    nxc_status st = nxc__buffer_status(out, "path index", err);
    if (st != NXC_OK) out->len = before;
    return st;
}

nxc_status nxc__path_index_write(const nxc__path_template *templates, size_t n,
                                 const nxc_str *base_paths, size_t n_base_paths,
                                 const nxc_allocator *alloc, nxc__buffer *out,
                                 nxc_error *err) {
    writer w;
    nxc_status st;
    memset(&w, 0, sizeof w);
    alloc = nxc__allocator_or_default(alloc);
    nxc__arena_init(&w.arena, alloc, SIZE_MAX);
    nxc__buffer_init(&w.text, alloc, UINT32_MAX);
    NXC_TRY_OR(done, st, read_templates(&w, templates, n, err));
    NXC_TRY_OR(done, st, sort(&w, &w.entries, w.n, compare_entries, err));
    NXC_TRY_OR(done, st, make_nodes(&w, err));
    NXC_TRY_OR(done, st, make_bases(&w, base_paths, n_base_paths, err));
    st = put(&w, out, err);
done:
    nxc__buffer_release(&w.text);
    nxc__arena_release(&w.arena);
    return st;
}
