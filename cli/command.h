/*
 * The command line: one table of subcommands (commands.c) gives dispatch,
 * parsing, --help and the manual pages.
 *
 * Uses nextcall.h and, of the library's inside, base/ (strings, buffers,
 * files), which a program built against the installed library would take from
 * its own toolbox; cmd_cache.c, cache_files.c and bench_rows.c look into the
 * stores of cache/ as no program needs to.
 */
#ifndef NXC_CLI_COMMAND_H
#define NXC_CLI_COMMAND_H

#include <stdio.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"

typedef struct cli_option {
    const char *name; /* without dashes */
    const char *arg;  /* NULL: a flag */
    const char *doc;
} cli_option;

typedef struct cli_args cli_args;

typedef struct cli_example {
    const char *text, *command;
} cli_example;

typedef struct cli_command {
    const char *name;        /* "rank", "catalog import" */
    const char *positional;  /* "FILE", "[FILE ...]" or "" */
    const char *summary;     /* one line */
    const char *description; /* paragraphs, for help and manual */
    const cli_option *options;
    size_t n_options;
    size_t min_positional, max_positional;
    bool uses_engine; /* takes the options of config.def */
    const cli_example *examples;
    size_t n_examples;
    int (*run)(const cli_args *args);
} cli_command;

extern const cli_command cli_commands[];
extern const size_t cli_n_commands;

/* Options that every subcommand takes, and those beside the options of
 * config.def that all of uses_engine take. */
extern const cli_option cli_common_options[];
extern const size_t cli_n_common_options;
extern const cli_option cli_engine_options[];
extern const size_t cli_n_engine_options;

/* The configuration file of the machine. */
#define NXC_SYSTEM_CONFIG "/etc/nextcall.conf"

enum { CLI_OK = 0, CLI_FAILURE = 1, CLI_USAGE = 2 };

/* ---- args.c */
/* argv[0] is the subcommand. NULL and *exit_code on help or a usage error. */
cli_args *cli_args_parse(const cli_command *command, int argc, char **argv,
                         int *exit_code);
void cli_args_free(cli_args *args);
/* The last value of an option, or NULL. */
const char *cli_get(const cli_args *args, const char *name);
bool cli_has(const cli_args *args, const char *name);
/* The next value of a repeatable option from *at on; NULL at the end. */
const char *cli_next(const cli_args *args, const char *name, size_t *at);
size_t cli_n_positional(const cli_args *args);
const char *cli_positional(const cli_args *args, size_t i);
const cli_command *cli_command_of(const cli_args *args);
/* An option that is a count; false after a usage message. */
bool cli_get_count(const cli_args *args, const char *name, size_t def,
                   size_t max, size_t *out);

/* ---- help.c */
void cli_print_help(const cli_command *command, FILE *to);
void cli_print_overview(FILE *to);
void cli_print_overview_man(FILE *to);
void cli_print_man(const cli_command *command, FILE *to);
/* "nextcall rank: expected ..., got ...; see nextcall rank --help" to stderr;
 * returns CLI_USAGE. */
