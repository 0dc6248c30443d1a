/*
 * YAML as a tree of JSON values.
 *
 * Interface: nxc__yaml_parse (json.h). Inside, in this order:
 *
 *     YAML text --libyaml events--> nodes (yaml_node.h)     this file
 *               --aliases, merges--> JSON text              yaml_json.c
 *               --nxc__json_adopt--> document               json.c
 *
 * The JSON text has each value on the line of the YAML value, so that json.c,
 * which finds the line of an error by walking its text, names YAML lines:
 *
 *     1  a: &x            1  {"a":
 *     2    b: |           2  {"b":"one\ntwo\n"
 *     3      one          3
 *     4      two          4
 *     5  c: *x            5  },"c":{"b":"one\ntwo\n"}}
 *
 * (What an alias or a merge key brings in stands on the line of that alias.)
 *
 * What is understood: one document of YAML 1.1 or 1.2 with the 1.2 core schema.
 * a) Plain scalars: null ~ and nothing; true, false; decimal, 0o and 0x
 *    integers, floats. yes, no, on, off, 1_000, 1:30, dates and times are
 *    strings. JSON has no infinity, so .inf and .nan are strings, as are
 *    numbers of 1e308 and more and 0o/0x integers over 64 bits.
 * b) Quoted and block scalars are strings. !!str !!int !!float !!bool !!null
 *    decide where they stand; a text that does not fit is an error; any other
 *    tag is ignored.
 * c) Anchors and aliases; an alias inside its own anchor is refused. Merge
 *    keys: explicit keys win, then sources earlier in the list, then what a
 *    source merges itself.
 * d) Keys are text: 1: and true: are "1" and "true". A collection as a key is
 *    refused. A duplicate key stays; the last one is what nxc__json_get finds.
 * e) An empty stream is null. A second document is refused.
 * f) UTF-8 only; malformed bytes are refused with their line.
 *
 * Limits: text bytes, depth and values as given; an event that goes deeper ends
 * the parse at once, since libyaml 0.2.5 has no limit of its own and is
 * quadratic in nesting. Aliases: all values together at most
 * EXPANSION_FACTOR times the nodes written plus EXPANSION_FREE, the JSON text
 * likewise in bytes, so that a small bomb is refused after a small effort.
 *
 * Only the event interface of libyaml is used: its document loader resolves
 * aliases into a graph that cannot be bounded. libyaml allocates with the C
 * library's functions; everything here with the given allocator.
 *
 * Threading: none shared. Cost: libyaml's scanner, then linear.
 */
#include <string.h>
#include <yaml.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "base/strmap.h"
#include "base/yaml_node.h"

#define MAX_DEPTH 1024 /* as in json.c */
#define EXPANSION_FACTOR 10
#define EXPANSION_FREE 100000 /* values */
#define BYTES_FACTOR 4
#define BYTES_FREE ((size_t)4 << 20)

/* A collection that is being read. */
typedef struct open_node {
    uint32_t node, n_children;
} open_node;

typedef struct reader {
    yaml_parser_t yaml;
    nxc_str name, text;
    size_t n_lines; /* of text */
    const nxc__json_limits *limits;
    nxc__arena arena;      /* texts of scalars, names of anchors */
    nxc__buffer nodes;     /* of nxc__yaml_node */
    nxc__buffer anchors;   /* of uint32_t: node */
    nxc__strmap anchor_of; /* name -> index in anchors */
    open_node *open;       /* (max_depth) */
    size_t depth, max_depth;
    nxc_error *err;
} reader;

static nxc__yaml_node *node_at(const reader *r, size_t i) {
    return (nxc__yaml_node *)(void *)r->nodes.data + i;
}
static size_t n_nodes(const reader *r) {
    return r->nodes.len / sizeof(nxc__yaml_node);
}

/* ------------------------------------------------------- lines, errors */

/* Lines as libyaml counts them: LF, CR, CR LF, and YAML 1.1's NEL, LS, PS. */
static size_t count_lines(nxc_str t) {
    size_t n = 1;
    for (size_t i = 0; i < t.len; i++) {
        nxc_str rest = nxc__str_slice(t, i, t.len);
        n += t.ptr[i] == '\n' ||
             (t.ptr[i] == '\r' && (rest.len < 2 || rest.ptr[1] != '\n')) ||
             nxc__str_starts(rest, NXC_STR("\xC2\x85")) ||
             nxc__str_starts(rest, NXC_STR("\xE2\x80\xA8")) ||
             nxc__str_starts(rest, NXC_STR("\xE2\x80\xA9"));
    }
    return n;
}
/* libyaml ends a last line that has no break, and may then point past it. */
static size_t line_of(const reader *r, yaml_mark_t mark) {
    return mark.line < r->n_lines ? mark.line + 1 : r->n_lines;
}

