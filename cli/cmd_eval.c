/*
 * nextcall eval: how well a ranker finds the true next call, beside other
 * rankers and simple methods.
 *
 *     scenarios -> every decision point, every candidate -> outcome of each
 *     method -> means, intervals (eval_report.c), failures (eval_errors.c)
 *
 * What is known of the API is the protocol's (protocol.h). The methods of one
 * decision point are judged side by side, so that differences are paired.
 *
 *     ranker             --ranker (default: universal-v2)
 *     other rankers      --compare, in the order given
 *     in order           the first, with its order of ties: what --predictions
 *                        writes (only with that)
 *     simple methods     eval_methods.c
 */
#include <string.h>

#include "eval.h"

/* ------------------------------------------------------- one decision point */

/* {"scenario_id", "step", "ranking": [ids, best first]} */
static nxc_status keep_ranking(cli_evaluation *e, const cli_point *p,
                               nxc_error *err) {
    nxc__buffer b;
    nxc_operation op;
    nxc__buffer_init(&b, &nxc__allocator_default, (size_t)1 << 28);
    nxc__buffer_append_z(&b, "{\"scenario_id\":");
    nxc__buffer_append_json(&b, p->scenario->id);
    nxc__buffer_printf(&b, ",\"step\":%zu,\"ranking\":[", p->step);
    for (size_t i = 0; i < p->ranking->n; i++) {
        if (!nxc_catalog_get_operation(p->ranking->catalog,
                                       p->ranking->items[i].operation, &op))
            continue;
        if (i) nxc__buffer_append_char(&b, ',');
        nxc__buffer_append_json(&b, op.id);
    }
    nxc__buffer_append_z(&b, "]}\n");
    nxc_status st = nxc__buffer_status(&b, "predictions", err);
    if (st != NXC_OK) {
        nxc__buffer_release(&b);
        return st;
    }
    char *line = nxc__alloc(&nxc__allocator_default, b.len + 1);
    if (line) {
        memcpy(line, b.data, b.len);
        line[b.len] = 0;
        e->rankings[p->scenario->first_point + p->step] =
            (nxc_str){line, b.len};
    }
    nxc__buffer_release(&b);
    return line ? NXC_OK : nxc__error_nomem(err, b.len);
}

static nxc_status judge_point(void *user, const cli_point *p, nxc_error *err) {
    cli_evaluation *e = user;
    const nxc_ranking *r = p->ranking;
    size_t at = p->scenario->first_point + p->step;
    if (e->is_first && e->rankings) {
        NXC_TRY(keep_ranking(e, p, err));
        if (p->gold != SIZE_MAX)
            e->methods[e->n_methods - e->n_simple - 1].outcomes[at] =
                cli_judge_rank(p->gold + 1);
    }
    e->counts[at] =
        p->gold != SIZE_MAX && r->n >= e->min && (!e->max || r->n <= e->max);
    if (!e->counts[at]) return NXC_OK;
    size_t bytes = (e->n_simple + 1) * r->n * sizeof(double);
    double *scores = nxc__alloc(&nxc__allocator_default, bytes);
    if (!scores) return nxc__error_nomem(err, bytes);
    for (size_t i = 0; i < r->n; i++)
        scores[i] = r->items[i].score;
    e->running->outcomes[at] = cli_judge(scores, r->n, p->gold);
    if (e->is_first) {
        cli_simple_scores(r, e->n_simple, scores);
        cli_method *first = e->methods + e->n_methods - e->n_simple;
        for (size_t k = 0; k < e->n_simple; k++)
            first[k].outcomes[at] = cli_judge(scores + k * r->n, r->n, p->gold);
    }
    nxc__free(&nxc__allocator_default, scores, bytes);
    return NXC_OK;
}

/* ----------------------------------------------------------------- passes */

static nxc_status pass(cli_evaluation *e, const char *ranker, cli_method *m,
                       nxc__arena *arena, nxc_error *err) {
    NXC_TRY(cli_set_ranker(ranker, e->engine, err));
    nxc_str name =
        nxc__arena_copy(arena, nxc__str(nxc_engine_ranker(e->engine)));
    if (!name.ptr) return nxc__error_nomem(err, 64);
    m->name = name.ptr;
    e->running = m;
    return cli_dataset_rank(&e->protocol, &e->dataset, e->n_workers,
                            judge_point, e, err);
}

