/*
 * Options: one table (config.def), values by name, and where each came from.
 *
 *     nxc_config_new -> (nxc_config_load | set | set_from)* -> use, copy
 *
 * A later assignment goes before an earlier one; whoever reads file,
 * environment and command line in this order has the usual precedence. A value
 * that was assigned is one heap block: its text, a NUL, its origin, a NUL. A
 * value that was not has none and is the table's default, so that a new
 * configuration costs one allocation. Threading: a configuration is not changed
 * after it was given to an engine, which keeps a copy.
 */
#include "base/config.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "base/str.h"

static const char *const type_names[] = {"integer", "number", "boolean", "text",
                                         "list"};

static const struct {
    const char *name;
    nxc__option_type type;
    const char *def;
    double min, max;
    const char *doc;
} table[NXC_N_OPTIONS] = {
#define NXC_OPTION(name, type, def, min, max, doc) \
    {#name, NXC_TYPE_##type, def, min, max, doc},
#include "base/config.def"
#undef NXC_OPTION
};

typedef struct value {
    double number; /* of a list: its bits */
    char *block;   /* NULL: the default */
    size_t text_len, origin_len;
} value;
struct nxc_config {
    const nxc_allocator *alloc;
    value values[NXC_N_OPTIONS];
};

bool nxc_config_describe(size_t i, nxc_config_option *out) {
    if (i >= NXC_N_OPTIONS) return false;
    *out = (nxc_config_option){.name = table[i].name,
                               .type = type_names[table[i].type],
                               .default_value = table[i].def,
                               .doc = table[i].doc,
                               .min = table[i].min,
                               .max = table[i].max};
    return true;
}

nxc__option_type nxc__config_type(nxc__option o) { return table[o].type; }

void nxc__config_expected(nxc__option o, char *buf, size_t cap) {
    switch (table[o].type) {
    case NXC_TYPE_INT:
    case NXC_TYPE_REAL:
        snprintf(buf, cap, "%s from %.10g to %.10g",
                 table[o].type == NXC_TYPE_INT ? "an integer" : "a number",
                 table[o].min, table[o].max);
        return;
    case NXC_TYPE_BOOL:
        snprintf(buf, cap, "true or false");
        return;
    case NXC_TYPE_TEXT:
        snprintf(buf, cap, "a text of at most %d bytes", NXC_CONFIG_TEXT_MAX);
        return;
    case NXC_TYPE_LIST:
        snprintf(buf, cap, "a list of names");
        return;
    }
}

/* ------------------------------------------------------------------- names */

#define NAME_MAX 64
/* Levenshtein distance of short ASCII names, in one row on the stack. */
static size_t edit_distance(nxc_str a, nxc_str b) {
    size_t row[NAME_MAX + 1];
    if (a.len > NAME_MAX || b.len > NAME_MAX) return SIZE_MAX;
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t change = diagonal + (nxc__lower(a.ptr[i - 1]) !=
                                        nxc__lower(b.ptr[j - 1]));
            diagonal = row[j];
            size_t best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            row[j] = change < best ? change : best;
        }
    }
    return row[b.len];
}

size_t nxc__nearest_name(nxc_str name, const char *const *names, size_t n) {
    size_t best = 0, best_distance = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        size_t d = edit_distance(name, nxc__str(names[i]));
        if (d < best_distance) {
            best_distance = d;
            best = i;
        }
    }
    return best;
}

/* ------------------------------------------------------- text to a number */

static bool parse_bool(nxc_str s, double *out) {
    static const char *const on[] = {"true", "yes", "on", "1"};
    static const char *const off[] = {"false", "no", "off", "0"};
    for (size_t i = 0; i < 4; i++) {
        if (nxc__str_ieq(s, nxc__str(on[i]))) {
            *out = 1;
            return true;
        }
        if (nxc__str_ieq(s, nxc__str(off[i]))) {
            *out = 0;
            return true;
        }
    }
    return false;
}

/* The next part of a list without the spaces around it; false at the end. */
static bool next_part(nxc_str s, size_t *at, nxc_str *out) {
    if (*at > s.len) return false;
    size_t end = nxc__str_find(s, ',', *at);
    *out = nxc__str_trim(nxc__str_slice(s, *at, end));
    *at = end + 1;
    return true;
}

/* The bit of a name of the list's default; 0 if it has none. */
static uint32_t list_bit(nxc__option o, nxc_str name) {
    nxc_str all = nxc__str(table[o].def), part;
    uint32_t bit = 1;
    for (size_t at = 0; next_part(all, &at, &part); bit <<= 1)
        if (nxc__str_ieq(part, name)) return bit;
    return 0;
}

