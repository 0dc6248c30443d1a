/*
 * Concrete path -> path template: the reader of a path index.
 *
 * Interface and call order
 *     nxc__path_index_open -> nxc__path_index_match*
 * The image is borrowed and never written; open checks every value in it once,
 * so match follows numbers without looking at bounds again.
 *
 * Layout (docs/formats/path-index.md)
 *     header | nodes | ends | base paths | their segments | text
 *
 *     (root) ── users ── {} ── orders        a node per distinct prefix of
 *        │               └──── {}.json       segments; children: static ones in
 *        └── repos ── {} ── {}               order, patterns, one parameter
 *
 * Matching
 *   1. Scheme and host, query string and fragment are cut; the path is split
 *      at '/', empty segments do not count (so a trailing slash does not
 *      either); %XX is decoded in each segment, a malformed escape stays.
 *      Comparison is by bytes: case matters.
 *   2. Depth-first from the root: static child, then patterns (`{id}.json`,
 *      `{base}...{head}`, `{name}:cancel`; most literal bytes first), then the
 *      parameter; back to the next choice if what follows does not match or has
 *      no operation of the method. Each parameter takes at least one byte. So
 *      static segments win from the left, and DELETE /users/me finds
 *      DELETE /users/{id} beside GET /users/me. HEAD does not fall back to GET.
 *   3. The same after cutting a base path (most segments first), and from the
 *      node where the templates that contain a base path go on.
 *   4. If nothing matched: the same search, where a spanning parameter may take
 *      several segments, the fewest that give a match. A parameter spans if its
 *      syntax says so ({+x}, {x*}, {x=...}, a segment * or **) or its name is
 *      that of a path or a git reference (path_index_write.c has the list);
 *      the mark holds for every template through its node. A pattern spans only
 * as the last segment; escapes in it are compared as they stand. An ordinary
 * last parameter does not take the rest: for /users/{id}, /users/1/friends is
 * another, unknown operation. Templates with a query or fragment
 * (`/rest?method=echo`, `/#Action=Stop`) keep it as one more static segment; a
 * path with a query tries it as a whole, then up to its first '&', then
 * without.
 *
 * Threading: an open index is immutable. Cost: without steps 3 and 4 a node is
 * visited at most once and a usual path visits one node a segment (a binary
 * search among static children); all steps together stop after MAX_VISITS
 * nodes, which only an adversarial set of templates reaches: then there is no
 * match. Stack: one frame a segment, MAX_SEGMENTS of them.
 */
#include "catalog/path_index.h"

#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/str.h"
#include "catalog/path_index_image.h"

#define MAX_SEGMENTS 64 /* of a concrete path; a longer one matches nothing */
#define MAX_VISITS 4096
#define DECODE_BYTES 1536 /* of segments with escapes; more stay undecoded */

/* ------------------------------------------------------------ splitting */

/* Length of "scheme://host", or 0. */
static size_t authority(nxc_str p) {
    size_t i = 0;
    if (!p.len || !nxc__is_alpha(p.ptr[0])) return 0;
    while (i < p.len && (nxc__is_alpha(p.ptr[i]) || nxc__is_digit(p.ptr[i]) ||
                         p.ptr[i] == '+' || p.ptr[i] == '-' || p.ptr[i] == '.'))
        i++;
    if (!nxc__str_starts(nxc__str_slice(p, i, p.len), NXC_STR("://"))) return 0;
    for (i += 3; i < p.len; i++)
        if (p.ptr[i] == '/' || p.ptr[i] == '?' || p.ptr[i] == '#') break;
    return i;
}

nxc__path_scan nxc__path_scan_start(nxc_str path) {
    if (!path.ptr) path = NXC_STR("");
    nxc__path_scan s = {nxc__str_slice(path, authority(path), path.len), 0, 0};
    for (size_t i = s.path.len; i && !s.last_close; i--)
        if (s.path.ptr[i - 1] == '}') s.last_close = i - 1;
    return s;
}

