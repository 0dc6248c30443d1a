/*
 * JSON through yyjson, behind the interface of json.h.
 *
 * A value of ours is a yyjson_val; nothing is converted, so a 47 MB document
 * costs its text, yyjson's copy of the strings and 16 bytes a value. yyjson
 * does not recurse; nesting is checked right after parsing in one pass over its
 * flat array of values, before any reader walks the tree.
 *
 * Lines: yyjson keeps no positions. locate() walks text and tree side by side
 * along a path, skipping members by their ordinal, which costs one scan of the
 * text and happens only when an error is reported.
 *
 * Threading: a document is immutable after parse. Cost: about 1 GB/s.
 */
#include "base/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/str.h"

#define MAX_DEPTH 1024
const nxc__json_limits nxc__json_limits_default = {
    .max_bytes = (size_t)64 << 20, .max_depth = 64, .max_values = 16u << 20};

struct nxc__json_doc {
    const nxc_allocator *alloc;
    yyjson_doc *doc;
    yyjson_alc yy_alloc;
    nxc_str text; /* borrowed, or owned_text */
    char *owned_text;
    size_t owned_cap;
    char name[160];
};

/* yyjson frees without a size, so each block carries its own. */
#define BLOCK_HEADER 16
static void *yy_malloc(void *ctx, size_t size) {
    const nxc_allocator *a = ctx;
    size_t bytes;
    if (!nxc__add(size, BLOCK_HEADER, &bytes)) return NULL;
    char *p = nxc__alloc(a, bytes);
    if (!p) return NULL;
    memcpy(p, &bytes, sizeof bytes);
    return p + BLOCK_HEADER;
}
static void *yy_realloc(void *ctx, void *ptr, size_t old_size, size_t size) {
    const nxc_allocator *a = ctx;
    size_t bytes, old_bytes;
    (void)old_size;
    if (!nxc__add(size, BLOCK_HEADER, &bytes)) return NULL;
    char *p = (char *)ptr - BLOCK_HEADER;
    memcpy(&old_bytes, p, sizeof old_bytes);
    p = nxc__realloc(a, p, old_bytes, bytes);
    if (!p) return NULL;
    memcpy(p, &bytes, sizeof bytes);
    return p + BLOCK_HEADER;
}
static void yy_free(void *ctx, void *ptr) {
    const nxc_allocator *a = ctx;
    size_t bytes;
    if (!ptr) return;
    char *p = (char *)ptr - BLOCK_HEADER;
    memcpy(&bytes, p, sizeof bytes);
    nxc__free(a, p, bytes);
}

static yyjson_val *val_of(const nxc__json *v) {
    union {
        const nxc__json *in;
        yyjson_val *out;
    } u = {v};
    return u.out;
}
static const nxc__json *json_of(const yyjson_val *v) {
    return (const nxc__json *)(const void *)v;
}

/* ------------------------------------------------------------- locating */

static size_t skip_space(nxc_str t, size_t i) {
    while (i < t.len && nxc__is_space(t.ptr[i]))
        i++;
    return i;
}
/* i at the opening quote; past the closing one. */
static size_t skip_string(nxc_str t, size_t i) {
    for (i++; i < t.len && t.ptr[i] != '"'; i++)
        if (t.ptr[i] == '\\') i++;
    return i < t.len ? i + 1 : t.len;
}
static size_t skip_value(nxc_str t, size_t i) {
    size_t depth = 0;
    do {
        i = skip_space(t, i);
        if (i >= t.len) return t.len;
        char c = t.ptr[i];
        if (c == '"') {
            i = skip_string(t, i);
        } else {
            if (c == '{' || c == '[') depth++;
            if ((c == '}' || c == ']') && depth) depth--;
            i++;
            if (c != '{' && c != '[' && c != '}' && c != ']')
                while (i < t.len && !strchr(",:{}[]\" \t\r\n", t.ptr[i]))
                    i++;
        }
    } while (depth);
    return i;
}
/* i at a container's bracket: to the value of its member number ordinal. */
static size_t enter(nxc_str t, size_t i, size_t ordinal, bool is_object) {
    i++;
    for (size_t k = 0;; k++) {
        i = skip_space(t, i);
        if (is_object) {
            i = skip_space(t, skip_string(t, i));
            i = skip_space(t, i + 1); /* the colon */
        }
        if (k == ordinal || i >= t.len) return i;
        i = skip_space(t, skip_value(t, i));
        i++; /* the comma */
    }
}

