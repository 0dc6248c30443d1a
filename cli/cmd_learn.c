/* nextcall learn: sessions of the past from logs into the store; forgetting,
 * merging and counting them. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/number.h"
#include "command.h"
#include "report.h"

/* ---------------------------------------------------------------- options */

/* "90", "90s", "30m", "2h" or "1d" to seconds. */
static bool parse_gap(nxc_str text, double *out) {
    static const struct {
        char unit;
        double seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    double factor = 1;
    for (size_t i = 0; i < 4 && text.len; i++)
        if (text.ptr[text.len - 1] == units[i].unit) {
            factor = units[i].seconds;
            text.len--;
            break;
        }
    if (!nxc__parse_double(text, out)) return false;
    *out *= factor;
    return *out > 0 && isfinite(*out);
}

enum { MAX_HOSTS = 64 };

static bool read_options(const cli_args *args, nxc_str hosts[MAX_HOSTS],
                         nxc_learn_options *out) {
    const char *gap = cli_get(args, "gap"), *on = cli_get(args, "on");
    const char *user = cli_get(args, "user");
    size_t at = 0;
    out->format = cli_get(args, "format");
    out->session_by = cli_get(args, "session-by");
    out->keep_prompts = cli_has(args, "prompts");
    out->keep_failed = cli_has(args, "keep-failed");
    out->dry_run = cli_has(args, "dry-run");
    if (on) out->catalog = nxc__str(on);
    if (user) out->user = nxc__str(user);
    for (const char *h; (h = cli_next(args, "host", &at));) {
        if (out->n_hosts == MAX_HOSTS)
            return cli_usage(cli_command_of(args),
                             "--host: expected at most %d, got more",
                             MAX_HOSTS) == CLI_OK;
        hosts[out->n_hosts++] = nxc__str(h);
    }
    out->hosts = hosts;
    if (!gap || parse_gap(nxc__str(gap), &out->gap_seconds)) return true;
    cli_usage(cli_command_of(args),
              "--gap: expected a time such as 90s, 30m or 2h, got %s", gap);
    return false;
}

/* An engine that has a store and the catalogs, and nothing to rank with. */
static nxc_status open_engine(const cli_args *args, nxc_engine **out,
                              nxc_error *err) {
    char path[1100];
    nxc_config *cfg;
    nxc_error why = {NXC_OK, ""};
    size_t n = 0;
    NXC_TRY(cli_config(args, &cfg, err));
    cli_store_path(args, path, sizeof path);
    char *slash = strrchr(path, '/');
    if (slash) *slash = 0;
    nxc_status st = nxc_config_set(cfg, "store", slash ? path : ".", err);
    if (st == NXC_OK) st = nxc_config_set(cfg, "use_learned", "false", err);
    if (st == NXC_OK) st = nxc_engine_open(cfg, NULL, out, err);
    if (st == NXC_OK) {
        if (cli_has(args, "catalog"))
            st = cli_add_catalogs(args, NULL, cfg, *out, &n, err);
        if (st == NXC_OK && nxc_engine_warning(*out, &why))
            st = nxc__error(err, why.code, "%s", why.message);
        if (st != NXC_OK) nxc_engine_close(*out);
    }
    nxc_config_free(cfg);
    return st;
}

/* ---------------------------------------------------------------- reports */

static const char *const kind_texts[NXC_LEARN_N_KINDS] = {
    "malformed: no such line, entry or step",
    "over max_line_bytes",
    "malformed UTF-8, or UTF-16 (converted)",
    "calls that no catalog has",
    "sessions of a catalog that is not loaded",
    "calls without a time",
    "the clock went back by over a gap",
    "no field that tells sessions apart",
    "files, not calls",
    "calls of other hosts",
    "answered by a status of 400 or more",
    "sessions without a known call",
    "gzip damaged or cut short",
    "over a limit",
};

/* For people, on standard error: counts by kind and the first examples. */
static void print_findings(const nxc_learn_report *r) {
    for (size_t k = 0; k < NXC_LEARN_N_KINDS; k++) {
        const nxc_learn_finding *f = &r->findings[k];
        if (!f->n) continue;
        fprintf(stderr, "%10llu  %-18s %s\n", (unsigned long long)f->n,
                nxc_learn_kind_name((nxc_learn_kind)k), kind_texts[k]);
        for (size_t i = 0; i < NXC_LEARN_N_EXAMPLES && f->examples[i][0]; i++) {
            fputs("            ", stderr);
            cli_print_text(stderr, nxc__str(f->examples[i]), false);
            fputc('\n', stderr);
        }
    }
}

static void print_findings_json(const nxc_learn_report *r) {
    nxc__buffer b;
    nxc__buffer_init(&b, &nxc__allocator_default, (size_t)1 << 20);
    bool is_first = true;
    nxc__buffer_append_z(&b, ",\"findings\":{");
    for (size_t k = 0; k < NXC_LEARN_N_KINDS; k++) {
        const nxc_learn_finding *f = &r->findings[k];
        if (!f->n) continue;
        nxc__buffer_printf(
            &b, "%s\"%s\":{\"n\":%llu,\"examples\":[", is_first ? "" : ",",
            nxc_learn_kind_name((nxc_learn_kind)k), (unsigned long long)f->n);
        is_first = false;
        for (size_t i = 0; i < NXC_LEARN_N_EXAMPLES && f->examples[i][0]; i++) {
            if (i) nxc__buffer_append_char(&b, ',');
            nxc__buffer_append_json(&b, nxc__str(f->examples[i]));
        }
        nxc__buffer_append_z(&b, "]}");
    }
    nxc__buffer_append_z(&b, "}");
    fwrite(b.data, 1, b.len, stdout);
    nxc__buffer_release(&b);
}

static void print_report(const cli_args *args, const nxc_learn_report *r,
                         double elapsed, bool has_read) {
    cli_report out = {cli_has(args, "json"), 0};
    if (has_read) {
        cli_report_text(&out, "format", r->format);
        cli_report_number(&out, "bytes", r->n_bytes);
        cli_report_number(&out, "records", r->n_records);
        cli_report_number(&out, "calls", r->n_calls);
    }
    cli_report_number(&out, "new_sessions", r->n_new);
    cli_report_number(&out, "changed_sessions", r->n_changed);
    cli_report_number(&out, "same_sessions", r->n_same);
    cli_report_number(&out, "milliseconds", (uint64_t)(elapsed * 1000));
    if (out.json) {
        print_findings_json(r);
        puts("}");
    } else {
        print_findings(r);
    }
}

/* ---------------------------------------------------------------- stats */

typedef struct counting {
    bool json;
    size_t n;
} counting;

static bool print_count(void *user, const nxc_learned_info *info) {
    counting *c = user;
    nxc__buffer b;
    if (!c->json) {
        if (c->n++ == 0)
            printf("%10s %10s %10s %12s  %s\n", "sessions", "calls", "users",
                   "bytes", "catalog");
        printf("%10llu %10llu %10llu %12llu  ",
               (unsigned long long)info->n_sessions,
               (unsigned long long)info->n_calls,
               (unsigned long long)info->n_users,
               (unsigned long long)info->n_bytes);
        cli_print_text(stdout, info->catalog, false);
        putchar('\n');
        return true;
    }
    nxc__buffer_init(&b, &nxc__allocator_default, (size_t)1 << 20);
    nxc__buffer_append_z(&b, c->n++ ? ",{\"catalog\":" : "{\"catalog\":");
    nxc__buffer_append_json(&b, info->catalog);
    nxc__buffer_printf(
        &b,
        ",\"sessions\":%llu,\"calls\":%llu,\"users\":%llu,"
        "\"bytes\":%llu,\"first_time\":",
        (unsigned long long)info->n_sessions, (unsigned long long)info->n_calls,
        (unsigned long long)info->n_users, (unsigned long long)info->n_bytes);
    nxc__buffer_append_double(&b, info->first_time);
    nxc__buffer_append_z(&b, ",\"last_time\":");
    nxc__buffer_append_double(&b, info->last_time);
    nxc__buffer_append_char(&b, '}');
    fwrite(b.data, 1, b.len, stdout);
    nxc__buffer_release(&b);
    return true;
}

static nxc_status print_stats(const cli_args *args, nxc_engine *engine,
                              nxc_error *err) {
    counting c = {cli_has(args, "json"), 0};
    if (c.json) putchar('[');
    nxc_status st = nxc_engine_learned(engine, print_count, &c, err);
    if (c.json) puts("]");
    if (!c.json && st == NXC_OK && c.n == 0) puts("nothing has been learnt");
    return st;
}

/* ---------------------------------------------------------------- learn */

static nxc_status learn_files(const cli_args *args, nxc_engine *engine,
                              const nxc_learn_options *options,
                              nxc_learn_report *report, nxc_error *err) {
    size_t at = 0;
    for (const char *path; (path = cli_next(args, "merge", &at));)
        NXC_TRY(nxc_engine_merge_learned(engine, path, report, err));
    for (size_t i = 0; i < cli_n_positional(args); i++)
        NXC_TRY(nxc_engine_learn(engine, nxc__str(cli_positional(args, i)),
                                 (nxc_str){NULL, 0}, options, report, err));
    return NXC_OK;
}

static nxc_status forget(const cli_args *args, nxc_engine *engine,
                         nxc_learn_report *report, nxc_error *err) {
    size_t at = 0;
    for (const char *s; (s = cli_next(args, "forget", &at));)
        NXC_TRY(nxc_engine_forget(engine, nxc__str(s), (nxc_str){NULL, 0},
                                  report, err));
    at = 0;
    for (const char *u; (u = cli_next(args, "forget-user", &at));)
        NXC_TRY(nxc_engine_forget(engine, (nxc_str){NULL, 0}, nxc__str(u),
                                  report, err));
    cli_report r = {cli_has(args, "json"), 0};
    cli_report_number(&r, "forgotten_sessions", report->n_forgotten);
    if (r.json) puts("}");
    return NXC_OK;
}

static nxc_status run(const cli_args *args, nxc_engine *engine,
                      const nxc_learn_options *options, nxc_error *err) {
    static nxc_learn_report report = NXC_LEARN_REPORT_INIT;
    bool has_read = cli_n_positional(args) > 0;
    double start = cli_seconds();
    if (has_read || cli_has(args, "merge")) {
        nxc_status st = learn_files(args, engine, options, &report, err);
        if (st == NXC_OK || report.n_records)
            print_report(args, &report, cli_seconds() - start, has_read);
        if (st != NXC_OK) return st;
    }
    if (cli_has(args, "forget") || cli_has(args, "forget-user"))
        NXC_TRY(forget(args, engine, &report, err));
    return cli_has(args, "stats") ? print_stats(args, engine, err) : NXC_OK;
}

int cli_learn(const cli_args *args) {
    nxc_learn_options options = NXC_LEARN_OPTIONS_INIT;
    nxc_str hosts[MAX_HOSTS];
    nxc_engine *engine;
    nxc_error err;
    bool has_files = cli_n_positional(args) > 0;
    if (!has_files && !cli_has(args, "merge") && !cli_has(args, "forget") &&
        !cli_has(args, "forget-user") && !cli_has(args, "stats"))
        return cli_usage(cli_command_of(args),
                         "expected a log, --merge, --forget, --forget-user or "
                         "--stats, got none");
    if (has_files && !cli_has(args, "catalog"))
        return cli_usage(cli_command_of(args),
                         "--catalog: expected one that says what is a call, "
                         "got none");
    if (!read_options(args, hosts, &options)) return CLI_USAGE;
    nxc_status st = open_engine(args, &engine, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    st = run(args, engine, &options, &err);
    nxc_engine_close(engine);
    return st == NXC_OK ? CLI_OK : cli_fail(st, &err);
}