bool nxc__path_scan_next(nxc__path_scan *s, nxc_str *segment) {
    nxc_str p = s->path;
    size_t i = s->at;
    while (i < p.len && p.ptr[i] == '/')
        i++;
    size_t start = i;
    for (; i < p.len; i++) {
        char c = p.ptr[i];
        if (c == '/' || c == '?' || c == '#') break;
        if (c == '{' && i < s->last_close) i = nxc__str_find(p, '}', i);
    }
    s->at = i;
    *segment = nxc__str_slice(p, start, i);
    return i > start;
}

nxc_str nxc__path_scan_tail(const nxc__path_scan *s) {
    return nxc__str_slice(s->path, s->at, s->path.len);
}

static int hex(char c) {
    if (nxc__is_digit(c)) return c - '0';
    c = nxc__lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

nxc_str nxc__path_decode(nxc_str s, char *out) {
    if (nxc__str_find(s, '%', 0) == s.len) return s;
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '%' && s.len - i > 2 && hex(s.ptr[i + 1]) >= 0 &&
            hex(s.ptr[i + 2]) >= 0) {
            c = (char)(hex(s.ptr[i + 1]) << 4 | hex(s.ptr[i + 2]));
            i += 2;
        }
        out[n++] = c;
    }
    return (nxc_str){out, n};
}

/* -------------------------------------------------------------- opening */

/* nxc__path_index.tables, typed. */
typedef struct tables {
    const nxc__path_header *header;
    const nxc__path_node *nodes;
    const nxc__path_end *ends;
    const nxc__path_base *bases;
    const nxc__path_text *base_segments;
    const uint8_t *text;
} tables;

static tables tables_of(const nxc__path_index *idx) {
    return (tables){
        idx->tables[NXC_PATH_HEADER],        idx->tables[NXC_PATH_NODES],
        idx->tables[NXC_PATH_ENDS],          idx->tables[NXC_PATH_BASES],
        idx->tables[NXC_PATH_BASE_SEGMENTS], idx->tables[NXC_PATH_TEXT]};
}

static nxc_str node_text(const tables *t, uint32_t node) {
    return (nxc_str){(const char *)t->text + t->nodes[node].text,
                     t->nodes[node].text_len};
}

/* Places the tables; false if they do not fill the image exactly. */
static bool place(nxc__path_index *idx) {
    const nxc__path_header *h = idx->tables[NXC_PATH_HEADER];
    const struct {
        uint32_t n;
        size_t size;
    } parts[] = {{h->n_nodes, sizeof(nxc__path_node)},
                 {h->n_ends, sizeof(nxc__path_end)},
                 {h->n_bases, sizeof(nxc__path_base)},
                 {h->n_base_segments, sizeof(nxc__path_text)},
                 {h->n_text, 1}};
    size_t at = sizeof *h;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!nxc__range_fits(at, parts[i].n, parts[i].size, idx->size))
            return false;
        idx->tables[i + 1] = idx->image + at;
        at += parts[i].n * parts[i].size;
    }
    return at == idx->size;
}

static bool is_pattern(nxc_str text) {
    size_t at = 0, n = 0;
    for (; text.len - at >= 2; n++) {
        nxc_str piece;
        size_t step = nxc__path_piece((const uint8_t *)text.ptr + at, &piece);
        if (step > text.len - at) return false;
        at += step;
    }
    return at == text.len && n >= 2;
}

/* The text of each child of a node fits its place among the children. */
static bool children_are_valid(const tables *t, const nxc__path_node *node) {
    for (uint32_t k = 0; k < node->n_static + node->n_mixed; k++) {
        uint32_t c = node->first_child + k;
        nxc_str text = node_text(t, c);
        if (k >= node->n_static) {
            if (!is_pattern(text)) return false;
        } else if (!text.len ||
                   (k && nxc__str_compare(node_text(t, c - 1), text) >= 0)) {
            return false;
        }
    }
    return true;
}

static bool ends_are_valid(const tables *t, const nxc__path_node *node,
                           size_t n_operations) {
    for (uint32_t k = 0; k < node->n_ends; k++) {
        const nxc__path_end *e = &t->ends[node->first_end + k];
        if (e->method > NXC_METHOD_OTHER || e->operation >= n_operations ||
            (k && e[-1].method >= e->method))
            return false;
    }
    return true;
}

