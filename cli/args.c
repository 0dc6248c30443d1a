/* Options of one subcommand, by getopt_long from its table rows. */
#define _GNU_SOURCE
#include <getopt.h>
#include <string.h>

#include "base/alloc.h"
#include "base/config.h"
#include "command.h"

#define MAX_OPTIONS 96
#define FIRST_ROW 256 /* beyond every short option */
typedef struct given {
    const char *name, *value;
} given;
struct cli_args {
    const cli_command *command;
    given *options;
    size_t n_options, cap;
    char **positional;
    size_t n_positional;
};

typedef struct table {
    struct option rows[MAX_OPTIONS];
    char names[NXC_N_OPTIONS][40]; /* of config.def */
    size_t n;
} table;

static void add_row(table *t, const char *name, bool has_arg) {
    if (t->n + 1 == MAX_OPTIONS) return; /* checked by the help test */
    t->rows[t->n++] = (struct option){
        name, has_arg ? required_argument : no_argument, NULL, FIRST_ROW};
    t->rows[t->n - 1].val += (int)t->n - 1; /* or --ca would be no doubt */
}

static void fill(table *t, const cli_command *c) {
    memset(t, 0, sizeof *t);
    for (size_t i = 0; i < c->n_options; i++)
        add_row(t, c->options[i].name, c->options[i].arg != NULL);
    for (size_t i = 0; i < cli_n_common_options; i++)
        add_row(t, cli_common_options[i].name,
                cli_common_options[i].arg != NULL);
    for (size_t i = 0; c->uses_engine && i < cli_n_engine_options; i++)
        add_row(t, cli_engine_options[i].name,
                cli_engine_options[i].arg != NULL);
    nxc_config_option o;
    for (size_t i = 0; c->uses_engine && nxc_config_describe(i, &o); i++) {
        cli_option_flag(o.name, t->names[i], sizeof t->names[i]);
        add_row(t, t->names[i], true);
    }
    add_row(t, "help", false);
}

/* The table's rows point into a table on the stack; names are made permanent by
 * matching them with the static ones. */
static const char *permanent(const cli_command *c, const char *name) {
    for (size_t i = 0; i < c->n_options; i++)
        if (strcmp(c->options[i].name, name) == 0) return c->options[i].name;
    for (size_t i = 0; i < cli_n_common_options; i++)
        if (strcmp(cli_common_options[i].name, name) == 0)
            return cli_common_options[i].name;
    for (size_t i = 0; i < cli_n_engine_options; i++)
        if (strcmp(cli_engine_options[i].name, name) == 0)
            return cli_engine_options[i].name;
    nxc_config_option o;
    char buf[40];
    for (size_t i = 0; nxc_config_describe(i, &o); i++) {
        cli_option_flag(o.name, buf, sizeof buf);
        if (strcmp(buf, name) == 0) return o.name;
    }
    return "help";
}

static bool keep(cli_args *a, const char *name, const char *value) {
    if (a->n_options == a->cap) {
        size_t cap = a->cap ? a->cap * 2 : 16;
        given *p = nxc__realloc(&nxc__allocator_default, a->options,
                                a->cap * sizeof *p, cap * sizeof *p);
        if (!p) return false;
        a->options = p;
        a->cap = cap;
    }
    a->options[a->n_options++] = (given){name, value};
    return true;
}

static int unknown_option(const cli_command *c, const table *t,
                          const char *word) {
    const char *names[MAX_OPTIONS];
    for (size_t i = 0; i < t->n; i++)
        names[i] = t->rows[i].name;
    nxc_str bare = nxc__str(word);
    while (bare.len && bare.ptr[0] == '-')
        bare = nxc__str_slice(bare, 1, bare.len);
    bare = nxc__str_slice(bare, 0, nxc__str_find(bare, '=', 0));
    if (strcmp(word, "-o") == 0) bare = NXC_STR("output");
    for (size_t i = 0; i < t->n; i++)
        if (nxc__str_eq(bare, nxc__str(names[i])))
            return cli_usage(c, "option --%s: expected %s, got %s", names[i],
                             t->rows[i].has_arg ? "a value" : "no value",
                             t->rows[i].has_arg ? "none" : "one");
    return cli_usage(c, "expected an option (nearest: --%s), got %s",
                     names[nxc__nearest_name(bare, names, t->n)], word);
}

