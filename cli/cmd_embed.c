/* nextcall embed and nextcall tokenize: lines in, vectors or ids out, in the
 * order of the input and in constant memory.
 *
 *     lines -> texts -> batch -> encoder -> rows -> text, JSONL or .npy
 *
 * A batch goes through the encoder when it is full (texts, bytes, or about a
 * second of work for each thread) or when the input makes us wait. What a text
 * becomes does not depend on its batch. The threads that encode a batch write
 * its rows as text as well, which costs a tenth of encoding short texts;
 * reading costs a thousandth and has no thread of its own. A line that is no
 * text ends the work: standard output then has the lines before it, a file of
 * --output is as it was before.
 */
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/config.h"
#include "base/executor.h"
#include "base/json.h"
#include "command.h"
#include "npy.h"

#define DIM_MAX 1024
#define BATCH 1024
#define BATCH_BYTES ((size_t)4 << 20)
#define BATCH_TOKENS 16384 /* a thread */
#define NUMBER_BYTES 18    /* the longest %.9g and its separator */

/* A group of texts that goes through the encoder at once. */
typedef struct batch {
    nxc__arena arena;
    nxc_str texts[BATCH];
    size_t n, n_bytes, n_tokens; /* n_tokens is an estimate */
} batch;

typedef struct job {
    const cli_args *args;
    nxc_encoder *encoder;
    nxc_encoder_info info;
    nxc__pool *pool;
    size_t n_threads, max_line, done;
    size_t n_read, n_bytes; /* of the files; n_bytes 0: not known */
    batch *batch;
    float *rows;    /* (BATCH, dim) */
    char *lines;    /* (BATCH, line_bytes) */
    size_t *n_line; /* (BATCH) bytes used of each */
    size_t line_bytes;
    uint32_t *ids; /* (BATCH, max_tokens) */
    nxc_text_info *infos;
    nxc_status *states; /* of the texts, by task */
    cli_npy npy;        /* its output alone, unless to_npy */
    bool to_npy, json;
    cli_progress progress;
    nxc_status (*flush)(struct job *, nxc_error *);
} job;

static nxc_status json_text(const cli_lines *l, nxc_str line, nxc__arena *arena,
                            nxc_str *out, nxc_error *err) {
    nxc__json_doc *doc;
    nxc_status st =
        nxc__json_parse(nxc__str(l->name), line, NULL, NULL, &doc, err);
    if (st != NXC_OK) return cli_lines_blame(l, l->name, st, err);
    static const nxc__json_path root = {NULL, {NULL, 0}, 0};
    const nxc__json_path step = {&root, NXC_STR("text"), 0};
    const nxc__json *text = NXC_JSON_GET(nxc__json_root(doc), "text");
    if (nxc__json_is(text, NXC_JSON_STRING))
        *out = nxc__arena_copy(arena, nxc__json_str(text));
    else
        st = nxc__json_error_type(doc, &step, err, "a string", text);
    nxc__json_free(doc);
    return st == NXC_OK ? st : cli_lines_blame(l, l->name, st, err);
}

/* The text of one line: itself, or the member "text" of a JSON object. */
static nxc_status line_text(const cli_lines *l, bool is_json, nxc__arena *arena,
                            nxc_str *out, nxc_error *err) {
    nxc_str line = {l->line ? l->line : "", l->len};
    if (l->too_long)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "%s:%zu: expected at most %zu bytes, got more",
                          l->name, l->number, l->max);
    if (is_json)
        NXC_TRY(json_text(l, line, arena, out, err));
    else
        *out = nxc__arena_copy(arena, line);
    return out->ptr ? NXC_OK : nxc__error_nomem(err, line.len);
}

/* --json and --input-json say that lines are JSON, --input-text that they are
 * not; otherwise the first byte of the file tells. */
static bool reads_json(const job *j, const cli_lines *l) {
    if (cli_has(j->args, "json") || cli_has(j->args, "input-json")) return true;
    return !cli_has(j->args, "input-text") && l->len && l->line[0] == '{';
}

