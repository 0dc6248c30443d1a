/* Rank the operations of an API for a prompt and the calls made so far.
 *
 *     rank [-e ENCODER] DOCUMENT PROMPT [CALL...]
 *
 * DOCUMENT is an OpenAPI document or a tool list, a CALL is written like
 * "GET /v1/books/42", ENCODER is a file that `nextcall model pack` wrote.
 * Without one the ranking goes by structure alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nextcall/nextcall.h>

static nxc_str view(const char *text) { return (nxc_str){text, strlen(text)}; }

static nxc_status rank(const char *encoder_path, const char *document,
                       const char *prompt, char **calls, size_t n_calls,
                       nxc_error *err) {
    nxc_engine *engine = NULL;
    nxc_encoder *encoder = NULL;
    nxc_catalog *catalog = NULL;
    nxc_ctx *ctx = NULL;
    nxc_call *history = calloc(n_calls + 1, sizeof *history);
    nxc_request request = NXC_REQUEST_INIT;
    nxc_ranking ranking;
    nxc_status st = history ? NXC_OK : NXC_ERR_NOMEM;

    if (!st) st = nxc_engine_open(NULL, NULL, &engine, err);
    if (!st && encoder_path) {
        st = nxc_encoder_open(encoder_path, NULL, NULL, &encoder, err);
        if (!st) st = nxc_engine_set_encoder(engine, encoder, err);
        if (!st) encoder = NULL; /* the engine has taken it */
    }
    if (!st)
        st = nxc_catalog_open(document, NULL, NULL, NULL, &catalog, NULL, err);
    if (!st) st = nxc_engine_add_catalog(engine, view("api"), catalog, err);
    if (!st) catalog = NULL;
    if (!st) st = nxc_ctx_new(engine, &ctx, err);

    for (size_t i = 0; !st && i < n_calls; i++) {
        history[i].call = view(calls[i]);
        history[i].timestamp = NXC_NAN; /* not known */
    }
    request.prompt = view(prompt);
    request.history = history;
    request.n_history = n_calls;
    request.top = 5;
    if (!st) st = nxc_rank(ctx, &request, &ranking, err);

    for (size_t i = 0; !st && i < ranking.n; i++) {
        const nxc_ranked *item = &ranking.items[i];
        nxc_operation op;
        if (!nxc_catalog_get_operation(ranking.catalog, item->operation, &op))
            continue;
        printf("%2u  %8.4f  %.*s\n", (unsigned)item->rank, item->score,
               (int)op.id.len, op.id.ptr);
    }
    if (!st)
        printf("%zu candidates, workflow %s, ranker %s\n", ranking.n_candidates,
               ranking.workflow_pattern, ranking.ranker);

    nxc_ctx_free(ctx);
    nxc_engine_close(engine);
    nxc_encoder_close(encoder);
    nxc_catalog_free(catalog);
    free(history);
    return st;
}

int main(int argc, char **argv) {
    nxc_error err = {NXC_OK, "out of memory"};
    const char *encoder = NULL;
    if (argc > 2 && strcmp(argv[1], "-e") == 0) {
        encoder = argv[2];
        argv += 2;
        argc -= 2;
    }
    if (argc < 3) {
        fprintf(stderr, "usage: rank [-e ENCODER] DOCUMENT PROMPT [CALL...]\n");
        return 2;
    }
    nxc_status st =
        rank(encoder, argv[1], argv[2], argv + 3, (size_t)argc - 3, &err);
    if (st) fprintf(stderr, "rank: %s\n", err.message);
    return nxc_status_exit_code(st);
}
