/* Scenarios with known answers (docs/formats/scenarios.md): what eval and
 * features --scenarios go over. */
#ifndef NXC_CLI_DATASET_H
#define NXC_CLI_DATASET_H

#include "base/alloc.h"
#include "command.h"

/* Call i given prompts[i] and calls before i is one decision point. A line of
 * nextcall scenarios (docs/formats/scenario.md) has one, after a session. */
typedef struct cli_scenario {
    nxc_str id, group, catalog;
    const nxc_call *calls;  /* (n); n_before of them stand before the first */
    const nxc_str *prompts; /* (n) */
    size_t n, n_before;
    size_t first_point;        /* of the data set */
    const nxc_str *candidates; /* (n_candidates), or NULL: all of the catalog */
    size_t n_candidates;
    double session_start, now; /* seconds, or NaN */
} cli_scenario;

typedef struct cli_dataset {
    nxc__arena arena;
    cli_scenario *scenarios;
    size_t n, n_points;
} cli_dataset;

/* Read a JSONL file. Errors: those of the file and its lines. */
nxc_status cli_dataset_read(const char *path, cli_dataset *out, nxc_error *err);
/* Each every-th scenario, from the first; out lives as long as d and is not
 * released. Errors: NXC_ERR_NOMEM. */
nxc_status cli_dataset_sample(cli_dataset *d, size_t every, cli_dataset *out,
                              nxc_error *err);
/* Number the points again, after scenarios have changed. */
void cli_dataset_count(cli_dataset *d);
/* The prompt before that of step, another one; "" if there is none. */
nxc_str cli_previous_prompt(const cli_scenario *s, size_t step);
/* How the engine knows a scenario's catalog: by its name, or "" where the one
 * catalog that is loaded was given another. */
nxc_str cli_scenario_catalog(const nxc_engine *engine, const cli_scenario *s);
/* How many candidates its decision points have. */
size_t cli_scenario_n_candidates(const nxc_engine *engine,
                                 const cli_scenario *s);
void cli_dataset_release(cli_dataset *d);

/* One ranked decision point. gold: index in ranking->items of the true next
 * call, SIZE_MAX if the catalog does not have it. n_learned: sessions that the
 * ranking knew. */
typedef struct cli_point {
    const cli_scenario *scenario;
    size_t step, gold, n_learned;
    nxc_ctx *ctx;
    nxc_ranking *ranking;
} cli_point;
/* Called on any of the workers; points of one scenario come in order, on one
 * worker. */
typedef nxc_status (*cli_visit)(void *user, const cli_point *point,
                                nxc_error *err);
/* Rank every decision point, knowing what the protocol lets it know, on
 * n_workers threads. The first failure stops the rest. */
struct cli_protocol;
nxc_status cli_dataset_rank(const struct cli_protocol *protocol,
                            const cli_dataset *d, size_t n_workers,
                            cli_visit visit, void *user, nxc_error *err);

#endif
