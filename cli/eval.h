/* Parts of nextcall eval: what is judged, the report, the failures. */
#ifndef NXC_CLI_EVAL_H
#define NXC_CLI_EVAL_H

#include "judge.h"
#include "protocol.h"

enum {
    CLI_MAX_COMPARED = 4,
    CLI_N_COLD = 5,    /* simple methods that know the catalog alone */
    CLI_N_SIMPLE = 13, /* and those that know other sessions too */
    CLI_MAX_METHODS = 2 + CLI_MAX_COMPARED + CLI_N_SIMPLE
};

typedef struct cli_method {
    const char *name;
    cli_outcome *outcomes; /* (n_points) */
} cli_method;

/* methods: the ranker, those of --compare, the first one in order (only with
 * --predictions), then n_simple simple ones. */
typedef struct cli_evaluation {
    const cli_args *args;
    nxc_engine *engine;
    cli_dataset all, dataset; /* learnt from; judged */
    cli_protocol protocol;
    cli_method methods[CLI_MAX_METHODS];
    size_t n_methods, n_simple;
    cli_method *running; /* the ranker of the pass */
    bool is_first;       /* of the passes: simple methods, predictions */
    uint8_t *counts;     /* (n_points) candidates in range and gold known */
    nxc_str *rankings;   /* (n_points) lines of --predictions, or NULL */
    size_t min, max;
    size_t n_workers;
} cli_evaluation;

/* eval_methods.c: names by number, and scores of the first n_simple of them:
 * (n_simple, r->n) and a row of scratch. */
extern const char *const cli_simple_names[CLI_N_SIMPLE];
void cli_simple_scores(const nxc_ranking *r, size_t n_simple, double *scores);

/* eval_report.c: the table. */
nxc_status cli_eval_report(const cli_evaluation *e, nxc__arena *arena,
                           nxc_error *err);
/* eval_errors.c: the n worst decision points of the first method. */
nxc_status cli_eval_errors(const cli_evaluation *e, size_t n, nxc__arena *arena,
                           nxc_error *err);

#endif
