/* --catalog: one catalog a file, or all that a JSONL file holds. */
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strmap.h"
#include "command.h"

/* "NAME=FILE" (unless a file of that whole name is there) to its parts; the
 * name of "dir/stripe.com.json" is "stripe.com". */
static const char *split_spec(const char *spec, nxc_str *name, bool *is_named) {
    const char *equals = strchr(spec, '=');
    *is_named = equals && equals != spec && access(spec, F_OK) != 0;
    if (*is_named) {
        *name = (nxc_str){spec, (size_t)(equals - spec)};
        return equals + 1;
    }
    const char *slash = strrchr(spec, '/');
    *name = nxc__str(slash ? slash + 1 : spec);
    for (size_t i = name->len; i-- > 1;)
        if (name->ptr[i] == '.') {
            name->len = i;
            break;
        }
    return spec;
}

nxc_status cli_open_catalog(const cli_args *args, const char *spec,
                            const nxc_config *cfg, nxc_catalog **out,
                            nxc_str *name, nxc_import_info *info,
                            nxc_error *err) {
    bool is_named;
    const char *path = split_spec(spec, name, &is_named);
    return nxc_catalog_open(path, cli_get(args, "filter"), cfg, NULL, out, info,
                            err);
}

/* ------------------------------------------- JSONL with several catalogs */

/* The lines of each catalog, blank lines in the place of the others, so that
 * errors name the line of the file. */
typedef struct part {
    nxc_str name;
    nxc__buffer text;
    size_t lines; /* that text has so far */
} part;
typedef struct parts {
    nxc__arena arena;
    nxc__strmap map;
    part *items;
    size_t n, cap;
} parts;

static nxc_str catalog_of(nxc_str line, nxc__arena *arena) {
    nxc__json_doc *doc;
    nxc_str name = {NULL, 0};
    if (nxc__json_parse(NXC_STR("line"), line, NULL, NULL, &doc, NULL) !=
        NXC_OK)
        return name; /* the importer says what is wrong with it */
    const nxc__json *v = NXC_JSON_GET(nxc__json_root(doc), "catalog");
    if (nxc__json_is(v, NXC_JSON_STRING))
        name = nxc__arena_copy(arena, nxc__json_str(v));
    nxc__json_free(doc);
    return name;
}

static nxc_status part_of(parts *p, nxc_str name, part **out, nxc_error *err) {
    uint32_t at;
    NXC_TRY(nxc__strmap_add(&p->map, name, (uint32_t)p->n, &at, err));
    if (at == p->n) {
        if (p->n == p->cap) {
            size_t cap = p->cap ? p->cap * 2 : 16;
            part *items =
                nxc__realloc(&nxc__allocator_default, p->items,
                             p->cap * sizeof *items, cap * sizeof *items);
            if (!items) return nxc__error_nomem(err, cap * sizeof *items);
            p->items = items;
            p->cap = cap;
        }
        p->items[p->n] = (part){.name = name};
        nxc__buffer_init(&p->items[p->n].text, &nxc__allocator_default,
                         SIZE_MAX / 2);
        p->n++;
    }
    *out = &p->items[at];
    return NXC_OK;
}

static nxc_status split_lines(parts *p, nxc_str bytes, nxc_error *err) {
    size_t line = 0;
    for (size_t i = 0; i < bytes.len; line++) {
        size_t end = nxc__str_find(bytes, '\n', i);
        nxc_str text = nxc__str_slice(bytes, i, end);
        i = end + 1;
        if (nxc__str_trim(text).len == 0) continue;
        nxc_str name = catalog_of(text, &p->arena);
        part *to = p->n ? &p->items[0] : NULL;
        if (name.ptr || !to) NXC_TRY(part_of(p, name, &to, err));
        for (; to->lines < line; to->lines++)
            nxc__buffer_append_char(&to->text, '\n');
        nxc__buffer_append_str(&to->text, text);
        NXC_TRY(nxc__buffer_status(&to->text, "catalog", err));
    }
    return NXC_OK;
}

/* What is done with each catalog of a file, which may hold several. */
typedef struct visitor {
    cli_visit_catalog visit;
    void *user;
} visitor;

