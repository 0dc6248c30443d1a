/* nextcall rank: one request as a table or JSON, or a stream of requests. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "command.h"
#include "table.h"

typedef struct setup {
    const cli_args *args;
    nxc_engine *engine;
    nxc_ctx *ctx;
    size_t top;
} setup;

/* Encode a catalog's operations now, with a progress line, so that the first
 * ranking is not the one that waits. */
static nxc_status precompute(setup *s, nxc_str catalog, nxc_error *err) {
    cli_progress p;
    cli_progress_start(&p, "encoding operations");
    nxc_status st =
        nxc_engine_precompute(s->engine, catalog, cli_progress_step, &p, err);
    cli_progress_end(&p);
    return st;
}

static nxc_status rank_one(setup *s, nxc_error *err) {
    nxc_request request = NXC_REQUEST_INIT;
    nxc_ranking ranking;
    NXC_TRY(cli_request(s->args, s->ctx, &request, err));
    if (!request.candidates) NXC_TRY(precompute(s, request.catalog, err));
    if (cli_has(s->args, "json")) {
        nxc_str json;
        request.top = s->top;
        NXC_TRY(nxc_rank(s->ctx, &request, &ranking, err));
        NXC_TRY(nxc_ranking_format(s->ctx, &request, &ranking,
                                   cli_has(s->args, "features"), &json, err));
        printf("%.*s\n", (int)json.len, json.ptr);
        return NXC_OK;
    }
    NXC_TRY(nxc_rank(s->ctx, &request, &ranking, err));
    cli_print_ranking(&ranking, s->top ? s->top : 10);
    return NXC_OK;
}

static void error_line(nxc_status st, const char *message) {
    nxc__buffer b;
    nxc__buffer_init(&b, &nxc__allocator_default, 4096);
    nxc__buffer_append_json(&b, nxc__str(message));
    printf("{\"error\":{\"code\":\"%s\",\"message\":%.*s}}\n",
           nxc_status_name(st), (int)b.len, b.data);
    nxc__buffer_release(&b);
}

/* A table for people; an error is one line in its place. */
static void answer_table(setup *s, nxc_str line) {
    nxc_request request = NXC_REQUEST_INIT;
    nxc_ranking ranking;
    nxc_error err;
    nxc_status st = nxc_request_parse(s->ctx, line, &request, &err);
    if (st == NXC_OK && !request.candidates)
        st = precompute(s, request.catalog, &err);
    size_t top = s->top ? s->top : request.top ? request.top : 10;
    request.top = 0; /* the average candidate is over all of them */
    if (st == NXC_OK) st = nxc_rank(s->ctx, &request, &ranking, &err);
    if (st != NXC_OK) {
        printf("error: %s\n\n", err.message);
        return;
    }
    cli_print_request(&request);
    cli_print_ranking(&ranking, top);
    putchar('\n');
}

static void answer_json(setup *s, nxc_str line, bool with_features) {
    nxc_str json;
    (void)!nxc_rank_json(s->ctx, line, with_features, &json, NULL);
    fwrite(json.ptr, 1, json.len, stdout);
    putchar('\n');
}

static nxc_status rank_stream(setup *s, const char *path, nxc_error *err) {
    cli_lines lines;
    cli_progress progress;
    size_t done = 0;
    bool table = cli_has(s->args, "table");
    bool with_features = cli_has(s->args, "features");
    NXC_TRY(cli_lines_open(&lines, path, (size_t)16 << 20, err));
    cli_progress_start(&progress, "requests");
    if (isatty(STDOUT_FILENO)) progress.is_shown = false;
    while (cli_lines_next(&lines)) {
        nxc_str line = nxc__str_trim((nxc_str){lines.line, lines.len});
        if (line.len == 0) continue;
        if (lines.too_long)
            error_line(NXC_ERR_LIMIT, "request: expected a shorter line");
        else if (table)
            answer_table(s, line);
        else
            answer_json(s, line, with_features);
        cli_progress_step(&progress, ++done, 0);
    }
    cli_progress_end(&progress);
    nxc_status st = cli_lines_status(&lines, err);
    cli_lines_close(&lines);
    return st;
}

int cli_rank(const cli_args *args) {
    setup s = {.args = args};
    nxc_error err;
    const char *requests = cli_get(args, "requests");
    if (requests && (cli_has(args, "prompt") || cli_has(args, "call") ||
                     cli_has(args, "history")))
        return cli_usage(cli_command_of(args),
                         "--requests: expected it without --prompt, --call and "
                         "--history, got both");
    if (!cli_get_count(args, "top", 0, 1000000, &s.top)) return CLI_USAGE;
    nxc_status st = cli_engine(args, &s.engine, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    st = nxc_ctx_new(s.engine, &s.ctx, &err);
    if (st == NXC_OK)
        st = requests ? rank_stream(&s, requests, &err) : rank_one(&s, &err);
    int code = st == NXC_OK ? CLI_OK : cli_fail(st, &err);
    cli_request_free();
    nxc_ctx_free(s.ctx);
    nxc_engine_close(s.engine);
    return code;
}
