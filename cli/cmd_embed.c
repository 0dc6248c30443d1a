/* nextcall embed and nextcall tokenize: lines in, vectors or ids out, in
 * constant memory. */
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "command.h"
#include "npy.h"

#define DIM_MAX 1024
#define BATCH 1024

/* A group of texts that goes through the encoder at once. */
typedef struct batch {
    nxc__arena arena;
    nxc_str texts[BATCH];
    size_t n;
} batch;

typedef struct job {
    const cli_args *args;
    nxc_encoder *encoder;
    nxc_encoder_info info;
    size_t n_threads, max_line, done;
    batch *batch;
    float *rows; /* (BATCH, dim) */
    nxc_text_info *infos;
    FILE *out;
    cli_npy npy;
    bool to_npy, json;
    cli_progress progress;
    nxc_status (*flush)(struct job *, nxc_error *);
} job;

/* The text of one line: itself, or the member "text" of a JSON object. */
static nxc_status line_text(const cli_lines *l, bool is_json, nxc__arena *arena,
                            nxc_str *out, nxc_error *err) {
    nxc_str line = {l->line ? l->line : "", l->len};
    if (l->too_long)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "%s:%zu: expected at most %zu bytes, got more",
                          l->name, l->number, l->max);
    if (!is_json) {
        *out = nxc__arena_copy(arena, line);
    } else {
        nxc__json_doc *doc;
        nxc_status st =
            nxc__json_parse(nxc__str(l->name), line, NULL, NULL, &doc, err);
        if (st != NXC_OK)
            return nxc__error_prefix(err, st, "line %zu", l->number);
        const nxc__json *text = NXC_JSON_GET(nxc__json_root(doc), "text");
        bool ok = nxc__json_is(text, NXC_JSON_STRING);
        if (ok) *out = nxc__arena_copy(arena, nxc__json_str(text));
        nxc__json_free(doc);
        if (!ok)
            return nxc__error(err, NXC_ERR_INVALID,
                              "%s:%zu: $.text: expected a string, got none",
                              l->name, l->number);
    }
    return out->ptr ? NXC_OK : nxc__error_nomem(err, line.len);
}

static nxc_status read_file(job *j, const char *path, nxc_error *err) {
    cli_lines l;
    bool first = true, is_json = cli_has(j->args, "input-json");
    nxc_status st = NXC_OK;
    NXC_TRY(cli_lines_open(&l, path, j->max_line, err));
    while (st == NXC_OK && cli_lines_next(&l)) {
        if (first && l.len && l.line[0] == '{') is_json = true;
        first = false;
        st = line_text(&l, is_json, &j->batch->arena,
                       &j->batch->texts[j->batch->n], err);
        if (st == NXC_OK && ++j->batch->n == BATCH) st = j->flush(j, err);
    }
    cli_lines_close(&l);
    return st;
}

static void end_batch(job *j) {
    j->done += j->batch->n;
    j->batch->n = 0;
    nxc__arena_reset(&j->batch->arena);
    cli_progress_step(&j->progress, j->done, 0);
}

static void print_vector(job *j, const float *row, const nxc_text_info *info) {
    nxc__buffer b;
    nxc__buffer_init(&b, &nxc__allocator_default, (size_t)1 << 20);
    if (j->json)
        nxc__buffer_printf(&b,
                           "{\"n_tokens\":%u,\"truncated\":%s,\"embedding\":[",
                           info->n_tokens, info->truncated ? "true" : "false");
    for (size_t i = 0; i < j->info.dim; i++) {
        if (i) nxc__buffer_append_char(&b, j->json ? ',' : ' ');
        nxc__buffer_printf(&b, "%.9g", (double)row[i]);
    }
    nxc__buffer_append_z(&b, j->json ? "]}\n" : "\n");
    fwrite(b.data, 1, b.len, j->out);
    nxc__buffer_release(&b);
}

static nxc_status flush_vectors(job *j, nxc_error *err) {
    size_t n = j->batch->n;
    if (n == 0) return NXC_OK;
    NXC_TRY(nxc_encoder_encode_batch(j->encoder, j->n_threads, j->batch->texts,
                                     n, j->rows, j->infos, err));
    if (j->to_npy)
        cli_npy_append(&j->npy, j->rows, n);
    else
        for (size_t i = 0; i < n; i++)
            print_vector(j, j->rows + i * j->info.dim, &j->infos[i]);
    end_batch(j);
    return NXC_OK;
}

static nxc_status flush_ids(job *j, nxc_error *err) {
    uint32_t ids[DIM_MAX];
    for (size_t i = 0; i < j->batch->n; i++) {
        nxc_text_info info;
        NXC_TRY(nxc_encoder_tokenize(j->encoder, j->batch->texts[i], ids, &info,
                                     err));
        if (j->json)
            fprintf(j->out, "{\"n_tokens\":%u,\"truncated\":%s,\"ids\":[",
                    info.n_tokens, info.truncated ? "true" : "false");
        for (uint32_t k = 0; k < info.n_tokens; k++)
            fprintf(j->out, "%s%u", k ? j->json ? "," : " " : "", ids[k]);
        fputs(j->json ? "]}\n" : "\n", j->out);
    }
    end_batch(j);
    return NXC_OK;
}