/* Children and ends of consecutive nodes are consecutive, so that the nodes
 * form one tree in which a child's number is larger than its parent's. */
static nxc_status check_nodes(const tables *t, size_t n_operations,
                              nxc_error *err) {
    const nxc__path_header *h = t->header;
    for (uint32_t i = 0; i < h->n_nodes; i++)
        if (!nxc__range_fits(t->nodes[i].text, t->nodes[i].text_len, 1,
                             h->n_text))
            return nxc__error(err, NXC_ERR_FORMAT,
                              "path index: expected the text of node %u in "
                              "%u bytes, got %u + %u",
                              i, h->n_text, t->nodes[i].text,
                              t->nodes[i].text_len);
    uint64_t child = 1, end = 0;
    for (uint32_t i = 0; i < h->n_nodes; i++) {
        const nxc__path_node *n = &t->nodes[i];
        bool ok = n->first_child == child && n->first_end == end &&
                  n->flags <= (NXC_PATH_NODE_PARAM | NXC_PATH_NODE_SPAN);
        child += (uint64_t)n->n_static + n->n_mixed +
                 (n->flags & NXC_PATH_NODE_PARAM);
        end += n->n_ends;
        ok = ok && child > i && child <= h->n_nodes && end <= h->n_ends;
        if (!ok || !children_are_valid(t, n) ||
            !ends_are_valid(t, n, n_operations))
            return nxc__error(err, NXC_ERR_FORMAT,
                              "path index: expected a valid node %u, got "
                              "something else",
                              i);
    }
    if (child != h->n_nodes || end != h->n_ends)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "path index: expected %u nodes and %u ends, got %u "
                          "and %u",
                          (unsigned)child, (unsigned)end, h->n_nodes,
                          h->n_ends);
    return NXC_OK;
}

static nxc_status check_bases(const tables *t, nxc_error *err) {
    const nxc__path_header *h = t->header;
    uint64_t segment = 0;
    bool ok = true;
    for (uint32_t i = 0; ok && i < h->n_bases; i++) {
        const nxc__path_base *b = &t->bases[i];
        ok = b->first_segment == segment && b->n_segments > 0 &&
             (b->node < h->n_nodes || b->node == NXC_NONE);
        segment += b->n_segments;
        ok = ok && segment <= h->n_base_segments;
    }
    for (uint32_t i = 0; ok && i < h->n_base_segments; i++)
        ok = nxc__range_fits(t->base_segments[i].text,
                             t->base_segments[i].text_len, 1, h->n_text);
    if (!ok || segment != h->n_base_segments)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "path index: expected valid base paths, got "
                          "something else");
    return NXC_OK;
}

nxc_status nxc__path_index_open(nxc__path_index *idx, const void *image,
                                size_t size, size_t n_operations,
                                nxc_error *err) {
    nxc__path_index made;
    memset(&made, 0, sizeof made);
    made.image = image;
    made.size = size;
    const nxc__path_header *h = image;
    if (size < sizeof *h || ((uintptr_t)image & 3) != 0)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "path index: expected at least %zu aligned bytes, "
                          "got %zu",
                          sizeof *h, size);
    if (h->magic != NXC_PATH_MAGIC || h->version != NXC_PATH_VERSION)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "path index: expected magic %08x version %u, got "
                          "%08x and %u",
                          NXC_PATH_MAGIC, NXC_PATH_VERSION, h->magic,
                          h->version);
    made.tables[NXC_PATH_HEADER] = h;
    if (h->size != size || h->n_nodes == 0 || h->reserved != 0 ||
        h->flags > (NXC_PATH_HAS_TAILS | NXC_PATH_HAS_SPANS) || !place(&made))
        return nxc__error(err, NXC_ERR_FORMAT,
                          "path index: expected tables of %u bytes, got %zu",
                          h->size, size);
    tables t = tables_of(&made);
    NXC_TRY(check_nodes(&t, n_operations, err));
    NXC_TRY(check_bases(&t, err));
    made.n_nodes = h->n_nodes;
    made.n_base_paths = h->n_bases;
    *idx = made;
    return NXC_OK;
}

