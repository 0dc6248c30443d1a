/* nextcall bench features: the benchmark of the caches, as a table or JSON. */
#define _GNU_SOURCE /* P_tmpdir */
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench_features.h"

/* ------------------------------------------------------------------- input */

static nxc_status keep_line(cli_bench *b, nxc_str line, nxc_error *err) {
    const nxc_allocator *a = &nxc__allocator_default;
    nxc_str *lines = nxc__realloc(a, b->lines, b->n * sizeof *lines,
                                  (b->n + 1) * sizeof *lines);
    char *copy = nxc__alloc(a, line.len + 1);
    if (lines) b->lines = lines;
    if (!lines || !copy) {
        nxc__free(a, copy, line.len + 1);
        return nxc__error_nomem(err, line.len + 1);
    }
    memcpy(copy, line.ptr, line.len);
    copy[line.len] = 0;
    b->lines[b->n++] = (nxc_str){copy, line.len};
    return NXC_OK;
}

static nxc_status draw_lines(cli_bench *b, nxc_error *err) {
    cli_documents documents;
    nxc__buffer line;
    NXC_TRY(cli_documents_open(b->args, b->set, &documents, err));
    nxc__buffer_init(&line, &nxc__allocator_default, (size_t)1 << 20);
    nxc_status st = NXC_OK;
    for (size_t i = 0; i < b->set->n && st == NXC_OK; i++) {
        line.len = 0;
        st = cli_scenario_append(b->set, &documents, b->seed, i, &line, err);
        if (st == NXC_OK) st = keep_line(b, nxc__buffer_str(&line), err);
    }
    nxc__buffer_release(&line);
    cli_documents_close(&documents);
    return st;
}

static nxc_status read_lines(cli_bench *b, const char *path, nxc_error *err) {
    cli_lines lines;
    size_t max;
    NXC_TRY(cli_max_request_bytes(b->args, &max, err));
    NXC_TRY(cli_lines_open(&lines, path, max, err));
    nxc_status st = NXC_OK;
    while (st == NXC_OK && cli_lines_next(&lines)) {
        nxc_str line = nxc__str_trim((nxc_str){lines.line, lines.len});
        if (line.len) st = keep_line(b, line, err);
    }
    if (st == NXC_OK) st = cli_lines_status(&lines, err);
    cli_lines_close(&lines);
    if (st == NXC_OK && b->n == 0)
        st = nxc__error(err, NXC_ERR_INVALID,
                        "%s: expected scenarios, got none", path);
    return st;
}

/* ------------------------------------------------------------ a folder of our
 * own, with the stores of the run */

static nxc_status make_store(cli_bench *b, nxc_error *err) {
    const char *tmp = getenv("TMPDIR");
    char trace[1100];
    snprintf(b->store, sizeof b->store, "%.900s/nextcall-bench-XXXXXX",
             tmp && *tmp ? tmp : P_tmpdir);
    if (!mkdtemp(b->store))
        return nxc__error(err, NXC_ERR_IO,
                          "%s: expected to make a folder, got an error",
                          b->store);
    snprintf(trace, sizeof trace, "%s/trace", b->store);
    (void)mkdir(trace, 0700); /* what is wrong with it is said by the store */
    return NXC_OK;
}
static void remove_files(const char *folder) {
    char path[2048];
    struct dirent *entry;
    DIR *dir = opendir(folder);
    while (dir && (entry = readdir(dir))) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        (void)unlink(path); /* trace is a folder, and goes by itself */
    }
    if (dir) closedir(dir);
    (void)rmdir(folder);
}
static void remove_store(const cli_bench *b) {
    char trace[1100];
    if (!*b->store) return;
    snprintf(trace, sizeof trace, "%s/trace", b->store);
    remove_files(trace);
    remove_files(b->store);
}

/* ------------------------------------------------------------------ output */