static nxc_status reserve(cli_evaluation *e, nxc__arena *arena,
                          nxc_error *err) {
    size_t n = e->dataset.n_points + 1, at = 0;
    const char *path;
    bool in_order = cli_has(e->args, "predictions");
    e->n_simple = e->protocol.options.is_warm ? CLI_N_SIMPLE : CLI_N_COLD;
    e->n_methods = 1 + in_order + e->n_simple;
    for (size_t k = 1; (path = cli_next(e->args, "compare", &at)); k++) {
        if (k > CLI_MAX_COMPARED)
            return nxc__error(err, NXC_ERR_LIMIT,
                              "--compare: expected at most %d, got %s as well",
                              CLI_MAX_COMPARED, path);
        e->n_methods++;
    }
    for (size_t k = 0; k < e->n_methods; k++) {
        e->methods[k].outcomes =
            nxc__arena_alloc_array(arena, n, sizeof(cli_outcome));
        if (!e->methods[k].outcomes)
            return nxc__error_nomem(err, n * sizeof(cli_outcome));
        memset(e->methods[k].outcomes, 0, n * sizeof(cli_outcome));
    }
    for (size_t k = 0; k < e->n_simple; k++)
        e->methods[e->n_methods - e->n_simple + k].name = cli_simple_names[k];
    e->counts = nxc__arena_alloc(arena, n);
    if (!e->counts) return nxc__error_nomem(err, n);
    if (!in_order) return NXC_OK;
    e->rankings = nxc__arena_alloc_array(arena, n, sizeof *e->rankings);
    if (!e->rankings) return nxc__error_nomem(err, n);
    memset(e->rankings, 0, n * sizeof *e->rankings);
    e->methods[e->n_methods - e->n_simple - 1].name = "in order";
    return NXC_OK;
}

static nxc_status write_predictions(cli_evaluation *e, nxc_error *err) {
    cli_output out;
    if (!e->rankings) return NXC_OK;
    NXC_TRY(cli_output_open(&out, cli_get(e->args, "predictions"), err));
    for (size_t i = 0; i < e->dataset.n_points; i++)
        fwrite(e->rankings[i].ptr, 1, e->rankings[i].len, out.file);
    return cli_output_close(&out, NXC_OK, err);
}

static nxc_status rank_all(cli_evaluation *e, nxc__arena *arena,
                           nxc_error *err) {
    size_t at = 0;
    const char *ranker;
    NXC_TRY(reserve(e, arena, err));
    e->is_first = true;
    NXC_TRY(pass(e, cli_get(e->args, "ranker"), &e->methods[0], arena, err));
    e->is_first = false;
    for (size_t k = 1; (ranker = cli_next(e->args, "compare", &at)); k++)
        NXC_TRY(pass(e, ranker, &e->methods[k], arena, err));
    return write_predictions(e, err);
}

static nxc_status evaluate(cli_evaluation *e,
                           const cli_protocol_options *options, size_t every,
                           size_t n_errors, nxc__arena *arena, nxc_error *err) {
    NXC_TRY(cli_workers(e->args, &e->n_workers, err));
    NXC_TRY(cli_engine(e->args, &e->engine, err));
    NXC_TRY(nxc_engine_set_features(e->engine, "v2", err));
    NXC_TRY(cli_protocol_open(&e->protocol, e->engine, options, &e->all, every,
                              &e->dataset, e->n_workers, err));
    NXC_TRY(rank_all(e, arena, err));
    NXC_TRY(cli_eval_report(e, arena, err));
    if (n_errors == 0) return NXC_OK;
    NXC_TRY(cli_set_ranker(cli_get(e->args, "ranker"), e->engine, err));
    return cli_eval_errors(e, n_errors, arena, err);
}

int cli_eval(const cli_args *args) {
    cli_evaluation e = {.args = args};
    cli_protocol_options options;
    nxc_error err;
    nxc__arena arena;
    size_t every, n_errors;
    const char *path = cli_get(args, "scenarios");
    if (!path)
        return cli_usage(cli_command_of(args),
                         "--scenarios: expected a file, got none");
    if (!cli_get_count(args, "every", 1, 1000000, &every) || every == 0 ||
        !cli_get_count(args, "min-candidates", 0, 1000000, &e.min) ||
        !cli_get_count(args, "max-candidates", 0, 1000000, &e.max) ||
        !cli_get_count(args, "errors", 0, 1000000, &n_errors) ||
        !cli_protocol_read(args, &options))
        return CLI_USAGE;
    if (n_errors && cli_has(args, "json"))
        return cli_usage(cli_command_of(args),
                         "--errors: expected no --json, got it");
    nxc_status st = cli_dataset_read(path, &e.all, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    nxc__arena_init(&arena, &nxc__allocator_default, SIZE_MAX);
    st = evaluate(&e, &options, every, n_errors, &arena, &err);
    for (size_t i = 0; e.rankings && i < e.dataset.n_points; i++)
        nxc__free_str(&nxc__allocator_default, e.rankings[i]);
    cli_protocol_close(&e.protocol);
    nxc_engine_close(e.engine);
    nxc__arena_release(&arena);
    cli_dataset_release(&e.all);
    return st == NXC_OK ? CLI_OK : cli_fail(st, &err);
}
