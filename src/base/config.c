#include "base/config.h"

#include <string.h>
#include <yyjson.h>

#include "base/alloc.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/str.h"

enum { OPT_INT, OPT_REAL, OPT_BOOL, OPT_TEXT };
static const char *const type_names[] = {"integer", "number", "boolean",
                                         "text"};

static const struct {
    const char *name;
    int type;
    const char *def;
    double min, max;
    const char *doc;
} table[NXC_N_OPTIONS] = {
#define NXC_OPTION(name, type, def, min, max, doc) \
    {#name, OPT_##type, def, min, max, doc},
#include "base/config.def"
#undef NXC_OPTION
};

#define TEXT_MAX 64
typedef struct value {
    double number;
    char text[TEXT_MAX];
} value;
struct nxc_config {
    const nxc_allocator *alloc;
    value values[NXC_N_OPTIONS];
};

bool nxc_config_describe(size_t i, nxc_config_option *out) {
    if (i >= NXC_N_OPTIONS) return false;
    *out = (nxc_config_option){table[i].name, type_names[table[i].type],
                               table[i].def, table[i].doc};
    return true;
}

static bool parse_number(nxc_str s, double *out) {
    char buf[TEXT_MAX];
    if (s.len == 0 || s.len >= sizeof buf) return false;
    memcpy(buf, s.ptr, s.len);
    buf[s.len] = 0;
    yyjson_val val;
    memset(&val, 0, sizeof val);
    const char *end = yyjson_read_number(buf, &val, 0, NULL, NULL);
    if (!end || *end) return false;
    *out = yyjson_get_num(&val);
    return true;
}

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

static nxc_status parse_value(size_t i, nxc_str s, value *out, nxc_error *err) {
    value v;
    if (i == NXC_OPT_cpu) NXC_TRY(nxc__cpu_check_level(s, err));
    memset(&v, 0, sizeof v);
    bool ok = true;
    if (s.len >= TEXT_MAX) {
        ok = false;
    } else if (table[i].type == OPT_TEXT) {
        if (s.len) memcpy(v.text, s.ptr, s.len);
    } else if (table[i].type == OPT_BOOL) {
        ok = parse_bool(s, &v.number);
    } else {
        ok = parse_number(s, &v.number) && v.number >= table[i].min &&
             v.number <= table[i].max &&
             (table[i].type == OPT_REAL ||
              v.number == (double)(int64_t)v.number);
    }
    if (!ok && table[i].type <= OPT_REAL)
        return nxc__error(
            err, NXC_ERR_INVALID, "%s: expected %s from %g to %g, got %.*s",
            table[i].name, table[i].type == OPT_INT ? "an integer" : "a number",
            table[i].min, table[i].max, NXC_STR_ARG(s));
    if (!ok)
        return nxc__error(
            err, NXC_ERR_INVALID, "%s: expected %s, got %.*s", table[i].name,
            table[i].type == OPT_BOOL ? "true or false" : "at most 63 bytes",
            NXC_STR_ARG(s));
    *out = v;
    return NXC_OK;
}

/* Levenshtein distance of short ASCII names, capped rows on the stack. */
static size_t edit_distance(nxc_str a, nxc_str b) {
    size_t row[TEXT_MAX + 1];
    if (a.len > TEXT_MAX || b.len > TEXT_MAX) return SIZE_MAX;
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

static nxc_status find_option(nxc_str key, size_t *out, nxc_error *err) {
    const char *names[NXC_N_OPTIONS];
    for (size_t i = 0; i < NXC_N_OPTIONS; i++) {
        names[i] = table[i].name;
        if (nxc__str_ieq(key, nxc__str(table[i].name))) {
            *out = i;
            return NXC_OK;
        }
    }
    return nxc__error(err, NXC_ERR_NOT_FOUND,
                      "option: expected a known name (nearest: %s), got %.*s",
                      names[nxc__nearest_name(key, names, NXC_N_OPTIONS)],
                      NXC_STR_ARG(key));
}

nxc_status nxc__config_copy(const nxc_config *cfg, const nxc_allocator *alloc,
                            nxc_config **out, nxc_error *err) {
    alloc = nxc__allocator_or_default(alloc);
    nxc_config *c = nxc__alloc_zero(alloc, sizeof *c);
    if (!c) return nxc__error_nomem(err, sizeof *c);
    if (cfg)
        memcpy(c->values, cfg->values, sizeof c->values);
    else
        for (size_t i = 0; i < NXC_N_OPTIONS; i++)
            if (parse_value(i, nxc__str(table[i].def), &c->values[i], err) !=
                NXC_OK) {
                nxc__free(alloc, c, sizeof *c);
                return NXC_ERR_INTERNAL;
            }
    c->alloc = alloc;
    *out = c;
    return NXC_OK;
}
nxc_status nxc_config_new(const nxc_allocator *alloc, nxc_config **out,
                          nxc_error *err) {
    return nxc__config_copy(NULL, alloc, out, err);
}
nxc_status nxc_config_set(nxc_config *cfg, const char *key, const char *text,
                          nxc_error *err) {
    size_t i = 0;
    NXC_TRY(find_option(nxc__str(key), &i, err));
    return parse_value(i, nxc__str(text), &cfg->values[i], err);
}
void nxc_config_free(nxc_config *cfg) {
    if (cfg) nxc__free(cfg->alloc, cfg, sizeof *cfg);
}

static double number_of(const nxc_config *cfg, nxc__option o) {
    if (cfg) return cfg->values[o].number;
    value v = {0, ""};
    (void)parse_value(o, nxc__str(table[o].def), &v, NULL);
    return v.number;
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
nxc_str nxc__config_text(const nxc_config *cfg, nxc__option o) {
    return nxc__str(cfg ? cfg->values[o].text : table[o].def);
}