static void print_us(double us) {
    if (us < 1e3)
        printf(" %.1f us |", us);
    else
        printf(" %.2f ms |", us * 1e-3);
}
static void print_share(double v) {
    if (isnan(v))
        printf(" |");
    else
        printf(" %.1f %% |", v * 100);
}

static const cli_bench_row *find_row(const cli_bench *b, const char *mode) {
    for (size_t i = 0; i < b->n_rows; i++)
        if (strcmp(b->rows[i].mode, mode) == 0) return &b->rows[i];
    return NULL;
}

/* The mean of mode as a share of what it was before. */
static void print_saving(const cli_bench *b, const char *mode) {
    const cli_bench_row *r = find_row(b, mode), *before = find_row(b, "before");
    if (r && before)
        printf("%s: %.2f %% less time than before; ", mode,
               (1 - r->vector_us / before->vector_us) * 100);
}

static void print_embeddings(const cli_bench *b) {
    printf("\n| embeddings of %zu operations | bytes | a row | mean cosine |\n"
           "|---|---|---|---|\n"
           "| float32 | %zu | %zu | 1 |\n"
           "| int8 (%.1f %% less) | %zu | %zu | %.5f |\n",
           b->n_rows_kept, b->f32_bytes, b->f32_bytes / b->n_rows_kept,
           (1 - (double)b->int8_bytes / (double)b->f32_bytes) * 100,
           b->int8_bytes, b->int8_bytes / b->n_rows_kept, b->mean_cosine);
}

static void print_table(const cli_bench *b) {
    const cli_bench_row *trace = find_row(b, "restart");
    const char *features = cli_get(b->args, "features");
    printf("%s, seed %zu, features %s: %zu scenarios; traces of %zu sessions; "
           "of the last trace's %zu requests %zu are different; %ld cores\n\n"
           "| mode | threads | requests | mean | p50 | p95 | p99 | a vector | "
           "requests/s | vectors found | embeddings found | RSS |\n"
           "|---|---|---|---|---|---|---|---|---|---|---|---|\n",
           b->set->name, b->seed, features ? features : "v1", b->n,
           b->n_sessions, trace ? trace->requests : 0, b->n_distinct,
           sysconf(_SC_NPROCESSORS_ONLN));
    for (size_t i = 0; i < b->n_rows; i++) {
        const cli_bench_row *r = &b->rows[i];
        printf("| %s | %zu | %zu |", r->mode, r->threads, r->requests);
        print_us(r->mean_us);
        print_us(r->p50_us);
        print_us(r->p95_us);
        print_us(r->p99_us);
        print_us(r->vector_us);
        printf(" %.0f |", r->requests_per_s);
        print_share(r->vector_hits);
        print_share(r->embedding_hits);
        printf(" %.0f MB |\n", r->rss_mb);
    }
    putchar('\n');
    print_saving(b, "no cache");
    print_saving(b, "cold");
    print_saving(b, "trace");
    print_saving(b, "restart");
    print_saving(b, "warm");
    if (!*b->reference) printf("no float32 model: before is left out");
    putchar('\n');
    if (b->n_rows_kept) print_embeddings(b);
}

static void number(nxc__buffer *o, const char *name, double v) {
    nxc__buffer_printf(o, ",\"%s\":", name);
    nxc__buffer_append_double(o, v);
}