/* Add a text; whether the batch is full. English has about four bytes to a
 * token, and a text has at most 256 of them. */
static bool is_full_with(const job *j, batch *b, nxc_str text) {
    size_t tokens = text.len / 4 + 2;
    b->texts[b->n++] = text;
    b->n_bytes += text.len;
    b->n_tokens += tokens < 256 ? tokens : 256;
    return b->n == BATCH || b->n_bytes >= BATCH_BYTES ||
           b->n_tokens >= BATCH_TOKENS * j->n_threads;
}

static nxc_status read_file(job *j, const char *path, nxc_error *err) {
    cli_lines l;
    bool is_json = false;
    batch *b = j->batch;
    nxc_str text = {NULL, 0};
    nxc_status st = NXC_OK;
    size_t before = j->n_read;
    NXC_TRY(cli_lines_open(&l, path, j->max_line, err));
    while (st == NXC_OK && cli_lines_next(&l)) {
        if (l.number == 1) is_json = reads_json(j, &l);
        if (is_json && nxc__str_trim((nxc_str){l.line, l.len}).len == 0)
            continue;
        st = line_text(&l, is_json, &b->arena, &text, err);
        if (st != NXC_OK) break;
        j->n_read = before + l.n_read;
        if (is_full_with(j, b, text) || cli_lines_must_wait(&l))
            st = j->flush(j, err);
    }
    if (st == NXC_OK) st = cli_lines_status(&l, err);
    cli_lines_close(&l);
    return st;
}

/* How many texts there will be, if lines go on as they were; 0: not known. */
static size_t expected_texts(const job *j) {
    if (j->n_read == 0 || j->n_bytes < j->n_read) return 0;
    double n = (double)j->done * (double)j->n_bytes / (double)j->n_read;
    return (size_t)n > j->done ? (size_t)n : j->done;
}

static void end_batch(job *j) {
    j->done += j->batch->n;
    j->batch->n = j->batch->n_bytes = j->batch->n_tokens = 0;
    nxc__arena_reset(&j->batch->arena);
    if (!j->to_npy) fflush(j->npy.output.file);
    cli_progress_step(&j->progress, j->done, expected_texts(j));
}

/* Write the row of a text into its line: the numbers, or a JSON object. */
static void format_one(void *user, size_t i, size_t worker) {
    job *j = user;
    (void)worker;
    char *line = j->lines + i * j->line_bytes;
    const float *row = j->rows + i * j->info.dim;
    size_t n = 0;
    if (j->json)
        n = (size_t)snprintf(line, j->line_bytes,
                             "{\"n_tokens\":%u,\"truncated\":%s,"
                             "\"embedding\":[",
                             j->infos[i].n_tokens,
                             j->infos[i].truncated ? "true" : "false");
    for (size_t k = 0; k < j->info.dim; k++) {
        if (k) line[n++] = j->json ? ',' : ' ';
        n += (size_t)snprintf(line + n, NUMBER_BYTES, "%.9g", (double)row[k]);
    }
    if (j->json) {
        line[n++] = ']';
        line[n++] = '}';
    }
    line[n++] = '\n';
    j->n_line[i] = n;
}

static nxc_status flush_vectors(job *j, nxc_error *err) {
    size_t n = j->batch->n;
    if (n == 0) return NXC_OK;
    NXC_TRY(nxc_encoder_encode_batch(j->encoder, j->n_threads, j->batch->texts,
                                     n, j->rows, j->infos, err));
    if (j->to_npy) {
        cli_npy_append(&j->npy, j->rows, n);
    } else {
        nxc__pool_run(j->pool, format_one, j, n);
        for (size_t i = 0; i < n; i++)
            fwrite(j->lines + i * j->line_bytes, 1, j->n_line[i],
                   j->npy.output.file);
    }
    end_batch(j);
    return NXC_OK;
}

