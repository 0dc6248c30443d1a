/* LambdaRank by LightGBM, round by round, the best round kept. */
#ifndef NXC_TRAIN_TRAINER_H
#define NXC_TRAIN_TRAINER_H

#include "base/buffer.h"
#include "train/lightgbm_library.h"
#include "train/train_data.h"

typedef struct nxc__train_round {
    size_t round, best_round; /* from 1 */
    double ndcg, best_ndcg;   /* NDCG@10 of the validation points */
} nxc__train_round;

typedef struct nxc__train_options {
    const char *parameters; /* "name=value name=value", of all that LightGBM
                               has; see nxc__train_parameters */
    size_t rounds;          /* at most */
    size_t patience;        /* rounds without a better one; 0: all rounds */
    /* Scores that the trees begin from, of all rows of the data, or NULL. */
    const double *init_scores;
    /* After each round; false: stop, and keep the best. */
    bool (*on_round)(void *user, const nxc__train_round *r);
    void *user;
} nxc__train_options;

typedef struct nxc__train_result {
    nxc__train_round last;
    bool is_stopped;  /* by on_round */
    bool is_finished; /* LightGBM found no further split */
} nxc__train_result;

/* Parameters as LightGBM takes them: the defaults of nextcall, with those of
 * given (n "name=value") in their place or after them. NXC_ERR_INVALID: not
 * name=value, or one that an option of the command stands for. */
nxc_status nxc__train_parameters(const char *const *given, size_t n,
                                 uint64_t seed, size_t n_threads,
                                 nxc__buffer *out, nxc_error *err);

/* Fit to the training side, judge by the validation side (which may be empty:
 * then every round is better than the one before), and append the text of the
 * model of the best round to model. Errors: NXC_ERR_INVALID: what LightGBM
 * says; NXC_ERR_LIMIT; NXC_ERR_NOMEM. */
nxc_status nxc__train(const nxc__lightgbm *lib, const nxc__train_data *data,
                      const nxc__train_options *options, nxc__buffer *model,
                      nxc__train_result *result, nxc_error *err);

/* LightGBM's own scores (n) of rows (n, n_columns) by a model's text, which
 * ends with a NUL. */
nxc_status nxc__train_predict(const nxc__lightgbm *lib, const char *model,
                              const double *rows, size_t n, size_t n_columns,
                              double *scores, nxc_error *err);

/* A model whose score is that of base plus that of added, which was trained
 * from base's scores: added's text with the trees of base before its own. Both
 * are texts that nxc__ranker_parse takes. */
nxc_status nxc__train_join(nxc_str base, nxc_str added, nxc__buffer *out,
                           nxc_error *err);

#endif
