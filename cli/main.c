/* nextcall: find the subcommand, parse its options, run it. */
#include <signal.h>
#include <string.h>

#include "base/config.h"
#include "command.h"

/* A subcommand of one or two words; *used gets their number. */
static const cli_command *find(int argc, char **argv, int *used) {
    for (size_t i = 0; i < cli_n_commands; i++) {
        const char *name = cli_commands[i].name;
        const char *space = strchr(name, ' ');
        size_t first = space ? (size_t)(space - name) : strlen(name);
        if (strlen(argv[1]) != first || memcmp(argv[1], name, first) != 0)
            continue;
        if (space && (argc < 3 || strcmp(argv[2], space + 1) != 0)) continue;
        *used = space ? 2 : 1;
        return &cli_commands[i];
    }
    return NULL;
}

static int unknown(int argc, char **argv) {
    const char *names[64];
    char word[128];
    size_t n = 0;
    bool is_group = false;
    size_t len = strlen(argv[1]);
    for (size_t i = 0; i < cli_n_commands; i++)
        is_group |= strncmp(cli_commands[i].name, argv[1], len) == 0 &&
                    cli_commands[i].name[len] == ' ';
    for (size_t i = 0; i < cli_n_commands && n < 64; i++)
        if (!is_group || strncmp(cli_commands[i].name, argv[1], len) == 0)
            names[n++] = cli_commands[i].name;
    snprintf(word, sizeof word, "%.60s%s%.60s", argv[1],
             is_group && argc > 2 ? " " : "",
             is_group && argc > 2 ? argv[2] : "");
    fprintf(
        stderr,
        "nextcall: expected a subcommand (nearest: %s), got %s; see nextcall "
        "--help\n",
        names[nxc__nearest_name(nxc__str(word), names, n)], word);
    return CLI_USAGE;
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_DFL); /* a closed pipe ends us quietly */
    if (argc < 2) {
        cli_print_overview(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("nextcall %s\n", nxc_version());
        return CLI_OK;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        cli_print_overview(stdout);
        return CLI_OK;
    }
    int used = 0, code = CLI_OK;
    const cli_command *command = find(argc, argv, &used);
    if (!command) return unknown(argc, argv);
    cli_args *args = cli_args_parse(command, argc - used, argv + used, &code);
    if (!args) return code;
    code = command->run(args);
    cli_args_free(args);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr,
                "nextcall: expected to write the output, got an error\n");
        return nxc_status_exit_code(NXC_ERR_IO);
    }
    return code;
}
