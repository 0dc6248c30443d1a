/*
 * What train and importance --permutation learn and judge from.
 *
 *     --data ... -> sources -> points (who and where from, no rows yet)
 *                -> the caller's split -> rows -> one matrix
 *
 * A point's side is known before its rows are made: of a training point a
 * sample of the candidates is kept, of the others all. Rows of scenarios come
 * from the engine that serves, in the order of the catalog, which unlike the
 * order of a ranking says nothing of the answer; rows of a matrix are read as
 * features --scenarios wrote them.
 *
 * Threading: the workers of cli_dataset_rank keep rows of different points.
 */
#include "train_input.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/hash.h"
#include "base/json.h"
#include "matrix.h"
#include "ranker/ranker.h"
#include "train/train_sample.h"

/* A point's rows in a matrix. */
typedef struct place {
    size_t n, gold; /* gold SIZE_MAX: unknown */
} place;

struct cli_source {
    const char *path, *catalog; /* catalog NULL: those of --catalog */
    bool is_matrix;
    cli_dataset all, dataset; /* of scenarios: read; taken */
    nxc_engine *engine;       /* of scenarios, while rows are made */
    cli_protocol protocol;
    place *places; /* (n) of a matrix */
    size_t first_point, n;
};

/* ------------------------------------------------------------- the sources */

static nxc_status add_source(nxc__buffer *list, nxc__arena *arena,
                             const char *path, const char *catalog,
                             nxc_error *err) {
    nxc_str p = nxc__arena_copy(arena, nxc__str(path));
    nxc_str c = nxc__arena_copy(arena, nxc__str(catalog ? catalog : ""));
    cli_source s;
    if (!p.ptr || !c.ptr) return nxc__error_nomem(err, p.len);
    memset(&s, 0, sizeof s);
    s.path = p.ptr;
    s.catalog = c.len ? c.ptr : NULL;
    s.is_matrix = nxc__str_ends(p, NXC_STR(".npy"));
    nxc__buffer_append(list, &s, sizeof s);
    return nxc__buffer_status(list, "data", err);
}

/* X.scenarios.jsonl has its catalogs in X.catalog.jsonl, if there is one. */
static nxc_status add_file(nxc__buffer *list, nxc__arena *arena,
                           const char *path, nxc_error *err) {
    char catalog[4096 - 512];
    nxc_str p = nxc__str(path), ending = NXC_STR(".scenarios.jsonl");
    if (!nxc__str_ends(p, ending))
        return add_source(list, arena, path, NULL, err);
    snprintf(catalog, sizeof catalog, "%.*s.catalog.jsonl",
             (int)(p.len - ending.len), path);
    return add_source(list, arena, path,
                      access(catalog, R_OK) == 0 ? catalog : NULL, err);
}

/* A matrix counts only with its index. */
static bool is_data(const char *path) {
    char index[4096];
    nxc_str name = nxc__str(path);
    snprintf(index, sizeof index, "%s.jsonl", path);
    return nxc__str_ends(name, NXC_STR(".scenarios.jsonl")) ||
           (nxc__str_ends(name, NXC_STR(".npy")) && access(index, R_OK) == 0);
}
static int by_path(const void *a, const void *b) {
    return strcmp(((const cli_source *)a)->path, ((const cli_source *)b)->path);
}

/* In the order of their names, not in that of the folder. */
static nxc_status add_folder(nxc__buffer *list, nxc__arena *arena,
                             const char *folder, nxc_error *err) {
    size_t before = list->len;
    nxc_status st = NXC_OK;
    DIR *d = opendir(folder);
    if (!d) return nxc__file_error(err, folder, "read the folder");
    for (const struct dirent *e; st == NXC_OK && (e = readdir(d));) {
        char path[4096 - 512];
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (is_data(path)) st = add_file(list, arena, path, err);
    }
    closedir(d);
    if (st == NXC_OK && list->len == before)
        return nxc__error(err, NXC_ERR_NOT_FOUND,
                          "%s: expected *.scenarios.jsonl or *.npy, got none",
                          folder);
    if (st == NXC_OK)
        qsort(list->data + before, (list->len - before) / sizeof(cli_source),
              sizeof(cli_source), by_path);
    return st;
}