static void tokenize_one(void *user, size_t i, size_t worker) {
    job *j = user;
    (void)worker;
    j->states[i] = nxc_encoder_tokenize(j->encoder, j->batch->texts[i],
                                        j->ids + i * j->info.max_tokens,
                                        &j->infos[i], NULL);
}

static nxc_status flush_ids(job *j, nxc_error *err) {
    FILE *out = j->npy.output.file;
    nxc__pool_run(j->pool, tokenize_one, j, j->batch->n);
    for (size_t i = 0; i < j->batch->n; i++) {
        const nxc_text_info *info = &j->infos[i];
        const uint32_t *ids = j->ids + i * j->info.max_tokens;
        if (j->states[i] != NXC_OK)
            return nxc__error(err, j->states[i],
                              "text %zu: expected to tokenize it, got: %s",
                              j->done + i + 1, nxc_status_text(j->states[i]));
        if (j->json)
            fprintf(out, "{\"n_tokens\":%u,\"truncated\":%s,\"ids\":[",
                    info->n_tokens, info->truncated ? "true" : "false");
        for (uint32_t k = 0; k < info->n_tokens; k++)
            fprintf(out, "%s%u", k ? j->json ? "," : " " : "", ids[k]);
        fputs(j->json ? "]}\n" : "\n", out);
    }
    end_batch(j);
    return NXC_OK;
}

static nxc_status open_output(job *j, bool vectors, nxc_error *err) {
    const char *path = cli_get(j->args, "output");
    j->json = cli_has(j->args, "json") || cli_has(j->args, "output-json");
    if (!path || !nxc__str_ends(nxc__str(path), NXC_STR(".npy"))) {
        if (path && vectors) j->json = true;
        return cli_output_open(&j->npy.output, path, err);
    }
    if (!vectors)
        return nxc__error(err, NXC_ERR_UNSUPPORTED,
                          "--output: expected a text file for ids of "
                          "different number, got %s",
                          path);
    j->to_npy = true;
    return cli_npy_open(&j->npy, path, j->info.dim, err);
}

static nxc_status close_output(job *j, nxc_status st, nxc_error *err) {
    return j->to_npy ? cli_npy_close(&j->npy, st, err)
                     : cli_output_close(&j->npy.output, st, err);
}

static nxc_status open_encoder(job *j, nxc_error *err) {
    char path[2048];
    nxc_config *cfg;
    NXC_TRY(cli_need_model(j->args, path, sizeof path, err));
    NXC_TRY(cli_config(j->args, &cfg, err));
    nxc_status st = nxc_encoder_open(path, cfg, NULL, &j->encoder, err);
    j->n_threads = nxc__config_int(cfg, NXC_OPT_parallel_workers);
    nxc_config_free(cfg);
    if (st == NXC_OK) nxc_encoder_get_info(j->encoder, &j->info);
    return st;
}

/* Bytes of all files, for the time that is left; 0 if one of them is none. */
static size_t bytes_of_input(const cli_args *args) {
    size_t total = 0;
    struct stat sb;
    for (size_t i = 0; i < cli_n_positional(args); i++) {
        const char *path = cli_positional(args, i);
        bool is_stdin = strcmp(path, "-") == 0;
        if ((is_stdin ? fstat(0, &sb) : stat(path, &sb)) != 0 ||
            !S_ISREG(sb.st_mode))
            return 0;
        total += (size_t)sb.st_size;
    }
    return total;
}