int cli_usage(const cli_command *command, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* "nextcall: <message>" to stderr; returns the status's exit code. */
int cli_fail(nxc_status status, const nxc_error *err);
void cli_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- terminal.c */
bool cli_color(FILE *to); /* NO_COLOR, CLICOLOR_FORCE, --color, a terminal */
/* "auto", "always" or "never"; false for another word. */
bool cli_set_color(const char *when);
/* One line on a terminal's stderr with rate and time left; nothing elsewhere.
 */
typedef struct cli_progress {
    const char *what;
    double start, last;
    bool is_shown, is_drawn;
} cli_progress;
void cli_progress_start(cli_progress *p, const char *what);
bool cli_progress_step(void *progress, size_t done, size_t total); /* total 0:
                                                                      unknown */
void cli_progress_end(cli_progress *p);
double cli_seconds(void); /* monotonic */
/* Print s with '?' for control characters; newlines and tabs are kept if
 * with_newlines. */
void cli_print_text(FILE *to, nxc_str s, bool with_newlines);
/* Print s so that it takes width columns (cut with an ellipsis, or padded). */
void cli_print_cell(FILE *to, nxc_str s, size_t width);
size_t cli_columns(void); /* of standard output's terminal, or SIZE_MAX */

/* ---- setup.c: options to library objects */
/* Defaults, then the configuration file, NEXTCALL_* of the environment, and
 * options. */
nxc_status cli_config(const cli_args *args, nxc_config **out, nxc_error *err);
/* "batch_size": as "batch-size", as "NEXTCALL_BATCH_SIZE". */
void cli_option_flag(const char *name, char *buf, size_t cap);
void cli_option_variable(const char *name, char *buf, size_t cap);
/* The limit of one request or session. */
nxc_status cli_max_request_bytes(const cli_args *args, size_t *out,
                                 nxc_error *err);
/* The packed files that model fetch makes, in the order in which a command
 * without --model looks for them. */
typedef struct cli_model {
    const char *file;
    nxc_dtype dtype;
} cli_model;
enum { CLI_N_MODELS = 2 };
extern const cli_model cli_models[CLI_N_MODELS];
nxc_status cli_workers(const cli_args *args, size_t *out, nxc_error *err);
/* --model, the cache folder's file of --dtype, NEXTCALL_MODEL, or the best of
 * the cache folder; whether such a file exists. */
bool cli_model_path(const cli_args *args, char *buf, size_t cap);
/* The same, for a command that needs it: NXC_ERR_STATE if there is none. */
nxc_status cli_need_model(const cli_args *args, char *buf, size_t cap,
                          nxc_error *err);
/* The database of the caches: store.db in the folder of --store,
 * NEXTCALL_STORE, or the cache folder. */
void cli_store_path(const cli_args *args, char *buf, size_t cap);
/* "f32", "bf16" or "int8", and back; false for another word. */
const char *cli_dtype_name(nxc_dtype dtype);
bool cli_dtype(const char *name, nxc_dtype *out);
/* Folder of the model files that are fetched. */
void cli_model_dir(char *buf, size_t cap);
/* Give an engine the encoder, if there is one: a warning otherwise. */
nxc_status cli_add_encoder(const cli_args *args, const nxc_config *cfg,
                           nxc_engine *engine, nxc_error *err);
/* A LightGBM model's file, or the active version of a registry's folder. */
nxc_status cli_load_ranker(const char *path, nxc_ranker **out, nxc_error *err);
/* Whether path is a folder: a registry, to options that take a model. */
bool cli_is_folder(const char *path);
/* An engine with encoder (if there is one: a warning otherwise), ranker and all
 * --catalog options. */
nxc_status cli_engine(const cli_args *args, nxc_engine **out, nxc_error *err);
/* The same with this ranker in place of --ranker: "v1", a file, a registry's
 * folder, or NULL; and with a further catalog, or NULL. */
nxc_status cli_engine_with(const cli_args *args, const char *ranker,
                           const char *catalog, nxc_engine **out,
                           nxc_error *err);
/* Another ranker: "v1", a file, a registry's folder, or NULL, the
 * default. */
nxc_status cli_set_ranker(const char *ranker, nxc_engine *engine,
                          nxc_error *err);
/* As precompute_embeddings says: encode the operations of a request's catalog
 * now, with a progress line, so that the first ranking is not the one that
 * waits. */
nxc_status cli_precompute(nxc_engine *engine, const nxc_request *r,
                          nxc_error *err);
/* ---- catalogs.c: Open one catalog file, "NAME=FILE" or "FILE"; name points
 * into spec. */
nxc_status cli_open_catalog(const cli_args *args, const char *spec,
                            const nxc_config *cfg, nxc_catalog **out,
                            nxc_str *name, nxc_import_info *info,
                            nxc_error *err);
/* The catalog of spec, or those that its JSONL file holds, one after the other;
 * visit owns them and ends the walk by a failure. */
typedef nxc_status (*cli_visit_catalog)(void *user, nxc_str name,
                                        nxc_catalog *catalog, nxc_error *err);
nxc_status cli_each_catalog(const cli_args *args, const char *spec,
                            const nxc_config *cfg, cli_visit_catalog visit,
                            void *user, nxc_error *err);
/* All --catalog options and more (or NULL); *n gets how many catalogs they are.
 * A JSONL file that holds several catalogs gives one of each name, unless it is
 * given a name or a filter. */
nxc_status cli_add_catalogs(const cli_args *args, const char *more,
                            const nxc_config *cfg, nxc_engine *engine,
                            size_t *n, nxc_error *err);
/* --prompt, --call, --history, --now, --session-start, --top, --candidate into
 * a request. Texts live as long as args; the history as long as ctx's parse. */
nxc_status cli_request(const cli_args *args, nxc_ctx *ctx, nxc_request *out,
                       nxc_error *err);
void cli_request_free(void);

/* ---- lines.c: one line at a time, of any length up to a limit
 *     open -> next* -> status -> close */
typedef struct cli_lines {
    const char *name;
    char *line;
    size_t len, cap, max, number;
    bool too_long; /* the line was cut at max */
    bool is_at_end;
    int fd, error;
    char *chunk;               /* read, given out from at on */
    size_t at, filled, n_read; /* n_read: bytes of the file so far */
    nxc_status status;
} cli_lines;
nxc_status cli_lines_open(cli_lines *l, const char *path, size_t max,
                          nxc_error *err);
bool cli_lines_next(cli_lines *l); /* without the newline (and \r before it) */
/* Whether the next line is not at hand: a filter then gives what it has. */
bool cli_lines_must_wait(const cli_lines *l);
/* Why cli_lines_next returned false: NXC_OK at the end of the file. */
nxc_status cli_lines_status(const cli_lines *l, nxc_error *err);
/* Put the line's number into the message of st, which begins "<name>:1: "
 * because whoever made it saw this line alone. Returns st. */
nxc_status cli_lines_blame(const cli_lines *l, const char *name, nxc_status st,
                           nxc_error *err);
void cli_lines_close(cli_lines *l);

/* ---- output.c */
typedef struct cli_output {
    FILE *file;
    const char *path; /* NULL: standard output */
    nxc__file_writer writer;
} cli_output;
/* path NULL or "-": standard output. */
nxc_status cli_output_open(cli_output *o, const char *path, nxc_error *err);
/* Gives the file its name, or, after a failure st, leaves what was there.
 * Returns st, or what went wrong with the file. */
nxc_status cli_output_close(cli_output *o, nxc_status st, nxc_error *err);

/* ---- print_metrics.c */
/* Whether --metrics takes it: "-", FILE.json or FILE.prom. */
bool cli_metrics_is_target(const char *path);
/* "-": a table on standard output; else the file, replaced by rename. */
nxc_status cli_write_metrics(const nxc_engine *engine, nxc_ctx *ctx,
                             const char *path, nxc_error *err);

/* ---- subcommands */
int cli_rank(const cli_args *args);
int cli_features(const cli_args *args);
int cli_features_dataset(const cli_args *args);
int cli_eval(const cli_args *args);
int cli_train(const cli_args *args);
int cli_explain(const cli_args *args);
int cli_embed(const cli_args *args);
int cli_tokenize(const cli_args *args);
int cli_catalog_import(const cli_args *args);
int cli_catalog_show(const cli_args *args);
int cli_catalog_stats(const cli_args *args);
int cli_model_fetch(const cli_args *args);
int cli_model_pack(const cli_args *args);
int cli_model_info(const cli_args *args);
int cli_registry_add(const cli_args *args);
int cli_registry_list(const cli_args *args);
int cli_registry_activate(const cli_args *args);
int cli_registry_shadow(const cli_args *args);
int cli_registry_rollback(const cli_args *args);
int cli_registry_verify(const cli_args *args);
int cli_score(const cli_args *args);
int cli_importance(const cli_args *args);
int cli_cache_stats(const cli_args *args);
int cli_cache_verify(const cli_args *args);
int cli_cache_clear(const cli_args *args);
int cli_migrate(const cli_args *args);
int cli_config_show(const cli_args *args);
int cli_config_explain(const cli_args *args);
int cli_config_check(const cli_args *args);
int cli_scenarios(const cli_args *args);
int cli_bench_command(const cli_args *args);
int cli_precompute_texts(const cli_args *args);
int cli_learn(const cli_args *args);
int cli_doctor(const cli_args *args);
int cli_help(const cli_args *args);

#endif