static nxc_status list_sources(cli_training *t, nxc__buffer *list,
                               nxc_error *err) {
    size_t at = 0;
    for (const char *v; (v = cli_next(t->args, "data", &at));) {
        struct stat s;
        bool is_folder = stat(v, &s) == 0 && S_ISDIR(s.st_mode);
        NXC_TRY(is_folder ? add_folder(list, &t->arena, v, err)
                          : add_file(list, &t->arena, v, err));
    }
    t->n_sources = list->len / sizeof *t->sources;
    t->sources = nxc__arena_alloc(&t->arena, list->len + 1);
    if (!t->sources) return nxc__error_nomem(err, list->len);
    if (list->len) memcpy(t->sources, list->data, list->len);
    return NXC_OK;
}

/* ------------------------------------------------------------------ points */

/* One line of a matrix's index. */
static nxc_status read_place(cli_training *t, const nxc__json *line,
                             size_t *row, place *out, nxc_error *err) {
    static const char *const names[] = {"scenario_id", "group", "catalog"};
    nxc_str texts[3];
    uint64_t first, n, gold = 0;
    const nxc__json *g = NXC_JSON_GET(line, "gold");
    bool is_known = nxc__json_is(g, NXC_JSON_NUMBER);
    if (!nxc__json_uint(NXC_JSON_GET(line, "first"), SIZE_MAX / 2, &first) ||
        !nxc__json_uint(NXC_JSON_GET(line, "n"), UINT32_MAX, &n) ||
        (is_known && (!nxc__json_uint(g, UINT32_MAX, &gold) || gold >= n)))
        return nxc__error(err, NXC_ERR_PARSE,
                          "expected numbers first, n and gold < n");
    if (first != *row)
        return nxc__error(err, NXC_ERR_PARSE,
                          "expected the rows in order, from %zu on, got first "
                          "%zu",
                          *row, (size_t)first);
    for (size_t i = 0; i < 3; i++) {
        const nxc__json *v = nxc__json_get(line, nxc__str(names[i]));
        texts[i] = nxc__arena_copy(&t->arena, nxc__json_str(v));
        if (!nxc__json_is(v, NXC_JSON_STRING) || !texts[i].ptr)
            return nxc__error(err, NXC_ERR_PARSE, "expected a string as %s",
                              names[i]);
    }
    *out = (place){n, is_known ? gold : SIZE_MAX};
    *row += n;
    return nxc__train_data_add(&t->data, texts[0], texts[1], texts[2], err);
}

static nxc_status read_index_line(cli_training *t, const cli_lines *l,
                                  size_t *row, nxc__buffer *places,
                                  nxc_error *err) {
    nxc__json_doc *doc;
    place p;
    if (l->too_long)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "%s:%zu: expected at most %zu bytes, got more",
                          l->name, l->number, l->max);
    nxc_status st = nxc__json_parse(
        nxc__str(l->name), (nxc_str){l->line, l->len}, NULL, NULL, &doc, err);
    if (st != NXC_OK) return cli_lines_blame(l, l->name, st, err);
    st = read_place(t, nxc__json_root(doc), row, &p, err);
    nxc__json_free(doc);
    if (st != NXC_OK)
        return nxc__error_prefix(err, st, "%s:%zu", l->name, l->number);
    nxc__buffer_append(places, &p, sizeof p);
    return nxc__buffer_status(places, "decision points", err);
}

static nxc_status read_index(cli_training *t, cli_source *s,
                             nxc__buffer *places, nxc_error *err) {
    char name[4096];
    cli_lines lines;
    size_t row = 0;
    snprintf(name, sizeof name, "%s.jsonl", s->path);
    NXC_TRY(cli_lines_open(&lines, name, (size_t)1 << 20, err));
    nxc_status st = NXC_OK;
    while (st == NXC_OK && cli_lines_next(&lines))
        st = read_index_line(t, &lines, &row, places, err);
    if (st == NXC_OK) st = cli_lines_status(&lines, err);
    cli_lines_close(&lines);
    if (st != NXC_OK) return st;
    s->n = places->len / sizeof *s->places;
    s->places = nxc__arena_alloc(&t->arena, places->len + 1);
    if (!s->places) return nxc__error_nomem(err, places->len);
    if (places->len) memcpy(s->places, places->data, places->len);
    return NXC_OK;
}

static nxc_status read_scenarios(cli_training *t, cli_source *s, size_t every,
                                 nxc_error *err) {
    NXC_TRY(cli_dataset_read(s->path, &s->all, err));
    NXC_TRY(cli_dataset_sample(&s->all, every, &s->dataset, err));
    s->n = s->dataset.n_points;
    for (size_t i = 0; i < s->dataset.n; i++) {
        const cli_scenario *x = &s->dataset.scenarios[i];
        for (size_t k = 0; k < x->n; k++)
            NXC_TRY(nxc__train_data_add(&t->data, x->id, x->group, x->catalog,
                                        err));
    }
    return NXC_OK;
}

