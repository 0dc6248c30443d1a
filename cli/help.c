/* Help texts and manual pages, from the tables. */
#include <stdarg.h>
#include <string.h>

#include "base/alloc.h"
#include "command.h"

/* Exit codes, from the library's table of statuses. */
static void each_status(void (*row)(FILE *, int, const char *), FILE *to) {
    row(to, CLI_OK, "success");
    row(to, CLI_FAILURE, "failure without a code of its own");
    row(to, CLI_USAGE, "a wrong option or operand");
    for (int i = 1; strcmp(nxc_status_name((nxc_status)i), "unknown") != 0; i++)
        row(to, nxc_status_exit_code((nxc_status)i),
            nxc_status_text((nxc_status)i));
}

/* text in lines of at most width columns, each after indent spaces. */
static void wrap(FILE *to, const char *text, int indent, size_t width) {
    size_t column = 0;
    while (*text) {
        size_t word = strcspn(text, " ");
        if (column && column + 1 + word > width) {
            fputc('\n', to);
            column = 0;
        }
        column += (size_t)fprintf(to, "%*s", column ? 1 : indent, "");
        column += fwrite(text, 1, word, to);
        text += word;
        text += strspn(text, " ");
    }
    fputc('\n', to);
}

/* Options that a letter stands for as well. */
static const char *letter_of(const char *name) {
    return strcmp(name, "output") == 0 ? "-o, "
           : strcmp(name, "help") == 0 ? "-h, "
                                       : "";
}

static void option_row(FILE *to, const char *name, const char *arg,
                       const char *doc) {
    char left[64];
    snprintf(left, sizeof left, "%s--%s%s%s", letter_of(name), name,
             arg ? " " : "", arg ? arg : "");
    fprintf(to, "  %-26s ", left);
    if (strlen(left) > 26) fprintf(to, "\n%29s", "");
    fprintf(to, "%s\n", doc);
}

static void exit_row(FILE *to, int code, const char *text) {
    fprintf(to, "  %2d  %s\n", code, text);
}

void cli_print_help(const cli_command *c, FILE *to) {
    fprintf(to, "nextcall %s: %s\n\nUsage: nextcall %s [options]%s%s\n\n",
            c->name, c->summary, c->name, *c->positional ? " " : "",
            c->positional);
    fputs("Examples:\n", to);
    for (size_t i = 0; i < c->n_examples; i++)
        fprintf(to, "  # %s\n  %s\n", c->examples[i].text,
                c->examples[i].command);
    fputc('\n', to);
    wrap(to, c->description, 0, 78);
    fputs("\nOptions:\n", to);
    for (size_t i = 0; i < c->n_options; i++)
        option_row(to, c->options[i].name, c->options[i].arg,
                   c->options[i].doc);
    for (size_t i = 0; i < cli_n_common_options; i++)
        option_row(to, cli_common_options[i].name, cli_common_options[i].arg,
                   cli_common_options[i].doc);
    option_row(to, "help", NULL, "this text");
    if (c->uses_engine)
        fputs("\nLibrary options (nextcall help options):\n", to);
    for (size_t i = 0; c->uses_engine && i < cli_n_engine_options; i++)
        option_row(to, cli_engine_options[i].name, cli_engine_options[i].arg,
                   cli_engine_options[i].doc);
    nxc_config_option o;
    for (size_t i = 0; c->uses_engine && nxc_config_describe(i, &o); i++) {
        char name[64];
        cli_option_flag(o.name, name, sizeof name);
        option_row(to, name, o.type, o.doc);
    }
}

void cli_print_overview(FILE *to) {
    fputs("nextcall: predict the next API call\n\n"
          "Usage: nextcall SUBCOMMAND [options]\n\nSubcommands:\n",
          to);
    for (size_t i = 0; i < cli_n_commands; i++)
        fprintf(to, "  %-16s %s\n", cli_commands[i].name,
                cli_commands[i].summary);
    fputs("\nStart with: nextcall doctor; nextcall SUBCOMMAND --help\n\n"
          "Exit codes:\n",
          to);
    each_status(exit_row, to);
}

/* ------------------------------------------------------------------ mdoc */

/* A line of text: a dot or quote at its start would be a request. */
static void man_text(FILE *to, nxc_str text) {
    if (text.len && (text.ptr[0] == '.' || text.ptr[0] == '\''))
        fputs("\\&", to);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\\')
            fputs("\\e", to);
        else
            fputc(text.ptr[i], to);
    }
}
/* Prose: each sentence begins a line, as mdoc wants it. */
static void man_prose(FILE *to, const char *text) {
    for (const char *end; (end = strstr(text, ". ")); text = end + 2) {
        man_text(to, (nxc_str){text, (size_t)(end + 1 - text)});
        fputc('\n', to);
    }
    man_text(to, nxc__str(text));
}
static void man_option(FILE *to, const char *name, const char *arg,
                       const char *doc) {
    fprintf(to, ".It %sFl -%s", strcmp(name, "output") == 0 ? "Fl o , " : "",
            name);
    if (arg) fprintf(to, " Ar \"%s\"", arg);
    fputc('\n', to);
    man_prose(to, doc);
    fputc('\n', to);
}
static void man_exit_row(FILE *to, int code, const char *text) {
    fprintf(to, ".It %d\n", code);
    man_text(to, nxc__str(text));
    fputc('\n', to);
}