/* The child of val for one step, and its ordinal; NULL if there is none. */
static yyjson_val *child(yyjson_val *val, const nxc__json_path *step,
                         size_t *ordinal) {
    yyjson_val *found = NULL;
    if (step->key.ptr && yyjson_is_obj(val)) {
        size_t idx, max;
        yyjson_val *key, *v;
        yyjson_obj_foreach(val, idx, max, key, v) {
            if (unsafe_yyjson_equals_strn(key, step->key.ptr, step->key.len)) {
                found = v;
                *ordinal = idx;
            }
        }
    } else if (!step->key.ptr && yyjson_is_arr(val)) {
        found = yyjson_arr_get(val, step->index);
        *ordinal = step->index;
    }
    return found;
}

static size_t line_at(nxc_str t, size_t end) {
    size_t line = 1;
    for (size_t i = 0; i < end && i < t.len; i++)
        line += t.ptr[i] == '\n';
    return line;
}

static size_t locate(const nxc__json_doc *doc, const nxc__json_path *path) {
    const nxc__json_path *steps[MAX_DEPTH];
    size_t n = 0;
    for (; path && path->parent && n < MAX_DEPTH; path = path->parent)
        steps[n++] = path;
    yyjson_val *val = yyjson_doc_get_root(doc->doc);
    size_t pos = skip_space(doc->text, 0);
    while (n--) {
        size_t ordinal = 0;
        yyjson_val *next = child(val, steps[n], &ordinal);
        if (!next) break;
        pos = enter(doc->text, pos, ordinal, yyjson_is_obj(val));
        val = next;
    }
    return line_at(doc->text, pos);
}

void nxc__json_path_format(const nxc__json_path *path, char *buf, size_t cap) {
    char out[512];
    size_t at = sizeof out - 1; /* filled from the end: the leaf matters most */
    out[at] = 0;
    for (; path && path->parent; path = path->parent) {
        char step[96];
        int n;
        bool plain = path->key.len > 0;
        for (size_t i = 0; i < path->key.len; i++)
            plain =
                plain && (nxc__is_alpha(path->key.ptr[i]) ||
                          nxc__is_digit(path->key.ptr[i]) ||
                          path->key.ptr[i] == '_' || path->key.ptr[i] == '-');
        if (!path->key.ptr)
            n = snprintf(step, sizeof step, "[%zu]", path->index);
        else if (plain)
            n = snprintf(step, sizeof step, ".%.*s", NXC_STR_ARG(path->key));
        else
            n = snprintf(step, sizeof step, "[\"%.*s\"]",
                         NXC_STR_ARG(path->key));
        size_t len = n < 0                     ? 0
                     : (size_t)n < sizeof step ? (size_t)n
                                               : sizeof step - 1;
        if (len + 4 > at) {
            memcpy(out + at - 3, "...", 3);
            at -= 3;
            break;
        }
        at -= len;
        memcpy(out + at, step, len);
    }
    snprintf(buf, cap, "$%s", out + at);
}

nxc_status nxc__json_error(const nxc__json_doc *doc, const nxc__json_path *path,
                           nxc_error *err, nxc_status code, const char *fmt,
                           ...) {
    if (!err) return code;
    char where[160], text[160];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    nxc__json_path_format(path, where, sizeof where);
    return nxc__error(err, code, "%.80s:%zu: %s: %s", doc->name,
                      locate(doc, path), where, text);
}

const char *nxc__json_type_name(nxc__json_type type) {
    static const char *const names[] = {"null",     "a boolean", "a number",
                                        "a string", "an array",  "an object"};
    return names[type];
}

nxc_status nxc__json_error_type(const nxc__json_doc *doc,
                                const nxc__json_path *path, nxc_error *err,
                                const char *expected, const nxc__json *got) {
    if (!got)
        return nxc__json_error(doc, path, err, NXC_ERR_INVALID,
                               "expected %s, got nothing", expected);
    nxc__json_type type = nxc__json_type_of(got);
    if (type == NXC_JSON_STRING)
        return nxc__json_error(doc, path, err, NXC_ERR_INVALID,
                               "expected %s, got \"%.*s\"", expected,
                               NXC_STR_ARG(nxc__json_str(got)));
    if (type == NXC_JSON_NUMBER)
        return nxc__json_error(doc, path, err, NXC_ERR_INVALID,
                               "expected %s, got %.17g", expected,
                               nxc__json_number(got));
    return nxc__json_error(doc, path, err, NXC_ERR_INVALID,
                           "expected %s, got %s", expected,
                           nxc__json_type_name(type));
}