/* ------------------------------------------------------------- matching */

/* A path being matched. */
typedef struct search {
    tables t;
    nxc_str segments[MAX_SEGMENTS + 1]; /* decoded; one more for a tail */
    const char *raw[MAX_SEGMENTS + 1];  /* where each begins in the path */
    const char *raw_end;                /* of the last segment */
    size_t n;                           /* segments, a tail included */
    size_t n_plain;                     /* segments without it */
    uint32_t method;
    uint32_t visits_left;
    bool spans; /* step 4 */
} search;

static uint32_t find_end(const tables *t, const nxc__path_node *node,
                         uint32_t method) {
    for (uint32_t k = 0; k < node->n_ends; k++)
        if (t->ends[node->first_end + k].method == method)
            return t->ends[node->first_end + k].operation;
    return NXC_NONE;
}

static uint32_t find_static(const tables *t, const nxc__path_node *node,
                            nxc_str segment) {
    uint32_t lo = node->first_child, hi = lo + node->n_static;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        int c = nxc__str_compare(node_text(t, mid), segment);
        if (c == 0) return mid;
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NXC_NONE;
}

static size_t find_piece(nxc_str s, nxc_str piece, size_t from) {
    for (; from + piece.len <= s.len; from++)
        if (!piece.len || memcmp(s.ptr + from, piece.ptr, piece.len) == 0)
            return from;
    return SIZE_MAX;
}

/* First piece at the start, last one at the end, the others leftmost, at least
 * one byte between two. */
static bool pattern_matches(nxc_str pattern, nxc_str s, bool is_tail) {
    nxc_str piece;
    const uint8_t *p = (const uint8_t *)pattern.ptr;
    size_t at = nxc__path_piece(p, &piece), pos = piece.len;
    if (!nxc__str_starts(s, piece) || (is_tail && !piece.len)) return false;
    for (;;) {
        at += nxc__path_piece(p + at, &piece);
        if (at == pattern.len)
            return s.len > pos && s.len - pos > piece.len &&
                   nxc__str_ends(s, piece);
        size_t found = find_piece(s, piece, pos + 1);
        if (found == SIZE_MAX) return false;
        pos = found + piece.len;
    }
}

static uint32_t walk(search *s, uint32_t number, size_t i);

static uint32_t walk_pattern(search *s, uint32_t number, size_t i) {
    nxc_str pattern = node_text(&s->t, number);
    const nxc__path_node *node = &s->t.nodes[number];
    if (pattern_matches(pattern, s->segments[i], i == s->n_plain)) {
        uint32_t found = walk(s, number, i + 1);
        if (found != NXC_NONE) return found;
    }
    nxc_str rest = {s->raw[i], (size_t)(s->raw_end - s->raw[i])};
    if (s->spans && (node->flags & NXC_PATH_NODE_SPAN) && i + 1 < s->n &&
        pattern_matches(pattern, rest, i == s->n_plain))
        return find_end(&s->t, node, s->method);
    return NXC_NONE;
}

static uint32_t walk_parameter(search *s, uint32_t number, size_t i) {
    bool spans = s->spans && (s->t.nodes[number].flags & NXC_PATH_NODE_SPAN);
    uint32_t found = walk(s, number, i + 1);
    for (size_t k = i + 2; spans && found == NXC_NONE && k <= s->n_plain; k++)
        found = walk(s, number, k);
    return found;
}

/* Match segments i... below a node. */
static uint32_t walk(search *s, uint32_t number, size_t i) {
    const nxc__path_node *node = &s->t.nodes[number];
    if (s->visits_left == 0) return NXC_NONE;
    s->visits_left--;
    if (i == s->n) return find_end(&s->t, node, s->method);
    uint32_t c = find_static(&s->t, node, s->segments[i]);
    if (c != NXC_NONE) {
        uint32_t found = walk(s, c, i + 1);
        if (found != NXC_NONE) return found;
    }
    c = node->first_child + node->n_static;
    for (uint32_t end = c + node->n_mixed; c < end; c++) {
        uint32_t found = walk_pattern(s, c, i);
        if (found != NXC_NONE) return found;
    }
    if ((node->flags & NXC_PATH_NODE_PARAM) && i < s->n_plain)
        return walk_parameter(s, c, i);
    return NXC_NONE;
}

