/* nextcall precompute: texts of catalogs, resources and a log into the store.
 *
 *     catalogs, resources, log -> texts -> nxc_engine_precompute_texts
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/config.h"
#include "base/json.h"
#include "base/strmap.h"
#include "command.h"

typedef struct job {
    const cli_args *args;
    nxc_config *cfg;
    nxc__arena arena; /* of the texts */
    nxc_str *texts;
    size_t n, cap;
} job;

static nxc_status add_text(job *j, nxc_str text, nxc_error *err) {
    if (j->n == j->cap) {
        size_t cap = j->cap ? j->cap * 2 : 1024;
        nxc_str *texts =
            nxc__realloc(&nxc__allocator_default, j->texts,
                         j->cap * sizeof *texts, cap * sizeof *texts);
        if (!texts) return nxc__error_nomem(err, cap * sizeof *texts);
        j->texts = texts;
        j->cap = cap;
    }
    nxc_str copy = nxc__arena_copy(&j->arena, text);
    if (!copy.ptr) return nxc__error_nomem(err, text.len);
    j->texts[j->n++] = copy;
    return NXC_OK;
}

static nxc_status add_resource(job *j, nxc_str name, nxc_error *err) {
    nxc__buffer b;
    nxc__buffer_init(&b, &nxc__allocator_default, (size_t)1 << 20);
    nxc__buffer_append_z(&b, "manage ");
    nxc__buffer_append_str(&b, name);
    nxc__buffer_append_z(&b, " data and perform operations on ");
    nxc__buffer_append_str(&b, name);
    nxc_status st = nxc__buffer_status(&b, "resource", err);
    if (st == NXC_OK) st = add_text(j, nxc__buffer_str(&b), err);
    nxc__buffer_release(&b);
    return st;
}

static nxc_status add_operations(void *user, nxc_str name, nxc_catalog *catalog,
                                 nxc_error *err) {
    job *j = user;
    bool resources = cli_has(j->args, "resources");
    nxc_status st = NXC_OK;
    (void)name;
    for (uint32_t i = 0; st == NXC_OK && i < nxc_catalog_n_operations(catalog);
         i++) {
        nxc_operation op;
        if (!nxc_catalog_get_operation(catalog, i, &op)) continue;
        st = add_text(j, op.text, err);
        if (st == NXC_OK && resources && op.resource.len)
            st = add_resource(j, op.resource, err);
    }
    nxc_catalog_free(catalog);
    return st;
}

/* ------------------------------------------------------------------- log */

typedef struct prompt {
    nxc_str text;
    size_t n_times, first;
} prompt;
typedef struct prompts {
    nxc__strmap map;
    prompt *items;
    size_t n, cap;
} prompts;

static nxc_status count_prompt(job *j, prompts *p, nxc_str text,
                               nxc_error *err) {
    uint32_t at = nxc__strmap_find(&p->map, text);
    if (at != NXC_NONE) {
        p->items[at].n_times++;
        return NXC_OK;
    }
    if (p->n == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 1024;
        prompt *items =
            nxc__realloc(&nxc__allocator_default, p->items,
                         p->cap * sizeof *items, cap * sizeof *items);
        if (!items) return nxc__error_nomem(err, cap * sizeof *items);
        p->items = items;
        p->cap = cap;
    }
    text = nxc__arena_copy(&j->arena, text);
    if (!text.ptr) return nxc__error_nomem(err, text.len);
    p->items[p->n] = (prompt){text, 1, p->n};
    return nxc__strmap_add(&p->map, text, (uint32_t)p->n++, NULL, err);
}

static nxc_status count_line(job *j, prompts *p, const cli_lines *l,
                             nxc_error *err) {
    nxc_str line = {l->line ? l->line : "", l->len};
    nxc__json_doc *doc;
    if (l->too_long)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "%s:%zu: expected at most %zu bytes "
                          "(max_request_bytes), got more",
                          l->name, l->number, l->max);
    if (nxc__str_trim(line).len == 0) return NXC_OK;
    nxc_status st =
        nxc__json_parse(nxc__str(l->name), line, NULL, NULL, &doc, err);
    if (st != NXC_OK) return cli_lines_blame(l, l->name, st, err);
    const nxc__json *text = NXC_JSON_GET(nxc__json_root(doc), "prompt");
    if (nxc__json_is(text, NXC_JSON_STRING) && nxc__json_str(text).len)
        st = count_prompt(j, p, nxc__json_str(text), err);
    nxc__json_free(doc);
    return st;
}

static nxc_status count_lines(job *j, prompts *p, const char *path,
                              nxc_error *err) {
    cli_lines l;
    size_t max = nxc__config_int(j->cfg, NXC_OPT_max_request_bytes);
    NXC_TRY(cli_lines_open(&l, path, max, err));
    nxc_status st = NXC_OK;
    while (st == NXC_OK && cli_lines_next(&l))
        st = count_line(j, p, &l, err);
    if (st == NXC_OK) st = cli_lines_status(&l, err);
    cli_lines_close(&l);
    return st;
}