static nxc_status fail_at(const reader *r, size_t line, nxc_status code,
                          const char *expected, const char *got) {
    return nxc__error(r->err, code, "%.*s:%zu: expected %s, got %s",
                      NXC_STR_ARG(r->name), line, expected, got);
}
static nxc_status fail(const reader *r, const yaml_event_t *e, nxc_status code,
                       const char *expected, const char *got) {
    return fail_at(r, line_of(r, e->start_mark), code, expected, got);
}
static nxc_status fail_nomem(const reader *r) {
    return nxc__error_nomem(r->err, r->text.len);
}

/* What libyaml says, with its line. The reader's errors have a byte only. */
static nxc_status fail_yaml(const reader *r) {
    const yaml_parser_t *p = &r->yaml;
    const char *problem = p->problem ? p->problem : "malformed text";
    size_t line = line_of(r, p->problem_mark);
    if (p->error == YAML_MEMORY_ERROR) return fail_nomem(r);
    if (p->error == YAML_READER_ERROR) {
        line = 1;
        for (size_t i = 0; i < p->problem_offset && i < r->text.len; i++)
            line += r->text.ptr[i] == '\n';
        return nxc__error(r->err, NXC_ERR_PARSE,
                          "%.*s:%zu: expected YAML in UTF-8, got %s at byte "
                          "%zu",
                          NXC_STR_ARG(r->name), line, problem,
                          p->problem_offset);
    }
    if (!p->context) return fail_at(r, line, NXC_ERR_PARSE, "YAML", problem);
    return nxc__error(r->err, NXC_ERR_PARSE,
                      "%.*s:%zu: expected YAML, got: %s, %s from line %zu",
                      NXC_STR_ARG(r->name), line, problem, p->context,
                      line_of(r, p->context_mark));
}

/* ---------------------------------------------------------------- nodes */

static nxc_str view(const yaml_char_t *z) { return nxc__str((const char *)z); }

/* Append a node as the next child of the innermost open collection. */
static nxc_status add_node(reader *r, const yaml_event_t *e,
                           nxc__yaml_node *made) {
    open_node *parent = r->depth ? &r->open[r->depth - 1] : NULL;
    nxc__yaml_node *in = parent ? node_at(r, parent->node) : NULL;
    bool is_key =
        in && in->kind == NXC_YAML_MAPPING && parent->n_children % 2 == 0;
    uint8_t kind = made->kind == NXC_YAML_ALIAS ? node_at(r, made->target)->kind
                                                : made->kind;
    if (is_key && kind != NXC_YAML_SCALAR)
        return fail(r, e, NXC_ERR_UNSUPPORTED, "a scalar as a key",
                    kind == NXC_YAML_MAPPING ? "a mapping" : "a sequence");
    made->is_merge = is_key && made->is_merge;
    if (made->is_merge) in->has_merge = true;
    if (n_nodes(r) >= r->limits->max_values || n_nodes(r) >= UINT32_MAX - 1)
        return nxc__error(r->err, NXC_ERR_LIMIT,
                          "%.*s:%zu: expected at most %zu values, got more",
                          NXC_STR_ARG(r->name), line_of(r, e->start_mark),
                          r->limits->max_values);
    if (parent) parent->n_children++;
    made->line = (uint32_t)line_of(r, e->start_mark);
    nxc__buffer_append(&r->nodes, made, sizeof *made);
    return r->nodes.status == NXC_OK ? NXC_OK : fail_nomem(r);
}

/* The node added last is the anchor's from now on. */
static nxc_status add_anchor(reader *r, const yaml_char_t *anchor) {
    if (!anchor) return NXC_OK;
    uint32_t node = (uint32_t)(n_nodes(r) - 1);
    uint32_t next = (uint32_t)(r->anchors.len / sizeof node);
    uint32_t slot = nxc__strmap_find(&r->anchor_of, view(anchor));
    if (slot != NXC_NONE) {
        memcpy(r->anchors.data + slot * sizeof node, &node, sizeof node);
        return NXC_OK;
    }
    nxc_str name = nxc__arena_copy(&r->arena, view(anchor));
    nxc__buffer_append(&r->anchors, &node, sizeof node);
    if (!name.ptr || r->anchors.status != NXC_OK) return fail_nomem(r);
    return nxc__strmap_add(&r->anchor_of, name, next, NULL, r->err);
}