static nxc_status read_points(cli_training *t, size_t every, nxc_error *err) {
    for (size_t i = 0; i < t->n_sources; i++) {
        cli_source *s = &t->sources[i];
        s->first_point = t->data.n_points;
        if (s->is_matrix) {
            nxc__buffer places;
            nxc__buffer_init(&places, &nxc__allocator_default, SIZE_MAX / 2);
            nxc_status st = read_index(t, s, &places, err);
            nxc__buffer_release(&places);
            NXC_TRY(st);
        } else {
            NXC_TRY(read_scenarios(t, s, every, err));
        }
    }
    for (size_t i = 0; i < t->data.n_points; i++)
        t->n_sessions += i == 0 || !nxc__str_eq(t->data.points[i].session,
                                                t->data.points[i - 1].session);
    return NXC_OK;
}

/* ----------------------------------------------------------------- columns */

static size_t count_columns(const char *set) {
    nxc_feature_info info;
    size_t n = 0;
    while (nxc_feature_describe(set, n, &info))
        n++;
    return n;
}

/* The set of a matrix goes by the number of its columns. */
static nxc_status find_set(cli_training *t, const char *given, size_t *n,
                           nxc_error *err) {
    static const char *const sets[] = {"v1", "v2"};
    const char *matrix = NULL;
    t->set = given ? given : "v2";
    *n = count_columns(t->set);
    if (*n == 0)
        return nxc__error(err, NXC_ERR_NOT_FOUND,
                          "--set: expected v1 or v2, got %.40s", given);
    for (size_t i = 0; i < t->n_sources; i++)
        if (t->sources[i].is_matrix) matrix = t->sources[i].path;
    if (given || !matrix) return NXC_OK;
    cli_matrix m;
    NXC_TRY(cli_matrix_open(&m, matrix, 0, NULL, NULL, err));
    *n = m.columns;
    cli_matrix_close(&m);
    t->set = NULL;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (count_columns(sets[i]) == *n) t->set = sets[i];
    return NXC_OK;
}

/* Of a set its names; else as LightGBM calls columns. */
static nxc_status name_columns(cli_training *t, size_t n, const char ***out,
                               nxc_error *err) {
    const char **names =
        nxc__arena_alloc_array(&t->arena, n + 1, sizeof *names);
    if (!names) return nxc__error_nomem(err, n * sizeof *names);
    for (size_t i = 0; i < n; i++) {
        nxc_feature_info info;
        char text[32];
        if (t->set && nxc_feature_describe(t->set, i, &info)) {
            names[i] = info.name;
            continue;
        }
        snprintf(text, sizeof text, "Column_%zu", i);
        names[i] = nxc__arena_copy(&t->arena, nxc__str(text)).ptr;
        if (!names[i]) return nxc__error_nomem(err, sizeof text);
    }
    *out = names;
    return NXC_OK;
}

static nxc_status open_training(cli_training *t, nxc_error *err) {
    nxc__buffer list;
    const char **names = NULL;
    size_t n = 0;
    if (!cli_get_count(t->args, "every", 1, 1000000, &t->every) ||
        t->every == 0)
        return nxc__error(err, NXC_ERR_INVALID,
                          "--every: expected a number above 0, got none");
    if (!cli_protocol_read(t->args, &t->protocol))
        return nxc__error(err, NXC_ERR_INVALID,
                          "--protocol: expected cold or warm, got another");
    nxc__buffer_init(&list, &nxc__allocator_default, (size_t)1 << 30);
    nxc_status st = list_sources(t, &list, err);
    nxc__buffer_release(&list);
    if (st == NXC_OK) st = find_set(t, cli_get(t->args, "set"), &n, err);
    if (st == NXC_OK) st = name_columns(t, n, &names, err);
    nxc__train_data_init(&t->data, names, n, &nxc__allocator_default);
    t->n_columns = n;
    return st == NXC_OK ? read_points(t, t->every, err) : st;
}

nxc_status cli_training_open(cli_training *t, const cli_args *args,
                             nxc_error *err) {
    memset(t, 0, sizeof *t);
    t->args = args;
    nxc__arena_init(&t->arena, &nxc__allocator_default, SIZE_MAX);
    nxc_status st = open_training(t, err);
    if (st != NXC_OK) cli_training_close(t);
    return st;
}

