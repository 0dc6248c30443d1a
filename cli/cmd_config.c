/* nextcall config: what the options are set to and why, what one means, and
 * whether a file is right. */
#include <string.h>

#include "base/alloc.h"
#include "base/config.h"
#include "base/number.h"
#include "command.h"

/* A value as JSON, typed as its option is. */
static void append_value(nxc__buffer *b, size_t i, const char *text) {
    nxc_str s = nxc__str(text);
    double number = 0;
    switch (nxc__config_type((nxc__option)i)) {
    case NXC_TYPE_INT:
    case NXC_TYPE_REAL:
        (void)nxc__parse_double(s, &number); /* it was checked when set */
        nxc__buffer_append_double(b, number);
        return;
    case NXC_TYPE_BOOL:
        nxc__buffer_append_str(b, s);
        return;
    case NXC_TYPE_TEXT:
        nxc__buffer_append_json(b, s);
        return;
    case NXC_TYPE_LIST:
        break;
    }
    nxc__buffer_append_char(b, '[');
    for (size_t at = 0; at < s.len;) {
        size_t end = nxc__str_find(s, ',', at);
        if (at) nxc__buffer_append_char(b, ',');
        nxc__buffer_append_json(b, nxc__str_trim(nxc__str_slice(s, at, end)));
        at = end + 1;
    }
    nxc__buffer_append_char(b, ']');
}

static nxc_status show_json(const nxc_config *cfg, nxc_error *err) {
    nxc__buffer b;
    nxc_config_option o;
    nxc_config_value v;
    nxc__buffer_init(&b, &nxc__allocator_default, (size_t)1 << 24);
    for (size_t i = 0; nxc_config_describe(i, &o); i++) {
        if (!nxc_config_get(cfg, i, &v)) break;
        nxc__buffer_printf(&b, "%s\"%s\":{\"value\":", i ? ",\n " : "{",
                           o.name);
        append_value(&b, i, v.text);
        nxc__buffer_append_z(&b, ",\"origin\":");
        nxc__buffer_append_json(&b, nxc__str(v.origin));
        nxc__buffer_append_char(&b, '}');
    }
    nxc__buffer_append_z(&b, "}\n");
    nxc_status st = nxc__buffer_status(&b, "config", err);
    if (st == NXC_OK) fwrite(b.data, 1, b.len, stdout);
    nxc__buffer_release(&b);
    return st;
}

static void show_table(const nxc_config *cfg) {
    nxc_config_option o;
    nxc_config_value v;
    printf("%-29s %-24s %s\n", "option", "value", "origin");
    for (size_t i = 0; nxc_config_describe(i, &o); i++) {
        if (!nxc_config_get(cfg, i, &v)) break;
        printf("%-29s ", o.name);
        cli_print_text(stdout, nxc__str(*v.text ? v.text : "\"\""), false);
        printf("%*s ", strlen(v.text) < 24 ? (int)(24 - strlen(v.text)) : 0,
               "");
        cli_print_text(stdout, nxc__str(v.origin), false);
        putchar('\n');
    }
}

int cli_config_show(const cli_args *args) {
    nxc_config *cfg;
    nxc_error err;
    nxc_status st = cli_config(args, &cfg, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    if (cli_has(args, "json"))
        st = show_json(cfg, &err);
    else
        show_table(cfg);
    nxc_config_free(cfg);
    return st == NXC_OK ? CLI_OK : cli_fail(st, &err);
}

int cli_config_explain(const cli_args *args) {
    nxc_config *cfg;
    nxc_error err;
    nxc__option i;
    nxc_config_option o;
    nxc_config_value v;
    char expected[80], flag[64], variable[64];
    nxc_status st =
        nxc__config_find(nxc__str(cli_positional(args, 0)), &i, &err);
    if (st == NXC_OK) st = cli_config(args, &cfg, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    if (nxc_config_describe(i, &o) && nxc_config_get(cfg, i, &v)) {
        nxc__config_expected(i, expected, sizeof expected);
        cli_option_flag(o.name, flag, sizeof flag);
        cli_option_variable(o.name, variable, sizeof variable);
        printf("%s: %s\n\n  takes        %s\n", o.name, o.doc, expected);
        printf("  default      %s\n",
               *o.default_value ? o.default_value : "\"\"");
        printf("  option       --%s\n  environment  %s\n", flag, variable);
        printf("  file         %s = ...\n  now          ", o.name);
        cli_print_text(stdout, nxc__str(*v.text ? v.text : "\"\""), false);
        printf(" (");
        cli_print_text(stdout, nxc__str(v.origin), false);
        puts(")");
    }
    nxc_config_free(cfg);
    return CLI_OK;
}

int cli_config_check(const cli_args *args) {
    const char *path = cli_positional(args, 0);
    nxc_config *cfg;
    nxc_error err;
    nxc_config_value v;
    size_t n = 0;
    nxc_status st = nxc_config_new(NULL, &cfg, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    st = nxc_config_load(cfg, path, &err);
    for (size_t i = 0; nxc_config_get(cfg, i, &v); i++)
        n += strcmp(v.origin, "default") != 0;
    nxc_config_free(cfg);
    if (st != NXC_OK) return cli_fail(st, &err);
    cli_print_text(stdout, nxc__str(path), false);
    printf(": %zu option%s, no error\n", n, n == 1 ? "" : "s");
    return CLI_OK;
}