static nxc_status reserve(job *j, bool vectors, nxc_error *err) {
    const nxc_allocator *a = &nxc__allocator_default;
    size_t n_ids = vectors ? 0 : BATCH * j->info.max_tokens;
    size_t n_floats = vectors ? BATCH * j->info.dim : 0;
    if (j->info.max_tokens > DIM_MAX || j->info.dim > DIM_MAX)
        return nxc__error(err, NXC_ERR_UNSUPPORTED,
                          "model: expected at most %d tokens and dimensions, "
                          "got more",
                          DIM_MAX);
    j->batch = nxc__alloc_zero(a, sizeof *j->batch);
    j->rows = nxc__alloc(a, n_floats * sizeof(float));
    j->ids = nxc__alloc(a, n_ids * sizeof *j->ids);
    j->infos = nxc__alloc(a, BATCH * sizeof *j->infos);
    j->states = nxc__alloc(a, BATCH * sizeof *j->states);
    j->n_line = nxc__alloc(a, BATCH * sizeof *j->n_line);
    j->line_bytes = vectors ? j->info.dim * NUMBER_BYTES + 64 : 0;
    j->lines = nxc__alloc(a, BATCH * j->line_bytes);
    if (!j->batch || !j->rows || !j->ids || !j->infos || !j->states ||
        !j->n_line || !j->lines)
        return nxc__error_nomem(err, n_floats * sizeof(float));
    nxc__arena_init(&j->batch->arena, a, SIZE_MAX);
    return nxc__pool_new(j->n_threads, a, &j->pool, err);
}

static void release(job *j, bool vectors) {
    const nxc_allocator *a = &nxc__allocator_default;
    if (j->batch) nxc__arena_release(&j->batch->arena);
    nxc__free(a, j->batch, sizeof *j->batch);
    nxc__free(a, j->rows, vectors ? BATCH * j->info.dim * sizeof(float) : 0);
    nxc__free(a, j->ids,
              vectors ? 0 : BATCH * j->info.max_tokens * sizeof *j->ids);
    nxc__free(a, j->infos, BATCH * sizeof *j->infos);
    nxc__free(a, j->states, BATCH * sizeof *j->states);
    nxc__free(a, j->n_line, BATCH * sizeof *j->n_line);
    nxc__free(a, j->lines, BATCH * j->line_bytes);
    nxc__pool_free(j->pool);
    nxc_encoder_close(j->encoder);
}

static nxc_status run(job *j, bool vectors, nxc_error *err) {
    NXC_TRY(open_encoder(j, err));
    NXC_TRY(reserve(j, vectors, err));
    NXC_TRY(open_output(j, vectors, err));
    j->n_bytes = bytes_of_input(j->args);
    cli_progress_start(&j->progress, vectors ? "embedding" : "tokenizing");
    nxc_status st = NXC_OK;
    for (size_t i = 0; i < cli_n_positional(j->args) && st == NXC_OK; i++)
        st = read_file(j, cli_positional(j->args, i), err);
    if (st == NXC_OK)
        st = j->flush(j, err);
    else if (!j->npy.output.path)
        (void)!j->flush(j, NULL); /* the lines before the wrong one */
    cli_progress_end(&j->progress);
    return close_output(j, st, err);
}

static int embed_or_tokenize(const cli_args *args, bool vectors) {
    nxc_error err;
    job j = {.args = args,
             .max_line = (size_t)16 << 20,
             .flush = vectors ? flush_vectors : flush_ids};
    if ((cli_has(args, "json") || cli_has(args, "input-json")) &&
        cli_has(args, "input-text"))
        return cli_usage(cli_command_of(args),
                         "--input-text: expected it without --json and "
                         "--input-json, got both");
    const char *dtype = cli_get(args, "dtype");
    nxc_dtype known;
    if (dtype && !cli_dtype(dtype, &known))
        return cli_usage(cli_command_of(args),
                         "--dtype: expected f32, bf16 or int8, got %s", dtype);
    if (dtype && cli_get(args, "model"))
        return cli_usage(cli_command_of(args),
                         "--dtype: expected it without --model, got both");
    nxc_status st = run(&j, vectors, &err);
    int code = st == NXC_OK ? CLI_OK : cli_fail(st, &err);
    release(&j, vectors);
    return code;
}

int cli_embed(const cli_args *args) { return embed_or_tokenize(args, true); }
int cli_tokenize(const cli_args *args) {
    return embed_or_tokenize(args, false);
}
