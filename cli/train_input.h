/* --data of train and importance: scenario files and extracted matrices, to the
 * rows that a ranker is trained on.
 *     open -> (split the points) -> fill -> ... -> close */
#ifndef NXC_CLI_TRAIN_INPUT_H
#define NXC_CLI_TRAIN_INPUT_H

#include "protocol.h"
#include "train/train_data.h"

typedef struct cli_source cli_source;

typedef struct cli_training {
    const cli_args *args;
    nxc__arena arena;
    cli_source *sources;
    size_t n_sources;
    size_t every; /* each every-th scenario */
    cli_protocol_options protocol;
    nxc__train_data data; /* points after open; rows after fill */
    const char *set;      /* "v1", "v2"; NULL: columns of another kind */
    size_t n_columns;     /* of the sources; data may have the first of them */
    size_t n_sessions;
    size_t n_unknown; /* points whose true next call is no candidate */
    size_t n_single;  /* points with one candidate, which nothing can rank */
} cli_training;

/* Read the points of every --data: a folder's *.scenarios.jsonl with the
 * *.catalog.jsonl beside them and its *.npy with their .npy.jsonl; or one such
 * file. Errors: those of the files. */
nxc_status cli_training_open(cli_training *t, const cli_args *args,
                             nxc_error *err);
/* Keep only the columns that a ranker reads, if they are the first of those
 * that the sources have. Before fill. */
void cli_training_narrow(cli_training *t, const nxc_ranker *ranker);
/* Extract or read the rows, of at most max (NXC_N_SIDES) candidates a point,
 * and assemble them. */
nxc_status cli_training_fill(cli_training *t, const size_t *max, uint64_t seed,
                             nxc_error *err);
void cli_training_close(cli_training *t);

#endif