static nxc_status print_json(const cli_bench *b, nxc_error *err) {
    nxc__buffer o;
    nxc__buffer_init(&o, &nxc__allocator_default, (size_t)1 << 20);
    nxc__buffer_printf(
        &o,
        "{\"set\":\"%s\",\"seed\":%zu,\"scenarios\":%zu,"
        "\"sessions\":%zu,\"distinct\":%zu,\"cores\":%ld,\"model\":",
        b->set->name, b->seed, b->n, b->n_sessions, b->n_distinct,
        sysconf(_SC_NPROCESSORS_ONLN));
    nxc__buffer_append_json(&o, nxc__str(b->model));
    nxc__buffer_append_z(&o, ",\"rows\":[");
    for (size_t i = 0; i < b->n_rows; i++) {
        const cli_bench_row *r = &b->rows[i];
        nxc__buffer_printf(&o,
                           "%s{\"mode\":\"%s\",\"threads\":%zu,"
                           "\"requests\":%zu,\"vectors\":%zu",
                           i ? ",\n " : "", r->mode, r->threads, r->requests,
                           r->vectors);
        number(&o, "mean_us", r->mean_us);
        number(&o, "p50_us", r->p50_us);
        number(&o, "p95_us", r->p95_us);
        number(&o, "p99_us", r->p99_us);
        number(&o, "vector_us", r->vector_us);
        number(&o, "requests_per_s", r->requests_per_s);
        number(&o, "vector_hits", r->vector_hits);
        number(&o, "embedding_hits", r->embedding_hits);
        number(&o, "embedding_bytes", r->embedding_bytes);
        number(&o, "rss_mb", r->rss_mb);
        nxc__buffer_append_char(&o, '}');
    }
    nxc__buffer_printf(&o,
                       "],\"embedding_rows\":{\"rows\":%zu,"
                       "\"float32_bytes\":%zu,\"int8_bytes\":%zu",
                       b->n_rows_kept, b->f32_bytes, b->int8_bytes);
    number(&o, "mean_cosine", b->mean_cosine);
    nxc__buffer_append_z(&o, "}}\n");
    nxc_status st = nxc__buffer_status(&o, "bench", err);
    if (st == NXC_OK) fwrite(o.data, 1, o.len, stdout);
    nxc__buffer_release(&o);
    return st;
}

static nxc_status find_models(cli_bench *b, nxc_error *err) {
    char dir[1500];
    const char *given = cli_get(b->args, "reference");
    if (!cli_model_path(b->args, b->model, sizeof b->model))
        return nxc__error(err, NXC_ERR_STATE,
                          "model: expected %s, got no such file; nextcall "
                          "model fetch gets it",
                          b->model);
    cli_model_dir(dir, sizeof dir);
    for (size_t i = 0; i < CLI_N_MODELS && !given; i++)
        if (cli_models[i].dtype == NXC_F32)
            snprintf(b->reference, sizeof b->reference, "%s/%s", dir,
                     cli_models[i].file);
    if (given)
        snprintf(b->reference, sizeof b->reference, "%s", given);
    else if (access(b->reference, R_OK) != 0)
        b->reference[0] = 0;
    return NXC_OK;
}

int cli_bench_command(const cli_args *args) {
    cli_bench *b = nxc__alloc_zero(&nxc__allocator_default, sizeof *b);
    nxc_error err;
    const char *path = cli_get(args, "scenarios");
    if (!b) return nxc_status_exit_code(NXC_ERR_NOMEM);
    b->args = args;
    b->set = cli_scenario_set_of(args);
    int code = CLI_USAGE;
    if (b->set && cli_get_count(args, "seed", 1, SIZE_MAX / 16, &b->seed) &&
        cli_get_count(args, "sessions", 2000, 1000000, &b->n_sessions)) {
        nxc_status st = find_models(b, &err);
        if (st == NXC_OK)
            st = path ? read_lines(b, path, &err) : draw_lines(b, &err);
        if (st == NXC_OK) st = make_store(b, &err);
        if (st == NXC_OK) st = cli_bench_features(b, &err);
        if (st == NXC_OK) st = cli_bench_rows(b, &err);
        if (st == NXC_OK && cli_has(args, "json"))
            st = print_json(b, &err);
        else if (st == NXC_OK)
            print_table(b);
        code = st == NXC_OK ? CLI_OK : cli_fail(st, &err);
        remove_store(b);
    }
    for (size_t i = 0; i < b->n; i++)
        nxc__free_str(&nxc__allocator_default, b->lines[i]);
    nxc__free(&nxc__allocator_default, b->lines, b->n * sizeof *b->lines);
    nxc__free(&nxc__allocator_default, b, sizeof *b);
    return code;
}