static bool starts_with_base(const search *s, const nxc__path_base *b) {
    if (b->n_segments > s->n) return false;
    for (uint32_t k = 0; k < b->n_segments; k++) {
        const nxc__path_text *x = &s->t.base_segments[b->first_segment + k];
        nxc_str want = {(const char *)s->t.text + x->text, x->text_len};
        if (want.len && !nxc__str_eq(want, s->segments[k])) return false;
    }
    return true;
}

/* Steps 2 and 3. */
static uint32_t walk_bases(search *s) {
    uint32_t found = walk(s, 0, 0), n = s->t.header->n_bases;
    for (uint32_t k = 0; found == NXC_NONE && k < n; k++)
        if (starts_with_base(s, &s->t.bases[k]))
            found = walk(s, 0, s->t.bases[k].n_segments);
    for (uint32_t k = 0; found == NXC_NONE && k < n; k++)
        if (s->t.bases[k].node != NXC_NONE)
            found = walk(s, s->t.bases[k].node, 0);
    return found;
}

static uint32_t walk_all(search *s) {
    s->spans = false;
    uint32_t found = walk_bases(s);
    if (found == NXC_NONE && (s->t.header->flags & NXC_PATH_HAS_SPANS)) {
        s->spans = true;
        found = walk_bases(s);
    }
    return found;
}

/* The tail as one more segment: whole, then up to its first '&'. */
static uint32_t walk_tail(search *s, nxc_str tail) {
    size_t cut = nxc__str_find(tail, '&', 0);
    const char *raw_end = s->raw_end;
    uint32_t found = NXC_NONE;
    for (int i = 0; i < 2 && found == NXC_NONE; i++) {
        s->segments[s->n] = i ? nxc__str_slice(tail, 0, cut) : tail;
        s->raw[s->n] = tail.ptr;
        s->raw_end = tail.ptr + s->segments[s->n].len;
        s->n++;
        found = walk_all(s);
        s->n--;
        if (cut == tail.len) break;
    }
    s->raw_end = raw_end;
    return found;
}

/* A template may be given as a path: items{?page} is items. */
static nxc_str without_query_part(nxc_str s) {
    if (!nxc__str_ends(s, NXC_STR("}"))) return s;
    for (size_t i = 0; i + 1 < s.len; i++)
        if (s.ptr[i] == '{' && s.ptr[i + 1] != 0 && strchr("?&#", s.ptr[i + 1]))
            return nxc__str_slice(s, 0, i);
    return s;
}

uint32_t nxc__path_index_match(const nxc__path_index *idx, nxc_method method,
                               nxc_str path) {
    search s;
    char decoded[DECODE_BYTES];
    size_t n_decoded = 0;
    nxc_str segment;
    s.t = tables_of(idx);
    s.n = s.n_plain = 0;
    s.method = (uint32_t)method;
    s.visits_left = MAX_VISITS;
    s.raw_end = path.ptr;
    nxc__path_scan scan = nxc__path_scan_start(path);
    while (nxc__path_scan_next(&scan, &segment)) {
        if (s.n == MAX_SEGMENTS) return NXC_NONE;
        segment = without_query_part(segment);
        if (!segment.len) continue;
        s.raw[s.n] = segment.ptr;
        s.raw_end = segment.ptr + segment.len;
        if (segment.len <= sizeof decoded - n_decoded) {
            nxc_str d = nxc__path_decode(segment, decoded + n_decoded);
            if (d.ptr != segment.ptr) n_decoded += d.len;
            segment = d;
        }
        s.segments[s.n++] = segment;
    }
    s.n_plain = s.n;
    nxc_str tail = nxc__path_scan_tail(&scan);
    uint32_t found = NXC_NONE;
    if (tail.len && (s.t.header->flags & NXC_PATH_HAS_TAILS))
        found = walk_tail(&s, tail);
    return found != NXC_NONE ? found : walk_all(&s);
}
