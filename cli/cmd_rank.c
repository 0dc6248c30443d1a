/* nextcall rank: one request as a table or JSON, or a stream of requests. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/json.h"
#include "command.h"
#include "table.h"

typedef struct setup {
    const cli_args *args;
    nxc_engine *engine;
    nxc_ctx *ctx;
    size_t top;
    nxc_request defaults; /* of --requests */
} setup;

static nxc_status print_json(setup *s, const nxc_request *request,
                             nxc_error *err) {
    nxc_ranking ranking;
    nxc_str json;
    NXC_TRY(nxc_rank(s->ctx, request, &ranking, err));
    NXC_TRY(nxc_ranking_format(s->ctx, request, &ranking,
                               cli_has(s->args, "features"), &json, err));
    fwrite(json.ptr, 1, json.len, stdout);
    putchar('\n');
    return NXC_OK;
}

/* Why the first of a table stand where they do, if the ranker can say. */
static nxc_status explain_best(setup *s, nxc_ranking *r, size_t top,
                               nxc_error *err) {
    nxc_status st =
        nxc_ranking_explain(s->ctx, r, 0, top < r->n ? top : r->n, err);
    return st == NXC_ERR_UNSUPPORTED ? NXC_OK : st;
}

static nxc_status rank_one(setup *s, nxc_error *err) {
    nxc_request request = NXC_REQUEST_INIT;
    nxc_ranking ranking;
    NXC_TRY(cli_request(s->args, s->ctx, &request, err));
    NXC_TRY(cli_precompute(s->engine, &request, err));
    if (cli_has(s->args, "json")) {
        request.top = s->top;
        return print_json(s, &request, err);
    }
    NXC_TRY(nxc_rank(s->ctx, &request, &ranking, err));
    NXC_TRY(explain_best(s, &ranking, s->top ? s->top : 10, err));
    cli_print_ranking(&ranking, s->top ? s->top : 10);
    return NXC_OK;
}

/* ------------------------------------------------------------- --requests */

static void print_error(nxc_str id, const nxc_error *e) {
    nxc__buffer b;
    nxc__buffer_init(&b, &nxc__allocator_default, (size_t)1 << 28);
    nxc__buffer_append_char(&b, '{');
    if (id.ptr) {
        nxc__buffer_append_z(&b, "\"id\":");
        nxc__buffer_append_json(&b, id);
        nxc__buffer_append_char(&b, ',');
    }
    nxc__buffer_printf(&b, "\"error\":{\"code\":\"%s\",\"message\":",
                       nxc_status_name(e->code));
    nxc__buffer_append_json(&b, nxc__str(e->message));
    nxc__buffer_append_z(&b, "}}\n");
    fwrite(b.data, 1, b.len, stdout);
    nxc__buffer_release(&b);
}

/* The id of a line that is no request, so that its answer can be matched. */
static void print_unreadable(nxc_str line, const nxc_error *e) {
    nxc__json_doc *doc = NULL;
    nxc_str id = {NULL, 0};
    char digits[24];
    uint64_t number;
    if (nxc__json_parse(NXC_STR("request"), line, NULL, NULL, &doc, NULL) ==
        NXC_OK) {
        const nxc__json *v = NXC_JSON_GET(nxc__json_root(doc), "id");
        if (nxc__json_is(v, NXC_JSON_STRING)) {
            id = nxc__json_str(v);
        } else if (nxc__json_uint(v, UINT64_MAX, &number)) {
            snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
            id = nxc__str(digits);
        }
    }
    print_error(id, e);
    nxc__json_free(doc);
}

/* --on, --now, --top, --allow and --min-confidence stand for what a request
 * does not say. */
static void add_defaults(const setup *s, nxc_request *r) {
    if (r->catalog.len == 0) r->catalog = s->defaults.catalog;
    if (isnan(r->now)) r->now = s->defaults.now;
    if (r->top == 0) r->top = s->top;
    if (r->allow == 0) r->allow = s->defaults.allow;
    if (isnan(r->min_confidence))
        r->min_confidence = s->defaults.min_confidence;
}

static nxc_status answer_table(setup *s, nxc_request *request, nxc_error *err) {
    nxc_ranking ranking;
    size_t top = request->top ? request->top : 10;
    request->top = 0; /* the average candidate is over all of them */
    NXC_TRY(nxc_rank(s->ctx, request, &ranking, err));
    NXC_TRY(explain_best(s, &ranking, top, err));
    cli_print_request(request);
    cli_print_ranking(&ranking, top);
    putchar('\n');
    return NXC_OK;
}