/* -------------------------------------------------------------- parsing */

/* Number of values and nesting, in one pass over the flat array. */
static nxc_status check_shape(const nxc__json_doc *d,
                              const nxc__json_limits *limits, nxc_error *err) {
    yyjson_val *ends[MAX_DEPTH];
    size_t depth = 0,
           max = limits->max_depth < MAX_DEPTH ? limits->max_depth : MAX_DEPTH;
    size_t n = yyjson_doc_get_val_count(d->doc);
    if (n > limits->max_values)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "%s: expected at most %zu values, got %zu", d->name,
                          limits->max_values, n);
    yyjson_val *v = yyjson_doc_get_root(d->doc), *end = v + n;
    for (; v < end; v++) {
        while (depth && v >= ends[depth - 1])
            depth--;
        if (!yyjson_is_ctn(v)) continue;
        if (depth == max)
            return nxc__error(err, NXC_ERR_LIMIT,
                              "%s: expected at most %zu levels of nesting, got "
                              "more",
                              d->name, max);
        ends[depth++] = unsafe_yyjson_get_next(v);
    }
    return NXC_OK;
}

/* Bracket nesting of the raw text, so that a 10,000-deep bomb is refused before
 * the parser spends memory on it. Strings are skipped. */
static bool too_deep(nxc_str t, size_t max) {
    size_t depth = 0;
    for (size_t i = 0; i < t.len; i++) {
        char c = t.ptr[i];
        if (c == '"') {
            i = skip_string(t, i) - 1;
        } else if (c == '{' || c == '[') {
            if (++depth > max) return true;
        } else if ((c == '}' || c == ']') && depth) {
            depth--;
        }
    }
    return false;
}

static nxc_str without_bom(nxc_str t) {
    return nxc__str_starts(t, NXC_STR("\xEF\xBB\xBF"))
               ? nxc__str_slice(t, 3, t.len)
               : t;
}

static nxc_status parse_text(nxc__json_doc *d, const nxc__json_limits *limits,
                             nxc_error *err) {
    if (d->text.len > limits->max_bytes)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "%s: expected at most %zu bytes, got %zu", d->name,
                          limits->max_bytes, d->text.len);
    if (d->text.len < ((size_t)1 << 20) && too_deep(d->text, limits->max_depth))
        return nxc__error(
            err, NXC_ERR_LIMIT,
            "%s: expected at most %zu levels of nesting, got more", d->name,
            limits->max_depth);
    union {
        const char *in;
        char *out;
    } text = {d->text.ptr ? d->text.ptr : ""};
    yyjson_read_err e = {0, NULL, 0};
    d->doc = yyjson_read_opts(text.out, d->text.len, YYJSON_READ_NOFLAG,
                              &d->yy_alloc, &e);
    if (!d->doc) {
        if (e.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
            return nxc__error_nomem(err, d->text.len);
        return nxc__error(err, NXC_ERR_PARSE,
                          "%s:%zu: expected JSON, got %s at byte %zu", d->name,
                          line_at(d->text, e.pos), e.msg, e.pos);
    }
    return check_shape(d, limits, err);
}

static nxc__json_doc *new_doc(nxc_str name, nxc_str text,
                              const nxc_allocator *alloc) {
    nxc__json_doc *d = nxc__alloc_zero(alloc, sizeof *d);
    if (!d) return NULL;
    union {
        const nxc_allocator *in;
        void *out;
    } ctx = {alloc};
    d->alloc = alloc;
    d->yy_alloc = (yyjson_alc){yy_malloc, yy_realloc, yy_free, ctx.out};
    d->text = text;
    snprintf(d->name, sizeof d->name, "%.*s", NXC_STR_ARG(name));
    return d;
}

nxc_status nxc__json_parse(nxc_str name, nxc_str text,
                           const nxc__json_limits *limits,
                           const nxc_allocator *alloc, nxc__json_doc **out,
                           nxc_error *err) {
    alloc = nxc__allocator_or_default(alloc);
    nxc__json_doc *d = new_doc(name, without_bom(text), alloc);
    if (!d) return nxc__error_nomem(err, sizeof *d);
    nxc_status st =
        parse_text(d, limits ? limits : &nxc__json_limits_default, err);
    if (st != NXC_OK) {
        nxc__json_free(d);
        return st;
    }
    *out = d;
    return NXC_OK;
}