static int read_options(cli_args *a, int argc, char **argv) {
    table t;
    const cli_command *c = a->command;
    fill(&t, c);
    opterr = 0;
    optind = 1;
    bool has_output = false;
    for (size_t i = 0; i < c->n_options; i++)
        has_output |= strcmp(c->options[i].name, "output") == 0;
    for (;;) {
        int got =
            getopt_long(argc, argv, has_output ? ":ho:" : ":h", t.rows, NULL);
        if (got == -1) break;
        const char *name = got >= FIRST_ROW ? t.rows[got - FIRST_ROW].name
                           : got == 'h'     ? "help"
                           : got == 'o'     ? "output"
                                            : NULL;
        char letter[] = {'-', (char)optopt, 0};
        if (!name)
            return unknown_option(
                c, &t,
                optopt && optopt < FIRST_ROW ? letter : argv[optind - 1]);
        if (strcmp(name, "help") == 0) {
            cli_print_help(c, stdout);
            return CLI_OK;
        }
        name = permanent(c, name);
        if (strcmp(name, "color") == 0 && !cli_set_color(optarg))
            return cli_usage(
                c, "--color: expected auto, always or never, got %s", optarg);
        if (!keep(a, name, optarg ? optarg : "")) return CLI_FAILURE;
    }
    a->positional = argv + optind;
    a->n_positional = (size_t)(argc - optind);
    if (a->n_positional < c->min_positional)
        return cli_usage(c, "expected %s, got nothing", c->positional);
    if (a->n_positional > c->max_positional)
        return cli_usage(c, "expected at most %zu operands, got %s",
                         c->max_positional, a->positional[c->max_positional]);
    return -1;
}

cli_args *cli_args_parse(const cli_command *command, int argc, char **argv,
                         int *exit_code) {
    cli_args *a = nxc__alloc_zero(&nxc__allocator_default, sizeof *a);
    if (!a) {
        *exit_code = nxc_status_exit_code(NXC_ERR_NOMEM);
        return NULL;
    }
    a->command = command;
    int code = read_options(a, argc, argv);
    if (code < 0) return a;
    cli_args_free(a);
    *exit_code = code;
    return NULL;
}

void cli_args_free(cli_args *a) {
    nxc__free(&nxc__allocator_default, a->options, a->cap * sizeof *a->options);
    nxc__free(&nxc__allocator_default, a, sizeof *a);
}

const char *cli_get(const cli_args *a, const char *name) {
    for (size_t i = a->n_options; i-- > 0;)
        if (strcmp(a->options[i].name, name) == 0) return a->options[i].value;
    return NULL;
}
bool cli_has(const cli_args *a, const char *name) {
    return cli_get(a, name) != NULL;
}
const char *cli_next(const cli_args *a, const char *name, size_t *at) {
    for (; *at < a->n_options; ++*at)
        if (strcmp(a->options[*at].name, name) == 0)
            return a->options[(*at)++].value;
    return NULL;
}
size_t cli_n_positional(const cli_args *a) { return a->n_positional; }
const char *cli_positional(const cli_args *a, size_t i) {
    return i < a->n_positional ? a->positional[i] : NULL;
}
const cli_command *cli_command_of(const cli_args *a) { return a->command; }

bool cli_get_count(const cli_args *a, const char *name, size_t def, size_t max,
                   size_t *out) {
    const char *text = cli_get(a, name);
    *out = def;
    if (!text) return true;
    size_t v = 0;
    const char *p = text;
    for (; nxc__is_digit(*p) && v <= max; p++)
        v = v * 10 + (size_t)(*p - '0');
    if (p == text || *p || v > max) {
        cli_usage(a->command, "--%s: expected a number from 0 to %zu, got %s",
                  name, max, text);
        return false;
    }
    *out = v;
    return true;
}
