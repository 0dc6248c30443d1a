/*
 * Nodes of a YAML document -> JSON text (yaml.c has the rules and a picture).
 *
 * Interface: nxc__yaml_write_json, once per document.
 *
 * One walk in text order. Before each node, newlines are written until the
 * output is on the node's line; what an alias brings in has smaller lines and
 * stays on the current one. A merge key is replaced by the pairs it brings in,
 * where it stands; a set of the mapping's keys keeps out those that are already
 * there. The walk recurses as deep as the output nests, aliases and merges
 * included, and that depth is limited; so is the number of keys and values it
 * visits, written or kept out.
 *
 * Threading: none. Cost: linear in the output plus the pairs kept out.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strmap.h"
#include "base/yaml_node.h"

/* A number this long before its point is left a string: 1e308 may overflow. */
#define MAX_MAGNITUDE 308

/* -------------------------------------------------------------- scalars */

static bool is_one_of(nxc_str s, const char *const words[3]) {
    for (int i = 0; i < 3; i++)
        if (nxc__str_eq(s, nxc__str(words[i]))) return true;
    return false;
}
static bool is_null(nxc_str s) {
    static const char *const words[] = {"null", "Null", "NULL"};
    return s.len == 0 || nxc__str_eq(s, NXC_STR("~")) || is_one_of(s, words);
}
static bool is_true(nxc_str s) {
    static const char *const words[] = {"true", "True", "TRUE"};
    return is_one_of(s, words);
}
static bool is_false(nxc_str s) {
    static const char *const words[] = {"false", "False", "FALSE"};
    return is_one_of(s, words);
}
static bool is_inf_or_nan(nxc_str s) {
    static const char *const inf[] = {".inf", ".Inf", ".INF"};
    static const char *const nan[] = {".nan", ".NaN", ".NAN"};
    if (is_one_of(s, nan)) return true;
    if (s.len && (s.ptr[0] == '-' || s.ptr[0] == '+'))
        s = nxc__str_slice(s, 1, s.len);
    return is_one_of(s, inf);
}

static int digit_of(char c) {
    if (nxc__is_digit(c)) return c - '0';
    c = nxc__lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}
/* 0o17, 0x1F. *fits: the value is in 64 bits, and *value is it. */
static bool read_radix(nxc_str s, uint64_t *value, bool *fits) {
    if (s.len < 3 || s.ptr[0] != '0' || (s.ptr[1] != 'o' && s.ptr[1] != 'x'))
        return false;
    uint64_t base = s.ptr[1] == 'o' ? 8 : 16, v = 0;
    *fits = true;
    for (size_t i = 2; i < s.len; i++) {
        uint64_t d = (uint64_t)digit_of(s.ptr[i]);
        if (d >= base) return false;
        if (v > UINT64_MAX / base) *fits = false;
        v = v * base + d;
    }
    *value = v;
    return true;
}

/* The parts of [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
typedef struct decimal {
    bool is_negative, has_point, has_exponent;
    nxc_str integer, fraction, exponent; /* leading zeros of integer cut */
} decimal;

static nxc_str take_digits(nxc_str s, size_t *i) {
    size_t start = *i;
    while (*i < s.len && nxc__is_digit(s.ptr[*i]))
        ++*i;
    return nxc__str_slice(s, start, *i);
}
static bool take_sign(nxc_str s, size_t *i) {
    bool is_sign = *i < s.len && (s.ptr[*i] == '-' || s.ptr[*i] == '+');
    return is_sign && s.ptr[(*i)++] == '-';
}
static bool read_decimal(nxc_str s, decimal *d) {
    size_t i = 0;
    memset(d, 0, sizeof *d);
    d->is_negative = take_sign(s, &i);
    d->integer = take_digits(s, &i);
    bool has_integer = d->integer.len > 0;
    if (i < s.len && s.ptr[i] == '.') {
        i++;
        d->has_point = true;
        d->fraction = take_digits(s, &i);
    }
    if (!has_integer && !d->fraction.len) return false;
    if (i < s.len && (s.ptr[i] == 'e' || s.ptr[i] == 'E')) {
        size_t from = ++i;
        d->has_exponent = true;
        take_sign(s, &i);
        if (!take_digits(s, &i).len) return false;
        d->exponent = nxc__str_slice(s, from, i);
    }
    while (d->integer.len && d->integer.ptr[0] == '0')
        d->integer = nxc__str_slice(d->integer, 1, d->integer.len);
    return i == s.len;
}