static void page_name(const cli_command *c, char *out, size_t cap) {
    snprintf(out, cap, "nextcall-%s", c->name);
    for (char *p = out; *p; p++)
        if (*p == ' ') *p = '-';
}

static const cli_option environment[] = {
    {"NEXTCALL_*", NULL,
     "Any option of the library, in upper case; an option of the command line "
     "goes before it, and it before the configuration file."},
    {"NEXTCALL_CONFIG", NULL,
     "The configuration file, where --config is not given."},
    {"XDG_CONFIG_HOME", NULL,
     "Where it is looked for: nextcall/nextcall.conf in it, or in ~/.config; "
     "then /etc/nextcall.conf."},
    {"NEXTCALL_MODEL", NULL, "The packed encoder, where --model is not given."},
    {"NEXTCALL_MODEL_DIR", NULL, "The folder of the encoder's files."},
    {"XDG_CACHE_HOME", NULL,
     "Where that folder is: nextcall/model in it, or in ~/.cache."},
    {"NO_COLOR", NULL, "No colours, if it is not empty."},
    {"CLICOLOR_FORCE", NULL, "Colours even where there is no terminal."},
};

/* What every page ends with. */
static void man_end(FILE *to) {
    fputs(".Sh ENVIRONMENT\n.Bl -tag -width Ds\n", to);
    for (size_t i = 0; i < sizeof environment / sizeof *environment; i++) {
        fprintf(to, ".It Ev %s\n", environment[i].name);
        man_prose(to, environment[i].doc);
        fputc('\n', to);
    }
    fputs(".El\n.Sh EXIT STATUS\n.Bl -tag -width Ds\n", to);
    each_status(man_exit_row, to);
    fputs(".El\n", to);
}

void cli_print_overview_man(FILE *to) {
    fputs(".Dd $Mdocdate$\n.Dt nextcall 1\n.Os\n.Sh NAME\n.Nm nextcall\n"
          ".Nd predict the next API call\n.Sh SYNOPSIS\n.Nm\n"
          ".Ar subcommand\n.Op Ar options\n.Sh DESCRIPTION\n"
          "Results go to standard output, messages and progress to standard "
          "error.\nEach subcommand has a page of its own.\n"
          ".Bl -tag -width Ds\n",
          to);
    for (size_t i = 0; i < cli_n_commands; i++) {
        char name[64];
        page_name(&cli_commands[i], name, sizeof name);
        fprintf(to, ".It Xr %s 1\n", name);
        man_prose(to, cli_commands[i].summary);
        fputc('\n', to);
    }
    fputs(".El\n", to);
    man_end(to);
}

void cli_print_man(const cli_command *c, FILE *to) {
    char name[64];
    page_name(c, name, sizeof name);
    fprintf(to,
            ".Dd $Mdocdate$\n.Dt %s 1\n.Os\n.Sh NAME\n.Nm %s\n.Nd %s\n"
            ".Sh SYNOPSIS\n.Nm nextcall %s\n.Op Ar options\n",
            name, name, c->summary, c->name);
    if (*c->positional) fprintf(to, ".Ar \"%s\"\n", c->positional);
    fputs(".Sh DESCRIPTION\n", to);
    man_prose(to, c->description);
    fputs("\n.Bl -tag -width Ds\n", to);
    for (size_t i = 0; i < c->n_options; i++)
        man_option(to, c->options[i].name, c->options[i].arg,
                   c->options[i].doc);
    for (size_t i = 0; i < cli_n_common_options; i++)
        man_option(to, cli_common_options[i].name, cli_common_options[i].arg,
                   cli_common_options[i].doc);
    for (size_t i = 0; c->uses_engine && i < cli_n_engine_options; i++)
        man_option(to, cli_engine_options[i].name, cli_engine_options[i].arg,
                   cli_engine_options[i].doc);
    nxc_config_option o;
    for (size_t i = 0; c->uses_engine && nxc_config_describe(i, &o); i++) {
        cli_option_flag(o.name, name, sizeof name);
        man_option(to, name, o.type, o.doc);
    }
    fputs(".El\n", to);
    man_end(to);
    fputs(".Sh EXAMPLES\n", to);
    for (size_t i = 0; i < c->n_examples; i++) {
        man_text(to, nxc__str(c->examples[i].text));
        fputs(":\n.Bd -literal -offset indent\n", to);
        man_text(to, nxc__str(c->examples[i].command));
        fputs("\n.Ed\n", to);
    }
}

/* ------------------------------------------------------------- messages */