static void answer(setup *s, const cli_lines *l, nxc_str line) {
    nxc_request request = NXC_REQUEST_INIT;
    nxc_error err;
    nxc_status st = NXC_OK;
    bool table = cli_has(s->args, "table");
    if (l->too_long)
        st = nxc__error(&err, NXC_ERR_LIMIT,
                        "request:%zu: expected at most %zu bytes "
                        "(max_request_bytes), got more",
                        l->number, l->max);
    bool is_read = st == NXC_OK;
    if (is_read) {
        st = nxc_request_parse(s->ctx, line, &request, &err);
        is_read = st == NXC_OK;
        if (!is_read) st = cli_lines_blame(l, "request", st, &err);
    }
    if (is_read) {
        add_defaults(s, &request);
        st = cli_precompute(s->engine, &request, &err);
        if (st == NXC_OK)
            st = table ? answer_table(s, &request, &err)
                       : print_json(s, &request, &err);
        if (st != NXC_OK)
            st = nxc__error_prefix(&err, st, "request:%zu", l->number);
    }
    if (st == NXC_OK) return;
    if (table)
        printf("error: %s\n\n", err.message);
    else if (is_read)
        print_error(request.id, &err);
    else
        print_unreadable(l->too_long ? NXC_STR("") : line, &err);
}

static nxc_status rank_stream(setup *s, const char *path, nxc_error *err) {
    cli_lines lines;
    cli_progress progress;
    size_t done = 0, max_line;
    NXC_TRY(cli_max_request_bytes(s->args, &max_line, err));
    s->defaults = (nxc_request)NXC_REQUEST_INIT;
    NXC_TRY(cli_request(s->args, s->ctx, &s->defaults, err));
    NXC_TRY(cli_lines_open(&lines, path, max_line, err));
    cli_progress_start(&progress, "requests");
    if (isatty(STDOUT_FILENO)) progress.is_shown = false;
    while (cli_lines_next(&lines)) {
        nxc_str line = nxc__str_trim((nxc_str){lines.line, lines.len});
        if (line.len == 0) continue;
        answer(s, &lines, line);
        if (cli_lines_must_wait(&lines)) fflush(stdout);
        cli_progress_step(&progress, ++done, 0);
    }
    cli_progress_end(&progress);
    nxc_status st = cli_lines_status(&lines, err);
    cli_lines_close(&lines);
    return st;
}

static bool is_metrics_right(const cli_args *args, bool is_json) {
    const cli_command *c = cli_command_of(args);
    const char *path = cli_get(args, "metrics");
    if (path && !cli_metrics_is_target(path)) {
        cli_usage(c, "--metrics: expected -, FILE.json or FILE.prom, got %s",
                  path);
        return false;
    }
    if (path && is_json && strcmp(path, "-") == 0) {
        cli_usage(c,
                  "--metrics: expected a file where answers are JSON, got -");
        return false;
    }
    return true;
}

/* No option is passed over in silence. */
static bool are_consistent(const cli_args *args) {
    static const char *const own[] = {"prompt", "call", "history",
                                      "session-start", "candidate"};
    const cli_command *c = cli_command_of(args);
    bool requests = cli_has(args, "requests"), table = cli_has(args, "table");
    for (size_t i = 0; requests && i < sizeof own / sizeof *own; i++)
        if (cli_has(args, own[i])) {
            cli_usage(c, "--requests: expected it without --%s, got both",
                      own[i]);
            return false;
        }
    if (table && !requests) {
        cli_usage(c, "--table: expected it with --requests, got it alone");
        return false;
    }
    if (table && cli_has(args, "json")) {
        cli_usage(c, "--table: expected it without --json, got both");
        return false;
    }
    if (cli_has(args, "features") &&
        (table || !(requests || cli_has(args, "json")))) {
        cli_usage(c, "--features: expected JSON to add them to, got a table");
        return false;
    }
    return is_metrics_right(args,
                            cli_has(args, "json") || (requests && !table));
}

int cli_rank(const cli_args *args) {
    setup s = {.args = args};
    nxc_error err;
    const char *requests = cli_get(args, "requests");
    if (!are_consistent(args)) return CLI_USAGE;
    if (!cli_get_count(args, "top", 0, 1000000, &s.top)) return CLI_USAGE;
    nxc_status st = cli_engine(args, &s.engine, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    st = nxc_ctx_new(s.engine, &s.ctx, &err);
    if (st == NXC_OK)
        st = requests ? rank_stream(&s, requests, &err) : rank_one(&s, &err);
    const char *metrics = cli_get(args, "metrics");
    if (st == NXC_OK && metrics)
        st = cli_write_metrics(s.engine, s.ctx, metrics, &err);
    int code = st == NXC_OK ? CLI_OK : cli_fail(st, &err);
    cli_request_free();
    nxc_ctx_free(s.ctx);
    nxc_engine_close(s.engine);
    return code;
}