/* An upper bound of log10, cut at what does not matter. */
static size_t magnitude(const decimal *d) {
    size_t e = 0, i = 0;
    if (d->exponent.len && d->exponent.ptr[0] == '-') return d->integer.len;
    for (take_sign(d->exponent, &i); i < d->exponent.len && e < 10000; i++)
        e = e * 10 + (size_t)(d->exponent.ptr[i] - '0');
    return d->integer.len + e;
}

static void write_decimal(nxc__buffer *out, const decimal *d) {
    if (d->is_negative) nxc__buffer_append_char(out, '-');
    nxc__buffer_append_str(out, d->integer.len ? d->integer : NXC_STR("0"));
    if (d->has_point) {
        nxc__buffer_append_char(out, '.');
        nxc__buffer_append_str(out,
                               d->fraction.len ? d->fraction : NXC_STR("0"));
    }
    if (d->has_exponent) {
        nxc__buffer_append_char(out, 'e');
        nxc__buffer_append_str(out, d->exponent);
    }
}

/* A number, if the text is one of the kinds asked for. */
static bool write_number(nxc__buffer *out, nxc_str s, bool may_be_int,
                         bool may_be_float) {
    uint64_t v;
    bool fits;
    decimal d;
    if (may_be_int && read_radix(s, &v, &fits)) {
        if (fits)
            nxc__buffer_printf(out, "%llu", (unsigned long long)v);
        else
            nxc__buffer_append_json(out, s);
        return true;
    }
    if (may_be_float && is_inf_or_nan(s)) {
        nxc__buffer_append_json(out, s);
        return true;
    }
    if (!read_decimal(s, &d)) return false;
    bool is_int = !d.has_point && !d.has_exponent;
    if (is_int ? !may_be_int && !may_be_float : !may_be_float) return false;
    if (magnitude(&d) > MAX_MAGNITUDE)
        nxc__buffer_append_json(out, s);
    else
        write_decimal(out, &d);
    return true;
}

static bool write_word(nxc__buffer *out, nxc_str s, bool null, bool boolean) {
    const char *word = null && is_null(s)       ? "null"
                       : boolean && is_true(s)  ? "true"
                       : boolean && is_false(s) ? "false"
                                                : NULL;
    if (word) nxc__buffer_append_z(out, word);
    return word != NULL;
}

bool nxc__yaml_write_scalar(nxc__buffer *out, nxc_str s, nxc__yaml_tag tag) {
    switch (tag) {
    case NXC_YAML_INT:
        return write_number(out, s, true, false);
    case NXC_YAML_FLOAT:
        return write_number(out, s, false, true);
    case NXC_YAML_BOOL:
        return write_word(out, s, false, true);
    case NXC_YAML_NULL:
        return write_word(out, s, true, false);
    case NXC_YAML_PLAIN:
        if (write_word(out, s, true, true) || write_number(out, s, true, true))
            return true;
        break;
    case NXC_YAML_STR:
        break;
    }
    nxc__buffer_append_json(out, s);
    return true;
}

/* -------------------------------------------------------------- walking */

typedef struct writer {
    nxc_str name;
    const nxc__yaml_node *nodes;
    const nxc_allocator *alloc;
    nxc__buffer *out;
    size_t line;  /* of the output */
    size_t depth; /* of collections and merges */
    size_t values;
    nxc__yaml_budget budget;
    nxc_error *err;
} writer;