int cli_usage(const cli_command *command, const char *fmt, ...) {
    va_list ap;
    fprintf(stderr, "nextcall %s: ", command->name);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "; see nextcall %s --help\n", command->name);
    return CLI_USAGE;
}
int cli_fail(nxc_status status, const nxc_error *err) {
    fputs("nextcall: ", stderr);
    cli_print_text(stderr, nxc__str(err->message), false);
    fputc('\n', stderr);
    return nxc_status_exit_code(status);
}
void cli_warn(const char *fmt, ...) {
    va_list ap;
    fputs("nextcall: warning: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}

/* ------------------------------------------------------------- help itself */

static int print_options(void) {
    nxc_config_option o;
    puts(
        "Options of the library, as --name-with-dashes, NEXTCALL_NAME, or name "
        "= value\nin a configuration file:\n");
    for (size_t i = 0; nxc_config_describe(i, &o); i++)
        printf("  %-29s %-8s %s\n  %38s default %s\n", o.name, o.type, o.doc,
               "", *o.default_value ? o.default_value : "\"\"");
    return CLI_OK;
}

static const char config_file_text[] =
    "Lines of the form key = value, in a subset of TOML: texts in double "
    "quotes "
    "with escapes or in single quotes without, true and false, numbers, and "
    "lists of texts in brackets, which may take several lines. A # begins a "
    "comment. A key stands once. A line that is wrong, or a key that is not "
    "known, ends the command with its number. The environment goes before the "
    "file and the command line before both; nextcall config show tells where "
    "each value comes from.";
static const char *const config_files[] = {
    "the operand of --config, or else NEXTCALL_CONFIG",
    "$XDG_CONFIG_HOME/nextcall/nextcall.conf, or ~/.config in its place",
    NXC_SYSTEM_CONFIG};

/* nextcall.conf(5) */
static void print_options_man(FILE *to) {
    nxc_config_option o;
    fputs(".Dd $Mdocdate$\n.Dt nextcall.conf 5\n.Os\n.Sh NAME\n"
          ".Nm nextcall.conf\n.Nd configuration of nextcall\n.Sh DESCRIPTION\n",
          to);
    man_prose(to, config_file_text);
    fputs("\n.Bl -tag -width Ds\n", to);
    for (size_t i = 0; nxc_config_describe(i, &o); i++) {
        fprintf(to, ".It Ic %s No ( %s )\n", o.name, o.type);
        man_prose(to, o.doc);
        fputs(".\nThe default is\n.Dq ", to);
        man_text(to, nxc__str(o.default_value));
        fputs(" .\n", to);
    }
    fputs(".El\n.Sh FILES\nThe first of these that is there:\n"
          ".Bl -tag -width Ds\n",
          to);
    for (size_t i = 0; i < sizeof config_files / sizeof *config_files; i++)
        fprintf(to, ".It Pa %s\n", config_files[i]);
    fputs(".El\n.Sh EXAMPLES\n.Bd -literal -offset indent\n"
          "# of a small machine\n"
          "parallel_workers = 1\n"
          "cpu = \"auto\"\n"
          "workflow_patterns = [\"browse_edit_save\", \"cold_start_browse\"]\n"
          ".Ed\n.Sh SEE ALSO\n.Xr nextcall 1\n",
          to);
}

/* "catalog": the subcommands that begin with this word. */
static bool print_group(const char *word) {
    size_t len = strlen(word), n = 0;
    for (size_t i = 0; i < cli_n_commands; i++) {
        const char *name = cli_commands[i].name;
        if (strncmp(name, word, len) != 0 || name[len] != ' ') continue;
        printf("  %-16s %s\n", name, cli_commands[i].summary);
        n++;
    }
    return n > 0;
}

int cli_help(const cli_args *args) {
    char name[128] = "";
    if (cli_has(args, "list")) {
        for (size_t i = 0; i < cli_n_commands; i++)
            puts(cli_commands[i].name);
        return CLI_OK;
    }
    if (cli_n_positional(args) == 0) {
        if (cli_has(args, "man"))
            cli_print_overview_man(stdout);
        else
            cli_print_overview(stdout);
        return CLI_OK;
    }
    const char *second = cli_positional(args, 1);
    snprintf(name, sizeof name, "%s%s%s", cli_positional(args, 0),
             second ? " " : "", second ? second : "");
    if (strcmp(name, "options") == 0) {
        if (!cli_has(args, "man")) return print_options();
        print_options_man(stdout);
        return CLI_OK;
    }
    for (size_t i = 0; i < cli_n_commands; i++) {
        if (strcmp(cli_commands[i].name, name) != 0) continue;
        if (cli_has(args, "man"))
            cli_print_man(&cli_commands[i], stdout);
        else
            cli_print_help(&cli_commands[i], stdout);
        return CLI_OK;
    }
    if (!second && print_group(name)) return CLI_OK;
    return cli_usage(cli_command_of(args),
                     "expected a subcommand or \"options\", got %s", name);
}