static nxc_str nearest_in_list(nxc__option o, nxc_str name) {
    nxc_str all = nxc__str(table[o].def), part, best = {"", 0};
    size_t best_distance = SIZE_MAX;
    for (size_t at = 0; next_part(all, &at, &part);) {
        size_t d = edit_distance(name, part);
        if (d < best_distance || best.len == 0) {
            best_distance = d;
            best = part;
        }
    }
    return best;
}

/* Names and commas to bits; nothing at all is the empty list. */
static nxc_status parse_list(nxc__option o, nxc_str s, double *out,
                             nxc_error *err) {
    uint32_t bits = 0;
    nxc_str part;
    if (nxc__str_trim(s).len == 0) {
        *out = 0;
        return NXC_OK;
    }
    for (size_t at = 0; next_part(s, &at, &part);) {
        uint32_t bit = list_bit(o, part);
        if (!bit)
            return nxc__error(err, NXC_ERR_INVALID,
                              "%s: expected a known name (nearest: %.*s), got "
                              "\"%.*s\"",
                              table[o].name,
                              NXC_STR_ARG(nearest_in_list(o, part)),
                              NXC_STR_ARG(part));
        bits |= bit;
    }
    *out = bits;
    return NXC_OK;
}

static nxc_status parse_value(nxc__option o, nxc_str s, double *out,
                              nxc_error *err) {
    double v = 0;
    if (o == NXC_OPT_cpu) NXC_TRY(nxc__cpu_check_level(s, err));
    bool ok = s.len <= NXC_CONFIG_TEXT_MAX && !memchr(s.ptr, 0, s.len);
    if (ok && o == NXC_OPT_cpu) NXC_TRY(nxc__cpu_check_level(s, err));
    if (ok && table[o].type == NXC_TYPE_LIST) return parse_list(o, s, out, err);
    if (ok && table[o].type == NXC_TYPE_BOOL) {
        ok = parse_bool(s, &v);
    } else if (ok && table[o].type != NXC_TYPE_TEXT) {
        ok = nxc__parse_double(s, &v) && v >= table[o].min &&
             v <= table[o].max &&
             (table[o].type == NXC_TYPE_REAL || v == (double)(int64_t)v);
    }
    if (!ok) {
        char expected[80];
        nxc__config_expected(o, expected, sizeof expected);
        return nxc__error(err, NXC_ERR_INVALID, "%s: expected %s, got %.*s",
                          table[o].name, expected, NXC_STR_ARG(s));
    }
    *out = v;
    return NXC_OK;
}

/* ------------------------------------------------------- the configuration */

nxc_status nxc__config_find(nxc_str key, nxc__option *out, nxc_error *err) {
    const char *names[NXC_N_OPTIONS];
    for (size_t i = 0; i < NXC_N_OPTIONS; i++) {
        names[i] = table[i].name;
        if (nxc__str_ieq(key, nxc__str(table[i].name))) {
            *out = (nxc__option)i;
            return NXC_OK;
        }
    }
    return nxc__error(err, NXC_ERR_NOT_FOUND,
                      "option: expected a known name (nearest: %s), got %.*s",
                      names[nxc__nearest_name(key, names, NXC_N_OPTIONS)],
                      NXC_STR_ARG(key));
}

static void drop(const nxc_config *c, value *v) {
    if (v->block)
        nxc__free(c->alloc, v->block, v->text_len + v->origin_len + 2);
    v->block = NULL;
}

static nxc_status put(nxc_config *c, nxc__option o, double number, nxc_str text,
                      nxc_str origin, nxc_error *err) {
    value v = {number, NULL, text.len, origin.len};
    size_t size = text.len + origin.len + 2;
    v.block = nxc__alloc(c->alloc, size);
    if (!v.block) return nxc__error_nomem(err, size);
    if (text.len) memcpy(v.block, text.ptr, text.len);
    v.block[text.len] = 0;
    if (origin.len) memcpy(v.block + text.len + 1, origin.ptr, origin.len);
    v.block[size - 1] = 0;
    drop(c, &c->values[o]);
    c->values[o] = v;
    return NXC_OK;
}

nxc_status nxc__config_assign(nxc_config *c, nxc__option o, nxc_str text,
                              nxc_str origin, nxc_error *err) {
    double number;
    NXC_TRY(parse_value(o, text, &number, err));
    if (table[o].type == NXC_TYPE_BOOL)
        text = number != 0 ? NXC_STR("true") : NXC_STR("false");
    return put(c, o, number, text, origin, err);
}