static nxc_status fail(const writer *w, nxc_status code, const char *expected,
                       const char *got) {
    return nxc__error(w->err, code, "%.*s:%zu: expected %s, got %s",
                      NXC_STR_ARG(w->name), w->line, expected, got);
}
static nxc_status fail_limit(const writer *w, size_t max, const char *of) {
    return nxc__error(w->err, NXC_ERR_LIMIT,
                      "%.*s:%zu: expected at most %zu %s, got more",
                      NXC_STR_ARG(w->name), w->line, max, of);
}

/* The node itself, or what it is an alias of; moves the output to its line. */
static uint32_t arrive(writer *w, uint32_t i) {
    for (; w->line < w->nodes[i].line && w->out->status == NXC_OK; w->line++)
        nxc__buffer_append_char(w->out, '\n');
    return w->nodes[i].kind == NXC_YAML_ALIAS ? w->nodes[i].target : i;
}
static nxc_str text_of(const writer *w, uint32_t i) {
    if (w->nodes[i].kind == NXC_YAML_ALIAS) i = w->nodes[i].target;
    return (nxc_str){w->nodes[i].text, w->nodes[i].len};
}

static nxc_status spend(writer *w, size_t values) {
    if (w->budget.values - w->values < values)
        return fail_limit(w, w->budget.values, "values with aliases expanded");
    w->values += values;
    if (w->out->status == NXC_ERR_NOMEM)
        return nxc__error_nomem(w->err, w->out->cap);
    if (w->out->status != NXC_OK)
        return fail_limit(w, w->out->max, "bytes with aliases expanded");
    return NXC_OK;
}

static nxc_status write_value(writer *w, uint32_t i);

/* One pair with its comma; comma says whether one is due before the next. */
static nxc_status write_pair(writer *w, uint32_t key, uint32_t value,
                             bool *comma) {
    if (*comma) nxc__buffer_append_char(w->out, ',');
    *comma = true;
    arrive(w, key);
    nxc__buffer_append_json(w->out, text_of(w, key));
    nxc__buffer_append_char(w->out, ':');
    return write_value(w, value);
}

static nxc_status merge(writer *w, uint32_t source, nxc__strmap *keys,
                        bool *comma);

/* A pair of a mapping that is merged, unless its key is there already. */
static nxc_status merge_pair(writer *w, uint32_t key, nxc__strmap *keys,
                             bool *comma) {
    size_t n = keys->n;
    NXC_TRY(nxc__strmap_add(keys, text_of(w, key), 0, NULL, w->err));
    return keys->n > n ? write_pair(w, key, key + 1, comma) : NXC_OK;
}

/* The pairs of one mapping that is merged: its own, then what it merges. */
static nxc_status merge_mapping(writer *w, uint32_t map, nxc__strmap *keys,
                                bool *comma) {
    uint32_t end = w->nodes[map].end;
    for (uint32_t k = map + 1; k < end; k = w->nodes[k + 1].end) {
        NXC_TRY(spend(w, 1));
        if (w->nodes[k].is_merge) continue;
        NXC_TRY(merge_pair(w, k, keys, comma));
    }
    if (!w->nodes[map].has_merge) return NXC_OK;
    for (uint32_t k = map + 1; k < end; k = w->nodes[k + 1].end) {
        NXC_TRY(spend(w, 1));
        if (!w->nodes[k].is_merge) continue;
        NXC_TRY(merge(w, k + 1, keys, comma));
    }
    return NXC_OK;
}