static nxc_status open_output(job *j, bool vectors, nxc_error *err) {
    const char *path = cli_get(j->args, "output");
    j->out = stdout;
    j->json = cli_has(j->args, "json");
    if (!path) return NXC_OK;
    if (nxc__str_ends(nxc__str(path), NXC_STR(".npy"))) {
        if (!vectors)
            return nxc__error(err, NXC_ERR_UNSUPPORTED,
                              "--output: expected a text file for ids of "
                              "different number, got %s",
                              path);
        j->to_npy = true;
        return cli_npy_open(&j->npy, path, j->info.dim, err);
    }
    if (vectors) j->json = true;
    j->out = fopen(path, "we");
    return j->out ? NXC_OK
                  : nxc__error(err, NXC_ERR_IO,
                               "%s: expected to create, got an error", path);
}

static nxc_status close_output(job *j, nxc_status st, nxc_error *err) {
    if (j->to_npy) {
        nxc_status closed = cli_npy_close(&j->npy, st == NXC_OK ? err : NULL);
        return st == NXC_OK ? closed : st;
    }
    if (j->out && j->out != stdout && fclose(j->out) != 0 && st == NXC_OK)
        return nxc__error(err, NXC_ERR_IO,
                          "--output: expected to write, got an "
                          "error");
    return st;
}

static nxc_status open_encoder(job *j, nxc_error *err) {
    char path[2048];
    nxc_config *cfg;
    if (!cli_model_path(j->args, path, sizeof path))
        return nxc__error(
            err, NXC_ERR_STATE,
            "model: expected %s, got no such file; nextcall model "
            "fetch gets it",
            path);
    if (!cli_get_count(j->args, "threads", 1, 256, &j->n_threads))
        return nxc__error(err, NXC_ERR_INVALID, "--threads: see above");
    NXC_TRY(cli_config(j->args, &cfg, err));
    nxc_status st = nxc_encoder_open(path, cfg, NULL, &j->encoder, err);
    nxc_config_free(cfg);
    if (st == NXC_OK) nxc_encoder_get_info(j->encoder, &j->info);
    return st;
}

static nxc_status run(job *j, bool vectors, nxc_error *err) {
    NXC_TRY(open_encoder(j, err));
    if (j->info.max_tokens > DIM_MAX || j->info.dim > DIM_MAX)
        return nxc__error(
            err, NXC_ERR_UNSUPPORTED,
            "model: expected at most %d tokens and dimensions, got "
            "more",
            DIM_MAX);
    j->batch = nxc__alloc_zero(&nxc__allocator_default, sizeof *j->batch);
    j->rows = nxc__alloc(&nxc__allocator_default,
                         BATCH * j->info.dim * sizeof(float));
    j->infos = nxc__alloc(&nxc__allocator_default, BATCH * sizeof *j->infos);
    if (!j->batch || !j->rows || !j->infos)
        return nxc__error_nomem(err, BATCH * j->info.dim * sizeof(float));
    nxc__arena_init(&j->batch->arena, &nxc__allocator_default, SIZE_MAX);
    NXC_TRY(open_output(j, vectors, err));
    cli_progress_start(&j->progress, vectors ? "embedding" : "tokenizing");
    nxc_status st = NXC_OK;
    for (size_t i = 0; i < cli_n_positional(j->args) && st == NXC_OK; i++)
        st = read_file(j, cli_positional(j->args, i), err);
    if (st == NXC_OK) st = j->flush(j, err);
    cli_progress_end(&j->progress);
    return close_output(j, st, err);
}

static int embed_or_tokenize(const cli_args *args, bool vectors) {
    nxc_error err;
    job j = {.args = args,
             .max_line = (size_t)16 << 20,
             .flush = vectors ? flush_vectors : flush_ids};
    nxc_status st = run(&j, vectors, &err);
    int code = st == NXC_OK ? CLI_OK : cli_fail(st, &err);
    const nxc_allocator *a = &nxc__allocator_default;
    if (j.batch) nxc__arena_release(&j.batch->arena);
    nxc__free(a, j.batch, sizeof *j.batch);
    nxc__free(a, j.rows, BATCH * j.info.dim * sizeof(float));
    nxc__free(a, j.infos, BATCH * sizeof *j.infos);
    nxc_encoder_close(j.encoder);
    return code;
}

int cli_embed(const cli_args *args) { return embed_or_tokenize(args, true); }
int cli_tokenize(const cli_args *args) {
    return embed_or_tokenize(args, false);
}