static void close_engine(cli_source *s) {
    cli_protocol_close(&s->protocol);
    nxc_engine_close(s->engine);
    s->engine = NULL;
}
static void close_source(cli_source *s) {
    close_engine(s);
    cli_dataset_release(&s->all);
}

void cli_training_close(cli_training *t) {
    for (size_t i = 0; i < t->n_sources; i++)
        close_source(&t->sources[i]);
    nxc__train_data_release(&t->data);
    nxc__arena_release(&t->arena);
    t->n_sources = 0;
}

/* -------------------------------------------------------------------- rows */

typedef struct filler {
    cli_training *t;
    const cli_source *source;
    const size_t *max; /* (NXC_N_SIDES) */
    uint64_t seed;
    uint32_t signals[NXC_MAX_SIGNALS];
    size_t n_signals;
    nxc__atomic_counter n_unknown, n_single;
} filler;

/* Keep rows (n, n_columns) of point i, or a sample of them. */
static nxc_status keep_rows(filler *f, size_t i, const float *rows, size_t n,
                            size_t gold, nxc_error *err) {
    nxc__train_data *d = &f->t->data;
    if (gold == SIZE_MAX || n < 2) {
        nxc__atomic_counter_next(gold == SIZE_MAX ? &f->n_unknown
                                                  : &f->n_single);
        return NXC_OK;
    }
    const nxc__train_point *p = &d->points[i];
    nxc__train_sampler s = {f->signals, f->n_signals, d->n_columns,
                            f->max[p->side]};
    uint32_t *kept = nxc__alloc(&nxc__allocator_default, n * sizeof *kept);
    if (!kept) return nxc__error_nomem(err, n * sizeof *kept);
    size_t at = 0;
    uint64_t seed = nxc__hash64(p->session.ptr, p->session.len, f->seed) + i;
    size_t m = nxc__train_sample(&s, rows, n, gold, seed, kept, &at);
    nxc_status st = m ? nxc__train_data_set_rows(d, i, rows, kept, m, at, err)
                      : nxc__error_nomem(err, n * sizeof(double));
    nxc__free(&nxc__allocator_default, kept, n * sizeof *kept);
    return st;
}

/* An item of a ranking. */
typedef struct slot {
    uint32_t operation;
    uint32_t at; /* in the ranking */
} slot;

static int by_operation(const void *a, const void *b) {
    const slot *x = a, *y = b;
    return (x->operation > y->operation) - (x->operation < y->operation);
}

/* Of a ranking: its rows in the order of the catalog. */
static nxc_status keep_point(void *user, const cli_point *p, nxc_error *err) {
    filler *f = user;
    const nxc_ranking *r = p->ranking;
    const nxc_allocator *a = &nxc__allocator_default;
    size_t n_columns = f->t->data.n_columns; /* the first of r->n_features */
    size_t width = n_columns * sizeof(float), gold = SIZE_MAX;
    size_t bytes = r->n * (sizeof(slot) + width);
    slot *slots = nxc__alloc(a, bytes);
    if (!slots) return nxc__error_nomem(err, bytes);
    float *rows = (float *)(void *)(slots + r->n);
    for (size_t i = 0; i < r->n; i++)
        slots[i] = (slot){r->items[i].operation, (uint32_t)i};
    qsort(slots, r->n, sizeof *slots, by_operation);
    for (size_t i = 0; i < r->n; i++) {
        memcpy(rows + i * n_columns, r->items[slots[i].at].features, width);
        if (slots[i].at == p->gold) gold = i;
    }
    nxc_status st = keep_rows(
        f, f->source->first_point + p->scenario->first_point + p->step, rows,
        r->n, gold, err);
    nxc__free(a, slots, bytes);
    return st;
}

/* A point of n candidates keeps so many. */
static void size_point(const filler *f, size_t i, size_t n) {
    nxc__train_data *d = &f->t->data;
    size_t max = f->max[d->points[i].side];
    nxc__train_data_set_size(d, i, n < max ? n : max);
}

/* An engine that extracts, and how many candidates each point has. */
static nxc_status open_scenarios(filler *f, cli_source *s, nxc_error *err) {
    size_t n_workers;
    if (!f->t->set)
        return nxc__error(err, NXC_ERR_MISMATCH,
                          "%s: expected scenarios without a matrix of other "
                          "columns, got both",
                          s->path);
    NXC_TRY(cli_engine_with(f->t->args, "v1", s->catalog, &s->engine, err));
    NXC_TRY(nxc_engine_set_features(s->engine, f->t->set, err));
    NXC_TRY(cli_workers(f->t->args, &n_workers, err));
    NXC_TRY(cli_protocol_open(&s->protocol, s->engine, &f->t->protocol, &s->all,
                              f->t->every, &s->dataset, n_workers, err));
    for (size_t i = 0; i < s->dataset.n; i++) {
        const cli_scenario *x = &s->dataset.scenarios[i];
        size_t n = cli_scenario_n_candidates(s->engine, x);
        for (size_t k = 0; k < x->n; k++)
            size_point(f, s->first_point + x->first_point + k, n);
    }
    return NXC_OK;
}