/* The value of a merge key: a mapping or a sequence of mappings. */
static nxc_status merge(writer *w, uint32_t source, nxc__strmap *keys,
                        bool *comma) {
    uint32_t i = arrive(w, source);
    if (w->depth == w->budget.depth)
        return fail_limit(w, w->budget.depth, "levels of nesting");
    w->depth++;
    if (w->nodes[i].kind == NXC_YAML_MAPPING) {
        NXC_TRY(merge_mapping(w, i, keys, comma));
    } else {
        bool ok = w->nodes[i].kind == NXC_YAML_SEQUENCE;
        for (uint32_t k = i + 1; ok && k < w->nodes[i].end;
             k = w->nodes[k].end) {
            NXC_TRY(spend(w, 1));
            uint32_t map = arrive(w, k);
            ok = w->nodes[map].kind == NXC_YAML_MAPPING;
            if (ok) NXC_TRY(merge_mapping(w, map, keys, comma));
        }
        if (!ok)
            return fail(w, NXC_ERR_PARSE,
                        "a mapping or a sequence of mappings to merge",
                        "something else");
    }
    w->depth--;
    return NXC_OK;
}

static nxc_status write_merged(writer *w, uint32_t map, nxc__strmap *keys) {
    bool comma = false;
    uint32_t end = w->nodes[map].end;
    for (uint32_t k = map + 1; k < end; k = w->nodes[k + 1].end)
        if (!w->nodes[k].is_merge)
            NXC_TRY(nxc__strmap_add(keys, text_of(w, k), 0, NULL, w->err));
    for (uint32_t k = map + 1; k < end; k = w->nodes[k + 1].end) {
        NXC_TRY(spend(w, 1));
        NXC_TRY(w->nodes[k].is_merge ? merge(w, k + 1, keys, &comma)
                                     : write_pair(w, k, k + 1, &comma));
    }
    return NXC_OK;
}

static nxc_status write_mapping(writer *w, uint32_t map) {
    if (w->nodes[map].has_merge) {
        nxc__strmap keys;
        nxc__strmap_init(&keys, w->alloc);
        nxc_status st = write_merged(w, map, &keys);
        nxc__strmap_release(&keys);
        return st;
    }
    bool comma = false;
    for (uint32_t k = map + 1; k < w->nodes[map].end; k = w->nodes[k + 1].end) {
        NXC_TRY(spend(w, 1));
        NXC_TRY(write_pair(w, k, k + 1, &comma));
    }
    return NXC_OK;
}

static nxc_status write_sequence(writer *w, uint32_t seq) {
    for (uint32_t k = seq + 1; k < w->nodes[seq].end; k = w->nodes[k].end) {
        if (k > seq + 1) nxc__buffer_append_char(w->out, ',');
        NXC_TRY(write_value(w, k));
    }
    return NXC_OK;
}

static nxc_status write_value(writer *w, uint32_t i) {
    NXC_TRY(spend(w, 1));
    i = arrive(w, i);
    const nxc__yaml_node *n = &w->nodes[i];
    if (n->kind == NXC_YAML_SCALAR) {
        static const char *const names[] = {"a plain scalar",    "!!str text",
                                            "!!int digits",      "!!float text",
                                            "!!bool true/false", "!!null null"};
        if (nxc__yaml_write_scalar(w->out, text_of(w, i),
                                   (nxc__yaml_tag)n->tag))
            return NXC_OK;
        return nxc__error(w->err, NXC_ERR_PARSE,
                          "%.*s:%zu: expected %s, got \"%.*s\"",
                          NXC_STR_ARG(w->name), w->line, names[n->tag],
                          NXC_STR_ARG(text_of(w, i)));
    }
    if (w->depth == w->budget.depth)
        return fail_limit(w, w->budget.depth, "levels of nesting");
    w->depth++;
    bool is_mapping = n->kind == NXC_YAML_MAPPING;
    nxc__buffer_append_char(w->out, is_mapping ? '{' : '[');
    NXC_TRY(is_mapping ? write_mapping(w, i) : write_sequence(w, i));
    nxc__buffer_append_char(w->out, is_mapping ? '}' : ']');
    w->depth--;
    return NXC_OK;
}

nxc_status nxc__yaml_write_json(nxc_str name, const nxc__yaml_node *nodes,
                                nxc__yaml_budget budget,
                                const nxc_allocator *alloc, nxc__buffer *out,
                                nxc_error *err) {
    writer w = {name, nodes, alloc, out, 1, 0, 0, budget, err};
    return write_value(&w, 0);
}
