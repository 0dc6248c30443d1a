/* nextcall registry: versions of a model, which is active, which is shadow. */
#include <string.h>

#include "base/alloc.h"
#include "command.h"
#include "report.h"

/* After a change: what is active now. */
static int show_state(const cli_args *args, const char *version,
                      nxc_error *err) {
    nxc_registry_state s;
    cli_report r = {cli_has(args, "json"), 0};
    nxc_status st = nxc_registry_get_state(cli_positional(args, 0), &s, err);
    if (st != NXC_OK) return cli_fail(st, err);
    const char *none = r.json ? "" : "-";
    if (version) cli_report_text(&r, "version", version);
    cli_report_text(&r, "active", s.active[0] ? s.active : none);
    cli_report_text(&r, "shadow", s.shadow[0] ? s.shadow : none);
    cli_report_text(&r, "previous", s.previous[0] ? s.previous : none);
    if (r.json) puts("}");
    return CLI_OK;
}

int cli_registry_add(const cli_args *args) {
    nxc_registry_add_options o = NXC_REGISTRY_ADD_OPTIONS_INIT;
    char version[NXC_MODEL_VERSION_BYTES];
    nxc_error err;
    if (!cli_get_count(args, "check", 0, 100000, &o.n_check)) return CLI_USAGE;
    o.name = cli_get(args, "name");
    o.activate = cli_has(args, "activate");
    nxc_status st = nxc_registry_add(
        cli_positional(args, 0), cli_positional(args, 1), &o, version, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    return show_state(args, version, &err);
}

int cli_registry_activate(const cli_args *args) {
    nxc_error err;
    nxc_status st = nxc_registry_activate(cli_positional(args, 0),
                                          cli_positional(args, 1), &err);
    return st == NXC_OK ? show_state(args, NULL, &err) : cli_fail(st, &err);
}

int cli_registry_shadow(const cli_args *args) {
    const char *version = cli_positional(args, 1);
    nxc_error err;
    if (strcmp(version, "none") == 0) version = NULL;
    nxc_status st =
        nxc_registry_set_shadow(cli_positional(args, 0), version, &err);
    return st == NXC_OK ? show_state(args, NULL, &err) : cli_fail(st, &err);
}

int cli_registry_rollback(const cli_args *args) {
    nxc_error err;
    nxc_status st = nxc_registry_rollback(cli_positional(args, 0), NULL, &err);
    return st == NXC_OK ? show_state(args, NULL, &err) : cli_fail(st, &err);
}

/* ------------------------------------------------------- list and verify */

typedef struct listing {
    const char *dir;
    nxc_registry_state state;
    bool json, verify;
    size_t n, n_bad;
    nxc_status first_bad;
} listing;

static const char *role_of(const listing *l, const char *version) {
    if (strcmp(version, l->state.active) == 0) return "active";
    if (strcmp(version, l->state.shadow) == 0) return "shadow";
    if (strcmp(version, l->state.previous) == 0) return "previous";
    return "";
}

/* "" or why the version is refused. */
static void verify_version(listing *l, const char *version, nxc_error *err) {
    nxc_ranker *ranker;
    err->message[0] = 0;
    if (!l->verify) return;
    nxc_status st = nxc_registry_load(l->dir, version, NULL, &ranker, err);
    if (st == NXC_OK) {
        nxc_ranker_free(ranker);
        return;
    }
    if (l->n_bad++ == 0) l->first_bad = st;
}

static bool print_version(void *user, const char *version) {
    listing *l = user;
    nxc_error err;
    const char *role = role_of(l, version);
    verify_version(l, version, &err);
    if (l->json) {
        nxc__buffer b;
        nxc__buffer_init(&b, &nxc__allocator_default, 65536);
        nxc__buffer_append_json(&b, nxc__str(err.message));
        printf("%s{\"version\":\"%s\",\"role\":\"%s\"", l->n ? "," : "[",
               version, role);
        if (l->verify) printf(",\"error\":%.*s", (int)b.len, b.data);
        printf("}");
        nxc__buffer_release(&b);
    } else if (l->verify) {
        printf("%-24s %-9s %s\n", version, role[0] ? role : "-",
               err.message[0] ? err.message : "ok");
    } else {
        printf("%-24s %s\n", version, role[0] ? role : "-");
    }
    l->n++;
    return true;
}

static int list(const cli_args *args, bool verify) {
    listing l = {.dir = cli_positional(args, 0),
                 .json = cli_has(args, "json"),
                 .verify = verify};
    nxc_error err;
    nxc_status st = nxc_registry_get_state(l.dir, &l.state, &err);
    if (st == NXC_OK) st = nxc_registry_list(l.dir, print_version, &l, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    if (l.json) puts(l.n ? "]" : "[]");
    return l.n_bad ? nxc_status_exit_code(l.first_bad) : CLI_OK;
}

int cli_registry_list(const cli_args *args) { return list(args, false); }
int cli_registry_verify(const cli_args *args) { return list(args, true); }