nxc_status nxc__config_copy(const nxc_config *cfg, const nxc_allocator *alloc,
                            nxc_config **out, nxc_error *err) {
    alloc = nxc__allocator_or_default(alloc);
    nxc_config *c = nxc__alloc_zero(alloc, sizeof *c);
    if (!c) return nxc__error_nomem(err, sizeof *c);
    c->alloc = alloc;
    nxc_status st = NXC_OK;
    for (size_t i = 0; i < NXC_N_OPTIONS && st == NXC_OK; i++) {
        const value *v = cfg ? &cfg->values[i] : NULL;
        nxc__option o = (nxc__option)i;
        if (v && v->block)
            st = put(c, o, v->number, (nxc_str){v->block, v->text_len},
                     (nxc_str){v->block + v->text_len + 1, v->origin_len}, err);
        else
            st = parse_value(o, nxc__str(table[i].def), &c->values[i].number,
                             err);
    }
    if (st != NXC_OK) {
        nxc_config_free(c);
        return st;
    }
    *out = c;
    return NXC_OK;
}

nxc_status nxc_config_new(const nxc_allocator *alloc, nxc_config **out,
                          nxc_error *err) {
    return nxc__config_copy(NULL, alloc, out, err);
}

nxc_status nxc_config_set_from(nxc_config *cfg, const char *key,
                               const char *text, const char *origin,
                               nxc_error *err) {
    nxc__option o;
    if (!cfg || !key || !text || !origin)
        return nxc__error(err, NXC_ERR_INVALID,
                          "config: expected a key, a value and an origin, got "
                          "NULL");
    NXC_TRY(nxc__config_find(nxc__str(key), &o, err));
    return nxc__config_assign(cfg, o, nxc__str(text), nxc__str(origin), err);
}
nxc_status nxc_config_set(nxc_config *cfg, const char *key, const char *text,
                          nxc_error *err) {
    return nxc_config_set_from(cfg, key, text, "program", err);
}

bool nxc_config_get(const nxc_config *cfg, size_t i, nxc_config_value *out) {
    if (i >= NXC_N_OPTIONS) return false;
    const value *v = cfg ? &cfg->values[i] : NULL;
    if (v && v->block)
        *out = (nxc_config_value){v->block, v->block + v->text_len + 1};
    else
        *out = (nxc_config_value){table[i].def, "default"};
    return true;
}

nxc_status nxc_config_parse(nxc_config *cfg, nxc_str name, nxc_str bytes,
                            nxc_error *err) {
    nxc_config *copy;
    if (!cfg || (!bytes.ptr && bytes.len))
        return nxc__error(err, NXC_ERR_INVALID,
                          "config: expected a configuration and bytes, got "
                          "NULL");
    NXC_TRY(nxc__config_copy(cfg, cfg->alloc, &copy, err));
    nxc_status st = nxc__config_read(copy, cfg->alloc, name, bytes, err);
    if (st == NXC_OK) {
        nxc_config old = *cfg;
        *cfg = *copy;
        *copy = old;
    }
    nxc_config_free(copy);
    return st;
}

nxc_status nxc_config_load(nxc_config *cfg, const char *path, nxc_error *err) {
    nxc_str bytes;
    if (!cfg || !path)
        return nxc__error(err, NXC_ERR_INVALID,
                          "config: expected a configuration and a path, got "
                          "NULL");
    NXC_TRY(nxc__file_read(path, (size_t)1 << 20, cfg->alloc, &bytes, err));
    nxc_status st = nxc_config_parse(cfg, nxc__str(path), bytes, err);
    nxc__free_str(cfg->alloc, bytes);
    return st;
}

void nxc_config_free(nxc_config *cfg) {
    if (!cfg) return;
    for (size_t i = 0; i < NXC_N_OPTIONS; i++)
        drop(cfg, &cfg->values[i]);
    nxc__free(cfg->alloc, cfg, sizeof *cfg);
}

static double number_of(const nxc_config *cfg, nxc__option o) {
    double v = 0;
    if (cfg) return cfg->values[o].number;
    (void)parse_value(o, nxc__str(table[o].def), &v, NULL);
    return v;
}
size_t nxc__config_int(const nxc_config *cfg, nxc__option o) {
    return (size_t)number_of(cfg, o);
}
double nxc__config_real(const nxc_config *cfg, nxc__option o) {
    return number_of(cfg, o);
}
bool nxc__config_bool(const nxc_config *cfg, nxc__option o) {
    return number_of(cfg, o) != 0;
}
uint32_t nxc__config_list(const nxc_config *cfg, nxc__option o) {
    return (uint32_t)number_of(cfg, o);
}
nxc_str nxc__config_text(const nxc_config *cfg, nxc__option o) {
    nxc_config_value v = {"", ""};
    (void)nxc_config_get(cfg, o, &v);
    return nxc__str(v.text);
}