static nxc__yaml_tag tag_of(const yaml_event_t *e) {
    static const char prefix[] = "tag:yaml.org,2002:";
    static const struct {
        const char *name;
        nxc__yaml_tag tag;
    } tags[] = {{"str", NXC_YAML_STR},
                {"int", NXC_YAML_INT},
                {"float", NXC_YAML_FLOAT},
                {"bool", NXC_YAML_BOOL},
                {"null", NXC_YAML_NULL}};
    nxc__yaml_tag by_style = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE
                                 ? NXC_YAML_PLAIN
                                 : NXC_YAML_STR;
    if (!e->data.scalar.tag) return by_style;
    nxc_str tag = view(e->data.scalar.tag);
    if (nxc__str_eq(tag, NXC_STR("!"))) return NXC_YAML_STR;
    if (!nxc__str_starts(tag, nxc__str(prefix))) return by_style;
    tag = nxc__str_slice(tag, sizeof prefix - 1, tag.len);
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (nxc__str_eq(tag, nxc__str(tags[i].name))) return tags[i].tag;
    return by_style;
}

static nxc_status read_scalar(reader *r, const yaml_event_t *e) {
    nxc_str text = {(const char *)e->data.scalar.value, e->data.scalar.length};
    nxc_str copy = nxc__arena_copy(&r->arena, text);
    nxc__yaml_node n;
    if (!copy.ptr) return fail_nomem(r);
    memset(&n, 0, sizeof n);
    n.kind = NXC_YAML_SCALAR;
    n.tag = (uint8_t)tag_of(e);
    n.text = copy.ptr;
    n.len = (uint32_t)copy.len;
    n.end = (uint32_t)n_nodes(r) + 1;
    n.is_merge = n.tag == NXC_YAML_PLAIN && nxc__str_eq(text, NXC_STR("<<"));
    NXC_TRY(add_node(r, e, &n));
    return add_anchor(r, e->data.scalar.anchor);
}

static nxc_status read_alias(reader *r, const yaml_event_t *e) {
    nxc__yaml_node n;
    nxc_str name = view(e->data.alias.anchor);
    uint32_t slot = nxc__strmap_find(&r->anchor_of, name);
    memset(&n, 0, sizeof n);
    if (slot != NXC_NONE)
        memcpy(&n.target, r->anchors.data + slot * sizeof n.target,
               sizeof n.target);
    if (slot == NXC_NONE || node_at(r, n.target)->end == 0)
        return nxc__error(r->err, NXC_ERR_PARSE,
                          "%.*s:%zu: expected an alias of a node above, got "
                          "*%.*s%s",
                          NXC_STR_ARG(r->name), line_of(r, e->start_mark),
                          NXC_STR_ARG(name),
                          slot == NXC_NONE ? "" : " inside itself");
    n.kind = NXC_YAML_ALIAS;
    n.end = (uint32_t)n_nodes(r) + 1;
    return add_node(r, e, &n);
}

static nxc_status read_start(reader *r, const yaml_event_t *e) {
    nxc__yaml_node n;
    bool is_mapping = e->type == YAML_MAPPING_START_EVENT;
    if (r->depth == r->max_depth)
        return nxc__error(r->err, NXC_ERR_LIMIT,
                          "%.*s:%zu: expected at most %zu levels of nesting, "
                          "got more",
                          NXC_STR_ARG(r->name), line_of(r, e->start_mark),
                          r->max_depth);
    memset(&n, 0, sizeof n);
    n.kind = is_mapping ? NXC_YAML_MAPPING : NXC_YAML_SEQUENCE;
    NXC_TRY(add_node(r, e, &n));
    r->open[r->depth++] = (open_node){(uint32_t)n_nodes(r) - 1, 0};
    return add_anchor(r, is_mapping ? e->data.mapping_start.anchor
                                    : e->data.sequence_start.anchor);
}

static nxc_status read_event(reader *r, const yaml_event_t *e) {
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(r, e);
    case YAML_ALIAS_EVENT:
        return read_alias(r, e);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return read_start(r, e);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        r->depth--;
        node_at(r, r->open[r->depth].node)->end = (uint32_t)n_nodes(r);
        return NXC_OK;
    case YAML_DOCUMENT_START_EVENT:
        if (n_nodes(r))
            return fail(r, e, NXC_ERR_UNSUPPORTED, "one document",
                        "a second one");
        return NXC_OK;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return NXC_OK;
}