static nxc_status visit_parts(const parts *p, const char *path,
                              const nxc_config *cfg, const visitor *v,
                              nxc_error *err) {
    for (size_t i = 0; i < p->n; i++) {
        nxc_catalog *catalog;
        NXC_TRY(nxc_catalog_import(nxc__str(path),
                                   nxc__buffer_str(&p->items[i].text), NULL,
                                   cfg, NULL, &catalog, NULL, err));
        NXC_TRY(v->visit(v->user, p->items[i].name, catalog, err));
    }
    return NXC_OK;
}

/* Whether the file begins with a line of a catalog: {"catalog": ... */
static bool looks_like_lines(nxc_str bytes) {
    nxc_str first = nxc__str_slice(bytes, 0, nxc__str_find(bytes, '\n', 0));
    nxc__json_doc *doc;
    if (first.len == bytes.len || first.len == 0 || first.ptr[0] != '{' ||
        nxc__json_parse(NXC_STR("line"), first, NULL, NULL, &doc, NULL) !=
            NXC_OK)
        return false;
    bool yes = NXC_JSON_GET(nxc__json_root(doc), "catalog") != NULL;
    nxc__json_free(doc);
    return yes;
}

/* *done tells whether the file was one with several catalogs. */
static nxc_status visit_several(const char *path, const nxc_config *cfg,
                                const visitor *v, bool *done, nxc_error *err) {
    nxc_str bytes;
    parts p;
    *done = false;
    NXC_TRY(nxc__file_read(path, (size_t)1 << 30, &nxc__allocator_default,
                           &bytes, err));
    memset(&p, 0, sizeof p);
    nxc__arena_init(&p.arena, &nxc__allocator_default, SIZE_MAX);
    nxc__strmap_init(&p.map, &nxc__allocator_default);
    nxc_status st = NXC_OK;
    if (looks_like_lines(bytes)) st = split_lines(&p, bytes, err);
    if (st == NXC_OK && p.n > 1) {
        *done = true;
        st = visit_parts(&p, path, cfg, v, err);
    }
    for (size_t i = 0; i < p.n; i++)
        nxc__buffer_release(&p.items[i].text);
    nxc__free(&nxc__allocator_default, p.items, p.cap * sizeof *p.items);
    nxc__strmap_release(&p.map);
    nxc__arena_release(&p.arena);
    nxc__free_str(&nxc__allocator_default, bytes);
    return st;
}

nxc_status cli_each_catalog(const cli_args *args, const char *spec,
                            const nxc_config *cfg, cli_visit_catalog visit,
                            void *user, nxc_error *err) {
    const visitor v = {visit, user};
    nxc_catalog *catalog;
    nxc_str name;
    bool is_named, done = false;
    const char *path = split_spec(spec, &name, &is_named);
    if (!is_named && !cli_has(args, "filter") &&
        nxc__str_ends(nxc__str(path), NXC_STR(".jsonl")))
        NXC_TRY(visit_several(path, cfg, &v, &done, err));
    if (done) return NXC_OK;
    NXC_TRY(cli_open_catalog(args, spec, cfg, &catalog, &name, NULL, err));
    return visit(user, name, catalog, err);
}

typedef struct adder {
    nxc_engine *engine;
    size_t n;
} adder;

static nxc_status add(void *user, nxc_str name, nxc_catalog *catalog,
                      nxc_error *err) {
    adder *a = user;
    nxc_status st =
        nxc_engine_get_catalog(a->engine, name)
            ? nxc__error(err, NXC_ERR_INVALID,
                         "--catalog: expected each name once, got %.*s again; "
                         "NAME=FILE gives another",
                         NXC_STR_ARG(name))
            : nxc_engine_add_catalog(a->engine, name, catalog, err);
    if (st != NXC_OK) nxc_catalog_free(catalog);
    a->n += st == NXC_OK;
    return st;
}

nxc_status cli_add_catalogs(const cli_args *args, const char *more,
                            const nxc_config *cfg, nxc_engine *engine,
                            size_t *n_out, nxc_error *err) {
    size_t at = 0, n = more != NULL;
    adder a = {engine, 0};
    if (more) NXC_TRY(cli_each_catalog(args, more, cfg, add, &a, err));
    for (const char *spec; (spec = cli_next(args, "catalog", &at)); n++)
        NXC_TRY(cli_each_catalog(args, spec, cfg, add, &a, err));
    *n_out = a.n;
    return n ? NXC_OK
             : nxc__error(err, NXC_ERR_INVALID,
                          "--catalog: expected a file, got nothing");
}
