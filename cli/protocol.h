/*
 * What is known of an API when its decision points are ranked.
 *
 *     cold   its catalog
 *     warm   the sessions of all other groups of the same catalog as well; a
 *            catalog with one group is taken as one group a scenario
 *
 * A group is never on both sides. Training copies know fewer sessions
 * (LEARNED), and worlds break what sessions usually have in common with texts
 * (WORLD). All of it follows from the seed.
 */
#ifndef NXC_CLI_PROTOCOL_H
#define NXC_CLI_PROTOCOL_H

#include "dataset.h"
#include "engine/learning.h"

typedef enum cli_world {
    CLI_WORLD_AS_IT_IS,
    CLI_WORLD_REP,  /* some operations are called again and again */
    CLI_WORLD_SHUF, /* operations trade places: texts mislead */
    CLI_WORLD_PSH   /* sessions trade prompts */
} cli_world;

#define CLI_LEARN_RANDOM SIZE_MAX
typedef struct cli_protocol_options {
    bool is_warm;
    size_t n_learned; /* at most so many sessions, 0: all; CLI_LEARN_RANDOM: of
                         each scenario its own number, log-uniform */
    cli_world world;
    uint64_t seed;
} cli_protocol_options;
/* --protocol, --learned, --world, --seed; false after a usage message. */
bool cli_protocol_read(const cli_args *args, cli_protocol_options *out);

typedef struct cli_pool cli_pool;
typedef struct cli_protocol {
    nxc_engine *engine;
    cli_protocol_options options;
    cli_pool *pools; /* (n) sessions of a catalog each */
    size_t n;
} cli_protocol;

/* all: every scenario there is, which becomes the world and which a warm
 * protocol learns from; judged: each every-th of them, as long as all.
 * Errors: NXC_ERR_INVALID for a scenario_id that is there twice. */
nxc_status cli_protocol_open(cli_protocol *p, nxc_engine *engine,
                             const cli_protocol_options *options,
                             cli_dataset *all, size_t every,
                             cli_dataset *judged, size_t n_workers,
                             nxc_error *err);
void cli_protocol_close(cli_protocol *p);

/* What is known when a scenario's points are ranked: of the last one that was
 * asked for. One a worker, zeros at first. */
typedef struct cli_known {
    const cli_pool *pool;
    nxc__hash128 group;
    size_t max_sessions;
    uint64_t seed;
    nxc__statistics *statistics; /* NULL: nothing was learnt */
    size_t n_sessions;
} cli_known;
nxc_status cli_protocol_know(const cli_protocol *p, const cli_scenario *s,
                             cli_known *known, nxc_error *err);
void cli_known_release(cli_known *known);

/* worlds.c: change all scenarios; strings in the data set's arena or the
 * engine's catalogs. Errors: NXC_ERR_NOMEM. */
nxc_status cli_world_make(cli_dataset *all, const nxc_engine *engine,
                          cli_world world, uint64_t seed, nxc_error *err);

#endif