static nxc_status read_events(reader *r) {
    for (bool more = true; more;) {
        yaml_event_t e;
        if (!yaml_parser_parse(&r->yaml, &e)) return fail_yaml(r);
        more = e.type != YAML_STREAM_END_EVENT;
        nxc_status st = read_event(r, &e);
        yaml_event_delete(&e);
        NXC_TRY(st);
    }
    return NXC_OK;
}

/* ------------------------------------------------------------------ all */

/* n * factor + free, at most max. */
static size_t allowance(size_t n, size_t factor, size_t free, size_t max) {
    size_t v;
    if (!nxc__mul(n, factor, &v) || !nxc__add(v, free, &v)) return max;
    return v < max ? v : max;
}

static nxc_status init(reader *r) {
    const nxc_allocator *alloc = r->arena.alloc;
    if (r->text.len > r->limits->max_bytes || r->text.len > UINT32_MAX)
        return nxc__error(
            r->err, NXC_ERR_LIMIT, "%.*s: expected at most %zu bytes, got %zu",
            NXC_STR_ARG(r->name), r->limits->max_bytes, r->text.len);
    r->n_lines = count_lines(r->text);
    r->max_depth =
        r->limits->max_depth < MAX_DEPTH ? r->limits->max_depth : MAX_DEPTH;
    r->open = nxc__arena_alloc_array(&r->arena, r->max_depth, sizeof *r->open);
    nxc__buffer_init(&r->nodes, alloc, SIZE_MAX / 2);
    nxc__buffer_init(&r->anchors, alloc, SIZE_MAX / 2);
    nxc__strmap_init(&r->anchor_of, alloc);
    if (!r->open || !yaml_parser_initialize(&r->yaml)) return fail_nomem(r);
    yaml_parser_set_encoding(&r->yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(
        &r->yaml, (const unsigned char *)(r->text.ptr ? r->text.ptr : ""),
        r->text.len);
    return NXC_OK;
}

static void release(reader *r) {
    yaml_parser_delete(&r->yaml);
    nxc__strmap_release(&r->anchor_of);
    nxc__buffer_release(&r->anchors);
    nxc__buffer_release(&r->nodes);
    nxc__arena_release(&r->arena);
}

static nxc_status to_json(reader *r, nxc__buffer *out) {
    nxc__yaml_budget budget = {allowance(n_nodes(r), EXPANSION_FACTOR,
                                         EXPANSION_FREE, r->limits->max_values),
                               r->max_depth};
    nxc__buffer_init(
        out, r->arena.alloc,
        allowance(r->text.len, BYTES_FACTOR, BYTES_FREE, SIZE_MAX / 2));
    if (n_nodes(r) == 0)
        nxc__buffer_append_z(out, "null");
    else
        NXC_TRY(nxc__yaml_write_json(r->name, node_at(r, 0), budget,
                                     r->arena.alloc, out, r->err));
    if (out->status == NXC_ERR_LIMIT)
        return nxc__error(r->err, NXC_ERR_LIMIT,
                          "%.*s: expected aliases that expand to at most %zu "
                          "bytes, got more",
                          NXC_STR_ARG(r->name), out->max);
    return out->status == NXC_OK ? NXC_OK : fail_nomem(r);
}

nxc_status nxc__yaml_parse(nxc_str name, nxc_str text,
                           const nxc__json_limits *limits,
                           const nxc_allocator *alloc, nxc__json_doc **out,
                           nxc_error *err) {
    reader r;
    nxc__buffer json;
    memset(&r, 0, sizeof r);
    memset(&json, 0, sizeof json);
    alloc = nxc__allocator_or_default(alloc);
    r.name = name;
    r.text = nxc__str_starts(text, NXC_STR("\xEF\xBB\xBF"))
                 ? nxc__str_slice(text, 3, text.len)
                 : text;
    r.limits = limits ? limits : &nxc__json_limits_default;
    r.err = err;
    json.alloc = alloc;
    nxc__arena_init(&r.arena, alloc, SIZE_MAX);
    nxc_status st = init(&r);
    if (st == NXC_OK) st = read_events(&r);
    if (st == NXC_OK) st = to_json(&r, &json);
    release(&r);
    if (st == NXC_OK)
        st = nxc__json_adopt(name, json.data, json.len, json.cap, limits, alloc,
                             out, err);
    if (st != NXC_OK) nxc__buffer_release(&json);
    return st;
}