/* The most frequent first, of equal ones the first of the log. */
static int by_frequency(const void *a, const void *b) {
    const prompt *x = a, *y = b;
    if (x->n_times != y->n_times) return x->n_times > y->n_times ? -1 : 1;
    return x->first < y->first ? -1 : 1;
}

static nxc_status add_prompts(job *j, const char *path, size_t top,
                              nxc_error *err) {
    prompts p = {.n = 0};
    nxc__strmap_init(&p.map, &nxc__allocator_default);
    nxc_status st = count_lines(j, &p, path, err);
    if (p.n) qsort(p.items, p.n, sizeof *p.items, by_frequency);
    for (size_t i = 0; st == NXC_OK && i < p.n && i < top; i++)
        st = add_text(j, p.items[i].text, err);
    nxc__strmap_release(&p.map);
    nxc__free(&nxc__allocator_default, p.items, p.cap * sizeof *p.items);
    return st;
}

static nxc_status collect(job *j, size_t top, nxc_error *err) {
    char model[2048];
    const char *path = cli_get(j->args, "prompts"), *name;
    size_t at = 0;
    NXC_TRY(cli_need_model(j->args, model, sizeof model, err));
    for (size_t i = 0; i < cli_n_positional(j->args); i++)
        NXC_TRY(cli_each_catalog(j->args, cli_positional(j->args, i), j->cfg,
                                 add_operations, j, err));
    while ((name = cli_next(j->args, "resource", &at)))
        NXC_TRY(add_resource(j, nxc__str(name), err));
    return path ? add_prompts(j, path, top, err) : NXC_OK;
}

/* ----------------------------------------------------------------- store */

/* The folder of cli_store_path, with those that lead to it. */
static nxc_status default_store(job *j, nxc_error *err) {
    char path[2048];
    if (nxc__config_text(j->cfg, NXC_OPT_store).len) return NXC_OK;
    cli_store_path(j->args, path, sizeof path);
    for (char *p = path; (p = strchr(p + 1, '/'));) {
        *p = 0;
        mkdir(path, 0700); /* what is missing fails when it is opened */
        if (!strchr(p + 1, '/')) break; /* before store.db */
        *p = '/';
    }
    return nxc_config_set(j->cfg, "store", path, err);
}

static nxc_status run(job *j, nxc_engine *engine, nxc_precompute_info *info,
                      nxc_error *err) {
    cli_progress p;
    nxc_error warning;
    NXC_TRY(cli_add_encoder(j->args, j->cfg, engine, err));
    cli_progress_start(&p, "encoding");
    nxc_status st = nxc_engine_precompute_texts(
        engine, j->texts, j->n, cli_progress_step, &p, info, err);
    cli_progress_end(&p);
    if (nxc_engine_warning(engine, &warning)) cli_warn("%s", warning.message);
    return st;
}

static void print(const job *j, const nxc_precompute_info *info,
                  double seconds) {
    nxc__buffer b;
    if (!cli_has(j->args, "json")) {
        printf("%zu texts: %zu known, %zu encoded (%.1f s)\n", info->n_texts,
               info->n_known, info->n_encoded, seconds);
        return;
    }
    nxc__buffer_init(&b, &nxc__allocator_default, 65536);
    nxc__buffer_append_json(&b, nxc__config_text(j->cfg, NXC_OPT_store));
    printf("{\"texts\":%zu,\"known\":%zu,\"encoded\":%zu,\"seconds\":%.3f,"
           "\"store\":%.*s}\n",
           info->n_texts, info->n_known, info->n_encoded, seconds, (int)b.len,
           b.data);
    nxc__buffer_release(&b);
}

int cli_precompute_texts(const cli_args *args) {
    job j = {.args = args};
    nxc_engine *engine = NULL;
    nxc_precompute_info info;
    nxc_error err;
    size_t top;
    double start = cli_seconds();
    if (!cli_get_count(args, "top", 1000, 100000000, &top)) return CLI_USAGE;
    if (cli_n_positional(args) == 0 && !cli_has(args, "resource") &&
        !cli_has(args, "prompts"))
        return cli_usage(cli_command_of(args),
                         "expected a catalog, --resource or --prompts, got "
                         "nothing to encode");
    nxc_status st = cli_config(args, &j.cfg, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    nxc__arena_init(&j.arena, &nxc__allocator_default, SIZE_MAX);
    st = collect(&j, top, &err);
    if (st == NXC_OK) st = default_store(&j, &err);
    if (st == NXC_OK) st = nxc_engine_open(j.cfg, NULL, &engine, &err);
    if (st == NXC_OK) st = run(&j, engine, &info, &err);
    if (st == NXC_OK) print(&j, &info, cli_seconds() - start);
    nxc_engine_close(engine);
    nxc__free(&nxc__allocator_default, j.texts, j.cap * sizeof *j.texts);
    nxc__arena_release(&j.arena);
    nxc_config_free(j.cfg);
    return st == NXC_OK ? CLI_OK : cli_fail(st, &err);
}