static nxc_status fill_scenarios(filler *f, cli_source *s, nxc_error *err) {
    size_t n_workers;
    NXC_TRY(cli_workers(f->t->args, &n_workers, err));
    nxc_status st = cli_dataset_rank(&s->protocol, &s->dataset, n_workers,
                                     keep_point, f, err);
    close_engine(s);
    return st;
}

/* One point of a matrix; wide and rows have room for it. */
static nxc_status fill_place(filler *f, cli_matrix *m, size_t i, double *wide,
                             float *rows, nxc_error *err) {
    const place *p = &f->source->places[i];
    size_t n, width = f->t->data.n_columns, wide_width = f->t->n_columns;
    NXC_TRY(cli_matrix_next(m, wide, p->n, &n, err));
    if (n != p->n)
        return nxc__error(err, NXC_ERR_MISMATCH,
                          "%s: expected the rows of %s.jsonl, got fewer",
                          m->path, m->path);
    for (size_t k = 0; k < n; k++)
        for (size_t c = 0; c < width; c++)
            rows[k * width + c] = (float)wide[k * wide_width + c];
    return keep_rows(f, f->source->first_point + i, rows, n, p->gold, err);
}

static nxc_status fill_matrix(filler *f, nxc_error *err) {
    const nxc_allocator *a = &nxc__allocator_default;
    cli_matrix m;
    size_t most = 1, width = f->t->n_columns, total = 0;
    NXC_TRY(cli_matrix_open(&m, f->source->path, width, NULL, NULL, err));
    for (size_t i = 0; i < f->source->n; i++) {
        size_t n = f->source->places[i].n;
        if (n > most) most = n;
        total += n;
    }
    nxc_status st = NXC_OK;
    if (total != m.rows)
        st = nxc__error(err, NXC_ERR_MISMATCH,
                        "%s.jsonl: expected %zu rows, as %s has, got %zu",
                        m.path, m.rows, m.path, total);
    size_t bytes =
        st == NXC_OK ? most * width * (sizeof(double) + sizeof(float)) : 1;
    double *wide = nxc__alloc(a, bytes);
    if (!wide) st = nxc__error_nomem(err, bytes);
    for (size_t i = 0; st == NXC_OK && i < f->source->n; i++)
        st = fill_place(f, &m, i, wide, (float *)(void *)(wide + most * width),
                        err);
    nxc__free(a, wide, bytes);
    cli_matrix_close(&m);
    return st;
}

void cli_training_narrow(cli_training *t, const nxc_ranker *ranker) {
    size_t own = nxc_ranker_n_features(ranker);
    if (t->set && own < t->data.n_columns && nxc__ranker_has_names(ranker) &&
        nxc__ranker_check_features(ranker, t->data.names, own, NULL) == NXC_OK)
        t->data.n_columns = own;
}

nxc_status cli_training_fill(cli_training *t, const size_t *max, uint64_t seed,
                             nxc_error *err) {
    filler f = {.t = t, .max = max, .seed = seed};
    f.n_signals =
        nxc__train_find_signals(t->data.names, t->data.n_columns, f.signals);
    for (size_t i = 0; i < t->n_sources; i++) {
        cli_source *s = &t->sources[i];
        if (!s->is_matrix) NXC_TRY(open_scenarios(&f, s, err));
        for (size_t k = 0; s->is_matrix && k < s->n; k++)
            size_point(&f, s->first_point + k, s->places[k].n);
    }
    NXC_TRY(nxc__train_data_reserve(&t->data, err));
    for (size_t i = 0; i < t->n_sources; i++) {
        f.source = &t->sources[i];
        NXC_TRY(f.source->is_matrix ? fill_matrix(&f, err)
                                    : fill_scenarios(&f, &t->sources[i], err));
    }
    t->n_unknown = nxc__atomic_counter_add(&f.n_unknown, 0);
    t->n_single = nxc__atomic_counter_add(&f.n_single, 0);
    return nxc__train_data_assemble(&t->data, err);
}