nxc_status nxc__json_adopt(nxc_str name, char *text, size_t len, size_t cap,
                           const nxc__json_limits *limits,
                           const nxc_allocator *alloc, nxc__json_doc **out,
                           nxc_error *err) {
    nxc__json_limits wide = limits ? *limits : nxc__json_limits_default;
    wide.max_bytes = SIZE_MAX; /* of the source text, already checked */
    NXC_TRY(
        nxc__json_parse(name, (nxc_str){text, len}, &wide, alloc, out, err));
    (*out)->owned_text = text;
    (*out)->owned_cap = cap;
    return NXC_OK;
}

nxc_status nxc__json_or_yaml_parse(nxc_str name, nxc_str text,
                                   const nxc__json_limits *limits,
                                   const nxc_allocator *alloc,
                                   nxc__json_doc **out, nxc_error *err) {
    nxc_str t = nxc__str_trim(without_bom(text));
    bool is_json =
        t.len && (t.ptr[0] == '{' || t.ptr[0] == '[' || t.ptr[0] == '"');
    return is_json ? nxc__json_parse(name, text, limits, alloc, out, err)
                   : nxc__yaml_parse(name, text, limits, alloc, out, err);
}

void nxc__json_free(nxc__json_doc *d) {
    if (!d) return;
    yyjson_doc_free(d->doc);
    nxc__free(d->alloc, d->owned_text, d->owned_cap);
    nxc__free(d->alloc, d, sizeof *d);
}

/* -------------------------------------------------------------- reading */

const nxc__json *nxc__json_root(const nxc__json_doc *doc) {
    return json_of(yyjson_doc_get_root(doc->doc));
}

nxc__json_type nxc__json_type_of(const nxc__json *v) {
    switch (yyjson_get_type(val_of(v))) {
    case YYJSON_TYPE_BOOL:
        return NXC_JSON_BOOL;
    case YYJSON_TYPE_NUM:
        return NXC_JSON_NUMBER;
    case YYJSON_TYPE_STR:
        return NXC_JSON_STRING;
    case YYJSON_TYPE_ARR:
        return NXC_JSON_ARRAY;
    case YYJSON_TYPE_OBJ:
        return NXC_JSON_OBJECT;
    default:
        return NXC_JSON_NULL;
    }
}
nxc_str nxc__json_str(const nxc__json *v) {
    yyjson_val *val = val_of(v);
    return yyjson_is_str(val)
               ? (nxc_str){yyjson_get_str(val), yyjson_get_len(val)}
               : (nxc_str){"", 0};
}
bool nxc__json_bool(const nxc__json *v) { return yyjson_is_true(val_of(v)); }
double nxc__json_number(const nxc__json *v) {
    return yyjson_get_num(val_of(v));
}
bool nxc__json_uint(const nxc__json *v, uint64_t max, uint64_t *out) {
    if (!yyjson_is_uint(val_of(v)) || yyjson_get_uint(val_of(v)) > max)
        return false;
    *out = yyjson_get_uint(val_of(v));
    return true;
}

const nxc__json *nxc__json_get(const nxc__json *v, nxc_str key) {
    nxc__json_path step = {NULL, {key.ptr ? key.ptr : "", key.len}, 0};
    size_t ordinal;
    return v ? json_of(child(val_of(v), &step, &ordinal)) : NULL;
}
size_t nxc__json_size(const nxc__json *v) {
    yyjson_val *val = val_of(v);
    return yyjson_is_ctn(val) ? unsafe_yyjson_get_len(val) : 0;
}

nxc__json_iter nxc__json_each(const nxc__json *v) {
    nxc__json_iter it;
    memset(&it, 0, sizeof it);
    it.container = v;
    it.left = nxc__json_size(v);
    it.index = SIZE_MAX;
    if (it.left) it.next = json_of(unsafe_yyjson_get_first(val_of(v)));
    return it;
}
bool nxc__json_next(nxc__json_iter *it) {
    if (it->left == 0) return false;
    it->left--;
    it->index++;
    yyjson_val *v = val_of(it->next);
    if (yyjson_is_obj(val_of(it->container))) {
        it->key = (nxc_str){yyjson_get_str(v), yyjson_get_len(v)};
        v++;
    }
    it->value = json_of(v);
    it->next = json_of(unsafe_yyjson_get_next(v));
    return true;
}
